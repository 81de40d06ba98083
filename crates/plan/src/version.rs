//! The order of versions.

use std::cmp::Ordering;

/// Orders two versions as Elasticsearch's `version` field does: by their numeric parts, a
/// pre-release before its release, then by build; what is no version comes after all that are, by
/// its text. Of two of which one begins with the other's parts, the shorter comes first: `1.2` is
/// not `1.2.0`.
pub(crate) fn compare_versions(a: &str, b: &str) -> Ordering {
    match (Version::parse(a), Version::parse(b)) {
        (Some(a), Some(b)) => a.compare(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// A version's parts, as text.
struct Version<'a> {
    main: &'a str,
    pre_release: Option<&'a str>,
    build: Option<&'a str>,
}

impl<'a> Version<'a> {
    /// Reads `1.2.3-beta.4+build`, with any number of numeric parts, none of them with leading zeros.
    fn parse(text: &'a str) -> Option<Version<'a>> {
        let (rest, build) = cut(text, '+');
        let (main, pre_release) = cut(rest, '-');
        let identifier = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let numeric = |part: &str| is_number(part) && (part == "0" || !part.starts_with('0'));
        let ok = main.split('.').all(numeric)
            && pre_release.is_none_or(|p| {
                p.split('.').all(|part| identifier(part) && (!is_number(part) || numeric(part)))
            })
            && build.is_none_or(|b| b.split('.').all(identifier));
        ok.then_some(Version { main, pre_release, build })
    }

    fn compare(&self, other: &Version<'_>) -> Ordering {
        self.main
            .split('.')
            .map(Part)
            .cmp(other.main.split('.').map(Part))
            .then_with(|| match (self.pre_release, other.pre_release) {
                (Some(a), Some(b)) => a.split('.').map(Part).cmp(b.split('.').map(Part)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            })
            .then_with(|| self.build.cmp(&other.build))
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(head, tail)| (head, Some(tail)))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
}

/// A part between dots: numbers by value, before all text; text by its bytes.
#[derive(PartialEq, Eq)]
struct Part<'a>(&'a str);

impl Ord for Part<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.0, other.0);
        match (is_number(a), is_number(b)) {
            // Without leading zeros the longer number is the larger one.
            (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => a.cmp(b),
        }
    }
}

impl PartialOrd for Part<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascending() {
        let versions = [
            "0.9",
            "1.2-alpha",
            "1.2",
            "1.2.0-1",
            "1.2.0-2",
            "1.2.0-11",
            "1.2.0-alpha",
            "1.2.0-alpha.1",
            "1.2.0-alpha.beta",
            "1.2.0-beta",
            "1.2.0",
            "1.2.0+a",
            "1.2.0+b",
            "1.2.1",
            "1.10",
            "1.10.0.5",
            "2",
            "99999999999999999999999.1",
            // No versions from here on.
            "",
            "1..2",
            "1.02",
            "1.2-",
            "abc",
        ];
        for (i, a) in versions.iter().enumerate() {
            for (j, b) in versions.iter().enumerate() {
                assert_eq!(compare_versions(a, b), i.cmp(&j), "{a:?} against {b:?}");
            }
        }
    }
}
