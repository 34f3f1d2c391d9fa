//! What must hold whatever is sent to Latchkey: one property a kind of input.
//!
//! Each is a function of bytes that panics where it does not hold. `cargo test` gives them the
//! corpus that is checked in; the targets of the same names give them what cargo-fuzz makes of
//! it (`tests/fuzz/run`). Nothing here is reached by a port or a file: the table is one in
//! memory that is filled once and counts what would be written.

#![expect(clippy::unwrap_used, reason = "a property fails by panicking")]

mod account;
mod address;
mod admin;
mod called;
mod cursor;
mod event;
mod json;
mod key_value;
mod patch;
mod records;
mod route;
mod sources;
mod table;

pub use self::{
    address::address,
    cursor::{LISTS, cursor},
    event::event,
    key_value::key_value,
    patch::{BODIES, patch},
    route::route,
    sources::sources,
    table::table,
};

/// A property: panics where it does not hold for these bytes.
pub type Property = fn(&[u8]);

/// Every property, by its name, which is its target's and its corpus' too.
pub const PROPERTIES: [(&str, Property); 8] = [
    ("address", address),
    ("cursor", cursor),
    ("event", event),
    ("key_value", key_value),
    ("patch", patch),
    ("route", route),
    ("sources", sources),
    ("table", table),
];

/// The bytes as text; none where they are none.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
