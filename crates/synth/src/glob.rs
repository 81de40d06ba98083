//! Wildcard patterns as lists of tokens: what several of them have in common, and texts for them.

use std::collections::HashSet;

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// This character; in either case, if the flag is set and it is an ASCII letter.
    Char(char, bool),
    /// One character.
    One,
    /// Any run of characters.
    Many,
}

/// A pattern.
pub(crate) type Glob = Vec<Token>;

/// The pattern that a text with `*` and `?` is.
pub(crate) fn glob(text: &str, fold: bool) -> Glob {
    let token = |c| match c {
        '*' => Token::Many,
        '?' => Token::One,
        c => Token::Char(c, fold),
    };
    text.chars().map(token).collect()
}

/// The pattern that matches nothing but a text.
pub(crate) fn literal(text: &str, fold: bool) -> Glob {
    text.chars().map(|c| Token::Char(c, fold)).collect()
}

/// Longest patterns that are brought together; the time is the product of their lengths.
const MAX_TOKENS: usize = 600;

/// A pattern whose texts all match both; there may be others. `None` if no text does.
///
/// A star of one takes over what the other has next, or ends; which of the two leads to an end is
/// found by trying, with what failed kept in mind.
pub(crate) fn intersect(left: &[Token], right: &[Token]) -> Option<Glob> {
    if left.len() > MAX_TOKENS || right.len() > MAX_TOKENS {
        return None;
    }
    // Each step is undone by its number of tokens: the path so far, and where it can go on.
    let mut failed: HashSet<(usize, usize)> = HashSet::new();
    let mut path: Vec<(usize, usize, Option<Token>)> = Vec::new();
    let mut open = vec![(0, 0, 0, None)];
    while let Some((i, j, depth, token)) = open.pop() {
        path.truncate(depth);
        path.push((i, j, token));
        if i == left.len() && j == right.len() {
            return Some(path.into_iter().filter_map(|(_, _, token)| token).collect());
        }
        if !failed.insert((i, j)) {
            continue;
        }
        let depth = path.len();
        // Pushed last is tried first.
        for (next_i, next_j, token) in steps(left.get(i).copied(), right.get(j).copied())
            .into_iter()
            .flatten()
            .map(|(di, dj, token)| (i + di, j + dj, token))
        {
            open.push((next_i, next_j, depth, token));
        }
    }
    None
}

/// How far one can go on either side, with what is written; the preferred way last.
fn steps(left: Option<Token>, right: Option<Token>) -> [Option<(usize, usize, Option<Token>)>; 2] {
    use Token::{Char, Many, One};
    match (left, right) {
        (Some(Many), Some(Many)) => [Some((0, 1, Some(Many))), Some((1, 0, Some(Many)))],
        (Some(Many), Some(other)) => [Some((1, 0, None)), Some((0, 1, Some(other)))],
        (Some(other), Some(Many)) => [Some((0, 1, None)), Some((1, 0, Some(other)))],
        (Some(Many), None) => [None, Some((1, 0, None))],
        (None, Some(Many)) => [None, Some((0, 1, None))],
        (Some(Char(a, fold_a)), Some(Char(b, fold_b))) => {
            let same = a == b || ((fold_a || fold_b) && a.eq_ignore_ascii_case(&b));
            // The character of the side that cannot give way.
            let c = if fold_a { b } else { a };
            [
                None,
                (same && (a == b || fold_a || fold_b)).then_some((
                    1,
                    1,
                    Some(Char(c, fold_a && fold_b)),
                )),
            ]
        }
        (Some(One), Some(other)) | (Some(other), Some(One)) => [None, Some((1, 1, Some(other)))],
        (None, _) | (_, None) => [None, None],
    }
}

/// What stars become, one after the other; `?` becomes the first character of what a star would
/// be, or a plain one.
pub(crate) const FILLERS: &[&str] = &["", "quay7", "Q", "-9", "\\x\\", "/x/", "Aa0.b"];

/// A text that the pattern matches.
pub(crate) fn expand(glob: &[Token], filler: &str) -> String {
    let one = filler.chars().next().unwrap_or('d');
    let mut text = String::new();
    let mut after_star = false;
    for token in glob {
        match token {
            Token::Char(c, _) => text.push(*c),
            Token::One => text.push(one),
            // Two stars in a row are one.
            Token::Many if after_star => {}
            Token::Many => text.push_str(filler),
        }
        after_star = *token == Token::Many;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_plan::pattern::Wildcard;
    use proptest::prelude::*;

    #[track_caller]
    fn check(left: (&str, bool), right: (&str, bool), expected: bool) {
        let both = intersect(&glob(left.0, left.1), &glob(right.0, right.1));
        assert_eq!(both.is_some(), expected, "{both:?}");
        for (filler, both) in FILLERS.iter().zip(std::iter::repeat(&both)) {
            let Some(both) = both else { continue };
            let text = expand(both, filler);
            assert!(Wildcard::new(left.0, left.1).is_match(&text), "{text}");
            assert!(Wildcard::new(right.0, right.1).is_match(&text), "{text}");
        }
    }

    #[test]
    fn what_two_patterns_have_in_common() {
        check(("*\\quay\\*", false), ("*.exe", false), true);
        check(("a*", false), ("*b", false), true);
        check(("a", true), ("A", false), true);
        check(("a", false), ("A", false), false);
        check(("?:\\*", false), ("C:\\x", false), true);
        check(("*a*b*", false), ("*b*a*", false), true);
        check(("ab", false), ("*abc*", false), false);
        check(("", false), ("*", false), true);
        check(("*x", false), ("*y", false), false);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        /// Whatever both match is no proof of a common pattern, but a text that both match must be found
        /// possible, and what is found must match.
        #[test]
        fn common_patterns_are_common(
            left in "[abA*?]{0,6}", right in "[abB*?]{0,6}", text in "[abAB]{0,6}",
            folds in any::<(bool, bool)>(),
        ) {
            let (a, b) = (Wildcard::new(&left, folds.0), Wildcard::new(&right, folds.1));
            match intersect(&glob(&left, folds.0), &glob(&right, folds.1)) {
                Some(both) => for filler in FILLERS {
                    let text = expand(&both, filler);
                    prop_assert!(a.is_match(&text) && b.is_match(&text), "{}", text);
                },
                None => prop_assert!(!(a.is_match(&text) && b.is_match(&text))),
            }
        }
    }
}
