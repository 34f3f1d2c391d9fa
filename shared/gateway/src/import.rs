//! Many keys in one call.

use aws_sdk_apigateway::{primitives::Blob, types::ApiKeysFormat};

use crate::{
    Gateway, GatewayError, NativeKeyId, SecretCsv, gateway::id, operation::Operation,
    value::repeats_a_secret,
};

/// What an import made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The new keys.
    pub ids: Vec<NativeKeyId>,
    /// What AWS warns of; one that repeats a value is replaced by words of Latchkey's.
    pub warnings: Vec<String>,
}

impl Gateway {
    /// ImportApiKeys: all rows or, at the first warning, none. Values have 30 to 128
    /// characters there.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn import_keys(&self, csv: &SecretCsv) -> Result<Imported, GatewayError> {
        let operation = Operation::ImportApiKeys;
        let request = self
            .client
            .import_api_keys()
            .format(ApiKeysFormat::Csv)
            .fail_on_warnings(true)
            .body(Blob::new(csv.reveal()));
        let send = || request.clone().send();
        let answer = self.call_with(operation, csv.reveal(), send).await?;
        let ids = answer.ids().iter().map(|text| id(operation, Some(text)));
        let warnings = answer.warnings().iter().map(|warning| {
            if repeats_a_secret(warning, csv.reveal()) {
                "a warning that repeats a key value".to_owned()
            } else {
                warning.clone()
            }
        });
        Ok(Imported {
            ids: ids.collect::<Result<_, _>>()?,
            warnings: warnings.collect(),
        })
    }
}
