//! What two method keys have in common.

use super::{MethodKey, Pattern, is_parameter};

impl MethodKey {
    /// Whether both match the same calls: names of parameters say nothing.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }

    /// The key of the calls that both match; none where there are none.
    pub(crate) fn meet(&self, other: &Self) -> Option<Self> {
        self.0.meet(&other.0).map(Self)
    }

    /// Whether it matches every call that `narrower` matches.
    pub(crate) fn covers(&self, narrower: &Self) -> bool {
        self.meet(narrower).is_some_and(|met| met.is_same(narrower))
    }
}

impl Pattern {
    fn is_same(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.path.split('/'), other.path.split('/'));
        let equal = |(a, b): (&str, &str)| a == b || (is_parameter(a) && is_parameter(b));
        self.method == other.method
            && mine.clone().count() == theirs.clone().count()
            && mine.zip(theirs).all(equal)
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        let method = match (self.method, other.method) {
            (Some(mine), Some(theirs)) if mine != theirs => return None,
            (mine, theirs) => mine.or(theirs),
        };
        let mut path = Vec::new();
        let (mut mine, mut theirs) = (self.path.split('/'), other.path.split('/'));
        loop {
            match (mine.next(), theirs.next()) {
                (None, None) => break,
                (Some("*"), Some(segment)) => {
                    path.push(segment);
                    path.extend(theirs);
                    break;
                }
                (Some(segment), Some("*")) => {
                    path.push(segment);
                    path.extend(mine);
                    break;
                }
                (Some(a), Some(b)) => path.push(segment(a, b)?),
                (Some(_), None) | (None, Some(_)) => return None,
            }
        }
        Some(Self {
            method,
            path: path.join("/"),
        })
    }
}

/// What two segments have in common; a parameter is any segment that is not empty.
fn segment<'a>(a: &'a str, b: &'a str) -> Option<&'a str> {
    match (is_parameter(a), is_parameter(b)) {
        (true, _) => Some(b).filter(|b| !b.is_empty()),
        (_, true) => Some(a).filter(|a| !a.is_empty()),
        _ => (a == b).then_some(a),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ApiStage, Request};

    fn key(text: &str) -> MethodKey {
        text.parse().unwrap()
    }

    #[test]
    fn names_of_parameters_say_nothing() {
        assert!(key("/a/{x}/GET").is_same(&key("/a/{y}/GET")));
        for other in [
            "/a/{x}/POST",
            "/a/x/GET",
            "/a/*/GET",
            "/a/{x}/b/GET",
            "/a/*",
        ] {
            assert!(!key("/a/{x}/GET").is_same(&key(other)), "{other}");
        }
    }

    fn keys() -> impl Strategy<Value = MethodKey> {
        let segment = prop_oneof![Just("a"), Just("b"), Just("{x}"), Just("{y}"), Just("")];
        let segments = prop::collection::vec(segment, 1..4);
        let end = prop_oneof![Just(""), Just("/*")];
        let method = prop_oneof![Just("GET"), Just("POST"), Just("*")];
        (segments, end, method).prop_map(|(segments, end, method)| {
            key(&format!("/{}{end}/{method}", segments.join("/")))
        })
    }

    proptest! {
        /// A call is matched by both keys exactly where it is matched by what they have in common.
        #[test]
        fn what_both_match_is_what_they_have_in_common(
            one in keys(),
            other in keys(),
            segments in prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("c"), Just("")], 1..5),
            method in prop_oneof![Just("GET"), Just("POST"), Just("PUT")],
        ) {
            let request = Request {
                stage: ApiStage { api_id: "a1".into(), stage: "prod".into() },
                method: method.into(),
                path: format!("/{}", segments.join("/")),
                resource: None,
                source_ip: None,
                has_native_plans: true,
            };
            let matches = |key: &MethodKey| {
                key.0.takes_method(&request) && key.0.matches_path(&request.path)
            };
            let both = matches(&one) && matches(&other);
            let met = one.meet(&other);
            prop_assert_eq!(met.is_some_and(|met| matches(&met)), both);
            prop_assert!(one.covers(&one));
            if one.covers(&other) && matches(&other) {
                prop_assert!(matches(&one));
            }
        }
    }
}
