//! The facts that a page gives with labels: `Severity: medium`.

use std::ops::Range;

use serde_json::Value as Json;

use super::{Page, heading, lines, number};

/// How a fact's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Text,
    Number,
    Duration,
    /// A list under the label, or behind it with commas.
    List,
    /// Known, and nothing that a rule has.
    Ignored,
}

/// One label.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Label {
    name: &'static str,
    /// The rule's key.
    pub(super) key: &'static str,
    kind: Kind,
}

const fn fact(name: &'static str, key: &'static str, kind: Kind) -> Label {
    Label { name, key, kind }
}

/// The labels of pages, of this year's and of former years', in lower case.
const LABELS: &[Label] = &[
    fact("rule type", "type", Kind::Word),
    fact("rule indices", "index", Kind::List),
    fact("rule index", "index", Kind::List),
    fact("severity", "severity", Kind::Word),
    fact("risk score", "risk_score", Kind::Number),
    fact("runs every", "interval", Kind::Duration),
    fact("searches indices from", "from", Kind::Word),
    fact("maximum alerts per execution", "max_signals", Kind::Number),
    fact("maximum signals per execution", "max_signals", Kind::Number),
    fact("references", "references", Kind::List),
    fact("tags", "tags", Kind::List),
    fact("version", "version", Kind::Number),
    fact("rule authors", "author", Kind::List),
    fact("rule author", "author", Kind::List),
    fact("rule license", "license", Kind::Text),
    fact("rule licence", "license", Kind::Text),
    fact("false positives", "false_positives", Kind::List),
    fact("machine learning job", "machine_learning_job_id", Kind::List),
    fact("machine learning", "machine_learning_job_id", Kind::List),
    fact("anomaly threshold", "anomaly_threshold", Kind::Number),
    fact("added", "", Kind::Ignored),
    fact("last modified", "", Kind::Ignored),
];

/// The label that a line begins with, and what is behind it. An item of a list is no label: tags read
/// `Use Case: …`. `AsciiDoc`'s `*Severity*: low` has no space behind the asterisk and so is none.
pub(super) fn label(line: &str) -> Option<(&'static Label, String)> {
    let bold = line.trim_start().trim_start_matches(['*', '-', ' ']).len()
        < line.trim_start().len()
        && line.contains("**");
    if lines::is_bulleted(line) && !bold {
        return None;
    }
    let plain = lines::plain(line);
    let (name, value) = plain.split_once(':')?;
    let name = name.trim().trim_matches('*').to_lowercase();
    // "Added ({stack} release)": what is in brackets differs from page to page.
    let name = name.split(" (").next().unwrap_or_default();
    let label = LABELS.iter().find(|label| label.name == name)?;
    Some((label, value.trim().to_owned()))
}

/// Reads the facts from a line on; the line behind them.
pub(super) fn read(page: &mut Page<'_>, from: usize) -> usize {
    let mut at = from;
    let mut seen: Vec<&'static str> = Vec::new();
    while at < page.lines.len() {
        let line = page.lines[at].clone();
        if heading(line.text).is_some() || line.fence {
            return at;
        }
        if line.text.trim().is_empty() || lines::is_artefact(line.text) {
            at += 1;
            continue;
        }
        let Some((label, value)) = label(line.text) else {
            // The licence is the last fact; what follows without a heading is the page's body.
            if seen.contains(&"license") {
                return at;
            }
            page.doubt(line.span(), "this line is no fact that a rule has; it is ignored");
            at += 1;
            continue;
        };
        if seen.contains(&label.key) {
            page.doubt(line.span(), format!("`{}` is given once more; it is ignored", label.name));
        }
        seen.push(label.key);
        at = match label.kind {
            Kind::List => list(page, label, &value, at),
            _ => single(page, label, value, at),
        };
    }
    at
}

/// What pages write for "nothing".
fn is_none(value: &str) -> bool {
    value.is_empty() || value.eq_ignore_ascii_case("none")
}

/// A fact of one value, which may stand on the line after its label. The line behind it.
fn single(page: &mut Page<'_>, fact: &'static Label, value: String, at: usize) -> usize {
    let (value, line) = if value.is_empty() { below(page, at) } else { (value, at) };
    let span = page.lines[line].span();
    if value.is_empty() {
        page.doubt(span, format!("`{}` has no value on the page", fact.name));
    } else if !is_none(&value) && fact.kind != Kind::Ignored {
        page.set(fact.key, scalar(fact.kind, &value), span);
    }
    line + 1
}

/// The text of the next line that has one, unless it is a label or a heading.
fn below(page: &Page<'_>, at: usize) -> (String, usize) {
    let next = (at + 1..page.lines.len()).find(|n| !page.lines[*n].text.trim().is_empty());
    let Some(next) = next else { return (String::new(), at) };
    let text = page.lines[next].text;
    if label(text).is_some() || heading(text).is_some() {
        return (String::new(), at);
    }
    (lines::item(text), next)
}

fn scalar(kind: Kind, value: &str) -> Json {
    let value = value.trim_matches('`').trim();
    // Behind the value, pages explain: `now-9m (Date Math format, …)`.
    let word = value.split([' ', '(', '\u{a0}']).next().unwrap_or(value).trim_matches('`');
    match kind {
        Kind::Number => number(word),
        Kind::Duration => Json::from(duration(value)),
        Kind::Word if value.contains('(') || value.starts_with("now") => Json::from(word),
        Kind::Word => Json::from(value.to_lowercase().replace(' ', "_")),
        Kind::Text | Kind::List | Kind::Ignored => Json::from(lines::item(value)),
    }
}

/// `5 minutes` as `5m`, which is how rules have it.
fn duration(value: &str) -> String {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = value.split_at(digits);
    let unit = unit.trim().to_lowercase();
    let known = [("second", "s"), ("minute", "m"), ("hour", "h"), ("day", "d")];
    let letter = known.iter().find(|(name, _)| unit.trim_end_matches('s') == *name);
    letter.map_or_else(|| value.to_owned(), |(_, letter)| format!("{count}{letter}"))
}

/// A fact of several values. The line behind them.
fn list(page: &mut Page<'_>, fact: &'static Label, value: &str, at: usize) -> usize {
    let span = page.lines[at].span();
    if !value.is_empty() {
        let items = value.split(", ").map(lines::item).filter(|item| !is_none(item));
        let items: Vec<Json> = items.map(Json::from).collect();
        if !items.is_empty() {
            page.set(fact.key, Json::Array(items), span);
        }
        return at + 1;
    }
    let items = items(page, at + 1);
    let values: Vec<Json> = items
        .clone()
        .map(|n| lines::item(page.lines[n].text))
        .filter(|item| !is_none(item))
        .map(Json::from)
        .collect();
    if items.is_empty() {
        page.doubt(span, format!("`{}` is empty on the page", fact.name));
    } else if !values.is_empty() {
        let span = page.span(items.clone());
        page.set(fact.key, Json::Array(values), span);
    }
    items.end
}

/// The lines of a list's items: up to a label or a heading; once there was a bullet, up to what has none.
fn items(page: &Page<'_>, from: usize) -> Range<usize> {
    let mut bulleted = false;
    let mut end = from;
    for at in from..page.lines.len() {
        let line = &page.lines[at];
        if line.text.trim().is_empty() {
            continue;
        }
        let bullet = lines::is_bulleted(line.text);
        if label(line.text).is_some()
            || heading(line.text).is_some()
            || line.fence
            || (bulleted && !bullet)
        {
            break;
        }
        bulleted |= bullet;
        end = at + 1;
    }
    from..end
}
