//! The admin API's settings: read from the environment once, at start, and all faults told at
//! once. An empty variable is an absent one, since templates cannot leave one out.

use std::{collections::BTreeSet, fmt, time::Duration};

use tracing::Level;

/// What the owner has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `TABLE_NAME`: the DynamoDB table. Required.
    pub table_name: String,
    /// `LOG_LEVEL`: what is logged; default `info`. No level shows a key value.
    pub log_level: Level,
    /// `FLUSH_AUTHORIZER_CACHES`: whether API Gateway is to forget the authorizer's answers
    /// for a key that changes, on plans that it counts; default `false`.
    pub flush_authorizer_caches: bool,
    /// `KEY_CACHE_SECONDS`, as the authorizer has it, 0 to 3600; default 10.
    pub key_cache: Duration,
    /// `MANAGED_APIS`: ids of the REST APIs that may be deployed, and whose methods may be
    /// changed, separated by commas; default none.
    pub managed_apis: BTreeSet<String>,
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
        let mut problems = Vec::new();
        let mut told = |problem: String| problems.push(problem);
        let table_name = table_name(text("TABLE_NAME")).map_err(&mut told);
        let log_level = log_level(text("LOG_LEVEL")).map_err(&mut told);
        let flush = flag("FLUSH_AUTHORIZER_CACHES", text).map_err(&mut told);
        let key_cache = seconds("KEY_CACHE_SECONDS", text).map_err(&mut told);
        let managed_apis = api_ids("MANAGED_APIS", text).map_err(&mut told);
        if let (
            Ok(table_name),
            Ok(log_level),
            Ok(flush_authorizer_caches),
            Ok(key_cache),
            Ok(managed_apis),
        ) = (table_name, log_level, flush, key_cache, managed_apis)
        {
            return Ok(Self {
                table_name,
                log_level,
                flush_authorizer_caches,
                key_cache,
                managed_apis,
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

fn flag(name: &str, text: impl Fn(&str) -> Option<String>) -> Result<bool, String> {
    match text(name).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(refusal(name, other, "allowed is true or false")),
    }
}

fn seconds(name: &str, text: impl Fn(&str) -> Option<String>) -> Result<Duration, String> {
    const DEFAULT: u64 = 10;
    const MOST: u64 = 3600;
    let Some(text) = text(name) else {
        return Ok(Duration::from_secs(DEFAULT));
    };
    let seconds = text.parse().ok().filter(|seconds| *seconds <= MOST);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| refusal(name, &text, "allowed is a whole number from 0 to 3600"))
}

/// The rule is API Gateway's; `*` is none, since what may be changed is named one by one.
fn api_ids(name: &str, text: impl Fn(&str) -> Option<String>) -> Result<BTreeSet<String>, String> {
    let text = text(name).unwrap_or_default();
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    ids.map(|id| {
        let allowed = id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric());
        allowed.then(|| id.to_owned()).ok_or_else(|| {
            refusal(
                name,
                id,
                "allowed are ids of REST APIs, separated by commas",
            )
        })
    })
    .collect()
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
            flush_authorizer_caches: false,
            key_cache: Duration::from_secs(10),
            managed_apis: BTreeSet::new(),
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
    fn what_concerns_api_gateway_is_off_unless_said() {
        let set = [
            ("TABLE_NAME", "keys"),
            ("FLUSH_AUTHORIZER_CACHES", "true"),
            ("KEY_CACHE_SECONDS", "0"),
            ("MANAGED_APIS", "a1b2c3, d4e5f6,"),
        ];
        let read_back = read(&set).unwrap();
        assert!(read_back.flush_authorizer_caches && read_back.key_cache.is_zero());
        let ids: Vec<_> = read_back.managed_apis.iter().map(String::as_str).collect();
        assert_eq!(ids, ["a1b2c3", "d4e5f6"]);
        for (name, value) in [
            ("FLUSH_AUTHORIZER_CACHES", "yes"),
            ("KEY_CACHE_SECONDS", "3601"),
            ("MANAGED_APIS", "*"),
        ] {
            let problem = read(&[("TABLE_NAME", "keys"), (name, value)]).unwrap_err();
            assert!(
                problem.starts_with(&format!("{name} is {value:?}, allowed")),
                "{problem}"
            );
        }
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
