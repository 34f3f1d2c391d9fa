//! The tables of docs/cost.md.

use std::fmt::Write as _;

use crate::scale::thousands;

use super::{
    bill::Bill,
    leases::Row,
    money::Money,
    prices::{Prices, US_EAST_1},
    shape::{Arrival, Limits, SHAPES, Shape},
    usage::{Front, Usage, reads},
};

/// Memory of the authorizer in MB, as the stack has it by default.
const MEMORY_MB: u64 = 256;
const MEMORIES_MB: [u64; 4] = [128, MEMORY_MB, 512, 1_769];
const NOT_TAKEN: &str = "-";
const NOT_HAD: &str = "there are none";
/// Messages of a connection, in the table's row.
const MESSAGES: u64 = 20;

/// Who may stand in front, in the tables' order.
pub(super) const FRONTS: [Front; 7] = [
    Front::Latchkey(Limits::None),
    Front::Latchkey(Limits::Throttle),
    Front::Latchkey(Limits::Quota),
    Front::Latchkey(Limits::Exact),
    Front::ApiGateway { ttl: 0 },
    Front::ApiGateway { ttl: 300 },
    Front::ThreeCalls,
];

impl Front {
    fn name(self) -> &'static str {
        match self {
            Self::Latchkey(Limits::None) => "no limits",
            Self::Latchkey(Limits::Throttle) => "throttle",
            Self::Latchkey(Limits::Quota) => "quota",
            Self::Latchkey(Limits::Exact) => "exact",
            Self::ApiGateway { ttl: 0 } => "`apiGateway`, TTL 0",
            Self::ApiGateway { .. } => "`apiGateway`, TTL 300",
            Self::ThreeCalls => "three calls",
        }
    }
}

/// A shape, and what each front uses under it.
pub(super) type Used = (Shape, [Option<Usage>; FRONTS.len()]);

