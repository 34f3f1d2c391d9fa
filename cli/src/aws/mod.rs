//! AWS as the command reaches it: whose calls these are, how they are signed, and how they are
//! sent.

mod call;
mod cloudformation;
mod connection;
mod credentials;
mod signer;

pub(crate) use self::{
    call::{Answer, Aws, CallError, SIGN_IN, is_expired},
    cloudformation::Named,
    connection::{Connection, NoAnswer},
    credentials::{NoCaller, Variables},
    signer::Signer,
};
