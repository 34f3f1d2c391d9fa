//! Many items at once, for tests at scale: in one transaction of the engine's, without the
//! SDK's requests between.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as Sent;
use dynoxide::{ImportOptions, types::AttributeValue};

use crate::{Engine, EngineError};

impl Engine {
    /// Puts items into a table and its indexes: all or none.
    ///
    /// # Errors
    /// [`EngineError::Load`].
    pub fn load(
        &self,
        table: &str,
        items: impl IntoIterator<Item = HashMap<String, Sent>>,
    ) -> Result<(), EngineError> {
        let read = |item: HashMap<String, Sent>| {
            let pairs = item.into_iter();
            pairs
                .map(|(name, value)| Ok((name, taken(value)?)))
                .collect()
        };
        let items = items.into_iter().map(read).collect::<Result<_, _>>()?;
        self.database
            .import_items(table, items, ImportOptions::default())
            .map(drop)
            .map_err(|error| EngineError::Load(error.to_string()))
    }
}

/// The engine's own type of a value.
fn taken(value: Sent) -> Result<AttributeValue, EngineError> {
    Ok(match value {
        Sent::S(text) => AttributeValue::S(text),
        Sent::N(number) => AttributeValue::N(number),
        Sent::B(bytes) => AttributeValue::B(bytes.into_inner()),
        Sent::Bool(flag) => AttributeValue::BOOL(flag),
        Sent::Ss(texts) => AttributeValue::SS(texts),
        Sent::L(list) => AttributeValue::L(list.into_iter().map(taken).collect::<Result<_, _>>()?),
        Sent::M(map) => {
            let pairs = map.into_iter();
            AttributeValue::M(
                pairs
                    .map(|(name, value)| Ok((name, taken(value)?)))
                    .collect::<Result<_, EngineError>>()?,
            )
        }
        other => {
            return Err(EngineError::Load(format!(
                "no item of Latchkey's has {other:?}"
            )));
        }
    })
}
