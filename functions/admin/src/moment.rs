//! Instants that Latchkey has read from its clock, as they are answered.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// An instant to the millisecond, in RFC 3339: not every client reads nine decimals. It is
/// stored, and lists are sorted, by the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_three_decimals_and_is_not_rounded_up() {
        let shown = |text: &str| serde_json::to_value(Moment(text.parse().unwrap())).unwrap();
        assert_eq!(shown("2026-11-25T12:00:00Z"), "2026-11-25T12:00:00.000Z");
        assert_eq!(
            shown("2026-12-31T23:59:59.999999999Z"),
            "2026-12-31T23:59:59.999Z"
        );
    }
}
