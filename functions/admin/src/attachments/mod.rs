//! Which key is on which plan.

mod attach;
mod detach;
mod list;
mod show;
mod view;

pub(crate) use attach::{attach, put_on, refuse, refuse_unknown_there};
pub(crate) use detach::detach;
pub(crate) use list::list;
pub(crate) use show::show;
