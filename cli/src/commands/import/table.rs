//! A table in chunks, and where their lines stand in the file.

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

use crate::failure::{Failure, Status};

/// Rows that one call takes (docs/admin-api.md, "Import and export").
const MAX_ROWS: usize = 1_000;
/// Bytes of a call: API Gateway hands Lambda up to 6 MB, coded.
const MAX_BYTES: usize = 3_000_000;

/// A table as it was read.
#[derive(Debug)]
pub(super) struct Table {
    header: StringRecord,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    /// Where it begins in the file, 1 being the header's line.
    line: u64,
    record: StringRecord,
}

/// Rows with the header, as one call takes them.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) text: String,
    /// Where its rows begin in it, and in the file.
    lines: Vec<(u64, u64)>,
}

impl Table {
    /// Rows without anything in them are passed over, as the API does.
    ///
    /// # Errors
    /// Where it is no table, or has no row.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let unreadable = |error: csv::Error| {
            Failure::new(Status::Usage, format!("the file is no table: {error}"))
        };
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(unreadable)?.clone();
        let mut rows = Vec::new();
        let mut lines = Lines::default();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let at = record.position().map_or(0, csv::Position::byte);
            let line = lines.at(text.as_bytes(), usize::try_from(at).unwrap_or(usize::MAX));
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                rows.push(Row { line, record });
            }
        }
        if rows.is_empty() {
            let message = "the file has no row: its first line names the columns, such as Name,key,description,Enabled,usageplanIds, and keys stand below";
            return Err(Failure::new(Status::Usage, message));
        }
        Ok(Self { header, rows })
    }

    /// The lines of all rows.
    pub(super) fn all(&self) -> Vec<u64> {
        self.rows.iter().map(|row| row.line).collect()
    }

    /// The rows of these lines, as many at a time as a call takes.
    ///
    /// # Errors
    /// The writer's; in memory there are none.
    pub(super) fn chunks(&self, lines: &[u64]) -> Result<Vec<Chunk>, Failure> {
        let mut chunks: Vec<Chunk> = Vec::new();
        let chosen = |row: &&Row| lines.binary_search(&row.line).is_ok();
        for row in self.rows.iter().filter(chosen) {
            let text = written(&row.record)?;
            let fits = |chunk: &&mut Chunk| {
                chunk.lines.len() < MAX_ROWS && chunk.text.len() + text.len() <= MAX_BYTES
            };
            if let Some(chunk) = chunks.last_mut().filter(fits) {
                chunk.push(row.line, &text);
            } else {
                let mut chunk = Chunk {
                    text: written(&self.header)?,
                    lines: Vec::new(),
                };
                chunk.push(row.line, &text);
                chunks.push(chunk);
            }
        }
        Ok(chunks)
    }
}

impl Chunk {
    fn push(&mut self, line: u64, text: &str) {
        let here = 1 + count_lines(self.text.as_bytes());
        self.lines.push((here, line));
        self.text.push_str(text);
    }

    /// The file's line of one of the chunk's.
    pub(super) fn line(&self, here: u64) -> u64 {
        let found = self.lines.iter().find(|(line, _)| *line == here);
        found.map_or(here, |(_, line)| *line)
    }
}

fn written(record: &StringRecord) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Status::NoAnswer, error);
    let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer
        .write_record(record)
        .map_err(|error| failed(&error))?;
    let text = writer.into_inner().map_err(|error| failed(&error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn count_lines(text: &[u8]) -> u64 {
    let ends = text.iter().filter(|byte| **byte == b'\n').count();
    u64::try_from(ends).unwrap_or(u64::MAX)
}

/// Finds lines by their bytes, going forward.
#[derive(Default)]
struct Lines {
    at: usize,
    ended: u64,
}

impl Lines {
    /// The line of what stands at or after `at`, behind empty lines.
    fn at(&mut self, text: &[u8], at: usize) -> u64 {
        let rest = text.get(at..).unwrap_or_default();
        let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let at = at.saturating_add(empty.count());
        self.ended += count_lines(text.get(self.at..at).unwrap_or_default());
        self.at = at;
        1 + self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_s_lines_are_the_file_s() {
        let text = "Name,key\n\na,1\n\"b\nb\",2\n , \r\nc,3\r\n";
        let table = Table::read(text).unwrap();
        assert_eq!(table.all(), [3, 4, 7]);
        let chunks = table.chunks(&table.all()).unwrap();
        assert_eq!(chunks[0].text, "Name,key\na,1\n\"b\nb\",2\nc,3\n");
        assert_eq!([2, 3, 5].map(|line| chunks[0].line(line)), [3, 4, 7]);
        let left = table.chunks(&[7]).unwrap();
        assert_eq!(left[0].text, "Name,key\nc,3\n");
        assert_eq!(left[0].line(2), 7);
    }

    #[test]
    fn a_thousand_rows_are_one_chunk_and_each_has_the_header() {
        let text = format!("Name\n{}", "a\n".repeat(2_500));
        let table = Table::read(&text).unwrap();
        let chunks = table.chunks(&table.all()).unwrap();
        let rows: Vec<usize> = chunks.iter().map(|chunk| chunk.lines.len()).collect();
        assert_eq!(rows, [1_000, 1_000, 500]);
        assert!(
            chunks
                .iter()
                .all(|chunk| chunk.text.starts_with("Name\na\n"))
        );
        assert_eq!(chunks[2].line(2), 2_002);
    }

    #[test]
    fn a_table_without_rows_is_told() {
        for text in ["", "Name,key\n", "Name\n\n"] {
            assert_eq!(
                Table::read(text).unwrap_err().status,
                Status::Usage,
                "{text}"
            );
        }
    }
}
