//! `latchkey import`: keys of a table, in chunks that the admin API takes, with one report.
//!
//! Where a wrong row shall let nothing be written, all chunks are tried before the first is
//! written: what the API promises of a call holds for the file. Rows that had no time are sent
//! again, as long as that brings any further.

mod report;
mod table;

use std::{
    io::Read as _,
    path::{Path as FilePath, PathBuf},
};

use self::{
    report::{Report, Told},
    table::{Chunk, Table},
};
use super::{Machine, Options, Session, progress::Progress, value::ValueFile};
use crate::{
    client::{Path, Query},
    failure::{Failure, Status},
};

/// Make keys of a table (CSV): API Gateway's file of API keys, or an export
///
/// Keys that are there already stay as they are, so that the same file can be imported again.
/// Ends with 1 where a row is wrong or was not written.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey import keys.csv --dry-run
  latchkey import keys.csv --values-to values.csv
  latchkey export --stack old --hashes | latchkey import - --stack new")]
pub(crate) struct Arguments {
    /// The table, or - for standard input
    file: PathBuf,
    /// Write nothing, only tell
    #[arg(long)]
    dry_run: bool,
    /// What is written where a row is wrong: none, or the valid rows
    #[arg(long, value_parser = ["none", "valid"], default_value = "none")]
    on_error: String,
    /// Write generated values to a new file (CSV) that only you can read, instead of standard output
    #[arg(long, value_name = "FILE")]
    values_to: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// # Errors
/// [`Failure`], also where a row is wrong or was not written.
pub(super) async fn run(arguments: Arguments, machine: Machine) -> Result<(), Failure> {
    let table = Table::read(&text(&arguments.file)?)?;
    let values = arguments.values_to.as_deref();
    let values = values.map(ValueFile::create).transpose()?;
    let session = Session::open(&arguments.options, machine).await?;
    let only_told = arguments.dry_run;
    if only_told || arguments.on_error == "none" {
        let tried = tried(&session, &table).await?;
        if only_told || tried.is_wrong() {
            return tried.print(&session.printer);
        }
    }
    let mut report = Report::new(values);
    let written = write(&session, &table, &mut report).await;
    // What was done before a failure is told, too.
    let printed = report.print(&session.printer);
    written.and(printed)
}

fn text(file: &FilePath) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == FilePath::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    let read = read.map(|_| text);
    read.map_err(|error| Failure::new(Status::Usage, format!("{}: {error}", file.display())))
}

/// Every row as it would be written.
async fn tried(session: &Session, table: &Table) -> Result<Report, Failure> {
    let mut report = Report::dry();
    let mut progress = Progress::of("rows looked at");
    for chunk in table.chunks(&table.all())? {
        report.add(&chunk, send(session, &chunk, ("dryRun", "true")).await?)?;
        progress.at(report.rows());
    }
    Ok(report)
}

/// Every row. Those that were tried are right, unless somebody else came between.
async fn write(session: &Session, table: &Table, report: &mut Report) -> Result<(), Failure> {
    let mut progress = Progress::of("rows imported");
    let mut rows = table.all();
    while !rows.is_empty() {
        for chunk in table.chunks(&rows)? {
            report.add(&chunk, send(session, &chunk, ("onError", "valid")).await?)?;
            progress.at(report.rows());
        }
        let left = report.left(&rows);
        if left.len() == rows.len() {
            break;
        }
        rows = left;
    }
    Ok(())
}

async fn send(
    session: &Session,
    chunk: &Chunk,
    (name, value): (&'static str, &str),
) -> Result<Told, Failure> {
    let query = Query::default().with(name, Some(value));
    let path = Path::of(&["v1", "import"]).with(&query);
    let csv = [("content-type", "text/csv")];
    let answer = session.post_with(&path, &csv, chunk.text.clone()).await?;
    Ok(answer.read()?)
}
