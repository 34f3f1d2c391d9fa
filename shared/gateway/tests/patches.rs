//! From any plan to any other in one call.

use latchkey_domain::Period;
use latchkey_gateway::{
    FoundKey, NativeKeyFields, NativePlan, NativeQuota, NativeThrottle, Patch, PatchOp, Tags,
};
use proptest::prelude::*;

use crate::support::{bare_plan, full_plan, quick, throttle};

fn said(patches: &[Patch]) -> Vec<String> {
    let said = patches.iter().map(|patch| {
        let op = format!("{:?}", patch.op).to_lowercase();
        match &patch.value {
            Some(value) => format!("{op} {} {value}", patch.path),
            None => format!("{op} {}", patch.path),
        }
    });
    said.collect()
}

#[test]
fn stages_that_go_come_first_and_a_new_stage_before_its_methods() {
    let mut wanted = full_plan();
    wanted.name = "Silver".to_owned();
    let kept = wanted.stages.get_mut("a1:prod").unwrap();
    kept.remove("//GET");
    kept.insert("/orders/{id}/POST".to_owned(), throttle(2.0, 5));
    let methods = wanted.stages.remove("a2:prod").unwrap();
    wanted.stages.insert("a1:test".to_owned(), methods);
    let new = wanted.stages.get_mut("a1:test").unwrap();
    new.insert("/a~b/GET".to_owned(), throttle(0.25, 3));
    wanted.throttle = None;
    wanted.quota = Some(NativeQuota {
        limit: 5,
        ..full_plan().quota.unwrap()
    });
    assert_eq!(
        said(&full_plan().patches(&wanted)),
        [
            "remove /apiStages a2:prod",
            "replace /name Silver",
            "remove /throttle",
            "replace /quota/limit 5",
            "remove /apiStages/a1:prod/throttle/~1/GET",
            "replace /apiStages/a1:prod/throttle/~1orders~1{id}/POST/burstLimit 5",
            "add /apiStages a1:test",
            "replace /apiStages/a1:test/throttle/~1a~0b/GET/rateLimit 0.25",
            "replace /apiStages/a1:test/throttle/~1a~0b/GET/burstLimit 3",
        ]
    );
}

#[test]
fn limits_come_whole_and_go_whole() {
    let mut limited = bare_plan("x");
    (limited.throttle, limited.quota) = (full_plan().throttle, full_plan().quota);
    assert_eq!(
        said(&bare_plan("x").patches(&limited)),
        [
            "replace /throttle/rateLimit 10",
            "replace /throttle/burstLimit 20",
            "replace /quota/limit 1000",
            "replace /quota/offset 2",
            "replace /quota/period WEEK",
        ]
    );
    let gone = limited.patches(&bare_plan("x"));
    assert_eq!(said(&gone), ["remove /throttle", "remove /quota"]);
}

#[test]
fn a_limit_of_zero_is_a_limit() {
    let mut closed = bare_plan("x");
    closed.throttle = Some(throttle(0.0, 0));
    let patches = bare_plan("x").patches(&closed);
    let zero = [
        "replace /throttle/rateLimit 0",
        "replace /throttle/burstLimit 0",
    ];
    assert_eq!(said(&patches), zero);
}

#[test]
fn a_key_s_fields_change_one_by_one_and_empty_is_none() {
    let found = FoundKey {
        id: "k1".parse().unwrap(),
        name: "before".to_owned(),
        description: None,
        enabled: true,
        customer_id: Some("acme".to_owned()),
        tags: Tags::new(),
        value: None,
    };
    let same = NativeKeyFields {
        name: "before".to_owned(),
        description: Some(String::new()),
        enabled: true,
        customer_id: Some("acme".to_owned()),
    };
    assert_eq!(found.patches(&same), []);
    let wanted = NativeKeyFields {
        name: "after".to_owned(),
        description: Some("words".to_owned()),
        enabled: false,
        customer_id: None,
    };
    let patches = found.patches(&wanted);
    assert!(patches.iter().all(|patch| patch.op == PatchOp::Replace));
    assert_eq!(
        said(&patches),
        [
            "replace /name after",
            "replace /description words",
            "replace /enabled false",
            "replace /customerId ",
        ]
    );
}

fn any_throttle() -> impl Strategy<Value = NativeThrottle> {
    (0u32..5_000_000, 0..50i32).prop_map(|(rate, burst)| throttle(f64::from(rate) / 1000.0, burst))
}

fn any_quota() -> impl Strategy<Value = NativeQuota> {
    let periods = [(Period::Day, 1), (Period::Week, 7), (Period::Month, 28)];
    let period = prop::sample::select(periods.to_vec());
    (0..5i32, period, 0..28i32).prop_map(|(limit, (period, offsets), offset)| NativeQuota {
        limit,
        offset: offset % offsets,
        period,
    })
}

fn any_plan() -> impl Strategy<Value = NativePlan> {
    let stage = prop::sample::select(vec!["a1:prod", "a1:test", "a2:prod"]);
    let method = "(/|(/[a-z{}~_-]{1,3}){1,2})/(GET|POST)";
    let throttles = prop::collection::btree_map(method, any_throttle(), 0..4);
    let stages = prop::collection::btree_map(stage.prop_map(str::to_owned), throttles, 0..4);
    let limits = (
        prop::option::of(any_throttle()),
        prop::option::of(any_quota()),
    );
    ("[a-z]{1,2}", "[a-z]{0,1}", limits, stages).prop_map(
        |(name, description, (throttle, quota), stages)| NativePlan {
            name,
            description,
            throttle,
            quota,
            stages,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn one_call_leads_from_any_plan_to_any_other(before in any_plan(), wanted in any_plan()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (fake, gateway) = quick();
            let id = gateway.create_plan(&before, &Tags::new()).await.unwrap();
            let actual = gateway.plan(&id).await.unwrap().unwrap().plan;
            prop_assert_eq!(&actual, &before);
            let patches = actual.patches(&wanted);
            prop_assert_eq!(patches.is_empty(), actual == wanted);
            fake.forget_calls();
            gateway.update_plan(&id, &patches).await.unwrap();
            prop_assert!(fake.calls().len() <= 1);
            let found = gateway.plan(&id).await.unwrap().unwrap().plan;
            prop_assert_eq!(&found, &wanted);
            prop_assert_eq!(found.patches(&wanted), []);
            let removals = patches.iter().map(|patch| {
                (patch.op, patch.path.as_str()) == (PatchOp::Remove, "/apiStages")
            });
            prop_assert!(removals.is_sorted_by(|a, b| a >= b), "stages that go come first");
            Ok(())
        })?;
    }
}
