//! The table has one definition: template.yaml's and the engine's are the same.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use aws_sdk_dynamodb::types::{KeySchemaElement, TableDescription, TimeToLiveDescription};
use support::{TABLE, Table};
use yaml_rust2::{Yaml, YamlLoader};

/// A table in words: key, indexes with their projection, types, billing.
#[derive(Debug, PartialEq, Eq)]
struct Definition {
    key: Vec<String>,
    indexes: Vec<(String, Vec<String>, String)>,
    attributes: Vec<(String, String)>,
    billing: String,
    ttl: String,
}

fn of_template() -> Definition {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml"))
        .unwrap();
    let template = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let resources = template["Resources"].as_hash().unwrap();
    let tables: Vec<_> = resources
        .values()
        .filter(|r| r["Type"].as_str() == Some("AWS::DynamoDB::Table"))
        .collect();
    assert_eq!(tables.len(), 1, "the template has one table");
    let table = &tables[0]["Properties"];
    let text = |yaml: &Yaml| yaml.as_str().unwrap().to_owned();
    let list = |yaml: &Yaml| yaml.as_vec().cloned().unwrap_or_default();
    let key = |yaml: &Yaml| -> Vec<String> {
        list(yaml)
            .iter()
            .map(|element| {
                format!(
                    "{} {}",
                    text(&element["AttributeName"]),
                    text(&element["KeyType"])
                )
            })
            .collect()
    };
    let index = |yaml: &Yaml| {
        (
            text(&yaml["IndexName"]),
            key(&yaml["KeySchema"]),
            text(&yaml["Projection"]["ProjectionType"]),
        )
    };
    let attribute = |yaml: &Yaml| (text(&yaml["AttributeName"]), text(&yaml["AttributeType"]));
    sorted(Definition {
        key: key(&table["KeySchema"]),
        indexes: list(&table["GlobalSecondaryIndexes"])
            .iter()
            .map(index)
            .collect(),
        attributes: list(&table["AttributeDefinitions"])
            .iter()
            .map(attribute)
            .collect(),
        billing: text(&table["BillingMode"]),
        ttl: text(&table["TimeToLiveSpecification"]["AttributeName"]),
    })
}

fn of_engine(table: &TableDescription, ttl: &TimeToLiveDescription) -> Definition {
    let key = |elements: &[KeySchemaElement]| -> Vec<String> {
        elements
            .iter()
            .map(|element| format!("{} {}", element.attribute_name(), element.key_type()))
            .collect()
    };
    let indexes = table.global_secondary_indexes().iter().map(|index| {
        let projection = index.projection().unwrap().projection_type().unwrap();
        (
            index.index_name().unwrap().to_owned(),
            key(index.key_schema()),
            projection.to_string(),
        )
    });
    let attributes = table.attribute_definitions().iter();
    sorted(Definition {
        key: key(table.key_schema()),
        indexes: indexes.collect(),
        attributes: attributes
            .map(|a| {
                (
                    a.attribute_name().to_owned(),
                    a.attribute_type().to_string(),
                )
            })
            .collect(),
        billing: table
            .billing_mode_summary()
            .unwrap()
            .billing_mode()
            .unwrap()
            .to_string(),
        ttl: ttl.attribute_name().unwrap().to_owned(),
    })
}

fn sorted(mut definition: Definition) -> Definition {
    definition.indexes.sort();
    definition.attributes.sort();
    definition
}

#[tokio::test]
async fn the_template_s_table_is_the_engine_s() {
    let table = Table::new().await;
    let described = table
        .client
        .describe_table()
        .table_name(TABLE)
        .send()
        .await
        .unwrap();
    let ttl = table
        .client
        .describe_time_to_live()
        .table_name(TABLE)
        .send();
    let ttl = ttl.await.unwrap().time_to_live_description.unwrap();
    assert_eq!(of_engine(described.table().unwrap(), &ttl), of_template());
}

#[tokio::test]
async fn making_the_table_again_changes_nothing() {
    let table = Table::new().await;
    latchkey_store::create_table(&table.client, TABLE)
        .await
        .unwrap();
}
