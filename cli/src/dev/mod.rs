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
mod error;
mod reconciling;
mod server;
pub(crate) mod stop;

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use latchkey_admin::{AdminState, ApiGateway, Random};
use latchkey_authorizer::{
    Authorizer,
    settings::{self, HttpResponse, Settings},
};
use latchkey_domain::Clock;
use latchkey_engine::{Engine, EngineError};
use latchkey_gateway::Gateway;
use latchkey_reconciler::{Deletions, Reconciler, settings::Rules};
use latchkey_store::{Patience, Store, create_table};
use latchkey_sync::Sync;
use tokio::{net::TcpListener, sync::Semaphore};

pub(crate) use self::{
    arguments::Arguments,
    decisions::{Decision, Decisions},
    demo::Line,
};
use self::{
    data_folder::DataFolder,
    demo::Maker,
    error::DevError,
    server::{CALLS_AT_ONCE, Server},
};
use crate::{
    client::Client,
    console::{self, Console, Entry, Guard, InProcess},
    gateway::{ApiStage, DenyFor, Form, HttpApi, ProxyApi, RestApi},
};

/// At which the command looks for it.
const USUAL_PORT: u16 = 3000;
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

/// Runs until Ctrl-C or SIGTERM.
pub(crate) async fn run(arguments: Arguments, machine: Machine) -> Result<(), DevError> {
    let settings = Settings::read(variable)?;
    let admin_settings = latchkey_admin::settings::Settings::read(variable)?;
    let reconciler_settings = latchkey_reconciler::settings::Settings::read(variable)?;
    let gateway = arguments
        .api_gateway_endpoint
        .as_deref()
        .map(|endpoint| Gateway::new(&latchkey_gateway::client_at(endpoint, variable)));
    latchkey_telemetry::log_for_people(settings.log_level, io::stderr().is_terminal());
    let listener = listen(arguments.port, "--port").await?;
    let dynamodb = match arguments.dynamodb_port {
        Some(port) => Some(listen(port, "--dynamodb-port").await?),
        None => None,
    };
    let asked_to_stop = stop::on_signal()?;
    // In this order, so that the folder is let go last.
    let (folder, engine) = open_engine(&arguments)?;
    let dynamodb_address = dynamodb.as_ref().map(TcpListener::local_addr).transpose()?;
    let address = listener.local_addr()?;
    let kept = folder.as_ref().map_or_else(
        || "data in memory".to_owned(),
        |folder| format!("data in {}", folder.path().display()),
    );
    let given = Given {
        settings,
        admin_settings,
        rules: reconciling::rules(reconciler_settings.rules),
        gateway,
        machine,
    };
    let (server, lines) = start(&engine, given, address).await?;
    print(&announcement(address, &kept, dynamodb_address, &lines));

    let engine_served = dynamodb.map(|listener| {
        let (engine, stop) = (engine.clone(), stop::asked(&asked_to_stop));
        tokio::spawn(async move { engine.serve(listener, stop).await })
    });
    let here = InProcess {
        kept,
        lines,
        decisions: Arc::clone(&server.decisions),
    };
    let pages = pages(&server, address, here)?;
    let service = server::router(server).merge(pages);
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop::asked(&asked_to_stop));
    tokio::select! {
        served = served.into_future() => served?,
        () = async { stop::asked(&asked_to_stop).await; tokio::time::sleep(LAST_CALLS).await } => {}
    }
    if let Some(engine_served) = engine_served {
        engine_served.abort();
    }
    Ok(())
}

/// A variable of the environment. What is no UTF-8 becomes a text that no setting allows.
fn variable(name: &str) -> Option<String> {
    match name {
        "TABLE_NAME" => Some(TABLE.to_owned()),
        _ => Some(std::env::var_os(name)?.to_string_lossy().into_owned()),
    }
}

