//! `dragnet rules list`: rules as a table.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use dragnet_rules::{Document, RuleSeverity, RuleType};
use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use super::args::{ListArgs, ListFormat};
use super::select::{Selection, select};
use crate::output::{csv_record, cut, formula_safe, pad};
use crate::style::clean;
use crate::summary::thousands;
use crate::{ExitStatus, Terminal};

pub(crate) fn run(args: &ListArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let selection = select(&args.paths, &args.filter, terminal)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        ListFormat::Text => table(&selection, terminal, &mut out)?,
        ListFormat::Json => {
            let rules: Vec<Json> = selection.documents.iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut out, &rules)?;
            writeln!(out)?;
        }
        ListFormat::Csv => {
            csv_record(&mut out, CSV.iter().map(|(title, _)| (*title).to_owned()))?;
            for document in &selection.documents {
                let json = as_json(document);
                csv_record(&mut out, CSV.iter().map(|(_, key)| cell(&json[*key])))?;
            }
        }
    }
    out.flush()?;
    let talk = selection.left_out().filter(|_| args.format != ListFormat::Text);
    if let Some(talk) = talk {
        writeln!(io::stderr(), "{talk}")?;
    }
    Ok(if selection.is_whole { ExitStatus::Nothing } else { ExitStatus::Error })
}

/// Columns of the table but for the name and the tactics: their titles and widths.
const COLUMNS: [(&str, usize); 3] = [("SEVERITY", 8), ("RISK", 4), ("TYPE", 16)];
/// Columns of the name where the terminal does not say how many there are, and of the tactics.
const MAX_NAME: usize = 100;
const MAX_TACTICS: usize = 40;
/// A name gets as many columns before tactics get any.
const MIN_NAME: usize = 40;

fn table(selection: &Selection, terminal: Terminal, out: &mut impl Write) -> io::Result<()> {
    let style = terminal.out;
    let rows: Vec<[String; 5]> = selection.documents.iter().map(row).collect();
    let widest = |column: usize, title: &str, most: usize| {
        let widths = rows.iter().map(|row| row[column].width());
        widths.max().unwrap_or(0).clamp(title.len(), most)
    };
    let mut tactics = widest(4, "TACTICS", MAX_TACTICS);
    let mut names = widest(3, "NAME", MAX_NAME);
    let used: usize = COLUMNS.iter().map(|(_, width)| width + 2).sum();
    if let Some(left) = terminal.width.map(|width| width.saturating_sub(used)) {
        tactics = if left < MIN_NAME + 2 + "TACTICS".len() {
            0
        } else {
            tactics.min(left - MIN_NAME - 2)
        };
        names = names.min(left.saturating_sub(tactics + 2)).max(20);
    }
    let head: Vec<String> = COLUMNS.iter().map(|(title, width)| pad(title, *width)).collect();
    let tail = if tactics == 0 { String::new() } else { format!("  {}", cut("TACTICS", tactics)) };
    let head = format!("{}  {}{tail}", head.join("  "), pad("NAME", names));
    if !rows.is_empty() {
        writeln!(out, "{}", style.bold(head.trim_end()))?;
    }
    for [severity, risk, kind, name, tactic] in &rows {
        let tail = if tactics == 0 { String::new() } else { format!("  {}", cut(tactic, tactics)) };
        writeln!(
            out,
            "{}  {risk:>4}  {}  {}",
            style.severity(severity, &pad(severity, COLUMNS[0].1)),
            pad(kind, COLUMNS[2].1),
            format!("{}{tail}", pad(name, names)).trim_end(),
        )?;
    }
    if !rows.is_empty() {
        writeln!(out)?;
    }
    for line in counts(selection) {
        writeln!(out, "{line}")?;
    }
    if let Some(left_out) = selection.left_out() {
        writeln!(out, "{}", style.dim(&left_out))?;
    }
    Ok(())
}

/// The cells of a rule: severity, risk score, type, name, tactics.
fn row(document: &Document) -> [String; 5] {
    let rule = &document.rule;
    let mut name = clean(&rule.name);
    let states = [(document.withdrawn, " (deprecated)"), (!rule.enabled, " (disabled)")];
    states.iter().filter(|(is, _)| *is).for_each(|(_, word)| name.push_str(word));
    let tactics: Vec<String> = tactics(document).iter().map(|(_, name)| clean(name)).collect();
    [
        rule.severity.name().to_owned(),
        rule.risk_score.to_string(),
        rule.rule_type.name().to_owned(),
        name,
        tactics.join(", "),
    ]
}

