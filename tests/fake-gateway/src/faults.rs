//! What goes wrong because a test wants it to.

use std::collections::{HashMap, VecDeque};

use crate::refusal::Refusal;

/// Whether a call that is stopped has been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Not yet.
    Before,
    /// It has.
    After,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// TooManyRequestsException.
    Throttled,
    /// ConflictException with this text.
    Conflict(String),
    /// ConflictException: a concurrent modification.
    ConcurrentModification,
    /// LimitExceededException.
    LimitExceeded,
    /// NotFoundException with this text.
    NotFound(String),
    /// BadRequestException with this text.
    BadRequest(String),
    /// AccessDeniedException with this text.
    AccessDenied(String),
    /// A fault of AWS's, status 500.
    Fault,
    /// The connection breaks before the call is carried out.
    NotSent,
    /// The call is carried out and its answer is lost.
    AnswerLost,
}

/// What a call meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is carried out and answered.
    Carried,
    /// It is refused.
    Refused(Refusal),
    /// It breaks.
    Broken(Moment),
    /// It is never answered.
    Stopped(Moment),
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    stop: Option<(usize, Moment)>,
    next: HashMap<String, VecDeque<Failure>>,
    all: Option<Failure>,
}

impl Faults {
    pub(crate) fn stop_after(&mut self, n: usize, moment: Moment) {
        self.stop = Some((n.max(1), moment));
    }

    pub(crate) fn fail_next(&mut self, operation: &str, failure: Failure) {
        let next = self.next.entry(operation.to_owned()).or_default();
        next.push_back(failure);
    }

    pub(crate) fn fail_all(&mut self, failure: Option<Failure>) {
        self.all = failure;
    }

    /// What the next call meets.
    pub(crate) fn fate(&mut self, operation: &str) -> Fate {
        if let Some((left, moment)) = &mut self.stop {
            *left -= 1;
            if *left == 0 {
                let moment = *moment;
                self.stop = None;
                return Fate::Stopped(moment);
            }
        }
        let next = self.next.get_mut(operation);
        let failure = next.and_then(VecDeque::pop_front);
        match failure.or_else(|| self.all.clone()) {
            None => Fate::Carried,
            Some(Failure::NotSent) => Fate::Broken(Moment::Before),
            Some(Failure::AnswerLost) => Fate::Broken(Moment::After),
            Some(failure) => Fate::Refused(refusal(failure)),
        }
    }
}

fn refusal(failure: Failure) -> Refusal {
    match failure {
        Failure::Throttled => Refusal::throttled(),
        Failure::Conflict(text) => Refusal::conflict(&text),
        Failure::ConcurrentModification => Refusal::concurrent(),
        Failure::LimitExceeded => Refusal::limit("Limit exceeded"),
        Failure::NotFound(text) => Refusal::not_found(&text),
        Failure::BadRequest(text) => Refusal::bad_request(&text),
        Failure::AccessDenied(text) => Refusal::new(403, "AccessDeniedException", &text),
        Failure::Fault | Failure::NotSent | Failure::AnswerLost => {
            Refusal::new(500, "InternalFailure", "Internal server error")
        }
    }
}
