//! `latchkey dev`: the whole system in one process.
//!
//! The functions' own handlers run on an embedded DynamoDB-compatible engine, between events
//! and answers as API Gateway makes and takes them ([`crate::gateway`]). Here it is wired
//! together, from the flags to the end.

mod arguments;
mod backend;
mod data_folder;
mod decisions;
mod demo;
mod overview;
mod page;
mod server;

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use latchkey_admin::{AdminState, Random};
use latchkey_authorizer::{
    Authorizer,
    settings::{self, HttpResponse, Settings, SettingsError},
};
use latchkey_domain::Clock;
use latchkey_engine::{Engine, EngineError};
use latchkey_store::{Patience, Store, StoreError, create_table};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
};

pub(crate) use self::arguments::Arguments;
use self::{
    data_folder::{DataFolder, DataFolderError},
    decisions::Decisions,
    demo::{DemoError, Line, Maker},
    page::Page,
    server::{CALLS_AT_ONCE, Server},
};
use crate::gateway::{ApiStage, DenyFor, Form, HttpApi, ProxyApi, RestApi};

/// The table's name, for clients of `--dynamodb-port`.
const TABLE: &str = "latchkey";
/// The stage of the admin API.
const ADMIN: ApiStage = ApiStage {
    api_id: "admin",
    stage: "admin",
};
/// How long calls that are under way may take to end.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// What only a `main.rs` may ask the machine for.
pub(crate) struct Machine {
    /// The time.
    pub(crate) clock: Clock,
    /// Random numbers.
    pub(crate) random: Random,
}

/// Why `latchkey dev` did not start or did not go on, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DevError {
    /// The environment.
    #[error("{0}: change the variable, or unset it")]
    Settings(#[from] SettingsError),
    /// A port that another process has.
    #[error(
        "port {port} is taken: stop what listens there, or choose another with {flag} (0 takes a free one)"
    )]
    PortTaken {
        /// Which.
        port: u16,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// A port that the system does not give.
    #[error("cannot listen on port {port} ({error}): choose another with {flag}")]
    Port {
        /// Which.
        port: u16,
        /// The flag that sets it.
        flag: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// The folder.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database in it.
    #[error(
        "{error} in {folder}: is it of this version of Latchkey? Move it away, or choose another with --data"
    )]
    Database {
        /// The folder.
        folder: String,
        /// What the engine said.
        error: EngineError,
    },
    /// The engine, in memory or serving.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The table.
    #[error("cannot make the table: {0}")]
    Table(#[from] StoreError),
    /// The demo.
    #[error("cannot prepare the demo: {0}")]
    Demo(#[from] DemoError),
    /// The system.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Runs until Ctrl-C or SIGTERM.
pub(crate) async fn run(arguments: Arguments, machine: Machine) -> Result<(), DevError> {
    let settings = Settings::read(|name| match name {
        "TABLE_NAME" => Some(TABLE.to_owned()),
        _ => std::env::var(name).ok(),
    })?;
    latchkey_telemetry::log_for_people(settings.log_level, io::stderr().is_terminal());
    let listener = listen(arguments.port, "--port").await?;
    let dynamodb = match arguments.dynamodb_port {
        Some(port) => Some(listen(port, "--dynamodb-port").await?),
        None => None,
    };
    let stop = stop_signal()?;
    let (engine, folder) = open_engine(&arguments)?;
    let dynamodb_address = dynamodb.as_ref().map(TcpListener::local_addr).transpose()?;
    let address = listener.local_addr()?;
    let kept = folder.as_ref().map_or_else(
        || "data in memory".to_owned(),
        |folder| format!("data in {}", folder.path().display()),
    );
    let server = start(&engine, settings, machine, address, &kept).await?;
    print(&announcement(
        address,
        &kept,
        dynamodb_address,
        &server.page.lines,
    ));

    let engine_served = dynamodb.map(|listener| {
        let (engine, stop) = (engine.clone(), stop.clone());
        tokio::spawn(async move { engine.serve(listener, stopped(stop)).await })
    });
    let service = server::router(server).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stopped(stop.clone()));
    tokio::select! {
        served = served.into_future() => served?,
        () = async { stopped(stop).await; tokio::time::sleep(LAST_CALLS).await } => {}
    }
    if let Some(engine_served) = engine_served {
        engine_served.abort();
    }
    drop(folder);
    Ok(())
}

async fn start(
    engine: &Engine,
    settings: Settings,
    machine: Machine,
    address: SocketAddr,
    kept: &str,
) -> Result<Arc<Server>, DevError> {
    let client = engine.client();
    create_table(&client, TABLE).await?;
    let Machine { clock, random } = machine;
    let store = Store::new(&client, TABLE, Patience::Change);
    let demo = Maker {
        store: &store,
        clock: &clock,
        random: &random,
    }
    .make()
    .await?;
    let rest = RestApi {
        stage: demo::REST,
        deny_for: match settings.deny_for {
            settings::DenyFor::Limits => DenyFor::Limits,
            settings::DenyFor::All => DenyFor::All,
        },
        backend: backend::echo,
    };
    let http = HttpApi {
        stage: demo::HTTP,
        form: match settings.http_response {
            HttpResponse::Policy => Form::Policy,
            HttpResponse::Simple => Form::SimpleToo,
        },
        backend: backend::echo,
    };
    let admin = AdminState {
        store: store.clone(),
        clock: clock.clone(),
        random: random.clone(),
    };
    let patient = Store::new(&client, TABLE, Patience::Call);
    Ok(Arc::new(Server {
        authorizer: Authorizer::start(settings, patient, clock.clone()).await,
        rest,
        http,
        admin: ProxyApi {
            stage: ADMIN,
            router: latchkey_admin::router(admin),
        },
        page: Page {
            store,
            clock: clock.clone(),
            host: address.to_string(),
            kept: kept.to_owned(),
            lines: demo.lines(&format!("http://{address}")),
        },
        decisions: Decisions::default(),
        room: Semaphore::new(CALLS_AT_ONCE),
        clock,
        random,
    }))
}

/// Only this machine gets in.
async fn listen(port: u16, flag: &'static str) -> Result<TcpListener, DevError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => DevError::PortTaken { port, flag },
            _ => DevError::Port { port, flag, error },
        })
}

