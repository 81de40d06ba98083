//! The query of a page: in its own part, in a fence, or straight behind the guide.
//!
//! An EQL query is known by its grammar: a text is one if it parses. Of the other languages only the first
//! line can be judged.

use std::ops::Range;

use serde_json::Value as Json;

use super::{Page, Section, lines};
use crate::literal::StringMap;

/// Lines that are tried as a query's first, and ends that are tried for each.
const MAX_STARTS: usize = 12;
const MAX_ENDS: usize = 12;
/// The most lines of a comment before a query.
const MAX_COMMENT: usize = 30;
/// The longest text that is tried, in bytes. Elastic's longest query has 50 KB.
const MAX_TRIED: usize = 128 * 1024;

/// Finds the query, sets it, and gives its lines and where its characters stand.
pub(super) fn read(
    page: &mut Page<'_>,
    sections: &[(Section, Range<usize>)],
) -> Option<(Range<usize>, StringMap)> {
    let rule_type = page.fields.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
    let under_heading = sections.iter().find(|(section, _)| *section == Section::Query);
    let found = match under_heading {
        Some((_, at)) => own_part(page, &rule_type, at.start + 1..at.end),
        None => sections.iter().rev().find_map(|(section, at)| match section {
            Section::Threat | Section::FalsePositives => None,
            _ => {
                fenced(page, &rule_type, at.clone()).or_else(|| bare(page, &rule_type, at.clone()))
            }
        }),
    };
    let lines = trimmed(page, found?)?;
    let (text, pieces) = text_of(page, lines.clone());
    let span = page.span(lines.clone());
    let fenced = lines.start.checked_sub(1).is_some_and(|above| page.lines[above].fence);
    if under_heading.is_none() && !fenced && rule_type != "eql" {
        let first = page.lines[lines.start].span();
        page.doubt(
            first,
            "the query has neither heading nor fence; that it begins here is a guess",
        );
    }
    page.set("query", Json::from(text), span);
    Some((lines, StringMap::of_pieces(&pieces)))
}

/// The query of a part that is headed as such.
fn own_part(page: &Page<'_>, rule_type: &str, at: Range<usize>) -> Option<Range<usize>> {
    if let Some(code) = fences(page, at.clone()).next() {
        return Some(code);
    }
    let first = at.clone().find(|n| !is_noise(page, *n))?;
    let whole = first..at.end;
    if rule_type == "eql" {
        return Some(parsed(page, first, at.end).unwrap_or(whole));
    }
    // Left-over lines of the page end what is not in a fence.
    let end = whole.clone().find(|n| lines::is_artefact(page.lines[*n].text));
    Some(first..end.unwrap_or(at.end))
}

/// Whether a line is blank or left over.
fn is_noise(page: &Page<'_>, at: usize) -> bool {
    let text = page.lines[at].text;
    text.trim().is_empty() || lines::is_artefact(text)
}

/// The insides of fences.
fn fences<'p>(page: &'p Page<'_>, at: Range<usize>) -> impl Iterator<Item = Range<usize>> + 'p {
    let end = at.end;
    at.filter(move |n| page.lines[*n].fence).filter_map(move |open| {
        let close = (open + 1..end).find(|n| page.lines[*n].fence)?;
        let inside = page.lines.get(open + 1..close)?;
        (close > open + 1 && inside.iter().all(|line| line.in_code)).then_some(open + 1..close)
    })
}

/// The last fence that holds a query. Guides have fences too, with queries of other tools.
fn fenced(page: &Page<'_>, rule_type: &str, at: Range<usize>) -> Option<Range<usize>> {
    let mut codes: Vec<_> = fences(page, at).collect();
    codes.reverse();
    codes.into_iter().take(MAX_STARTS).find(|code| {
        let first = code.clone().find(|n| !page.lines[*n].text.trim().is_empty());
        first.is_some_and(|first| match rule_type {
            "eql" => is_eql(page, code.clone()),
            _ => begins_query(rule_type, page.lines[first].text),
        })
    })
}

/// A query without a fence and a heading: the last part of the text that can be one.
fn bare(page: &Page<'_>, rule_type: &str, at: Range<usize>) -> Option<Range<usize>> {
    let is_start =
        |n: &usize| !page.lines[*n].fence && begins_query(rule_type, page.lines[*n].text);
    let starts: Vec<usize> = at.clone().filter(is_start).collect();
    if rule_type != "eql" {
        // The guide before it is full of lists, and these languages have nothing that looks like one.
        let list = at.clone().rev().find(|n| lines::is_bulleted(page.lines[*n].text));
        let start = starts.into_iter().find(|start| list.is_none_or(|list| *start > list))?;
        return Some(with_comments(page, at.start, start..at.end));
    }
    let tried = starts.len().saturating_sub(MAX_STARTS);
    let found = starts[tried..].iter().find_map(|start| parsed(page, *start, at.end));
    // Where nothing parses, the query is broken and is told so by its own diagnostics.
    let found = found.or_else(|| starts.last().map(|start| *start..at.end))?;
    Some(with_comments(page, at.start, found))
}

