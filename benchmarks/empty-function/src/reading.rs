//! The empty function as most people write it: it reads the whole event as JSON, looks at nothing of
//! it and answers a policy.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        drop(event);
        Ok::<Value, lambda_runtime::Error>(json!({
            "principalId": "nobody",
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{ "Action": ["execute-api:Invoke"], "Effect": "Allow", "Resource": ["*"] }],
            },
            "context": {},
        }))
    }))
    .await
}