/// The database, and the folder that it is in.
fn open_engine(arguments: &Arguments) -> Result<(Engine, Option<DataFolder>), DevError> {
    if arguments.in_memory {
        return Ok((Engine::in_memory()?, None));
    }
    let folder = DataFolder::open(&arguments.data)?;
    let engine = Engine::open(&folder.database()?).map_err(|error| DevError::Database {
        folder: folder.path().display().to_string(),
        error,
    })?;
    Ok((engine, Some(folder)))
}

/// Becomes true at Ctrl-C or SIGTERM.
fn stop_signal() -> io::Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        sender.send_replace(true);
        // Held until the end: a closed channel would read as a stop that nobody asked for.
        sender.closed().await;
    });
    Ok(receiver)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it whoever could ask to go on.
    drop(stop.wait_for(|stop| *stop).await);
}

/// What is printed once, when everything is served.
fn announcement(
    address: SocketAddr,
    kept: &str,
    dynamodb: Option<SocketAddr>,
    lines: &[Line],
) -> String {
    let mut text = format!("Latchkey is served on http://{address}, {kept}. Ctrl-C ends it.\n");
    if let Some(dynamodb) = dynamodb {
        text += &format!(
            "Its table, for the AWS CLI: aws dynamodb scan --table-name {TABLE} --endpoint-url http://{dynamodb}\n"
        );
    }
    for Line { title, command } in lines {
        text += &format!("\n# {title}\n{command}\n");
    }
    text.push('\n');
    text
}

/// To standard output. Where it is closed nobody reads it, and the server goes on.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
