//! Documentation pages: a rule as Elastic publishes it for people.
//!
//! Every prebuilt rule has a page, which exists as Markdown, as `AsciiDoc` and as the bare text that is left
//! of it when a browser's window is copied. What all forms share is the order (title, description, facts
//! with labels, guide, setup, query, ATT&CK mapping) and the labels; bullets, headings, links and
//! fences differ, and any part may be missing. So a page is read by its lines: markup is taken off, labels
//! and headings are looked up in tables, and only the query is kept to the letter.
//!
//! The price is that prose is guessed at: a title without any markup is the line before the description. What
//! was on the page and could not be read is a warning with its line.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Number, Value as Json};

use crate::document::{Contents, Entry, Format, Spans};
use crate::problem::Place;

mod facts;
mod head;
mod lines;
mod query;
mod threat;

use lines::Line;

/// Doubts about one page that are named one by one.
const MAX_DOUBTS: usize = 50;

/// Reads a page. A text that is none has no entries.
pub(crate) fn read(path: &str, text: &Arc<str>) -> Contents {
    let mut contents = Contents::new(path, text.clone(), Format::Page);
    if is_page(text) {
        contents.entries.push(entry(text));
    }
    contents
}

/// Whether a text looks like a rule's page: it names a rule type, and two more facts that pages have.
pub(crate) fn is_page(text: &str) -> bool {
    let mut type_seen = false;
    let mut others = 0;
    for line in text.lines() {
        match facts::label(line) {
            Some((label, value)) if label.key == "type" => type_seen |= !value.is_empty(),
            Some(_) => others += 1,
            None if !type_seen && line.trim() == "[rule]" => return false,
            None => {}
        }
        if type_seen && others >= 2 {
            return true;
        }
    }
    false
}

/// What a page says, as it is found.
struct Page<'t> {
    text: &'t str,
    lines: Vec<Line<'t>>,
    fields: Map<String, Json>,
    spans: Spans,
    doubts: Vec<(Range<usize>, String)>,
}

impl Page<'_> {
    /// Sets a key of the rule; the first value stays.
    fn set(&mut self, key: &str, value: Json, span: Range<usize>) {
        if !self.fields.contains_key(key) {
            self.fields.insert(key.to_owned(), value);
            self.spans.insert(key.to_owned(), span);
        }
    }

    /// Notes what could not be read.
    fn doubt(&mut self, span: Range<usize>, message: impl Into<String>) {
        match self.doubts.len() {
            MAX_DOUBTS => self.doubts.push((span, "more of the page cannot be read".to_owned())),
            count if count < MAX_DOUBTS => self.doubts.push((span, message.into())),
            _ => {}
        }
    }

    /// The bytes of the file from the first of these lines to the last.
    fn span(&self, lines: Range<usize>) -> Range<usize> {
        match (self.lines.get(lines.start), self.lines.get(lines.end.saturating_sub(1))) {
            (Some(first), Some(last)) if lines.start < lines.end => {
                first.span().start..last.span().end
            }
            _ => 0..0,
        }
    }
}

fn entry(text: &str) -> Entry {
    let mut page = Page {
        text,
        lines: lines::split(text),
        fields: Map::new(),
        spans: Spans::new(),
        doubts: Vec::new(),
    };
    let first = (0..page.lines.len()).find(|at| facts::label(page.lines[*at].text).is_some());
    let first = first.unwrap_or(page.lines.len());
    let title = head::read(&mut page, first);
    let body = facts::read(&mut page, first);
    let sections = sections(&page, body);
    for (section, at) in &sections {
        match section {
            Section::FalsePositives => false_positives(&mut page, at.clone()),
            Section::Threat => threat::read(&mut page, at.clone()),
            Section::Guide | Section::Setup | Section::Query | Section::Other => {}
        }
    }
    let (query, map) = query::read(&mut page, &sections).unzip();
    // Prose last: a query that stands at the end of the guide is not part of it.
    for (section, at) in sections {
        let kept = match &query {
            Some(query) if at.contains(&query.start) => before_query(&mut page, &at, query),
            _ => at,
        };
        match section {
            Section::Guide => prose(&mut page, "note", kept),
            Section::Setup => prose(&mut page, "setup", kept),
            Section::Other => other(&mut page, kept),
            Section::Query | Section::FalsePositives | Section::Threat => {}
        }
    }
    // Elastic's pages do not say which language a query of another type is in; the fence of Dragnet's own does.
    let fence = query.as_ref().and_then(|query| page.lines.get(query.start.checked_sub(1)?));
    let told = fence.and_then(|line| lines::language(line.text));
    let language = match page.fields.get("type").and_then(Json::as_str) {
        Some(language @ ("eql" | "esql")) => Some(language.to_owned()),
        _ => told.map(str::to_owned),
    };
    if let Some(language) = language {
        page.fields.insert("language".to_owned(), Json::from(language));
    }
    another_rule(&mut page);
    let start = page.lines.get(title).map_or(0, |line| line.start);
    Entry {
        fields: page.fields,
        extra: Map::new(),
        start: Place::START.advance(text, start),
        spans: page.spans.into(),
        query: map,
        doubts: page.doubts,
    }
}

/// Names the beginning of a second rule's page: a file holds one.
fn another_rule(page: &mut Page<'_>) {
    let is_type = |line: &&Line<'_>| {
        let label = facts::label(line.text);
        !line.in_code
            && label.is_some_and(|(label, value)| label.key == "type" && !value.is_empty())
    };
    if let Some(span) = page.lines.iter().filter(is_type).nth(1).map(Line::span) {
        page.doubt(span, "the page of another rule is not read: a file holds one page");
    }
}

