//! Lines of a page, and the markup on them.

use std::ops::Range;

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line<'t> {
    /// The line without its end.
    pub(super) text: &'t str,
    /// Where it begins, in bytes of the file.
    pub(super) start: usize,
    /// Whether it stands between the lines of a fence.
    pub(super) in_code: bool,
    /// Whether it opens or closes a fence.
    pub(super) fence: bool,
}

impl Line<'_> {
    /// The line's bytes, white space around them left out.
    pub(super) fn span(&self) -> Range<usize> {
        let start = self.start + (self.text.len() - self.text.trim_start().len());
        start..start + self.text.trim().len()
    }
}

/// Cuts a text into lines. A fence that never ends is none, so that one odd line does not swallow a page.
pub(super) fn split(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let text = whole.trim_end_matches(['\n', '\r']);
        lines.push(Line { text, start, in_code: false, fence: false });
        start += whole.len();
    }
    let mut open: Option<(usize, char, usize)> = None;
    for at in 0..lines.len() {
        let Some((mark, count, rest)) = fence(lines[at].text) else { continue };
        match open {
            None => open = Some((at, mark, count)),
            Some((from, other, needed)) if mark == other && count >= needed && rest.is_empty() => {
                lines[from].fence = true;
                lines[at].fence = true;
                lines[from + 1..at].iter_mut().for_each(|line| line.in_code = true);
                open = None;
            }
            Some(_) => {}
        }
    }
    lines
}

/// The character, the length and the rest of a line that is a fence: Markdown's three backticks or tildes,
/// `AsciiDoc`'s four hyphens.
fn fence(line: &str) -> Option<(char, usize, &str)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|c| "`~-".contains(*c))?;
    let count = line.chars().take_while(|c| *c == mark).count();
    let rest = &line[count..];
    let enough = if mark == '-' { count >= 4 && rest.is_empty() } else { count >= 3 };
    (enough && !rest.contains(mark)).then_some((mark, count, rest))
}

/// The language that a fence names, if queries of rules can be in it.
pub(super) fn language(line: &str) -> Option<&'static str> {
    let (_, _, rest) = fence(line)?;
    match rest.trim() {
        "kuery" | "kql" => Some("kuery"),
        "lucene" => Some("lucene"),
        _ => None,
    }
}

/// Signs that begin an item of a list.
const BULLETS: &[char] = &['*', '-', '•', '◦', '▪', '‣', '·', '+'];

/// The line behind its bullet; `None` if it has none. `AsciiDoc` repeats the sign for deeper items.
fn behind_bullet(line: &str) -> Option<&str> {
    let line = line.trim();
    let rest = line.trim_start_matches(BULLETS);
    let signs = &line[..line.len() - rest.len()];
    let ascii = signs.is_ascii();
    let is_bullet = !signs.is_empty() && (!ascii || rest.starts_with(char::is_whitespace));
    (is_bullet && signs.chars().count() <= 5).then(|| rest.trim())
}

/// Whether a line is an item of a list.
pub(super) fn is_bulleted(line: &str) -> bool {
    behind_bullet(line).is_some()
}

/// A line without bullet, heading signs, emphasis and anchors: what a reader sees.
pub(super) fn plain(line: &str) -> String {
    let line = line.trim();
    let line = behind_bullet(line).unwrap_or(line);
    let line = line.trim_start_matches(['#', '=', '>']).trim();
    let line = without_anchor(line).trim_end_matches(['#', '=']).trim();
    emphasis(line)
}

/// Takes emphasis off, which encloses the line or what is before a colon.
fn emphasis(line: &str) -> String {
    for sign in ["**", "__", "*", "_"] {
        if let Some(rest) = line.strip_prefix(sign)
            && let Some((inner, after)) = rest.split_once(sign)
            && (after.is_empty() || after.starts_with(':') || inner.ends_with(':'))
        {
            return format!("{inner}{after}").trim().to_owned();
        }
    }
    line.to_owned()
}

/// Takes the anchor off that headings of Elastic's Markdown end with: `Setup [_setup_12]`.
fn without_anchor(line: &str) -> &str {
    let Some((before, anchor)) = line.rsplit_once(" [") else { return line };
    let inner = anchor.strip_suffix(']').unwrap_or(" ");
    let is_anchor = !inner.is_empty()
        && inner.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
        && inner.contains(['-', '_']);
    if is_anchor { before.trim_end() } else { line }
}

