//! A value in AWS Secrets Manager (its JSON protocol). A reserved secret is one without a value;
//! the request that makes the key is named by the secret's ARN, which no other secret ever has.

use latchkey_admin::Random;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::{Held, Reservation, Value, token};
use crate::{
    aws::{Aws, CallError},
    failure::{Failure, Status},
};

pub(super) async fn reserve(aws: &Aws, name: &str, random: &Random) -> Result<Held, Failure> {
    match call(aws, "GetSecretValue", json!({ "SecretId": name })).await {
        Ok(answer) => {
            let text = answer.get("SecretString").and_then(Json::as_str);
            let binary = || said(name, "it holds no text");
            let text = text.ok_or_else(binary)?.trim_end_matches(['\r', '\n']);
            return Ok(Held::Value(Value(text.to_owned())));
        }
        Err(CallError::NotFound) => {}
        Err(error) => return Err(said(name, error)),
    }
    let (arn, is_new) = match describe(aws, name).await {
        Ok(secret) => (secret.arn, false),
        Err(CallError::NotFound) => {
            let body = json!({
                "Name": name,
                "ClientRequestToken": token(random)?,
                "Description": "The value of an API key of Latchkey; written by latchkey apply",
            });
            let made = call(aws, "CreateSecret", body).await;
            (arn(&made.map_err(|error| said(name, error))?), true)
        }
        Err(error) => return Err(said(name, error)),
    };
    let hash = Sha256::digest(arn.as_bytes());
    let idempotency = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
    Ok(Held::Reserved(Reservation {
        idempotency: idempotency.collect(),
        is_new,
    }))
}

pub(super) async fn is_reserved(aws: &Aws, name: &str) -> Result<bool, Failure> {
    match describe(aws, name).await {
        Ok(secret) => Ok(!secret.has_value),
        Err(CallError::NotFound) => Ok(false),
        Err(error) => Err(said(name, error)),
    }
}

pub(super) async fn keep(
    aws: &Aws,
    name: &str,
    value: &Value,
    random: &Random,
) -> Result<(), Failure> {
    let body = json!({
        "SecretId": name,
        "ClientRequestToken": token(random)?,
        "SecretString": value.0,
    });
    let kept = call(aws, "PutSecretValue", body).await;
    kept.map(drop).map_err(|error| said(name, error))
}

/// Of a secret that this run has made, and that nobody has given a value since. At once: while
/// it could be recovered, its name could not be taken again.
pub(super) async fn release(aws: &Aws, name: &str) {
    if is_reserved(aws, name).await.unwrap_or(false) {
        let body = json!({ "SecretId": name, "ForceDeleteWithoutRecovery": true });
        drop(call(aws, "DeleteSecret", body).await);
    }
}

struct Secret {
    arn: String,
    has_value: bool,
}

async fn describe(aws: &Aws, name: &str) -> Result<Secret, CallError> {
    let answer = call(aws, "DescribeSecret", json!({ "SecretId": name })).await?;
    let versions = answer.get("VersionIdsToStages").and_then(Json::as_object);
    Ok(Secret {
        arn: arn(&answer),
        has_value: versions.is_some_and(|versions| !versions.is_empty()),
    })
}

fn arn(answer: &Json) -> String {
    let arn = answer.get("ARN").and_then(Json::as_str);
    arn.unwrap_or_default().to_owned()
}

async fn call(aws: &Aws, operation: &str, body: Json) -> Result<Json, CallError> {
    let target = format!("secretsmanager.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
    ];
    let answer = aws
        .post("secretsmanager", &headers, body.to_string())
        .await?;
    // Nothing of what stands there is told: it may be a value.
    let unreadable = |_| CallError::Failed("its answer cannot be read".to_owned());
    serde_json::from_slice(&answer.body).map_err(unreadable)
}

fn said(name: &str, what: impl std::fmt::Display) -> Failure {
    Failure::new(Status::NoAnswer, format!("the secret {name}: {what}"))
}