/// The parts of a page behind its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Guide,
    Setup,
    FalsePositives,
    Query,
    Threat,
    /// Nothing that a rule has a key for.
    Other,
}

/// The headings of the parts, without markup and in lower case.
const HEADINGS: &[(&str, Section)] = &[
    ("investigation guide", Section::Guide),
    ("triage and analysis", Section::Guide),
    ("setup", Section::Setup),
    ("potential false positives", Section::FalsePositives),
    ("rule query", Section::Query),
    ("threat mapping", Section::Threat),
    ("rule version history", Section::Other),
    ("version history", Section::Other),
];

/// The part that a line begins, if it is a heading.
fn heading(line: &str) -> Option<Section> {
    let plain = lines::plain(line).trim_end_matches(':').trim().to_lowercase();
    if plain.starts_with("framework:") && !lines::is_bulleted(line) {
        return Some(Section::Threat);
    }
    if lines::is_bulleted(line) {
        return None;
    }
    HEADINGS.iter().find(|(name, _)| *name == plain).map(|(_, section)| *section)
}

/// The parts and their lines, headings included, from a line on. Headings within code are none.
fn sections(page: &Page<'_>, from: usize) -> Vec<(Section, Range<usize>)> {
    let mut sections: Vec<(Section, Range<usize>)> = Vec::new();
    let mut current = (Section::Other, from);
    for at in from..page.lines.len() {
        let line = &page.lines[at];
        let next = if line.in_code { None } else { heading(line.text) };
        let Some(next) = next else { continue };
        // "Investigation guide" is followed by the guide's own title; "Threat mapping" by "Framework".
        if next == current.0 && matches!(next, Section::Guide | Section::Threat) {
            continue;
        }
        sections.push((current.0, current.1..at));
        current = (next, at);
    }
    sections.push((current.0, current.1..page.lines.len()));
    sections.retain(|(_, at)| !at.is_empty());
    sections
}

/// A part that is Markdown in the rule. The guide's own title stays, as in Elastic's rules; the page's
/// heading of the part goes.
fn prose(page: &mut Page<'_>, key: &str, at: Range<usize>) {
    let span = page.span(at.clone());
    let lines = &page.lines[at];
    let wrapper = wrapper(lines);
    let mut out: Vec<String> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let plain = lines::plain(line.text);
        let title = plain.eq_ignore_ascii_case("triage and analysis");
        if title && !line.in_code {
            out.push("## Triage and analysis".to_owned());
        } else if !(number == 0 && heading(line.text).is_some()
            || lines::is_artefact(line.text)
            || wrapper.is_some_and(|(first, last)| number == first || number == last))
        {
            out.push(lines::markdown(line.text));
        }
    }
    let text = out.join("\n").trim().to_owned();
    if !text.is_empty() {
        page.set(key, Json::from(text), span);
    }
}

/// The ends of the fence that encloses all of a part, if there is one (`AsciiDoc` pages carry the guide as one
/// listing).
fn wrapper(lines: &[Line<'_>]) -> Option<(usize, usize)> {
    let mut fences = lines.iter().enumerate().filter(|(_, line)| line.fence).map(|(at, _)| at);
    let only_blank = |range: Range<usize>| {
        lines[range].iter().all(|l| {
            l.text.trim().is_empty() || lines::is_artefact(l.text) || heading(l.text).is_some()
        })
    };
    let (Some(first), Some(last), None) = (fences.next(), fences.next(), fences.next()) else {
        return None;
    };
    (only_blank(0..first) && only_blank(last + 1..lines.len())).then_some((first, last))
}

fn false_positives(page: &mut Page<'_>, at: Range<usize>) {
    let span = page.span(at.clone());
    let lines = &page.lines[at.start + 1..at.end.max(at.start + 1)];
    let items = lines.iter().filter(|l| !lines::is_artefact(l.text) && !l.fence);
    let items: Vec<Json> = items
        .map(|line| lines::item(line.text))
        .filter(|item| !item.is_empty())
        .map(Json::from)
        .collect();
    if !items.is_empty() {
        page.set("false_positives", Json::Array(items), span);
    }
}

/// The lines of a part before the query that stands in it. What is behind the query belongs to nothing.
fn before_query(page: &mut Page<'_>, at: &Range<usize>, query: &Range<usize>) -> Range<usize> {
    other(page, query.end..at.end);
    let opened = query.start.checked_sub(1).filter(|above| page.lines[*above].fence);
    at.start..opened.unwrap_or(query.start)
}

/// Text that belongs to no part.
fn other(page: &mut Page<'_>, at: Range<usize>) {
    let first = at.clone().find(|n| {
        let line = &page.lines[*n];
        !line.text.trim().is_empty() && !lines::is_artefact(line.text) && !line.fence
    });
    if let Some(first) = first {
        let span = page.lines[first].span();
        page.doubt(span, "this part of the page is none that a rule has; it is ignored");
    }
}

/// A number where the text is one; else the text, which the rule's reader then names.
fn number(text: &str) -> Json {
    text.parse::<u64>()
        .map(Json::from)
        .ok()
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64).map(Json::Number))
        .unwrap_or_else(|| Json::from(text))
}

#[cfg(test)]
mod tests;
