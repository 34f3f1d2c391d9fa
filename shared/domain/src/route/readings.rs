//! The ways in which somebody behind API Gateway may read a path.

use std::borrow::Cow;

/// How often a path may have been encoded: once on its way to API Gateway, and again by each of
/// those who pass it on.
pub(super) const DECODINGS: usize = 4;

/// A path as whoever takes a backslash for a slash reads it.
pub(super) fn slashed(path: &str) -> Cow<'_, str> {
    if path.contains('\\') {
        return Cow::Owned(path.replace('\\', "/"));
    }
    Cow::Borrowed(path)
}

/// Whether a path can be read in one way only.
pub(super) fn is_plain(path: &str) -> bool {
    let ends = path.len() > 1 && path.ends_with('/');
    !(ends || path.contains(['%', '\\', ';']) || path.contains("//") || path.contains("/."))
}

/// A path as a web server may resolve it: without empty segments and parameters of segments, and
/// with `.` and `..` carried out.
pub(super) fn resolved(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split(['/', '\\']) {
        match bare(segment) {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    format!("/{}", segments.join("/"))
}

/// A segment without parameters of its own (`..;a=1`), which servlet containers cut off, and
/// without blanks and control characters around it.
fn bare(segment: &str) -> &str {
    let name = segment.split(';').next().unwrap_or_default();
    name.trim_matches(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether a segment leads up or nowhere.
pub(super) fn climbs(segment: &str) -> bool {
    matches!(bare(segment), "." | "..")
}
