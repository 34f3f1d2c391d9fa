//! Decisions of a `latchkey dev`, which keeps the latest.

use jiff::Timestamp;
use serde::Deserialize;

use super::decision::Decision;
use crate::{
    client::{Client, ClientError, Path, Query},
    failure::{Failure, Status},
};

/// A `latchkey dev`, and how far it was read.
pub(super) struct Dev {
    client: Client,
    after: u64,
}

#[derive(Deserialize)]
struct Told {
    decisions: Vec<One>,
    next: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct One {
    at: Timestamp,
    method: String,
    path: String,
    status: u16,
    allowed: bool,
    reason: Option<String>,
    key_id: Option<String>,
    customer_id: Option<String>,
    plan_id: Option<String>,
    remaining: Option<u64>,
}

/// What has come since, and how many decisions before it were forgotten unseen.
pub(super) struct Came {
    pub(super) decisions: Vec<Decision>,
    pub(super) missed: u64,
}

impl Dev {
    pub(super) fn new(client: Client) -> Self {
        Self { client, after: 0 }
    }

    /// # Errors
    /// Where it gives no answer.
    pub(super) async fn next(&mut self) -> Result<Came, Failure> {
        let query = Query::default().with("after", Some(self.after));
        let path = Path::of(&["dev", "decisions"]).with(&query);
        let told: Told = self.client.get(&path).await.map_err(|error| match error {
            ClientError::Refused(problem) if problem.status == 404 => Failure::new(
                Status::Usage,
                "only latchkey dev tells decisions by itself: for those of a stack say --stack NAME",
            ),
            error => error.into(),
        })?;
        let came = u64::try_from(told.decisions.len()).unwrap_or(u64::MAX);
        let missed = missed(self.after, told.next, came);
        self.after = told.next;
        let decisions = told.decisions.into_iter().map(Decision::from).collect();
        Ok(Came { decisions, missed })
    }
}

/// How many of those up to `next` did not come. Numbers begin anew where it was started anew.
fn missed(after: u64, next: u64, came: u64) -> u64 {
    let after = if next < after { 0 } else { after };
    next.saturating_sub(after).saturating_sub(came)
}

impl From<One> for Decision {
    fn from(one: One) -> Self {
        Self {
            at: one.at,
            allowed: one.allowed,
            status: Some(one.status),
            reason: one.reason,
            method: Some(one.method),
            called: Some(one.path),
            key_id: one.key_id,
            customer_id: one.customer_id,
            plan_id: one.plan_id,
            left: one.remaining,
            sample: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::missed;

    #[test]
    fn what_was_forgotten_is_told_from_the_first_look_on() {
        assert_eq!(missed(0, 1_100, 1_000), 100);
        assert_eq!(missed(1_100, 2_300, 1_000), 200);
        assert_eq!(missed(1_100, 1_103, 3), 0);
        assert_eq!(missed(1_100, 3, 3), 0, "started anew");
    }
}
