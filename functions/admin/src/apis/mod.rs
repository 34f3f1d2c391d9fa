//! REST APIs of API Gateway's that may be changed from here.

mod require_key;

pub(crate) use require_key::require_key;
