//! Single members of an event, read from their JSON text when they are asked for.

use std::{borrow::Cow, net::IpAddr};

use serde::Deserialize;
use serde_json::value::RawValue;

/// A member that is needed has the wrong JSON type, or is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A text; none for null, absent and empty.
pub(super) fn text(raw: Option<&RawValue>) -> Result<Option<Cow<'_, str>>, Unreadable> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
        return Ok(None);
    };
    let inner = raw
        .get()
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or(Unreadable)?;
    let text = if inner.contains('\\') {
        Cow::Owned(serde_json::from_str(raw.get()).map_err(|_| Unreadable)?)
    } else {
        Cow::Borrowed(inner)
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// An object; for null and absent an empty one. Serde would read an array as well.
pub(super) fn object<'e, T: Deserialize<'e>>(raw: Option<&'e RawValue>) -> Result<T, Unreadable> {
    let text = raw
        .map(RawValue::get)
        .filter(|text| *text != "null")
        .unwrap_or("{}");
    if !text.starts_with('{') {
        return Err(Unreadable);
    }
    serde_json::from_str(text).map_err(|_| Unreadable)
}

/// The caller's address. Test events of API Gateway's console hold a text that is none.
pub(super) fn source_ip(raw: Option<&RawValue>) -> Result<Option<IpAddr>, Unreadable> {
    Ok(text(raw)?.and_then(|text| text.trim().parse().ok()))
}

/// `requestContext` with the members that some kind is read from.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestContext<'e> {
    #[serde(borrow)]
    pub(super) identity: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) http: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) resource_path: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) route_key: Option<&'e RawValue>,
}

/// `requestContext.identity` and `requestContext.http`: both have the address.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Caller<'e> {
    #[serde(borrow)]
    pub(super) source_ip: Option<&'e RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn null_absent_and_empty_are_the_same() {
        assert_eq!(text(None), Ok(None));
        assert_eq!(text(Some(&raw("null"))), Ok(None));
        assert_eq!(text(Some(&raw(r#""""#))), Ok(None));
        for absent in [None, Some(&*raw("null")), Some(&*raw("{}"))] {
            let context: RequestContext<'_> = object(absent).unwrap();
            assert!(context.identity.is_none() && context.http.is_none());
        }
    }

    #[test]
    fn a_text_is_decoded() {
        let read = |json: &str| {
            text(Some(&raw(json)))
                .map(|text| text.map(Cow::into_owned))
                .unwrap()
        };
        assert_eq!(read(r#""plain""#).as_deref(), Some("plain"));
        assert_eq!(read(r#""a\/b\u00e9""#).as_deref(), Some("a/bé"));
    }

    #[test]
    fn a_wrong_type_is_unreadable() {
        for wrong in ["1", "true", "[]", "{}", r#""\ud800""#] {
            assert_eq!(text(Some(&raw(wrong))), Err(Unreadable), "{wrong}");
        }
        for wrong in ["1", "true", "[]", r#"[null, null]"#, r#""text""#] {
            let object = object::<RequestContext<'_>>(Some(&raw(wrong))).map(|_| ());
            assert_eq!(object, Err(Unreadable), "{wrong}");
        }
    }
}
