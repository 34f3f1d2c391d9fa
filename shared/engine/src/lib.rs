//! A DynamoDB-compatible engine inside this process, behind an ordinary SDK client.
//!
//! `latchkey dev` and the tests talk to DynamoDB as the functions do, with
//! aws-sdk-dynamodb; here its HTTP connector hands each request to the engine directly, so
//! that no port is opened. [`Engine::serve`] opens one for the AWS CLI and other processes.

mod load;

use std::{future::Future, path::Path};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use dynoxide::{DynoxideError, actions, server::serve_with_shutdown};
use tokio::{net::TcpListener, task::spawn_blocking};

/// The engine could not be opened or served.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file cannot be opened as a database.
    #[error("cannot open the database: {0}")]
    Open(String),
    /// The listener failed.
    #[error("cannot serve the engine: {0}")]
    Serve(String),
    /// Items were not taken.
    #[error("cannot load items: {0}")]
    Load(String),
}

/// A database; clones share it.
#[derive(Clone)]
pub struct Engine {
    database: dynoxide::Database,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// A database that ends with the process.
    ///
    /// # Errors
    /// [`EngineError::Open`].
    pub fn in_memory() -> Result<Self, EngineError> {
        Self::opened(dynoxide::Database::memory())
    }

    /// The database in `file`, made if it is not there. What was acknowledged is there
    /// after a crash of the process: SQLite in its write-ahead mode.
    ///
    /// # Errors
    /// [`EngineError::Open`].
    pub fn open(file: &Path) -> Result<Self, EngineError> {
        let path = file
            .to_str()
            .ok_or_else(|| EngineError::Open(format!("{} is not UTF-8", file.display())))?;
        Self::opened(dynoxide::Database::new(path))
    }

    fn opened(database: Result<dynoxide::Database, DynoxideError>) -> Result<Self, EngineError> {
        Ok(Self {
            database: database.map_err(|error| EngineError::Open(error.to_string()))?,
        })
    }

    /// A client whose every call ends in this engine.
    pub fn client(&self) -> aws_sdk_dynamodb::Client {
        let connector = SharedHttpConnector::new(Connector {
            engine: self.clone(),
        });
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .credentials_provider(Credentials::new(
                "local",
                "local",
                None,
                None,
                "embedded engine",
            ))
            .endpoint_url("http://embedded.invalid")
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// Answers one request of DynamoDB's protocol, by the name of its operation, with a status and
    /// a body. For servers of one's own; it blocks.
    pub fn answer(&self, operation: &str, body: &[u8]) -> (u16, String) {
        match run(&self.database, operation, body) {
            Ok(json) => (200, json),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    /// Serves the engine over HTTP until `stop` resolves.
    ///
    /// # Errors
    /// [`EngineError::Serve`].
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), EngineError> {
        serve_with_shutdown(listener, self.database.clone(), stop)
            .await
            .map_err(EngineError::Serve)
    }
}

#[derive(Debug, Clone)]
struct Connector {
    engine: Engine,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = self.engine.clone();
        let target = request
            .headers()
            .get("x-amz-target")
            .and_then(|target| target.split_once('.'));
        let operation = target.map_or_else(String::new, |(_, operation)| operation.to_owned());
        let body = request.body().bytes().unwrap_or_default().to_vec();
        HttpConnectorFuture::new(async move {
            let (status, body) = spawn_blocking(move || engine.answer(&operation, &body))
                .await
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let status = StatusCode::try_from(status)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::from(body)))
        })
    }
}

/// The operations that Latchkey uses.
fn run(db: &dynoxide::Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    use actions::{
        batch_get_item::BatchGetItemRequest, create_table::CreateTableRequest,
        delete_item::DeleteItemRequest, describe_table::DescribeTableRequest,
        describe_time_to_live::DescribeTimeToLiveRequest, get_item::GetItemRequest,
        put_item::PutItemRequest, query::QueryRequest, scan::ScanRequest,
        transact_write_items::TransactWriteItemsRequest, update_item::UpdateItemRequest,
        update_time_to_live::UpdateTimeToLiveRequest,
    };
    match operation {
        "CreateTable" => json(&db.create_table(read::<CreateTableRequest>(body)?)?),
        "DescribeTable" => json(&db.describe_table(read::<DescribeTableRequest>(body)?)?),
        "DescribeTimeToLive" => {
            json(&db.describe_time_to_live(read::<DescribeTimeToLiveRequest>(body)?)?)
        }
        "UpdateTimeToLive" => {
            json(&db.update_time_to_live(read::<UpdateTimeToLiveRequest>(body)?)?)
        }
        "PutItem" => json(&db.put_item(read::<PutItemRequest>(body)?)?),
        "GetItem" => json(&db.get_item(read::<GetItemRequest>(body)?)?),
        "UpdateItem" => json(&db.update_item(read::<UpdateItemRequest>(body)?)?),
        "DeleteItem" => json(&db.delete_item(read::<DeleteItemRequest>(body)?)?),
        "BatchGetItem" => json(&db.batch_get_item(read::<BatchGetItemRequest>(body)?)?),
        "Query" => json(&db.query(read::<QueryRequest>(body)?)?),
        "Scan" => json(&db.scan(read::<ScanRequest>(body)?)?),
        "TransactWriteItems" => {
            json(&db.transact_write_items(read::<TransactWriteItemsRequest>(body)?)?)
        }
        other => Err(DynoxideError::ValidationException(format!(
            "{other} is not served without a port"
        ))),
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

fn json(answer: &impl serde::Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
