//! `dragnet rules codes`: what the codes of reports mean.

use std::io::{self, Write};

use dragnet_plan::Severity;

use crate::rules::args::CodesArgs;
use crate::{ExitStatus, Terminal};

/// Lists all codes, or explains some.
pub(crate) fn run(args: &CodesArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let mut out = io::stdout().lock();
    let style = terminal.out;
    if args.codes.is_empty() {
        for code in dragnet_rules::codes() {
            writeln!(out, "{:8}  {:7}  {}", code.code, word(code.severity), code.title)?;
        }
        return Ok(ExitStatus::Nothing);
    }
    for (at, wanted) in args.codes.iter().enumerate() {
        let Some(code) = dragnet_rules::codes().find(|code| code.code == wanted) else { continue };
        let between = if at > 0 { "\n" } else { "" };
        let head = format!("{} ({}): {}", code.code, word(code.severity), code.title);
        writeln!(out, "{between}{}", style.bold(&head))?;
        if !code.explanation.is_empty() {
            writeln!(out, "\n{}", wrap(code.explanation, 80))?;
        }
    }
    Ok(ExitStatus::Nothing)
}

/// The severity as reports write it.
pub(crate) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Text with its paragraphs broken into lines of so many columns; indented lines are examples and stay.
fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.split('\n') {
        let mut column = 0;
        if line.starts_with("    ") {
            out.push_str(line);
        } else {
            for word in line.split(' ') {
                let length = word.chars().count();
                if column > 0 && column + 1 + length > width {
                    out.push('\n');
                    column = 0;
                } else if column > 0 {
                    out.push(' ');
                    column += 1;
                }
                out.push_str(word);
                column += length;
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    if !out.ends_with(['.', ')', '`']) {
        // Titles and advice are written without a full stop.
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping() {
        assert_eq!(
            wrap("one two three\n\n    an example  as it is\n\nend", 8),
            "one two\nthree\n\n    an example  as it is\n\nend."
        );
        assert_eq!(wrap("one", 2), "one.");
    }
}
