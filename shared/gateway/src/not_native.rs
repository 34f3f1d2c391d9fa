//! What a plan of Latchkey's may say and one of API Gateway's cannot.

/// A field that has no counterpart in API Gateway's usage plans. `stage` is the place among
/// the plan's `apiStages`, from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNative {
    /// The periods HOUR and LIFETIME.
    #[error("with enforcement apiGateway the period is DAY, WEEK or MONTH")]
    Period,
    /// A limit beyond its integers.
    #[error("with enforcement apiGateway a limit is at most 2147483647")]
    Limit,
    /// An allowance that a customer's keys share.
    #[error("with enforcement apiGateway each key has its own allowance: scope is key")]
    Scope,
    /// `*` for the API or the stage.
    #[error("with enforcement apiGateway each stage is named, with its apiId: * is none")]
    EveryStage {
        /// Which.
        stage: usize,
    },
    /// Methods that cost several units, or none.
    #[error("with enforcement apiGateway each call costs one unit")]
    Units {
        /// Of which stage.
        stage: usize,
    },
    /// A throttle of several methods at once.
    #[error(
        "with enforcement apiGateway a throttle is one method's, `/path/METHOD` as in the API: * is none"
    )]
    Methods {
        /// Of which stage.
        stage: usize,
        /// Which methods.
        method: String,
    },
    /// A burst beyond its integers.
    #[error("with enforcement apiGateway a burstLimit is at most 2147483647")]
    Burst {
        /// Of which stage's method; none for the plan's own.
        of: Option<(usize, String)>,
    },
}

impl NotNative {
    /// Where in the admin API's representation of the plan: a JSON pointer.
    pub fn pointer(&self) -> String {
        match self {
            Self::Period => "/quota/period".to_owned(),
            Self::Limit => "/quota/limit".to_owned(),
            Self::Scope => "/scope".to_owned(),
            Self::EveryStage { stage } => format!("/apiStages/{stage}"),
            Self::Units { stage } => format!("/apiStages/{stage}/units"),
            Self::Methods { stage, method } => throttle_pointer(*stage, method),
            Self::Burst { of: None } => "/throttle/burstLimit".to_owned(),
            Self::Burst {
                of: Some((stage, method)),
            } => format!("{}/burstLimit", throttle_pointer(*stage, method)),
        }
    }
}

fn throttle_pointer(stage: usize, method: &str) -> String {
    let method = method.replace('~', "~0").replace('/', "~1");
    format!("/apiStages/{stage}/throttle/{method}")
}
