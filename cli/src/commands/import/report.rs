//! What became of a file, in one report.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{
        Cell, Output, Printer, column,
        output::{print, print_once},
        say,
        value::ValueFile,
    },
    table::Chunk,
};
use crate::{
    client::{ClientError, ImportedRow},
    failure::{Failure, Status},
};

/// What is read of an answer: a row for each of the chunk's.
#[derive(Deserialize)]
pub(super) struct Told {
    items: Vec<Map<String, Value>>,
}

/// What became of each row, by its line in the file.
#[derive(Default)]
pub(super) struct Report {
    is_dry: bool,
    items: BTreeMap<u64, (ImportedRow, Value)>,
    /// Where generated values go instead of standard output.
    values: Option<ValueFile>,
    is_value_written: bool,
}

impl Report {
    pub(super) fn new(values: Option<ValueFile>) -> Self {
        Self {
            values,
            ..Self::default()
        }
    }

    /// Of rows that are not written, only looked at.
    pub(super) fn dry() -> Self {
        Self {
            is_dry: true,
            ..Self::default()
        }
    }

    /// Adds what became of a chunk. Values are in their file before the next one is sent.
    pub(super) fn add(&mut self, chunk: &Chunk, told: Told) -> Result<(), Failure> {
        for mut item in told.items {
            let here = item.get("line").and_then(Value::as_u64).unwrap_or_default();
            let line = chunk.line(here);
            item.insert("line".to_owned(), line.into());
            let row = ImportedRow::deserialize(&item)
                .map_err(|_| ClientError::Unreadable { line: 0, column: 0 })?;
            if let (Some(values), Some(value)) = (&mut self.values, &row.value) {
                if !self.is_value_written {
                    values.append("line,keyId,value")?;
                    self.is_value_written = true;
                }
                let id = row.key_id.as_deref().unwrap_or_default();
                values.append(&format!("{line},{id},{value}"))?;
                item.remove("value");
            }
            self.items.insert(line, (row, item.into()));
        }
        Ok(())
    }

    pub(super) fn rows(&self) -> u64 {
        u64::try_from(self.items.len()).unwrap_or(u64::MAX)
    }

    fn count(&self, status: &str) -> usize {
        let rows = self.items.values();
        rows.filter(|(row, _)| row.status == status).count()
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.count("invalid") > 0
    }

    /// Those of the lines for which there was no time, and with which nothing is wrong.
    pub(super) fn left(&self, lines: &[u64]) -> Vec<u64> {
        let is_left = |line: &&u64| {
            let row = self.items.get(line).map(|(row, _)| row);
            row.is_some_and(|row| row.status == "notWritten" && row.errors.is_empty())
        };
        lines.iter().filter(is_left).copied().collect()
    }

    /// Prints it.
    ///
    /// # Errors
    /// Where a row is wrong or was not written, or the report cannot be printed.
    pub(super) fn print(self, printer: &Printer) -> Result<(), Failure> {
        let summary = self.summary();
        let has_values =
            self.values.is_none() && self.items.values().any(|(row, _)| row.value.is_some());
        let print = if has_values { print_once } else { print };
        match printer.output {
            Output::Json => print(&printer.text_of_json(&self.json())?)?,
            Output::Csv => print(&self.table(printer, has_values, |_| true)?)?,
            Output::Table => {
                let is_shown = |row: &ImportedRow| {
                    let is_left = row.status == "notWritten" && !self.is_dry;
                    (has_values && row.value.is_some()) || !row.errors.is_empty() || is_left
                };
                if self.items.values().any(|(row, _)| is_shown(row)) {
                    print(&self.table(printer, has_values, is_shown)?)?;
                }
                print(&format!("{summary}\n"))?;
            }
        }
        if printer.output != Output::Table {
            say(&summary);
        }
        if has_values {
            say("Values are shown this once: only their hashes are kept.");
        } else if let (Some(values), true) = (&self.values, self.is_value_written) {
            say(&format!(
                "Generated values are in {values}: they are shown this once."
            ));
        }
        let is_unwritten = !self.is_dry && self.count("notWritten") > 0;
        if self.is_wrong() || is_unwritten {
            return Err(Failure::new(Status::Refused, ""));
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let rows = self.items.len();
        let of = |status| self.count(status);
        let (invalid, left) = (of("invalid"), of("notWritten"));
        if self.is_dry {
            let existing = of("exists");
            return format!(
                "{rows} rows: {left} would be written, {existing} are there, {invalid} are wrong. Nothing was written{}",
                self.advice()
            );
        }
        let (created, existing) = (of("created"), of("exists"));
        format!(
            "{rows} rows: {created} created, {existing} there before, {invalid} wrong, {left} not written."
        )
    }

    /// What to do about rows that are wrong.
    fn advice(&self) -> &'static str {
        if self.is_wrong() {
            ": correct them, or leave them out with --on-error valid."
        } else {
            "."
        }
    }

    fn json(&self) -> String {
        let items: Vec<&Value> = self.items.values().map(|(_, item)| item).collect();
        let mut report = json!({
            "rows": items.len(),
            "created": self.count("created"),
            "existing": self.count("exists"),
            "invalid": self.count("invalid"),
            "notWritten": self.count("notWritten"),
            "items": items,
        });
        if self.is_dry {
            report["dryRun"] = true.into();
        }
        report.to_string()
    }

    fn table(
        &self,
        printer: &Printer,
        has_values: bool,
        is_shown: impl Fn(&ImportedRow) -> bool,
    ) -> Result<String, Failure> {
        let mut columns = vec![
            column("LINE", "line"),
            column("STATUS", "status"),
            column("KEY", "keyId"),
        ];
        if has_values {
            columns.push(column("VALUE", "value"));
        }
        columns.push(column("WHAT IS WRONG", "errors"));
        let rows = self.items.values().map(|(row, _)| row);
        let rows = rows.filter(|row| is_shown(row)).map(|row| {
            let mut cells = vec![
                Cell::number(row.line),
                status(&row.status),
                Cell::of(row.key_id.as_ref(), Cell::text),
            ];
            if has_values {
                cells.push(Cell::of(row.value.as_ref(), Cell::text));
            }
            let wrong = row.errors.iter().map(|error| match &error.field {
                Some(field) => format!("{field}: {}", error.detail),
                None => error.detail.clone(),
            });
            cells.push(Cell::List(wrong.collect()));
            cells
        });
        printer.text_of_rows(&columns, rows.collect())
    }
}

fn status(status: &str) -> Cell {
    match status {
        "created" | "exists" => Cell::Good(status.to_owned()),
        _ => Cell::Bad(status.to_owned()),
    }
}
