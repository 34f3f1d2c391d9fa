//! A row on its way from the table to the report.

use latchkey_domain::PlanId;

use super::{
    candidate::Candidate,
    report::{Item, Status, Wrong},
};

const UNKNOWN: &str =
    "the table did not answer: it may have been written, so look before it is sent again";

/// A row.
pub(super) struct Line {
    /// Its line in the table.
    pub(super) number: u64,
    /// What it says; none where that cannot be read.
    pub(super) candidate: Option<Candidate>,
    /// How far it has come.
    pub(super) standing: Standing,
    /// Plans that its key, which was there, was put on.
    pub(super) attached: Vec<PlanId>,
}

/// How far a row has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It cannot be written.
    Wrong(Vec<Wrong>),
    /// Its key is to be made.
    New,
    /// Its key is there, and is to be put on these plans.
    Here(Vec<PlanId>),
    /// Its key was made.
    Created,
    /// It was not written for no fault of its own.
    Left(Wrong),
    /// Whether its key was made is not known.
    Unknown,
}

impl Line {
    /// Whether it is still to be looked at: neither wrong nor done.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.standing, Standing::New | Standing::Here(_))
    }

    /// Whether its key is to be made.
    pub(super) fn is_new(&self) -> bool {
        self.standing == Standing::New
    }

    /// Whether its report must not be lost: nobody else knows what was done, or the value.
    pub(super) fn must_be_told(&self) -> bool {
        let generated = |candidate: &Candidate| candidate.generated.is_some();
        match self.standing {
            Standing::Created => true,
            Standing::Unknown => self.candidate.as_ref().is_some_and(generated),
            _ => !self.attached.is_empty(),
        }
    }

    /// Whether there is something left to do for it.
    pub(super) fn is_left(&self) -> bool {
        match &self.standing {
            Standing::New => true,
            Standing::Here(missing) => !missing.is_empty(),
            _ => false,
        }
    }

    /// As it is reported.
    pub(super) fn told(self) -> Item {
        let made = matches!(self.standing, Standing::Created | Standing::Unknown);
        let (status, errors) = match self.standing {
            Standing::Wrong(wrong) => (Status::Invalid, wrong),
            Standing::Created => (Status::Created, vec![]),
            Standing::Here(missing) if missing.is_empty() => (Status::Exists, vec![]),
            Standing::New | Standing::Here(_) => (Status::NotWritten, vec![]),
            Standing::Left(why) => (Status::NotWritten, vec![why]),
            Standing::Unknown => (Status::NotWritten, vec![Wrong::whole(UNKNOWN)]),
        };
        let (id, generated) = match self.candidate {
            Some(candidate) => (Some(candidate.key.id), candidate.generated),
            None => (None, None),
        };
        Item {
            line: self.number,
            // Of a value that nobody has, there is no key.
            key_id: id.filter(|_| made || generated.is_none()),
            status,
            value: generated.filter(|_| made),
            attached: self.attached,
            errors,
        }
    }
}
