//! Pages of which commands write a part: what stands between its marks is the command's, the rest is
//! written by hand.

/// The page with this text between the marks of a part; none where it has no such marks.
pub fn between_marks(page: &str, part: &str, text: &str) -> Option<String> {
    let (begin, end) = (
        format!("<!-- measured: {part} -->\n"),
        format!("<!-- end: {part} -->"),
    );
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKED: &str = "Before.\n<!-- measured: a -->\nold\n<!-- end: a -->\nAfter.\n";

    #[test]
    fn what_stands_between_the_marks_is_replaced_and_nothing_else() {
        let page = between_marks(MARKED, "a", "new\n").unwrap();
        let expected = "Before.\n<!-- measured: a -->\n\nnew\n\n<!-- end: a -->\nAfter.\n";
        assert_eq!(page, expected);
        assert_eq!(between_marks(&page, "a", "new"), Some(page.clone()));
        assert_eq!(between_marks(MARKED, "b", "new"), None);
    }

    #[test]
    fn the_pages_have_the_marks_of_all_parts() {
        let page = include_str!("../../../docs/performance.md");
        let inside = include_str!("../../../docs/performance/inside.md");
        for (page, parts) in [
            (page, ["rows", "load"].as_slice()),
            (inside, &["instructions", "in memory", "phases", "profile"]),
        ] {
            for part in parts {
                assert!(between_marks(page, part, "").is_some(), "{part}");
            }
        }
    }
}
