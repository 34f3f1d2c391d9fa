//! Whether API Gateway has exactly what the table wants: worked out here once more, from the
//! keys, plans and attachments alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use latchkey_domain::{Enforcement, NativeKeyValue};
use latchkey_fake_gateway::{FakeKey, FakePlan, FakeQuota, FakeThrottle};
use latchkey_store::{Native, NativeObject};

use crate::world::{TABLE, World, twin};

impl World {
    /// Nothing is pending, twice, or lost.
    pub(crate) async fn assert_in_step(&self, case: &str) {
        let pending = self.pending().await;
        assert!(pending.is_empty(), "{case}: {pending:#?}");
        let (keys, ids) = self.wanted_keys().await;
        let mut is: Vec<FakeKey> = self.fake.keys().into_values().collect();
        is.sort_by(|a, b| a.tags.cmp(&b.tags));
        for key in &mut is {
            key.id.clear();
        }
        assert_eq!(is, keys, "{case}: keys");
        let wanted = self.wanted_plans(&ids).await;
        let mut is: Vec<FakePlan> = self.fake.plans().into_values().collect();
        is.sort_by(|a, b| a.tags.cmp(&b.tags));
        for plan in &mut is {
            plan.id.clear();
        }
        assert_eq!(is, wanted, "{case}: plans");
    }

    /// And the ids that they have there.
    async fn wanted_keys(&self) -> (Vec<FakeKey>, BTreeMap<String, String>) {
        let (mut wanted, mut ids) = (Vec::new(), BTreeMap::new());
        let mut cursor = None;
        loop {
            let page = self.store.keys(500, cursor.as_ref()).await.unwrap();
            let objects: Vec<NativeObject> = page
                .items
                .iter()
                .map(|record| NativeObject::Key(record.key.id))
                .collect();
            let natives = self.store.natives(&objects).await.unwrap();
            let natives: HashMap<NativeObject, Native> = natives
                .into_iter()
                .map(|native| (native.object.clone(), native))
                .collect();
            for record in page.items {
                let key = record.key;
                let Some(native) = natives.get(&NativeObject::Key(key.id)) else {
                    continue;
                };
                ids.insert(key.id.to_string(), native.native_id.clone().unwrap());
                let value = match key.native_value {
                    NativeKeyValue::Internal => twin(key.id).expose().to_owned(),
                    NativeKeyValue::Header => crate::scenarios::header_value(),
                };
                let text = |text: Option<&str>| text.map(str::to_owned);
                wanted.push(FakeKey {
                    id: String::new(),
                    name: key.name.unwrap().as_str().to_owned(),
                    description: text(key.description.as_ref().map(|d| d.as_str())),
                    enabled: key.enabled,
                    value,
                    customer_id: text(key.customer_id.as_ref().map(|c| c.as_str())),
                    tags: tags("latchkey:key", &key.id.to_string()),
                });
            }
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        wanted.sort_by(|a, b| a.tags.cmp(&b.tags));
        (wanted, ids)
    }

    async fn wanted_plans(&self, ids: &BTreeMap<String, String>) -> Vec<FakePlan> {
        let mut wanted = Vec::new();
        for record in self.store.plans(500, None).await.unwrap().items {
            let plan = record.plan;
            if plan.enforcement == Enforcement::DynamoDb {
                continue;
            }
            let quota = plan.quota.map(|quota| FakeQuota {
                limit: i32::try_from(quota.limit()).unwrap(),
                offset: 0,
                period: quota.period().as_str().to_owned(),
            });
            let throttle = plan.throttle.map(|throttle| FakeThrottle {
                rate_limit: throttle.rate().as_f64(),
                burst_limit: i32::try_from(throttle.burst()).unwrap(),
            });
            let stages = plan.stages.iter();
            wanted.push(FakePlan {
                id: String::new(),
                name: plan.name.as_str().to_owned(),
                description: plan.description.map(|text| text.as_str().to_owned()),
                throttle,
                quota,
                stages: stages
                    .map(|stage| (stage.selector.to_string(), BTreeMap::new()))
                    .collect(),
                tags: tags("latchkey:plan", plan.id.as_str()),
                keys: self.keys_on(&plan.id, ids).await,
            });
        }
        wanted.sort_by(|a, b| a.tags.cmp(&b.tags));
        wanted
    }

    async fn keys_on(
        &self,
        plan: &latchkey_domain::PlanId,
        ids: &BTreeMap<String, String>,
    ) -> BTreeSet<String> {
        let mut on = BTreeSet::new();
        let mut cursor = None;
        loop {
            let page = self.store.attachments(plan, 500, cursor.as_ref());
            let page = page.await.unwrap();
            let keys = page.items.iter().map(|on| on.key_id.to_string());
            on.extend(keys.map(|key| ids[&key].clone()));
            cursor = page.cursor;
            if cursor.is_none() {
                return on;
            }
        }
    }
}

fn tags(name: &str, id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("latchkey:table".to_owned(), TABLE.to_owned()),
        (name.to_owned(), id.to_owned()),
    ])
}
