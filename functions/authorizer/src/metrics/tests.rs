//! What is written when, and that counting costs next to nothing.

use serde_json::Value;

use super::*;

fn at(seconds: i64) -> Reading {
    Reading {
        wall: seconds * SECOND,
        steady: seconds * SECOND,
    }
}

fn metrics(of: MetricsOf) -> Metrics {
    Metrics::new("keys", of, at(0))
}

fn id(number: u8) -> KeyId {
    let value = latchkey_domain::KeyValue::generate(
        &latchkey_domain::Prefix::default(),
        &[number; latchkey_domain::RANDOM_BYTES],
    );
    value.presented().id
}

fn plan(id: &str) -> PlanId {
    id.parse().unwrap()
}

/// A decision on a plan with this much left of a quota of 1,000.
fn on<'a>(key: &'a KeyId, plan: &'a PlanId, reason: Option<Reason>, left: u64) -> Counted<'a> {
    Counted {
        reason,
        without_store: false,
        charged: Some((key, plan)),
        left: Some((left, 1_000)),
    }
}

fn refused(reason: Reason) -> Counted<'static> {
    Counted {
        reason: Some(reason),
        without_store: false,
        charged: None,
        left: None,
    }
}

fn read(lines: &str) -> Vec<Value> {
    let lines = lines.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The numbers of the line that has this value in this dimension.
fn of<'a>(lines: &'a [Value], dimension: &str, value: &str) -> &'a Value {
    let found = lines.iter().find(|line| line[dimension] == value);
    found.unwrap_or_else(|| panic!("no line of {dimension} {value}: {lines:?}"))
}

#[test]
fn a_period_tells_decisions_by_plan_and_by_reason() {
    let metrics = metrics(MetricsOf::Plans);
    let (key, gold, free) = (id(1), plan("gold"), plan("free"));
    for _ in 0..3 {
        metrics.decided(&on(&key, &gold, None, 900), at(1));
    }
    let exceeded = Some(Reason::QuotaExceeded);
    metrics.decided(&on(&key, &free, exceeded, 0), at(2));
    metrics.decided(&refused(Reason::UnknownKey), at(3));
    let lines = read(&metrics.rest(at(4)));
    let table = &lines[0];
    assert_eq!(table["_aws"]["Timestamp"], 3_000, "when it was counted");
    assert_eq!(
        (&table["Allowed"], &table["Refused"]),
        (&3.into(), &2.into())
    );
    assert_eq!(table["Unavailable"], 0);
    assert_eq!(of(&lines, "Reason", "quota_exceeded")["Refused"], 1);
    assert_eq!(of(&lines, "Reason", "unknown_key")["Refused"], 1);
    let gold = of(&lines, "Plan", "gold");
    assert_eq!((&gold["Allowed"], &gold["Refused"]), (&3.into(), &0.into()));
    let free = of(&lines, "Plan", "free");
    assert_eq!((&free["Allowed"], &free["Refused"]), (&0.into(), &1.into()));
    assert_eq!(lines.len(), 5);
    assert_eq!(metrics.rest(at(5)), "", "it is told once");
}

#[test]
fn a_clock_that_is_off_is_counted_and_one_that_is_right_costs_no_metric() {
    let metrics = metrics(MetricsOf::Totals);
    let counted = |metrics: &Metrics| {
        metrics.decided(&refused(Reason::Throttled), at(1));
        let lines = read(&metrics.rest(at(2)));
        lines.iter().find_map(|line| line["ClockOff"].as_u64())
    };
    assert_eq!(counted(&metrics), None);
    metrics.clock_is_off(-3 * SECOND);
    metrics.clock_is_off(-3 * SECOND);
    assert_eq!(counted(&metrics), Some(2));
    assert_eq!(counted(&metrics), None, "it is told once");
}

#[test]
fn what_the_table_is_asked_for_is_told_with_each_wait() {
    let metrics = metrics(MetricsOf::Totals);
    metrics.decided(&refused(Reason::Throttled), at(1));
    metrics.looked_up(true);
    metrics.looked_up(true);
    metrics.looked_up(false);
    metrics.read(3_000_000);
    metrics.wrote(5_000_000);
    metrics.leased(20);
    metrics.wrote_beside();
    metrics.lost(7);
    let lines = read(&metrics.rest(at(2)));
    let table = &lines[0];
    let number = |name: &str| table[name].as_u64();
    assert_eq!(number("KeyCacheHits"), Some(2));
    assert_eq!(number("KeyCacheMisses"), Some(1));
    assert_eq!(
        (number("StoreReads"), number("StoreWrites")),
        (Some(1), Some(2))
    );
    assert_eq!(table["StoreLatency"], serde_json::json!([3_000, 5_000]));
    assert_eq!(table["LeaseSize"], serde_json::json!([20]));
    assert_eq!(number("LeaseWaste"), Some(7));
}

