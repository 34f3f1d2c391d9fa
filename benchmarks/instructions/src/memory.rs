//! What is done in memory for a call, by a program that does each thing a thousand times
//! (benchmarks/parts).

use std::{fmt::Write as _, path::Path};

use latchkey_instructions::{Outcome, in_thousands, marked};

const TIMES: u64 = 1_000;

/// One thing, and what it may take: what was counted when this was last set, and 5 %.
const BOUNDS: [(&str, u64); 18] = [
    ("a generated key value parsed and hashed", 5_470),
    ("a custom key value parsed and hashed", 6_710),
    (OWN, 104),
    (FIRST, 104),
    (LAST, 104),
    ("decided", 530),
    ("decided and spent, with the charges between", 1_690),
    ("decided and refused", 2_130),
    ("an event read: http-2.0", 23_170),
    ("the key value found: http-2.0", 2_090),
    ("the answer put into words: http-2.0", 4_280),
    ("an event read: rest-request", 41_420),
    ("the key value found: rest-request", 4_930),
    ("the answer put into words: rest-request", 4_290),
    ("an event read: rest-token", 5_140),
    ("the key value found: rest-token", 1_420),
    ("the answer put into words: rest-token", 4_280),
    ("the first answer for a key's routes put into words", 14_620),
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
    let program = [
        binary.to_str().ok_or("a binary's name is no UTF-8")?,
        "memory",
    ];
    let parts = marked(&program, |_| (), None)?;
    Ok(parts
        .into_iter()
        .map(|part| (part.name, part.instructions / TIMES))
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
