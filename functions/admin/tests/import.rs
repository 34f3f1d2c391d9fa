//! Tables of keys: what is read from them, what is refused, and that a call which was cut off
//! anywhere is made again.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use http::{HeaderValue, Method, header::CONTENT_TYPE};
use latchkey_domain::{KeyValue, PresentedKey};
use latchkey_fake_gateway::{FakeGateway, Limits, Rates, Source};
use latchkey_store::{NativeObject, NativeState};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    adopt::table::Table,
    captured_log,
    support::{Admin, Answer, assert_answer, request, stage_json},
};

const IMPORT: &str = "/v1/import";
const SAMPLE: &str = include_str!("../../../tests/fixtures/keys.csv");
const OLD: &str = "an-old-key-of-a-customer";

/// The plans of the sample, each for an API of its own.
async fn plans(admin: &Admin) {
    for (id, stage) in [("gold", "a1:prod"), ("reports", "a2:prod")] {
        let body = json!({"name": id, "apiStages": [stage_json(stage)]});
        let put = admin.put_json(&format!("/v1/plans/{id}"), body).await;
        assert_eq!(put.status, 201);
    }
}

async fn start() -> Admin {
    let admin = Admin::start().await;
    plans(&admin).await;
    admin
}

async fn import(admin: &Admin, table: &str) -> Answer {
    admin.post_csv(IMPORT, table).await
}

