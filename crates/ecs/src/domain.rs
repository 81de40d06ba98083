//! Domain names by the public suffix list, as Elasticsearch's `registered_domain` processor cuts
//! them.

use std::borrow::Cow;

/// The parts of a domain name that Elasticsearch finds.
#[derive(Debug, PartialEq)]
pub(crate) struct Parts<'a> {
    /// `example.co.uk`.
    pub(crate) registered_domain: Option<Cow<'a, str>>,
    /// What stands before it.
    pub(crate) subdomain: Option<&'a str>,
    /// The registered domain without its first label; for a bare suffix, the name itself.
    pub(crate) top_level_domain: Cow<'a, str>,
}

/// Cuts a name. `None` for names whose suffix is not in the list (`host`, `a.internal`).
///
/// As in Elasticsearch, and unlike the list's own algorithm, a suffix in the list's private part
/// is itself the registered domain: of `x.github.io` it is `github.io`, and the top level domain
/// `io`. The registered domain comes in lower case; a name that is not has no subdomain.
pub(crate) fn parts(name: &str) -> Option<Parts<'_>> {
    if name.starts_with('.') || name.ends_with('.') {
        return None;
    }
    let lower: Cow<'_, str> = if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    };
    let suffix = psl::suffix(lower.as_bytes()).filter(psl::Suffix::is_known)?;
    let registered = if suffix.typ() == Some(psl::Type::Private) {
        suffix.as_bytes().len()
    } else {
        match psl::domain(lower.as_bytes()) {
            Some(domain) => domain.as_bytes().len(),
            None => {
                return Some(Parts {
                    registered_domain: None,
                    subdomain: None,
                    top_level_domain: Cow::Borrowed(name),
                });
            }
        }
    };
    let registered = tail(lower, registered);
    let dot = registered.find('.')?;
    let subdomain = name.strip_suffix(&*registered).and_then(|rest| rest.strip_suffix('.'));
    let top_level_domain = tail(registered.clone(), registered.len() - dot - 1);
    Some(Parts { registered_domain: Some(registered), subdomain, top_level_domain })
}

/// The last `len` bytes.
fn tail(text: Cow<'_, str>, len: usize) -> Cow<'_, str> {
    let at = text.len() - len;
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[at..]),
        Cow::Owned(text) => Cow::Owned(text[at..].to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    /// `expected`: registered domain, subdomain, top level domain; `-` where there is none.
    #[track_caller]
    fn check(name: &str, expected: &str) {
        let shown = parts(name).map_or("none".to_owned(), |p| {
            let registered = p.registered_domain.as_deref().unwrap_or("-").to_owned();
            format!("{registered} {} {}", p.subdomain.unwrap_or("-"), p.top_level_domain)
        });
        assert_eq!(shown, expected, "{name}");
    }

    #[test]
    fn cuts() {
        check("www.example.com", "example.com www com");
        check("a.b.example.co.uk", "example.co.uk a.b co.uk");
        check("example.org", "example.org - org");
        check("co.uk", "- - co.uk");
        check("x.ck", "- - x.ck");
        check("www.ck", "www.ck - ck");
    }

    #[test]
    fn private_suffixes_are_registered_domains() {
        check("some.name.github.io", "github.io some.name io");
        check("github.io", "github.io - io");
    }

    #[test]
    fn unknown_suffixes_give_nothing() {
        check("puppet", "none");
        check("host.internal-thing", "none");
        check("", "none");
        check(".com", "none");
        check("example.com.", "none");
        check("..", "none");
        check("é.ü", "none");
    }

    #[test]
    fn capitals_hide_the_subdomain() {
        check("WWW.Example.COM", "example.com - com");
        check("WWW.example.com", "example.com WWW com");
    }
}
