//! Lists in pages.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    StoreError,
    item::{Item, text},
    schema::{Index, LIST, OWNER, PENDING, PK, SK},
};

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Where the next one begins; none on the last.
    pub cursor: Option<Cursor>,
}

/// Where a page begins: opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(BTreeMap<String, String>);

/// Where a list that the table does not page goes on: no attribute of the table.
const POSITION: &str = "position";
/// To what a list was narrowed: no attribute of the table either.
const NARROWED: &str = "narrowed";
/// DynamoDB's bound of a sort key in bytes; a partition key may have more, and has less.
const LONGEST: usize = 1_024;

/// A cursor that no list gave, or another list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list: pass on the cursor of the page before, unchanged")]
pub struct BadCursor;

impl Cursor {
    /// The cursor as text, for a query parameter.
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(&self.0).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    /// A cursor of a list that the table does not page, such as API Gateway's, which goes on at
    /// this position of its.
    pub fn at_position(position: &str) -> Self {
        Self(BTreeMap::from([(POSITION.to_owned(), position.to_owned())]))
    }

    /// The position, if it is such a cursor.
    pub fn position(&self) -> Option<&str> {
        let position = self.0.get(POSITION)?;
        (self.0.len() == 1).then_some(position)
    }

    /// The same of a list that was narrowed to `filters`, by their digest or the like: no
    /// other goes on with it.
    pub fn narrowed(mut self, filters: &str) -> Self {
        self.0.insert(NARROWED.to_owned(), filters.to_owned());
        self
    }

    /// The cursor of the whole list, if it is one of the list narrowed to `filters`.
    ///
    /// # Errors
    /// [`BadCursor`] for one of the whole list, and of other filters.
    pub fn of_narrowed(mut self, filters: &str) -> Result<Self, BadCursor> {
        let own = self.0.remove(NARROWED);
        own.filter(|own| own == filters)
            .map(|_| self)
            .ok_or(BadCursor)
    }

    /// Reads a cursor back.
    ///
    /// # Errors
    /// [`BadCursor`].
    pub fn decode(text: &str) -> Result<Self, BadCursor> {
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let keys: BTreeMap<String, String> =
            serde_json::from_slice(&json).map_err(|_| BadCursor)?;
        // What no item can be named by is refused here, since the table would answer with a
        // failure.
        let named = |(name, key): (&String, &String)| {
            !key.is_empty() && (key.len() <= LONGEST || name == POSITION)
        };
        if !keys.iter().all(named) {
            return Err(BadCursor);
        }
        Ok(Self(keys))
    }

    /// The cursor behind an item.
    fn behind(item: &Item, index: Option<Index>) -> Self {
        let text = |name: &&str| Some(((*name).to_owned(), item.get(*name)?.as_s().ok()?.clone()));
        Self(key_names(index).iter().filter_map(text).collect())
    }

    /// The key to start after, if it is of the partition that is asked for.
    fn start(&self, index: Option<Index>, partition: &str) -> Result<Item, BadCursor> {
        let expected = key_names(index);
        let own = self
            .0
            .get(index.map_or(PK, |index| index.partition))
            .is_some_and(|value| value == partition);
        if !own
            || self.0.len() != expected.len()
            || !expected.iter().all(|name| self.0.contains_key(*name))
        {
            return Err(BadCursor);
        }
        Ok(self
            .0
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect())
    }
}

/// The attributes that name an item's place in the table or in an index.
fn key_names(index: Option<Index>) -> &'static [&'static str] {
    match index {
        None => &[PK, SK],
        Some(LIST) => &[LIST.partition, LIST.sort, PK, SK],
        Some(OWNER) => &[OWNER.partition, OWNER.sort, PK, SK],
        Some(_) => &[PENDING.partition, PENDING.sort, PK, SK],
    }
}

/// What a list asks of a partition of the table or of an index.
pub(crate) struct Listing<'a> {
    pub(crate) index: Option<Index>,
    pub(crate) partition: &'a str,
    pub(crate) limit: u16,
    pub(crate) cursor: Option<&'a Cursor>,
}

impl Listing<'_> {
    /// One page, each item with the cursor behind it.
    pub(crate) async fn run_placed<T, E>(
        self,
        query: QueryFluentBuilder,
        read: impl Fn(&Item) -> Result<T, E>,
    ) -> Result<Page<(T, Cursor)>, StoreError>
    where
        StoreError: From<E>,
    {
        let index = self.index;
        self.run(query, |item| {
            Ok::<_, E>((read(item)?, Cursor::behind(item, index)))
        })
        .await
    }

    /// One page, each item read by `read`. One item more is asked for, to know whether
    /// there is a next page.
    pub(crate) async fn run<T, E>(
        self,
        query: QueryFluentBuilder,
        read: impl Fn(&Item) -> Result<T, E>,
    ) -> Result<Page<T>, StoreError>
    where
        StoreError: From<E>,
    {
        let start = self
            .cursor
            .map(|cursor| cursor.start(self.index, self.partition))
            .transpose()?;
        let answer = query
            .set_index_name(self.index.map(|index| index.name.to_owned()))
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names(
                "#partition",
                self.index.map_or(PK, |index| index.partition),
            )
            .expression_attribute_values(":partition", text(self.partition))
            .limit(i32::from(self.limit) + 1)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("Query", &error))?;
        let mut found = answer.items.unwrap_or_default();
        let more = found.len() > usize::from(self.limit) || answer.last_evaluated_key.is_some();
        found.truncate(usize::from(self.limit));
        let last = found.last().filter(|_| more);
        Ok(Page {
            cursor: last.map(|last| Cursor::behind(last, self.index)),
            items: found.iter().map(read).collect::<Result<_, E>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let last = HashMap::from([
            (PK.to_owned(), text("PLANS")),
            (SK.to_owned(), text("PLAN#a")),
        ]);
        let cursor = Cursor::decode(&Cursor::behind(&last, None).encode()).unwrap();
        assert!(cursor.start(None, "PLANS").is_ok());
        assert!(cursor.start(None, "KEY#x").is_err() && cursor.start(Some(LIST), "PLANS").is_err());
        let narrowed = cursor.clone().narrowed("filters");
        assert!(narrowed.start(None, "PLANS").is_err());
        assert!(narrowed.clone().of_narrowed("others").is_err());
        assert!(cursor.clone().of_narrowed("filters").is_err());
        assert_eq!(narrowed.of_narrowed("filters"), Ok(cursor.clone()));
        assert_eq!(
            Cursor::at_position("p 1").narrowed("filters").position(),
            None
        );
        let native = Cursor::decode(&Cursor::at_position("p 1").encode()).unwrap();
        assert!(native.start(None, "PLANS").is_err());
        assert_eq!((native.position(), cursor.position()), (Some("p 1"), None));
    }

    use std::collections::HashMap;

    #[test]
    fn a_cursor_that_names_no_item_is_refused() {
        for (sort, named) in [
            (String::new(), false),
            ("k".repeat(1_024), true),
            ("k".repeat(1_025), false),
        ] {
            let keys = BTreeMap::from([(PK.to_owned(), "PLANS".to_owned()), (SK.to_owned(), sort)]);
            assert_eq!(Cursor::decode(&Cursor(keys).encode()).is_ok(), named);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_cursor_panic(text in "\\PC{0,60}") {
            if let Ok(cursor) = Cursor::decode(&text) {
                let _ = cursor.start(None, "PLANS");
            }
        }
    }
}
