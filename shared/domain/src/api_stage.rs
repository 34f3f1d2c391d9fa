//! Which stages of which APIs a plan covers.

use std::fmt;

use crate::Invalid;

/// A deployed stage of an API, as an event names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiStage {
    /// The API's id.
    pub api_id: String,
    /// The stage's name; `$default` is one like others.
    pub stage: String,
}

/// What a plan says of the stages that it covers: one stage, every stage of one API
/// (`"stage": "*"`), or everything (`*` for both).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StageSelector {
    api_id: String,
    stage: String,
}

const ANY: &str = "*";

/// 1 to 128 letters, digits and characters of `more`.
fn is_word(text: &str, more: &[u8]) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || more.contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(allowed)
}

impl StageSelector {
    /// A selector.
    ///
    /// # Errors
    /// [`Invalid`] for an id or name that API Gateway would not give, and for one stage
    /// of every API, which nobody can mean.
    pub fn new(api_id: &str, stage: &str) -> Result<Self, Invalid> {
        Self::check_api_id(api_id)?;
        Self::check_stage(stage)?;
        if api_id == ANY && stage != ANY {
            return Err(Invalid::new("a stage of apiId *", stage, "only * there"));
        }
        Ok(Self {
            api_id: api_id.to_owned(),
            stage: stage.to_owned(),
        })
    }

    /// Checks an API's id, or `*`, by itself.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn check_api_id(text: &str) -> Result<(), Invalid> {
        if text == ANY || is_word(text, b"-") {
            return Ok(());
        }
        const ALLOWED: &str = "the id of an API, or * for all";
        Err(Invalid::new("an apiId", text, ALLOWED))
    }

    /// Checks a stage's name, or `*`, by itself.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn check_stage(text: &str) -> Result<(), Invalid> {
        if text == ANY || text == "$default" || is_word(text, b"-_") {
            return Ok(());
        }
        const ALLOWED: &str = "the name of a stage, $default, or * for all";
        Err(Invalid::new("a stage", text, ALLOWED))
    }

    /// The API's id, or `*`.
    pub fn api_id(&self) -> &str {
        &self.api_id
    }

    /// The stage's name, or `*`.
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// Whether it covers this stage, and how closely: an exact stage before every stage of
    /// the API before everything.
    pub fn covers(&self, stage: &ApiStage) -> Option<u8> {
        let covered = |mine: &str, theirs: &str| mine == ANY || mine == theirs;
        (covered(&self.api_id, &stage.api_id) && covered(&self.stage, &stage.stage))
            .then(|| u8::from(self.api_id != ANY) + u8::from(self.stage != ANY))
    }

    /// Whether some stage is covered by both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let meet = |mine: &str, theirs: &str| mine == ANY || theirs == ANY || mine == theirs;
        meet(&self.api_id, &other.api_id) && meet(&self.stage, &other.stage)
    }
}

impl fmt::Display for StageSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.api_id, self.stage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(api_id: &str, stage: &str) -> StageSelector {
        StageSelector::new(api_id, stage).unwrap()
    }

    #[test]
    fn an_exact_stage_covers_more_closely_than_a_star() {
        let stage = ApiStage {
            api_id: "a1".into(),
            stage: "$default".into(),
        };
        assert_eq!(selector("a1", "$default").covers(&stage), Some(2));
        assert_eq!(selector("a1", "*").covers(&stage), Some(1));
        assert_eq!(selector("*", "*").covers(&stage), Some(0));
        assert_eq!(selector("a1", "prod").covers(&stage), None);
        assert_eq!(selector("a2", "*").covers(&stage), None);
    }

    #[test]
    fn overlap_is_symmetric_and_everything_overlaps_with_each() {
        let all = [
            selector("*", "*"),
            selector("a1", "*"),
            selector("a1", "x"),
            selector("a1", "y"),
            selector("a2", "x"),
        ];
        for a in &all {
            assert!(a.overlaps(a) && all[0].overlaps(a));
            for b in &all {
                assert_eq!(a.overlaps(b), b.overlaps(a));
            }
        }
        assert!(all[1].overlaps(&all[2]) && !all[2].overlaps(&all[3]) && !all[2].overlaps(&all[4]));
    }

    #[test]
    fn what_api_gateway_would_not_give_is_refused() {
        for (api_id, stage) in [
            ("", "x"),
            ("a1", ""),
            ("a/1", "x"),
            ("a1", "x/y"),
            ("*", "x"),
            ("a1", "$x"),
        ] {
            assert!(
                StageSelector::new(api_id, stage).is_err(),
                "{api_id}:{stage}"
            );
        }
    }
}
