//! The ARN of what is called: `arn:{partition}:execute-api:{region}:{account}:{apiId}/{stage}/{VERB}/{path}`,
//! and for a WebSocket's connection `.../{stage}/$connect`. The path is as the client sent
//! it, so it may hold anything; all before it is API Gateway's.

/// The API stage of an ARN, as other ARNs of the same stage begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(String);

impl Target {
    /// The ARN of the stage, up to its name.
    pub fn stage_arn(&self) -> &str {
        &self.0
    }
}

/// An ARN taken apart.
pub(super) struct Arn<'a> {
    stage_arn: &'a str,
    /// The API's id.
    pub(super) api_id: &'a str,
    /// The stage's name; `$default` is one like others.
    pub(super) stage: &'a str,
    /// What stands after the stage: `VERB/path` or `$connect`.
    rest: &'a str,
}

const CONNECT: &str = "$connect";
const CONNECT_PATH: &str = "/$connect";

impl<'a> Arn<'a> {
    /// None for what is no ARN of `execute-api`, and for one whose stage could not stand in
    /// a policy without opening more than that stage.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (partition, rest) = text.strip_prefix("arn:")?.split_once(':')?;
        let (region, rest) = rest.strip_prefix("execute-api:")?.split_once(':')?;
        let (account, rest) = rest.split_once(':')?;
        let (api_id, rest) = rest.split_once('/')?;
        let (stage, rest) = rest.split_once('/')?;
        let well_formed = partition.starts_with("aws")
            && [partition, region, account, api_id]
                .into_iter()
                .all(is_word)
            && is_stage(stage);
        let stage_arn = text.strip_suffix(rest)?.strip_suffix('/')?;
        well_formed.then_some(Self {
            stage_arn,
            api_id,
            stage,
            rest,
        })
    }

    pub(super) fn target(&self) -> Target {
        Target(self.stage_arn.to_owned())
    }

    /// Whether it names a WebSocket's connection.
    pub(super) fn is_connect(&self) -> bool {
        self.rest == CONNECT
    }

    /// The method, and the path with its leading `/`. A WebSocket's connection is
    /// `GET /$connect`: it begins as a GET (RFC 6455, 4.1), and has no other path here.
    pub(super) fn method_and_path(&self) -> Option<(&'a str, &'a str)> {
        if self.is_connect() {
            return Some(("GET", CONNECT_PATH));
        }
        let slash = self.rest.find('/');
        let (method, path) = slash.map_or((self.rest, "/"), |at| self.rest.split_at(at));
        let is_method = !method.is_empty() && method.bytes().all(|b| b.is_ascii_graphic());
        is_method.then_some((method, path))
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// `*` is the stage of AWS's own sample of a `TOKEN` event.
fn is_stage(text: &str) -> bool {
    is_word(text) || text == "$default" || text == "*"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(arn: &str) -> Option<(String, String, String)> {
        let arn = Arn::parse(arn)?;
        let (method, path) = arn.method_and_path()?;
        Some((arn.stage_arn.to_owned(), method.to_owned(), path.to_owned()))
    }

    #[test]
    fn the_path_may_hold_anything() {
        let stage = "arn:aws:execute-api:eu-west-1:123456789012:a1b2/prod";
        for path in ["", "orders", "a:b/*/c?d=e", "caf%C3%A9", "/", "a//b/", "é"] {
            let parts = parts(&format!("{stage}/GET/{path}")).unwrap();
            assert_eq!(parts, (stage.into(), "GET".into(), format!("/{path}")));
        }
        assert_eq!(parts(&format!("{stage}/GET")).unwrap().2, "/");
    }

    #[test]
    fn partitions_stages_and_connections() {
        for (partition, region) in [
            ("aws-cn", "cn-north-1"),
            ("aws-us-gov", "us-gov-west-1"),
            ("aws-iso-b", "us-isob-east-1"),
        ] {
            let arn =
                format!("arn:{partition}:execute-api:{region}:123456789012:a1/$default/GET/x");
            assert!(
                parts(&arn)
                    .unwrap()
                    .0
                    .starts_with(&format!("arn:{partition}:"))
            );
        }
        let connect = "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/$connect";
        assert!(Arn::parse(connect).unwrap().is_connect());
        assert_eq!(parts(connect).unwrap().1, "GET");
        let path = parts("arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/$connect");
        assert_eq!(path.unwrap().2, "/$connect");
    }

    #[test]
    fn what_is_no_stage_of_an_api_is_none() {
        for text in [
            "",
            "arn",
            "arn:aws:execute-api:eu-west-1:123456789012:a1",
            "arn:aws:execute-api:eu-west-1:123456789012:a1/prod",
            "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/",
            "arn:aws:execute-api:eu-west-1:123456789012:a1//GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:*/prod/GET/",
            "arn:aws:execute-api:eu-west-1:123456789012:a1/pr*d/GET/",
            "arn:aws:execute-api:*:123456789012:a1/prod/GET/",
            "arn:azure:execute-api:eu-west-1:123456789012:a1/prod/GET/",
            "arn:aws:lambda:eu-west-1:123456789012:a1/prod/GET/",
            "urn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,100}") {
            let _ = parts(&text);
        }

        #[test]
        fn method_path_and_stage_come_out_as_they_went_in(
            api_id in "[a-z0-9]{10}",
            stage in "[A-Za-z0-9_-]{1,128}|\\$default",
            method in "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS",
            path in "\\PC{0,60}",
        ) {
            let stage_arn = format!("arn:aws:execute-api:eu-west-1:123456789012:{api_id}/{stage}");
            let parts = parts(&format!("{stage_arn}/{method}/{path}"));
            prop_assert_eq!(parts, Some((stage_arn, method, format!("/{path}"))));
        }
    }
}
