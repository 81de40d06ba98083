//! The Markdown of guides as HTML: headings, lists, code, quotes, emphasis and links, which is what guides of rules
//! are made of. Whatever else there is stays text.

use super::html::link;
use crate::style::markup;

/// What is open while lines are read.
#[derive(Debug, Default)]
struct Blocks {
    out: String,
    paragraph: Vec<String>,
    /// The indentations of the lists that are open, the outermost first.
    lists: Vec<usize>,
    /// The fence that ends the code that is being read.
    fence: Option<String>,
}

/// Lists within lists; what is indented further belongs to the innermost.
const MAX_LISTS: usize = 8;

/// The text's blocks.
pub(super) fn html(text: &str) -> String {
    let mut blocks = Blocks::default();
    text.trim().lines().for_each(|line| blocks.line(line));
    if blocks.fence.is_some() {
        blocks.out.push_str("</code></pre>\n");
    }
    blocks.end_paragraph();
    blocks.end_lists(0);
    blocks.out
}

impl Blocks {
    fn line(&mut self, line: &str) {
        let text = line.trim();
        if let Some(fence) = &self.fence {
            if text.starts_with(fence.as_str()) && text.trim_matches(['`', '~']).is_empty() {
                self.fence = None;
                self.out.push_str("</code></pre>\n");
            } else {
                self.out.push_str(&markup(line.trim_end()));
                self.out.push('\n');
            }
            return;
        }
        if text.starts_with("```") || text.starts_with("~~~") {
            self.end_paragraph();
            self.fence = Some(text.chars().take_while(|c| text.starts_with(*c)).collect());
            self.out.push_str("<pre><code>");
        } else if text.is_empty() {
            self.end_paragraph();
        } else if let Some((level, title)) = heading(text) {
            self.end_paragraph();
            self.end_lists(0);
            let _ = std::fmt::Write::write_fmt(
                &mut self.out,
                format_args!("<h{level}>{}</h{level}>\n", inline(title)),
            );
        } else if let Some(item) = item(text) {
            self.end_paragraph();
            self.item(line.len() - line.trim_start().len(), item);
        } else if !line.starts_with([' ', '\t']) && self.paragraph.is_empty() {
            self.end_lists(0);
            self.paragraph.push(text.trim_start_matches("> ").to_owned());
        } else {
            self.paragraph.push(text.trim_start_matches("> ").to_owned());
        }
    }

    fn item(&mut self, indent: usize, text: &str) {
        let deeper = self.lists.iter().take_while(|own| **own <= indent).count();
        self.end_lists(deeper.max(1));
        let is_new = self.lists.last().is_none_or(|own| *own < indent);
        if self.lists.is_empty() || is_new && self.lists.len() < MAX_LISTS {
            self.lists.push(indent);
            self.out.push_str("<ul>\n<li>");
        } else {
            self.out.push_str("</li>\n<li>");
        }
        // The item goes on as long as lines do.
        self.paragraph.push(text.to_owned());
    }

    fn end_paragraph(&mut self) {
        if self.paragraph.is_empty() {
            return;
        }
        let text = inline(&std::mem::take(&mut self.paragraph).join("\n"));
        if self.lists.is_empty() {
            self.out.push_str("<p>");
            self.out.push_str(&text);
            self.out.push_str("</p>\n");
        } else {
            self.out.push_str("<div>");
            self.out.push_str(&text);
            self.out.push_str("</div>");
        }
    }

    /// Closes lists until so many are open.
    fn end_lists(&mut self, open: usize) {
        while self.lists.len() > open {
            self.lists.pop();
            self.out.push_str("</li>\n</ul>\n");
        }
    }
}

/// A heading's level on the page, and its text.
fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line.get(level..)?.strip_prefix(' ')?;
    (1..=6).contains(&level).then_some(((level + 1).clamp(3, 5), title.trim()))
}

/// The text of a list's item.
fn item(line: &str) -> Option<&str> {
    let bullets = ["- ", "* ", "• ", "+ "];
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let numbered =
        || Some(line).filter(|_| (1..=3).contains(&digits) && line[digits..].starts_with(". "));
    bullets.iter().find_map(|bullet| line.strip_prefix(bullet)).or_else(numbered)
}

/// Text within a line: code, emphasis, links.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        out.push_str(&markup(&rest[..at]));
        rest = &rest[at..];
        let Some((html, behind)) = span(rest) else {
            let next = rest.chars().next().map_or(0, char::len_utf8);
            out.push_str(&markup(&rest[..next]));
            rest = &rest[next..];
            continue;
        };
        out.push_str(&html);
        rest = behind;
    }
    out + &markup(rest)
}

/// The most of a line that is looked through for the end of code, emphasis or a link.
const MAX_SPAN: usize = 2000;

/// Code, strong text or a link at the beginning of a text, as HTML, and what is behind it.
fn span(text: &str) -> Option<(String, &str)> {
    let window = &text[..text.floor_char_boundary(MAX_SPAN)];
    let until = |open: &str, close: &str| {
        let inner = window.strip_prefix(open)?;
        let end = inner.find(close).filter(|end| *end > 0)?;
        Some((&inner[..end], &text[open.len() + end + close.len()..]))
    };
    if let Some((code, rest)) = until("`", "`") {
        return Some((format!("<code>{}</code>", markup(code)), rest));
    }
    if let Some((strong, rest)) = until("**", "**") {
        return Some((format!("<strong>{}</strong>", markup(strong)), rest));
    }
    let (label, _) = until("[", "](")?;
    let address = &window[label.len() + 3..];
    let end = address.find(')')?;
    let html = link(label, &address[..end]);
    // What is no link of the web stays as it was written.
    html.starts_with("<a ").then(|| (html, &text[label.len() + 3 + end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(html(text).replace('\n', " ").trim(), expected);
        }
        check("", "");
        check("a\nb\n\nc", "<p>a b</p> <p>c</p>");
        check("## A <b>", "<h3>A &lt;b&gt;</h3>");
        check("- a\n- b", "<ul> <li><div>a</div></li> <li><div>b</div></li> </ul>");
        check(
            "- a\n  - b\n- c\nd",
            "<ul> <li><div>a</div><ul> <li><div>b</div></li> </ul> </li> <li><div>c d</div></li> </ul>",
        );
        check("```\n<x>\n- a\n```\nb", "<pre><code>&lt;x&gt; - a </code></pre> <p>b</p>");
        check("```\nopen", "<pre><code>open </code></pre>");
        check("1. a\n2. b", "<ul> <li><div>1. a</div></li> <li><div>2. b</div></li> </ul>");
    }

    #[test]
    fn spans() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(inline(text), expected);
        }
        check("a `b<` **c** d*", "a <code>b&lt;</code> <strong>c</strong> d*");
        check(
            "[x](https://a.example) y",
            "<a href=\"https://a.example\" rel=\"noreferrer\">x</a> y",
        );
        check("[x](javascript:y) [z", "[x](javascript:y) [z");
        check("`` é", "`` é");
        check(&format!("`{}`", "é".repeat(1500)), &format!("`{}`", "é".repeat(1500)));
    }
}