/// Each row's line and status.
fn statuses(answer: &Answer) -> Vec<String> {
    let items = answer.body["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.body));
    let told = |item: &Value| format!("{} {}", item["line"], item["status"].as_str().unwrap());
    items.iter().map(told).collect()
}

fn counts(answer: &Answer) -> [u64; 5] {
    ["rows", "created", "existing", "invalid", "notWritten"]
        .map(|name| answer.body[name].as_u64().unwrap())
}

/// What is wrong with the rows of a report.
fn wrong(answer: &Answer) -> Vec<String> {
    let mut wrong = Vec::new();
    for item in answer.body["items"].as_array().unwrap() {
        for error in item["errors"].as_array().into_iter().flatten() {
            let field = error["field"].as_str().unwrap_or_default();
            let detail = error["detail"].as_str().unwrap();
            wrong.push(format!("{} {field}: {detail}", item["line"]));
        }
    }
    wrong
}

async fn keys(admin: &Admin) -> BTreeMap<String, Value> {
    let list = admin.get("/v1/keys?limit=500").await;
    let items = list.body["items"].as_array().unwrap().clone();
    let named = items
        .into_iter()
        .map(|key| (key["name"].as_str().unwrap_or("").to_owned(), key));
    named.collect()
}

async fn keys_on(admin: &Admin, plan: &str) -> u64 {
    let plan = admin.store.plan(&plan.parse().unwrap()).await.unwrap();
    plan.unwrap().keys
}

#[tokio::test]
async fn api_gateway_s_files_are_taken_as_people_write_them() {
    let sample = SAMPLE.to_owned();
    let crlf = sample.replace('\n', "\r\n");
    let single = sample.replace("\"gold,reports\"", "'gold,reports'");
    let header = sample.lines().next().unwrap();
    let spread = sample
        .replace("Acme,", "  Acme , ")
        .replace(header, " NAME, Key ,Description,ENABLED,UsagePlanIds ");
    let blank = sample.replace('\n', "\n\n,,,,\n");
    for table in [
        sample,
        crlf.clone(),
        format!("\u{feff}{crlf}"),
        single,
        spread,
        blank,
    ] {
        let admin = start().await;
        let answer = import(&admin, &table).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(counts(&answer), [3, 3, 0, 0, 0], "{table}");
        let keys = keys(&admin).await;
        assert_eq!(
            keys["Acme"]["description"],
            "Nightly import, from the old gateway"
        );
        assert_eq!(keys["Acme"]["planIds"], json!(["gold"]));
        assert_eq!(keys["Globex"]["planIds"], json!(["gold", "reports"]));
        assert_eq!(keys["Globex"].get("description"), None);
        assert_eq!(keys["Initech"]["enabled"], false);
        assert_eq!(
            admin.reason("acme-4f1c2b7d9e8a6035", "a1:prod").await,
            "none"
        );
        assert_eq!(
            admin.reason("globex-77d0a1e4c3b25f98", "a2:prod").await,
            "none"
        );
        assert_eq!(
            admin.reason("initech-0b9e8d7c6f5a4132", "a1:prod").await,
            "key_disabled"
        );
        assert_eq!(
            (
                keys_on(&admin, "gold").await,
                keys_on(&admin, "reports").await
            ),
            (3, 1)
        );
        let audited = admin.audited().await;
        assert_eq!(
            audited
                .iter()
                .filter(|action| *action == "key.import")
                .count(),
            3
        );
    }
}

#[tokio::test]
async fn columns_come_in_any_order_and_only_those_that_are_used() {
    let admin = start().await;
    let answer = import(&admin, &format!("key,NAME\n{OLD},Acme\n")).await;
    assert_answer!("the_report_of_one_row", answer);
    assert_eq!(keys(&admin).await["Acme"]["enabled"], true);
    assert_eq!(admin.reason(OLD, "a1:prod").await, "no_usage_plan");
}

#[tokio::test]
async fn keys_are_listed_in_the_order_of_the_table() {
    let admin = start().await;
    let rows: String = (0..60).map(|at| format!("n{at},{at:030}\n")).collect();
    import(&admin, &format!("name,key\n{rows}")).await;
    let names = admin.get("/v1/keys?limit=500").await.each("name");
    assert_eq!(
        names,
        (0..60).map(|at| format!("n{at}")).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn every_column_is_read_as_the_field_of_its_name() {
    let admin = start().await;
    let header = "Name,key,description,Enabled,usageplanIds,customerId,notBefore,expiresAt,allowedIps,routes,metadata,nativeValue";
    let row = format!(
        "Acme,{OLD},For tests,False,\"reports, gold\",cus_1,2027-01-01T00:00:00Z,2028-01-01T00:00:00Z,\"10.0.0.0/8,2001:db8::1\",\"GET /orders/*, * /a\",\"{{\"\"tier\"\":\"\"gold, old\"\"}}\",internal"
    );
    let answer = import(&admin, &format!("{header}\n{row}\n")).await;
    assert_eq!(counts(&answer), [1, 1, 0, 0, 0], "{}", answer.body);
    let imported = keys(&admin).await.remove("Acme").unwrap();
    let body = json!({
        "name": "Acme", "value": "another-key-of-a-customer", "description": "For tests",
        "enabled": false, "planIds": ["gold", "reports"], "customerId": "cus_1",
        "notBefore": "2027-01-01T00:00:00Z", "expiresAt": "2028-01-01T00:00:00Z",
        "allowedIps": ["10.0.0.0/8", "2001:db8::1"], "routes": ["GET /orders/*", "* /a"], "metadata": {"tier": "gold, old"},
        "nativeValue": "internal",
    });
    let made = admin.post("/v1/keys", body).await;
    assert_eq!(made.status, 201);
    let told = [
        "description",
        "enabled",
        "planIds",
        "customerId",
        "notBefore",
        "expiresAt",
        "allowedIps",
        "routes",
        "metadata",
        "nativeValue",
        "last4",
        "createdDate",
    ];
    for field in told {
        assert_eq!(imported[field], made.body[field], "{field}");
    }
}

/// Its SHA-256, as tools write it.
fn sha256(value: &str) -> String {
    PresentedKey::parse(value).unwrap().hash.to_hex()
}

fn generated(seed: u8) -> KeyValue {
    KeyValue::generate(&"acme_test".parse().unwrap(), &[seed; 48])
}

#[tokio::test]
async fn a_hash_stands_for_its_value() {
    let admin = start().await;
    let value = generated(9);
    let id = value.presented().id.to_string();
    let table = format!(
        "name,sha256,id,prefix,last4,usageplanids\ncustom,{},,,,gold\ngenerated,{},{id},acme_test,{},gold\n",
        sha256(OLD).to_uppercase(),
        sha256(value.expose()),
        value.last4(),
    );
    let answer = import(&admin, &table).await;
    assert_eq!(counts(&answer), [2, 2, 0, 0, 0], "{}", answer.body);
    for value in [OLD, value.expose()] {
        assert_eq!(admin.reason(value, "a1:prod").await, "none");
    }
    let keys = keys(&admin).await;
    assert_eq!(keys["custom"].get("last4"), None, "nobody knows it");
    assert_eq!(
        (&keys["generated"]["last4"], &keys["generated"]["prefix"]),
        (&json!(value.last4()), &json!("acme_test"))
    );
    let again = admin.post("/v1/keys", json!({"value": OLD})).await;
    assert_eq!(again.problem(), "value-taken");
}

#[tokio::test]
async fn a_generated_value_may_be_moved_as_it_is() {
    let admin = start().await;
    let value = generated(3);
    let answer = import(
        &admin,
        &format!("key,usageplanids\n{},gold\n", value.expose()),
    )
    .await;
    assert_eq!(
        answer.body["items"][0]["keyId"],
        value.presented().id.to_string()
    );
    assert_eq!(admin.reason(value.expose(), "a1:prod").await, "none");
}

#[tokio::test]
async fn a_row_without_a_value_gets_one_and_tells_it_once() {
    let admin = start().await;
    let table = "name,prefix,usageplanids\none,acme_live,gold\ntwo,,gold\n";
    let answer = import(&admin, table).await;
    assert_eq!(counts(&answer), [2, 2, 0, 0, 0]);
    let values: Vec<&str> = (0..2)
        .map(|at| answer.body["items"][at]["value"].as_str().unwrap())
        .collect();
    assert!(values[0].starts_with("acme_live_") && values[1].starts_with("lk_live_"));
    for value in &values {
        assert_eq!(admin.reason(value, "a1:prod").await, "none");
        assert!(!format!("{:?}", admin.items().await).contains(value));
    }
    let dry = admin.post_csv("/v1/import?dryRun=true", table).await;
    assert_eq!(
        dry.body["items"][0],
        json!({"line": 2, "status": "notWritten"})
    );
}

#[tokio::test]
async fn what_begins_like_a_formula_is_taken_without_its_guard() {
    let admin = start().await;
    let table =
        format!("name,key,description\n'=SUM(1),{OLD},'tis\n=1+1,'=1+1-is-a-key-value,''-x\n");
    let answer = import(&admin, &table).await;
    assert_eq!(counts(&answer), [2, 2, 0, 0, 0], "{}", answer.body);
    let keys = keys(&admin).await;
    assert_eq!(keys["=SUM(1)"]["description"], "'tis");
    assert_eq!(keys["=1+1"]["description"], "'-x");
    let as_it_is = admin.reason("'=1+1-is-a-key-value", "a1:prod").await;
    assert_eq!(as_it_is, "no_usage_plan");
}

#[tokio::test]
async fn each_fault_has_its_line_and_its_column() {
    let admin = start().await;
    plan_in_the_way(&admin).await;
    let before = admin.items().await.len();
    let value = generated(1);
    let mut wrong_check = value.expose().to_owned();
    wrong_check.replace_range(0..1, "b");
    let id = value.presented().id;
    let hash = sha256(value.expose());
    let rows = [
        format!("ok,{OLD},,,,,,,,,,,,,,"),
        "name only,,,,,,,,,,,,,,,".to_owned(),
        "short,x,,,,,,,,,,,,,,".to_owned(),
        format!("check,{wrong_check},,,,,,,,,,,,,,"),
        format!("both,{OLD}2,,,,{hash},{id},,,,,,,,,"),
        ",,,yes,\"gold,nosuch,no such\",,,,,cus 1,tomorrow,2020-01-01,10.0.0.1/8,,{,both"
            .to_owned(),
        "hash,,,,,abc,key,pre-fix,12345,,,,,,,".to_owned(),
        format!("no id,,,,,{hash},,acme_test,,,,,,,,"),
        format!("no prefix,,,,,{hash},{id},,,,,,,,,"),
        format!("no hash,,,,,,{id},acme_test,abcd,,,,,,,"),
        format!("dates,{OLD}3,,,gold,,,,,,2028-01-01T00:00:00Z,2027-01-01T00:00:00Z,,,,"),
        format!("plans,{OLD}4,,,\"gold,gold\",,,,,,,,,,,"),
        format!("overlap,{OLD}5,,,\"gold,gold2\",,,,,,,,,,,"),
        format!("header,{OLD}6,,,,,,,,,,,,,,header"),
        format!("metadata,{OLD}7,,,,,,,,,,,,,\"{{\"\"a\"\":1,\"\"-\"\":\"\"\"\"}}\","),
        format!("short row,{OLD}8"),
    ];
    let header = "name,key,description,enabled,usageplanids,sha256,id,prefix,last4,customerid,notbefore,expiresat,allowedips,routes,metadata,nativevalue";
    let answer = import(&admin, &format!("{header}\n{}\n", rows.join("\n"))).await;
    assert_answer!("each_fault_has_its_line_and_its_column", answer);
    assert_eq!(admin.items().await.len(), before, "nothing is written");
    let text = answer.body.to_string();
    for secret in [OLD, &wrong_check[1..], &hash] {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// A plan for the stage of another one.
async fn plan_in_the_way(admin: &Admin) {
    let body = json!({"name": "Gold 2", "apiStages": [stage_json("a1:prod")]});
    admin.put_json("/v1/plans/gold2", body).await;
}

#[tokio::test]
async fn the_valid_rows_are_written_by_choice() {
    let admin = start().await;
    let table = format!(
        "name,key,usageplanids\none,{OLD},gold\ntwo,short,gold\nthree,{OLD}-3,nosuch\nfour,{OLD}-4,\n"
    );
    for refused in [IMPORT, "/v1/import?onError=none"] {
        let answer = admin.post_csv(refused, &table).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (400, "invalid-request")
        );
        assert_eq!(answer.faults().len(), 2);
        assert_eq!(keys(&admin).await.len(), 0);
    }
    let answer = admin.post_csv("/v1/import?onError=valid", &table).await;
    assert_answer!("the_valid_rows_are_written_by_choice", answer);
    assert_eq!(
        keys(&admin).await.into_keys().collect::<Vec<_>>(),
        ["four", "one"]
    );
    let odd = admin
        .post_csv("/v1/import?onError=all&dryRun=yes&x=1", &table)
        .await;
    assert_eq!(
        odd.faults(),
        [
            "dryRun: must be true or false",
            "onError: must be none or valid",
            "x: unknown parameter; known here: onError, dryRun"
        ]
    );
}

#[tokio::test]
async fn a_dry_run_tells_and_writes_nothing() {
    let admin = start().await;
    let first = format!("key\n{OLD}\n");
    import(&admin, &first).await;
    let before = admin.items().await;
    let table = format!("key,usageplanids\n{OLD},\n{OLD}-2,gold\n{OLD}-3,nosuch\n");
    let answer = admin.post_csv("/v1/import?dryRun=true", &table).await;
    assert_eq!(statuses(&answer), ["2 exists", "3 notWritten", "4 invalid"]);
    assert_eq!(counts(&answer), [3, 0, 1, 1, 1]);
    assert_eq!(answer.body["dryRun"], true);
    assert_eq!(
        wrong(&answer),
        ["4 usageplanIds: no usage plan has the id nosuch"]
    );
    assert_eq!(admin.items().await.len(), before.len());
}

#[tokio::test]
async fn one_key_in_two_rows_is_told_with_both_lines() {
    let admin = start().await;
    let table = format!(
        "name,key,sha256\na,{OLD},\nb,,{}\nc,{OLD}-c,\n",
        sha256(OLD)
    );
    let answer = import(&admin, &table).await;
    assert_eq!(
        answer.faults(),
        [
            "2 key: is the key of line 3 too",
            "3 sha256: is the key of line 2 too"
        ]
    );
    let answer = admin.post_csv("/v1/import?onError=valid", &table).await;
    assert_eq!(statuses(&answer), ["2 invalid", "3 invalid", "4 created"]);
}

#[tokio::test]
async fn a_key_that_is_there_is_left_as_it_is_and_put_on_the_plans_it_lacks() {
    let admin = start().await;
    let body = json!({"value": OLD, "name": "Before", "planIds": ["gold"], "enabled": false});
    let id = admin.post("/v1/keys", body).await.id();
    let table = format!("name,key,usageplanids\nAfter,{OLD},\"gold,reports\"\n");
    let first = import(&admin, &table).await;
    let item = json!({"line": 2, "keyId": id, "status": "exists", "attached": ["reports"]});
    assert_eq!(first.body["items"], json!([item]));
    assert_eq!(counts(&first), [1, 0, 1, 0, 0]);
    let key = admin.get(&format!("/v1/keys/{id}")).await.body;
    assert_eq!(
        (&key["name"], &key["enabled"]),
        (&json!("Before"), &json!(false))
    );
    assert_eq!(key["planIds"], json!(["gold", "reports"]));
    let audited = admin.audited().await;
    assert!(audited.contains(&"attachment.create".to_owned()));
    let again = import(&admin, &table).await;
    assert_eq!(
        again.body["items"],
        json!([{"line": 2, "keyId": id, "status": "exists"}])
    );
    assert_eq!(admin.audited().await, audited, "a repeat changes nothing");
    let fewer = import(&admin, &format!("key\n{OLD}\n")).await;
    assert_eq!(statuses(&fewer), ["2 exists"]);
    assert_eq!(
        admin.get(&format!("/v1/keys/{id}")).await.body["planIds"],
        json!(["gold", "reports"])
    );
    plan_in_the_way(&admin).await;
    let in_the_way = import(&admin, &format!("key,usageplanids\n{OLD},gold2\n")).await;
    assert!(
        in_the_way.faults()[0]
            .starts_with("2 usageplanIds: the plans gold2 and gold both cover a1:prod"),
        "{:?}",
        in_the_way.faults()
    );
}

#[tokio::test]
async fn a_value_that_was_replaced_is_not_taken_for_the_key_s() {
    let admin = start().await;
    let value = generated(1);
    let id = value.presented().id;
    let table = format!("key,usageplanids\n{},gold\n", value.expose());
    import(&admin, &table).await;
    let rotated = admin
        .post(&format!("/v1/keys/{id}/rotate"), json!({}))
        .await
        .text("value");
    let fault = format!("is not the value of the key {id}: it was rotated");
    assert_eq!(
        import(&admin, &table).await.faults(),
        [format!("2 key: {fault}")]
    );
    let hash = sha256(value.expose());
    let by_hash = format!("sha256,id,prefix\n{hash},{id},acme_test\n");
    assert_eq!(
        import(&admin, &by_hash).await.faults(),
        [format!("2 sha256: {fault}")]
    );
    let now = import(&admin, &format!("key,usageplanids\n{rotated},gold\n")).await;
    assert_eq!(statuses(&now), ["2 exists"]);
}

/// Keys of a customer share a meter, which one transaction may name once.
#[tokio::test]
async fn keys_of_one_customer_are_made_together() {
    let admin = start().await;
    let body = json!({"name": "P", "scope": "customer", "apiStages": [stage_json("a3:prod")]});
    assert_eq!(admin.put_json("/v1/plans/shared", body).await.status, 201);
    let rows = (0..90).map(|at| format!("{at:030},shared,cus_{}\n", at % 4));
    let rows: String = rows.collect();
    let answer = import(&admin, &format!("key,usageplanids,customerid\n{rows}")).await;
    assert_eq!(counts(&answer), [90, 90, 0, 0, 0], "{}", answer.body);
    assert_eq!(keys_on(&admin, "shared").await, 90);
    assert_eq!(admin.reason(&format!("{:030}", 7), "a3:prod").await, "none");
    let nobody_s = import(&admin, &format!("key,usageplanids\n{OLD},shared\n")).await;
    let fault = &nobody_s.faults()[0];
    assert!(
        fault.starts_with("2 customerId: is needed on a plan"),
        "{fault}"
    );
}

#[tokio::test]
async fn plans_that_api_gateway_counts_get_twins() {
    let fake = FakeGateway::new(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    });
    fake.set_api("authorizer", Source::Authorizer, &["prod"]);
    fake.set_api("header", Source::Header, &["prod"]);
    let admin = Admin::with_gateway(&fake, &[]).await;
    for (id, stage) in [("counted", "authorizer:prod"), ("open", "header:prod")] {
        let body =
            json!({"name": id, "enforcement": "apiGateway", "apiStages": [stage_json(stage)]});
        assert_eq!(
            admin
                .put_json(&format!("/v1/plans/{id}"), body)
                .await
                .status,
            201
        );
    }
    let table = format!(
        "key,usageplanids,allowedips,nativevalue\n{OLD},counted,,\n{OLD}-2,open,,\n{OLD}-3,counted,10.0.0.1,\n{OLD}-4,counted,,header\n"
    );
    let answer = admin.post_csv("/v1/import?onError=valid", &table).await;
    assert_eq!(
        statuses(&answer),
        ["2 created", "3 invalid", "4 invalid", "5 invalid"]
    );
    let wrong = wrong(&answer);
    for (wrong, begin) in wrong.iter().zip([
        "3 usageplanIds: the API header takes keys from the header",
        "4 allowedIps: cannot be held on a plan with enforcement apiGateway",
        "5 nativeValue: header cannot be imported",
    ]) {
        assert!(wrong.starts_with(begin), "{wrong}");
    }
    let id = answer.body["items"][0]["keyId"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    for object in [
        NativeObject::Key(id),
        NativeObject::PlanKey(id, "counted".parse().unwrap()),
    ] {
        let native = admin.store.native(&object).await.unwrap().unwrap();
        assert_eq!(
            native.state,
            NativeState::Pending,
            "the reconciler makes it"
        );
        assert_eq!(
            native.twin.is_some(),
            matches!(object, NativeObject::Key(_))
        );
    }
    let plan = admin
        .store
        .plan(&"counted".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((plan.keys, plan.internal, plan.attached), (1, 1, 1));
}

fn many(rows: usize) -> String {
    let rows = (0..rows).map(|at| format!("k{at},{at:030},gold\n"));
    format!("name,key,usageplanids\n{}", rows.collect::<String>())
}

/// Measured: the transactions are the time.
#[tokio::test]
async fn a_thousand_keys_on_one_plan_are_one_call() {
    let admin = start().await;
    let begun = Instant::now();
    let answer = import(&admin, &many(1_000)).await;
    let took = begun.elapsed();
    assert_eq!(counts(&answer), [1_000, 1_000, 0, 0, 0]);
    assert_eq!(keys_on(&admin, "gold").await, 1_000);
    assert!(took.as_secs() < 15, "{took:?}");
    let again = import(&admin, &many(1_000)).await;
    assert_eq!(counts(&again), [1_000, 0, 1_000, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_to_it_in_time_is_left_for_a_repeat() {
    let admin = start().await;
    let slow = Table::slow(Duration::from_millis(1_500))
        .under(&admin)
        .with_random(|| {});
    let mut created = 0;
    for call in 0..10 {
        let begun = Instant::now();
        let answer = import(&slow, &many(300)).await;
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
        let [rows, new, existing, invalid, left] = counts(&answer);
        assert_eq!((rows, existing, invalid), (300, created, 0));
        created += new;
        assert_eq!(created + left, 300);
        admin.pass(1);
        if left == 0 {
            assert!(call > 0, "it was to take several");
            assert_eq!(keys_on(&admin, "gold").await, 300);
            return;
        }
        assert!(new > 0, "each call goes on");
    }
    panic!("{created} of 300 rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_between_the_look_and_the_writing_is_looked_at_again() {
    for (body, expected, fault) in [
        (json!({"name": "Gold!"}), [3, 3, 0, 0, 0], ""),
        (json!({"apiStages": []}), [3, 3, 0, 0, 0], ""),
        (
            json!(null),
            [3, 0, 0, 3, 0],
            "2 usageplanIds: no usage plan has the id gold",
        ),
    ] {
        let admin = start().await;
        let done = AtomicBool::new(false);
        let (other, gone) = (admin.clone(), body.is_null());
        let meddled = admin.with_random(move || {
            if !done.swap(true, Ordering::SeqCst) && gone {
                other.delete_in_place("/v1/plans/gold");
            } else if !gone {
                other.patch_in_place("/v1/plans/gold", body.clone());
            }
        });
        let answer = import(&meddled, &many(3)).await;
        assert_eq!(counts(&answer), expected, "{}", answer.body);
        assert_eq!(wrong(&answer).first().map_or("", String::as_str), fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_calls_at_once_each_key_is_made_once() {
    let admin = start().await;
    let both = [(); 2].map(|()| {
        let admin = admin.clone();
        tokio::spawn(async move { import(&admin, &many(100)).await })
    });
    let mut created = 0;
    for answer in both {
        let [rows, new, existing, invalid, left] = counts(&answer.await.unwrap());
        assert_eq!((rows, new + existing, invalid, left), (100, 100, 0, 0));
        created += new;
    }
    assert_eq!((created, keys_on(&admin, "gold").await), (100, 100));
}

/// A value that nobody else has is told, though the answer to its transaction was lost.
#[tokio::test(start_paused = true)]
async fn a_generated_value_is_told_though_the_table_does_not_answer() {
    let admin = start().await;
    let mute = Table::losing_answers().under(&admin).with_random(|| {});
    let rows = "n,gold\n".repeat(60);
    let answer = import(&mute, &format!("name,usageplanids\n{rows}")).await;
    assert_eq!(answer.status, 200);
    let [_, created, _, _, left] = counts(&answer);
    assert_eq!(
        (created, created + left),
        (keys_on(&admin, "gold").await, 60)
    );
    assert!(created > 0);
    let value = answer.body["items"][0]["value"].as_str().unwrap();
    assert_eq!(admin.reason(value, "a1:prod").await, "none");
}

#[tokio::test(start_paused = true)]
async fn a_table_that_dies_meanwhile_loses_no_generated_value() {
    let admin = start().await;
    let rows = "n,gold\n".repeat(60);
    for n in 1..8 {
        let dying = Table::dying(n).under(&admin).with_random(|| {});
        let begun = Instant::now();
        let answer = import(&dying, &format!("name,usageplanids\n{rows}")).await;
        let took = begun.elapsed();
        assert!(took.as_secs() < 25, "call {n}: {took:?}");
        let found = keys_on(&admin, "gold").await;
        if answer.status == 503 {
            assert_eq!(found, 0, "call {n}: nobody has their values");
            continue;
        }
        let items = answer.body["items"].as_array().unwrap();
        let told = items.iter().filter_map(|item| item["value"].as_str());
        let told: Vec<&str> = told.collect();
        assert!(told.len() as u64 >= found && found > 0, "call {n}");
        for value in told.iter().take(usize::try_from(found).unwrap()) {
            assert_eq!(admin.reason(value, "a1:prod").await, "none", "call {n}");
        }
        if n == 2 {
            assert!(wrong(&answer)[0].contains("it may have been written"));
        }
        return;
    }
    panic!("it was never told");
}

/// The function may die at any call to the table: the same table, sent again, does the rest.
#[tokio::test]
async fn a_call_that_was_cut_off_anywhere_is_made_again() {
    let table = format!("{}there,{OLD},\"gold,reports\"\n", many(60));
    async fn prepared() -> Admin {
        let admin = start().await;
        let body = json!({"value": OLD, "planIds": ["gold"]});
        assert_eq!(admin.post("/v1/keys", body).await.status, 201);
        admin
    }
    let mut ended = false;
    for n in 1..40 {
        let admin = prepared().await;
        let dying = Table::stopping(n);
        let cut = dying.under(&admin).with_random(|| {});
        tokio::select! {
            answer = import(&cut, &table) => {
                assert_eq!(answer.status, 200);
                ended = true;
            }
            () = dying.stopped() => {}
        }
        admin.pass(1_000);
        let answer = import(&admin, &table).await;
        let [rows, created, existing, invalid, left] = counts(&answer);
        assert_eq!(
            (rows, created + existing, invalid, left),
            (61, 61, 0, 0),
            "call {n}"
        );
        assert_eq!(
            (
                keys_on(&admin, "gold").await,
                keys_on(&admin, "reports").await
            ),
            (61, 1),
            "call {n}"
        );
        let audited = admin.audited().await;
        let of = |action: &str| audited.iter().filter(|is| *is == action).count();
        assert_eq!(
            (of("key.import"), of("attachment.create")),
            (60, 1),
            "call {n}"
        );
        if ended {
            assert!(n > 6, "{n}");
            break;
        }
    }
    assert!(ended);
}

#[tokio::test]
async fn bodies_that_are_no_table_are_refused() {
    let admin = start().await;
    let sent = |media_type: &'static str, body: Vec<u8>| {
        let mut request = request(Method::POST, IMPORT, None);
        *request.body_mut() = body.into();
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        admin.send(request)
    };
    let table = || format!("key\n{OLD}\n").into_bytes();
    for media_type in [
        "application/json",
        "text/plain",
        "text/csv; charset=iso-8859-1",
        "",
    ] {
        let answer = sent(media_type, table()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (415, "unsupported-media-type"),
            "{media_type}"
        );
    }
    for media_type in [
        "text/csv",
        "Text/CSV; charset=UTF-8; header=present",
        "text/csv;charset=\"utf-8\"",
    ] {
        assert_eq!(sent(media_type, table()).await.status, 200, "{media_type}");
    }
    for (body, told) in [
        (vec![], ": is empty: its first line must name the columns"),
        (b"key\n\xff".to_vec(), ": is not UTF-8"),
        (b"key\n".to_vec(), ": has no row below its header"),
        (
            many(1_001).into_bytes(),
            ": has more than 1000 rows: send them in several calls",
        ),
    ] {
        assert_eq!(sent("text/csv", body).await.faults(), [told]);
    }
    let large = sent("text/csv", vec![b'a'; 4_000_001]).await;
    assert_eq!(
        (large.status.as_u16(), large.problem()),
        (413, "body-too-large")
    );
}

/// However much is wrong, the answer stays small.
#[tokio::test]
async fn of_a_thousand_wrong_rows_an_answer_has_room() {
    let admin = start().await;
    let networks = vec!["10.0.0.1/8"; 100].join(",");
    let row = format!("x,maybe,\"a,a b\",cus 1,x,y,\"{networks}\",{{,neither\n");
    let table = format!(
        "key,enabled,usageplanids,customerid,notbefore,expiresat,allowedips,metadata,nativevalue\n{}",
        row.repeat(1_000)
    );
    let refused = import(&admin, &table).await;
    assert_eq!(refused.faults().len(), 100);
    let answer = admin.post_csv("/v1/import?onError=valid", &table).await;
    assert_eq!(counts(&answer), [1_000, 0, 0, 1_000, 0]);
    assert!(answer.body.to_string().len() < 2_000_000);
}

#[tokio::test]
async fn no_fault_and_no_log_line_of_a_table_has_a_value() {
    let admin = start().await;
    captured_log::start();
    let value = generated(8);
    for value in [OLD, value.expose()] {
        for table in [
            format!("{value}\n{value}\n"),
            format!("key,name\n{value} {value},x\n"),
            format!("key,name\n\"{value},x\n"),
            format!("name,key\n{value},{value}x\n{value},{value}x\n"),
            format!("sha256,id,prefix,last4\n{value},{value},{value}-,{value}\n"),
            format!("usageplanids,customerid,notbefore\n{value},{value},{value}\n"),
            format!("enabled,allowedips,routes\n{value},{value},{value}\n"),
            format!("metadata,nativevalue\n\"{{\"\"{value}\"\":1,\"\"{value}\"\":2}}\",{value}\n"),
            format!("key,name\n{value},x,{value}\n"),
        ] {
            for query in ["", "?dryRun=true", "?onError=valid"] {
                let answer = admin.post_csv(&format!("{IMPORT}{query}"), &table).await;
                let text = answer.body.to_string();
                assert!(!text.contains(&value[value.len() - 20..]), "{text}");
            }
        }
    }
    let log = captured_log::take();
    assert!(log.contains("/v1/import"));
    assert!(!log.contains(OLD) && !log.contains(&value.expose()[24..]));
}
