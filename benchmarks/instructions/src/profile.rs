//! Where a call goes: what callgrind has counted of it, function by function, added up by what the
//! functions belong to. What is inlined counts for the function that it is in.

use std::{collections::BTreeMap, fmt::Write as _};

use latchkey_instructions::{Outcome, in_thousands};

use crate::callgrind::Counted;

/// What functions belong to, by what their names begin with; the first that fits.
const GROUPS: [(&str, &[&str]); 7] = [
    (
        "Latchkey: event, key, decision, policy, log line",
        &["latchkey"],
    ),
    ("JSON", &["serde", "itoa", "ryu", "memchr"]),
    (
        "the runtime's loop",
        &["lambda_runtime", "tower", "empty_function", "authorizer"],
    ),
    (
        "HTTP",
        &["hyper", "http", "httparse", "bytes", "want", "futures"],
    ),
    ("tokio", &["tokio", "mio", "socket2", "parking_lot"]),
    ("tracing", &["tracing"]),
    (
        "memory asked for and given back",
        &[
            "mi_", "_mi_", "malloc", "free", "realloc", "calloc", "_int_", "unlink", "tcache",
            "__rust",
        ],
    ),
];
const HASH: &str = "SHA-256";
/// libc's, of which copying and comparing is most, and what std has beside what is inlined.
const REST: &str = "libc and std";

/// A part of callgrind's output: instructions of each function itself, without those it calls.
type Functions = BTreeMap<String, u64>;

/// The parts, in order.
fn parts(output: &str) -> Vec<Functions> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut parts, mut part, mut function) = (Vec::new(), Functions::new(), "");
    let mut is_callee_s = false;
    for line in output.lines() {
        if let Some(named) = line.strip_prefix("fn=").or(line.strip_prefix("cfn=")) {
            // `(7) name` where it is first met, `(7)` from there on.
            let (id, name) = named.split_once(' ').unwrap_or((named, ""));
            if !name.is_empty() {
                names.insert(id, name);
            }
            if line.starts_with("fn=") {
                function = names.get(id).copied().unwrap_or_default();
            }
        } else if line.starts_with("calls=") {
            is_callee_s = true;
        } else if line.starts_with("totals:") {
            parts.push(std::mem::take(&mut part));
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse().ok());
            if !std::mem::take(&mut is_callee_s) {
                *part.entry(function.to_owned()).or_default() += cost.unwrap_or(0);
            }
        }
    }
    parts
}

/// Of a call that sends `sends` things: what each group takes. It is the call in whose parts the
/// least is done of a tenth of the later ones, as [`Counted::call`] has it.
///
/// # Errors
/// Where no call's functions come to what it took.
fn call(counted: &Counted, sends: usize) -> Outcome<BTreeMap<&'static str, u64>> {
    let expected = counted.call(sends);
    let parts = parts(&counted.output);
    let total = |part: &Functions| part.values().sum::<u64>();
    let found = parts
        .windows(sends)
        .rev()
        .find(|call| call.iter().map(total).sum::<u64>() == expected);
    let found = found.ok_or("callgrind's functions do not come to what a call took")?;
    let mut groups = BTreeMap::new();
    for (function, cost) in found.iter().flatten() {
        *groups.entry(group(function)).or_default() += cost;
    }
    Ok(groups)
}

fn group(function: &str) -> &'static str {
    let function = function.trim_start_matches("core::ptr::drop_in_place");
    let name = function.trim_start_matches(['<', '&', '*', '(', '[']);
    let name = name.trim_start_matches("mut ").trim_start_matches("dyn ");
    if function.contains("sha256") {
        return HASH;
    }
    let fits = |(_, beginnings): &&(&str, &[&str])| {
        beginnings
            .iter()
            .any(|beginning| name.starts_with(beginning))
    };
    GROUPS.iter().find(fits).map_or(REST, |(group, _)| group)
}

/// Where a leased call goes, beside what the empty function does.
///
/// # Errors
/// Where callgrind's output does not tell.
pub(crate) fn table(empty: &Counted, authorizer: &Counted, sends: usize) -> Outcome<String> {
    let mut table =
        "| instructions of a leased call | empty function | authorizer |\n| --- | ---: | ---: |\n"
            .to_owned();
    let (empty, authorizer) = (call(empty, sends)?, call(authorizer, sends)?);
    let names = GROUPS.iter().map(|(name, _)| *name).chain([HASH, REST]);
    for name in names {
        let of = |groups: &BTreeMap<&str, u64>| groups.get(name).copied().unwrap_or(0);
        let [empty, authorizer] = [&empty, &authorizer].map(|groups| in_thousands(of(groups)));
        _ = writeln!(table, "| {name} | {empty} | {authorizer} |");
    }
    let [empty, authorizer] = [empty, authorizer].map(|groups| in_thousands(groups.values().sum()));
    _ = writeln!(table, "| all | {empty} | {authorizer} |");
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "part: 1\nfn=(1) latchkey_domain::decide\n3 10\ncfn=(2) memcpy\ncalls=1 9\n+2 500\n* 5\nfn=(2)\n9 500\ntotals: 515\n\
        part: 2\nfn=(1)\n3 7\ntotals: 7\n";

    #[test]
    fn a_function_s_own_are_added_up_and_those_it_calls_are_not() {
        let parts = parts(OUTPUT);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0]["latchkey_domain::decide"], 15);
        assert_eq!((parts[0]["memcpy"], parts[1].len()), (500, 1));
    }

    #[test]
    fn a_call_is_told_by_functions_or_not_at_all() {
        let counted = |parts: Vec<u64>| Counted {
            parts,
            last: None,
            output: OUTPUT.to_owned(),
        };
        let told = call(&counted(vec![7, 7, 0]), 1).unwrap();
        assert_eq!(told, BTreeMap::from([(GROUPS[0].0, 7)]));
        assert!(call(&counted(vec![8, 8, 0]), 1).is_err());
    }

    #[test]
    fn a_function_belongs_to_the_crate_that_its_name_begins_with() {
        for (function, expected) in [
            ("<latchkey_domain::Key as Clone>::clone", GROUPS[0].0),
            ("core::ptr::drop_in_place<hyper::Body>", GROUPS[3].0),
            ("<&mut tokio::io::Driver as Poll>::poll", GROUPS[4].0),
            ("mi_malloc_aligned", GROUPS[6].0),
            ("ring_core_0_17_14__sha256_block_data_order", HASH),
            ("__memcpy_avx_unaligned_erms", REST),
            ("core::fmt::write", REST),
        ] {
            assert_eq!(group(function), expected, "{function}");
        }
    }
}
