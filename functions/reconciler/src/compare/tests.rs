//! One plan, one key and the key on the plan, as the table and API Gateway have them; each case
//! changes one thing and says what is found.

use jiff::Timestamp;
use latchkey_domain::{Enforcement, Key, KeyValue, NativeKeyValue, Plan, Prefix};
use latchkey_gateway::{FoundKey, FoundPlan};

use super::*;

const MINE: Owner<'static> = Owner("mine");

struct Case {
    table: Table,
    plans: Vec<FoundPlan>,
    keys: Vec<FoundKey>,
    on: BTreeMap<String, BTreeSet<String>>,
    open: BTreeMap<PlanId, String>,
}

fn gold() -> PlanId {
    "gold".parse().unwrap()
}

fn key() -> Key {
    let value = KeyValue::generate(&Prefix::default(), &[1; 48]);
    Key {
        name: "Ann".parse().ok(),
        ..Key::new(&value, Timestamp::UNIX_EPOCH)
    }
}

fn of_plan() -> NativeObject {
    NativeObject::Plan(gold())
}

fn of_key() -> NativeObject {
    NativeObject::Key(key().id)
}

fn on_plan() -> NativeObject {
    NativeObject::PlanKey(key().id, gold())
}

fn native(object: NativeObject, native_id: Option<&str>) -> Native {
    Native {
        object,
        wanted: Wanted::Present,
        native_id: native_id.map(str::to_owned),
        state: NativeState::InSync,
        reason: None,
        revision: 1,
        due: Timestamp::UNIX_EPOCH,
        attempts: 0,
        twin: None,
        stages: Vec::new(),
    }
}

