//! Under what conditions all rows are measured.

use std::str::FromStr;

use serde::{Serialize, Serializer};

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
        }
    }

    pub(crate) fn is_delayed(self) -> bool {
        self != Self::Loopback
    }

    /// The memory, in MB, by which a share of a processor is given.
    pub(crate) fn memory_mb(self) -> Option<u32> {
        match self {
            Self::Memory(memory_mb) => Some(memory_mb),
            _ => None,
        }
    }
}

impl FromStr for Section {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "loopback" => Ok(Self::Loopback),
            "delayed" => Ok(Self::Delayed),
            other => match other.parse() {
                Ok(memory_mb @ 128..=10_240) => Ok(Self::Memory(memory_mb)),
                _ => Err("loopback, delayed, or Lambda's memory in MB, 128 to 10240".to_owned()),
            },
        }
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Loopback => serializer.serialize_str("loopback"),
            Self::Delayed => serializer.serialize_str("delayed"),
            Self::Memory(memory_mb) => serializer.serialize_u32(*memory_mb),
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
        for text in ["127", "10241", "fast", ""] {
            assert!(text.parse::<Section>().is_err(), "{text}");
        }
    }
}
