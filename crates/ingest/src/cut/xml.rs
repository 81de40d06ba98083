//! Event XML: `Event` elements, one after the other or within another element.

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::cut::Content;
use crate::cut::records::{Split, Step};
use crate::xml::{TagEnd, skip_markup, tag_end};

/// How long a prefix, and an `Event` tag, may be for it to be found again after something broken.
const MAX_PREFIX: usize = 64;
const MAX_TAG: usize = 1 << 10;

/// Finds `Event` elements.
#[derive(Debug, Default)]
pub(crate) struct Events;

/// Whether the name at `at` is `wanted`, with a prefix or without.
fn is_named(buf: &[u8], at: usize, wanted: &[u8]) -> bool {
    let name = &buf[at..];
    let is_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'<');
    let len = name.iter().take(256).position(is_end).unwrap_or(name.len());
    let name = &name[..len];
    let local = memchr(b':', name).map_or(name, |colon| &name[colon + 1..]);
    local == wanted
}

/// Whether the tag at `at` opens a Windows event: an `Event` whose first child is `System`.
/// `None`: the text ends before that shows.
fn opens_event(buf: &[u8], at: usize) -> Option<bool> {
    if !is_named(buf, at + 1, b"Event") {
        return Some(false);
    }
    let TagEnd::Closed { at: end, empty } = tag_end(buf, at + 1)? else { return Some(false) };
    let rest = &buf[end + 1..];
    let child = end + 1 + rest.iter().position(|b| !b.is_ascii_whitespace())?;
    buf.get(child + 1)?;
    Some(!empty && buf[child] == b'<' && is_named(buf, child + 1, b"System"))
}

/// The end of the event whose opening tag ends before `from`: after its closing tag, or where
/// another event starts.
fn event_end(buf: &[u8], from: usize) -> Option<usize> {
    plain_end(buf, from).or_else(|| careful_end(buf, from))
}

/// The same for an event in which nothing can be mistaken for its end, without looking at every tag.
fn plain_end(buf: &[u8], from: usize) -> Option<usize> {
    const CLOSE: &[u8] = b"</Event>";
    let len = memmem::find(&buf[from..], CLOSE)?;
    let body = &buf[from..from + len];
    let is_markup = |at: usize| matches!(body.get(at + 1), Some(b'!' | b'?'));
    let mut odd = memchr::memchr2_iter(b'!', b'?', body).filter_map(|at| at.checked_sub(1));
    if odd.any(|at| body[at] == b'<' && is_markup(at)) {
        return None;
    }
    // `EventData` and `EventID` are none.
    let mut nested = memmem::find_iter(body, b"Event").filter(|at| {
        let before = at.checked_sub(1).map(|i| body[i]);
        let after = body.get(at + 5);
        matches!(before, Some(b'<' | b':')) && after.is_none_or(|b| !b.is_ascii_alphanumeric())
    });
    nested.next().is_none().then_some(from + len + CLOSE.len())
}

/// The same for any event.
fn careful_end(buf: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut nested = 0usize;
    loop {
        at += memchr(b'<', &buf[at..])?;
        match buf.get(at + 1)? {
            b'/' => {
                let end = match tag_end(buf, at + 2)? {
                    TagEnd::Closed { at, .. } => at + 1,
                    TagEnd::Broken { at } => at,
                };
                if is_named(buf, at + 2, b"Event") {
                    let Some(outer) = nested.checked_sub(1) else { return Some(end) };
                    nested = outer;
                }
                at = end;
            }
            b'!' | b'?' => at = skip_markup(buf, at).ok()??,
            _ if is_named(buf, at + 1, b"Event") => {
                if opens_event(buf, at)? {
                    return Some(at);
                }
                at = match tag_end(buf, at + 1)? {
                    TagEnd::Closed { at: end, empty } => {
                        nested += usize::from(!empty);
                        end + 1
                    }
                    TagEnd::Broken { at } => at,
                };
            }
            _ => at += 1,
        }
    }
}

