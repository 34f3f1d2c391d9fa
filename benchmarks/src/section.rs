//! Under what conditions all rows are measured.

use std::{io, str::FromStr};

use serde::{Serialize, Serializer};

use crate::share::{Group, Share};

/// Behind a memory: the share is given after the start.
const AFTER_START: &str = "-after-start";

/// One set of conditions: a heading of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// A whole processor, and DynamoDB as fast as the engine answers.
    Loopback,
    /// A whole processor, and a DynamoDB that takes its time.
    Delayed,
    /// The share of a processor that Lambda gives with so much memory, in MB, and a DynamoDB that
    /// takes its time.
    Memory(u32),
    /// The same, but with a whole processor up to the first question for an event.
    MemoryAfterStart(u32),
}

impl Section {
    pub(crate) fn heading(self, delay_ms: f64) -> String {
        match self {
            Self::Loopback => "A whole processor, DynamoDB on loopback".to_owned(),
            Self::Delayed => {
                format!("A whole processor, DynamoDB answers {delay_ms} ms later")
            }
            Self::Memory(memory_mb) => format!(
                "The share of a processor at {memory_mb} MB, DynamoDB answers {delay_ms} ms later"
            ),
            Self::MemoryAfterStart(memory_mb) => format!(
                "A whole processor to start with, then the share at {memory_mb} MB, DynamoDB answers {delay_ms} ms later"
            ),
        }
    }

    pub(crate) fn is_delayed(self) -> bool {
        self != Self::Loopback
    }

    /// The share of a processor, where it is not a whole one.
    ///
    /// # Errors
    /// Where this machine lets nobody give one.
    pub(crate) fn share(self) -> io::Result<Option<Share>> {
        let of = |memory_mb, after_start| {
            let group = Group::of_memory(memory_mb)?;
            Ok(Some(Share { group, after_start }))
        };
        match self {
            Self::Loopback | Self::Delayed => Ok(None),
            Self::Memory(memory_mb) => of(memory_mb, false),
            Self::MemoryAfterStart(memory_mb) => of(memory_mb, true),
        }
    }
}

impl FromStr for Section {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "loopback" => Ok(Self::Loopback),
            "delayed" => Ok(Self::Delayed),
            other => {
                let (memory, after_start) = match other.strip_suffix(AFTER_START) {
                    Some(memory) => (memory, true),
                    None => (other, false),
                };
                match (memory.parse(), after_start) {
                    (Ok(memory_mb @ 128..=10_240), false) => Ok(Self::Memory(memory_mb)),
                    (Ok(memory_mb @ 128..=10_240), true) => Ok(Self::MemoryAfterStart(memory_mb)),
                    _ => Err(format!(
                        "loopback, delayed, or Lambda's memory in MB, 128 to 10240, with {AFTER_START} behind it for a whole processor to start with"
                    )),
                }
            }
        }
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Loopback => serializer.serialize_str("loopback"),
            Self::Delayed => serializer.serialize_str("delayed"),
            Self::Memory(memory_mb) => serializer.serialize_u32(*memory_mb),
            Self::MemoryAfterStart(memory_mb) => {
                serializer.collect_str(&format_args!("{memory_mb}{AFTER_START}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_a_name_or_a_memory_that_lambda_has() {
        assert_eq!("128".parse(), Ok(Section::Memory(128)));
        assert_eq!("delayed".parse(), Ok(Section::Delayed));
        assert_eq!(
            "128-after-start".parse(),
            Ok(Section::MemoryAfterStart(128))
        );
        for text in ["127", "10241", "fast", "", "-after-start"] {
            assert!(text.parse::<Section>().is_err(), "{text}");
        }
    }
}
