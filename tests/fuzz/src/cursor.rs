//! Cursors of lists.

use http::Method;
use latchkey_store::Cursor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    admin::{key_id, send},
    text,
};

/// What takes a cursor, each also with filters where it has them: its path and its query.
pub const LISTS: [(&str, &str); 15] = [
    ("/v1/audit", ""),
    ("/v1/audit", "keyId=0000000000000000&"),
    ("/v1/audit", "entity=plan&principal=ops&"),
    ("/v1/export", ""),
    ("/v1/export", "hashes=true&"),
    ("/v1/keys", ""),
    ("/v1/keys", "customerId=acme&"),
    ("/v1/keys", "planId=all&"),
    ("/v1/keys", "namePrefix=a&"),
    ("/v1/keys", "state=enabled&"),
    ("/v1/keys/{keyId}/usage", ""),
    ("/v1/plans", ""),
    ("/v1/plans/{planId}/keys", ""),
    ("/v1/plans/{planId}/usage", ""),
    ("/v1/plans/{planId}/usage", "customerId=acme&"),
];

/// A first byte that says how, and a cursor: as text, or the JSON in it. One that is read reads
/// back, and each list goes on with it or refuses it.
pub fn cursor(data: &[u8]) {
    let Some((kind, rest)) = text(data).and_then(|text| text.split_at_checked(1)) else {
        return;
    };
    let coded = match kind {
        "j" => {
            use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
            URL_SAFE_NO_PAD.encode(rest)
        }
        _ => rest.to_owned(),
    };
    if let Ok(cursor) = Cursor::decode(&coded) {
        let again = Cursor::decode(&cursor.encode());
        assert_eq!(again.as_ref(), Ok(&cursor));
        let narrowed = cursor.clone().narrowed("filters");
        assert!(narrowed.of_narrowed("filters").is_ok());
        assert!(cursor.narrowed("filters").of_narrowed("others").is_err());
    }
    let coded = utf8_percent_encode(&coded, NON_ALPHANUMERIC);
    for (path, query) in LISTS {
        let path = path
            .replace("{keyId}", &key_id())
            .replace("{planId}", "all");
        let list = format!("{path}?{query}cursor={coded}");
        let answer = send(Method::GET, &list, "", String::new());
        assert!(
            answer.status == 200 || answer.status == 400,
            "{list}: {} {}",
            answer.status,
            answer.text
        );
    }
}
