//! A rule for a terminal.

use dragnet_rules::Rule;
use unicode_width::UnicodeWidthStr;

use super::{Sheet, facts};
use crate::Terminal;
use crate::output::pad;
use crate::style::{Style, clean};

/// Columns of text where the terminal does not say, and the most that are pleasant to read.
const WIDTH: usize = 100;
/// Columns of the labels of facts.
const LABEL: usize = 22;

/// The page. Everything from the rule is made safe for a terminal.
pub(super) fn page(sheet: &Sheet<'_>, terminal: Terminal) -> String {
    let (rule, document) = (sheet.rule(), sheet.document);
    let width = terminal.width.unwrap_or(WIDTH).clamp(40, WIDTH);
    let mut page = Page { out: String::new(), width, style: terminal.out };
    page.line(&terminal.out.bold(&clean(&rule.name)));
    let place = format!("{}:{}", document.origin.path, document.origin.line);
    page.line(&terminal.out.dim(&clean(&place)));
    if !rule.description.is_empty() {
        page.line("");
        page.prose(&flowing(&rule.description), 0);
    }
    page.line("");
    page.facts(sheet);
    page.attack(rule);
    page.section("Query", |page| page.verbatim(&rule.query), !rule.query.trim().is_empty());
    page.section(
        "False positives",
        |page| rule.false_positives.iter().for_each(|item| page.item(item)),
        !rule.false_positives.is_empty(),
    );
    let prose = [("Guide", rule.note()), ("Setup", rule.setup())];
    for (title, text) in prose {
        let text = text.unwrap_or_default();
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

    fn facts(&mut self, sheet: &Sheet<'_>) {
        let rule = sheet.rule();
        let severity = rule.severity.name();
        let severity = self.style.severity(severity, severity);
        self.out.push_str(&pad("Severity", LABEL));
        self.line(&format!("{severity}, risk score {}", rule.risk_score));
        for (label, lines) in facts(sheet) {
            self.lines(label, &lines);
        }
        self.fact("Tags", &rule.tags.join(", "));
        self.lines("References", &rule.references);
    }

    /// A label and several values, one below the other.
    fn lines(&mut self, label: &str, lines: &[String]) {
        for (number, line) in lines.iter().enumerate() {
            self.fact(if number == 0 { label } else { "" }, line);
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

/// Text whose paragraphs are broken into lines somewhere, each on one line; lists keep theirs.
fn flowing(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().lines().map(str::trim) {
        let is_own = line.is_empty() || line.starts_with(['-', '*', '•', '#', '|']);
        match lines.last_mut().filter(|last| !is_own && !last.is_empty()) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
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
    fn paragraphs_flow() {
        assert_eq!(flowing("a\nb\n\nc\n- d\n- e\n"), "a b\n\nc\n- d\n- e");
        assert_eq!(flowing(""), "");
    }

    #[test]
    fn wrapping() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("https://a.example/long b", 7), ["https://a.example/long", "b"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("日本 語", 4), ["日本", "語"]);
    }
}
