//! The latest decisions, kept for the page.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// How many are kept.
const KEPT: usize = 50;
/// How much of a path is kept, in characters.
const PATH_SHOWN: usize = 120;

/// One decision, and what the client got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// When.
    pub(crate) at: Timestamp,
    /// The HTTP method.
    pub(crate) method: String,
    /// The path, with the demo's prefix and without the query.
    pub(crate) path: String,
    /// What the client got.
    pub(crate) status: u16,
    /// Why not; none where the call passed.
    pub(crate) reason: Option<&'static str>,
    /// The key, once its value was shown to be right.
    pub(crate) key_id: Option<String>,
    /// The plan that was charged, or refused.
    pub(crate) plan_id: Option<String>,
    /// Units left of the quota.
    pub(crate) remaining: Option<u64>,
}

/// The latest decisions, bounded in number and size, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Decisions(Mutex<Kept>);

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
            reason: None,
            key_id: None,
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
            ("/59", "/10")
        );
        assert_eq!(decisions.latest(3).len(), 3);
        assert_eq!(
            decisions.counted()[&None],
            KEPT as u64 + 10,
            "all are counted"
        );
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
