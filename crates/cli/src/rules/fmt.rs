//! `dragnet rules fmt`: rule files with their queries laid out anew.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::Path;

use dragnet_rules::{
    Formatted, MAX_TOML_BYTES, format_file, format_query, format_toml, rule_files,
};

use crate::rules::args::FmtArgs;
use crate::style::Style;
use crate::{ExitStatus, Terminal};

/// Lines around a change that are shown.
const CONTEXT: usize = 3;

pub(crate) fn run(args: &FmtArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        anyhow::ensure!(args.paths.len() == 1, "`-` cannot be combined with other paths");
        return standard_input(args, terminal);
    }
    let (files, problems) = rule_files(&args.paths);
    let mut run = Run { args, terminal, changed: 0, unchanged: 0, failed: problems.len() };
    let mut err = io::stderr().lock();
    for problem in problems {
        write!(err, "{}", problem.render(terminal.err.is_colored()))?;
    }
    for file in &files {
        if let Err(reason) = run.file(file) {
            run.failed += 1;
            writeln!(
                err,
                "{} {}: {reason}; left alone",
                terminal.err.red("error:"),
                file.display()
            )?;
        }
    }
    let verb = if run.writes() { "formatted" } else { "would be formatted" };
    let mut talk = format!("{} {verb}, {} left as they are", run.changed, run.unchanged);
    if run.failed > 0 {
        let _ = write!(talk, ", {} failed", run.failed);
    }
    writeln!(err, "{talk}")?;
    Ok(run.status())
}

struct Run<'a> {
    args: &'a FmtArgs,
    terminal: Terminal,
    changed: usize,
    unchanged: usize,
    failed: usize,
}

impl Run<'_> {
    fn writes(&self) -> bool {
        !self.args.check && !self.args.diff
    }

    fn status(&self) -> ExitStatus {
        if self.failed > 0 {
            ExitStatus::Error
        } else if self.changed > 0 && !self.writes() {
            ExitStatus::Found
        } else {
            ExitStatus::Nothing
        }
    }

    fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        // The form with exports of many rules has no layout to keep.
        let is_toml = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("toml"));
        if !is_toml {
            self.unchanged += 1;
            return Ok(());
        }
        let (old, formatted) = format_file(path).map_err(anyhow::Error::msg)?;
        let Formatted::Changed(new) = formatted else {
            self.unchanged += 1;
            return Ok(());
        };
        self.changed += 1;
        if self.writes() {
            std::fs::write(path, new)?;
            return Ok(());
        }
        let mut out = io::stdout().lock();
        if self.args.diff {
            write!(out, "{}", diff(&path.display().to_string(), &old, &new, self.terminal.out))?;
        } else {
            writeln!(out, "{}", path.display())?;
        }
        Ok(())
    }
}

/// A rule file, or a query by itself, from standard input to standard output.
fn standard_input(args: &FmtArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let mut text = String::new();
    io::stdin().lock().take(MAX_TOML_BYTES + 1).read_to_string(&mut text)?;
    anyhow::ensure!(text.len() as u64 <= MAX_TOML_BYTES, "more than {} MiB", MAX_TOML_BYTES >> 20);
    let new = match format_toml(&text) {
        Ok(Formatted::Changed(new)) => new,
        Ok(_) if text.contains("[rule]") => text.clone(),
        Err(error) if text.contains("[rule]") => anyhow::bail!("standard input: {error}"),
        // Not a rule file: a query.
        Ok(_) | Err(_) => match format_query(args.language.into(), text.trim()) {
            Ok(query) => format!("{query}\n"),
            Err(diagnostics) if diagnostics.is_empty() => {
                anyhow::bail!("standard input: formatting would change the query")
            }
            Err(diagnostics) => {
                let snippet =
                    dragnet_plan::Snippet { text: &text, origin: "standard input", first_line: 1 };
                let mut err = io::stderr().lock();
                for diagnostic in diagnostics {
                    write!(err, "{}", diagnostic.render(snippet, terminal.err.is_colored()))?;
                }
                return Ok(ExitStatus::Error);
            }
        },
    };
    let mut out = io::stdout().lock();
    if args.diff {
        write!(out, "{}", diff("standard input", &text, &new, terminal.out))?;
    } else if args.check {
        if text != new {
            writeln!(out, "standard input")?;
        }
    } else {
        write!(out, "{new}")?;
        return Ok(ExitStatus::Nothing);
    }
    Ok(if text == new { ExitStatus::Nothing } else { ExitStatus::Found })
}

/// What changed as a unified diff. The changes of a file are in one place, its query, so that one hunk shows them.
fn diff(name: &str, old: &str, new: &str, style: Style) -> String {
    if old == new {
        return String::new();
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let most = a.len().min(b.len()) - same;
    let tail = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let first = same.saturating_sub(CONTEXT);
    let (last_a, last_b) = (a.len() - tail, b.len() - tail);
    let after = tail.min(CONTEXT);
    let mut out = format!("--- {name}\n+++ {name}\n");
    let _ = writeln!(
        out,
        "@@ -{},{} +{},{} @@",
        first + 1,
        last_a + after - first,
        first + 1,
        last_b + after - first
    );
    let mut line = |sign: char, text: &str| {
        let shown = format!("{sign}{text}");
        let shown = match sign {
            '-' => style.red(&shown),
            '+' => style.green(&shown),
            _ => shown,
        };
        let _ = writeln!(out, "{shown}");
    };
    a[first..same].iter().for_each(|text| line(' ', text));
    a[same..last_a].iter().for_each(|text| line('-', text));
    b[same..last_b].iter().for_each(|text| line('+', text));
    a[last_a..last_a + after].iter().for_each(|text| line(' ', text));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diffs() {
        #[track_caller]
        fn check(old: &str, new: &str, expected: &str) {
            assert_eq!(diff("f", old, new, Style::plain()), expected);
        }
        check("a\nb\n", "a\nb\n", "");
        check(
            "1\n2\n3\n4\nx\n5\n6\n7\n8\n",
            "1\n2\n3\n4\ny\nz\n5\n6\n7\n8\n",
            "--- f\n+++ f\n@@ -2,7 +2,8 @@\n 2\n 3\n 4\n-x\n+y\n+z\n 5\n 6\n 7\n",
        );
        check("a", "a\na", "--- f\n+++ f\n@@ -1,1 +1,2 @@\n a\n+a\n");
        check("x", "", "--- f\n+++ f\n@@ -1,1 +1,0 @@\n-x\n");
    }
}
