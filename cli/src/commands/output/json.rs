//! JSON as it came, indented: each field, in its order.

use serde::Serialize;
use serde_json::{Deserializer, value::RawValue};

use crate::client::ClientError;

/// A text that is passed on unread.
struct AsItCame<'a>(&'a str);

impl Serialize for AsItCame<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_transcode::transcode(&mut Deserializer::from_str(self.0), serializer)
    }
}

pub(super) fn one(body: &str) -> Result<String, ClientError> {
    written(&AsItCame(body))
}

pub(super) fn list(items: &[Box<RawValue>]) -> Result<String, ClientError> {
    let items: Vec<AsItCame<'_>> = items.iter().map(|item| AsItCame(item.get())).collect();
    written(&items)
}

fn written(what: &impl Serialize) -> Result<String, ClientError> {
    let text = serde_json::to_string_pretty(what);
    let text = text.map_err(|error| ClientError::Unreadable {
        line: error.line(),
        column: error.column(),
    })?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_numbers_their_digits() {
        let text = r#"{"b":1,"a":[0.1,12345678901234567890,null,{}]}"#;
        let expected = "{\n  \"b\": 1,\n  \"a\": [\n    0.1,\n    12345678901234567890,\n    null,\n    {}\n  ]\n}\n";
        assert_eq!(one(text).unwrap(), expected);
        assert_eq!(list(&[]).unwrap(), "[]\n");
        assert!(one("<html>").is_err());
    }
}
