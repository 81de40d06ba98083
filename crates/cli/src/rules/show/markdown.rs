//! A rule as Markdown, in the order and with the labels of Elastic's documentation pages.

use std::fmt::Write as _;

use dragnet_rules::{Rule, Threat};

use super::{Sheet, words, written};

/// The page.
pub(super) fn page(sheet: &Sheet<'_>) -> String {
    let rule = sheet.rule();
    let mut out = format!("# {}\n\n", one_line(&rule.name));
    if !rule.description.is_empty() {
        let _ = write!(out, "{}\n\n", rule.description.trim());
    }
    facts(&mut out, rule);
    if let Some(note) = rule.note() {
        section(&mut out, "Investigation guide", note);
    }
    if let Some(setup) = rule.setup() {
        section(&mut out, "Setup", setup);
    }
    if !rule.false_positives.is_empty() {
        let items = rule.false_positives.iter().map(|item| format!("* {}", one_line(item)));
        section(&mut out, "Potential false positives", &items.collect::<Vec<_>>().join("\n"));
    }
    if !rule.query.trim().is_empty() {
        let fence = fence(&rule.query);
        let language = rule.language.as_deref().unwrap_or_default();
        section(
            &mut out,
            "Rule query",
            &format!("{fence}{language}\n{}\n{fence}", rule.query.trim()),
        );
    }
    if !rule.threat.is_empty() {
        out.push_str("## Threat mapping\n\n");
    }
    for threat in &rule.threat {
        mapping(&mut out, threat);
    }
    let rest = words::parts(rule, sheet.attachments);
    if !rest.is_empty() {
        let items = rest.iter().flat_map(|(title, lines)| {
            let more = lines.iter().skip(1).map(|line| format!("    * {}", item(line)));
            let first = lines.first().map(|line| format!("* {title}: {}", item(line)));
            first.into_iter().chain(more)
        });
        section(&mut out, "Other parts", &items.collect::<Vec<_>>().join("\n"));
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

fn facts(out: &mut String, rule: &Rule) {
    fact(out, "Rule type", rule.rule_type.name());
    list(out, "Rule indices", &rule.index);
    fact(out, "Severity", rule.severity.name());
    fact(out, "Risk score", &rule.risk_score.to_string());
    fact(out, "Runs every", written(rule, "interval", "5m"));
    fact(out, "Searches indices from", written(rule, "from", "now-6m"));
    fact(out, "Maximum alerts per execution", &rule.max_signals.to_string());
    list(out, "References", &rule.references);
    list(out, "Tags", &rule.tags);
    if let Some(version) = rule.version {
        fact(out, "Version", &version.to_string());
    }
    list(out, "Rule authors", &rule.author);
    if let Some(license) = &rule.license {
        fact(out, "Rule license", license);
    }
}

fn fact(out: &mut String, label: &str, value: &str) {
    let _ = write!(out, "**{label}**: {}\n\n", one_line(value));
}

fn list(out: &mut String, label: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = write!(out, "**{label}**:\n\n");
    for item in items {
        let _ = writeln!(out, "* {}", escaped(&one_line(item)));
    }
    out.push('\n');
}

fn section(out: &mut String, title: &str, body: &str) {
    let _ = write!(out, "## {title}\n\n{}\n\n", body.trim());
}

fn mapping(out: &mut String, threat: &Threat) {
    let _ = write!(out, "**Framework**: {}\n\n", one_line(&threat.framework));
    let tactic = &threat.tactic;
    attack(out, "Tactic", &tactic.name, &tactic.id, &tactic.reference);
    for technique in &threat.technique {
        attack(out, "Technique", &technique.name, &technique.id, &technique.reference);
        for sub in &technique.subtechnique {
            attack(out, "Sub-technique", &sub.name, &sub.id, &sub.reference);
        }
    }
}

fn attack(out: &mut String, level: &str, name: &str, id: &str, reference: &str) {
    let [name, id, reference] = [name, id, reference].map(one_line);
    let _ = write!(
        out,
        "* {level}:\n\n    * Name: {name}\n    * ID: {id}\n    * Reference URL: {reference}\n\n"
    );
}

/// A line of a list; its own bullet is none here.
fn item(line: &str) -> String {
    escaped(&one_line(line.trim_start_matches("· ")))
}

/// What Markdown would take for emphasis or a link is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "*[]<>`".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A text without line feeds and other control characters.
fn one_line(text: &str) -> String {
    text.split(char::is_control)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A fence that is longer than any run of backticks in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_place() {
        assert_eq!(fence("a ``` b"), "````");
        assert_eq!(fence("a"), "```");
        assert_eq!(one_line("a\n# b\u{1b}c"), "a # b c");
        assert_eq!(escaped("logs-*"), "logs-\\*");
    }
}
