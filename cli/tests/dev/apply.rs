//! `latchkey apply` and `latchkey diff`: plans and keys as a file describes them.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
};

use serde_json::{Value, json};

use crate::{
    aws_server::AwsServer,
    support::{Dev, Scratch},
    typed::{Printed, latchkey, run},
};

pub(crate) const FILE: &str = "prefix: shop-
plans:
  gold:
    name: Gold
    throttle: {rateLimit: 10, burstLimit: 20}
    quota: {limit: 1000, period: DAY}
    apiStages: [{apiId: demorest, stage: dev}]
keys:
  acme:
    customerId: acme
    allowedIps: [127.0.0.1]
    expiresAt: 2030-01-01T00:00:00+01:00
    metadata: {tier: gold}
    plans: [gold]
    value: {file: ./acme.key}
";

/// Changes that `latchkey dev` makes when it starts.
const DEMO: usize = 4;

pub(crate) struct Shop {
    dev: Dev,
    folder: Scratch,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let shop = Self {
            dev: Dev::start(&["--in-memory"]),
            folder: Scratch::new(),
        };
        shop.describe(FILE);
        shop
    }

    pub(crate) fn describe(&self, text: &str) {
        fs::write(self.folder.path().join("latchkey.yaml"), text).unwrap();
    }

    /// The command in the folder of the file; no value may be in what it prints.
    fn run(&self, words: &[&str]) -> Printed {
        let mut command = latchkey(&self.dev, words);
        command.current_dir(self.folder.path());
        let printed = run(command, "");
        for value in self.values() {
            assert!(!printed.all().contains(&value), "{words:?} prints a value");
        }
        printed
    }

    fn applied(&self) -> String {
        let printed = self.run(&["apply"]);
        assert_eq!(
            (printed.status, printed.err.as_str()),
            (0, ""),
            "{printed:?}"
        );
        printed.out
    }

    /// What stands in the files for values.
    fn values(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let keys = paths.filter(|path| path.extension().is_some_and(|kind| kind == "key"));
        keys.map(|path| fs::read_to_string(path).unwrap().trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    }

    fn value(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::read_to_string(path).unwrap().trim().to_owned()
    }

    fn key(&self, name: &str) -> Value {
        let path = format!("/v1/keys?name={name}");
        self.dev.admin("GET", &path, &Value::Null)["items"][0].clone()
    }

    /// How many changes were recorded of plans and keys, but for those of the demo.
    fn changes(&self) -> usize {
        let audit = self.dev.admin("GET", "/v1/audit?limit=500", &Value::Null);
        audit["items"].as_array().unwrap().len() - DEMO
    }
}

#[test]
fn what_is_described_is_made_and_works_and_twice_changes_nothing() {
    let shop = Shop::open();
    let before = shop.run(&["diff"]);
    assert_eq!(before.status, 1, "{before:?}");
    assert!(
        before.out.contains("+ plan shop-gold\n    apiStages: ["),
        "{before:?}"
    );
    assert_eq!(shop.changes(), 0, "a diff changes nothing");
    assert!(fs::metadata(shop.folder.path().join("acme.key")).is_err());

    let out = shop.applied();
    assert!(out.contains("[1/2] + plan shop-gold: made\n"), "{out}");
    assert!(
        out.ends_with("[2/2] + key shop-acme, its value to the file ./acme.key: made\n"),
        "{out}"
    );
    let value = shop.value("acme.key");
    assert_eq!(
        shop.dev.get_with("/demo-rest/orders/42", &value).status,
        200
    );
    assert_eq!(shop.key("shop-acme")["planIds"], json!(["shop-gold"]));

    let changes = shop.changes();
    assert_eq!(shop.applied(), "All is as described.\n");
    let after = shop.run(&["diff"]);
    assert_eq!(
        (after.status, after.out.as_str()),
        (0, "All is as described.\n")
    );
    assert_eq!(shop.changes(), changes);
}

