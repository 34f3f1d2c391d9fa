//! Paths and methods that are not there.

use axum::response::{IntoResponse as _, Response};
use http::header::ALLOW;

use crate::problem::{Problem, ProblemName};

/// Any path that no route names.
pub(crate) async fn path() -> Problem {
    Problem::UnknownPath
}

/// Any method that its path does not have; [`with_methods`] says which it has.
pub(crate) async fn method() -> Problem {
    Problem::MethodNotAllowed {
        allowed: String::new(),
    }
}

/// The answer to a method that its path does not have, with those that it has. axum adds the
/// header `Allow` around all layers of a router, so this stands outside of it.
pub(crate) async fn with_methods(response: Response) -> Response {
    let problem = response.extensions().get::<ProblemName>();
    let refused = problem.is_some_and(|name| name.0 == ProblemName::METHOD_NOT_ALLOWED);
    let allow = response.headers().get(ALLOW).filter(|_| refused);
    let Some(allow) = allow.cloned() else {
        return response;
    };
    let methods: Vec<&str> = allow.to_str().unwrap_or_default().split(',').collect();
    let problem = Problem::MethodNotAllowed {
        allowed: methods.join(", "),
    };
    ([(ALLOW, allow)], problem).into_response()
}
