//! What an UpdateItem adds to a meter, read from the request itself.

use serde_json::Value;

/// A meter's partition key and sort key.
pub(crate) type MeterKey = (String, String);

/// A write to a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) meter: MeterKey,
    /// Units added to a window of the quota; below 0 where a lease is returned.
    quota: Option<i64>,
    /// Units added to a day.
    day: Option<i64>,
}

impl Written {
    /// None where it is no meter's.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let partition = body["Key"]["pk"]["S"].as_str()?;
        let sort = body["Key"]["sk"]["S"].as_str()?;
        let mut written = Self {
            meter: (partition.to_owned(), sort.to_owned()),
            quota: None,
            day: None,
        };
        let expression = body["UpdateExpression"].as_str()?;
        let added = expression.split_once("ADD ").map_or("", |(_, rest)| rest);
        let added = added.split(" REMOVE ").next().unwrap_or_default();
        for pair in added.split(", ") {
            let Some((name, value)) = pair.trim().split_once(' ') else {
                continue;
            };
            let name = body["ExpressionAttributeNames"][name].as_str()?;
            let value = &body["ExpressionAttributeValues"][value]["N"];
            let value: i64 = value.as_str()?.parse().ok()?;
            match name.chars().next() {
                Some('q') => written.quota = Some(value),
                Some('d') => written.day = Some(value),
                _ => {}
            }
        }
        sort.starts_with("METER#").then_some(written)
    }

    /// What it charges: to the quota where there is one.
    pub(crate) fn units(&self) -> i64 {
        self.quota.or(self.day).unwrap_or(0)
    }
}

#[test]
fn what_is_added_is_read_whatever_else_is_written() {
    let charge = |expression: &str, units: &str| {
        let body = serde_json::json!({
            "Key": {"pk": {"S": "KEY#1"}, "sk": {"S": "METER#gold"}},
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {"#pv": "pv", "#q": "q0", "#d": "d7", "#r": "r", "#x0": "q5"},
            "ExpressionAttributeValues": {":n": {"N": units}, ":pv": {"N": "9"}, ":one": {"N": "1"}},
        });
        let written = Written::read(body.to_string().as_bytes()).unwrap();
        (written.quota, written.day)
    };
    let all = "SET #pv = :pv ADD #d :n, #q :n REMOVE #x0";
    assert_eq!(charge(all, "3"), (Some(3), Some(3)));
    assert_eq!(charge("SET #pv = :pv ADD #d :n", "3"), (None, Some(3)));
    assert_eq!(charge("SET #pv = :pv", "3"), (None, None));
    let back = "ADD #q :n, #d :n, #r :one";
    assert_eq!(charge(back, "-3"), (Some(-3), Some(-3)));
}
