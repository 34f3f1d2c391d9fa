//! The reconciler's settings: read from the environment once, at start, and all faults told at
//! once. An empty variable is an absent one, since templates cannot leave one out.

use std::{fmt, time::Duration};

use tracing::Level;

/// What the owner has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `TABLE_NAME`: the DynamoDB table. Required.
    pub table_name: String,
    /// `LOG_LEVEL`: what is logged; default `info`. No level shows a key value.
    pub log_level: Level,
    /// The rest.
    pub rules: Rules,
}

/// How it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// `DRIFT`: what is done about what somebody else has changed; default `mend`.
    pub drift: DriftMode,
    /// `DRIFT_SCAN_SECONDS`, 60 to 86400: how often all of API Gateway is compared with the
    /// table; default 900.
    pub scan_every: Duration,
    /// `KEY_CACHE_SECONDS`, as the authorizer has it, 0 to 3600; default 10.
    pub key_cache: Duration,
}

/// What is done about what somebody else has changed at API Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftMode {
    /// It is changed back, and told.
    Mend,
    /// It is told.
    Report,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            drift: DriftMode::Mend,
            scan_every: Duration::from_secs(900),
            key_cache: Duration::from_secs(10),
        }
    }
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
        let default = Rules::default();
        let mut problems = Vec::new();
        let mut told = |problem: String| problems.push(problem);
        let table_name = table_name(text("TABLE_NAME")).map_err(&mut told);
        let log_level = log_level(text("LOG_LEVEL")).map_err(&mut told);
        let drift = drift(text("DRIFT")).map_err(&mut told);
        let scan = ("DRIFT_SCAN_SECONDS", default.scan_every, 60..=86_400);
        let scan_every = seconds(scan, text).map_err(&mut told);
        let cache = ("KEY_CACHE_SECONDS", default.key_cache, 0..=3_600);
        let key_cache = seconds(cache, text).map_err(&mut told);
        if let (Ok(table_name), Ok(log_level), Ok(drift), Ok(scan_every), Ok(key_cache)) =
            (table_name, log_level, drift, scan_every, key_cache)
        {
            let rules = Rules {
                drift,
                scan_every,
                key_cache,
            };
            return Ok(Self {
                table_name,
                log_level,
                rules,
            });
        }
        Err(SettingsError(problems))
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

fn drift(text: Option<String>) -> Result<DriftMode, String> {
    match text.as_deref() {
        None | Some("mend") => Ok(DriftMode::Mend),
        Some("report") => Ok(DriftMode::Report),
        Some(other) => Err(refusal("DRIFT", other, "allowed is mend or report")),
    }
}

fn seconds(
    (name, default, range): (&str, Duration, std::ops::RangeInclusive<u64>),
    text: impl Fn(&str) -> Option<String>,
) -> Result<Duration, String> {
    let Some(text) = text(name) else {
        return Ok(default);
    };
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| digits && range.contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        let (first, last) = (range.start(), range.end());
        let allowed = format!("allowed is a whole number of seconds from {first} to {last}");
        refusal(name, &text, &allowed)
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
            rules: Rules::default(),
        };
        assert_eq!(read(&[("TABLE_NAME", "keys")]), Ok(expected.clone()));
        let empty = [
            "LOG_LEVEL",
            "DRIFT",
            "DRIFT_SCAN_SECONDS",
            "KEY_CACHE_SECONDS",
        ];
        let mut set = vec![("TABLE_NAME", "keys")];
        set.extend(empty.map(|name| (name, "")));
        assert_eq!(read(&set), Ok(expected));
    }

    #[test]
    fn each_is_read() {
        let set = [
            ("TABLE_NAME", "keys"),
            ("LOG_LEVEL", "DEBUG"),
            ("DRIFT", "report"),
            ("DRIFT_SCAN_SECONDS", "60"),
            ("KEY_CACHE_SECONDS", "0"),
        ];
        let settings = read(&set).unwrap();
        assert_eq!(settings.log_level, Level::DEBUG);
        let rules = Rules {
            drift: DriftMode::Report,
            scan_every: Duration::from_secs(60),
            key_cache: Duration::ZERO,
        };
        assert_eq!(settings.rules, rules);
    }

    #[test]
    fn all_faults_are_told_at_once_on_one_line() {
        let told = read(&[
            ("LOG_LEVEL", "lo\nud"),
            ("DRIFT", "Mend"),
            ("DRIFT_SCAN_SECONDS", "59"),
            ("KEY_CACHE_SECONDS", "+5"),
        ]);
        let expected = [
            "TABLE_NAME is not set, allowed is the table's name, 3 to 255 characters of A-Z a-z 0-9 _ - .",
            "LOG_LEVEL is \"lo\\nud\", allowed is error, warn, info, debug or trace",
            "DRIFT is \"Mend\", allowed is mend or report",
            "DRIFT_SCAN_SECONDS is \"59\", allowed is a whole number of seconds from 60 to 86400",
            "KEY_CACHE_SECONDS is \"+5\", allowed is a whole number of seconds from 0 to 3600",
        ];
        assert_eq!(told, Err(expected.join("; ")));
    }
}
