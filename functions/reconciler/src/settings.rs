//! The reconciler's settings: read from the environment once, at start, and all faults told at
//! once. An empty variable is an absent one, since templates cannot leave one out.

use std::time::Duration;

use latchkey_settings::Reader;
pub use latchkey_settings::SettingsError;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriftMode {
    /// It is changed back, and told.
    #[default]
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

impl Settings {
    /// Reads every setting by its name; `get` is the environment.
    ///
    /// # Errors
    /// [`SettingsError`] with everything that is wrong.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let default = Rules::default();
        let mut reader = Reader::new(get);
        let settings = Self {
            table_name: reader.table_name(),
            log_level: reader.log_level(),
            rules: Rules {
                drift: reader.choice(
                    "DRIFT",
                    &[("mend", DriftMode::Mend), ("report", DriftMode::Report)],
                ),
                scan_every: reader.seconds("DRIFT_SCAN_SECONDS", default.scan_every, 60..=86_400),
                key_cache: reader.key_cache(),
            },
        };
        reader.finish(settings)
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
            "DRIFT_SCAN_SECONDS is \"59\", allowed is a whole number from 60 to 86400",
            "KEY_CACHE_SECONDS is \"+5\", allowed is a whole number from 0 to 3600",
        ];
        assert_eq!(told, Err(expected.join("; ")));
    }
}
