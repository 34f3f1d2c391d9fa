//! Tables for spreadsheets: RFC 4180, with cells that no spreadsheet takes for a formula.

use std::borrow::Cow;

use ::csv::{Error, QuoteStyle, Terminator, WriterBuilder};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

/// The media type of a table.
const MEDIA_TYPE: &str = "text/csv; charset=utf-8";

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Somebody's words.
    Text(Cow<'a, str>),
    /// A number, which may be below 0.
    Number(i128),
    /// Nothing is known or meant.
    Empty,
}

impl<'a> Cell<'a> {
    /// A cell with these words.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    fn written(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => guarded(text),
            Self::Number(number) => number.to_string().into(),
            Self::Empty => Cow::Borrowed(""),
        }
    }
}

/// Words as a spreadsheet takes them: those that it would take for a formula get an
/// apostrophe in front (OWASP, "CSV Injection"), and so do those with blanks around them, which
/// an import would cut off, and those that look as if they had got one.
fn guarded(text: Cow<'_, str>) -> Cow<'_, str> {
    if is_formula(text.trim_start_matches('\'')) {
        return format!("'{text}").into();
    }
    text
}

/// Words as they were before a table was made of them.
pub(crate) fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(words) if is_formula(words.trim_start_matches('\'')) => words,
        _ => text,
    }
}

/// Signs that begin a formula, also as East Asian spreadsheets write them.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

fn is_formula(words: &str) -> bool {
    words.starts_with(SIGNS)
        || words.starts_with(char::is_whitespace)
        || words.ends_with(char::is_whitespace)
}

/// Whether a spreadsheet that knows other separators than the comma would begin a new cell
/// inside these words, were they not in quotes.
fn is_split_elsewhere(words: &str) -> bool {
    words.contains([';', '\t', '|'])
}

/// A table: its header row and its rows, each line ended by CR and LF.
///
/// # Errors
/// The writer's; in memory there are none.
pub fn table<'a, R>(header: &[&str], rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>, Error>
where
    R: IntoIterator<Item = Cell<'a>>,
{
    let mut table = Vec::new();
    write_row(&mut table, header)?;
    for row in rows {
        let cells: Vec<Cow<'_, str>> = row.into_iter().map(Cell::written).collect();
        write_row(&mut table, &cells)?;
    }
    Ok(table)
}

fn write_row(table: &mut Vec<u8>, cells: &[impl AsRef<str>]) -> Result<(), Error> {
    let split = cells.iter().any(|cell| is_split_elsewhere(cell.as_ref()));
    let quoted = if split {
        QuoteStyle::Always
    } else {
        QuoteStyle::Necessary
    };
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(quoted)
        .from_writer(table);
    writer.write_record(cells.iter().map(|cell| cell.as_ref().as_bytes()))?;
    writer.flush()?;
    Ok(())
}

/// A table as it is answered.
pub(crate) fn answer(table: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, MEDIA_TYPE)], table).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_each_reads_back() {
        let words = [
            "plain",
            "=1+2",
            "+1",
            "-1",
            "@x",
            "\tx",
            "\rx",
            "a,\"b\"\r\nc",
            "a=1",
            "'=1+2",
            "''-1",
            "'a",
            "＝1+2",
            " =1+2",
            "\n=1+2",
            "\u{a0}=1+2",
            "' =1",
            "blanks behind ",
            "a;=1+2",
            "a|=1+2",
            "",
        ];
        let rows = words.map(|word| [Cell::text(word), Cell::Number(-7), Cell::Empty]);
        let table = table(&["a", "b", "c"], rows).unwrap();
        assert!(table.starts_with(b"a,b,c\r\nplain,-7,\r\n'=1+2,-7,\r\n"));
        let mut reader = ::csv::Reader::from_reader(table.as_slice());
        for (word, row) in words.iter().zip(reader.records()) {
            let row = row.unwrap();
            let told = &row[0];
            assert_eq!(unguarded(told), *word);
            let begins = |c: char| "=+-@＝＋－＠".contains(c) || c.is_whitespace();
            assert!(!told.starts_with(begins), "{told}");
        }
        let table = String::from_utf8(table).unwrap();
        for quoted in ["\"a;=1+2\",\"-7\",\"\"\r\n", "\"a|=1+2\","] {
            assert!(table.contains(quoted), "{table}");
        }
    }
}
