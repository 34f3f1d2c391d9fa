//! Route templates.

/// A template that says which route it is. None for `$default` and for one with a greedy
/// part, such as `/{proxy+}`: rules then look at the path. Templates start with `/`.
pub(super) fn telling(template: &str) -> Option<String> {
    let greedy = template.split('/').any(|segment| segment.ends_with("+}"));
    (template.starts_with('/') && !greedy).then(|| template.to_owned())
}

/// The template of a route key: `GET /orders/{id}` or `ANY /orders`; `$default` has none.
pub(super) fn of_route_key(route_key: &str) -> Option<String> {
    let (_, template) = route_key.split_once(' ')?;
    telling(template.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greedy_template_tells_nothing() {
        for template in ["/orders/{id}", "/", "/orders"] {
            assert_eq!(telling(template).as_deref(), Some(template));
        }
        for template in ["/{proxy+}", "/orders/{rest+}", "$default", "$connect", ""] {
            assert_eq!(telling(template), None, "{template}");
        }
    }

    #[test]
    fn a_route_key_is_a_method_and_a_template() {
        let template = |route_key| of_route_key(route_key);
        assert_eq!(
            template("GET /orders/{id}").as_deref(),
            Some("/orders/{id}")
        );
        assert_eq!(template("ANY /").as_deref(), Some("/"));
        for route_key in ["$default", "ANY /{proxy+}", "GET", "", "/orders"] {
            assert_eq!(template(route_key), None, "{route_key}");
        }
    }
}
