//! The part of docs/cost.md that is made.

use latchkey_domain::Invalid;

use crate::scale::in_parallel;

use super::{
    leases::{self, Row},
    listing,
    prices::{EU_WEST_1, US_EAST_1},
    shape::{SHAPES, Shape},
    tables::{self, FRONTS, Used},
    usage::Usage,
};

/// What stands before a table in the page, and what after it.
const BEGIN: &str = "<!-- cost: begin ";
const END: &str = "<!-- cost: end -->\n";

/// A table with the name of its place.
pub type Named = (&'static str, String);

/// All tables.
///
/// # Errors
/// [`Invalid`] for traffic that no plan may have.
pub fn tables(threads: usize) -> Result<Vec<Named>, Invalid> {
    let used = in_parallel(&SHAPES, threads, used);
    let used = used.into_iter().collect::<Result<Vec<Used>, _>>()?;
    let rows = in_parallel(&leases::rows(), threads, |(instances, calls)| {
        Row::of(*instances, *calls)
    });
    let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(vec![
        ("with the fee", tables::with_fee(&used, &US_EAST_1)),
        ("added in us-east-1", tables::added(&used, &US_EAST_1)),
        ("added in eu-west-1", tables::added(&used, &EU_WEST_1)),
        ("parts", tables::parts(&used)),
        ("leases", tables::leases(&rows)),
        ("calls of DynamoDB", tables::store_calls(&used)),
        ("Lambda's time", tables::time()),
        ("prices", listing::prices()),
    ])
}

fn used(shape: &Shape) -> Result<Used, Invalid> {
    let mut usages = [None; FRONTS.len()];
    for (usage, front) in usages.iter_mut().zip(FRONTS) {
        *usage = Usage::of(shape, front)?;
    }
    Ok((*shape, usages))
}

/// `page` with these tables in their places; `None` where a place is missing.
pub fn with_tables(page: &str, tables: &[Named]) -> Option<String> {
    tables
        .iter()
        .try_fold(page.to_owned(), |page, (name, table)| {
            let begin = format!("{BEGIN}{name} -->\n");
            let (before, rest) = page.split_once(&begin)?;
            let (_, after) = rest.split_once(END)?;
            Some(format!("{before}{begin}\n{table}\n{END}{after}"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_one_before_and_nothing_else() {
        let page = "a\n<!-- cost: begin x -->\nold\n<!-- cost: end -->\nz\n";
        let made = with_tables(page, &[("x", "| new |\n".to_owned())]).unwrap();
        assert_eq!(
            made,
            "a\n<!-- cost: begin x -->\n\n| new |\n\n<!-- cost: end -->\nz\n"
        );
        let again = with_tables(&made, &[("x", "| new |\n".to_owned())]);
        assert_eq!(again.as_ref(), Some(&made));
        assert_eq!(with_tables(page, &[("y", String::new())]), None);
    }
}