#[test]
fn changes_are_shown_field_by_field_and_made() {
    let shop = Shop::open();
    shop.applied();
    shop.describe(
        &FILE
            .replace("limit: 1000", "limit: 2000")
            .replace("metadata: {tier: gold}", "enabled: false")
            .replace("    allowedIps: [127.0.0.1]\n", ""),
    );
    let out = shop.applied();
    for line in [
        "~ plan shop-gold\n    quota.limit: 1000 -> 2000\n",
        "    allowedIps: [\"127.0.0.1/32\"] -> none\n    enabled: true -> false\n    metadata.tier: \"gold\" -> none\n2 changes.\n",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    let key = shop.key("shop-acme");
    assert_eq!(
        (&key["enabled"], &key["metadata"], key.get("allowedIps")),
        (&json!(false), &json!({}), None)
    );
    assert_eq!(shop.applied(), "All is as described.\n");
}

#[test]
fn a_key_moves_to_another_plan_and_leaves_others_alone() {
    let shop = Shop::open();
    shop.applied();
    let key = shop.key("shop-acme");
    let id = key["id"].as_str().unwrap();
    shop.dev
        .admin("PUT", "/v1/plans/elsewhere", &json!({"name": "Elsewhere"}));
    shop.dev.admin(
        "PUT",
        &format!("/v1/plans/elsewhere/keys/{id}"),
        &Value::Null,
    );
    let silver =
        "  silver:\n    name: Silver\n    apiStages: [{apiId: demorest, stage: dev}]\nkeys:";
    shop.describe(
        &FILE
            .replace("keys:", silver)
            .replace("plans: [gold]", "plans: [silver]"),
    );
    let out = shop.applied();
    assert!(
        out.contains("~ key shop-acme: from plan shop-gold to plan shop-silver: moved"),
        "{out}"
    );
    let audit = shop
        .dev
        .admin("GET", &format!("/v1/audit?keyId={id}"), &Value::Null);
    assert_eq!(audit["items"][0]["action"], "key.move", "{audit}");
    assert_eq!(
        shop.key("shop-acme")["planIds"],
        json!(["elsewhere", "shop-silver"])
    );
}

#[test]
fn only_prune_deletes_and_only_what_has_the_prefix() {
    let shop = Shop::open();
    shop.applied();
    shop.describe("prefix: shop-\n");
    assert!(
        shop.applied()
            .contains("Not described, with the file's prefix: 2.")
    );
    let unasked = shop.run(&["apply", "--prune"]);
    assert_eq!(unasked.status, 2, "{unasked:?}");
    assert!(unasked.err.contains("say --yes"), "{unasked:?}");
    assert_ne!(shop.key("shop-acme"), Value::Null);
    let printed = shop.run(&["apply", "--prune", "--yes"]);
    assert!(
        printed.out.contains("[2/2] - plan shop-gold: deleted"),
        "{printed:?}"
    );
    let plans = shop.dev.admin("GET", "/v1/plans", &Value::Null);
    let ids: Vec<_> = plans["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| &plan["id"])
        .collect();
    assert_eq!(ids, ["demo", "demo-limited"]);
    assert_eq!(shop.key("shop-acme"), Value::Null);

    shop.describe(&FILE.replace("prefix: shop-", "prefix: ''"));
    let refused = shop.run(&["apply", "--prune"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(
        refused.err.contains("--prune needs a prefix"),
        "{refused:?}"
    );
}

#[test]
fn a_plan_with_another_s_key_on_it_stays_and_no_flag_is_named_that_is_not_there() {
    let shop = Shop::open();
    shop.applied();
    let other = json!({"name": "Other", "planIds": ["shop-gold"]});
    shop.dev.admin("POST", "/v1/keys", &other);
    shop.describe("prefix: shop-\n");
    let refused = shop.run(&["apply", "--prune", "--yes"]);
    assert_eq!(refused.status, 1, "{refused:?}");
    assert!(refused.err.contains("latchkey plans detach"), "{refused:?}");
    assert!(!refused.err.contains("force"), "{refused:?}");
}

#[test]
fn a_value_of_one_s_own_is_taken_from_its_file_if_nobody_else_can_read_it() {
    let shop = Shop::open();
    let path = shop.folder.path().join("acme.key");
    fs::write(&path, "a-value-of-the-shop-s-own\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = shop.run(&["apply"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(refused.err.contains("chmod 600"), "{refused:?}");
    assert_eq!(shop.key("shop-acme"), Value::Null);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(
        shop.applied()
            .contains("made, with the value that stood there")
    );
    assert_eq!(
        shop.dev
            .get_with("/demo-rest/x", &shop.value("acme.key"))
            .status,
        200
    );
}

#[test]
fn a_refused_key_leaves_no_file_behind_and_an_unwritable_place_no_key() {
    let shop = Shop::open();
    let overlapping =
        "  both:\n    name: Both\n    apiStages: [{apiId: demorest, stage: '*'}]\nkeys:";
    shop.describe(
        &FILE
            .replace("keys:", overlapping)
            .replace("plans: [gold]", "plans: [gold, both]"),
    );
    let refused = shop.run(&["apply"]);
    assert_eq!(refused.status, 1, "{refused:?}");
    assert!(
        refused.err.contains("2 of 3 changes are made"),
        "{refused:?}"
    );
    assert!(fs::metadata(shop.folder.path().join("acme.key")).is_err());

    shop.describe(&FILE.replace("./acme.key", "./nowhere/acme.key"));
    let refused = shop.run(&["apply"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(refused.err.contains("nowhere/acme.key"), "{refused:?}");
    assert_eq!(shop.key("shop-acme"), Value::Null);
}

#[test]
fn a_run_that_was_cut_off_between_key_and_value_is_finished_by_the_next() {
    let shop = Shop::open();
    let path = shop.folder.path().join("acme.key");
    let reserved =
        "latchkey apply is making this key. Idempotency-Key: 00112233445566778899aabbccddeeff\n";
    fs::write(&path, reserved).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    shop.applied();
    let (value, id) = (shop.value("acme.key"), shop.key("shop-acme")["id"].clone());

    fs::write(&path, reserved).unwrap();
    let out = shop.applied();
    assert!(
        out.contains("where an earlier run was cut off: finished"),
        "{out}"
    );
    assert_eq!(shop.value("acme.key"), value);

    // Under another name the admin API makes another key: that one goes, and the first stays.
    fs::write(&path, reserved.replace("0011", "ffff")).unwrap();
    let lost = shop.run(&["apply"]);
    assert_eq!(lost.status, 1, "{lost:?}");
    assert!(lost.err.contains("latchkey keys rotate"), "{lost:?}");
    let keys = shop
        .dev
        .admin("GET", "/v1/keys?name=shop-acme", &Value::Null);
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
    assert_eq!(keys["items"][0]["id"], id);
}

const RESERVED: &str =
    "latchkey apply is making this key. Idempotency-Key: 00112233445566778899aabbccddeeff\n";

#[test]
fn a_key_that_was_deleted_before_its_value_came_is_made_anew() {
    let shop = Shop::open();
    let path = shop.folder.path().join("acme.key");
    let reserve = || {
        fs::write(&path, RESERVED).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    reserve();
    shop.applied();
    let dead = shop.key("shop-acme")["id"].as_str().unwrap().to_owned();
    shop.dev
        .admin("DELETE", &format!("/v1/keys/{dead}"), &Value::Null);

    reserve();
    assert!(shop.applied().ends_with(": made\n"));
    let (value, id) = (shop.value("acme.key"), shop.key("shop-acme")["id"].clone());
    assert_ne!(id, *dead);
    assert_eq!(shop.dev.get_with("/demo-rest/x", &value).status, 200);

    // What was made in its place is found again, too.
    reserve();
    assert!(shop.applied().ends_with(": finished\n"));
    assert_eq!(shop.value("acme.key"), value);
    assert_eq!(shop.key("shop-acme")["id"], id);
}

#[test]
fn an_edit_before_the_value_came_is_to_be_undone_first() {
    let shop = Shop::open();
    let path = shop.folder.path().join("acme.key");
    fs::write(&path, RESERVED).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    shop.applied();
    let value = shop.value("acme.key");

    fs::write(&path, RESERVED).unwrap();
    for edited in [
        FILE.replace("tier: gold", "tier: silver"),
        FILE.replace("  acme:", "  other:"),
    ] {
        shop.describe(&edited);
        let refused = shop.run(&["apply"]);
        assert_eq!(refused.status, 1, "{refused:?}");
        assert!(refused.err.contains("undo that edit"), "{refused:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), RESERVED);
    }
    shop.describe(FILE);
    assert!(shop.applied().ends_with(": finished\n"));
    assert_eq!(shop.value("acme.key"), value);
}

#[test]
fn a_place_that_cannot_be_looked_at_is_told() {
    let shop = Shop::open();
    shop.applied();
    let path = shop.folder.path().join("acme.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = shop.run(&["apply"]);
    assert_eq!(
        (refused.status, refused.out.as_str()),
        (2, ""),
        "{refused:?}"
    );
    assert!(refused.err.contains("chmod 600"), "{refused:?}");

    let denied = AwsServer::start(|_, _| {
        let said = json!({"__type": "AccessDeniedException", "Message": "not allowed"});
        (400, said)
    });
    shop.describe(&FILE.replace("{file: ./acme.key}", "{secret: shop/acme}"));
    let refused = apply_with(&shop, &denied);
    assert_eq!(
        (refused.status, refused.out.as_str()),
        (3, ""),
        "{refused:?}"
    );
    assert!(
        refused.err.contains("the secret shop/acme: "),
        "{refused:?}"
    );
    assert_eq!(denied.operations(), ["DescribeSecret"]);
}

#[test]
fn two_keys_of_one_name_are_told_with_their_ids() {
    let shop = Shop::open();
    let made = |_| {
        shop.dev
            .admin("POST", "/v1/keys", &json!({"name": "shop-acme"}))["id"]
            .clone()
    };
    let ids: Vec<Value> = (0..2).map(made).collect();
    let refused = shop.run(&["diff"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    for id in ids {
        assert!(refused.err.contains(id.as_str().unwrap()), "{refused:?}");
    }
}

#[test]
fn a_wrong_file_is_told_by_line_and_changes_nothing() {
    let shop = Shop::open();
    for (text, said) in [
        (
            FILE.replace("rateLimit: 10", "rateLimit: -10"),
            "latchkey.yaml:5:16: plans.gold.throttle.rateLimit: ",
        ),
        (
            FILE.replace("plans: [gold]", "plans: [{id: nowhere}]"),
            "latchkey.yaml:9:3: keys.acme.plans: no usage plan has the id nowhere",
        ),
        (
            FILE.replace("    value: {file: ./acme.key}\n", ""),
            "latchkey.yaml:9:3: keys.acme.value: is required",
        ),
        (
            FILE.replace("prefix: shop-", "prefix: [shop-"),
            "latchkey.yaml:",
        ),
    ] {
        shop.describe(&text);
        for word in ["diff", "apply"] {
            let refused = shop.run(&[word]);
            assert_eq!(
                (refused.status, refused.out.as_str()),
                (2, ""),
                "{refused:?}"
            );
            assert!(refused.err.contains(said), "{said}: {refused:?}");
        }
    }
    let missing = shop.run(&["diff", "-f", "other.yaml"]);
    assert_eq!(missing.status, 2, "{missing:?}");
    assert!(missing.err.contains("other.yaml: ") && missing.err.contains("-f FILE"));
    assert_eq!(shop.changes(), 0);
}

/// Secrets Manager, as far as it is called.
pub(crate) fn secrets(mut held: BTreeMap<String, Option<String>>) -> AwsServer {
    AwsServer::start(move |operation, body| {
        let name = body.get("SecretId").or(body.get("Name")).unwrap();
        let name = name.as_str().unwrap().to_owned();
        let arn = format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf");
        let none = (
            400,
            json!({"__type": "ResourceNotFoundException", "Message": "none"}),
        );
        match (
            operation.strip_prefix("secretsmanager.").unwrap(),
            held.get(&name),
        ) {
            ("GetSecretValue", Some(Some(value))) => {
                (200, json!({"ARN": arn, "SecretString": value}))
            }
            ("DescribeSecret", Some(value)) => {
                let versions = value.as_ref().map(|_| json!({"v1": ["AWSCURRENT"]}));
                (200, json!({"ARN": arn, "VersionIdsToStages": versions}))
            }
            ("CreateSecret", None) => {
                held.insert(name, None);
                (200, json!({"ARN": arn}))
            }
            ("PutSecretValue", Some(_)) => {
                let value = body["SecretString"].as_str().unwrap().to_owned();
                held.insert(name, Some(value));
                (200, json!({"ARN": arn}))
            }
            ("DeleteSecret", Some(_)) => {
                held.remove(&name);
                (200, json!({"ARN": arn}))
            }
            _ => none,
        }
    })
}

pub(crate) fn apply_with(shop: &Shop, aws: &AwsServer) -> Printed {
    let mut command = aws.with(latchkey(&shop.dev, &["apply"]));
    command.current_dir(shop.folder.path());
    run(command, "")
}

#[test]
fn a_value_goes_to_its_secret_and_nowhere_else() {
    let shop = Shop::open();
    let aws = secrets(BTreeMap::new());
    shop.describe(&FILE.replace("{file: ./acme.key}", "{secret: shop/acme}"));
    let printed = apply_with(&shop, &aws);
    assert_eq!(printed.status, 0, "{printed:?}");
    assert_eq!(
        aws.operations(),
        [
            "GetSecretValue",
            "DescribeSecret",
            "CreateSecret",
            "PutSecretValue"
        ],
        "it is reserved before the key is made"
    );
    let (_, put) = aws.asked().pop().unwrap();
    let value = put["SecretString"].as_str().unwrap();
    assert_eq!(shop.dev.get_with("/demo-rest/x", value).status, 200);
    assert!(!printed.all().contains(value), "{printed:?}");

    let again = apply_with(&shop, &aws);
    assert_eq!(again.out, "All is as described.\n", "{again:?}");
    assert_eq!(
        aws.operations()[4..],
        ["DescribeSecret"],
        "a young key may be unfinished"
    );
}

#[test]
fn a_secret_that_is_there_gives_its_value_and_one_without_is_finished() {
    let shop = Shop::open();
    let own = "the-shop-s-own-secret-value";
    let aws = secrets([("shop/acme".to_owned(), Some(own.to_owned()))].into());
    shop.describe(&FILE.replace("{file: ./acme.key}", "{secret: shop/acme}"));
    let printed = apply_with(&shop, &aws);
    assert_eq!(printed.status, 0, "{printed:?}");
    assert!(!printed.all().contains(own), "{printed:?}");
    assert_eq!(shop.dev.get_with("/demo-rest/x", own).status, 200);
    assert_eq!(aws.operations(), ["GetSecretValue"]);

    let more = FILE.replace("{file: ./acme.key}", "{secret: shop/acme}")
        + "  beta:\n    value: {secret: shop/beta}\n";
    shop.describe(&more);
    let empty = secrets(
        [
            ("shop/acme".to_owned(), Some(own.to_owned())),
            ("shop/beta".to_owned(), None),
        ]
        .into(),
    );
    let printed = apply_with(&shop, &empty);
    assert_eq!(printed.status, 0, "{printed:?}");
    let operations = empty.operations();
    assert!(
        !operations.contains(&"CreateSecret".to_owned()),
        "{operations:?}"
    );
    assert_eq!(operations.last().unwrap(), "PutSecretValue");
}

#[test]
fn a_refused_key_leaves_no_secret_behind() {
    let shop = Shop::open();
    let overlapping =
        "  both:\n    name: Both\n    apiStages: [{apiId: demorest, stage: '*'}]\nkeys:";
    let text = FILE
        .replace("keys:", overlapping)
        .replace("plans: [gold]", "plans: [gold, both]");
    shop.describe(&text.replace("{file: ./acme.key}", "{secret: shop/acme}"));
    let aws = secrets(BTreeMap::new());
    let printed = apply_with(&shop, &aws);
    assert_eq!(printed.status, 1, "{printed:?}");
    let (operation, body) = aws.asked().pop().unwrap();
    assert_eq!(operation, "secretsmanager.DeleteSecret");
    assert_eq!(body["ForceDeleteWithoutRecovery"], true);
}

#[test]
fn a_refused_key_takes_no_secret_away_that_was_there_before() {
    let shop = Shop::open();
    let overlapping =
        "  both:\n    name: Both\n    apiStages: [{apiId: demorest, stage: '*'}]\nkeys:";
    let text = FILE
        .replace("keys:", overlapping)
        .replace("plans: [gold]", "plans: [gold, both]");
    shop.describe(&text.replace("{file: ./acme.key}", "{secret: shop/acme}"));
    let aws = secrets([("shop/acme".to_owned(), None)].into());
    let printed = apply_with(&shop, &aws);
    assert_eq!(printed.status, 1, "{printed:?}");
    assert_eq!(aws.operations(), ["GetSecretValue", "DescribeSecret"]);
}
