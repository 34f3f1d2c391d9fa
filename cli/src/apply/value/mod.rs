//! Where the values of keys are kept: in a file, or in Secrets Manager. A place is reserved
//! before its key is made, and holds meanwhile what the request can be repeated with: a run that
//! is cut off between the key and its value loses neither.

mod file;
mod secret;

use std::{fmt, path::PathBuf};

use latchkey_admin::Random;

use crate::{
    aws::Aws,
    failure::{Failure, Status},
};

/// Where a value is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ValuePlace {
    /// A file; a path that begins nowhere begins at the described file's folder.
    File(PathBuf),
    /// The name of a secret in Secrets Manager.
    Secret(String),
}

impl ValuePlace {
    /// What to do where the value of the key `id` did not come here and cannot be had again.
    pub(super) fn without_value(&self, id: &str) -> String {
        format!(
            "Give it another: remove {self}, and run `latchkey keys rotate {id} --value-to FILE`"
        )
    }
}

impl fmt::Display for ValuePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Secret(name) => write!(f, "the secret {name}"),
        }
    }
}

/// What a place holds for a key that is to be made.
pub(super) enum Held {
    /// A value of the owner's own, which stood there.
    Value(Value),
    /// Nothing but the reservation.
    Reserved(Reservation),
}

/// A place without a value, for a key that is to be made or was.
pub(super) struct Reservation {
    /// The Idempotency-Key of the request that makes the key, now or in an earlier run.
    pub(super) idempotency: String,
    /// This run has made the place. Another is an earlier run's, or the owner's.
    pub(super) is_new: bool,
}

/// A key's value, on its way.
pub(super) struct Value(pub(super) String);

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}

/// The places of one file.
pub(super) struct Values {
    /// Of the file that names them.
    pub(super) folder: PathBuf,
    /// None where no secret is named.
    pub(super) aws: Option<Aws>,
    pub(super) random: Random,
}

impl Values {
    /// Reserves a place, unless a value stands there.
    ///
    /// # Errors
    /// Where it cannot be, or where what stands there must not be used.
    pub(super) async fn reserve(&self, place: &ValuePlace) -> Result<Held, Failure> {
        match place {
            ValuePlace::File(path) => file::reserve(&self.folder.join(path), &self.random),
            ValuePlace::Secret(name) => secret::reserve(self.aws()?, name, &self.random).await,
        }
    }

    /// Whether it is reserved and without a value, as a run leaves it that was cut off.
    ///
    /// # Errors
    /// Where it cannot be looked at.
    pub(super) async fn is_reserved(&self, place: &ValuePlace) -> Result<bool, Failure> {
        match place {
            ValuePlace::File(path) => file::is_reserved(&self.folder.join(path)),
            ValuePlace::Secret(name) => secret::is_reserved(self.aws()?, name).await,
        }
    }

    /// Puts the value where it was reserved.
    ///
    /// # Errors
    /// Where it cannot be written; the reservation stays.
    pub(super) async fn keep(&self, place: &ValuePlace, value: &Value) -> Result<(), Failure> {
        match place {
            ValuePlace::File(path) => file::keep(&self.folder.join(path), value, &self.random),
            ValuePlace::Secret(name) => secret::keep(self.aws()?, name, value, &self.random).await,
        }
    }

    /// Takes a reservation of this run back: no key was made.
    pub(super) async fn release(&self, place: &ValuePlace, reservation: &Reservation) {
        match place {
            _ if !reservation.is_new => {}
            ValuePlace::File(path) => file::release(&self.folder.join(path)),
            ValuePlace::Secret(name) => {
                if let Some(aws) = &self.aws {
                    secret::release(aws, name).await;
                }
            }
        }
    }

    fn aws(&self) -> Result<&Aws, Failure> {
        let missing = || Failure::new(Status::NoAnswer, "AWS is not reached");
        self.aws.as_ref().ok_or_else(missing)
    }
}

/// A random name, as long as AWS wants its tokens (32 characters at least).
fn token(random: &Random) -> Result<String, Failure> {
    let bytes = random.bytes::<16>();
    let bytes = bytes.map_err(|error| Failure::new(Status::NoAnswer, error))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
