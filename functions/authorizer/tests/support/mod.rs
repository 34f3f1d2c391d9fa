//! What the tests of the whole authorizer share: the events, and the keys that they carry.

use std::path::PathBuf;

use latchkey_domain::{KeyValue, Prefix, RANDOM_BYTES};

/// `KEY_SOURCES` with every place in which a key of the events is.
pub(crate) const EVERY_SOURCE: &str =
    "header:x-api-key,bearer,basic,query:key,websocket-protocol:key.";

/// The generated key value in the events.
pub(crate) fn generated() -> KeyValue {
    KeyValue::generate(&Prefix::default(), &[0x5a; RANDOM_BYTES])
}

/// The custom key value in the events.
pub(crate) fn custom() -> KeyValue {
    KeyValue::custom("an-old-key-of-a-customer").unwrap()
}

/// The events in a folder of tests/fixtures/events by name, in order.
pub(crate) fn events(folder: &str) -> Vec<(String, String)> {
    let folder: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "../../tests/fixtures/events",
        folder,
    ]
    .iter()
    .collect();
    let mut events: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    events.sort();
    events
}
