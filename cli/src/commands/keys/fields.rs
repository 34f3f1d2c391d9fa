//! Fields of a key as flags, and the body that they make.

use serde_json::{Map, Value};

use super::super::parsing::metadata;

/// What a key is given, at creation and later.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct Fields {
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// Words of your own
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Whose it is, in your own words, such as cus_42
    #[arg(long, value_name = "ID")]
    customer_id: Option<String>,
    /// Whether it opens anything
    #[arg(long, value_name = "true|false")]
    enabled: Option<bool>,
    /// It is refused before this instant, such as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "INSTANT")]
    not_before: Option<String>,
    /// It is refused from this instant on
    #[arg(long, value_name = "INSTANT")]
    expires_at: Option<String>,
    /// An address or network that it may be used from, again for each
    #[arg(long, value_name = "ADDRESS")]
    allowed_ip: Vec<String>,
    /// What it may call, again for each, such as "GET /orders/*"
    #[arg(long, value_name = "METHOD /PATH")]
    route: Vec<String>,
    /// An entry that the backend gets with each call, again for each
    #[arg(long, value_name = "NAME=TEXT", value_parser = metadata)]
    metadata: Vec<(String, String)>,
}

impl Fields {
    /// The fields that are given.
    pub(super) fn body(self) -> Map<String, Value> {
        let mut body = Map::new();
        let texts = [
            ("name", self.name),
            ("description", self.description),
            ("customerId", self.customer_id),
            ("notBefore", self.not_before),
            ("expiresAt", self.expires_at),
        ];
        for (name, text) in texts {
            body.extend(text.map(|text| (name.to_owned(), text.into())));
        }
        let enabled = self.enabled;
        body.extend(enabled.map(|enabled| ("enabled".to_owned(), enabled.into())));
        for (name, list) in [("allowedIps", self.allowed_ip), ("routes", self.route)] {
            if !list.is_empty() {
                body.insert(name.to_owned(), list.into());
            }
        }
        if !self.metadata.is_empty() {
            let entries = self.metadata.into_iter();
            let entries: Map<_, _> = entries.map(|(name, text)| (name, text.into())).collect();
            body.insert("metadata".to_owned(), Value::Object(entries));
        }
        body
    }
}
