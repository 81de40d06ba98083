//! Writing new numbers into a test file.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

/// Replaces parts of a file; everything around them stays as it is, comments included.
///
/// # Errors
/// If the file cannot be written, or has been changed since it was read.
pub(super) fn write(
    path: &Path,
    text: &str,
    changes: &mut [(Range<usize>, String)],
) -> io::Result<()> {
    if fs::read_to_string(path)? != text {
        return Err(io::Error::other("it has been changed in the meantime"));
    }
    fs::write(path, replace(text, changes))
}

/// The text with other words at these places, which do not overlap.
fn replace(text: &str, changes: &mut [(Range<usize>, String)]) -> String {
    changes.sort_by_key(|(span, _)| span.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, word) in changes.iter() {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(word);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_stays() {
        let text = "a: 1 # é\nb: 22\n";
        let mut changes = [(12..14, "3".to_owned()), (3..4, "10".to_owned())];
        let at = text.find("22").unwrap();
        changes[0].0 = at..at + 2;
        assert_eq!(replace(text, &mut changes), "a: 10 # é\nb: 3\n");
    }
}
