//! What happens next: events in order of their time, and of their making where times are equal.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use latchkey_domain::Nanos;

/// Events to come.
#[derive(Debug)]
pub struct Queue<E> {
    events: BinaryHeap<Reverse<Entry<E>>>,
    made: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: Nanos,
    number: u64,
    event: E,
}

impl<E> Queue<E> {
    /// Nothing is to come.
    pub fn new() -> Self {
        Self {
            events: BinaryHeap::new(),
            made: 0,
        }
    }

    /// Has `event` happen at the true time `at`.
    pub fn push(&mut self, at: Nanos, event: E) {
        self.made += 1;
        self.events.push(Reverse(Entry {
            at,
            number: self.made,
            event,
        }));
    }

    /// The next event and its time.
    pub fn pop(&mut self) -> Option<(Nanos, E)> {
        self.events
            .pop()
            .map(|Reverse(entry)| (entry.at, entry.event))
    }

    /// The time of the next event.
    pub fn next_at(&self) -> Option<Nanos> {
        self.events.peek().map(|Reverse(entry)| entry.at)
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_their_time_and_then_by_their_making() {
        let mut queue = Queue::new();
        for (at, event) in [(5, 'c'), (3, 'a'), (5, 'd'), (3, 'b')] {
            queue.push(at, event);
        }
        assert_eq!(queue.next_at(), Some(3));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(3, 'a'), (3, 'b'), (5, 'c'), (5, 'd')]);
    }
}