/// The tactics that a rule is mapped to, each once: ids and names.
fn tactics(document: &Document) -> Vec<(&str, &str)> {
    let mut tactics: Vec<(&str, &str)> = Vec::new();
    for threat in &document.rule.threat {
        let tactic = (threat.tactic.id.as_str(), threat.tactic.name.as_str());
        if !tactics.contains(&tactic) {
            tactics.push(tactic);
        }
    }
    tactics
}

/// The ids of the techniques and sub-techniques that a rule is mapped to, each once.
fn techniques(document: &Document) -> Vec<&str> {
    let mut ids = Vec::new();
    for technique in document.rule.threat.iter().flat_map(|threat| &threat.technique) {
        ids.push(technique.id.as_str());
        ids.extend(technique.subtechnique.iter().map(|sub| sub.id.as_str()));
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// How many rules there are: in all, by severity, by type.
fn counts(selection: &Selection) -> Vec<String> {
    let documents = &selection.documents;
    let (count, of) = (thousands(documents.len() as u64), thousands(selection.of as u64));
    let plural = if selection.of == 1 { "rule" } else { "rules" };
    let first = if documents.len() == selection.of {
        format!("{of} {plural}")
    } else {
        format!("{count} of {of} {plural}")
    };
    if documents.is_empty() {
        return vec![first];
    }
    let mut by_severity: BTreeMap<RuleSeverity, u64> = BTreeMap::new();
    let mut by_type: BTreeMap<RuleType, u64> = BTreeMap::new();
    for document in documents {
        *by_severity.entry(document.rule.severity).or_default() += 1;
        *by_type.entry(document.rule.rule_type).or_default() += 1;
    }
    let severities = by_severity.iter().rev();
    let severities: Vec<String> =
        severities.map(|(severity, n)| format!("{} {}", thousands(*n), severity.name())).collect();
    let mut types: Vec<(RuleType, u64)> = by_type.into_iter().collect();
    types.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let types: Vec<String> =
        types.iter().map(|(one, n)| format!("{} {}", thousands(*n), one.name())).collect();
    let unsupported =
        documents.iter().filter(|one| one.rule.rule_type.unsupported().is_some()).count();
    let mut lines =
        vec![first, format!("  {}", severities.join(", ")), format!("  {}", types.join(", "))];
    if unsupported > 0 {
        let (n, are) = (thousands(unsupported as u64), if unsupported == 1 { "is" } else { "are" });
        lines.push(format!("  {n} of them {are} of types that are not run yet"));
    }
    lines
}

/// What programs get of a rule.
fn as_json(document: &Document) -> Json {
    let Document { rule, origin, .. } = document;
    let (ids, names): (Vec<&str>, Vec<&str>) = tactics(document).into_iter().unzip();
    json!({
        "rule_id": rule.rule_id,
        "name": rule.name,
        "type": rule.rule_type.name(),
        "language": rule.language,
        "severity": rule.severity.name(),
        "risk_score": rule.risk_score,
        "enabled": rule.enabled,
        "deprecated": document.withdrawn,
        "runs": rule.rule_type.unsupported().is_none(),
        "version": rule.version,
        "tactics": names,
        "tactic_ids": ids,
        "techniques": techniques(document),
        "tags": rule.tags,
        "index": rule.index,
        "path": origin.path,
        "line": origin.line,
    })
}

/// The columns of CSV: their titles, and the keys of [`as_json`].
const CSV: &[(&str, &str)] = &[
    ("severity", "severity"),
    ("risk_score", "risk_score"),
    ("type", "type"),
    ("language", "language"),
    ("name", "name"),
    ("rule_id", "rule_id"),
    ("enabled", "enabled"),
    ("deprecated", "deprecated"),
    ("version", "version"),
    ("tactics", "tactics"),
    ("techniques", "techniques"),
    ("tags", "tags"),
    ("index", "index"),
    ("path", "path"),
    ("line", "line"),
];

fn cell(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => formula_safe(text.clone()),
        Json::Array(items) => {
            let items: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
            formula_safe(items.join("; "))
        }
        other => other.to_string(),
    }
}
