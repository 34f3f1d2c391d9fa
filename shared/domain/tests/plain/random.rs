//! Worlds, and what happens in them, at random.

use std::net::IpAddr;

use latchkey_domain::{Nanos, Period};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::world::{Call, Key, Method, Plan, Rule, Throttle, World};

const SECOND: Nanos = 1_000_000_000;
const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;
/// 2026-10-31T23:59:30Z, a Saturday: the next hour is a day, a week and a month as well.
pub(crate) const START: Nanos = 1_793_491_170 * SECOND;

pub(crate) const KEYS: usize = 2;
pub(crate) const PLANS: usize = 2;

/// What happens.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Call(Call),
    /// The plan's limits become these.
    Change(usize, Option<(u64, Period)>, Option<Throttle>),
    /// So much is left of the plan's quota from now on, for the key's or its customer's meter.
    Grant(usize, usize, u64),
    /// A key goes off a plan, or comes back.
    Turn(usize, usize),
    /// The instance is a new one.
    Forget,
}

/// A world, and events with the time that passes before each.
pub(crate) type History = (World, Vec<(Nanos, Event)>);

/// Calls that come at once, and calls that come on another day.
pub(crate) fn histories() -> impl Strategy<Value = History> {
    (worlds(), vec((waits(), events()), 1..50))
}

/// Calls that come one by one: 3 seconds after a call nothing is left of it in what an instance
/// takes ahead.
pub(crate) fn slow_histories() -> impl Strategy<Value = History> {
    let waits = waits().prop_map(|wait| wait + 3 * SECOND);
    (worlds(), vec((waits, events()), 1..50))
}

fn worlds() -> impl Strategy<Value = World> {
    (vec(keys(), KEYS), vec(plans(), PLANS)).prop_map(|(keys, plans)| World { keys, plans })
}

fn waits() -> impl Strategy<Value = Nanos> {
    prop_oneof![
        6 => 0..SECOND / 4,
        3 => 0..3 * SECOND,
        2 => Just(0),
        1 => 0..2 * HOUR,
        1 => 0..40 * 24 * HOUR,
    ]
}

fn keys() -> impl Strategy<Value = Key> {
    let mostly_on = prop::bool::weighted(0.95);
    let dates = (rarely(-MINUTE..2 * MINUTE), rarely(0..2 * MINUTE));
    let networks = select(vec![
        vec![([192, 0, 2, 0], 24)],
        vec![([10, 0, 0, 0], 8), ([192, 0, 2, 7], 32)],
    ]);
    let plans = select(vec![
        vec![],
        vec![0],
        vec![1],
        vec![0, 1],
        vec![1, 0],
        vec![0, 1],
    ]);
    let replaced = vec((1u8..4, -MINUTE..2 * MINUTE), 0..3);
    let rules = (rarely(networks), rarely(vec(rules(), 0..4)));
    (
        mostly_on,
        dates,
        rules,
        option::of(0..2usize),
        plans,
        replaced,
    )
        .prop_map(
            |(enabled, (not_before, expires_at), (networks, routes), customer, plans, replaced)| {
                Key {
                    value: 0,
                    replaced: replaced
                        .into_iter()
                        .map(|(value, ends)| (value, START + ends))
                        .collect(),
                    enabled,
                    not_before: not_before.map(|at| START + at),
                    expires_at: expires_at.map(|at| START + at),
                    networks,
                    routes,
                    customer,
                    plans,
                }
            },
        )
}

pub(crate) fn rarely<T: std::fmt::Debug>(
    of: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    option::weighted(0.1, of)
}

fn rules() -> impl Strategy<Value = Rule> {
    let method = select(vec![None, Some("GET"), Some("POST")]);
    let path = select(vec![
        "/",
        "/*",
        "/orders",
        "/orders/*",
        "/orders/{id}",
        "/orders/{id}/total",
        "/reports/*",
        "/reports/2026/*",
        "/reports/{year}/{month}",
    ]);
    (method, path).prop_map(|(method, path)| Rule { method, path })
}

fn plans() -> impl Strategy<Value = Plan> {
    let stages = select(vec![
        vec![],
        vec![("*", "*")],
        vec![("*", "*")],
        vec![("a1", "*")],
        vec![("a1", "prod")],
        vec![("a1", "prod"), ("a2", "prod")],
        vec![("a2", "*"), ("a1", "test"), ("a1", "prod")],
    ]);
    let methods = vec(
        (
            0..3usize,
            rules(),
            option::of(throttles()),
            option::of(1u64..4),
        ),
        0..5,
    );
    let flags = (
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.05),
    );
    (
        stages,
        methods,
        option::weighted(0.7, quotas()),
        option::weighted(0.7, throttles()),
        flags,
    )
        .prop_map(
            |(stages, methods, quota, throttle, (is_shared, is_native, is_deleting))| Plan {
                methods: distinct(methods, stages.len()),
                stages,
                quota,
                throttle,
                is_shared,
                is_native,
                is_deleting,
                version: 1,
            },
        )
}

