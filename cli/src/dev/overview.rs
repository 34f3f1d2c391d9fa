//! The plans, their keys and what is left on each, as the page shows them.

use latchkey_domain::{
    Clock, Key, Nanos, Period, Plan, Rate, Scope,
    meter::{Meter, Owner},
};
use latchkey_store::{PlanRecord, Store, StoreError};

/// Plans shown.
const PLANS_SHOWN: u16 = 12;
/// Keys shown of a plan.
const KEYS_SHOWN: u16 = 8;

/// Stages shown of a plan.
const STAGES_SHOWN: usize = 6;
const NANOS_PER_DAY: Nanos = 24 * 3_600 * 1_000_000_000;

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct Overview {
    /// The first plans.
    pub(crate) plans: Vec<PlanView>,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// A plan with its keys.
#[derive(Debug)]
pub(crate) struct PlanView {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Its quota, throttle and stages in words.
    pub(crate) terms: Vec<String>,
    /// Its first keys.
    pub(crate) keys: Vec<KeyView>,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// A key on a plan.
#[derive(Debug)]
pub(crate) struct KeyView {
    /// Its id.
    pub(crate) id: String,
    /// Its name, where it has one.
    pub(crate) name: Option<String>,
    /// How its value begins and ends, such as `lk_demo_…Wx3f`.
    pub(crate) shown: String,
    /// Whether it is switched on.
    pub(crate) enabled: bool,
    /// Units used today.
    pub(crate) used_today: u64,
    /// Units left of the quota; none without one.
    pub(crate) left: Option<Left>,
}

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Units left.
    pub(crate) units: u64,
    /// Units that there were.
    pub(crate) of: u64,
}

impl Left {
    /// How much of the quota is left, 0 to 100; what is not all gone is never 0.
    pub(crate) fn percent(self) -> u64 {
        let percent = u128::from(self.units) * 100 / u128::from(self.of.max(1));
        let percent = u64::try_from(percent.min(100)).unwrap_or(100);
        percent.max(u64::from(self.units > 0))
    }
}

impl Overview {
    /// Reads the first plans and keys.
    pub(crate) async fn read(store: &Store, clock: &Clock) -> Result<Self, StoreError> {
        let page = store.plans(PLANS_SHOWN, None).await?;
        let mut plans = Vec::new();
        for PlanRecord { plan, .. } in &page.items {
            plans.push(PlanView::read(store, clock, plan).await?);
        }
        Ok(Self {
            plans,
            more: page.cursor.is_some(),
        })
    }

    /// The name of a key that is shown.
    pub(crate) fn key_name(&self, id: &str) -> Option<&str> {
        let mut keys = self.plans.iter().flat_map(|plan| &plan.keys);
        keys.find(|key| key.id == id)?.name.as_deref()
    }
}

impl PlanView {
    async fn read(store: &Store, clock: &Clock, plan: &Plan) -> Result<Self, StoreError> {
        let page = store.attachments(&plan.id, KEYS_SHOWN, None).await?;
        let mut keys = Vec::new();
        for attachment in page.items {
            // A key may go between two reads.
            keys.extend(store.key(attachment.key_id).await?.map(|record| record.key));
        }
        let owned = keys
            .iter()
            .filter_map(|key| Some((key, Owner::of(key, plan)?)));
        let (keys, owners): (Vec<&Key>, Vec<Owner>) = owned.unzip();
        let meters = store.meters(&owners, &plan.id).await?;
        let now = clock.now().wall;
        let view = |(key, meter): (&&Key, Option<Meter>)| {
            KeyView::of(key, plan, &meter.unwrap_or_default(), now)
        };
        Ok(Self {
            id: plan.id.to_string(),
            name: plan.name.as_str().to_owned(),
            terms: terms(plan),
            keys: keys.iter().zip(meters).map(view).collect(),
            more: page.cursor.is_some(),
        })
    }
}

impl KeyView {
    fn of(key: &Key, plan: &Plan, meter: &Meter, now: Nanos) -> Self {
        let prefix = key
            .prefix
            .as_ref()
            .map_or_else(String::new, |prefix| format!("{}_", prefix.as_str()));
        let today = meter.days.get(&now.div_euclid(NANOS_PER_DAY));
        let left = plan.quota.map(|quota| Left {
            units: meter.remaining(&quota, now),
            of: quota.limit(),
        });
        Self {
            id: key.id.to_string(),
            name: key.name.as_ref().map(|name| name.as_str().to_owned()),
            shown: format!("{prefix}…{}", key.last4),
            enabled: key.enabled,
            used_today: u64::try_from(today.copied().unwrap_or(0)).unwrap_or(0),
            left,
        }
    }
}

/// What a plan allows, in words.
fn terms(plan: &Plan) -> Vec<String> {
    let mut terms = vec![match plan.quota {
        Some(quota) if quota.period() == Period::Lifetime => {
            format!("{} in all", thousands(quota.limit()))
        }
        Some(quota) => format!(
            "{} per {}",
            thousands(quota.limit()),
            quota.period().as_str().to_lowercase()
        ),
        None => "no quota".to_owned(),
    }];
    terms.extend(plan.throttle.map(|throttle| {
        format!(
            "{} a second, bursts of {}",
            rate(throttle.rate()),
            thousands(throttle.burst())
        )
    }));
    if plan.scope == Scope::Customer {
        terms.push("shared by a customer's keys".to_owned());
    }
    if plan.stages.is_empty() {
        terms.push("covers no API stage".to_owned());
    }
    terms.extend(
        plan.stages
            .iter()
            .take(STAGES_SHOWN)
            .map(|stage| stage.selector.to_string()),
    );
    terms
}

/// A rate with its whole part grouped.
fn rate(rate: Rate) -> String {
    let text = rate.to_string();
    let (whole, decimals) = text.split_at(text.find('.').unwrap_or(text.len()));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), thousands);
    whole + decimals
}

