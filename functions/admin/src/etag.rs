//! Entity tags (RFC 9110, 8.8.3) of plans, keys and attachments, and the preconditions that
//! name them (13.1).
//!
//! A tag is `"<revision>-<hash of the representation>"`. Whoever changes a thing says with
//! `If-Match` which revision was seen: what API Gateway has of it and when a key was last used
//! change without anybody's change, and are no reason to refuse one. Whoever reads it again
//! says with `If-None-Match` which representation is there already, and that is compared whole.

mod tag;
mod tags;

use axum::extract::FromRequestParts;
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{IF_MATCH, IF_NONE_MATCH},
    request::Parts,
};
use serde::Serialize;

pub(crate) use self::tag::Revision;

use self::tags::Tags;
use crate::{
    answer::Answer,
    faults::{Fault, Faults},
    problem::Problem,
};

/// What a request says of the state that it is meant for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Preconditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

impl Preconditions {
    fn of(headers: &HeaderMap) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut read = |header: HeaderName, name| {
            let mut values = headers.get_all(header).iter().peekable();
            values.peek()?;
            // Lines of one header are one list.
            let lines: Vec<&[u8]> = values.map(|value| value.as_bytes()).collect();
            let tags = Tags::read(&lines.join(&b','));
            if tags.is_none() {
                let detail = "must be * or entity tags as ETag has them, in their quotes, separated by commas";
                faults.push(Fault::header(name, detail));
            }
            tags
        };
        let preconditions = Self {
            if_match: read(IF_MATCH, "If-Match"),
            if_none_match: read(IF_NONE_MATCH, "If-None-Match"),
        };
        faults.or(preconditions)
    }

    /// Whether there are any to be looked at.
    pub(crate) fn are_given(&self) -> bool {
        self.if_match.is_some()
    }

    /// Whether a change may be made of what is as `revision`.
    ///
    /// # Errors
    /// [`Problem::PreconditionFailed`].
    pub(crate) fn hold_for(&self, revision: &Revision) -> Result<(), Problem> {
        if let Some(tags) = &self.if_match
            && !tags.name_revision(&revision.0)
        {
            return Err(Problem::PreconditionFailed("If-Match"));
        }
        // On what changes something it can only be `*`: that nothing is there.
        match self.if_none_match {
            Some(_) => Err(Problem::PreconditionFailed("If-None-Match")),
            None => Ok(()),
        }
    }

    /// Whether something may be made that is not there.
    ///
    /// # Errors
    /// [`Problem::PreconditionFailed`].
    pub(crate) fn hold_for_nothing(&self) -> Result<(), Problem> {
        match self.if_match {
            Some(_) => Err(Problem::PreconditionFailed("If-Match")),
            None => Ok(()),
        }
    }

    /// `view` of what is as `revision`, or that whoever asks has it already.
    ///
    /// # Errors
    /// [`Problem::Internal`] for what is no JSON.
    pub(crate) fn shown(
        &self,
        revision: Revision,
        view: &impl Serialize,
    ) -> Result<Answer, Problem> {
        let tag = revision.tag(view);
        let known = self.if_none_match.as_ref();
        let answer = if known.is_some_and(|known| known.name(&tag.opaque())) {
            Answer::empty(StatusCode::NOT_MODIFIED)
        } else {
            Answer::json(StatusCode::OK, view)?
        };
        Ok(answer.tagged(&tag))
    }

    /// Whether If-None-Match names entity tags.
    fn names_representations(&self) -> bool {
        matches!(self.if_none_match, Some(Tags::These(_)))
    }
}

impl<S: Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let preconditions = Self::of(&parts.headers)?;
        if preconditions.names_representations() && !parts.method.is_safe() {
            let detail = "can only be * here: that nothing is there yet";
            return Err(Problem::fault(Fault::header("If-None-Match", detail)));
        }
        Ok(preconditions)
    }
}