/// What the functions are given.
struct Given {
    settings: Settings,
    admin_settings: latchkey_admin::settings::Settings,
    rules: Rules,
    /// API Gateway's control plane, or what stands for it.
    gateway: Option<Gateway>,
    machine: Machine,
}

async fn start(
    engine: &Engine,
    given: Given,
    address: SocketAddr,
) -> Result<(Arc<Server>, Vec<Line>), DevError> {
    let client = engine.client();
    create_table(&client, TABLE).await?;
    let Given {
        settings,
        admin_settings,
        rules,
        gateway,
        machine: Machine { clock, random },
    } = given;
    let store = Store::new(&client, TABLE, Patience::Embedded);
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
    let instance = u64::from_be_bytes(random.bytes()?);
    if let Some(gateway) = &gateway {
        let (store, gateway) = (store.clone(), gateway.clone());
        let reconciler = Reconciler::new(store, gateway, clock.clone(), rules, instance);
        tokio::spawn(reconciling::every_few_seconds(reconciler));
    } else {
        let deletions = Deletions::new(store.clone(), clock.clone(), instance);
        let clock = clock.clone();
        tokio::spawn(reconciling::deletions_every_few_seconds(deletions, clock));
    }
    let api_gateway = gateway.map(|gateway| {
        let sync = Sync::new(
            store.clone(),
            gateway,
            clock.clone(),
            admin_settings.key_cache,
        );
        let flush = admin_settings.flush_authorizer_caches;
        ApiGateway::new(sync, flush, admin_settings.managed_apis)
    });
    let admin = AdminState {
        store: store.clone(),
        clock: clock.clone(),
        random: random.clone(),
        api_gateway,
    };
    let server = Server {
        authorizer: Authorizer::start(settings, store, clock.clone()).await,
        rest,
        http,
        admin: ProxyApi {
            stage: ADMIN,
            router: latchkey_admin::router(admin),
        },
        decisions: Arc::default(),
        room: Semaphore::new(CALLS_AT_ONCE),
        clock,
        random,
    };
    let lines = demo.lines(&format!("http://{address}"));
    Ok((Arc::new(server), lines))
}

/// The console, which speaks to the admin API here as to any other.
fn pages(server: &Server, address: SocketAddr, here: InProcess) -> Result<Router, DevError> {
    let clock = server.clock.clone();
    let base = format!("http://{address}{}", server::ADMIN);
    Ok(console::router(Arc::new(Console {
        client: Client::new(&base, None, clock.clone()),
        guard: Guard::new(Entry::Open, address.port(), &server.random)?,
        clock,
        random: server.random.clone(),
        shows: format!("latchkey dev on {address} · {}", here.kept),
        here: Some(here),
    })))
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

/// The folder and the database in it.
fn open_engine(arguments: &Arguments) -> Result<(Option<DataFolder>, Engine), DevError> {
    if arguments.in_memory {
        return Ok((None, Engine::in_memory()?));
    }
    let folder = DataFolder::open(&arguments.data)?;
    let engine = Engine::open(&folder.database()?).map_err(|error| match error {
        EngineError::Open(text) => DevError::Database {
            folder: folder.path().to_owned(),
            what: text.split(". ").next().unwrap_or_default().to_owned(),
        },
        other => other.into(),
    })?;
    Ok((Some(folder), engine))
}

/// What is printed once, when everything is served.
fn announcement(
    address: SocketAddr,
    kept: &str,
    dynamodb: Option<SocketAddr>,
    lines: &[Line],
) -> String {
    let mut text = format!(
        "Latchkey runs on http://{address}, {kept}. Open that address in a browser; Ctrl-C ends it.\n"
    );
    if address.port() != USUAL_PORT {
        text += &format!("The command finds it by: export LATCHKEY_URL=http://{address}/admin\n");
    }
    if let Some(dynamodb) = dynamodb {
        text += &format!(
            "Its table, to the AWS CLI: AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any aws dynamodb scan --region us-east-1 --table-name {TABLE} --endpoint-url http://{dynamodb}\n"
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