/// The text of a list's item: no bullet, no code marks, a link's address, no escapes.
pub(super) fn item(line: &str) -> String {
    let line = behind_bullet(line).unwrap_or_else(|| line.trim());
    let line = link(line).unwrap_or(line);
    let code = line.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    unescape(code.filter(|inner| !inner.contains('`')).unwrap_or(line))
}

/// The address of a line that is a link: `[text](address)`, `<address>`, `address[text]`.
fn link(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix('[') {
        return rest.strip_suffix(')')?.split_once("](").map(|(_, address)| address);
    }
    if let Some(rest) = line.strip_prefix('<') {
        return rest.strip_suffix('>').filter(|address| address.contains("://"));
    }
    let (address, text) = line.split_once('[')?;
    (address.contains("://") && !address.contains(' ') && text.ends_with(']')).then_some(address)
}

/// Markdown's escapes of signs that a value may hold.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && "*_`[]<>#".contains(*next) => {}
            _ => out.push(c),
        }
    }
    out
}

/// A line of prose as Markdown: `•` is no bullet there.
pub(super) fn markdown(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    match line.trim_start().strip_prefix(['•', '◦', '▪', '‣']) {
        Some(rest) => format!("{}- {}", &line[..indent], rest.trim()),
        None => line.trim_end().to_owned(),
    }
}

/// Lines that the making of pages leaves behind, in lower case.
const ARTEFACTS: &[&str] = &[
    "loading",
    "loading...",
    "loading…",
    "[tbc: quote]",
    "[discrete]",
    "copy",
    "copy page",
    "copy to clipboard",
    "edit this page",
    "edit",
    "report an issue",
    "view as markdown",
    "was this page helpful?",
    "previous",
    "next",
    "skip to main content",
    "on this page",
    "back to top",
];

/// The products whose names make up the line that says where a page applies.
const APPLIES: &[&str] =
    &["elastic", "stack", "serverless", "security", "observability", "cloud", "ga", "all"];

/// Whether a line is left over from the making of the page and says nothing about the rule.
pub(super) fn is_artefact(line: &str) -> bool {
    let lower = line.trim().to_lowercase();
    ARTEFACTS.contains(&lower.as_str())
        || (lower.starts_with("[[") && lower.ends_with("]]"))
        || (lower.starts_with("[source") && lower.ends_with(']'))
        || is_applies(&lower)
}

/// Whether a line says where a page applies: `Elastic Stack Serverless Security`.
pub(super) fn is_applies(line: &str) -> bool {
    let lower = line.to_lowercase();
    let mut words = lower.split_whitespace();
    lower.split_whitespace().count() >= 2 && words.all(|word| APPLIES.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup() {
        #[track_caller]
        fn check(line: &str, expected: &str) {
            assert_eq!(plain(line), expected, "{line}");
        }
        check("## Setup [_setup_12]", "Setup");
        check("==== Rule query", "Rule query");
        check("**Severity**: low", "Severity: low");
        check("**Severity:** low", "Severity: low");
        check("*Severity*: low", "Severity: low");
        check("  • Tactic:", "Tactic:");
        check("** Name: x", "Name: x");
        check("# Shell [T1059] seen", "Shell [T1059] seen");
        check("*", "*");
        check("é*é", "é*é");
    }

    #[test]
    fn items() {
        #[track_caller]
        fn check(line: &str, expected: &str) {
            assert_eq!(item(line), expected, "{line}");
        }
        check("* logs-*", "logs-*");
        check("- `logs-*`", "logs-*");
        check("•logs-*", "logs-*");
        check("* logs-\\*", "logs-*");
        check("* [text](https://a.example/b_c)", "https://a.example/b_c");
        check("* https://a.example[text]", "https://a.example");
        check("* <https://a.example>", "https://a.example");
        check("* C:\\Users", "C:\\Users");
        check("*", "*");
    }

    #[test]
    fn code() {
        let text = "a\n```js\nb\n---\n```\nc\n----\nd\n----\n~~~\ne";
        let lines = split(text);
        let inside: Vec<_> = lines.iter().filter(|l| l.in_code).map(|l| l.text).collect();
        assert_eq!(inside, ["b", "---", "d"]);
        assert_eq!(lines.iter().filter(|l| l.fence).count(), 4);
    }
}
