//! A plan's item, to attributes and back.

use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_domain::{MethodRule, Plan, PlanStage, Quota, Rate, Scope, StageSelector, Throttle};

use super::PlanRecord;
use crate::{
    Corrupt, Record,
    item::{Draft, Fields, Item, number, text},
};

/// Keys that are on the plan; kept exact by each transaction that attaches or detaches one.
pub(super) const KEYS: &str = "keys";
/// Keys among them whose twin at API Gateway has a value of its own.
pub(super) const INTERNAL: &str = "internal";
/// Attachments that were ever made to the plan.
pub(super) const ATTACHED: &str = "attached";
/// Grows with each change.
pub(super) const VERSION: &str = "version";
/// The highest number that a method's bucket was given.
const BUCKETS_GIVEN: &str = "bucketsGiven";
/// True from the moment on from which the plan is being deleted.
pub(super) const DELETING: &str = "deleting";

/// With the counts of a plan that no key is on yet.
pub(crate) fn with_count(mut item: Item) -> Item {
    item.insert(KEYS.to_owned(), number(0));
    item.insert(INTERNAL.to_owned(), number(0));
    item.insert(ATTACHED.to_owned(), number(0));
    item
}

/// All attributes but the counts of keys, which change by themselves.
pub(crate) fn to_item(plan: &Plan) -> Item {
    let stages = plan.stages.iter().map(stage_to_value).collect();
    let scope = match plan.scope {
        Scope::Key => "key",
        Scope::Customer => "customer",
    };
    Draft::new(&Record::Plan(&plan.id))
        .set("planId", text(plan.id.as_str()))
        .set("name", text(plan.name.as_str()))
        .set_some(
            "description",
            plan.description
                .as_ref()
                .map(|description| text(description.as_str())),
        )
        .set_some("throttle", plan.throttle.as_ref().map(throttle_to_value))
        .set_some("quota", plan.quota.as_ref().map(quota_to_value))
        .set("apiStages", AttributeValue::L(stages))
        .set_some(
            BUCKETS_GIVEN,
            (plan.buckets_given > 0).then(|| number(plan.buckets_given)),
        )
        .set("scope", text(scope))
        .set("enforcement", text(plan.enforcement.as_str()))
        .set_some(
            DELETING,
            plan.deleting.then_some(AttributeValue::Bool(true)),
        )
        .set("createdDate", text(plan.created.to_string()))
        .set("lastUpdatedDate", text(plan.updated.to_string()))
        .set(VERSION, number(plan.version))
        .done()
}

