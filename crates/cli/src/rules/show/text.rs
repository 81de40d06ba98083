//! A rule for a terminal.

use dragnet_rules::{Document, Rule};
use unicode_width::UnicodeWidthStr;

use super::{parts, written};
use crate::Terminal;
use crate::output::pad;
use crate::style::{Style, clean};

/// Columns of text where the terminal does not say, and the most that are pleasant to read.
const WIDTH: usize = 100;
/// Columns of the labels of facts.
const LABEL: usize = 22;

/// The page. Everything from the rule is made safe for a terminal.
pub(super) fn page(document: &Document, terminal: Terminal) -> String {
    let rule = &document.rule;
    let width = terminal.width.unwrap_or(WIDTH).clamp(40, WIDTH);
    let mut page = Page { out: String::new(), width, style: terminal.out };
    page.line(&terminal.out.bold(&clean(&rule.name)));
    let place = format!("{}:{}", document.origin.path, document.origin.line);
    page.line(&terminal.out.dim(&clean(&place)));
    if !rule.description.is_empty() {
        page.line("");
        page.prose(&rule.description, 0);
    }
    page.line("");
    page.facts(rule);
    page.attack(rule);
    page.section("Query", |page| page.verbatim(&rule.query), !rule.query.trim().is_empty());
    page.section(
        "False positives",
        |page| rule.false_positives.iter().for_each(|item| page.item(item)),
        !rule.false_positives.is_empty(),
    );
    let prose = [("Guide", &rule.note), ("Setup", &rule.setup)];
    for (title, text) in prose {
        let text = text.as_deref().unwrap_or_default();
        page.section(title, |page| page.prose(text, 2), !text.is_empty());
    }
    page.out
}

struct Page {
    out: String,
    width: usize,
    style: Style,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn section(&mut self, title: &str, body: impl FnOnce(&mut Page), is_there: bool) {
        if is_there {
            self.line("");
            let title = self.style.bold(title);
            self.line(&title);
            body(self);
        }
    }

    fn facts(&mut self, rule: &Rule) {
        let severity = rule.severity.name();
        let severity = self.style.severity(severity, severity);
        self.out.push_str(&pad("Severity", LABEL));
        self.line(&format!("{severity}, risk score {}", rule.risk_score));
        let kind = match &rule.language {
            Some(language) if language != rule.rule_type.name() => {
                format!("{} ({language})", rule.rule_type.name())
            }
            _ => rule.rule_type.name().to_owned(),
        };
        let reason = rule.rule_type.unsupported(rule.language.as_deref());
        let kind = reason.map_or_else(|| kind.clone(), |reason| format!("{kind}; {reason}"));
        self.fact("Type", &kind);
        self.fact("Id", &rule.rule_id);
        let version = rule.version.map(|version| version.to_string());
        self.fact("Version", version.as_deref().unwrap_or_default());
        self.fact("Indices", &rule.index.join(", "));
        let (from, to) = (written(rule, "from", "now-6m"), written(rule, "to", "now"));
        let interval = written(rule, "interval", "5m");
        self.fact("Runs", &format!("every {interval}, over {from} to {to}"));
        self.fact("Alerts per run", &format!("{} at most", rule.max_signals));
        self.fact("Tags", &rule.tags.join(", "));
        self.fact("Authors", &rule.author.join(", "));
        self.fact("Licence", rule.license.as_deref().unwrap_or_default());
        if !rule.enabled {
            self.fact("Enabled", "no");
        }
        let optional = [
            ("Time of events", &rule.timestamp_override),
            ("Category field", &rule.event_category_override),
            ("Building block", &rule.building_block_type),
        ];
        for (label, value) in optional {
            self.fact(label, value.as_deref().unwrap_or_default());
        }
        self.fact("Look at", &rule.investigation_fields.join(", "));
        for (label, value) in parts(rule) {
            self.fact(label, &value);
        }
        for (number, link) in rule.references.iter().enumerate() {
            self.fact(if number == 0 { "References" } else { "" }, link);
        }
    }

    /// A label and a value, which may go on below itself.
    fn fact(&mut self, label: &str, value: &str) {
        let value = value.split(char::is_control).collect::<Vec<_>>().join(" ");
        if value.trim().is_empty() {
            return;
        }
        for (number, line) in wrap(&clean(&value), self.width - LABEL).iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            self.line(&format!("{}{line}", pad(label, LABEL)));
        }
    }

    fn attack(&mut self, rule: &Rule) {
        let body = |page: &mut Page| {
            for threat in &rule.threat {
                page.entry(1, &threat.tactic.id, &threat.tactic.name);
                for technique in &threat.technique {
                    page.entry(2, &technique.id, &technique.name);
                    for sub in &technique.subtechnique {
                        page.entry(3, &sub.id, &sub.name);
                    }
                }
            }
        };
        self.section("ATT&CK", body, !rule.threat.is_empty());
    }

    fn entry(&mut self, depth: usize, id: &str, name: &str) {
        let text = clean(&format!("{}  {name}", pad(id, 9)));
        self.line(&format!("{}{text}", "  ".repeat(depth)));
    }

    fn item(&mut self, text: &str) {
        for (number, line) in wrap(&clean_prose(text), self.width - 4).iter().enumerate() {
            self.line(&format!("{}{line}", if number == 0 { "  - " } else { "    " }));
        }
    }

    /// Text whose lines are wrapped; their own indentation stays.
    fn prose(&mut self, text: &str, indent: usize) {
        for line in text.trim().lines() {
            let inner = (line.len() - line.trim_start_matches(' ').len()).min(16);
            let margin = " ".repeat(indent + inner);
            let lines = wrap(&clean(line.trim()), self.width - margin.len());
            for line in lines {
                self.line(format!("{margin}{line}").trim_end());
            }
        }
    }

    /// Text whose lines stay as they are.
    fn verbatim(&mut self, text: &str) {
        for line in text.trim_matches(['\n', '\r']).lines() {
            let line = format!("  {}", clean(&line.replace('\t', "    ")));
            self.line(line.trim_end());
        }
    }
}

/// A paragraph on one line.
fn clean_prose(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Lines of at most so many columns, cut between words; a longer word stays whole, since it may be a link.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let columns = word.width();
        if used > 0 && used + 1 + columns > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += columns;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("https://a.example/long b", 7), ["https://a.example/long", "b"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("日本 語", 4), ["日本", "語"]);
    }
}