#[test]
fn a_key_near_its_quota_is_counted_once_in_a_period() {
    let metrics = metrics(MetricsOf::Totals);
    let (one, other, gold) = (id(1), id(2), plan("gold"));
    for left in [101, 100, 99, 0] {
        metrics.decided(&on(&one, &gold, None, left), at(1));
    }
    metrics.decided(&on(&other, &gold, None, 101), at(1));
    assert_eq!(read(&metrics.rest(at(2)))[0]["KeysNearQuota"], 1);
    metrics.decided(&on(&one, &gold, Some(Reason::QuotaExceeded), 0), at(3));
    assert_eq!(read(&metrics.rest(at(4)))[0]["KeysNearQuota"], 1);
}

#[test]
fn lines_come_a_minute_apart_and_sooner_for_a_table_that_does_not_answer() {
    let metrics = metrics(MetricsOf::Totals);
    metrics.decided(&refused(Reason::Throttled), at(10));
    assert_eq!(metrics.due(at(59)), "");
    assert_ne!(metrics.due(at(60)), "");
    assert_eq!(metrics.due(at(600)), "", "nothing was counted");
    metrics.decided(&refused(Reason::Throttled), at(601));
    assert_ne!(
        metrics.due(at(601)),
        "",
        "a call now and then is told at once"
    );
    metrics.decided(&refused(Reason::Unavailable), at(602));
    assert_eq!(metrics.due(at(610)), "");
    let lines = read(&metrics.due(at(611)));
    assert_eq!(lines[0]["Unavailable"], 1);
    let (key, gold) = (id(1), plan("gold"));
    let passes = Counted {
        without_store: true,
        ..on(&key, &gold, None, 900)
    };
    metrics.decided(&passes, at(612));
    let lines = read(&metrics.due(at(622)));
    let told = (&lines[0]["Allowed"], &lines[0]["AllowedWithoutStore"]);
    assert_eq!(told, (&1.into(), &1.into()));
    assert_eq!(lines[0]["Unavailable"], 1);
}

#[test]
fn a_line_is_written_before_a_value_is_left_out() {
    let metrics = metrics(MetricsOf::Totals);
    let mut told = 0;
    for _ in 0..1_000 {
        metrics.decided(&refused(Reason::Throttled), at(1));
        // As many as a call with three writes and two reads has.
        (0..5).for_each(|_| metrics.wrote(1_000));
        for line in read(&metrics.due(at(1))) {
            told += line["StoreLatency"].as_array().map_or(0, Vec::len);
        }
    }
    let rest = read(&metrics.rest(at(2)));
    let rest = rest
        .first()
        .and_then(|line| line["StoreLatency"].as_array());
    assert_eq!(told + rest.map_or(0, Vec::len), 5_000);
}

#[test]
fn however_many_plans_and_keys_there_are_its_memory_is_bounded() {
    let metrics = metrics(MetricsOf::Plans);
    for number in 0..1_000 {
        let (key, plan) = (id((number % 200) as u8), plan(&format!("plan-{number}")));
        metrics.decided(&on(&key, &plan, None, 0), at(1));
    }
    for _ in 0..10_000 {
        metrics.wrote(1);
        metrics.leased(1);
    }
    let lines = read(&metrics.rest(at(2)));
    assert_eq!(of(&lines, "Plan", OTHER)["Allowed"], 1_000 - PLANS);
    assert_eq!(lines.len(), 1 + PLANS + 1);
    assert_eq!(lines[0]["KeysNearQuota"], KEYS);
    assert_eq!(
        lines[0]["StoreLatency"].as_array().unwrap().len(),
        MOST_VALUES
    );
}

#[test]
fn a_setting_leaves_metrics_out() {
    for (of, lines) in [
        (MetricsOf::Off, 0),
        (MetricsOf::Totals, 1),
        (MetricsOf::Plans, 2),
    ] {
        let metrics = metrics(of);
        metrics.decided(&on(&id(1), &plan("gold"), None, 900), at(1));
        assert_eq!(read(&metrics.due(at(60))).len(), lines, "{of:?}");
    }
}

#[test]
fn counting_a_call_asks_for_no_memory_once_its_plan_was_seen() {
    let metrics = metrics(MetricsOf::Plans);
    let (key, gold) = (id(1), plan("gold"));
    let call = || {
        metrics.looked_up(true);
        metrics.lost(0);
        metrics.decided(&on(&key, &gold, None, 50), at(1));
        metrics.due(at(2))
    };
    call();
    let used = allocation_counter::measure(|| drop(call()));
    assert_eq!(used.count_total, 0, "{used:?}");
    let used = allocation_counter::measure(|| {
        metrics.wrote(1);
        metrics.leased(20);
    });
    assert_eq!(used.count_total, 0, "{used:?}");
}
