//! Key values against a plain reading of their form.

use latchkey_domain::{
    CustomValueError, KeyHash, KeyId, KeyValue, Prefix, PresentedKey, RANDOM_BYTES,
};

use crate::text;

const BODY: usize = 16 + 32 + 6;

enum Form {
    Generated { id: String, check_holds: bool },
    Custom,
    Neither,
}

/// A text as the value of a key. It is one exactly where the form says so, under the id of that
/// form, and no error or debug print shows it.
pub fn key_value(data: &[u8]) {
    made(data);
    let Some(text) = text(data) else { return };
    hashes(text);
    let presented = PresentedKey::parse(text);
    let custom = KeyValue::custom(text);
    match form(text) {
        Form::Generated { id, check_holds } => {
            assert_eq!(presented.is_ok(), check_holds, "{text}");
            assert_eq!(custom.err(), Some(CustomValueError::Reserved));
            if let Ok(presented) = presented {
                assert_eq!(presented.id.as_bare(), id);
            }
        }
        Form::Custom => {
            assert_eq!(custom.map(|value| value.presented()).ok(), presented.ok());
            assert!(presented.is_ok(), "{text}");
        }
        Form::Neither => {
            assert!(presented.is_err(), "{text}");
            assert_eq!(custom.err(), Some(CustomValueError::Form));
        }
    }
    match KeyValue::held(text) {
        Ok(held) => {
            assert_eq!(held.expose(), text);
            assert_eq!(Ok(held.presented()), presented);
            assert!(text.ends_with(held.last4()) && held.last4().len() == 4);
            let shown = format!("{held:?} {:?}", held.presented());
            assert!(!shown.contains(text), "a debug print shows the value");
        }
        Err(error) => {
            assert!(presented.is_err());
            assert_eq!(size_of_val(&error), 0, "it holds nothing of the text");
        }
    }
    if let Ok(id) = text.parse::<KeyId>() {
        assert_eq!(id.to_string(), text);
        assert_eq!(KeyId::from_bare(id.as_bare()), Ok(id));
    }
}

/// 48 bytes make a value that reads back; one that was tampered with is malformed.
fn made(data: &[u8]) {
    let Some((random, rest)) = data.split_first_chunk::<RANDOM_BYTES>() else {
        return;
    };
    let value = KeyValue::generate(&Prefix::default(), random);
    assert_eq!(PresentedKey::parse(value.expose()), Ok(value.presented()));
    let [at, other, ..] = *rest else { return };
    let mut text = value.expose().as_bytes().to_vec();
    let at = text.len() - BODY + usize::from(at) % BODY;
    let changed = text.get(at) != Some(&other);
    if let Some(byte) = text.get_mut(at) {
        *byte = other;
    }
    if let Ok(text) = std::str::from_utf8(&text)
        && changed
        && other.is_ascii_alphanumeric()
    {
        assert!(PresentedKey::parse(text).is_err(), "byte {at}");
    }
}

fn hashes(text: &str) {
    match KeyHash::from_hex(text) {
        Ok(hash) => assert!(hash.to_hex().eq_ignore_ascii_case(text)),
        Err(error) => assert_eq!(size_of_val(&error), 0, "it holds nothing of the text"),
    }
}

/// What the README says of the form.
fn form(text: &str) -> Form {
    if let Some((prefix, body)) = text.rsplit_once('_')
        && body.len() == BODY
        && body.bytes().all(|b| b.is_ascii_alphanumeric())
        && (1..=32).contains(&prefix.len())
        && prefix
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && let (Some(id), Some(check)) = (body.get(..16), body.get(48..))
    {
        let (checked, _) = text.split_at(text.len() - 6);
        let check_holds = base62(crc32fast::hash(checked.as_bytes())) == check;
        let id = id.to_owned();
        return Form::Generated { id, check_holds };
    }
    let is_custom =
        (20..=128).contains(&text.len()) && text.bytes().all(|b| (33..127).contains(&b));
    if is_custom {
        Form::Custom
    } else {
        Form::Neither
    }
}

fn base62(mut number: u32) -> String {
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut text = String::new();
    for _ in 0..6 {
        text.insert(0, digits.get(number as usize % 62).copied().unwrap_or('?'));
        number /= 62;
    }
    text
}
