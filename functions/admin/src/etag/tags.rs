//! Lists of entity tags, as `If-Match` and `If-None-Match` have them.

/// `*`, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tags {
    /// Whatever is there.
    Any,
    /// One of these.
    These(Vec<Tag>),
}

/// An entity tag, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    weak: bool,
    opaque: String,
}

impl Tags {
    /// Reads a header's value; none where it is malformed.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let mut rest = text.trim_matches(BLANKS);
        if rest == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        loop {
            // Empty elements of a list are passed over (RFC 9110, 5.6.1).
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                break;
            }
            let (tag, after) = Tag::read(rest)?;
            tags.push(tag);
            rest = after.trim_start_matches(BLANKS);
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::These(tags))
    }

    /// Whether one of them is of this revision; a weak one is of none.
    pub(super) fn name_revision(&self, revision: &str) -> bool {
        let of = |tag: &Tag| tag.opaque.rsplit_once('-').map(|(of, _)| of) == Some(revision);
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| !tag.weak && of(tag)),
        }
    }

    /// Whether one of them is this one, weak or not.
    pub(super) fn name(&self, opaque: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| tag.opaque == opaque),
        }
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

impl Tag {
    /// The tag that a text begins with, and what comes behind it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (weak, quoted) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (opaque, rest) = quoted.strip_prefix('"')?.split_once('"')?;
        let allowed = |c: char| c != ' ' && !c.is_control();
        let opaque = opaque.chars().all(allowed).then(|| opaque.to_owned())?;
        Some((Self { weak, opaque }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Tags> {
        Tags::read(text.as_bytes())
    }

    #[test]
    fn a_revision_is_named_by_strong_tags_only() {
        for (text, named) in [
            ("*", true),
            (r#""3-ab""#, true),
            (r#""3-other""#, true),
            (r#""1-a", W/"2-b" ,, "3-c""#, true),
            (r#"W/"3-ab""#, false),
            (r#""33-ab""#, false),
            (r#""3""#, false),
            (r#""""#, false),
        ] {
            assert_eq!(read(text).unwrap().name_revision("3"), named, "{text}");
        }
    }

    #[test]
    fn a_representation_is_named_whole_weak_or_not() {
        for (text, named) in [
            ("*", true),
            (r#""3-ab""#, true),
            (r#""x,y",W/"3-ab""#, true),
            (r#""3-other""#, false),
        ] {
            assert_eq!(read(text).unwrap().name("3-ab"), named, "{text}");
        }
    }

    #[test]
    fn what_is_malformed_is_nothing() {
        for text in [
            "",
            ",",
            "3-ab",
            r#""3-ab"#,
            r#""a" "b""#,
            r#""a"x"#,
            r#"w/"a""#,
            r#"*, "a""#,
            r#""a b""#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Tags::read(b"\"\xff\""), None);
    }
}
