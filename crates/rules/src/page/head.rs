//! The head of a page: title and description, among what a browser puts around them.

use std::ops::Range;

use serde_json::Value as Json;

use super::{Page, lines};

/// Paragraphs of the head that are looked at; the last ones count.
const MAX_PARAGRAPHS: usize = 200;

/// Reads title and description from the lines before the first fact; the title's line.
pub(super) fn read(page: &mut Page<'_>, end: usize) -> usize {
    let start = front_matter(page, end);
    let marked =
        (start..end).find(|at| is_heading(page.lines[*at].text) && !page.lines[*at].in_code);
    let title = match marked {
        Some(at) => Some((at, at + 1)),
        None => unmarked(page, start..end),
    };
    let Some((title, body)) = title else { return start.min(page.lines.len().saturating_sub(1)) };
    let name = lines::item(&lines::plain(page.lines[title].text));
    if !name.is_empty() {
        let span = page.lines[title].span();
        page.set("name", Json::from(name), span);
    }
    let parts = paragraphs(page, body..end);
    let texts: Vec<String> = parts.iter().map(|part| joined(page, part.clone())).collect();
    if let (Some(first), Some(last)) = (parts.first(), parts.last()) {
        let span = page.span(first.start..last.end);
        page.set("description", Json::from(texts.join("\n\n")), span);
    }
    title
}

/// The line behind the block of keys that Elastic's Markdown begins with.
fn front_matter(page: &Page<'_>, end: usize) -> usize {
    let is_rule = |at: &usize| page.lines[*at].text.trim() == "---";
    let Some(first) = (0..end).find(|at| !page.lines[*at].text.trim().is_empty()) else { return 0 };
    if !is_rule(&first) {
        return 0;
    }
    (first + 1..end).find(is_rule).map_or(0, |last| last + 1)
}

fn is_heading(line: &str) -> bool {
    let rest = line.trim().trim_start_matches(['#', '=']);
    rest.len() < line.trim().len() && rest.starts_with(' ') && !lines::is_artefact(rest)
}

/// Runs of lines without a blank or left-over line between them; the last ones if there are many.
fn paragraphs(page: &Page<'_>, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for at in range {
        let text = page.lines[at].text.trim();
        if text.is_empty() || lines::is_artefact(text) || text.chars().all(|c| "=-".contains(c)) {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => found.push(at..at + 1),
        }
    }
    let surplus = found.len().saturating_sub(MAX_PARAGRAPHS);
    found.split_off(surplus)
}

/// The title's line of a head without headings, and where the description begins.
fn unmarked(page: &Page<'_>, range: Range<usize>) -> Option<(usize, usize)> {
    // The line that says where the page applies stands between title and description.
    let applies = range.clone().rev().find(|at| lines::is_applies(page.lines[*at].text));
    if let Some(applies) = applies
        && let Some(before) = paragraphs(page, range.start..applies).last()
    {
        return Some((before.end - 1, applies + 1));
    }
    let parts = paragraphs(page, range);
    let only = parts.first()?;
    if parts.len() == 1 {
        return Some((only.start, only.start + 1));
    }
    // Sentences at the end are the description; what is before them is the title.
    let sentences = parts.iter().rev().take_while(|part| is_sentence(page, part)).count();
    let title = parts.len().saturating_sub(sentences.max(1) + 1);
    let title = parts.get(title)?;
    Some((title.end - 1, title.end))
}

fn is_sentence(page: &Page<'_>, part: &Range<usize>) -> bool {
    let text = page.lines[part.end - 1].text.trim_end();
    text.ends_with(['.', '!', '?', ':', ')', '"']) || lines::is_bulleted(text) || part.len() > 1
}

/// A paragraph on one line; the items of a list keep theirs.
fn joined(page: &Page<'_>, part: Range<usize>) -> String {
    let mut out = String::new();
    for at in part {
        let text = page.lines[at].text;
        if !out.is_empty() {
            out.push(if lines::is_bulleted(text) { '\n' } else { ' ' });
        }
        out.push_str(lines::markdown(text).trim());
    }
    out
}
