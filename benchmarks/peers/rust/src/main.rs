//! The usual authorizer in Rust: the key by its hash, its plan, and its use counted by one
//! conditional update. The SDK as its guide says: `aws_config::load_from_env`, default features.
//! The client is made once, and a read at start opens its connection.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::AttributeValue::{self, N, S},
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

type Item = HashMap<String, AttributeValue>;

struct Table {
    client: Client,
    name: String,
}

impl Table {
    async fn get(&self, pk: String) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(&self.name);
        Ok(get.key("pk", S(pk)).send().await?.item)
    }

    /// Whether the use was counted: it is not where the quota is used up.
    async fn count(&self, pk: String, quota: &str) -> Result<bool, Error> {
        let counted = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", S(pk))
            .update_expression("ADD used :one")
            .condition_expression("attribute_not_exists(used) OR used < :quota")
            .expression_attribute_values(":one", N("1".to_owned()))
            .expression_attribute_values(":quota", N(quota.to_owned()))
            .send()
            .await
            .map_err(SdkError::into_service_error);
        match counted {
            Ok(_) => Ok(true),
            Err(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn admits(&self, value: &str) -> Result<bool, Error> {
        let hash: String = Sha256::digest(value)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let Some(key) = self.get(format!("key#{hash}")).await? else {
            return Ok(false);
        };
        if key.get("enabled") != Some(&AttributeValue::Bool(true)) {
            return Ok(false);
        }
        let Some(S(plan)) = key.get("plan") else {
            return Ok(false);
        };
        let plan = self.get(format!("plan#{plan}")).await?;
        let Some(N(quota)) = plan.as_ref().and_then(|plan| plan.get("quota")) else {
            return Ok(false);
        };
        let month = jiff::Timestamp::now().strftime("%Y-%m");
        self.count(format!("use#{hash}#{month}"), quota).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_from_env().await;
    let table = Table {
        client: Client::new(&config),
        name: std::env::var("TABLE_NAME")?,
    };
    table.get("warm".to_owned()).await?;
    let table = &table;
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let event = event.payload;
        let value = event["headers"]["x-api-key"].as_str();
        let admitted = match value {
            Some(value) => table.admits(value).await?,
            None => false,
        };
        Ok::<_, Error>(json!({
            "principalId": "caller",
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Action": "execute-api:Invoke",
                    "Effect": if admitted { "Allow" } else { "Deny" },
                    "Resource": event["routeArn"],
                }],
            },
        }))
    }))
    .await
}
