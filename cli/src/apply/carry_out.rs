//! Steps carried out by calls of the admin API.

use http::{
    Method,
    header::{IF_MATCH, IF_NONE_MATCH},
};
use latchkey_domain::{KeyValue, PresentedKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    fields::{Fields, of_key, of_plan, patch},
    seen::{found, text},
    state::{NewKey, Step},
    value::{Held, Reservation, Value as Secret, Values},
};
use crate::{
    client::{Answer, Client, ClientError, Path},
    failure::{Failure, Status},
};

const JSON: (&str, &str) = ("content-type", "application/json");
const IDEMPOTENCY: &str = "Idempotency-Key";
const RUNNING: &str = "/problems/idempotency-key-running";
const IN_USE: &str = "/problems/plan-in-use";
const REUSED: &str = "/problems/idempotency-key-reused";
/// How many deleted keys are passed over for one that is there.
const MOST_DELETED: usize = 8;

/// By whom steps are carried out.
pub(super) struct Carrier<'a> {
    pub(super) client: &'a Client,
    pub(super) values: &'a Values,
}

impl Carrier<'_> {
    /// What was done, in a word or two.
    ///
    /// # Errors
    /// [`Failure`]: the step was not taken, or it is not known whether it was.
    pub(super) async fn take(&self, step: &Step) -> Result<&'static str, Failure> {
        match step {
            Step::CreatePlan { id, fields } => {
                let path = Path::of(&["v1", "plans", id]);
                let headers = [JSON, (IF_NONE_MATCH.as_str(), "*")];
                self.send(Method::PUT, &path, &headers, Some(fields))
                    .await?;
                Ok("made")
            }
            Step::UpdatePlan { id, before, after } => {
                let path = Path::of(&["v1", "plans", id]);
                let etag = self.unchanged(&path, before, of_plan).await?;
                let headers = [JSON, (IF_MATCH.as_str(), etag.as_str())];
                self.send(Method::PUT, &path, &headers, Some(after)).await?;
                Ok("changed")
            }
            Step::UpdateKey {
                id, before, after, ..
            } => {
                let path = Path::of(&["v1", "keys", id]);
                let etag = self.unchanged(&path, before, of_key).await?;
                let headers = [JSON, (IF_MATCH.as_str(), etag.as_str())];
                let patch = patch(before, after);
                self.send(Method::PATCH, &path, &headers, Some(&patch))
                    .await?;
                Ok("changed")
            }
            Step::CreateKey { name, new } => self.create(name, new).await,
            Step::FinishKey { id, new, .. } => self.finish(id, new).await,
            Step::Move { id, from, to, .. } => {
                let path = Path::of(&["v1", "keys", id, "move"]);
                let body = json!({ "fromPlanId": from, "toPlanId": to });
                self.client.send(Method::POST, &path, Some(&body)).await?;
                Ok("moved")
            }
            Step::Attach { id, plan, .. } => {
                let path = Path::of(&["v1", "plans", plan, "keys", id]);
                self.client.send(Method::PUT, &path, None).await?;
                Ok("attached")
            }
            Step::Detach { id, plan, .. } => {
                let path = Path::of(&["v1", "plans", plan, "keys", id]);
                self.delete(&path).await?;
                Ok("detached")
            }
            Step::DeleteKey { id, before, .. } => {
                let path = Path::of(&["v1", "keys", id]);
                self.delete_unchanged(&path, before, of_key).await
            }
            Step::DeletePlan { id, before } => {
                let path = Path::of(&["v1", "plans", id]);
                self.delete_unchanged(&path, before, of_plan).await
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &Path,
        headers: &[(&str, &str)],
        body: Option<&Fields>,
    ) -> Result<Answer, ClientError> {
        let body = body.map(|body| Value::Object(body.clone()).to_string());
        let body = body.unwrap_or_default();
        self.client.send_with(method, path, headers, body).await
    }

    /// What is gone already needs no deletion.
    async fn delete(&self, path: &Path) -> Result<(), ClientError> {
        found(self.client.send(Method::DELETE, path, None).await).map(drop)
    }

    async fn delete_unchanged(
        &self,
        path: &Path,
        before: &Fields,
        fields: fn(&Value) -> Fields,
    ) -> Result<&'static str, Failure> {
        let there = found(self.client.send(Method::GET, path, None).await)?;
        let Some(there) = there else {
            return Ok("gone already");
        };
        let etag = unchanged(&there, before, fields)?;
        let headers = [(IF_MATCH.as_str(), etag.as_str())];
        found(self.send(Method::DELETE, path, &headers, None).await).map_err(not_deleted)?;
        Ok("deleted")
    }

    /// The revision of what is as it was when the steps were worked out.
    async fn unchanged(
        &self,
        path: &Path,
        before: &Fields,
        fields: fn(&Value) -> Fields,
    ) -> Result<String, Failure> {
        let there = self.client.send(Method::GET, path, None).await?;
        unchanged(&there, before, fields)
    }

    async fn create(&self, name: &str, new: &NewKey) -> Result<&'static str, Failure> {
        match self.values.reserve(&new.value).await? {
            Held::Value(value) => self.create_with(name, new, &value).await,
            Held::Reserved(reservation) => {
                let made = match self.obtain(new, &reservation).await {
                    Ok(made) => made.ok_or_else(deleted_again)?,
                    Err(error) => return Err(self.not_made(new, &reservation, error).await),
                };
                let value = Secret(text(&made, "value"));
                self.values.keep(&new.value, &value).await?;
                Ok("made")
            }
        }
    }

    /// With a value of the owner's own.
    async fn create_with(
        &self,
        name: &str,
        new: &NewKey,
        value: &Secret,
    ) -> Result<&'static str, Failure> {
        if let Ok(presented) = PresentedKey::parse(&value.0) {
            // A list may be a second behind: the value tells the id.
            let path = Path::of(&["v1", "keys", &presented.id.to_string()]);
            let there: Option<Value> = found(self.client.get(&path).await)?;
            if there.is_some_and(|key| text(&key, "name") == name) {
                return Err(refused("it has just been made: run it again"));
            }
        }
        if let Err(error) = KeyValue::custom(&value.0) {
            let said = format!(
                "{} holds what no new key can have ({error}): remove it, and a value is generated",
                new.value
            );
            return Err(Failure::new(Status::Usage, said));
        }
        self.post(new, Some(value), "").await?;
        Ok("made, with the value that stood there")
    }

    /// Takes the reservation back where it is certain that nothing was made.
    async fn not_made(
        &self,
        new: &NewKey,
        reservation: &Reservation,
        error: ClientError,
    ) -> Failure {
        if is_reused(&error) {
            return edited(new);
        }
        if is_certain(&error) {
            self.values.release(&new.value, reservation).await;
        }
        error.into()
    }

    /// The key that a reservation is for: made now, or by an earlier run. One that was deleted
    /// since is passed over for another, whose Idempotency-Key follows from it: so a later run
    /// finds that one too. None where each was deleted.
    async fn obtain(
        &self,
        new: &NewKey,
        reservation: &Reservation,
    ) -> Result<Option<Value>, ClientError> {
        let mut idempotency = reservation.idempotency.clone();
        for _ in 0..=MOST_DELETED {
            let made = self.post(new, None, &idempotency).await?;
            let id = text(&made, "id");
            if reservation.is_new || self.is_there(&id).await? {
                return Ok(Some(made));
            }
            let hash = Sha256::digest(format!("{idempotency} {id}"));
            let hash = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
            idempotency = hash.collect();
        }
        Ok(None)
    }

    async fn is_there(&self, id: &str) -> Result<bool, ClientError> {
        let path = Path::of(&["v1", "keys", id]);
        let there: Option<Value> = found(self.client.get(&path).await)?;
        Ok(there.is_some())
    }

    /// Asks again for the key that an earlier run has made, and for its value.
    async fn finish(&self, id: &str, new: &NewKey) -> Result<&'static str, Failure> {
        let Held::Reserved(reservation) = self.values.reserve(&new.value).await? else {
            return Ok("finished meanwhile");
        };
        let lost = |why: &dyn std::fmt::Display| {
            refused(format!(
                "the value of {id} cannot be had again ({why}). {}",
                new.value.without_value(id)
            ))
        };
        let made = match self.obtain(new, &reservation).await {
            Ok(made) => made.ok_or_else(deleted_again)?,
            Err(error) if is_reused(&error) => return Err(edited(new)),
            Err(error) if is_certain(&error) => return Err(lost(&error)),
            Err(error) => return Err(error.into()),
        };
        let again = text(&made, "id");
        if again != id {
            // The answer was kept for another caller: this one has made a key beside it.
            self.delete(&Path::of(&["v1", "keys", &again])).await?;
            return Err(lost(&"it was made by another caller"));
        }
        let value = Secret(text(&made, "value"));
        self.values.keep(&new.value, &value).await?;
        Ok("finished")
    }

    async fn post(
        &self,
        new: &NewKey,
        value: Option<&Secret>,
        idempotency: &str,
    ) -> Result<Value, ClientError> {
        let mut body = new.fields.clone();
        body.insert("planIds".to_owned(), json!(new.plans));
        match (value, &new.prefix) {
            (Some(value), _) => drop(body.insert("value".to_owned(), json!(value.0))),
            (None, Some(prefix)) => drop(body.insert("prefix".to_owned(), prefix.clone())),
            (None, None) => {}
        }
        let named = [JSON, (IDEMPOTENCY, idempotency)];
        let headers = if idempotency.is_empty() {
            &named[..1]
        } else {
            &named
        };
        let path = Path::of(&["v1", "keys"]);
        let answer = self.send(Method::POST, &path, headers, Some(&body)).await?;
        answer.read()
    }
}

