//! Items as attributes, read with care: what is missing or of a wrong type is an error that
//! names it, what is not known is left alone.

use std::{collections::HashMap, fmt::Display, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::{
    Corrupt, Record,
    schema::{PK, SK},
};

/// An item.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The attribute that holds the version of a record's format.
pub(crate) const FORMAT: &str = "v";
/// The only version so far. One that is higher was written by a later release.
const CURRENT: u32 = 1;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The `pk` and `sk` of a record.
pub(crate) fn key_of(record: &Record<'_>) -> Item {
    let (pk, sk) = record.key();
    HashMap::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))])
}

/// An item in the making.
pub(crate) struct Draft(Item);

impl Draft {
    /// With its key and the format's version.
    pub(crate) fn new(record: &Record<'_>) -> Self {
        let mut item = key_of(record);
        item.insert(FORMAT.to_owned(), number(CURRENT));
        Self(item)
    }

    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn set_some(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    pub(crate) fn done(self) -> Item {
        self.0
    }
}

/// Attributes of an item of a named record.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    record: &'static str,
    item: &'a Item,
}

impl<'a> Fields<'a> {
    /// The attributes of `item`.
    pub(crate) fn of(record: &'static str, item: &'a Item) -> Result<Self, Corrupt> {
        let fields = Self { record, item };
        let version: u32 = fields.number(FORMAT)?;
        if version > CURRENT {
            return Err(fields.corrupt(FORMAT, format!("is {version}, written by a later release")));
        }
        Ok(fields)
    }

    /// Attributes of a map within an item.
    pub(crate) fn within(&self, item: &'a Item) -> Self {
        Self {
            record: self.record,
            item,
        }
    }

    pub(crate) fn corrupt(&self, attribute: &str, problem: impl Display) -> Corrupt {
        Corrupt {
            record: self.record,
            attribute: attribute.to_owned(),
            problem: problem.to_string(),
        }
    }

    fn missing(&self, name: &str) -> Corrupt {
        self.corrupt(name, "is missing")
    }

    fn get<T>(
        &self,
        name: &str,
        read: impl Fn(&'a AttributeValue) -> Option<T>,
    ) -> Result<Option<T>, Corrupt> {
        match self.item.get(name) {
            None => Ok(None),
            Some(value) => read(value)
                .map(Some)
                .ok_or_else(|| self.corrupt(name, "has a wrong type")),
        }
    }

    pub(crate) fn text_if_any(&self, name: &str) -> Result<Option<&'a str>, Corrupt> {
        self.get(name, |value| value.as_s().ok().map(String::as_str))
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Corrupt> {
        self.text_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    /// A text with a rule.
    pub(crate) fn parsed_if_any<T>(&self, name: &str) -> Result<Option<T>, Corrupt>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text_if_any(name)?;
        text.map(|text| text.parse().map_err(|error| self.corrupt(name, error)))
            .transpose()
    }

    pub(crate) fn parsed<T>(&self, name: &str) -> Result<T, Corrupt>
    where
        T: FromStr<Err: Display>,
    {
        self.parsed_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn number_if_any<T>(&self, name: &str) -> Result<Option<T>, Corrupt>
    where
        T: FromStr<Err: Display>,
    {
        let digits = self.get(name, |value| value.as_n().ok())?;
        digits
            .map(|digits| digits.parse().map_err(|error| self.corrupt(name, error)))
            .transpose()
    }

    pub(crate) fn number<T>(&self, name: &str) -> Result<T, Corrupt>
    where
        T: FromStr<Err: Display>,
    {
        self.number_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn flag_if_any(&self, name: &str) -> Result<Option<bool>, Corrupt> {
        self.get(name, |value| value.as_bool().ok().copied())
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Corrupt> {
        self.flag_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<&'a [u8], Corrupt> {
        let bytes = self.get(name, |value| value.as_b().ok().map(AsRef::as_ref))?;
        bytes.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a [AttributeValue]>, Corrupt> {
        self.get(name, |value| value.as_l().ok().map(Vec::as_slice))
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, Corrupt> {
        let Some(values) = self.list(name)? else {
            return Ok(None);
        };
        let texts = values.iter().map(|value| value.as_s().map(String::as_str));
        texts
            .collect::<Result<_, _>>()
            .map(Some)
            .map_err(|_| self.corrupt(name, "has a wrong type"))
    }

    /// A set of texts; absent is empty, as DynamoDB has no empty sets.
    pub(crate) fn set(&self, name: &str) -> Result<&'a [String], Corrupt> {
        Ok(self
            .get(name, |value| value.as_ss().ok().map(Vec::as_slice))?
            .unwrap_or_default())
    }

    pub(crate) fn map(&self, name: &str) -> Result<Option<&'a Item>, Corrupt> {
        self.get(name, |value| value.as_m().ok())
    }

    pub(crate) fn instant_if_any(&self, name: &str) -> Result<Option<Timestamp>, Corrupt> {
        self.parsed_if_any(name)
    }

    pub(crate) fn instant(&self, name: &str) -> Result<Timestamp, Corrupt> {
        self.parsed(name)
    }
}