/// A number as people read it, such as `1,000,000`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use latchkey_domain::{
        KeyValue, PlanStage, Prefix, Quota, RANDOM_BYTES, StageSelector, Throttle,
    };

    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let all = [0, 999, 1_000, 123_456, 1_000_000].map(thousands);
        assert_eq!(all, ["0", "999", "1,000", "123,456", "1,000,000"]);
    }

    #[test]
    fn what_is_not_all_gone_is_shown_as_something() {
        let percent = |units, of| Left { units, of }.percent();
        assert_eq!([percent(0, 2), percent(1, 2), percent(2, 2)], [0, 50, 100]);
        assert_eq!(percent(1, 1_000_000), 1);
        assert_eq!(percent(5, 2), 100, "more may be left after a grant");
        assert_eq!(percent(0, 0), 0);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
    }

    fn plan() -> Plan {
        Plan {
            throttle: Some(Throttle::new("2.5".parse().unwrap(), Some(2_000)).unwrap()),
            quota: Some(Quota::new(1_000, Period::Day).unwrap()),
            stages: vec![PlanStage {
                selector: StageSelector::new("a1", "$default").unwrap(),
                methods: vec![],
            }],
            scope: Scope::Customer,
            ..Plan::new(
                "gold".parse().unwrap(),
                "Gold".parse().unwrap(),
                Timestamp::UNIX_EPOCH,
            )
        }
    }

    #[test]
    fn terms_are_said_in_words() {
        assert_eq!(
            terms(&plan()),
            [
                "1,000 per day",
                "2.5 a second, bursts of 2,000",
                "shared by a customer's keys",
                "a1:$default"
            ]
        );
        let bare = Plan {
            quota: None,
            throttle: None,
            stages: vec![],
            scope: Scope::Key,
            ..plan()
        };
        assert_eq!(terms(&bare), ["no quota", "covers no API stage"]);
        assert_eq!(
            ["1000", "1234.5", "0.25"].map(|text| rate(text.parse().unwrap())),
            ["1,000", "1,234.5", "0.25"]
        );
        let once = Plan {
            quota: Some(Quota::new(5, Period::Lifetime).unwrap()),
            ..bare
        };
        assert_eq!(terms(&once)[0], "5 in all");
    }

    #[test]
    fn a_key_shows_what_is_left_and_never_its_value() {
        let value = KeyValue::generate(&Prefix::default(), &[7; RANDOM_BYTES]);
        let key = Key {
            ..Key::new(&value, Timestamp::UNIX_EPOCH)
        };
        let now = 5 * NANOS_PER_DAY + 1;
        let view = KeyView::of(&key, &plan(), &Meter::default(), now);
        assert_eq!(view.shown, format!("lk_live_…{}", value.last4()));
        assert_eq!(
            (view.used_today, view.left),
            (
                0,
                Some(Left {
                    units: 1_000,
                    of: 1_000
                })
            )
        );
        let meter = Meter {
            windows: [(5 * 24, 300)].into(),
            days: [(5, 300), (4, 9)].into(),
            ..Meter::default()
        };
        let view = KeyView::of(&key, &plan(), &meter, now);
        assert_eq!(
            (view.used_today, view.left),
            (
                300,
                Some(Left {
                    units: 700,
                    of: 1_000
                })
            )
        );
        assert_eq!(
            KeyView::of(
                &key,
                &Plan {
                    quota: None,
                    ..plan()
                },
                &meter,
                now
            )
            .left,
            None
        );
        assert!(!format!("{view:?}").contains(value.expose()));
    }
}
