//! What is measured: the floors, Latchkey's kinds of call, and what people write instead.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    bound::Calls,
    outcome::Outcome,
    process::Program,
    runtime_api::{Event, Said},
    table::{Events, PEERS, TABLE},
};

/// Whose row it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    /// What no function can go below, and one that does nothing as most people write it.
    Floor,
    Latchkey,
    /// What people write instead.
    Peer,
}

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) side: Side,
    pub(crate) program: Program,
    /// What is deployed, and counts as its size.
    deployed: Vec<PathBuf>,
    /// Sent in turn, from the first again after the last.
    pub(crate) events: Vec<Event>,
    pub(crate) expected: Said,
    pub(crate) dynamodb: Calls,
}

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) authorizer: PathBuf,
    pub(crate) floors: PathBuf,
    pub(crate) peers: PathBuf,
    pub(crate) python: PathBuf,
}

/// What every function is told of DynamoDB and its certificate.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) endpoint: String,
    pub(crate) authority: PathBuf,
    pub(crate) bundle: PathBuf,
    pub(crate) amazon: PathBuf,
}

impl Surroundings {
    fn program(
        &self,
        command: impl IntoIterator<Item = impl Into<OsString>>,
        own: &[(&str, &str)],
    ) -> Program {
        let bundle = self.bundle.display().to_string();
        let all = [
            ("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint.as_str()),
            ("SSL_CERT_FILE", &bundle),
            ("AWS_CA_BUNDLE", &bundle),
            ("NODE_EXTRA_CA_CERTS", &self.authority.display().to_string()),
        ];
        Program::new(command, all.iter().chain(own))
    }
}

pub(crate) const BARE: &str = "bare loop over a socket";
pub(crate) const EMPTY: &str = "empty Rust function";
pub(crate) const READING: &str = "empty Rust function, event read as JSON";
pub(crate) const LEASED: &str = "leased call";
pub(crate) const WHOLE: &str = "leased call, whole event of a REST API";
pub(crate) const LOGGED: &str = "leased call, each logged";
pub(crate) const NEW_LEASE: &str = "new lease each call";
pub(crate) const FIRST_SIGHT: &str = "first sight of a key";
/// Measured once, beside the sections.
pub(crate) const REMEMBERED: &str = "ten thousand keys seen";
pub(crate) const UNKNOWN: &str = "unknown key";
pub(crate) const MALFORMED: &str = "malformed key";
pub(crate) const DENIED: &str = "denied from memory";
pub(crate) const PYTHON: &str = "Python, boto3";
/// The peers that Latchkey is to be ahead of everywhere.
pub(crate) const WRITTEN_INSTEAD: [&str; 4] = [
    "Rust, aws-config",
    "Go, aws-sdk-go-v2",
    "Node, AWS SDK v3",
    PYTHON,
];

/// All rows, floors first.
pub(crate) fn all(places: &Places, around: &Surroundings, events: &Events) -> Vec<Row> {
    let mut rows = floors(places, around, events);
    rows.extend(latchkey(places, around, events));
    rows.extend(peers(places, around, events));
    rows
}

fn floors(places: &Places, around: &Surroundings, events: &Events) -> Vec<Row> {
    let floor = |name, file: &str| {
        let binary = places.floors.join(file);
        Row {
            name,
            side: Side::Floor,
            program: around.program([&binary], &[]),
            deployed: vec![binary],
            events: vec![events.open.clone()],
            expected: Said::Allow,
            dynamodb: Calls::Exactly(0),
        }
    };
    vec![
        floor(BARE, "bare-loop"),
        floor(EMPTY, "empty-function"),
        floor(READING, "reading-function"),
    ]
}

fn latchkey(places: &Places, around: &Surroundings, events: &Events) -> Vec<Row> {
    let row = |name, settings: &[(&str, &str)], events, expected, dynamodb| {
        let trusted = around.amazon.display().to_string();
        let always = [("TABLE_NAME", TABLE), ("SSL_CERT_FILE", &trusted)];
        let own = [&always, settings].concat();
        Row {
            name,
            side: Side::Latchkey,
            program: around.program([&places.authorizer], &own),
            deployed: vec![places.authorizer.clone()],
            events,
            expected,
            dynamodb,
        }
    };
    let quiet: &[(&str, &str)] = &[("LOG_LEVEL", "error")];
    let one_by_one: &[(&str, &str)] = &[("LOG_LEVEL", "error"), ("LEASE_MAX", "1")];
    let open = || vec![events.open.clone()];
    let leased = Calls::OnAverage(0.02);
    vec![
        row(LEASED, quiet, open(), Said::Allow, leased),
        row(LOGGED, &[], open(), Said::Allow, leased),
        row(
            WHOLE,
            quiet,
            vec![events.whole.clone()],
            Said::Allow,
            leased,
        ),
        row(
            NEW_LEASE,
            one_by_one,
            open(),
            Said::Allow,
            Calls::Exactly(1),
        ),
        row(
            FIRST_SIGHT,
            quiet,
            events.fresh.clone(),
            Said::Allow,
            Calls::AtMost(2),
        ),
        row(
            UNKNOWN,
            quiet,
            events.unknown.clone(),
            Said::Deny,
            Calls::Exactly(1),
        ),
        row(
            MALFORMED,
            quiet,
            vec![events.malformed.clone()],
            Said::Deny,
            Calls::Exactly(0),
        ),
        row(
            DENIED,
            quiet,
            vec![events.shut.clone()],
            Said::Deny,
            Calls::Exactly(0),
        ),
    ]
}

fn peers(places: &Places, around: &Surroundings, events: &Events) -> Vec<Row> {
    let table = ("TABLE_NAME", PEERS);
    let peer = |name, program, deployed| Row {
        name,
        side: Side::Peer,
        program,
        deployed,
        events: vec![events.peer.clone()],
        expected: Said::Allow,
        dynamodb: Calls::Exactly(3),
    };
    let [rust, go, node, python] = WRITTEN_INSTEAD;
    let built = |file: &str| places.peers.join(file);
    let script = built("node.cjs");
    let task = Path::new("benchmarks/peers/python");
    let interpreter = [
        places.python.join("bin/python").into_os_string(),
        "-m".into(),
        "awslambdaric".into(),
        "authorizer.handler".into(),
    ];
    let root = task.display().to_string();
    vec![
        peer(
            rust,
            around.program([built("rust")], &[table]),
            vec![built("rust")],
        ),
        peer(
            go,
            around.program([built("go")], &[table]),
            vec![built("go")],
        ),
        peer(
            node,
            around.program([OsString::from("node"), script.clone().into()], &[table]),
            vec![script],
        ),
        peer(
            python,
            around.program(
                interpreter,
                &[table, ("PYTHONPATH", &root), ("LAMBDA_TASK_ROOT", &root)],
            ),
            vec![task.to_owned(), places.python.join("lib")],
        ),
    ]
}

impl Row {
    /// The first sight of each of these keys, after which all of them are remembered.
    pub(crate) fn remembering(self, events: Vec<Event>) -> Self {
        Self {
            name: REMEMBERED,
            events,
            // Of ten thousand charges one may be sent again: what is looked for is memory.
            dynamodb: Calls::OnAverage(2.1),
            ..self
        }
    }

    /// Whether all of it is there.
    pub(crate) fn is_built(&self) -> bool {
        self.deployed.iter().all(|path| path.exists())
    }

    /// What is deployed, in bytes. An interpreter is not in it: Lambda has it.
    pub(crate) fn bytes(&self) -> Outcome<u64> {
        self.deployed.iter().map(|path| bytes_in(path)).sum()
    }
}

fn bytes_in(path: &Path) -> Outcome<u64> {
    if !path.is_dir() {
        return Ok(fs::metadata(path)?.len());
    }
    // pip itself is not deployed.
    let is_deployed = |path: &Path| !path.ends_with("pip") && !path.ends_with("setuptools");
    let entries = fs::read_dir(path)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .filter(|path| path.as_ref().map_or(true, |path| is_deployed(path)))
        .map(|path| bytes_in(&path?))
        .sum()
}
