//! What is different, in words. Limits are told with what was found and what is wanted: they
//! say how long too much, or too little, was let through. Names and texts are not.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_gateway::{NativePlan, NativeQuota, NativeThrottle, Patch};

/// What these patches of a key would change back.
pub(crate) fn key_differences(patches: &[Patch]) -> String {
    joined(patches.iter().map(|patch| another(field(patch))).collect())
}

/// What a usage plan says and should not.
pub(crate) fn plan_differences(is: &NativePlan, wanted: &NativePlan) -> String {
    let mut words = BTreeSet::new();
    if is.name != wanted.name {
        words.insert(another("name"));
    }
    if is.description != wanted.description {
        words.insert(another("description"));
    }
    if is.throttle != wanted.throttle {
        words.insert(values("throttle", &is.throttle, &wanted.throttle, throttle));
    }
    if is.quota != wanted.quota {
        words.insert(values("quota", &is.quota, &wanted.quota, quota));
    }
    let added = is.stages.keys();
    let added = added.filter(|stage| !wanted.stages.contains_key(*stage));
    words.extend(added.map(|stage| format!("the stage {stage} was added")));
    for (stage, wanted) in &wanted.stages {
        match is.stages.get(stage) {
            None => drop(words.insert(format!("the stage {stage} is not on it"))),
            Some(is) => words.extend(method_differences(stage, is, wanted)),
        }
    }
    joined(words)
}

type Methods = BTreeMap<String, NativeThrottle>;

fn method_differences(stage: &str, is: &Methods, wanted: &Methods) -> Vec<String> {
    let methods: BTreeSet<&String> = is.keys().chain(wanted.keys()).collect();
    let differ = methods.into_iter().filter_map(|method| {
        let (is, wanted) = (is.get(method).copied(), wanted.get(method).copied());
        let what = format!("the throttle of {method} on {stage}");
        (is != wanted).then(|| values(&what, &is, &wanted, throttle))
    });
    differ.collect()
}

fn another(field: &str) -> String {
    format!("{field} is another")
}

fn values<T>(what: &str, is: &Option<T>, wanted: &Option<T>, words: fn(&T) -> String) -> String {
    let words = |value: &Option<T>| value.as_ref().map_or_else(|| "none".to_owned(), words);
    format!("{what} is {}, wanted is {}", words(is), words(wanted))
}

fn throttle(throttle: &NativeThrottle) -> String {
    let NativeThrottle { rate, burst } = throttle;
    format!("{rate} per second with burst {burst}")
}

fn quota(quota: &NativeQuota) -> String {
    let NativeQuota {
        limit,
        offset,
        period,
    } = quota;
    match offset {
        0 => format!("{limit} per {period}"),
        _ => format!("{limit} per {period} with offset {offset}"),
    }
}

fn field(patch: &Patch) -> &str {
    patch.path.split('/').nth(1).unwrap_or("it")
}

fn joined(words: BTreeSet<String>) -> String {
    Vec::from_iter(words).join(", ")
}

#[cfg(test)]
mod tests {
    use latchkey_domain::Period;

    use super::*;

    fn wanted() -> NativePlan {
        let slow = NativeThrottle {
            rate: 0.5,
            burst: 1,
        };
        NativePlan {
            name: "Gold".to_owned(),
            throttle: Some(slow),
            quota: Some(NativeQuota {
                limit: 1_000,
                offset: 0,
                period: Period::Day,
            }),
            stages: BTreeMap::from([(
                "a1:prod".to_owned(),
                BTreeMap::from([("/pets/GET".to_owned(), slow)]),
            )]),
            ..NativePlan::default()
        }
    }

    #[test]
    fn limits_are_told_with_both_values_and_texts_are_not() {
        type Row = (fn(&mut NativePlan), &'static str);
        let rows: [Row; 9] = [
            (|_| {}, ""),
            (|is| is.name = "?".to_owned(), "name is another"),
            (
                |is| is.description = "?".to_owned(),
                "description is another",
            ),
            (
                |is| is.throttle = None,
                "throttle is none, wanted is 0.5 per second with burst 1",
            ),
            (
                |is| is.quota = None,
                "quota is none, wanted is 1000 per DAY",
            ),
            (
                |is| {
                    is.quota = Some(NativeQuota {
                        limit: 9,
                        offset: 2,
                        period: Period::Month,
                    });
                },
                "quota is 9 per MONTH with offset 2, wanted is 1000 per DAY",
            ),
            (|is| is.stages.clear(), "the stage a1:prod is not on it"),
            (
                |is| drop(is.stages.insert("a1:dev".to_owned(), BTreeMap::new())),
                "the stage a1:dev was added",
            ),
            (
                |is| {
                    let fast = NativeThrottle {
                        rate: 100.0,
                        burst: 200,
                    };
                    let methods = BTreeMap::from([("/pets/PUT".to_owned(), fast)]);
                    is.stages.insert("a1:prod".to_owned(), methods);
                },
                "the throttle of /pets/GET on a1:prod is none, wanted is 0.5 per second with burst 1, the throttle of /pets/PUT on a1:prod is 100 per second with burst 200, wanted is none",
            ),
        ];
        for (edit, expected) in rows {
            let mut is = wanted();
            edit(&mut is);
            assert_eq!(plan_differences(&is, &wanted()), expected);
            assert_eq!(is.patches(&wanted()).is_empty(), expected.is_empty());
        }
    }
}
