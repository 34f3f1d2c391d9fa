//! What is known of the place where a table is shown.

use std::io::IsTerminal as _;

/// A terminal, or whatever else reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Screen {
    /// Whether words may be coloured.
    pub(crate) colours: bool,
    /// Columns, where they are told; a terminal's own otherwise, and no bound elsewhere.
    pub(crate) width: Option<u16>,
}

impl Screen {
    /// This process's: colours only on a terminal, and not where `NO_COLOR` (no-color.org) or
    /// `TERM=dumb` asks for none; `COLUMNS` is a width.
    pub(crate) fn of_this_process() -> Self {
        let get = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        Self::of(std::io::stdout().is_terminal(), get)
    }

    fn of(is_terminal: bool, get: impl Fn(&'static str) -> Option<String>) -> Self {
        let is_dumb = get("TERM").is_some_and(|term| term == "dumb");
        Self {
            colours: is_terminal && !is_dumb && get("NO_COLOR").is_none(),
            width: get("COLUMNS").and_then(|columns| columns.parse().ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        let of = |is_terminal, set: &[(&str, &str)]| {
            let found = |name| set.iter().find(|(theirs, _)| *theirs == name);
            Screen::of(is_terminal, |name| Some(found(name)?.1.to_owned()))
        };
        assert!(of(true, &[("TERM", "xterm")]).colours);
        assert!(!of(false, &[]).colours);
        assert!(!of(true, &[("NO_COLOR", "1")]).colours);
        assert!(!of(true, &[("TERM", "dumb")]).colours);
        assert_eq!(of(true, &[("COLUMNS", "72")]).width, Some(72));
        assert_eq!(of(true, &[("COLUMNS", "wide")]).width, None);
    }
}
