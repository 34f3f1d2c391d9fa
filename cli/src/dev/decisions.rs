//! The latest decisions, kept for the page.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

/// How many are kept: more than are made between two looks of `latchkey tail`.
const KEPT: usize = 1_000;
/// How much of a path is kept, in characters.
const PATH_SHOWN: usize = 120;

/// One decision, and what the client got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decision {
    /// When.
    pub(crate) at: Timestamp,
    /// The HTTP method.
    pub(crate) method: String,
    /// The path, with the demo's prefix and without the query.
    pub(crate) path: String,
    /// What the client got.
    pub(crate) status: u16,
    /// Whether the authorizer let it pass.
    pub(crate) allowed: bool,
    /// Why not; none where the call passed.
    pub(crate) reason: Option<&'static str>,
    /// The key, once its value was shown to be right.
    pub(crate) key_id: Option<String>,
    /// Whose key it is.
    pub(crate) customer_id: Option<String>,
    /// The plan that was charged, or refused.
    pub(crate) plan_id: Option<String>,
    /// Units left of the quota.
    pub(crate) remaining: Option<u64>,
}

/// The latest decisions, bounded in number and size, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Decisions(Mutex<Kept>);

/// What came after some decision, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Since {
    decisions: Vec<Decision>,
    /// How many there were since the start: what to ask with next.
    next: u64,
}

#[derive(Debug, Default)]
struct Kept {
    latest: VecDeque<Decision>,
    /// Since the start, by reason; none for calls that passed.
    counted: BTreeMap<Option<&'static str>, u64>,
}

impl Decisions {
    /// Keeps one more, and forgets the oldest.
    pub(crate) fn push(&self, mut decision: Decision) {
        if let Some((cut, _)) = decision.path.char_indices().nth(PATH_SHOWN) {
            decision.path.truncate(cut);
            decision.path.push('…');
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept.counted.entry(decision.reason).or_default() += 1;
        if kept.latest.len() == KEPT {
            kept.latest.pop_back();
        }
        kept.latest.push_front(decision);
    }

    /// The latest, newest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<Decision> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.latest.iter().take(count).cloned().collect()
    }

    /// Those after the first `after` since the start, as far as they are kept; all that are, where
    /// there were not so many.
    pub(crate) fn since(&self, after: u64) -> Since {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = kept.counted.values().sum::<u64>();
        let new = next.checked_sub(after).unwrap_or(next);
        let new = usize::try_from(new).unwrap_or(usize::MAX);
        Since {
            decisions: kept.latest.iter().take(new).rev().cloned().collect(),
            next,
        }
    }

    /// How many there were since the start, by reason.
    pub(crate) fn counted(&self) -> BTreeMap<Option<&'static str>, u64> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.counted.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(path: &str) -> Decision {
        Decision {
            at: Timestamp::UNIX_EPOCH,
            method: "GET".to_owned(),
            path: path.to_owned(),
            status: 200,
            allowed: true,
            reason: None,
            key_id: None,
            customer_id: None,
            plan_id: None,
            remaining: None,
        }
    }

    #[test]
    fn the_newest_come_first_and_the_oldest_are_forgotten() {
        let decisions = Decisions::default();
        for number in 0..KEPT + 10 {
            decisions.push(decision(&format!("/{number}")));
        }
        let all = decisions.latest(usize::MAX);
        assert_eq!(all.len(), KEPT);
        assert_eq!(
            (all[0].path.as_str(), all[KEPT - 1].path.as_str()),
            ("/1009", "/10")
        );
        assert_eq!(decisions.latest(3).len(), 3);
        assert_eq!(
            decisions.counted()[&None],
            KEPT as u64 + 10,
            "all are counted"
        );
    }

    #[test]
    fn what_came_since_is_told_in_its_order() {
        let decisions = Decisions::default();
        let paths = |after| {
            let Since { decisions, next } = decisions.since(after);
            let paths = decisions.into_iter().map(|decision| decision.path);
            (paths.collect::<Vec<_>>(), next)
        };
        assert_eq!(paths(0), (vec![], 0));
        for number in 0..3 {
            decisions.push(decision(&format!("/{number}")));
        }
        assert_eq!(paths(1), (vec!["/1".to_owned(), "/2".to_owned()], 3));
        assert_eq!(paths(3), (vec![], 3));
        assert_eq!(paths(9).0.len(), 3, "of an earlier start");
    }

    #[test]
    fn a_long_path_is_cut_between_characters() {
        let decisions = Decisions::default();
        decisions.push(decision(&"é".repeat(5_000)));
        assert_eq!(
            decisions.latest(1)[0].path,
            format!("{}…", "é".repeat(PATH_SHOWN))
        );
    }
}
