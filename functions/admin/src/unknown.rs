//! Paths and methods that are not there.

use crate::problem::Problem;

/// Any path that no route names.
pub(crate) async fn path() -> Problem {
    Problem::UnknownPath
}

/// Any method that its path does not have; axum adds `Allow`.
pub(crate) async fn method() -> Problem {
    Problem::MethodNotAllowed
}
