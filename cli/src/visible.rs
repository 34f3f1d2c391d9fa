//! Others' words on their way to a terminal, which must not obey them.

/// With a replacement sign for each sign that is none of the text's but a terminal's: controls, ends of lines
/// among them, and those that turn the direction of writing.
pub(crate) fn visible(text: &str) -> String {
    let seen = |c: char| if is_obeyed(c) { '\u{fffd}' } else { c };
    text.chars().map(seen).collect()
}

fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn no_text_speaks_to_the_terminal() {
        assert_eq!(
            visible("a\u{1b}[31mb\u{202e}c\n\u{2066}d\u{e9}"),
            "a\u{fffd}[31mb\u{fffd}c\u{fffd}\u{fffd}d\u{e9}"
        );
    }
}
