//! What the table may know of a request with an Idempotency-Key: a hash that names it, a
//! fingerprint of what was asked for, and its answer, which only the Idempotency-Key opens.
//!
//! Keys are derived by HKDF-SHA-256 from the Idempotency-Key, with the principal and a random
//! salt; each answer has a salt, and so a key, of its own, used once. It is ring's HKDF and
//! ChaCha20-Poly1305: ring is linked already, for TLS.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, Uri};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf, hmac,
};

/// Bytes of a salt.
pub(super) const SALT: usize = 32;

/// What tells keys derived for different uses apart.
const NAME: &[u8] = b"latchkey idempotency name v1";
const ASKED: &[u8] = b"latchkey idempotency request v1";
const SEALED: &[u8] = b"latchkey idempotency answer v1";

/// A caller's Idempotency-Key: a secret as long as its answer is kept.
#[derive(Clone)]
pub(super) struct IdempotencyKey {
    key: String,
    principal: String,
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey")
    }
}

impl IdempotencyKey {
    pub(super) const MAX: usize = 255;

    /// Reads it: 1 to 255 printable ASCII characters.
    pub(super) fn read(key: &[u8], principal: &str) -> Option<Self> {
        let printable = key.iter().all(|b| matches!(b, b' '..=b'~'));
        let fits = (1..=Self::MAX).contains(&key.len()) && printable;
        let key = std::str::from_utf8(key).ok().filter(|_| fits)?;
        Some(Self {
            key: key.to_owned(),
            principal: principal.to_owned(),
        })
    }

    /// The hash that names its record.
    pub(super) fn name(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(NAME);
        // With its length: no two pairs are one text.
        hash.update(&(self.principal.len() as u64).to_be_bytes());
        hash.update(self.principal.as_bytes());
        hash.update(self.key.as_bytes());
        URL_SAFE_NO_PAD.encode(hash.finish())
    }

    /// What was asked for, comparable under the same salt only.
    pub(super) fn fingerprint(&self, salt: &[u8], request: &Asked<'_>) -> Option<Vec<u8>> {
        let tag = hmac::sign(&self.fingerprint_key(salt)?, &request.bytes());
        Some(tag.as_ref().to_vec())
    }

    /// Whether the same was asked for.
    pub(super) fn matches(&self, salt: &[u8], request: &Asked<'_>, fingerprint: &[u8]) -> bool {
        let key = self.fingerprint_key(salt);
        key.is_some_and(|key| hmac::verify(&key, &request.bytes(), fingerprint).is_ok())
    }

    fn fingerprint_key(&self, salt: &[u8]) -> Option<hmac::Key> {
        self.derive(salt, ASKED, hmac::HMAC_SHA256)
    }

    /// An answer that only this key opens.
    pub(super) fn seal(&self, salt: [u8; SALT], answer: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = answer.to_vec();
        let key = self.sealing_key(&salt)?;
        key.seal_in_place_append_tag(used_once(), Aad::empty(), &mut sealed)
            .ok()?;
        Some([salt.as_slice(), &sealed].concat())
    }

    /// The answer, if it was sealed by this key.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, sealed) = sealed.split_at_checked(SALT)?;
        let mut answer = sealed.to_vec();
        let key = self.sealing_key(salt)?;
        let opened = key.open_in_place(used_once(), Aad::empty(), &mut answer);
        opened.map(|answer| answer.to_vec()).ok()
    }

    fn sealing_key(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let key: UnboundKey = self.derive(salt, SEALED, &CHACHA20_POLY1305)?;
        Some(LessSafeKey::new(key))
    }

    fn derive<L, K>(&self, salt: &[u8], label: &[u8], kind: L) -> Option<K>
    where
        L: hkdf::KeyType,
        K: for<'a> From<hkdf::Okm<'a, L>>,
    {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, salt);
        let secret = salt.extract(self.key.as_bytes());
        let info = [label, self.principal.as_bytes()];
        Some(secret.expand(&info, kind).ok()?.into())
    }
}

/// Each key seals one answer, so that its nonce need not differ from any other's.
fn used_once() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// What a request asks for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) body: &'a [u8],
}

impl Asked<'_> {
    fn bytes(&self) -> Vec<u8> {
        // In an order of its own: an event of API Gateway has its parameters in none.
        let query = self.uri.query().unwrap_or_default().as_bytes();
        let mut parameters: Vec<_> = form_urlencoded::parse(query).collect();
        parameters.sort();
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        // None has a line end in it.
        let head = format!("{}\n{}\n{query}\n", self.method, self.uri.path());
        [head.as_bytes(), self.body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str, principal: &str) -> IdempotencyKey {
        IdempotencyKey::read(key.as_bytes(), principal).unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_by_the_same_key_and_principal_only() {
        let sealed = key("k", "ann").seal([7; SALT], b"an answer").unwrap();
        assert_eq!(key("k", "ann").open(&sealed).unwrap(), b"an answer");
        for other in [key("K", "ann"), key("k", "bob"), key("ka", "nn")] {
            assert_eq!(other.open(&sealed), None);
        }
        assert!(!sealed.windows(6).any(|part| part == b"answer"));
        for at in [0, SALT, sealed.len() - 1] {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert_eq!(key("k", "ann").open(&broken), None, "{at}");
        }
        assert_eq!(key("k", "ann").open(&[1; 5]), None);
    }

    #[test]
    fn names_tell_principals_and_keys_apart() {
        let names = [("k", "ann"), ("k", "bob"), ("nk", "an"), ("K", "ann")];
        let names: std::collections::BTreeSet<String> = names
            .into_iter()
            .map(|(text, principal)| key(text, principal).name())
            .collect();
        assert_eq!(names.len(), 4);
    }

    #[test]
    fn method_path_query_and_body_are_what_was_asked_for() {
        let uri = |text: &'static str| Uri::from_static(text);
        let (plans, queried, keys) = (uri("/v1/plans"), uri("/v1/plans?a=b"), uri("/v1/keys"));
        let asked = |method, uri, body| Asked { method, uri, body };
        let first = asked(&Method::POST, &plans, b"{}");
        let fingerprint = key("k", "ann").fingerprint(&[1; SALT], &first).unwrap();
        let same = |salt: [u8; SALT], asked| key("k", "ann").matches(&salt, &asked, &fingerprint);
        assert!(same([1; SALT], first));
        let (one, other) = (uri("/v1/import?a=1&b=%2B"), uri("/v1/import?b=%2b&a=1"));
        let one = key("k", "ann").fingerprint(&[1; SALT], &asked(&Method::POST, &one, b""));
        let other = asked(&Method::POST, &other, b"");
        assert!(key("k", "ann").matches(&[1; SALT], &other, &one.unwrap()));
        assert!(!same([2; SALT], first), "it tells nothing without its salt");
        for other in [
            asked(&Method::PUT, &plans, b"{}"),
            asked(&Method::POST, &queried, b"{}"),
            asked(&Method::POST, &keys, b"{}"),
            asked(&Method::POST, &plans, b"{ }"),
        ] {
            assert!(!same([1; SALT], other));
        }
    }

    #[test]
    fn a_key_is_printable_and_short() {
        for (key, taken) in [
            (b"a".to_vec(), true),
            (vec![b'~'; 255], true),
            (vec![b'~'; 256], false),
            (b"".to_vec(), false),
            (b"a\tb".to_vec(), false),
            ("é".as_bytes().to_vec(), false),
        ] {
            assert_eq!(
                IdempotencyKey::read(&key, "ann").is_some(),
                taken,
                "{key:?}"
            );
        }
    }
}
