//! A question before what cannot be taken back.

use std::io::{IsTerminal as _, Write as _};

use super::options::Consent;
use crate::failure::{Failure, Status};

impl Consent {
    /// Whether it was given beforehand.
    ///
    /// # Errors
    /// Where it was not, and nobody can be asked.
    pub(crate) fn is_given(self) -> Result<bool, Failure> {
        let can_be_asked = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if self.yes || can_be_asked {
            return Ok(self.yes);
        }
        let message = "deleting is asked for first, and here is no terminal to ask: say --yes";
        Err(Failure::new(Status::Usage, message))
    }
}

/// # Errors
/// Where the answer is no, which anything but yes is.
pub(crate) fn confirm(question: &str) -> Result<(), Failure> {
    let mut stderr = std::io::stderr();
    // A question that nobody sees is not answered with yes.
    let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    let is_yes = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if read.is_ok() && is_yes {
        return Ok(());
    }
    Err(Failure::new(Status::Refused, "nothing was deleted"))
}
