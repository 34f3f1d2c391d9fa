//! The authorizer's settings: read from the environment once, at start, and all faults told
//! at once. An empty variable is an absent one, since templates cannot leave one out.

use std::fmt;

use latchkey_domain::Nanos;
use tracing::Level;

use crate::sources::KeySources;

/// What the owner has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `TABLE_NAME`: the DynamoDB table. Required.
    pub table_name: String,
    /// `KEY_SOURCES`: where a key value is looked for; default `header:x-api-key,bearer`.
    pub key_sources: KeySources,
    /// `KEY_CACHE_SECONDS`: for how long a key that was read is used, 0 to 3600 seconds;
    /// default 10. It is as long as a disabled key may still work.
    pub key_cache: Nanos,
    /// `DENY_FOR`: which refusals tell the caller their reason; default `limits`.
    pub deny_for: DenyFor,
    /// `HTTP_RESPONSE`: how HTTP APIs are answered; default `policy`.
    pub http_response: HttpResponse,
    /// `LOG_LEVEL`: what is logged; default `info`. No level shows a key value.
    pub log_level: Level,
}

/// Which refusals are a Deny with its reason on REST and WebSocket APIs; the others are the
/// error `Unauthorized`, which has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DenyFor {
    /// `limits`: quota and throttle.
    #[default]
    Limits,
    /// `all`: every refusal of a known key.
    All,
}

/// How HTTP APIs are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HttpResponse {
    /// `policy`: an IAM policy, which both payload formats understand.
    #[default]
    Policy,
    /// `simple`: `isAuthorized`, for authorizers of payload format 2.0 that enable simple
    /// responses.
    Simple,
}

const DEFAULT_KEY_CACHE_SECONDS: Nanos = 10;
const SECOND: Nanos = 1_000_000_000;

impl Settings {
    /// Reads every setting by its name; `get` is the environment.
    ///
    /// # Errors
    /// [`SettingsError`] with everything that is wrong.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader {
            get,
            problems: Vec::new(),
        };
        let table_name = reader.table_name();
        let settings = Self {
            table_name: table_name.unwrap_or_default(),
            key_sources: reader.key_sources(),
            key_cache: reader.key_cache(),
            deny_for: reader.choice(
                "DENY_FOR",
                &[("limits", DenyFor::Limits), ("all", DenyFor::All)],
            ),
            http_response: reader.choice(
                "HTTP_RESPONSE",
                &[
                    ("policy", HttpResponse::Policy),
                    ("simple", HttpResponse::Simple),
                ],
            ),
            log_level: reader.log_level(),
        };
        reader.on_store_failure();
        reader.not_yet("LEASE_MAX");
        if reader.problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError(reader.problems))
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

