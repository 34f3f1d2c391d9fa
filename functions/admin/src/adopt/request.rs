//! What is asked for, and where it goes on.

use deserr::Deserr;
use latchkey_domain::Enforcement;
use latchkey_store::Cursor;
use serde::{Deserialize, Serialize};

use crate::{
    faults::{Fault, Faults},
    problem::Problem,
};

/// How plans and keys are taken over.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
pub(crate) struct Adopt {
    /// Whether only to tell what would be done. Nobody adopts an account by leaving it out.
    dry_run: bool,
    /// Who counts from then on; `apiGateway` unless given.
    #[deserr(default = Enforcement::ApiGateway)]
    pub(super) enforcement: Enforcement,
    /// That of the answer before.
    #[deserr(default)]
    cursor: Option<String>,
}

/// The same for those who do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct How {
    pub(super) dry_run: bool,
    pub(super) enforcement: Enforcement,
}

/// Where the work goes on, by API Gateway's ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Place {
    /// With the keys behind this one.
    Keys { after: String },
    /// With the plans behind this one.
    Plans {
        after: String,
        within: Option<Within>,
    },
}

/// Within a plan, with what was found out of it so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Within {
    pub(super) plan: String,
    pub(super) pass: Pass,
    /// With the keys of the plan behind this one.
    pub(super) after: String,
    /// Keys of the plan that are on it here, or would be.
    pub(super) keys: u64,
    /// Whether the plan was not as it is to be before.
    pub(super) adopted: bool,
}

/// What is done with each key of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Pass {
    /// Its meter is raised, before Latchkey counts.
    Raise,
    /// It is put on the plan.
    PutOn,
}

impl Place {
    fn start() -> Self {
        Self::Keys {
            after: String::new(),
        }
    }

    /// With the first plan.
    pub(super) fn plans() -> Self {
        Self::Plans {
            after: String::new(),
            within: None,
        }
    }
}

impl Within {
    /// At the beginning of a plan.
    pub(super) fn start(plan: &str) -> Self {
        Self {
            plan: plan.to_owned(),
            pass: Pass::Raise,
            after: String::new(),
            keys: 0,
            adopted: false,
        }
    }

    /// At the beginning of its next pass.
    pub(super) fn put_on(self) -> Self {
        Self {
            pass: Pass::PutOn,
            after: String::new(),
            ..self
        }
    }
}

/// A cursor goes on with the same work: a dry one with a dry one.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Position {
    dry_run: bool,
    enforcement: String,
    place: Place,
}

impl Adopt {
    pub(super) fn how(&self) -> How {
        How {
            dry_run: self.dry_run,
            enforcement: self.enforcement,
        }
    }

    /// Where to begin.
    ///
    /// # Errors
    /// A fault for the cursor of anything else.
    pub(super) fn place(&self) -> Result<Place, Problem> {
        let Some(text) = &self.cursor else {
            return Ok(Place::start());
        };
        let position = || {
            let cursor = Cursor::decode(text).ok()?;
            let position: Position = serde_json::from_str(cursor.position()?).ok()?;
            let same = position.dry_run == self.dry_run
                && position.enforcement == self.enforcement.as_str();
            same.then_some(position.place)
        };
        position().ok_or_else(|| {
            let detail = "not a cursor of this: pass on the cursor of the answer before, with the same dryRun and enforcement";
            Problem::fault(Fault::at("/cursor", detail))
        })
    }

    pub(super) fn cursor(&self, place: &Place) -> String {
        let position = Position {
            dry_run: self.dry_run,
            enforcement: self.enforcement.as_str().to_owned(),
            place: place.clone(),
        };
        let position = serde_json::to_string(&position).unwrap_or_default();
        Cursor::at_position(&position).encode()
    }
}
