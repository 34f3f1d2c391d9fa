//! How often a row may call DynamoDB: what it costs most of all.

use serde::Serialize;

use crate::runtime_api::Call;

/// How often a call may call DynamoDB.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) enum Calls {
    Exactly(u64),
    AtMost(u64),
    /// On average; in short runs 2 in all.
    OnAverage(f64),
}

impl Calls {
    /// What is wrong with these calls, in words.
    pub(crate) fn fault(self, calls: &[Call]) -> Option<String> {
        let broken = |allowed: &dyn Fn(u64) -> bool| {
            let at = calls.iter().position(|call| !allowed(call.dynamodb))?;
            Some(format!("call {at} made {} of DynamoDB", calls[at].dynamodb))
        };
        match self {
            Self::Exactly(exactly) => broken(&|made| made == exactly),
            Self::AtMost(most) => broken(&|made| made <= most),
            Self::OnAverage(most) => {
                let made: u64 = calls.iter().map(|call| call.dynamodb).sum();
                let allowed = (most * calls.len() as f64).max(2.0);
                (made as f64 > allowed).then(|| format!("{made} of DynamoDB in {}", calls.len()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::runtime_api::Said;

    fn calls(made: &[u64]) -> Vec<Call> {
        let call = |dynamodb: &u64| Call {
            took: Duration::ZERO,
            said: Said::Allow,
            dynamodb: *dynamodb,
            answered: crate::clock::now(),
        };
        made.iter().map(call).collect()
    }

    #[test]
    fn a_call_of_dynamodb_too_many_is_a_fault() {
        assert_eq!(Calls::Exactly(1).fault(&calls(&[1, 1])), None);
        assert!(Calls::Exactly(1).fault(&calls(&[1, 0])).is_some());
        assert!(Calls::Exactly(0).fault(&calls(&[0, 1])).is_some());
        assert_eq!(Calls::AtMost(2).fault(&calls(&[0, 2])), None);
        assert!(Calls::AtMost(2).fault(&calls(&[3])).is_some());
        let average = Calls::OnAverage(0.02);
        assert_eq!(average.fault(&calls(&[2; 1])), None);
        assert!(average.fault(&calls(&[1; 3])).is_some());
        assert_eq!(
            average.fault(&[calls(&[0; 197]), calls(&[1; 3])].concat()),
            None
        );
        assert!(
            average
                .fault(&[calls(&[0; 195]), calls(&[1; 5])].concat())
                .is_some()
        );
    }
}
