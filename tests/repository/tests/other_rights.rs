//! What the stack's roles may beside the table and API Gateway's control plane: each its own log,
//! and what the template's parameters ask for, to the letter.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use latchkey_repository::document;
use yaml_rust2::{Yaml, YamlLoader};

/// Of these, `rights.rs` and `control_plane_rights.rs` hold the rights.
const ELSEWHERE: [&str; 2] = ["dynamodb:", "apigateway:"];
const KMS: [&str; 5] = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
];

/// By which service alone the table's key is used: both of its names, which differ in China.
const BY_DYNAMODB: &str = "StringEquals kms:ViaService dynamodb.${AWS::Region}.amazonaws.com \
     dynamodb.${AWS::Region}.${AWS::URLSuffix}";

/// An action, on what, and under which operator, key and values of a condition.
type Right = (String, String, String);

fn texts(one_or_more: &Yaml) -> Vec<&str> {
    match one_or_more {
        Yaml::Array(items) => items.iter().flat_map(texts).collect(),
        text => vec![text.as_str().unwrap()],
    }
}

/// Operator, key and values; nothing where there is no condition.
fn condition(statement: &Yaml) -> String {
    let operators = statement["Condition"].as_hash().into_iter().flatten();
    let mut named = Vec::new();
    for (operator, keys) in operators {
        for (key, values) in keys.as_hash().unwrap() {
            let words = [operator, key].map(|name| name.as_str().unwrap());
            named.push([&words, texts(values).as_slice()].concat().join(" "));
        }
    }
    named.join(", ")
}

/// All statements in a part of the template, those under a parameter's condition too.
fn collect(part: &Yaml, rights: &mut BTreeSet<Right>) {
    if !part["Action"].is_badvalue() {
        for action in texts(&part["Action"]) {
            if ELSEWHERE.iter().any(|service| action.starts_with(service)) {
                continue;
            }
            assert_eq!(part["Effect"].as_str(), Some("Allow"), "{action}");
            for resource in texts(&part["Resource"]) {
                rights.insert((action.to_owned(), resource.to_owned(), condition(part)));
            }
        }
    } else if let Some(fields) = part.as_hash() {
        fields.values().for_each(|field| collect(field, rights));
    } else if let Some(items) = part.as_vec() {
        items.iter().for_each(|item| collect(item, rights));
    }
}

fn rights<'a>(
    actions: impl IntoIterator<Item = &'a str>,
    resource: &str,
    condition: &str,
) -> Vec<Right> {
    let right = |action: &str| (action.to_owned(), resource.to_owned(), condition.to_owned());
    actions.into_iter().map(right).collect()
}

#[test]
fn each_role_may_at_other_services_what_is_listed_here_and_no_more() {
    let text = document("template.yaml").unwrap();
    let template = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let mut found = BTreeMap::new();
    for (name, resource) in template["Resources"].as_hash().unwrap() {
        if resource["Type"].as_str() == Some("AWS::IAM::Role") {
            let mut rights = BTreeSet::new();
            collect(&resource["Properties"]["Policies"], &mut rights);
            found.insert(name.as_str().unwrap().to_owned(), rights);
        }
    }
    let function = |name: &str, has_table: bool| {
        let logs = ["logs:CreateLogStream", "logs:PutLogEvents"];
        let mut all = rights(logs, &format!("{name}LogGroup.Arn"), "");
        let traces = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
        all.extend(rights(traces, "*", ""));
        if has_table {
            all.extend(rights(KMS, "KmsKeyArn", BY_DYNAMODB));
        }
        (format!("{name}Role"), all.into_iter().collect())
    };
    let invoke = rights(["lambda:InvokeFunction"], "Authorizer.Arn", "");
    let expected = BTreeMap::from([
        function("Admin", true),
        (
            "ApiGatewayInvokeRole".to_owned(),
            invoke.into_iter().collect(),
        ),
        function("Authorizer", true),
        function("Echo", false),
        function("Reconciler", true),
    ]);
    assert_eq!(found, expected);
}
