//! The call that is asked about.

use std::io::Read;

use serde_json::{Value, json};

use super::arguments::{Arguments, Secret};
use crate::failure::{Failure, Status};

/// The REST API of `latchkey dev`.
const DEMO: (&str, &str) = ("demorest", "dev");
/// Longest value that is read: key values have 128 characters at most.
const MAX_VALUE_BYTES: u64 = 4 * 1024;

/// A call as the admin API takes it.
pub(super) struct Asked {
    value: Secret,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) api: String,
    pub(super) stage: String,
    ip: Option<String>,
}

impl Asked {
    /// `dev` is whether `latchkey dev` is asked, whose own API is then meant unless told otherwise.
    ///
    /// # Errors
    /// What is missing or cannot be, in words without what was given: it may be a key's value.
    pub(super) fn new(
        arguments: &Arguments,
        dev: bool,
        from: &mut impl Read,
    ) -> Result<Self, Failure> {
        let method = arguments.method.0.to_ascii_uppercase();
        if !method.bytes().all(|byte| byte.is_ascii_uppercase()) || method.len() > 16 {
            return Err(usage(
                "the second word must be the method: latchkey try KEY GET /orders/42",
            ));
        }
        let path = arguments.path.0.split(['?', '#']).next();
        let path = path.filter(|path| path.starts_with('/')).ok_or_else(|| {
            usage("the third word must be the path: latchkey try KEY GET /orders/42")
        })?;
        let (api, stage) = match (&arguments.api, &arguments.stage) {
            (Some(api), Some(stage)) => (api.as_str(), stage.as_str()),
            (None, None) if dev => DEMO,
            (api, _) => return Err(usage(no_stage(api.as_deref(), dev))),
        };
        Ok(Self {
            value: value(&arguments.key, from)?,
            method,
            path: path.to_owned(),
            api: api.to_owned(),
            stage: stage.to_owned(),
            ip: arguments.ip.clone(),
        })
    }

    /// Of the demo, with no key's value.
    #[cfg(test)]
    pub(super) fn of_test(method: &str, path: &str, ip: Option<&str>) -> Self {
        let text = str::to_owned;
        Self {
            value: Secret(String::new()),
            method: text(method),
            path: text(path),
            api: text(DEMO.0),
            stage: text(DEMO.1),
            ip: ip.map(text),
        }
    }

    /// For `POST /v1/verify`.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "value": self.value.0, "apiId": self.api, "stage": self.stage,
            "method": self.method, "path": self.path,
        });
        if let (Some(body), Some(ip)) = (body.as_object_mut(), &self.ip) {
            body.insert("sourceIp".to_owned(), json!(ip));
        }
        body
    }

    pub(super) fn has_address(&self) -> bool {
        self.ip.is_some()
    }

    /// What people know a value by.
    pub(super) fn ends_with(&self, last4: &str) -> bool {
        self.value.0.ends_with(last4)
    }
}

fn usage(message: impl std::fmt::Display) -> Failure {
    Failure::new(Status::Usage, message)
}

/// How to find what is missing.
fn no_stage(api: Option<&str>, dev: bool) -> String {
    if dev {
        return "--api and --stage go together: demorest and dev, or demohttp and $default"
            .to_owned();
    }
    const APIS: &str = "ids are in the address (https://ID.execute-api...) and in `aws apigateway get-rest-apis` and `aws apigatewayv2 get-apis`";
    let of = api.unwrap_or("ID");
    format!(
        "say which API is called, with --api ID and --stage NAME: {APIS}; stages in `aws apigateway get-stages --rest-api-id {of}` and `aws apigatewayv2 get-stages --api-id {of}`"
    )
}

fn value(given: &Secret, from: &mut impl Read) -> Result<Secret, Failure> {
    if given.0 != "-" {
        return Ok(given.clone());
    }
    let mut text = String::new();
    let read = from.take(MAX_VALUE_BYTES).read_to_string(&mut text);
    read.map_err(|error| {
        usage(format!(
            "the key cannot be read from standard input: {error}"
        ))
    })?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(usage("standard input has no key")),
        text => Ok(Secret(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn asked(line: &[&str], dev: bool, typed: &str) -> Result<Asked, Failure> {
        let line = Line::try_parse_from([&["try"], line].concat()).unwrap();
        Asked::new(&line.arguments, dev, &mut typed.as_bytes())
    }

    #[test]
    fn a_call_of_the_demo_needs_no_more_than_key_method_and_path() {
        let asked = asked(&["k", "get", "/orders/42?page=1"], true, "").unwrap();
        assert_eq!(
            asked.body(),
            json!({"value": "k", "apiId": "demorest", "stage": "dev", "method": "GET", "path": "/orders/42"})
        );
    }

    #[test]
    fn a_key_can_be_typed_where_no_shell_keeps_it() {
        let line = [
            "-",
            "GET",
            "/x",
            "--api",
            "a1",
            "--stage",
            "prod",
            "--ip",
            "192.0.2.1",
        ];
        let asked = asked(&line, false, "the-key\r\n").unwrap();
        assert_eq!(asked.body()["value"], "the-key");
        assert_eq!(asked.body()["sourceIp"], "192.0.2.1");
        let error = self::asked(&line, false, "\n").map(drop).unwrap_err();
        assert_eq!(error.message, "standard input has no key");
    }

    #[test]
    fn elsewhere_the_api_must_be_named_and_it_is_said_how_to_find_it() {
        let refused = |line: &[&str], dev| {
            let error = asked(line, dev, "").map(drop).unwrap_err();
            assert_eq!(error.status, Status::Usage);
            error.message
        };
        let error = refused(&["k", "GET", "/x", "--api", "a1"], false);
        assert!(error.contains("get-stages --rest-api-id a1"), "{error}");
        assert!(refused(&["k", "GET", "/x"], false).contains("get-rest-apis"));
        assert!(refused(&["k", "GET", "/x", "--stage", "dev"], true).contains("demohttp"));
    }

    #[test]
    fn words_in_another_order_are_refused_without_being_repeated() {
        for line in [
            ["GET", "lk_live_secret", "/x"],
            ["GET", "GET", "lk_live_secret"],
        ] {
            let error = asked(&line, true, "").map(drop).unwrap_err();
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }
}
