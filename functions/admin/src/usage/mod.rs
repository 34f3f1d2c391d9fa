//! What was used, day by day, and what is left.

mod by_key;
mod by_plan;
mod customers;
mod days;
mod grant;
mod meters;
mod native;
mod view;

pub(crate) use by_key::by_key;
pub(crate) use by_plan::by_plan;
pub(crate) use days::{date_of, midnight, read_day, today};
pub(crate) use grant::grant;
