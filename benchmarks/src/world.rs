//! What every function of a run has around it: DynamoDB behind TLS, both tables, and a directory
//! for certificates and outputs that goes with the run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use latchkey_engine::Engine;

use crate::{
    certificate::{self, Trusted},
    dynamodb::DynamoDb,
    outcome::Outcome,
    rows::Surroundings,
    runtime_api::Event,
    table::{Events, fill, more_keys},
};

pub(crate) struct World {
    pub(crate) dynamodb: DynamoDb,
    pub(crate) events: Events,
    pub(crate) around: Surroundings,
    engine: Engine,
    directory: Directory,
}

/// Removed when it is dropped.
struct Directory(PathBuf);

impl World {
    /// With `keys` keys that are called once each.
    pub(crate) fn new(keys: usize) -> Outcome<Self> {
        let name = format!("latchkey-benchmarks-{}", std::process::id());
        let directory = Directory(std::env::temp_dir().join(name));
        fs::create_dir_all(&directory.0)?;
        let authority = directory.0.join("authority.pem");
        let bundle = directory.0.join("bundle.pem");
        let amazon = directory.0.join("amazon.pem");
        let tls = certificate::server(Trusted {
            own: &authority,
            amazon: &amazon,
            system: &bundle,
        })?;
        let engine = Engine::in_memory()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let events = runtime.block_on(fill(&engine, keys))?;
        let dynamodb = DynamoDb::start(engine.clone(), Some(tls))?;
        Ok(Self {
            around: Surroundings {
                endpoint: dynamodb.endpoint.clone(),
                authority,
                bundle,
                amazon,
            },
            dynamodb,
            events,
            engine,
            directory,
        })
    }

    /// Events of so many keys more, each of another.
    pub(crate) fn more_keys(&self, count: usize) -> Outcome<Vec<Event>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(more_keys(&self.engine, count))
    }

    /// The same tables without TLS.
    pub(crate) fn without_tls(&self) -> io::Result<DynamoDb> {
        DynamoDb::start(self.engine.clone(), None)
    }

    /// Where a process's output goes.
    pub(crate) fn output(&self, of: &str) -> PathBuf {
        self.directory.0.join(Path::new(of).with_extension("out"))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
