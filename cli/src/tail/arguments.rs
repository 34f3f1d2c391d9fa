//! The command line of `latchkey tail`.

use jiff::SignedDuration;
use latchkey_domain::Reason;

use super::decision::Sought;
use crate::client::Target;

/// Decisions of the authorizer: those of latchkey dev, or with --stack those in its log
///
/// In a log stand all refusals, and of admitted calls as many as LOG_ALLOWS says (template
/// parameter LogAllows): x100 is a line that stands for a hundred. A log has no paths.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Those of one key alone
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Those of one customer's keys alone
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Those on one plan alone
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
    /// Those refused for one reason alone, such as throttled; or `allowed`
    #[arg(long, value_name = "REASON", value_parser = reason)]
    reason: Option<String>,
    /// From how long ago on, such as 10m or 2h
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = since)]
    pub(super) since: SignedDuration,
    /// Go on with those to come, until Ctrl-C
    #[arg(long, short)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Arguments {
    pub(super) fn sought(&self) -> Sought {
        Sought {
            key_id: self.key.clone(),
            customer_id: self.customer.clone(),
            plan_id: self.plan.clone(),
            reason: self.reason.clone(),
        }
    }
}

fn since(text: &str) -> Result<SignedDuration, String> {
    let duration = text.parse::<SignedDuration>().ok();
    let ago = duration.filter(|duration| duration.is_positive());
    ago.ok_or_else(|| "a time such as 30s, 10m or 2h is expected".to_owned())
}

fn reason(text: &str) -> Result<String, String> {
    let known = Reason::ALL.iter().map(|reason| reason.as_str());
    let known: Vec<_> = known
        .chain([super::decision::ALLOWED, "store_failure"])
        .collect();
    match known.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(format!("expected is one of {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_and_a_reason_are_said_in_words() {
        assert_eq!(since("10m"), Ok(SignedDuration::from_mins(10)));
        assert_eq!(since("2h 30s"), Ok(SignedDuration::from_secs(7_230)));
        assert!(since("-10m").is_err() && since("yesterday").is_err());
        assert_eq!(reason("allowed"), Ok("allowed".to_owned()));
        assert!(reason("because").unwrap_err().contains("quota_exceeded"));
    }
}