/// From a line to the farthest end up to which the text parses: the end of the part, or of a paragraph.
fn parsed(page: &Page<'_>, start: usize, end: usize) -> Option<Range<usize>> {
    let blank = |n: &usize| is_noise(page, *n);
    let ends = (start + 1..end).rev().filter(blank).take(MAX_ENDS - 1);
    std::iter::once(end).chain(ends).map(|end| start..end).find(|at| is_eql(page, at.clone()))
}

fn is_eql(page: &Page<'_>, at: Range<usize>) -> bool {
    let text = text_of(page, at).0;
    text.len() <= MAX_TRIED && dragnet_eql::parse(&text).0.is_some()
}

/// The query with the comments that stand before it, blank lines between or not.
fn with_comments(page: &Page<'_>, from: usize, at: Range<usize>) -> Range<usize> {
    let text = |n: usize| page.lines[n].text.trim();
    let mut start = at.start;
    while let Some(last) = (from..start).rev().find(|n| !text(*n).is_empty()) {
        let opening = (from..=last).rev().take(MAX_COMMENT).find(|n| text(*n).starts_with("/*"));
        start = match opening {
            _ if text(last).starts_with("//") => last,
            Some(opening) if text(last).ends_with("*/") => opening,
            _ => break,
        };
    }
    start..at.end
}

/// Whether a line can be the first of a query of a rule's type.
fn begins_query(rule_type: &str, line: &str) -> bool {
    if lines::is_bulleted(line) {
        return false;
    }
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next();
    let lower = first.to_ascii_lowercase();
    match rule_type {
        // EQL's words are written in lower case.
        "eql" => match first {
            "sequence" | "sample" => second.is_none_or(|word| {
                word.starts_with('[') || word == "by" || word.starts_with("with")
            }),
            _ => second == Some("where") && is_category(first),
        },
        // "From" begins sentences too; an index has signs that words do not have.
        "esql" => {
            let is_index = |word: &str| word.contains(['-', '*', ':', ',', '"', '|', '_']);
            let opens = matches!(lower.as_str(), "from" | "ts" if second.is_none_or(is_index));
            (opens || lower == "row" && line.contains('=')) && !line.starts_with([' ', '\t'])
        }
        "machine_learning" => false,
        _ => is_kql(line),
    }
}

fn is_category(word: &str) -> bool {
    let bare = word.trim_matches(['"', '`']);
    !bare.is_empty() && bare.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c))
}

/// Whether a line begins with a field and a colon or a comparison, as KQL and Lucene do.
fn is_kql(line: &str) -> bool {
    let line = line.trim_start_matches(['(', ' ']);
    let line = line.strip_prefix("not ").unwrap_or(line).trim_start_matches(['(', ' ']);
    let Some((field, _)) = line.split_once([':', '<', '>']) else { return false };
    let field = field.trim();
    field.contains('.') && field.chars().all(|c| c.is_alphanumeric() || "_.@*-".contains(c))
}

/// The lines without blank and left-over ones at both ends; `None` if there is nothing else.
fn trimmed(page: &Page<'_>, at: Range<usize>) -> Option<Range<usize>> {
    let full = |n: &usize| !is_noise(page, *n);
    let first = at.clone().find(full)?;
    let last = at.rev().find(full)?;
    Some(first..last + 1)
}

/// The text of lines, joined by line feeds whatever ends them in the file, and for each piece of it
/// its length and where it stands. The hard spaces of a browser's window are plain ones again.
fn text_of(page: &Page<'_>, at: Range<usize>) -> (String, Vec<(usize, Range<usize>)>) {
    let mut text = String::new();
    let mut pieces = Vec::new();
    let mut end = None;
    for line in page.lines.get(at).unwrap_or_default() {
        if let Some(end) = end {
            text.push('\n');
            pieces.push((1, end..line.start));
        }
        let mut start = line.start;
        for (number, part) in line.text.split('\u{a0}').enumerate() {
            if number > 0 {
                text.push(' ');
                pieces.push((1, start..start + 2));
                start += 2;
            }
            text.push_str(part);
            pieces.push((part.len(), start..start + part.len()));
            start += part.len();
        }
        end = Some(start);
    }
    debug_assert!(end.unwrap_or(0) <= page.text.len());
    (text, pieces)
}
