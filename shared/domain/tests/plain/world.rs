//! Keys, plans and calls as plain data, and how they are said in the domain's own types.

use std::net::IpAddr;

use jiff::Timestamp;
use latchkey_domain::{
    self as domain, AddressRules, Enforcement, KeyHash, KeyValue, MethodTerms, Nanos, Period,
    PreviousValue, Quota, Rate, Request, Scope, StageSelector, StageTerms,
};

/// All keys and plans; each is called by its place.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) keys: Vec<Key>,
    pub(crate) plans: Vec<Plan>,
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// What opens it: values are numbers here.
    pub(crate) value: u8,
    /// Values before it, and when each ends.
    pub(crate) replaced: Vec<(u8, Nanos)>,
    pub(crate) enabled: bool,
    pub(crate) not_before: Option<Nanos>,
    pub(crate) expires_at: Option<Nanos>,
    pub(crate) networks: Option<Vec<([u8; 4], u32)>>,
    pub(crate) routes: Option<Vec<Rule>>,
    pub(crate) customer: Option<usize>,
    /// Plans that it is on.
    pub(crate) plans: Vec<usize>,
}

/// A method, none for every one, and a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    pub(crate) method: Option<&'static str>,
    pub(crate) path: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// API and stage; `*` is every one.
    pub(crate) stages: Vec<(&'static str, &'static str)>,
    pub(crate) methods: Vec<Method>,
    pub(crate) quota: Option<(u64, Period)>,
    pub(crate) throttle: Option<Throttle>,
    /// Its allowance is a customer's.
    pub(crate) is_shared: bool,
    /// API Gateway counts its calls.
    pub(crate) is_native: bool,
    pub(crate) is_deleting: bool,
    /// Grows with each change.
    pub(crate) version: u64,
}

/// What a plan says of a method of one of its stages.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    pub(crate) stage: usize,
    pub(crate) rule: Rule,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) units: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Throttle {
    /// Millionths of a request a second.
    pub(crate) millionths: u64,
    pub(crate) burst: Option<u64>,
}

impl Throttle {
    /// Without a burst it is a second of the rate, rounded up.
    pub(crate) fn burst(&self) -> u64 {
        self.burst
            .unwrap_or(self.millionths.div_ceil(1_000_000).max(1))
    }

    /// Nanoseconds that `units` take, rounded up.
    pub(crate) fn cost(&self, units: u64) -> Nanos {
        let cost =
            (u128::from(units) * 1_000_000_000_000_000).div_ceil(u128::from(self.millionths));
        Nanos::try_from(cost).unwrap()
    }

    pub(crate) fn said(&self) -> domain::Throttle {
        let rate = format!(
            "{}.{:06}",
            self.millionths / 1_000_000,
            self.millionths % 1_000_000
        );
        let rate: Rate = rate.parse().unwrap();
        domain::Throttle::new(rate, self.burst).unwrap()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) at: Nanos,
    /// The key of the id that was sent; none where there is none.
    pub(crate) key: Option<usize>,
    pub(crate) value: u8,
    pub(crate) api: &'static str,
    pub(crate) stage: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// The path without percent signs.
    pub(crate) decoded: &'static str,
    /// That without segments that lead up.
    pub(crate) resolved: &'static str,
    pub(crate) template: Option<&'static str>,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) has_native_plans: bool,
}

impl Call {
    pub(crate) fn presented(&self) -> KeyHash {
        hash(self.value)
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            stage: domain::ApiStage {
                api_id: self.api.to_owned(),
                stage: self.stage.to_owned(),
            },
            method: self.method.to_owned(),
            path: self.path.to_owned(),
            resource: self.template.map(str::to_owned),
            source_ip: self.ip,
            has_native_plans: self.has_native_plans,
        }
    }
}

fn hash(value: u8) -> KeyHash {
    KeyHash::from_bytes([value; 32])
}

fn time(at: Nanos) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(at)).unwrap()
}

impl Key {
    pub(crate) fn said(&self, number: usize) -> domain::Key {
        let value = KeyValue::custom(&format!("a-custom-value-of-key-{number}")).unwrap();
        let previous = |(value, ends): &(u8, Nanos)| PreviousValue {
            hash: hash(*value),
            last4: String::new(),
            expires_at: time(*ends),
        };
        let networks = |all: &Vec<([u8; 4], u32)>| {
            let network = |(address, bits): &([u8; 4], u32)| {
                let address = IpAddr::from(*address);
                AddressRules::parse_network(&format!("{address}/{bits}")).unwrap()
            };
            AddressRules::new(all.iter().map(network).collect()).unwrap()
        };
        let route = |rule: &Rule| {
            let method = rule.method.unwrap_or("*");
            format!("{method} {}", rule.path).parse().unwrap()
        };
        domain::Key {
            hash: hash(self.value),
            previous: self.replaced.iter().map(previous).collect(),
            customer_id: self
                .customer
                .map(|number| format!("customer-{number}").parse().unwrap()),
            enabled: self.enabled,
            not_before: self.not_before.map(time),
            expires_at: self.expires_at.map(time),
            allowed_ips: self.networks.as_ref().map(networks),
            routes: self
                .routes
                .as_ref()
                .map(|all| all.iter().map(route).collect()),
            ..domain::Key::new(&value, time(0))
        }
    }
}

impl Plan {
    pub(crate) fn said(&self, number: usize) -> domain::Plan {
        let id = format!("plan-{number}");
        let mut plan = domain::Plan {
            scope: if self.is_shared {
                Scope::Customer
            } else {
                Scope::Key
            },
            enforcement: if self.is_native {
                Enforcement::ApiGateway
            } else {
                Enforcement::DynamoDb
            },
            deleting: self.is_deleting,
            ..domain::Plan::new(id.parse().unwrap(), id.parse().unwrap(), time(0))
        };
        let stages = self
            .stages
            .iter()
            .enumerate()
            .map(|(at, (api, stage))| StageTerms {
                selector: StageSelector::new(api, stage).unwrap(),
                methods: self
                    .methods
                    .iter()
                    .filter(|method| method.stage == at)
                    .map(Method::said)
                    .collect(),
            });
        plan.set_stages(stages.collect()).unwrap();
        plan.check().unwrap();
        self.limit(&mut plan);
        plan
    }

    /// Gives a plan this one's limits.
    pub(crate) fn limit(&self, plan: &mut domain::Plan) {
        plan.quota = self
            .quota
            .map(|(limit, period)| Quota::new(limit, period).unwrap());
        plan.throttle = self.throttle.map(|throttle| throttle.said());
        plan.version = self.version;
    }
}

impl Method {
    fn said(&self) -> MethodTerms {
        let method = self.rule.method.unwrap_or("*");
        MethodTerms {
            method: format!("{}/{method}", self.rule.path).parse().unwrap(),
            throttle: self.throttle.map(|throttle| throttle.said()),
            units: self.units,
        }
    }
}
