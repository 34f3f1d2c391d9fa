//! What a command prints: a table for people, JSON as it came, or a table for spreadsheets.

mod cell;
mod csv;
mod json;
mod screen;
mod table;

use std::{
    fs::{File, Metadata},
    io::{ErrorKind, Read as _, Write as _},
    os::{fd::AsFd as _, unix::fs::MetadataExt as _},
};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub(crate) use self::{cell::Cell, screen::Screen};
use crate::{
    client::{ClientError, read},
    failure::{Failure, Status},
};

/// How it is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people: dates and numbers short, as wide as the terminal
    #[default]
    Table,
    /// The answer as it came; a list is one array
    Json,
    /// The columns of the table, for spreadsheets
    Csv,
}

/// A column: what stands above it, and its name in CSV.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) name: &'static str,
}

/// Short for a [`Column`].
pub(crate) const fn column(title: &'static str, name: &'static str) -> Column {
    Column { title, name }
}

/// The columns of a kind of thing, and its cells in them.
pub(crate) struct Sheet<T> {
    pub(crate) columns: Vec<Column>,
    pub(crate) row: Row<T>,
}

/// The cells of one thing.
pub(crate) type Row<T> = Box<dyn Fn(&T) -> Vec<Cell>>;

/// A field of one thing, and what stands there.
pub(crate) type Detail = (&'static str, Cell);

/// Prints to standard output.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    pub(crate) output: Output,
    pub(crate) screen: Screen,
}

impl Printer {
    /// A list of `T`.
    ///
    /// # Errors
    /// Where an item is none, or nothing can be written.
    pub(crate) fn list<T: DeserializeOwned>(
        &self,
        sheet: &Sheet<T>,
        items: &[Box<RawValue>],
    ) -> Result<(), Failure> {
        if self.output == Output::Json {
            return print(&json::list(items)?);
        }
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            rows.push((sheet.row)(&read(item.get())?));
        }
        self.rows(&sheet.columns, rows)
    }

    /// Rows that are no list of the admin API's.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub(crate) fn rows(&self, columns: &[Column], rows: Vec<Vec<Cell>>) -> Result<(), Failure> {
        print(&self.text_of_rows(columns, rows)?)
    }

    /// What [`Self::rows`] prints.
    ///
    /// # Errors
    /// The writer's of CSV; in memory there are none.
    pub(crate) fn text_of_rows(
        &self,
        columns: &[Column],
        rows: Vec<Vec<Cell>>,
    ) -> Result<String, Failure> {
        match self.output {
            Output::Csv => csv::table(columns, rows),
            Output::Table | Output::Json => Ok(table::rows(self.screen, columns, rows)),
        }
    }

    /// One `T`: as a row in CSV, with `details` in a table.
    ///
    /// # Errors
    /// Where it is none, or nothing can be written.
    pub(crate) fn one<T: DeserializeOwned>(
        &self,
        sheet: &Sheet<T>,
        body: &str,
        details: impl FnOnce(&T) -> Vec<Detail>,
    ) -> Result<(), Failure> {
        match self.output {
            Output::Json => self.json(body),
            Output::Csv => self.rows(&sheet.columns, vec![(sheet.row)(&read(body)?)]),
            Output::Table => self.details(details(&read(body)?)),
        }
    }

    /// Fields below one another; those with nothing in them are left out.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub(crate) fn details(&self, details: Vec<Detail>) -> Result<(), Failure> {
        print(&table::details(self.screen, details))
    }

    /// A JSON text, indented.
    ///
    /// # Errors
    /// Where it is none, or nothing can be written.
    pub(crate) fn json(&self, body: &str) -> Result<(), Failure> {
        print(&self.text_of_json(body)?)
    }

    /// What [`Self::json`] prints.
    ///
    /// # Errors
    /// Where it is none.
    pub(crate) fn text_of_json(&self, body: &str) -> Result<String, ClientError> {
        json::one(body)
    }
}

/// To standard output. That nobody reads on (`| head`) is no failure.
///
/// # Errors
/// Where it cannot be written, such as to a full disk.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match write(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| unwritten(&error)),
    }
}

/// What nobody can read again: that nobody reads on is a failure, too.
///
/// # Errors
/// Where it was not written.
pub(crate) fn print_once(text: &str) -> Result<(), Failure> {
    if is_closed() {
        return Err(unwritten(&"it is closed"));
    }
    write(text).map_err(|error| unwritten(&error))
}

fn write(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Whether standard output was closed (`>&-`) when the command began. Rust's library opens
/// /dev/null in its place, for reading too, which `> /dev/null` does not.
fn is_closed() -> bool {
    let Ok(stdout) = std::io::stdout().as_fd().try_clone_to_owned() else {
        return true;
    };
    let mut stdout = File::from(stdout);
    let device = |metadata: Metadata| metadata.rdev();
    let null = std::fs::metadata("/dev/null").map(device).ok();
    let is_null = null.is_some() && stdout.metadata().map(device).ok() == null;
    is_null && stdout.read(&mut [0]).is_ok()
}

fn unwritten(error: &dyn std::fmt::Display) -> Failure {
    let message = format!("standard output cannot be written: {error}");
    Failure::new(Status::NoAnswer, message)
}

/// A sentence to standard error: what was done, for people.
pub(crate) fn say(sentence: &str) {
    // Where nobody listens, nothing is lost.
    let _ = writeln!(std::io::stderr(), "{sentence}");
}
