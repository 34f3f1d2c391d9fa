//! Single members of an event. Objects are read on the way through it, since each pass over its
//! text costs a call a tenth of what it costs at all; what is in them stays JSON text until it
//! is asked for.

use std::{borrow::Cow, fmt, marker::PhantomData, net::IpAddr};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
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

/// An object; for null and absent an empty one. What is something else matters where it is
/// asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Object<T>(Result<T, Unreadable>);

impl<T> Object<T> {
    pub(super) fn read(self) -> Result<T, Unreadable> {
        self.0
    }
}

impl<T: Default> Default for Object<T> {
    fn default() -> Self {
        Self(Ok(T::default()))
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let object = T::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Object(Ok(object)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Object::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Object(Err(Unreadable)))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Object(Err(Unreadable)))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Object(Err(Unreadable)))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Object(Err(Unreadable)))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Object(Err(Unreadable)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Object(Err(Unreadable)))
    }
}

/// The object that a JSON text is.
pub(super) fn object<'e, T>(text: &'e str) -> Result<T, Unreadable>
where
    T: Deserialize<'e> + Default,
{
    let object: Object<T> = serde_json::from_str(text).map_err(|_| Unreadable)?;
    object.read()
}

/// The caller's address. Test events of API Gateway's console hold a text that is none.
pub(super) fn source_ip(raw: Option<&RawValue>) -> Result<Option<IpAddr>, Unreadable> {
    Ok(text(raw)?.and_then(|text| text.trim().parse().ok()))
}

/// `requestContext` with the members that some kind is read from.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestContext<'e> {
    #[serde(borrow, default)]
    pub(super) identity: Object<Caller<'e>>,
    #[serde(borrow, default)]
    pub(super) http: Object<Caller<'e>>,
    #[serde(borrow)]
    pub(super) resource_path: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) route_key: Option<&'e RawValue>,
}

/// `requestContext.identity` and `requestContext.http`: both have the address.
#[derive(Clone, Copy, Default, Deserialize)]
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
        for absent in ["null", "{}"] {
            let context: RequestContext<'_> = object(absent).unwrap();
            let callers = [context.identity, context.http].map(|caller| caller.read().unwrap());
            assert!(callers.iter().all(|caller| caller.source_ip.is_none()));
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
        let wrong = ["1", "-1", "1.5", "true", "[]", "[null, [{}]]", r#""text""#];
        for wrong in wrong {
            let object = object::<RequestContext<'_>>(wrong).map(|_| ());
            assert_eq!(object, Err(Unreadable), "{wrong}");
            let within = format!(r#"{{"identity":{wrong},"http":{{}}}}"#);
            let context: RequestContext<'_> = super::object(&within).unwrap();
            assert!(context.http.read().is_ok(), "{wrong}");
            assert!(context.identity.read().is_err(), "{wrong}");
        }
    }
}