/// Reads one setting after the other and collects what is wrong.
struct Reader<G> {
    get: G,
    problems: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|text| !text.is_empty())
    }

    /// Control characters are escaped and a long value is cut: the line stays one line.
    fn refuse(&mut self, name: &str, value: &str, allowed: &str) {
        const SHOWN: usize = 80;
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        self.problems
            .push(format!("{name} is {shown:?}, allowed is {allowed}"));
    }

    /// A DynamoDB table's name, by the rules of its API.
    fn table_name(&mut self) -> Option<String> {
        const NAME: &str = "TABLE_NAME";
        const ALLOWED: &str = "the table's name, 3 to 255 characters of A-Z a-z 0-9 _ - .";
        let Some(name) = self.text(NAME) else {
            self.problems
                .push(format!("{NAME} is not set, allowed is {ALLOWED}"));
            return None;
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        if !(3..=255).contains(&name.len()) || !name.bytes().all(allowed) {
            self.refuse(NAME, &name, ALLOWED);
        }
        Some(name)
    }

    fn key_sources(&mut self) -> KeySources {
        let text = self.text("KEY_SOURCES");
        match text.map_or_else(|| Ok(KeySources::default()), |text| text.parse()) {
            Ok(sources) => sources,
            Err(invalid) => {
                self.problems.push(format!("KEY_SOURCES: {invalid}"));
                KeySources::default()
            }
        }
    }

    fn key_cache(&mut self) -> Nanos {
        const NAME: &str = "KEY_CACHE_SECONDS";
        let Some(text) = self.text(NAME) else {
            return DEFAULT_KEY_CACHE_SECONDS * SECOND;
        };
        match text.parse::<u16>() {
            Ok(seconds) if seconds <= 3600 => Nanos::from(seconds) * SECOND,
            _ => {
                self.refuse(NAME, &text, "a whole number from 0 to 3600");
                0
            }
        }
    }

    fn choice<T: Copy + Default>(&mut self, name: &str, choices: &[(&str, T)]) -> T {
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

    /// In any case: Lambda's own settings write `INFO`.
    fn log_level(&mut self) -> Level {
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
        let level = LEVELS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&text));
        level.map_or_else(
            || {
                self.refuse(NAME, &text, "error, warn, info, debug or trace");
                Level::INFO
            },
            |(_, level)| *level,
        )
    }

    fn on_store_failure(&mut self) {
        const NAME: &str = "ON_STORE_FAILURE";
        match self.text(NAME).as_deref() {
            None | Some("deny") => {}
            Some(text) => self.refuse(NAME, text, "deny (allow comes in a later version)"),
        }
    }

    /// A setting of a later version: taking it and doing nothing would be worse than refusing.
    fn not_yet(&mut self, name: &str) {
        if let Some(text) = self.text(name) {
            self.refuse(name, &text, "nothing: it comes in a later version");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Settings, String> {
        let find = |name: &str| set.iter().find(|(theirs, _)| *theirs == name);
        Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
            .map_err(|error| error.to_string())
    }

    /// One setting beside a good table name.
    fn with(name: &str, value: &str) -> Result<Settings, String> {
        read(&[("TABLE_NAME", "keys"), (name, value)])
    }

    #[test]
    fn only_the_table_is_required() {
        let expected = Settings {
            table_name: "keys".to_owned(),
            key_sources: "header:x-api-key,bearer".parse().unwrap(),
            key_cache: 10 * SECOND,
            deny_for: DenyFor::Limits,
            http_response: HttpResponse::Policy,
            log_level: Level::INFO,
        };
        assert_eq!(read(&[("TABLE_NAME", "keys")]), Ok(expected.clone()));
        let names = [
            "KEY_SOURCES",
            "KEY_CACHE_SECONDS",
            "DENY_FOR",
            "HTTP_RESPONSE",
            "ON_STORE_FAILURE",
            "LOG_LEVEL",
            "LEASE_MAX",
        ];
        for name in names {
            assert_eq!(
                with(name, ""),
                Ok(expected.clone()),
                "{name} empty is absent"
            );
        }
    }

    #[test]
    fn each_setting_is_read() {
        let set = read(&[
            ("TABLE_NAME", "my.keys-1_b"),
            ("KEY_SOURCES", "bearer, header:X-Key"),
            ("KEY_CACHE_SECONDS", "0"),
            ("DENY_FOR", "all"),
            ("HTTP_RESPONSE", "simple"),
            ("ON_STORE_FAILURE", "deny"),
            ("LOG_LEVEL", "DEBUG"),
        ]);
        let expected = Settings {
            table_name: "my.keys-1_b".to_owned(),
            key_sources: "bearer,header:X-Key".parse().unwrap(),
            key_cache: 0,
            deny_for: DenyFor::All,
            http_response: HttpResponse::Simple,
            log_level: Level::DEBUG,
        };
        assert_eq!(set, Ok(expected));
        assert_eq!(
            with("KEY_CACHE_SECONDS", "3600").unwrap().key_cache,
            3600 * SECOND
        );
    }

    #[test]
    fn all_faults_are_told_at_once_on_one_line() {
        let long = "x".repeat(500);
        let error = read(&[
            ("TABLE_NAME", "a"),
            ("KEY_SOURCES", "query:key"),
            ("KEY_CACHE_SECONDS", "3601"),
            ("DENY_FOR", "none\nat all"),
            ("HTTP_RESPONSE", &long),
            ("ON_STORE_FAILURE", "allow"),
            ("LOG_LEVEL", "loud"),
            ("LEASE_MAX", "10"),
        ]);
        insta::assert_snapshot!("all_faults", error.unwrap_err());
    }

    #[test]
    fn a_fault_names_the_setting_and_what_is_allowed() {
        let missing = "TABLE_NAME is not set, allowed is the table's name, 3 to 255 characters of A-Z a-z 0-9 _ - .";
        assert_eq!(read(&[]), Err(missing.to_owned()));
        for value in ["-1", "1.5", "ten", "70000", " 5"] {
            let error = with("KEY_CACHE_SECONDS", value).unwrap_err();
            assert!(
                error.contains("KEY_CACHE_SECONDS") && error.contains(value),
                "{error}"
            );
        }
        for value in [
            "basic",
            "query:key",
            "websocket-protocol:key.",
            "bearer,basic",
        ] {
            let error = with("KEY_SOURCES", value).unwrap_err();
            assert!(error.contains("later version"), "{error}");
        }
        for value in ["header:", "header:a b", "cookie", "bearer,", "Bearer", ","] {
            let error = with("KEY_SOURCES", value).unwrap_err();
            assert!(
                error.starts_with("KEY_SOURCES") && error.contains("header:NAME"),
                "{error}"
            );
        }
    }
}
