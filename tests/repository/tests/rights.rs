//! The stack's roles allow what the store asks of DynamoDB, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use latchkey_repository::{document, root, rust_sources};
use yaml_rust2::{Yaml, YamlLoader};

const TABLE: &str =
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table}";
const INDEXES: &str =
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table}/index/*";

/// Actions and what each is allowed, or asked, on.
type Rights = BTreeSet<(String, String)>;

/// Of a client, but calls nothing in a deployed stack: its configuration, and what makes the
/// table of the embedded engine, and what `latchkey doctor` reads with its user's rights.
const NOT_OF_A_FUNCTION: [&str; 6] = [
    "config",
    "create_table",
    "update_time_to_live",
    "describe_table",
    "describe_time_to_live",
    "describe_continuous_backups",
];

/// What follows each `start`, up to the parenthesis of the call.
fn called<'a>(code: &'a str, start: &str) -> BTreeSet<&'a str> {
    let calls = code.split(start).skip(1);
    let names = calls.filter_map(|rest| rest.split_once('(').map(|(name, _)| name));
    let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    names.filter(is_name).collect()
}

/// `get_item` as IAM writes it: `GetItem`.
fn action(operation: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    operation.split('_').map(capitalized).collect()
}

/// What the store's code asks of DynamoDB. A transaction is no action of IAM: its items are.
fn asked() -> Rights {
    let folder = root().join("shared/store/src");
    let sources = rust_sources().unwrap();
    let own = sources.iter().filter(|(path, _)| path.starts_with(&folder));
    let code: String = own
        .flat_map(|(_, source)| source.split("#[cfg(test)]").next())
        .flat_map(str::lines)
        .filter(|line| !line.trim().starts_with("//"))
        .flat_map(str::split_whitespace)
        .collect();

    let mut operations = called(&code, "client.");
    operations.extend(called(&code, "charges."));
    operations.retain(|operation| !NOT_OF_A_FUNCTION.contains(operation));
    assert!(operations.remove("transact_write_items"), "{operations:?}");
    let mut actions: BTreeSet<String> = operations.into_iter().map(action).collect();
    for item in called(&code, "TransactWriteItem::builder().") {
        actions.insert(action(item) + "Item");
    }

    let mut rights: Rights = actions
        .into_iter()
        .map(|action| (action, TABLE.to_owned()))
        .collect();
    if code.contains("index:Some(") {
        rights.insert(("Query".to_owned(), INDEXES.to_owned()));
    }
    rights
}

/// One text, or a list of them. Of a text with a map of what is put in (`!Sub`) the text.
fn texts(one_or_more: &Yaml) -> Vec<&str> {
    match one_or_more {
        Yaml::Array(parts) if parts[1..].iter().any(|part| part.as_hash().is_some()) => {
            texts(&parts[0])
        }
        Yaml::Array(items) => items.iter().flat_map(texts).collect(),
        text => vec![text.as_str().unwrap()],
    }
}

/// Services of which `control_plane_rights.rs` and `other_rights.rs` hold the rights.
const ELSEWHERE: [&str; 5] = ["apigateway:", "logs:", "kms:", "lambda:", "xray:"];

/// Adds what the statements in `part` say of DynamoDB, those under a condition too.
fn collect(part: &Yaml, rights: &mut Rights) {
    if let Some(statement) = part.as_hash().filter(|_| !part["Action"].is_badvalue()) {
        for action in texts(&part["Action"]) {
            let Some(action) = action.strip_prefix("dynamodb:") else {
                assert!(ELSEWHERE.iter().any(|service| action.starts_with(service)));
                continue;
            };
            assert_eq!(part["Effect"].as_str(), Some("Allow"), "{statement:?}");
            for resource in texts(&part["Resource"]) {
                rights.insert((action.to_owned(), resource.to_owned()));
            }
        }
    } else if let Some(fields) = part.as_hash() {
        fields.values().for_each(|field| collect(field, rights));
    } else if let Some(items) = part.as_vec() {
        items.iter().for_each(|item| collect(item, rights));
    }
}

/// What the template's roles allow on DynamoDB, by role.
fn allowed() -> BTreeMap<String, Rights> {
    let template = YamlLoader::load_from_str(&document("template.yaml").unwrap())
        .unwrap()
        .remove(0);
    let mut roles = BTreeMap::new();
    for (name, resource) in template["Resources"].as_hash().unwrap() {
        if resource["Type"].as_str() != Some("AWS::IAM::Role") {
            continue;
        }
        let properties = &resource["Properties"];
        assert!(properties["ManagedPolicyArns"].is_badvalue(), "{name:?}");
        let mut rights = Rights::new();
        collect(&properties["Policies"], &mut rights);
        roles.insert(name.as_str().unwrap().to_owned(), rights);
    }
    roles.retain(|_, rights| !rights.is_empty());
    roles
}

#[test]
fn each_role_allows_exactly_what_is_asked_of_dynamodb() {
    let asked = asked();
    let of_calls = ["GetItem", "Query", "UpdateItem"];
    let of_calls: Rights = of_calls
        .iter()
        .map(|action| ((*action).to_owned(), TABLE.to_owned()))
        .collect();
    assert!(of_calls.is_subset(&asked), "{asked:?}");
    // What is pending and what is to be deleted is the reconciler's to find.
    let query = |resource: &str| ("Query".to_owned(), resource.to_owned());
    let mut of_admin = asked.clone();
    assert!(of_admin.remove(&query(INDEXES)));
    of_admin.extend(["list", "owner"].map(|name| query(&INDEXES.replace('*', name))));
    // That a plan is as it was read is asked where somebody sets what is left of a quota.
    let mut of_reconciler = asked;
    assert!(of_reconciler.remove(&("ConditionCheckItem".to_owned(), TABLE.to_owned())));
    let expected = BTreeMap::from([
        ("AdminRole".to_owned(), of_admin),
        ("AuthorizerRole".to_owned(), of_calls),
        ("ReconcilerRole".to_owned(), of_reconciler),
    ]);
    assert_eq!(allowed(), expected);
}
