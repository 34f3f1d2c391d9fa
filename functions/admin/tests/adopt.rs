//! What API Gateway has is taken over: what becomes of each plan and key, that nothing is
//! changed there, and that a request may be stopped anywhere and be made again.

mod account;
mod counting;
mod counting_api;
mod crash;
mod cut_over;
mod outcomes;
mod reasons;
mod scale;
pub(crate) mod table;
