//! The admin API's settings: read from the environment once, at start, and all faults told at
//! once. An empty variable is an absent one, since templates cannot leave one out.

use std::fmt;

use tracing::Level;

/// What the owner has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `TABLE_NAME`: the DynamoDB table. Required.
    pub table_name: String,
    /// `LOG_LEVEL`: what is logged; default `info`. No level shows a key value.
    pub log_level: Level,
}

/// Everything that is wrong with the settings, on one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError(Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl Settings {
    /// Reads every setting by its name; `get` is the environment.
    ///
    /// # Errors
    /// [`SettingsError`] with everything that is wrong.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let text = |name: &str| get(name).filter(|text| !text.is_empty());
        match (table_name(text("TABLE_NAME")), log_level(text("LOG_LEVEL"))) {
            (Ok(table_name), Ok(log_level)) => Ok(Self {
                table_name,
                log_level,
            }),
            (table, level) => {
                let problems = [table.err(), level.err()];
                Err(SettingsError(problems.into_iter().flatten().collect()))
            }
        }
    }
}

/// The rule is DynamoDB's (CreateTable, `TableName`).
fn table_name(text: Option<String>) -> Result<String, String> {
    const ALLOWED: &str = "allowed is the table's name, 3 to 255 characters of A-Z a-z 0-9 _ - .";
    let text = text.ok_or_else(|| format!("TABLE_NAME is not set, {ALLOWED}"))?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if (3..=255).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text)
    } else {
        Err(refusal("TABLE_NAME", &text, ALLOWED))
    }
}

fn log_level(text: Option<String>) -> Result<Level, String> {
    const LEVELS: [(&str, Level); 5] = [
        ("error", Level::ERROR),
        ("warn", Level::WARN),
        ("info", Level::INFO),
        ("debug", Level::DEBUG),
        ("trace", Level::TRACE),
    ];
    let Some(text) = text else {
        return Ok(Level::INFO);
    };
    let level = LEVELS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&text));
    level.map(|(_, level)| *level).ok_or_else(|| {
        refusal(
            "LOG_LEVEL",
            &text,
            "allowed is error, warn, info, debug or trace",
        )
    })
}

/// Control characters are escaped and a long value is cut: the line stays one line.
fn refusal(name: &str, value: &str, allowed: &str) -> String {
    const SHOWN: usize = 80;
    let mut shown: String = value.chars().take(SHOWN).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("{name} is {shown:?}, {allowed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Settings, String> {
        let find = |name: &str| set.iter().find(|(theirs, _)| *theirs == name);
        Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_table_is_required_and_empty_is_absent() {
        let expected = Settings {
            table_name: "keys".to_owned(),
            log_level: Level::INFO,
        };
        assert_eq!(read(&[("TABLE_NAME", "keys")]), Ok(expected.clone()));
        assert_eq!(
            read(&[("TABLE_NAME", "keys"), ("LOG_LEVEL", "")]),
            Ok(expected)
        );
        let debug = read(&[("TABLE_NAME", "keys"), ("LOG_LEVEL", "DEBUG")]).unwrap();
        assert_eq!(debug.log_level, Level::DEBUG);
    }

    #[test]
    fn all_faults_are_told_at_once_on_one_line() {
        let table = "allowed is the table's name, 3 to 255 characters of A-Z a-z 0-9 _ - .";
        let level = "LOG_LEVEL is \"lo\\nud\", allowed is error, warn, info, debug or trace";
        assert_eq!(
            read(&[("LOG_LEVEL", "lo\nud")]),
            Err(format!("TABLE_NAME is not set, {table}; {level}"))
        );
        assert_eq!(
            read(&[("TABLE_NAME", "a b"), ("LOG_LEVEL", "lo\nud")]),
            Err(format!("TABLE_NAME is \"a b\", {table}; {level}"))
        );
    }
}
