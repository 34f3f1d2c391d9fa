//! Tables for spreadsheets, with the cells that the admin API's own have: none is a formula.

use super::{Cell, Column};
use crate::failure::{Failure, Status};

pub(super) fn table(columns: &[Column], rows: Vec<Vec<Cell>>) -> Result<String, Failure> {
    let header: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let rows = rows
        .into_iter()
        .map(|row| row.into_iter().map(Cell::full).collect::<Vec<_>>());
    let table = latchkey_admin::csv::table(&header, rows);
    let table = table.map_err(|error| Failure::new(Status::NoAnswer, error))?;
    Ok(String::from_utf8_lossy(&table).into_owned())
}
