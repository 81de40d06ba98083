//! Colours, for terminals that want them.

use std::io::IsTerminal;

use crate::args::When;

/// Whether one output stream gets colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style(bool);

/// What the environment says about colours.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ColorEnvironment {
    /// `NO_COLOR` is set and not empty.
    pub(crate) no_color: bool,
    /// `CLICOLOR_FORCE` is set and not `0`.
    pub(crate) force: bool,
}

/// Text that comes from logs, rules or archives, made safe for one line of a terminal: characters that could
/// move the cursor, change colours or turn the direction of writing become `·`.
pub(crate) fn clean(text: &str) -> String {
    let unsafe_char = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if unsafe_char(c) { '·' } else { c }).collect()
}

/// A text in which nothing is markup of HTML or XML, within an element or an attribute. Characters that turn the
/// direction of writing, and those that neither has a place for, become `·`.
pub(crate) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\r' => {}
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('·');
            }
            c if c.is_control() => out.push('·'),
            c => out.push(c),
        }
    }
    out
}

impl Style {
    /// Decides for a stream.
    pub(crate) fn of(when: When, environment: ColorEnvironment, stream: &impl IsTerminal) -> Style {
        Style(match when {
            When::Always => true,
            When::Never => false,
            When::Auto if environment.no_color => false,
            When::Auto => environment.force || stream.is_terminal(),
        })
    }

    /// Without colours.
    pub(crate) const fn plain() -> Style {
        Style(false)
    }

    /// Whether there are colours.
    pub(crate) fn is_colored(self) -> bool {
        self.0
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// A severity in its colour.
    pub(crate) fn severity(self, severity: &str, text: &str) -> String {
        match severity {
            "critical" => self.paint("1;35", text),
            "high" => self.paint("1;31", text),
            "medium" => self.paint("33", text),
            _ => self.paint("36", text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(
            markup("<script>'\"&\u{202e}\u{0}</script>"),
            "&lt;script&gt;&#39;&quot;&amp;··&lt;/script&gt;"
        );
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(clean("a\x1b[31m\nb\u{202e}c"), "a·[31m·b·c");
        assert_eq!(clean("C:\\Users\\é"), "C:\\Users\\é");
    }
}
