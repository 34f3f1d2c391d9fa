//! A plan's API stages as lines of text, and ready lines for a terminal.
//!
//! `apiId:stage`, and below it, if they have limits or a price of their own, its methods:
//! `/reports/{name}/GET rate=1 burst=10 units=5`.

use serde_json::{Map, Value, json};

use super::form::number;
use crate::client::ApiStage;

/// As they are edited.
pub(super) fn written(stages: &[ApiStage]) -> String {
    let mut text = String::new();
    for stage in stages {
        text += &format!("{}:{}\n", stage.api_id, stage.stage);
        let mut methods: Vec<_> = stage.throttle.keys().chain(stage.units.keys()).collect();
        methods.sort_unstable();
        methods.dedup();
        for method in methods {
            text += &format!("  {method}");
            if let Some(throttle) = stage.throttle.get(method) {
                text += &format!(" rate={}", throttle.rate_limit);
                if let Some(burst) = throttle.burst_limit {
                    text += &format!(" burst={burst}");
                }
            }
            if let Some(units) = stage.units.get(method) {
                text += &format!(" units={units}");
            }
            text.push('\n');
        }
    }
    text
}

/// What the admin API takes.
///
/// # Errors
/// A sentence about the first line that says nothing.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut stages: Vec<Map<String, Value>> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('/') {
            let stage = stages.last_mut();
            let stage =
                stage.ok_or_else(|| format!("{line}: its API stage must stand above it"))?;
            method(stage, line)?;
            continue;
        }
        let pair = line.split_once(':');
        let (api_id, stage) = pair.ok_or_else(|| {
            format!("{line}: a line is an API's id, a colon and a stage, such as a1b2c3d4e5:prod")
        })?;
        let stage = json!({"apiId": api_id.trim(), "stage": stage.trim()});
        stages.extend(stage.as_object().cloned());
    }
    Ok(json!(stages))
}

fn method(stage: &mut Map<String, Value>, line: &str) -> Result<(), String> {
    let mut words = line.split_whitespace();
    let key = words.next().unwrap_or_default();
    let mut throttle = Map::new();
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let value = number(value);
        match name {
            "rate" => drop(throttle.insert("rateLimit".to_owned(), value)),
            "burst" => drop(throttle.insert("burstLimit".to_owned(), value)),
            "units" => put(stage, "units", key, value),
            _ => {
                return Err(format!(
                    "{line}: rate=, burst= and units= may follow a method"
                ));
            }
        }
    }
    if !throttle.is_empty() {
        put(stage, "throttle", key, Value::Object(throttle));
    }
    Ok(())
}

fn put(stage: &mut Map<String, Value>, of: &str, key: &str, value: Value) {
    let entry = stage.entry(of).or_insert_with(|| json!({}));
    if let Some(entry) = entry.as_object_mut() {
        entry.insert(key.to_owned(), value);
    }
}

/// The line that calls an API with a key.
pub(super) fn curl(value: &str, address: &str) -> String {
    format!(
        "curl -i -H {} {address}",
        quoted(&format!("x-api-key: {value}"))
    )
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Where a stage is called, beside the admin API at `base`; none where that cannot be told.
pub(super) fn address(base: &str, stage: &ApiStage) -> Option<String> {
    let (ApiStage { api_id, stage, .. }, scheme) = (stage, "https://");
    match (api_id.as_str(), stage.as_str()) {
        ("demohttp", "$default") => {
            Some(format!("{}/demo/orders/42", base.strip_suffix("/admin")?))
        }
        ("demorest", "dev") => Some(format!(
            "{}/demo-rest/orders/42",
            base.strip_suffix("/admin")?
        )),
        ("*", _) | (_, "*") => None,
        _ => {
            let (_, rest) = base.split_once(".execute-api.")?;
            let host = rest.split('/').next()?;
            let stage = if stage == "$default" {
                String::new()
            } else {
                format!("{stage}/")
            };
            Some(format!("{scheme}{api_id}.execute-api.{host}/{stage}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_what_it_was() {
        let stages = json!([
            {"apiId": "a1", "stage": "$default"},
            {"apiId": "a2", "stage": "prod",
             "throttle": {"/x/{y}/GET": {"rateLimit": 1.5, "burstLimit": 3}},
             "units": {"/x/{y}/GET": 5, "/z/POST": 2}},
        ]);
        let read_stages: Vec<ApiStage> = serde_json::from_value(stages.clone()).unwrap();
        let text = written(&read_stages);
        assert!(
            text.contains("a2:prod\n  /x/{y}/GET rate=1.5 burst=3 units=5\n  /z/POST units=2\n")
        );
        assert_eq!(read(&text).unwrap(), stages);
    }

    #[test]
    fn a_line_that_says_nothing_is_told() {
        for text in ["demorest", "/x/GET rate=1", "a:b\n/x/GET speed=1"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_stage_is_called_beside_the_admin_api() {
        let stage = |api_id: &str, stage: &str| {
            serde_json::from_value::<ApiStage>(json!({"apiId": api_id, "stage": stage})).unwrap()
        };
        let aws = "https://ad.execute-api.eu-west-1.amazonaws.com/admin";
        let of = |base, api_id, name| address(base, &stage(api_id, name));
        assert_eq!(
            of(aws, "a1", "prod").unwrap(),
            "https://a1.execute-api.eu-west-1.amazonaws.com/prod/"
        );
        assert_eq!(
            of(aws, "a1", "$default").unwrap(),
            "https://a1.execute-api.eu-west-1.amazonaws.com/"
        );
        assert_eq!(of(aws, "*", "*"), None);
        assert_eq!(of("https://admin.example.com", "a1", "prod"), None);
        assert_eq!(
            of("http://127.0.0.1:3000/admin", "demorest", "dev").unwrap(),
            "http://127.0.0.1:3000/demo-rest/orders/42"
        );
        assert_eq!(
            curl("it's", "http://x"),
            r"curl -i -H 'x-api-key: it'\''s' http://x"
        );
    }
}
