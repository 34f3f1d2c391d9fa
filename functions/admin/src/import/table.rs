//! A table's rows, each a line with its cells. Its form alone is read here.

use ::csv::{ReaderBuilder, StringRecord, Trim};

use super::columns::Column;
use crate::{
    csv::unguarded,
    faults::{Fault, Faults},
};

/// Rows that one call takes.
pub(super) const MAX_ROWS: usize = 1_000;

/// A row: what stands in the columns that it fills. It may hold a key value.
pub(super) struct Row {
    /// The line of the file in which it begins, 1 being the header's.
    pub(super) line: u64,
    /// In the order of the columns; none is empty.
    pub(super) cells: Result<Vec<(Column, String)>, Faults>,
}

/// Reads a table. Rows without anything in them are passed over.
///
/// # Errors
/// Where there are no rows or too many, or the header cannot be read. What is wrong with a row
/// is told in it.
pub(super) fn read(text: &str) -> Result<Vec<Row>, Faults> {
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::Headers)
        .from_reader(text.as_bytes());
    let unreadable = |_| Faults::from(Fault::at("", "is not a table: see RFC 4180"));
    let header = reader.headers().map_err(unreadable)?.clone();
    if header.iter().all(str::is_empty) {
        return Err(Fault::at("", "is empty: its first line must name the columns").into());
    }
    let columns = Column::read_all(header.iter())?;
    let mut lines = Lines::of(text);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if rows.len() == MAX_ROWS {
            let detail = format!("has more than {MAX_ROWS} rows: send them in several calls");
            return Err(Fault::at("", detail).into());
        }
        let line = lines.at(record.position().map_or(0, ::csv::Position::byte));
        let cells = cells(&columns, &record);
        rows.push(Row { line, cells });
    }
    if rows.is_empty() {
        return Err(Fault::at("", "has no row below its header").into());
    }
    Ok(rows)
}

fn cells(columns: &[Column], record: &StringRecord) -> Result<Vec<(Column, String)>, Faults> {
    let mut cells: Vec<String> = record.iter().map(|cell| trimmed(cell).to_owned()).collect();
    let plans = columns
        .iter()
        .position(|column| *column == Column::UsagePlanIds);
    if let Some(at) = plans {
        join_quoted(&mut cells, at);
    }
    while cells.len() > columns.len() && cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    if cells.len() != columns.len() {
        let detail = format!(
            "has {} of the {} cells that the header has: a cell with a comma stands in double quotes, and each quote is closed",
            cells.len(),
            columns.len()
        );
        return Err(Fault::at("", detail).into());
    }
    let filled = columns.iter().copied().zip(cells);
    Ok(filled.filter(|(_, cell)| !cell.is_empty()).collect())
}

/// A cell without blanks around it, but for those that an export has put a guard before.
fn trimmed(cell: &str) -> &str {
    if unguarded(cell).len() < cell.len() {
        return cell;
    }
    cell.trim()
}

/// API Gateway takes a list of plans in single quotes too, and people put a blank before the
/// double ones: neither is a quoted cell to RFC 4180, so that the list was split.
fn join_quoted(cells: &mut Vec<String>, first: usize) {
    for quote in ['\'', '"'] {
        let opens = |cell: &String| cell.starts_with(quote);
        if !cells.get(first).is_some_and(opens) {
            continue;
        }
        let closes = |cell: &String| cell.len() > 1 && cell.trim_end().ends_with(quote);
        let behind = cells.iter().skip(first).position(closes);
        if let Some(more) = behind {
            let list: Vec<String> = cells.drain(first..=first + more).collect();
            let list = list.join(",");
            cells.insert(first, list.trim().trim_matches(quote).to_owned());
        }
    }
}

/// Finds lines by their bytes, going forward.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line of the first byte from `byte` on that ends no line.
    fn at(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some((first, rest)) = self.text.get(self.at..).and_then(<[u8]>::split_first) {
            let ends = match first {
                b'\n' => true,
                b'\r' => rest.first() != Some(&b'\n'),
                _ if self.at >= byte => break,
                _ => false,
            };
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let shown = |row: &Row| match &row.cells {
            Ok(cells) => {
                let cells = cells
                    .iter()
                    .map(|(column, cell)| format!("{}={cell}", column.name()));
                format!("{}: {}", row.line, cells.collect::<Vec<_>>().join(" "))
            }
            Err(faults) => format!("{}! {faults}", row.line),
        };
        match read(text) {
            Ok(rows) => rows.iter().map(shown).collect(),
            Err(faults) => faults.told().iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        for end in ["\n", "\r\n", "\r"] {
            let lines = [
                "KEY , name",
                "",
                "a,b",
                " , ",
                "\"x",
                "y\",z",
                "c,d",
                "",
                "",
            ];
            assert_eq!(
                shown(&lines.join(end)),
                [
                    "3: key=a Name=b".to_owned(),
                    format!("5: key=x{end}y Name=z"),
                    "7: key=c Name=d".to_owned()
                ]
            );
        }
    }

    #[test]
    fn a_list_of_plans_may_be_quoted_in_any_way() {
        for list in [
            "\"p1,p2\"",
            "'p1,p2'",
            " \"p1,p2\"",
            " 'p1, p2' ",
            "\"'p1,p2'\"",
        ] {
            let rows = shown(&format!("name,UsagePlanIds,description\nn,{list},d"));
            assert_eq!(
                rows[0].replace(' ', ""),
                "2:Name=nusageplanIds=p1,p2description=d"
            );
        }
        assert_eq!(
            shown("name,usageplanids\nn,'p1'"),
            ["2: Name=n usageplanIds=p1"]
        );
        assert_eq!(
            shown("name,usageplanids\nn,'p1"),
            ["2: Name=n usageplanIds='p1"]
        );
    }

    #[test]
    fn rows_are_as_long_as_the_header() {
        assert_eq!(shown("name,key\nn,k,,"), ["2: Name=n key=k"]);
        for row in ["n", "n,k,x"] {
            let told = &shown(&format!("name,key\n{row}"))[0];
            assert!(told.starts_with("2! the body: has "), "{told}");
        }
    }

    #[test]
    fn what_is_no_table_of_keys_is_refused() {
        for (text, told) in [
            (
                "",
                "the body: is empty: its first line must name the columns",
            ),
            (
                "\n\n",
                "the body: is empty: its first line must name the columns",
            ),
            ("name,key\n", "the body: has no row below its header"),
            ("name,key\n,\n ,\n", "the body: has no row below its header"),
            ("name,Name\na,b", "line 1, Name: is named twice"),
            (
                "value\na",
                "line 1, value: is called key here, as in API Gateway's files",
            ),
            (
                "name,\na,",
                "line 1, : has no name: give each column one, or take it out",
            ),
            (
                "name;key\na;b",
                "line 1, name;key: must be names with commas between them",
            ),
        ] {
            assert_eq!(shown(text), [told], "{text:?}");
        }
        let unknown = shown("name,tier\na,b").remove(0);
        assert!(unknown.starts_with("line 1, tier: unknown column; known here: Name, key, "));
        let value = shown("an-old-key-of-a-customer\na").remove(0);
        assert!(
            !value.contains("customer,") && value.starts_with("line 1, an-old-k…"),
            "{value}"
        );
        let rows = |count: usize| format!("name\n{}", "a\n".repeat(count));
        assert_eq!(read(&rows(MAX_ROWS)).map(|rows| rows.len()), Ok(MAX_ROWS));
        let told = shown(&rows(MAX_ROWS + 1)).remove(0);
        assert_eq!(
            told,
            "the body: has more than 1000 rows: send them in several calls"
        );
    }
}