/// A table whose columns after the first are numbers.
pub(super) fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|", head.join(" | "));
    text.push_str(" --- |");
    text.push_str(&" ---: |".repeat(head.len().saturating_sub(1)));
    text.push('\n');
    for row in rows {
        _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// Cells of a row.
pub(super) fn head(first: &[&str], rest: impl Iterator<Item = String>) -> Vec<String> {
    first.iter().map(ToString::to_string).chain(rest).collect()
}

fn name(shape: &Shape) -> String {
    let calls = thousands(u64::from(shape.calls));
    let keys = thousands(u64::from(shape.keys));
    match (shape.arrival, shape.keys) {
        (Arrival::Bursts, _) => format!("one key, bursts of {calls} in a second, then silence"),
        (Arrival::Steady, 1) => format!("one key, {calls} a second"),
        (Arrival::Steady, _) => format!("{keys} keys, {calls} a second together"),
    }
}

/// Calls of DynamoDB for a million calls.
pub(super) fn store_calls(used: &[Used]) -> String {
    let counted = |front: &Front| matches!(front, Front::Latchkey(_));
    let fronts = FRONTS.iter().filter(|front| counted(front));
    let names = fronts.map(|front| format!("writes: {}", front.name()));
    let rows: Vec<Vec<String>> = used
        .iter()
        .map(|(shape, usages)| {
            let of_front = FRONTS.iter().zip(usages);
            let counted = of_front.filter(|(front, _)| counted(front));
            let writes = counted.map(|(_, usage)| number(usage.map(|usage| usage.writes)));
            let first = [name(shape), shape.instances.to_string()];
            let last = [thousands(reads(shape))];
            first.into_iter().chain(writes).chain(last).collect()
        })
        .collect();
    let names = names.chain(["reads".to_owned()]);
    table(&head(&["traffic", "instances"], names), &rows)
}

/// What a million calls cost beside API Gateway's fee.
pub(super) fn added(used: &[Used], prices: &Prices) -> String {
    let rows: Vec<Vec<String>> = used
        .iter()
        .map(|(shape, usages)| {
            let total = |usage: &Usage| Bill::of(usage, prices, MEMORY_MB).total();
            let costs = usages.iter().map(|usage| told(usage.as_ref().map(total)));
            let first = [name(shape), shape.instances.to_string()];
            first.into_iter().chain(costs).collect()
        })
        .collect();
    let names = FRONTS.iter().map(|front| front.name().to_owned());
    table(&head(&["traffic", "instances"], names), &rows)
}

const LEASED: Front = Front::Latchkey(Limits::Throttle);
const EXACT: Front = Front::Latchkey(Limits::Exact);
const SLOW: Shape = SHAPES[0];
const BUSY: Shape = SHAPES[4];

/// What a million calls of that shape cost there beside API Gateway's fee.
fn bill(used: &[Used], shape: Shape, front: Front, prices: &Prices) -> Option<Bill> {
    let (_, usages) = used.iter().find(|(of, _)| *of == shape)?;
    let mut of_front = FRONTS.iter().zip(usages);
    let (_, usage) = of_front.find(|(of, _)| **of == front)?;
    Some(Bill::of(usage.as_ref()?, prices, MEMORY_MB))
}

fn number(count: Option<u64>) -> String {
    count.map_or_else(|| NOT_TAKEN.to_owned(), thousands)
}

fn told(amount: Option<Money>) -> String {
    amount.map_or_else(|| NOT_TAKEN.to_owned(), |amount| amount.to_string())
}

/// What some of these are made of.
pub(super) fn parts(used: &[Used]) -> String {
    let chosen = [
        (SLOW, LEASED, "1 call a second, throttle"),
        (BUSY, LEASED, "100 calls a second on 10 instances, throttle"),
        (BUSY, EXACT, "the same, exact"),
        (BUSY, Front::ThreeCalls, "three calls"),
    ];
    let bills = chosen.map(|(shape, front, _)| bill(used, shape, front, &US_EAST_1));
    let part = |name: &str, of: fn(&Bill) -> Money| {
        let amounts = bills.iter().map(|bill| told(bill.as_ref().map(of)));
        head(&[name], amounts)
    };
    let rows = [
        part("calls of the function", |bill| bill.invocations),
        part("its time", |bill| bill.time),
        part("writes", |bill| bill.writes),
        part("reads", |bill| bill.reads),
        part("Lambda's three lines a call in the log", |bill| {
            bill.lambda_log
        }),
        part("the decision's line", |bill| bill.own_log),
        part("**together**", Bill::total),
    ];
    let names = chosen.iter().map(|(_, _, name)| (*name).to_owned());
    table(&head(&["part"], names), &rows)
}

/// A million calls with API Gateway's fee.
pub(super) fn with_fee(used: &[Used], prices: &Prices) -> String {
    let added = [(BUSY, LEASED), (SLOW, LEASED), (SLOW, Front::ThreeCalls)];
    let added = added.map(|(shape, front)| bill(used, shape, front, prices));
    let told_by_gateway = bill(used, BUSY, Front::ApiGateway { ttl: 0 }, prices);
    let row = |api: &str, fee: Money, native: bool| {
        let with_fee = |bill: &Option<Bill>| told(bill.map(|bill| fee + bill.total()));
        let of_gateway = if native {
            [fee.to_string(), with_fee(&told_by_gateway)]
        } else {
            [NOT_HAD, NOT_HAD].map(str::to_owned)
        };
        let sums = added.iter().map(with_fee);
        let cells = [fee.to_string()].into_iter().chain(of_gateway);
        head(&[api], cells.chain(sums))
    };
    let (rest, http) = (prices.rest.price(), prices.http.price());
    let (rest, http) = (rest.times(1_000_000), http.times(1_000_000));
    let mut rows = vec![
        row("calls of a REST API", rest, true),
        row("calls of an HTTP API", http, false),
    ];
    if let Some(message) = prices.websocket {
        let fee = message.price().times(1_000_000 * MESSAGES);
        let name = format!("connections to a WebSocket API, {MESSAGES} messages each");
        rows.push(row(&name, fee, true));
    }
    let names = [
        "API Gateway's fee",
        "with its own keys and plans",
        "with these, and Latchkey for `apiGateway`",
        "with Latchkey, busy keys",
        "with Latchkey, slow keys",
        "with three calls",
    ];
    let names = names.into_iter().map(str::to_owned);
    table(&head(&["a million"], names), &rows)
}

/// Lambda's time for a million calls, by memory.
pub(super) fn time() -> String {
    let kinds = [
        ("from memory", Usage::of_latchkey(1_000_000, 0, 0)),
        ("one write", Usage::of_latchkey(1_000_000, 1_000_000, 0)),
        ("three calls of DynamoDB", Usage::of_three_calls()),
    ];
    let rows = kinds.map(|(name, usage)| {
        let milliseconds = (usage.milliseconds / 1_000_000).to_string();
        let times = MEMORIES_MB.map(|memory| Bill::of(&usage, &US_EAST_1, memory).time);
        head(&[name, &milliseconds], times.iter().map(Money::to_string))
    });
    let names = MEMORIES_MB
        .iter()
        .map(|memory| format!("{} MB", thousands(*memory)));
    table(&head(&["a call", "ms billed"], names), &rows)
}

/// Where leases pay.
pub(super) fn leases(rows: &[Row]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let calls_a_write = row.leased.map_or_else(String::new, |writes| {
                let tenths = 10_000_000 / writes.max(1);
                format!("{}.{}", thousands(tenths / 10), tenths % 10)
            });
            let write = US_EAST_1.write.price();
            let both = row.leased.zip(row.exact);
            let saved = both.map(|(leased, exact)| write.times(exact) - write.times(leased));
            vec![
                row.calls.to_string(),
                row.instances.to_string(),
                number(row.exact),
                number(row.leased),
                calls_a_write,
                told(saved),
            ]
        })
        .collect();
    let names = [
        "writes without leases",
        "with leases",
        "calls for a write",
        "saved for a million calls",
    ];
    table(
        &head(
            &["calls a second on each instance", "instances"],
            names.into_iter().map(str::to_owned),
        ),
        &rows,
    )
}
