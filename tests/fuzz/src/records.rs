//! A table in memory that is filled once and then only counts what would be written to it.
//!
//! It answers the SDK's requests as DynamoDB would as far as the properties go: it knows whole
//! items, no conditions and no expressions. A key that no item can have is refused as there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use latchkey_store::{Patience, Store};
use serde_json::{Map, Value, json};

/// The table's name.
const TABLE: &str = "latchkey";

/// The items, and what was done to them. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    items: Mutex<BTreeMap<(String, String), Value>>,
    is_sealed: AtomicBool,
    writes: AtomicUsize,
}

impl Records {
    /// A store on this table.
    pub(crate) fn store(&self) -> Store {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "in memory"))
            .endpoint_url("http://in-memory.invalid")
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        Store::new(&client, TABLE, Patience::Embedded)
    }

    /// From now on writes are counted and not made.
    pub(crate) fn seal(&self) {
        self.0.is_sealed.store(true, Ordering::SeqCst);
    }

    /// How many were asked for since it was sealed, charges of meters left out.
    pub(crate) fn writes(&self) -> usize {
        self.0.writes.load(Ordering::SeqCst)
    }

    fn answer(&self, operation: &str, request: &Value) -> Result<Value, &'static str> {
        match operation {
            "GetItem" => Ok(self
                .get(&request["Key"])?
                .map_or(json!({}), |item| json!({"Item": item}))),
            "BatchGetItem" => self.batch(request),
            "Query" => self.query(request),
            "UpdateItem" if sort_key(&request["Key"]).starts_with("METER#") => {
                let meter = self.get(&request["Key"])?;
                Ok(json!({"Attributes": meter.unwrap_or_else(|| bare(&request["Key"]))}))
            }
            "TransactWriteItems" => self.write(request),
            "PutItem" | "UpdateItem" | "DeleteItem" => {
                self.0.writes.fetch_add(1, Ordering::SeqCst);
                Ok(json!({}))
            }
            _ => Err("UnknownOperationException"),
        }
    }

    fn get(&self, key: &Value) -> Result<Option<Value>, &'static str> {
        let (pk, sk) = (key["pk"]["S"].as_str(), key["sk"]["S"].as_str());
        let (Some(pk), Some(sk)) = (pk, sk) else {
            return Err("ValidationException");
        };
        check(pk, sk)?;
        Ok(self
            .0
            .items
            .lock()
            .unwrap()
            .get(&(pk.to_owned(), sk.to_owned()))
            .cloned())
    }

    fn batch(&self, request: &Value) -> Result<Value, &'static str> {
        let keys = request["RequestItems"][TABLE]["Keys"].as_array().cloned();
        let mut found = Vec::new();
        for key in keys.unwrap_or_default() {
            found.extend(self.get(&key)?);
        }
        Ok(json!({"Responses": {TABLE: found}, "UnprocessedKeys": {}}))
    }

    /// All items of the partition, whatever the sort key. Nothing is behind a start key.
    fn query(&self, request: &Value) -> Result<Value, &'static str> {
        let names = &request["ExpressionAttributeNames"];
        let attribute = names["#partition"].as_str().unwrap_or("pk");
        if let Some(start) = request["ExclusiveStartKey"].as_object() {
            check_start(start, request["IndexName"].as_str())?;
            return Ok(json!({"Items": []}));
        }
        let values: Vec<&Value> = request["ExpressionAttributeValues"]
            .as_object()
            .into_iter()
            .flat_map(Map::values)
            .collect();
        let items = self.0.items.lock().unwrap();
        let found: Vec<&Value> = items
            .values()
            .filter(|item| values.contains(&&item[attribute]))
            .collect();
        Ok(json!({"Items": found}))
    }

    fn write(&self, request: &Value) -> Result<Value, &'static str> {
        if self.0.is_sealed.load(Ordering::SeqCst) {
            self.0.writes.fetch_add(1, Ordering::SeqCst);
            return Ok(json!({}));
        }
        for write in request["TransactItems"].as_array().into_iter().flatten() {
            let item = match (&write["Put"]["Item"], &write["Update"]["Key"]) {
                (Value::Null, Value::Null) => continue,
                (Value::Null, key) => self.get(key)?.unwrap_or_else(|| bare(key)),
                (item, _) => item.clone(),
            };
            let key = (item["pk"]["S"].as_str(), item["sk"]["S"].as_str());
            if let (Some(pk), Some(sk)) = key {
                let key = (pk.to_owned(), sk.to_owned());
                self.0.items.lock().unwrap().insert(key, item);
            }
        }
        Ok(json!({}))
    }
}

fn sort_key(key: &Value) -> &str {
    key["sk"]["S"].as_str().unwrap_or_default()
}

/// An item of which nothing is known yet: a meter as it begins.
fn bare(key: &Value) -> Value {
    let mut item = key.clone();
    for name in ["v", "pv", "r"] {
        item[name] = json!({"N": "1"});
    }
    item
}

/// What DynamoDB asks of a key: no part is empty, and the bytes have a bound.
fn check(partition: &str, sort: &str) -> Result<(), &'static str> {
    let allowed = (1..=2_048).contains(&partition.len()) && (1..=1_024).contains(&sort.len());
    if allowed {
        Ok(())
    } else {
        Err("ValidationException")
    }
}

/// A start key names the table's key and, in an index, the index's, all of them text.
fn check_start(start: &Map<String, Value>, index: Option<&str>) -> Result<(), &'static str> {
    let texts: BTreeMap<&str, &str> = start
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value["S"].as_str()?)))
        .collect();
    let named = |name: &str| texts.get(name).copied().ok_or("ValidationException");
    check(named("pk")?, named("sk")?)?;
    let all = if index.is_some() { 4 } else { 2 };
    let is_whole = texts.len() == all && start.len() == all;
    let has_empty = texts.values().any(|text| text.is_empty());
    if is_whole && !has_empty {
        Ok(())
    } else {
        Err("ValidationException")
    }
}

impl HttpConnector for Records {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target
            .split_once('.')
            .map_or("", |(_, operation)| operation);
        let body = request.body().bytes().unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let (status, answer) = match self.answer(operation, &body) {
            Ok(answer) => (200, answer),
            Err(error) => (
                400,
                json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{error}"), "message": error}),
            ),
        };
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            status,
            SdkBody::from(answer.to_string()),
        )))
    }
}
