//! The `latchkey` command.
mod gateway;
fn main() {}