fn map(
    entries: impl IntoIterator<Item = (&'static str, Option<AttributeValue>)>,
) -> AttributeValue {
    let entries = entries
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    AttributeValue::M(entries.collect())
}

fn throttle_to_value(throttle: &Throttle) -> AttributeValue {
    map([
        ("rateLimit", Some(number(throttle.rate()))),
        ("burstLimit", throttle.burst_given().map(number)),
    ])
}

fn quota_to_value(quota: &Quota) -> AttributeValue {
    map([
        ("limit", Some(number(quota.limit()))),
        ("period", Some(text(quota.period().as_str()))),
        (
            "offset",
            (quota.offset() > 0).then(|| number(quota.offset())),
        ),
    ])
}

fn stage_to_value(stage: &PlanStage) -> AttributeValue {
    let method = |rule: &MethodRule| {
        map([
            ("method", Some(text(rule.method.to_string()))),
            ("bucket", rule.throttle.map(|(bucket, _)| number(bucket))),
            (
                "throttle",
                rule.throttle
                    .map(|(_, throttle)| throttle_to_value(&throttle)),
            ),
            ("units", rule.units.map(number)),
        ])
    };
    map([
        ("apiId", Some(text(stage.selector.api_id()))),
        ("stage", Some(text(stage.selector.stage()))),
        (
            "methods",
            Some(AttributeValue::L(
                stage.methods.iter().map(method).collect(),
            )),
        ),
    ])
}

pub(super) fn from_item(item: &Item) -> Result<PlanRecord, Corrupt> {
    let fields = Fields::of("plan", item)?;
    let mut stages = Vec::new();
    for value in fields.list("apiStages")?.unwrap_or_default() {
        stages.push(stage_from_value(&fields, value)?);
    }
    let scope = match fields.text("scope")? {
        "key" => Scope::Key,
        "customer" => Scope::Customer,
        other => return Err(fields.corrupt("scope", format!("is {other:?}"))),
    };
    let quota = fields
        .map("quota")?
        .map(|quota| quota_from(&fields.within(quota)))
        .transpose()?;
    let buckets_given = fields.number_if_any(BUCKETS_GIVEN)?;
    let plan = Plan {
        id: fields.parsed("planId")?,
        name: fields.parsed("name")?,
        description: fields.parsed_if_any("description")?,
        throttle: throttle_in(&fields)?,
        quota,
        // Plans of earlier releases are without.
        buckets_given: highest(&stages).max(buckets_given.unwrap_or(0)),
        stages,
        scope,
        // Plans of the first release are without.
        enforcement: fields.parsed_if_any("enforcement")?.unwrap_or_default(),
        deleting: fields.flag_if_any(DELETING)?.unwrap_or(false),
        created: fields.instant("createdDate")?,
        updated: fields.instant("lastUpdatedDate")?,
        version: fields.number(VERSION)?,
    };
    let keys = fields.number_if_any(KEYS)?.unwrap_or(0);
    Ok(PlanRecord {
        plan,
        keys,
        // Before there were two kinds of twins there was none.
        internal: fields.number_if_any(INTERNAL)?.unwrap_or(keys),
        attached: fields.number_if_any(ATTACHED)?.unwrap_or(0),
    })
}

/// The highest number of a bucket in use; 0 where there is none.
fn highest(stages: &[PlanStage]) -> u16 {
    let rules = stages.iter().flat_map(|stage| &stage.methods);
    let numbers = rules.filter_map(|rule| rule.throttle);
    numbers.map(|(number, _)| number).max().unwrap_or(0)
}

fn throttle_in(fields: &Fields<'_>) -> Result<Option<Throttle>, Corrupt> {
    let Some(throttle) = fields.map("throttle")? else {
        return Ok(None);
    };
    let within = fields.within(throttle);
    let rate: Rate = within.number("rateLimit")?;
    let throttle = Throttle::new(rate, within.number_if_any("burstLimit")?);
    throttle
        .map(Some)
        .map_err(|error| fields.corrupt("throttle", error))
}

fn quota_from(fields: &Fields<'_>) -> Result<Quota, Corrupt> {
    let offset = fields.number_if_any("offset")?.unwrap_or(0);
    Quota::new(fields.number("limit")?, fields.parsed("period")?)
        .and_then(|quota| quota.with_offset(offset))
        .map_err(|error| fields.corrupt("quota", error))
}

fn stage_from_value(fields: &Fields<'_>, value: &AttributeValue) -> Result<PlanStage, Corrupt> {
    let wrong = || fields.corrupt("apiStages", "has a wrong type");
    let stage = fields.within(value.as_m().map_err(|_| wrong())?);
    let selector = StageSelector::new(stage.text("apiId")?, stage.text("stage")?)
        .map_err(|error| fields.corrupt("apiStages", error))?;
    let mut methods = Vec::new();
    for method in stage.list("methods")?.unwrap_or_default() {
        let method = fields.within(method.as_m().map_err(|_| wrong())?);
        let throttle = throttle_in(&method)?.zip(method.number_if_any("bucket")?);
        methods.push(MethodRule {
            method: method.parsed("method")?,
            throttle: throttle.map(|(throttle, bucket)| (bucket, throttle)),
            units: method.number_if_any("units")?,
        });
    }
    Ok(PlanStage { selector, methods })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use latchkey_domain::{Enforcement, Period};

    use super::*;

    fn plan() -> Plan {
        let throttle = |rate: &str, burst| Throttle::new(rate.parse().unwrap(), burst).unwrap();
        let methods = vec![
            MethodRule {
                method: "/orders/GET".parse().unwrap(),
                throttle: Some((3, throttle("0.5", Some(2)))),
                units: None,
            },
            MethodRule {
                method: "/reports/*/POST".parse().unwrap(),
                throttle: None,
                units: Some(5),
            },
        ];
        Plan {
            id: "gold".parse().unwrap(),
            name: "Gold".parse().unwrap(),
            description: "For those who pay".parse().ok(),
            throttle: Some(throttle("12.25", None)),
            quota: Quota::new(1_000, Period::Week).unwrap().with_offset(2).ok(),
            stages: vec![PlanStage {
                selector: StageSelector::new("a1", "$default").unwrap(),
                methods,
            }],
            buckets_given: 300,
            scope: Scope::Customer,
            enforcement: Enforcement::ApiGateway,
            deleting: true,
            created: Timestamp::from_second(5).unwrap(),
            updated: Timestamp::from_second(6).unwrap(),
            version: 9,
        }
    }

    #[test]
    fn a_plan_reads_back_as_written_and_unknown_attributes_are_left_alone() {
        let mut item = with_count(to_item(&plan()));
        item.insert("ofALaterRelease".into(), text("x"));
        assert_eq!(
            from_item(&item).unwrap(),
            PlanRecord {
                plan: plan(),
                keys: 0,
                internal: 0,
                attached: 0
            }
        );
    }

    #[test]
    fn a_plan_without_limits_reads_back_without() {
        let bare = Plan {
            throttle: None,
            quota: None,
            description: None,
            stages: vec![],
            buckets_given: 0,
            scope: Scope::Key,
            deleting: false,
            ..plan()
        };
        assert_eq!(from_item(&to_item(&bare)).unwrap().plan, bare);
    }

    #[test]
    fn a_plan_of_an_earlier_release_has_given_the_numbers_that_it_has() {
        let mut item = to_item(&plan());
        item.remove(BUCKETS_GIVEN);
        assert_eq!(from_item(&item).unwrap().plan.buckets_given, 3);
    }

    #[test]
    fn what_no_release_writes_is_an_error_that_names_the_attribute() {
        let mut item = to_item(&plan());
        item.insert("scope".into(), text("planet"));
        assert_eq!(
            from_item(&item).unwrap_err().to_string(),
            r#"plan: attribute scope is "planet""#
        );
    }
}