impl Split for Events {
    fn next(&mut self, buf: &[u8], from: usize) -> Step {
        let mut at = from;
        // Where text that belongs to no event starts.
        let mut stray = None;
        loop {
            let tag = memchr(b'<', &buf[at..]).map(|len| at + len);
            let text = &buf[at..tag.unwrap_or(buf.len())];
            let inked = text.iter().position(|b| !b.is_ascii_whitespace());
            stray = stray.or(inked.map(|start| at + start));
            // Up to here, and from there.
            let stop = |at: usize, step| stray.map_or(step, |start| Step::Stray(start..at));
            let Some(tag) = tag else { return stop(buf.len(), Step::More(buf.len())) };
            at = match skip_markup(buf, tag) {
                Ok(Some(end)) => end,
                Err(_) => return stop(tag, Step::More(tag)),
                Ok(None) => match tag_end(buf, tag + 1) {
                    None => return stop(tag, Step::More(tag)),
                    Some(_) if stray.is_some() && is_named(buf, tag + 1, b"Event") => {
                        return stop(tag, Step::More(tag));
                    }
                    Some(end) if is_named(buf, tag + 1, b"Event") => {
                        let end = match end {
                            TagEnd::Closed { at, empty: true } => Some(at + 1),
                            TagEnd::Closed { at, empty: false } => event_end(buf, at + 1),
                            TagEnd::Broken { at } => Some(at),
                        };
                        return end.map_or(Step::More(tag), |end| Step::Record(tag..end));
                    }
                    Some(TagEnd::Closed { at, .. }) => at + 1,
                    Some(TagEnd::Broken { at }) => {
                        stray = stray.or(Some(tag));
                        at
                    }
                },
            };
        }
    }

    fn resync(&self, buf: &[u8], from: usize) -> Option<usize> {
        memmem::find_iter(&buf[from..], b"Event").find_map(|found| {
            let name = from + found;
            let near = name.saturating_sub(MAX_PREFIX).max(from);
            let open = near + memchr::memrchr(b'<', &buf[near..name])?;
            // Not further, or many tags without an end would each be searched to the end.
            let window = &buf[..buf.len().min(open + MAX_TAG)];
            (opens_event(window, open) == Some(true)).then_some(open)
        })
    }

    fn content(&self, first_line: u64, records: Vec<Range<usize>>) -> Content {
        Content::Xml { first_line, records }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cut::records::tests::cut;

    /// Checks with every size of block.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        for block in [8, 16, 33, 64, 1024] {
            assert_eq!(cut(text, Events, block, 4096), expected, "{block}: {text}");
        }
    }

    #[test]
    fn events() {
        check("<?xml version='1.0'?>\n<Events>\n</Events>", &[]);
        check(
            "<?xml version='1.0'?>\n<Events a='>'><!-- <Event> -->\n<Event x='>'>1</Event>\n\
             <e:Event>2</e:Event><Event/></Events>",
            &["3[<Event x='>'>1</Event>]", "4[<e:Event>2</e:Event>]", "4[<Event/>]"],
        );
        check(
            "<Event><a><![CDATA[</Event>]]></a><!-- </Event> --></Event>",
            &["1[<Event><a><![CDATA[</Event>]]></a><!-- </Event> --></Event>]"],
        );
        check(
            "<Event><a><Event>x</Event><Event/></a></Event>",
            &["1[<Event><a><Event>x</Event><Event/></a></Event>]"],
        );
        check("<EventLog><EventData/></EventLog>", &[]);
    }

    #[test]
    fn what_is_broken_costs_one_record() {
        let good = "<Event>\n<System/></Event>";
        let lost = [
            "<Event><System/><a",
            "<Event",
            "<Event a='1' ",
            "<Event><System/></Event",
            "<Event><System/><![CDATA[",
            "<Event a='><System/>",
        ];
        for broken in lost {
            check(&format!("{broken}{good}"), &[&format!("1[{broken}]"), &format!("1[{good}]")]);
        }
        check(&format!("{good}<Event><System>"), &[&format!("1[{good}]"), "2[<Event><System>]"]);
        let stray = format!("rubbish <a>more</a>{good}");
        assert_eq!(cut(&stray, Events, 1024, 4096), [&format!("1[{good}]"), "1?"]);
    }
}
