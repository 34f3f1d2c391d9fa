//! What is done in memory for a call, by a program that does each thing a thousand times between
//! two writes.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use crate::{
    Outcome,
    callgrind::{Output, VALGRIND, parts},
    in_thousands,
};

const TIMES: u64 = 1_000;

/// One thing, and what it may take: what was counted when this was last set, and 5 %.
const BOUNDS: [(&str, u64); 8] = [
    ("a generated key value parsed and hashed", 5_440),
    ("a custom key value parsed and hashed", 6_680),
    (OWN, 104),
    (FIRST, 104),
    (LAST, 104),
    ("decided", 549),
    ("decided and spent, with the charges between", 1_479),
    ("decided and refused", 1_855),
];

/// What a key's hash is compared with. The time that it takes must not tell how much of a hash is
/// right, so these take as many instructions, each.
const OWN: &str = "a hash compared: the key's own";
const FIRST: &str = "a hash compared: another one in its first digit";
const LAST: &str = "a hash compared: another one in its last digit";

/// The table, and whether something in it is beyond its bound.
///
/// # Errors
/// Where the program or callgrind fails, or what it does is not what is bounded here.
pub(crate) fn table(binary: &Path) -> Outcome<(String, bool)> {
    let counted = counted(binary)?;
    if !counted
        .iter()
        .map(|(name, _)| name)
        .eq(BOUNDS.map(|(name, _)| name).iter())
    {
        return Err(format!("the program does other things than are bounded: {counted:?}").into());
    }
    if !are_alike(&counted) {
        return Err(format!("where a hash differs can be told: {counted:?}").into());
    }
    let mut table = "| instructions, in memory | each | bound |\n| --- | --- | --- |\n".to_owned();
    let mut is_too_much = false;
    for ((name, each), (_, bound)) in counted.iter().zip(BOUNDS) {
        is_too_much |= *each > bound;
        let [each, bound] = [*each, bound].map(in_thousands);
        writeln!(table, "| {name} | {each} | {bound} |")?;
    }
    Ok((table, is_too_much))
}

/// Whether all hashes are compared by as many instructions, but for what is rounded.
fn are_alike(counted: &[(String, u64)]) -> bool {
    let of_hashes = counted
        .iter()
        .filter(|(name, _)| [OWN, FIRST, LAST].contains(&name.as_str()));
    let (least, most) = of_hashes.fold((u64::MAX, 0), |(least, most), (_, each)| {
        (least.min(*each), most.max(*each))
    });
    most.saturating_sub(least) <= 1
}

/// Each thing with the instructions that it takes once.
fn counted(binary: &Path) -> Outcome<Vec<(String, u64)>> {
    let output = Output::new();
    let ran = Command::new(VALGRIND)
        .args([
            "--tool=callgrind",
            "--dump-before=write",
            "--combine-dumps=yes",
            "--dump-line=no",
        ])
        .arg(output.argument())
        .arg(binary)
        .output()?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
    }
    let lines = String::from_utf8(ran.stdout)?;
    // The first part is what comes before the first line.
    let parts = parts(&fs::read_to_string(output.path())?);
    let named = lines.lines().zip(parts.iter().skip(1));
    let named = named.filter(|(name, _)| !name.is_empty());
    Ok(named
        .map(|(name, part)| (name.to_owned(), part / TIMES))
        .collect())
}

#[test]
fn what_a_wrong_hash_takes_is_told_from_what_a_right_one_does() {
    let counted = |of_last| {
        let of_hashes = [(OWN, 382), (FIRST, 381), (LAST, of_last), ("decided", 802)];
        of_hashes.map(|(name, each)| (name.to_owned(), each))
    };
    assert!(are_alike(&counted(382)));
    assert!(!are_alike(&counted(383)) && !are_alike(&counted(370)));
}