fn tags(table: &str, name: &str, id: &str) -> BTreeMap<String, String> {
    let tags = [("latchkey:table", table), (name, id)];
    BTreeMap::from(tags.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn found_plan(id: &str, table: &str, plan: &str) -> FoundPlan {
    FoundPlan {
        id: id.parse().unwrap(),
        plan: NativePlan {
            name: "Gold".to_owned(),
            ..NativePlan::default()
        },
        tags: tags(table, "latchkey:plan", plan),
    }
}

fn found_key(id: &str, table: &str, key: KeyId) -> FoundKey {
    FoundKey {
        id: id.parse().unwrap(),
        name: "Ann".to_owned(),
        description: None,
        enabled: true,
        customer_id: None,
        tags: tags(table, "latchkey:key", &key.to_string()),
        value: None,
    }
}

impl Case {
    fn in_step() -> Self {
        let plan = Plan {
            enforcement: Enforcement::ApiGateway,
            ..Plan::new(gold(), "Gold".parse().unwrap(), Timestamp::UNIX_EPOCH)
        };
        let natives = [
            native(of_plan(), Some("p1")),
            native(of_key(), Some("k1")),
            native(on_plan(), None),
        ];
        let natives = natives.map(|native| (native.object.clone(), native));
        let record = PlanRecord {
            plan,
            keys: 1,
            internal: 1,
            attached: 1,
        };
        let plan_ids = BTreeSet::from([gold()]);
        let key_record = KeyRecord {
            key: key(),
            plan_ids,
        };
        Self {
            table: Table {
                natives: BTreeMap::from(natives),
                plans: BTreeMap::from([(gold(), record)]),
                keys: HashMap::from([(key().id, key_record)]),
            },
            plans: vec![found_plan("p1", "mine", "gold")],
            keys: vec![found_key("k1", "mine", key().id)],
            on: BTreeMap::from([("p1".to_owned(), BTreeSet::from(["k1".to_owned()]))]),
            open: BTreeMap::new(),
        }
    }

    fn native(&mut self, object: &NativeObject) -> &mut Native {
        self.table.natives.get_mut(object).unwrap()
    }

    /// Nothing wants the key on the plan.
    fn off_plan(&mut self) {
        self.table.natives.remove(&on_plan());
        let record = self.table.keys.get_mut(&key().id).unwrap();
        record.plan_ids.clear();
    }

    fn put_on(&mut self, key: &str) {
        self.on.get_mut("p1").unwrap().insert(key.to_owned());
    }

    /// Each finding as `object kind remedy`.
    fn found(&self) -> Vec<String> {
        let (plans, keys) = (self.plans.clone(), self.keys.clone());
        let inventory = Inventory::of(plans, keys, MINE, Timestamp::UNIX_EPOCH);
        let there = There {
            inventory: &inventory,
            on: self.on.clone(),
            open: self.open.clone(),
        };
        let found = compare(&self.table, &there, MINE).into_iter();
        found.map(|found| shown(&found)).collect()
    }
}

fn shown(found: &Found) -> String {
    let finding = &found.finding;
    let object = match (&finding.plan_id, finding.key_id) {
        (Some(_), Some(_)) => "planKey",
        (Some(_), None) => "plan",
        _ => "key",
    };
    let remedy = match &found.remedy {
        Remedy::None => "told".to_owned(),
        Remedy::BringBack(_) => "brought back".to_owned(),
        Remedy::DeletePlan(id) => format!("deleted {id}"),
        Remedy::DeleteKey(id) => format!("deleted {id}"),
        Remedy::TakeOff(plan, key) => format!("taken off {plan} {key}"),
    };
    format!("{object} {} {remedy}", finding.kind.as_str())
}

/// What differs, and what is then found.
type Row = (&'static str, fn(&mut Case), &'static [&'static str]);

fn check(rows: &[Row]) {
    for (what, edit, expected) in rows {
        let mut case = Case::in_step();
        edit(&mut case);
        assert_eq!(case.found(), *expected, "{what}");
    }
}

#[test]
fn what_is_wanted_is_there() {
    check(&[
        ("nothing", |_| {}, &[]),
        (
            "the plan is gone, with all on it",
            |case| case.plans.clear(),
            &["plan gone brought back"],
        ),
        (
            "the plan has another name",
            |case| case.plans[0].plan.name = "?".to_owned(),
            &["plan changed brought back"],
        ),
        (
            "the key is gone, from its plan too",
            |case| {
                case.keys.clear();
                case.on.insert("p1".to_owned(), BTreeSet::new());
            },
            &["key gone brought back"],
        ),
        (
            "the key is switched off",
            |case| case.keys[0].enabled = false,
            &["key changed brought back"],
        ),
        (
            "the key is not on its plan",
            |case| drop(case.on.insert("p1".to_owned(), BTreeSet::new())),
            &["planKey gone brought back"],
        ),
        (
            "an API of the plan takes keys from the header",
            |case| drop(case.open.insert(gold(), "a1".to_owned())),
            &["plan keySource told"],
        ),
        (
            "adopted: without tags",
            |case| {
                case.plans[0].tags.clear();
                case.keys[0].tags.clear();
                let record = case.table.keys.get_mut(&key().id).unwrap();
                record.key.native_value = NativeKeyValue::Header;
            },
            &[],
        ),
    ]);
}

#[test]
fn what_is_on_its_way_is_no_finding() {
    check(&[
        (
            "the plan is being changed",
            |case| {
                case.native(&of_plan()).state = NativeState::Pending;
                case.plans[0].plan.name = "?".to_owned();
                case.put_on("k9");
            },
            &[],
        ),
        (
            "the plan is being made: its id is not known yet",
            |case| {
                *case.native(&of_plan()) = Native {
                    state: NativeState::Pending,
                    ..native(of_plan(), None)
                };
            },
            &[],
        ),
        (
            "the key is being made, or made again",
            |case| {
                case.native(&of_key()).state = NativeState::Pending;
                case.keys[0].id = "k2".parse().unwrap();
            },
            &[],
        ),
        (
            "the key is going",
            |case| {
                case.native(&of_key()).state = NativeState::Pending;
                case.native(&of_key()).wanted = Wanted::Absent;
                case.keys.clear();
            },
            &[],
        ),
        (
            "the key is being put on the plan",
            |case| {
                case.native(&on_plan()).state = NativeState::Pending;
                case.on.insert("p1".to_owned(), BTreeSet::new());
            },
            &[],
        ),
        (
            "the key is on its way off, and still on it",
            |case| {
                case.native(&on_plan()).state = NativeState::Pending;
                case.native(&on_plan()).wanted = Wanted::Absent;
            },
            &[],
        ),
        (
            "what a refused attempt has made will be found by the next one",
            |case| {
                case.native(&of_plan()).state = NativeState::Failed;
                case.native(&of_plan()).native_id = None;
            },
            &["plan failed told"],
        ),
    ]);
}

#[test]
fn what_nothing_wants_is_this_table_s_to_delete() {
    check(&[
        (
            "of a plan and a key that are not there",
            |case| {
                case.plans.push(found_plan("p2", "mine", "silver"));
                let value = KeyValue::generate(&Prefix::default(), &[2; 48]);
                case.keys
                    .push(found_key("k2", "mine", value.presented().id));
            },
            &["plan orphan deleted p2", "key orphan deleted k2"],
        ),
        (
            "beside those that are known; one on the plan is no second finding",
            |case| {
                case.plans.push(found_plan("p2", "mine", "gold"));
                case.keys.push(found_key("k2", "mine", key().id));
                case.put_on("k2");
            },
            &["plan orphan deleted p2", "key orphan deleted k2"],
        ),
        (
            "beside one that is refused",
            |case| {
                case.native(&of_key()).state = NativeState::Failed;
                case.keys.push(found_key("k2", "mine", key().id));
            },
            &["key failed told", "key orphan deleted k2"],
        ),
        (
            "another table's, nobody's, and what names nothing",
            |case| {
                case.plans.push(found_plan("p2", "theirs", "gold"));
                case.plans.push(found_plan("p3", "mine", "no id of a plan"));
                case.keys.push(found_key("k2", "theirs", key().id));
                let mut bare = found_key("k3", "mine", key().id);
                bare.tags.remove("latchkey:key");
                case.keys.push(bare);
                let mut untagged = found_key("k4", "mine", key().id);
                untagged.tags.clear();
                case.keys.push(untagged);
            },
            &[],
        ),
    ]);
}

#[test]
fn a_key_that_somebody_else_put_on_a_plan_is_told() {
    check(&[
        (
            "one that nobody knows",
            |case| case.put_on("k9"),
            &["plan foreign told"],
        ),
        (
            "one of another table's",
            |case| {
                case.keys.push(found_key("k9", "theirs", key().id));
                case.put_on("k9");
            },
            &["plan foreign told"],
        ),
        (
            "one that was taken over: it has no tags",
            |case| {
                case.off_plan();
                case.keys[0].tags.clear();
            },
            &["planKey foreign told"],
        ),
        (
            "one that its own record says is attached",
            |case| drop(case.table.natives.remove(&on_plan())),
            &["planKey foreign told"],
        ),
        (
            "one that is being changed",
            |case| {
                case.off_plan();
                case.native(&of_key()).state = NativeState::Pending;
            },
            &["planKey foreign told"],
        ),
        (
            "one on a plan that is refused to go",
            |case| {
                case.off_plan();
                case.native(&of_plan()).state = NativeState::Failed;
                case.native(&of_plan()).wanted = Wanted::Absent;
            },
            &["plan failed told", "planKey foreign told"],
        ),
    ]);
}

#[test]
fn a_key_that_latchkey_made_is_taken_off_a_plan_that_it_is_not_attached_to() {
    check(&[
        (
            "both in step",
            Case::off_plan,
            &["planKey foreign taken off p1 k1"],
        ),
        (
            "its next change is refused",
            |case| {
                case.off_plan();
                case.native(&of_key()).state = NativeState::Failed;
            },
            &["planKey foreign taken off p1 k1", "key failed told"],
        ),
    ]);
}

#[test]
fn differences_are_told_in_words() {
    let mut case = Case::in_step();
    let plan = &mut case.plans[0].plan;
    plan.name = "?".to_owned();
    plan.stages.insert("a1:dev".to_owned(), BTreeMap::new());
    let inventory = Inventory::of(
        case.plans.clone(),
        case.keys.clone(),
        MINE,
        Timestamp::UNIX_EPOCH,
    );
    let there = There {
        inventory: &inventory,
        on: case.on.clone(),
        open: BTreeMap::new(),
    };
    let found = compare(&case.table, &there, MINE);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].finding.detail,
        "name is another, the stage a1:dev was added"
    );
}
