//! What happened in a run: a digest of all of it, and the last lines where they are wanted.

use std::collections::VecDeque;

use latchkey_domain::Nanos;

/// The record of a run. Two runs with equal digests went alike, step by step.
#[derive(Debug)]
pub struct Trace {
    digest: u64,
    lines: VecDeque<String>,
    keep: usize,
}

impl Trace {
    /// A record that keeps the last `keep` lines.
    pub fn new(keep: usize) -> Self {
        Self {
            digest: 0xcbf2_9ce4_8422_2325,
            lines: VecDeque::new(),
            keep,
        }
    }

    /// Notes what happened at the true time `at`: in numbers, and in words that are only put
    /// together where lines are kept.
    pub fn note(&mut self, at: Nanos, numbers: &[i64], words: impl FnOnce() -> String) {
        self.mix(at);
        for number in numbers {
            self.mix(*number);
        }
        if self.keep > 0 {
            if self.lines.len() == self.keep {
                self.lines.pop_front();
            }
            self.lines
                .push_back(format!("{:>16.6} {}", at as f64 / 1e9, words()));
        }
    }

    /// The digest of everything noted so far.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The last lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// FNV-1a over 64-bit words, with a shift so that high bits reach the low ones.
    fn mix(&mut self, number: i64) {
        let word = (self.digest ^ number as u64).wrapping_mul(0x0100_0000_01b3);
        self.digest = word ^ (word >> 29);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_number_another_order_or_another_time_is_another_digest() {
        let digest = |notes: &[(Nanos, &[i64])]| {
            let mut trace = Trace::new(0);
            for (at, numbers) in notes {
                trace.note(*at, numbers, String::new);
            }
            trace.digest()
        };
        let all = [
            digest(&[(1, &[2]), (3, &[4])]),
            digest(&[(3, &[4]), (1, &[2])]),
            digest(&[(1, &[2]), (3, &[5])]),
            digest(&[(1, &[2]), (4, &[4])]),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one));
        }
    }

    #[test]
    fn the_last_lines_are_kept() {
        let mut trace = Trace::new(2);
        for at in 1..=3 {
            trace.note(at * 1_000_000_000, &[], || format!("step {at}"));
        }
        let lines: Vec<_> = trace.lines().map(str::trim).collect();
        assert_eq!(lines, ["2.000000 step 2", "3.000000 step 3"]);
    }
}
