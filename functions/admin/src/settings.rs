//! The admin API's settings: read from the environment once, at start, and all faults told at
//! once. An empty variable is an absent one, since templates cannot leave one out.

use std::{collections::BTreeSet, time::Duration};

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
    /// `FLUSH_AUTHORIZER_CACHES`: whether API Gateway is to forget the authorizer's answers
    /// for a key that changes, on plans that it counts; default `false`.
    pub flush_authorizer_caches: bool,
    /// `KEY_CACHE_SECONDS`, as the authorizer has it, 0 to 3600; default 10.
    pub key_cache: Duration,
    /// `MANAGED_APIS`: ids of the REST APIs that may be deployed, and whose methods may be
    /// changed, separated by commas; default none.
    pub managed_apis: BTreeSet<String>,
}

impl Settings {
    /// Reads every setting by its name; `get` is the environment.
    ///
    /// # Errors
    /// [`SettingsError`] with everything that is wrong.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(get);
        let settings = Self {
            table_name: reader.table_name(),
            log_level: reader.log_level(),
            flush_authorizer_caches: reader.choice(
                "FLUSH_AUTHORIZER_CACHES",
                &[("true", true), ("false", false)],
            ),
            key_cache: reader.key_cache(),
            managed_apis: managed_apis(&mut reader),
        };
        reader.finish(settings)
    }
}

/// The rule is API Gateway's; `*` is none, since what may be changed is named one by one.
fn managed_apis(reader: &mut Reader<impl Fn(&str) -> Option<String>>) -> BTreeSet<String> {
    const NAME: &str = "MANAGED_APIS";
    let text = reader.text(NAME).unwrap_or_default();
    let mut apis = BTreeSet::new();
    for id in text.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        if id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            apis.insert(id.to_owned());
        } else {
            reader.refuse(NAME, id, "ids of REST APIs, separated by commas");
        }
    }
    apis
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
