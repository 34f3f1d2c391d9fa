//! What Lambda and EventBridge say of the stack.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::facts::Function;
use crate::aws::{Answer, Aws, CallError};

impl Aws {
    /// GetFunctionConfiguration.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn function(&self, name: &str) -> Result<(Function, Answer), CallError> {
        let path = format!("/2015-03-31/functions/{name}/configuration");
        let answer = self.get("lambda", &path).await?;
        let told: Told = read(&answer.body)?;
        let function = Function {
            name: name.to_owned(),
            arn: told.function_arn,
            // Lambda leaves it out for functions from before there were states.
            state: told.state.unwrap_or_else(|| "Active".to_owned()),
            timeout_seconds: told.timeout,
            variables: told.environment.unwrap_or_default().variables,
            statements: Vec::new(),
        };
        Ok((function, answer))
    }

    /// GetPolicy: the statements of a function's resource policy; none where it has none.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn policy(&self, name: &str) -> Result<Vec<Value>, CallError> {
        let path = format!("/2015-03-31/functions/{name}/policy");
        let answer = match self.get("lambda", &path).await {
            Err(CallError::NotFound) => return Ok(Vec::new()),
            answer => answer?,
        };
        let told: Value = read(&answer.body)?;
        let text = told["Policy"].as_str().unwrap_or_default();
        let policy: Value = read(text.as_bytes())?;
        Ok(match &policy["Statement"] {
            Value::Array(statements) => statements.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        })
    }

    /// DescribeRule: the state of a rule of EventBridge.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn rule_state(&self, rule: &str) -> Result<String, CallError> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AWSEvents.DescribeRule"),
        ];
        let body = serde_json::json!({ "Name": rule }).to_string();
        let answer = self.post("events", &headers, body).await?;
        let told: Value = read(&answer.body)?;
        let state = told["State"].as_str();
        state
            .map(str::to_owned)
            .ok_or_else(|| CallError::Failed("it tells no state".to_owned()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    function_arn: String,
    state: Option<String>,
    timeout: u64,
    environment: Option<Environment>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CallError> {
    // Which place is wrong is told, and nothing of what stands there.
    let unreadable = |error: serde_json::Error| {
        CallError::Failed(format!(
            "its answer cannot be read (column {})",
            error.column()
        ))
    };
    serde_json::from_slice(body).map_err(unreadable)
}
