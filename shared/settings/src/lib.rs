//! Reads a function's settings from its environment: once, at start, and everything that is
//! wrong is told at once, on one line, each with the variable's name, the value and what is
//! allowed. An empty variable is an absent one, since templates cannot leave one out.

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

use std::{fmt, ops::RangeInclusive, time::Duration};

use tracing::Level;

/// Everything that is wrong with the settings, on one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError(Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// Reads one setting after the other and collects what is wrong: where something is, the
/// default stands for it until [`Reader::finish`].
#[derive(Debug)]
pub struct Reader<G> {
    get: G,
    problems: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    /// Reads from `get`: the environment, or a test's.
    pub fn new(get: G) -> Self {
        Self {
            get,
            problems: Vec::new(),
        }
    }

    /// A variable, if it is set and not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|text| !text.is_empty())
    }

    /// Tells that something is wrong, in words of its own.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// Tells that a value is not `allowed`. Control characters are escaped and a long value
    /// is cut: the line stays one line.
    pub fn refuse(&mut self, name: &str, value: &str, allowed: &str) {
        const SHOWN: usize = 80;
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        self.problem(format!("{name} is {shown:?}, allowed is {allowed}"));
    }

    /// `TABLE_NAME`: a DynamoDB table's name, by the rules of its API (CreateTable). Required.
    pub fn table_name(&mut self) -> String {
        const NAME: &str = "TABLE_NAME";
        const ALLOWED: &str = "the table's name, 3 to 255 characters of A-Z a-z 0-9 _ - .";
        let Some(name) = self.text(NAME) else {
            self.problem(format!("{NAME} is not set, allowed is {ALLOWED}"));
            return String::new();
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        if !(3..=255).contains(&name.len()) || !name.bytes().all(allowed) {
            self.refuse(NAME, &name, ALLOWED);
        }
        name
    }

    /// `LOG_LEVEL`, `info` unless set. In any case: Lambda's own settings write `INFO`.
    pub fn log_level(&mut self) -> Level {
        const NAME: &str = "LOG_LEVEL";
        const LEVELS: [(&str, Level); 5] = [
            ("error", Level::ERROR),
            ("warn", Level::WARN),
            ("info", Level::INFO),
            ("debug", Level::DEBUG),
            ("trace", Level::TRACE),
        ];
        let Some(text) = self.text(NAME) else {
            return Level::INFO;
        };
        let named = |(name, _): &&(&str, Level)| name.eq_ignore_ascii_case(&text);
        let Some((_, level)) = LEVELS.iter().find(named) else {
            self.refuse(NAME, &text, "error, warn, info, debug or trace");
            return Level::INFO;
        };
        *level
    }

    /// `KEY_CACHE_SECONDS`, 0 to 3600, 10 unless set: how long an authorizer may answer from
    /// a key that it has read.
    pub fn key_cache(&mut self) -> Duration {
        self.seconds("KEY_CACHE_SECONDS", Duration::from_secs(10), 0..=3600)
    }

    /// A whole number of seconds.
    pub fn seconds(
        &mut self,
        name: &str,
        default: Duration,
        range: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_secs(self.number(name, default.as_secs(), range))
    }

    /// A whole number, in digits only.
    pub fn number(&mut self, name: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let Some(text) = self.text(name) else {
            return default;
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok();
        match number.filter(|number| digits && range.contains(number)) {
            Some(number) => number,
            None => {
                let (first, last) = (range.start(), range.end());
                self.refuse(
                    name,
                    &text,
                    &format!("a whole number from {first} to {last}"),
                );
                default
            }
        }
    }

    /// One of a few words; the default unless set.
    pub fn choice<T: Copy + Default>(&mut self, name: &str, choices: &[(&str, T)]) -> T {
        let Some(text) = self.text(name) else {
            return T::default();
        };
        match choices.iter().find(|(choice, _)| *choice == text) {
            Some((_, value)) => *value,
            None => {
                let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
                self.refuse(name, &text, &names.join(" or "));
                T::default()
            }
        }
    }

    /// The settings, if nothing was wrong with them.
    ///
    /// # Errors
    /// [`SettingsError`] with everything that was.
    pub fn finish<T>(self, settings: T) -> Result<T, SettingsError> {
        if self.problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError(self.problems))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader<'a>(set: &'a [(&str, &str)]) -> Reader<impl Fn(&str) -> Option<String> + 'a> {
        Reader::new(|name| {
            let (_, value) = set.iter().find(|(theirs, _)| *theirs == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn what_is_absent_or_empty_has_its_default() {
        for set in [vec![], vec![("LOG_LEVEL", ""), ("KEY_CACHE_SECONDS", "")]] {
            let mut reader = reader(&set);
            assert_eq!(reader.log_level(), Level::INFO);
            assert_eq!(reader.key_cache(), Duration::from_secs(10));
            assert!(!reader.choice("SWITCH", &[("true", true), ("false", false)]));
            assert_eq!(reader.finish(()), Ok(()));
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_on_one_line() {
        let mut reader = reader(&[
            ("LOG_LEVEL", "lo\nud"),
            ("KEY_CACHE_SECONDS", "+5"),
            ("SWITCH", "yes"),
        ]);
        reader.table_name();
        reader.log_level();
        reader.key_cache();
        reader.choice("SWITCH", &[("true", true), ("false", false)]);
        let expected = [
            "TABLE_NAME is not set, allowed is the table's name, 3 to 255 characters of A-Z a-z 0-9 _ - .",
            "LOG_LEVEL is \"lo\\nud\", allowed is error, warn, info, debug or trace",
            "KEY_CACHE_SECONDS is \"+5\", allowed is a whole number from 0 to 3600",
            "SWITCH is \"yes\", allowed is true or false",
        ];
        let told = reader.finish(()).unwrap_err();
        assert_eq!(told.to_string(), expected.join("; "));
    }

    #[test]
    fn a_long_value_is_cut() {
        let long = "x".repeat(300);
        let set = [("TABLE_NAME", long.as_str())];
        let mut reader = reader(&set);
        reader.table_name();
        let told = reader.finish(()).unwrap_err().to_string();
        assert!(told.len() < 200 && told.contains('…'), "{told}");
    }
}
