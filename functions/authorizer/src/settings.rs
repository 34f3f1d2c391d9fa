//! The authorizer's settings: read from the environment once, at start, and all faults told
//! at once. An empty variable is an absent one, since templates cannot leave one out.

use latchkey_domain::Nanos;
use latchkey_settings::Reader;
pub use latchkey_settings::SettingsError;
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
    /// `ON_STORE_FAILURE`: what becomes of calls that the table gives no answer to; default
    /// `deny`.
    pub on_store_failure: OnStoreFailure,
    /// `LEASE_MAX`: how many units an instance may take ahead of a key's calls, 1 to 1000; 1
    /// charges each call by itself. Default 1000.
    pub lease_max: u64,
    /// `LOG_ALLOWS`: of how many decisions that admit a call one is logged, the first of each
    /// instance and every so many-th after it: 1 logs each, 0 none; default 1. Refusals are
    /// all logged.
    pub log_allows: u64,
    /// `METRICS`: which metrics are written; default `plans`.
    pub metrics: MetricsOf,
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

/// What becomes of calls that the table gives no answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnStoreFailure {
    /// `deny`: they are `unavailable`.
    #[default]
    Deny,
    /// `allow`: they pass within what was last known of their key, and are charged afterwards.
    Allow,
}

/// What metrics are written. Each name with each value of its dimensions is a metric that
/// CloudWatch bills for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MetricsOf {
    /// `off`: none.
    Off,
    /// `totals`: those of the table, and refusals by reason.
    Totals,
    /// `plans`: decisions by plan too.
    #[default]
    Plans,
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
            key_sources: key_sources(&mut reader),
            key_cache: Nanos::try_from(reader.key_cache().as_nanos()).unwrap_or(Nanos::MAX),
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
            on_store_failure: reader.choice(
                "ON_STORE_FAILURE",
                &[
                    ("deny", OnStoreFailure::Deny),
                    ("allow", OnStoreFailure::Allow),
                ],
            ),
            lease_max: reader.number("LEASE_MAX", 1000, 1..=1000),
            log_allows: reader.number("LOG_ALLOWS", 1, 0..=1_000_000),
            metrics: reader.choice(
                "METRICS",
                &[
                    ("off", MetricsOf::Off),
                    ("totals", MetricsOf::Totals),
                    ("plans", MetricsOf::Plans),
                ],
            ),
            log_level: reader.log_level(),
        };
        reader.finish(settings)
    }
}

fn key_sources(reader: &mut Reader<impl Fn(&str) -> Option<String>>) -> KeySources {
    let text = reader.text("KEY_SOURCES");
    match text.map_or_else(|| Ok(KeySources::default()), |text| text.parse()) {
        Ok(sources) => sources,
        Err(invalid) => {
            reader.problem(format!("KEY_SOURCES: {invalid}"));
            KeySources::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Nanos = 1_000_000_000;

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
            on_store_failure: OnStoreFailure::Deny,
            lease_max: 1000,
            log_allows: 1,
            metrics: MetricsOf::Plans,
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
            "LOG_ALLOWS",
            "METRICS",
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
            (
                "KEY_SOURCES",
                "bearer, header:X-Key, basic, query:key, websocket-protocol:key.",
            ),
            ("KEY_CACHE_SECONDS", "0"),
            ("DENY_FOR", "all"),
            ("HTTP_RESPONSE", "simple"),
            ("ON_STORE_FAILURE", "allow"),
            ("LEASE_MAX", "1"),
            ("LOG_ALLOWS", "100"),
            ("METRICS", "totals"),
            ("LOG_LEVEL", "DEBUG"),
        ]);
        let expected = Settings {
            table_name: "my.keys-1_b".to_owned(),
            key_sources: "bearer,header:X-Key,basic,query:key,websocket-protocol:key."
                .parse()
                .unwrap(),
            key_cache: 0,
            deny_for: DenyFor::All,
            http_response: HttpResponse::Simple,
            on_store_failure: OnStoreFailure::Allow,
            lease_max: 1,
            log_allows: 100,
            metrics: MetricsOf::Totals,
            log_level: Level::DEBUG,
        };
        assert_eq!(set, Ok(expected));
        assert_eq!(
            with("KEY_CACHE_SECONDS", "3600").unwrap().key_cache,
            3600 * SECOND
        );
        assert_eq!(with("LEASE_MAX", "1000").unwrap().lease_max, 1000);
        assert_eq!(with("LOG_ALLOWS", "0").unwrap().log_allows, 0);
        assert_eq!(with("METRICS", "off").unwrap().metrics, MetricsOf::Off);
    }

    #[test]
    fn all_faults_are_told_at_once_on_one_line() {
        let long = "x".repeat(500);
        let error = read(&[
            ("TABLE_NAME", "a"),
            ("KEY_SOURCES", "query:a key"),
            ("KEY_CACHE_SECONDS", "3601"),
            ("DENY_FOR", "none\nat all"),
            ("HTTP_RESPONSE", &long),
            ("ON_STORE_FAILURE", "admit"),
            ("LOG_LEVEL", "loud"),
            ("LEASE_MAX", "1001"),
        ]);
        insta::assert_snapshot!("all_faults", error.unwrap_err());
    }

    #[test]
    fn a_fault_names_the_setting_and_what_is_allowed() {
        let missing = "TABLE_NAME is not set, allowed is the table's name, 3 to 255 characters of A-Z a-z 0-9 _ - .";
        assert_eq!(read(&[]), Err(missing.to_owned()));
        for value in ["-1", "1.5", "ten", "70000", " 5"] {
            for name in ["KEY_CACHE_SECONDS", "LEASE_MAX"] {
                let error = with(name, value).unwrap_err();
                assert!(error.contains(name) && error.contains(value), "{error}");
            }
        }
        assert_eq!(
            with("LEASE_MAX", "0").unwrap_err(),
            "LEASE_MAX is \"0\", allowed is a whole number from 1 to 1000"
        );
        for value in [
            "header:",
            "header:a b",
            "cookie",
            "bearer,",
            "Bearer",
            ",",
            "query:",
            "query:a b",
            "websocket-protocol:",
            "bearer,basic:",
        ] {
            let error = with("KEY_SOURCES", value).unwrap_err();
            assert!(
                error.starts_with("KEY_SOURCES") && error.contains("header:NAME, bearer, basic"),
                "{error}"
            );
        }
    }

    /// The pattern that the template's parameter must have.
    fn pattern_of_the_template() -> &'static str {
        let template = include_str!("../../../template.yaml");
        let (_, parameter) = template.split_once("  KeySources:\n").unwrap();
        let (_, pattern) = parameter.split_once("AllowedPattern: ^").unwrap();
        pattern.split_once("$\n").unwrap().0
    }

    proptest! {
        /// Otherwise a deployed stack would not start.
        #[test]
        fn every_key_source_that_the_template_takes_is_read(
            text in proptest::string::string_regex(pattern_of_the_template()).unwrap(),
        ) {
            prop_assert!(with("KEY_SOURCES", &text).is_ok(), "{}", text);
        }
    }
}
