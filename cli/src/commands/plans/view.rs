//! A plan as it is printed.

use super::super::{
    Cell, Session, column,
    output::{Detail, Sheet},
};
use crate::{
    client::{Answer, ApiStage, Plan, Quota, Throttle},
    failure::Failure,
};

/// What a list of plans has of each.
pub(super) fn sheet() -> Sheet<Plan> {
    Sheet {
        columns: vec![
            column("ID", "id"),
            column("NAME", "name"),
            column("RATE", "rateLimit"),
            column("BURST", "burstLimit"),
            column("QUOTA", "quota"),
            column("API STAGES", "apiStages"),
            column("SCOPE", "scope"),
            column("COUNTED BY", "enforcement"),
        ],
        row: Box::new(|plan: &Plan| {
            let throttle = plan.throttle.as_ref();
            let burst = throttle.and_then(|throttle| throttle.burst_limit);
            let stages = plan.api_stages.iter().map(stage_name).collect();
            vec![
                Cell::text(&plan.id),
                Cell::text(&plan.name),
                Cell::of(throttle, |throttle| Cell::number(&throttle.rate_limit)),
                Cell::of(burst, Cell::number),
                Cell::of(plan.quota.as_ref(), quota),
                Cell::List(stages),
                Cell::text(&plan.scope),
                Cell::text(&plan.enforcement),
            ]
        }),
    }
}

/// One plan.
pub(super) fn print(session: &Session, answer: &Answer) -> Result<(), Failure> {
    let etag = answer.etag.as_deref();
    let details = |plan: &Plan| details(plan, etag);
    session.printer.one(&sheet(), &answer.body, details)
}

fn details(plan: &Plan, etag: Option<&str>) -> Vec<Detail> {
    let throttle = plan.throttle.as_ref();
    let mut details = vec![
        ("ID", Cell::text(&plan.id)),
        ("NAME", Cell::text(&plan.name)),
        (
            "DESCRIPTION",
            Cell::of(plan.description.as_ref(), Cell::text),
        ),
        (
            "THROTTLE",
            Cell::of(throttle, |throttle| Cell::text(rate(throttle))),
        ),
        ("QUOTA", Cell::of(plan.quota.as_ref(), quota)),
    ];
    if plan.api_stages.is_empty() {
        details.push(("API STAGE", Cell::Bad("none: it covers nothing".to_owned())));
    }
    for stage in &plan.api_stages {
        details.push(("API STAGE", Cell::text(stage_name(stage))));
        let throttles = stage.throttle.iter();
        details.extend(
            throttles.map(|(method, throttle)| {
                ("", Cell::text(format!("{method}: {}", rate(throttle))))
            }),
        );
        let units = stage.units.iter();
        details.extend(
            units.map(|(method, units)| ("", Cell::text(format!("{method}: {units} units")))),
        );
    }
    let native = plan.api_gateway.as_ref();
    details.extend([
        ("SCOPE", Cell::text(&plan.scope)),
        ("COUNTED BY", Cell::text(&plan.enforcement)),
        ("API GATEWAY", Cell::of(native, super::super::native)),
    ]);
    if plan.deleting {
        let deleting = "deleting: its keys are taken off".to_owned();
        details.push(("STATE", Cell::Bad(deleting)));
    }
    details.extend([
        ("CREATED", Cell::instant(&plan.created_date)),
        ("UPDATED", Cell::instant(&plan.last_updated_date)),
        ("ETAG", Cell::of(etag, Cell::text)),
    ]);
    details
}

fn stage_name(stage: &ApiStage) -> String {
    format!("{}:{}", stage.api_id, stage.stage)
}

fn quota(quota: &Quota) -> Cell {
    Cell::text(format!("{}/{}", quota.limit, quota.period))
}

/// `10 a second, 20 at once`.
fn rate(throttle: &Throttle) -> String {
    let rate = &throttle.rate_limit;
    match throttle.burst_limit {
        Some(burst) => format!("{rate} a second, {burst} at once"),
        None => format!("{rate} a second"),
    }
}
