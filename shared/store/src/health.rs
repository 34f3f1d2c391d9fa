//! The table as DynamoDB describes it, for who looks whether it is the one that Latchkey needs:
//! its keys and indexes, and what protects what is in it.

use aws_sdk_dynamodb::types::{
    ContinuousBackupsDescription, GlobalSecondaryIndexDescription, IndexStatus, KeySchemaElement,
    KeyType, PointInTimeRecoveryStatus, ProjectionType, TableDescription, TimeToLiveStatus,
};

use crate::{
    Store, StoreError,
    schema::{INDEXES, PK, SK, TTL},
};

/// A table as it is. Where there is something in a list or an option, something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableHealth {
    /// Its ARN.
    pub arn: String,
    /// Its status, where it is not ACTIVE, and why its KMS key cannot be used, where that is so.
    pub trouble: Vec<String>,
    /// Where its keys and indexes are not those of the schema, in words.
    pub differences: Vec<String>,
    /// Whether DynamoDB refuses to delete it.
    pub protected: bool,
    /// The Regions in which it has replicas: conditions of writes hold in one Region only.
    pub replicas: Vec<String>,
}

impl Store {
    /// DescribeTable.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn table_health(&self) -> Result<TableHealth, StoreError> {
        const OPERATION: &str = "DescribeTable";
        let sent = self.client.describe_table().table_name(&self.table).send();
        let answer = sent.await;
        let answer = answer.map_err(|error| StoreError::from_sdk(OPERATION, &error))?;
        let table = answer.table;
        table
            .as_ref()
            .map(health)
            .ok_or_else(|| StoreError::unavailable(OPERATION, &"its answer has no table"))
    }

    /// DescribeContinuousBackups: whether the table can be restored as it was at any second of
    /// the last days.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn can_be_recovered(&self) -> Result<bool, StoreError> {
        let request = self.client.describe_continuous_backups();
        let answer = request.table_name(&self.table).send().await;
        let answer =
            answer.map_err(|error| StoreError::from_sdk("DescribeContinuousBackups", &error))?;
        let recovery = answer
            .continuous_backups_description
            .as_ref()
            .and_then(ContinuousBackupsDescription::point_in_time_recovery_description);
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status());
        Ok(status == Some(&PointInTimeRecoveryStatus::Enabled))
    }

    /// DescribeTimeToLive: whether what has had its time is deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forgets(&self) -> Result<bool, StoreError> {
        let request = self.client.describe_time_to_live();
        let answer = request.table_name(&self.table).send().await;
        let answer = answer.map_err(|error| StoreError::from_sdk("DescribeTimeToLive", &error))?;
        Ok(answer.time_to_live_description.is_some_and(|ttl| {
            let on = matches!(
                ttl.time_to_live_status(),
                Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
            );
            on && ttl.attribute_name() == Some(TTL)
        }))
    }
}

fn health(table: &TableDescription) -> TableHealth {
    let mut trouble = Vec::new();
    if let Some(status) = table.table_status().map(|status| status.as_str())
        && !matches!(status, "ACTIVE" | "UPDATING")
    {
        trouble.push(format!("its status is {status}"));
    }
    let since = table
        .sse_description()
        .and_then(|sse| sse.inaccessible_encryption_date_time());
    if since.is_some() {
        trouble.push("DynamoDB cannot use its KMS key".to_owned());
    }
    let replicas = table.replicas().iter();
    let replicas = replicas.filter_map(|replica| replica.region_name().map(str::to_owned));
    TableHealth {
        arn: table.table_arn().unwrap_or_default().to_owned(),
        trouble,
        differences: differences(table),
        protected: table.deletion_protection_enabled() == Some(true),
        replicas: replicas.collect(),
    }
}

fn differences(table: &TableDescription) -> Vec<String> {
    let mut differences = Vec::new();
    if !is_keyed(table.key_schema(), PK, SK) {
        differences.push(format!("its key is not {PK} and {SK}"));
    }
    let there = table.global_secondary_indexes();
    for index in INDEXES {
        let found = there
            .iter()
            .find(|one| one.index_name() == Some(index.name));
        let wrong = match found {
            None => Some("is not there"),
            Some(found) if !is_keyed(found.key_schema(), index.partition, index.sort) => {
                Some("has another key")
            }
            Some(found) => wrong_with(found),
        };
        if let Some(wrong) = wrong {
            differences.push(format!("its index {} {wrong}", index.name));
        }
    }
    differences
}

fn wrong_with(index: &GlobalSecondaryIndexDescription) -> Option<&'static str> {
    let projection = index.projection().and_then(|one| one.projection_type());
    if projection != Some(&ProjectionType::All) {
        return Some("does not hold whole items");
    }
    let building = matches!(
        index.index_status(),
        Some(IndexStatus::Creating | IndexStatus::Deleting)
    );
    building.then_some("is being made or deleted")
}

fn is_keyed(schema: &[KeySchemaElement], partition: &str, sort: &str) -> bool {
    let named = |kind: &KeyType| {
        let element = schema.iter().find(|element| element.key_type() == kind);
        element.map(KeySchemaElement::attribute_name)
    };
    named(&KeyType::Hash) == Some(partition) && named(&KeyType::Range) == Some(sort)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{Projection, ReplicaDescription, SseDescription, TableStatus};
    use aws_smithy_types::DateTime;

    use super::*;

    fn element(name: &str, kind: KeyType) -> KeySchemaElement {
        let element = KeySchemaElement::builder().attribute_name(name);
        element.key_type(kind).build().unwrap()
    }

    fn index(name: &str, keys: [&str; 2], kind: ProjectionType) -> GlobalSecondaryIndexDescription {
        GlobalSecondaryIndexDescription::builder()
            .index_name(name)
            .key_schema(element(keys[0], KeyType::Hash))
            .key_schema(element(keys[1], KeyType::Range))
            .projection(Projection::builder().projection_type(kind).build())
            .index_status(IndexStatus::Active)
            .build()
    }

    #[test]
    fn what_is_not_of_the_schema_is_told() {
        let table = TableDescription::builder()
            .table_status(TableStatus::Active)
            .key_schema(element("id", KeyType::Hash))
            .global_secondary_indexes(index("list", ["listPk", "sk"], ProjectionType::All))
            .global_secondary_indexes(index(
                "owner",
                ["ownerPk", "ownerSk"],
                ProjectionType::KeysOnly,
            ))
            .replicas(
                ReplicaDescription::builder()
                    .region_name("eu-west-1")
                    .build(),
            )
            .deletion_protection_enabled(true)
            .build();
        let expected = TableHealth {
            differences: vec![
                "its key is not pk and sk".to_owned(),
                "its index list has another key".to_owned(),
                "its index owner does not hold whole items".to_owned(),
                "its index pending is not there".to_owned(),
            ],
            protected: true,
            replicas: vec!["eu-west-1".to_owned()],
            ..TableHealth::default()
        };
        assert_eq!(health(&table), expected);
    }

    #[test]
    fn a_table_whose_kms_key_cannot_be_used_is_in_trouble() {
        let sse = SseDescription::builder()
            .inaccessible_encryption_date_time(DateTime::from_secs(0))
            .build();
        let table = TableDescription::builder()
            .table_status(TableStatus::InaccessibleEncryptionCredentials)
            .sse_description(sse)
            .build();
        let expected = [
            "its status is INACCESSIBLE_ENCRYPTION_CREDENTIALS",
            "DynamoDB cannot use its KMS key",
        ];
        assert_eq!(health(&table).trouble, expected);
    }
}
