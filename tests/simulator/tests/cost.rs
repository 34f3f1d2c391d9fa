//! docs/cost.md says what the command works out.

use std::fs;

use latchkey_simulator::cost::page::{tables, with_tables};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cost.md");

#[test]
fn the_page_has_the_tables_that_are_worked_out() {
    let page = fs::read_to_string(PAGE).unwrap();
    let made = with_tables(&page, &tables(2).unwrap()).unwrap();
    if std::env::var_os("UPDATE_COST").is_some() {
        fs::write(PAGE, made).unwrap();
        return;
    }
    let differs = page.lines().zip(made.lines()).find(|(old, new)| old != new);
    assert!(
        page == made,
        "docs/cost.md is old, UPDATE_COST=1 writes it anew: {differs:?}"
    );
}
