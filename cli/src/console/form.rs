//! A form: what is in its fields, and what is wrong with them.
//!
//! Fields are named by the JSON pointers of what they become (`/quota/limit`), so that the admin
//! API's errors, which have pointers, find their fields.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{fields::Field, posted::Posted};
use crate::client::{ClientError, FieldError, Problem};

/// What a form shows.
#[derive(Default)]
pub(super) struct Form {
    fields: Posted,
    problem: Option<Problem>,
    /// What is wrong, where the admin API has not answered at all.
    fault: Option<String>,
    /// The names that the page has.
    names: &'static [&'static str],
}

impl Form {
    /// Filled in, and nothing wrong.
    pub(super) fn new(names: &'static [&'static str], fields: Posted) -> Self {
        Self {
            fields,
            names,
            ..Self::default()
        }
    }

    /// As it was sent, with what is wrong.
    pub(super) fn refused(
        names: &'static [&'static str],
        fields: Posted,
        error: &ClientError,
    ) -> Self {
        let problem = error.problem().cloned();
        let fault = problem.is_none().then(|| error.to_string());
        Self {
            fields,
            problem,
            fault,
            names,
        }
    }

    /// The status of the page that shows it.
    pub(super) fn status(&self) -> StatusCode {
        let refused = self.problem.as_ref().map(|problem| problem.status);
        match refused {
            Some(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            None if self.fault.is_some() => StatusCode::BAD_GATEWAY,
            None => StatusCode::OK,
        }
    }

    /// What is in a field.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.text(name)
    }

    /// Whether a box is ticked, or a choice is this one.
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.fields.all(name).any(|text| text == value)
    }

    /// What is wrong with a field, and with what is in it.
    pub(super) fn errors(&self, name: &str) -> Vec<&str> {
        let errors = self.all_errors();
        let here = errors.filter(|error| belongs(error, name));
        here.map(|error| error.detail.as_str()).collect()
    }

    /// What is wrong with a group of fields as a whole.
    pub(super) fn own_error(&self, name: &str) -> Option<&str> {
        let error = self.all_errors().find(|error| error.pointer == name);
        error.map(|error| error.detail.as_str())
    }

    /// The problem as a whole, where its fields do not tell all of it.
    pub(super) fn summary(&self) -> Option<String> {
        if let Some(fault) = &self.fault {
            return Some(fault.clone());
        }
        let problem = self.problem.as_ref()?;
        let placed = |error: &FieldError| self.names.iter().any(|name| belongs(error, name));
        let mut lines: Vec<_> = self
            .all_errors()
            .filter(|error| !placed(error))
            .map(|error| format!("{}: {}", error.place(), error.detail))
            .collect();
        if problem.errors.is_empty() {
            lines.push(problem.detail.clone());
        } else if lines.is_empty() {
            lines.push("Nothing was changed: see the fields that are marked.".to_owned());
        }
        Some(lines.join(" "))
    }

    fn all_errors(&self) -> impl Iterator<Item = &FieldError> {
        self.problem.iter().flat_map(|problem| &problem.errors)
    }

    pub(super) fn line(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Field {
        Field::line(self, name, label, hint)
    }

    pub(super) fn area(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Field {
        Field::area(self, name, label, hint)
    }

    /// For a key's value: what was typed does not come back.
    pub(super) fn secret(
        &self,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Field {
        Field::secret(self, name, label, hint)
    }
}

/// Whether it is of this field or of something in it.
fn belongs(error: &FieldError, name: &str) -> bool {
    let rest = error.pointer.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A refusal of the console's own, for what it cannot put into a request.
pub(super) fn wrong(name: &str, detail: impl Into<String>) -> ClientError {
    ClientError::Refused(Problem {
        status: 400,
        detail: "the form is not filled in rightly".to_owned(),
        errors: vec![FieldError {
            pointer: name.to_owned(),
            detail: detail.into(),
            ..FieldError::default()
        }],
        ..Problem::default()
    })
}

/// A number, also with commas in it; what is none is the admin API's to refuse.
pub(super) fn number(text: &str) -> Value {
    let plain = text.replace([',', ' ', '_'], "");
    let number = serde_json::from_str::<serde_json::Number>(&plain);
    number.map_or_else(|_| json!(text), Value::Number)
}

/// The lines that are not empty; null without any.
pub(super) fn list(text: &str) -> Value {
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if lines.is_empty() {
        Value::Null
    } else {
        json!(lines)
    }
}

/// An instant as it is typed (`2027-01-31`, `2027-01-31 12:00`), in UTC; null without any.
pub(super) fn instant(text: &str) -> Value {
    let text = text.trim_end_matches("UTC").trim_end();
    if text.is_empty() {
        return Value::Null;
    }
    if text.parse::<jiff::Timestamp>().is_ok() {
        return json!(text);
    }
    let date_time = text.parse::<jiff::civil::DateTime>();
    date_time.map_or_else(|_| json!(text), |at| json!(format!("{at}Z")))
}

/// `text`, null where it is empty.
pub(super) fn text(text: &str) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        json!(text)
    }
}

/// Without what is null: for what is made, not changed.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(name, value)| (name, without_nulls(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stands_at_the_field_that_it_is_of() {
        let problem = r#"{"type":"/problems/x","status":400,"detail":"d","errors":[
            {"pointer":"/apiStages/0/stage","detail":"of a stage"},
            {"pointer":"/name","detail":"of the name"},{"pointer":"/other","detail":"of none"}]}"#;
        let problem: Problem = serde_json::from_str(problem).unwrap();
        let error = ClientError::Refused(problem);
        let form = Form::refused(&["/name", "/apiStages"], Posted::default(), &error);
        assert_eq!(form.errors("/apiStages"), ["of a stage"]);
        assert_eq!(form.errors("/name"), ["of the name"]);
        assert_eq!(form.summary().unwrap(), "/other: of none");
        assert_eq!(form.status(), 400);
    }

    #[test]
    fn what_is_typed_becomes_what_the_api_takes() {
        assert_eq!(number("1,000"), json!(1000));
        assert_eq!(number("2.5"), json!(2.5));
        assert_eq!(number("many"), json!("many"));
        assert_eq!(instant("2027-01-31"), json!("2027-01-31T00:00:00Z"));
        assert_eq!(
            instant("2027-01-31 12:30 UTC"),
            json!("2027-01-31T12:30:00Z")
        );
        assert_eq!(
            instant("2027-01-31T00:00:00Z"),
            json!("2027-01-31T00:00:00Z")
        );
        assert_eq!(instant("soon"), json!("soon"));
        assert_eq!(list(" a \n\n b"), json!(["a", "b"]));
        let kept = without_nulls(json!({"a": null, "b": {"c": null, "d": 1}}));
        assert_eq!(kept, json!({"b": {"d": 1}}));
    }
}