type Methods = Vec<(usize, Rule, Option<Throttle>, Option<u64>)>;

/// Methods of stages that there are, each once.
fn distinct(all: Methods, stages: usize) -> Vec<Method> {
    let mut methods: Vec<Method> = Vec::new();
    for (stage, rule, throttle, units) in all {
        let is_known = |known: &Method| known.stage == stage && known.rule == rule;
        if stage < stages && !methods.iter().any(is_known) {
            methods.push(Method {
                stage,
                rule,
                throttle,
                units,
            });
        }
    }
    methods
}

fn quotas() -> impl Strategy<Value = (u64, Period)> {
    (
        prop_oneof![1 => Just(0u64), 9 => 1u64..12],
        select(Period::ALL.to_vec()),
    )
}

/// With rates that come out even, and rates that do not.
pub(crate) fn throttles() -> impl Strategy<Value = Throttle> {
    let rate = prop_oneof![
        1 => Just(0u64),
        4 => select(vec![100_000u64, 500_000, 1_000_000, 3_000_000, 7_000_000, 20_000_000]),
        4 => 100_000u64..30_000_000,
        1 => 1_000_000_000_000u64..1_000_000_000_000_000,
    ];
    let burst = option::weighted(0.8, prop_oneof![1 => Just(0u64), 9 => 1u64..6]);
    (rate, burst).prop_map(|(millionths, burst)| Throttle { millionths, burst })
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        40 => calls().prop_map(Event::Call),
        2 => (0..PLANS, option::weighted(0.8, quotas()), option::weighted(0.8, throttles()))
            .prop_map(|(plan, quota, throttle)| Event::Change(plan, quota, throttle)),
        2 => (0..KEYS, 0..PLANS, 0u64..9).prop_map(|(key, plan, left)| Event::Grant(key, plan, left)),
        1 => (0..KEYS, 0..PLANS).prop_map(|(key, plan)| Event::Turn(key, plan)),
        1 => Just(Event::Forget),
    ]
}

/// Paths as they are sent, as they read, where that leads, and as a template has them.
type Path = [&'static str; 4];
const PATHS: [Path; 8] = [
    ["/", "/", "/", "/"],
    ["/orders", "/orders", "/orders", "/orders"],
    ["/orders", "/orders", "/orders", "/orders"],
    ["/orders/1", "/orders/1", "/orders/1", "/orders/{id}"],
    [
        "/orders/1%2Ftotal",
        "/orders/1/total",
        "/orders/1/total",
        "/orders/{id}",
    ],
    [
        "/orders/%2e%2e/total",
        "/orders/../total",
        "/total",
        "/orders/{id}/total",
    ],
    [
        "/reports/2026/may",
        "/reports/2026/may",
        "/reports/2026/may",
        "/reports/{year}/{month}",
    ],
    [
        "/reports/%32026/may",
        "/reports/2026/may",
        "/reports/2026/may",
        "/reports/2026/{month}",
    ],
];

fn calls() -> impl Strategy<Value = Call> {
    let ip = select(vec![
        Some("192.0.2.1"),
        Some("192.0.2.7"),
        Some("10.1.2.3"),
        Some("::ffff:10.1.2.3"),
        Some("2001:db8::1"),
        None,
    ]);
    let ip = ip.prop_map(|text| text.map(|text| text.parse::<IpAddr>().unwrap()));
    let place = (
        select(vec!["a1", "a1", "a1", "a2"]),
        select(vec!["prod", "prod", "prod", "test"]),
    );
    let path = (select(PATHS.to_vec()), any::<bool>());
    let key = (
        option::weighted(0.97, 0..KEYS),
        prop_oneof![9 => Just(0u8), 1 => 1u8..5],
    );
    (
        key,
        place,
        select(vec!["GET", "GET", "POST"]),
        path,
        ip,
        prop::bool::weighted(0.8),
    )
        .prop_map(
            |(
                (key, value),
                (api, stage),
                method,
                ([path, decoded, resolved, template], matched),
                ip,
                native,
            )| Call {
                at: 0,
                key,
                value,
                api,
                stage,
                method,
                path,
                decoded,
                resolved,
                template: matched.then_some(template),
                ip,
                has_native_plans: native,
            },
        )
}
