//! What stands in a cell, in full for spreadsheets and short for people.

use latchkey_admin::csv::Cell as InCsv;

use crate::visible::visible;

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing is known or meant.
    Empty,
    /// Somebody's words.
    Text(String),
    /// Several of them.
    List(Vec<String>),
    /// A number, which stands to the right.
    Number(String),
    /// An instant, RFC 3339.
    Instant(String),
    /// An instant of which the day is enough for people.
    Day(String),
    /// A word that is as it should be.
    Good(String),
    /// A word to look at.
    Bad(String),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string())
    }

    pub(crate) fn instant(instant: impl Into<String>) -> Self {
        Self::Instant(instant.into())
    }

    pub(crate) fn day(instant: impl Into<String>) -> Self {
        Self::Day(instant.into())
    }

    /// Whether it is words, which may be broken into lines.
    pub(super) fn is_words(&self) -> bool {
        matches!(self, Self::Text(_) | Self::List(_))
    }

    /// What `of` makes of it, if it is there.
    pub(crate) fn of<T>(told: Option<T>, of: impl FnOnce(T) -> Self) -> Self {
        told.map_or(Self::Empty, of)
    }

    /// As a table has it. Control characters, which a terminal may obey, are shown as `�`.
    pub(crate) fn short(&self) -> String {
        let text = match self {
            Self::Empty => String::new(),
            Self::List(entries) => entries.join(", "),
            Self::Instant(instant) => short(instant),
            Self::Day(instant) => instant.split('T').next().unwrap_or_default().to_owned(),
            Self::Text(text) | Self::Number(text) | Self::Good(text) | Self::Bad(text) => {
                text.clone()
            }
        };
        visible(&text)
    }

    /// As a spreadsheet has it.
    pub(super) fn full(self) -> InCsv<'static> {
        match self {
            Self::Empty => InCsv::Empty,
            Self::List(entries) => InCsv::text(entries.join(",")),
            Self::Number(number) => number.parse().map_or(InCsv::text(number), InCsv::Number),
            Self::Text(text)
            | Self::Instant(text)
            | Self::Day(text)
            | Self::Good(text)
            | Self::Bad(text) => InCsv::text(text),
        }
    }
}

/// `2026-11-26 17:30` of `2026-11-26T17:30:12.000Z`; all else as it is.
fn short(instant: &str) -> String {
    let split = instant.split_once('T');
    let minute = split.and_then(|(day, time)| Some((day, time.get(..5)?)));
    minute.map_or_else(|| instant.to_owned(), |(day, time)| format!("{day} {time}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_short_for_people() {
        let short = |text: &str| Cell::instant(text).short();
        assert_eq!(short("2026-11-26T17:30:12.123Z"), "2026-11-26 17:30");
        assert_eq!(short("2026-11-26"), "2026-11-26");
        assert_eq!(Cell::day("2026-11-26T17:30:12Z").short(), "2026-11-26");
        assert_eq!(short("T1"), "T1");
    }

    #[test]
    fn no_cell_speaks_to_the_terminal() {
        let cell = Cell::text("a\u{1b}[31mb\u{202e}c\n");
        assert_eq!(cell.short(), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
    }
}