/// # Errors
/// Where somebody has changed it.
fn unchanged(
    there: &Answer,
    before: &Fields,
    fields: fn(&Value) -> Fields,
) -> Result<String, Failure> {
    if fields(&there.read()?) != *before {
        return Err(refused("somebody has changed it meanwhile: run it again"));
    }
    Ok(there.etag.clone().unwrap_or_default())
}

/// Whether nothing was made, for certain.
fn is_certain(error: &ClientError) -> bool {
    match error {
        ClientError::Refused(problem) => problem.status < 500 && problem.kind != RUNNING,
        ClientError::Unsendable(_) => true,
        ClientError::NoAnswer { .. } | ClientError::Unreadable { .. } => false,
    }
}

fn is_reused(error: &ClientError) -> bool {
    error
        .problem()
        .is_some_and(|problem| problem.kind == REUSED)
}

/// An earlier run has asked for another key.
fn edited(new: &NewKey) -> Failure {
    refused(format!(
        "an earlier run was cut off between the key and its value, and the file has described the key otherwise then: undo that edit, run it again for the value in {}, and only then make the edit anew",
        new.value
    ))
}

/// What takes all keys off a plan is no flag of this command.
fn not_deleted(error: ClientError) -> Failure {
    match error.problem() {
        Some(problem) if problem.kind == IN_USE => refused(
            "keys are on it that the file does not own: `latchkey plans keys PLAN` lists them, and `latchkey plans detach PLAN KEY` takes one off",
        ),
        _ => error.into(),
    }
}

fn deleted_again() -> Failure {
    refused(
        "each key that was made for it was deleted again: remove the place of its value, and run it again",
    )
}

fn refused(message: impl std::fmt::Display) -> Failure {
    Failure::new(Status::Refused, message)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn what_somebody_has_changed_meanwhile_is_left_alone() {
        let there = |body: &str| Answer {
            status: StatusCode::OK,
            etag: Some("\"3-abc\"".to_owned()),
            link: None,
            body: body.to_owned(),
        };
        let before = of_key(&json!({"name": "acme", "enabled": true}));
        let same = there(r#"{"id": "key_1", "name": "acme", "enabled": true, "last4": "abcd"}"#);
        assert_eq!(
            unchanged(&same, &before, of_key),
            Ok("\"3-abc\"".to_owned())
        );
        let other = there(r#"{"id": "key_1", "name": "acme", "enabled": false}"#);
        let error = unchanged(&other, &before, of_key).unwrap_err();
        assert_eq!(error.status, Status::Refused);
    }
}
