//! `dragnet rules diff`: what differs between two sets of rules.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use dragnet_rules::{
    Change, DiffLine, Document, Effect, Pair, SetDiff, compare_sets, diff_lines, documents,
};
use serde_json::{Value as Json, json};

use super::args::{DiffArgs, DiffFormat};
use super::show::brief;
use crate::output::cut;
use crate::style::{Style, clean};
use crate::summary::thousands;
use crate::{ExitStatus, Terminal};

/// Lines around a change that are shown.
const CONTEXT: usize = 2;

/// One of the two sets.
struct Side {
    /// The rules that are in force.
    live: Vec<Document>,
    /// The ids of those that were withdrawn.
    withdrawn: BTreeSet<String>,
    is_whole: bool,
}

pub(crate) fn run(args: &DiffArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    // Of two files that are named, withdrawn rules are compared too: they are what is asked about.
    let both_named = args.old.is_file() && args.new.is_file();
    let side = |path| read(path, both_named, terminal);
    let (old, new) = (side(&args.old)?, side(&args.new)?);
    let mut diff = compare_sets(&old.live, &new.live);
    if args.detection_only {
        leave_words_out(&mut diff);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        DiffFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &as_json(&diff, &new))?;
            writeln!(out)?;
        }
        DiffFormat::Text => {
            let width = terminal.width.unwrap_or(usize::MAX).max(40);
            Report { style: terminal.out, width, out: &mut out }.all(&diff, &new)?;
        }
    }
    out.flush()?;
    Ok(if !old.is_whole || !new.is_whole {
        ExitStatus::Error
    } else if diff.added.is_empty() && diff.removed.is_empty() && diff.changed.is_empty() {
        ExitStatus::Nothing
    } else {
        ExitStatus::Found
    })
}

fn read(path: &PathBuf, takes_withdrawn: bool, terminal: Terminal) -> anyhow::Result<Side> {
    let shelf = documents([path]);
    let mut err = io::stderr().lock();
    for failure in &shelf.failed {
        write!(err, "{}", failure.render(terminal.err.is_colored()))?;
    }
    let (live, withdrawn): (Vec<Document>, Vec<Document>) =
        shelf.documents.into_iter().partition(|one| takes_withdrawn || !one.withdrawn);
    let withdrawn = withdrawn.into_iter().map(|one| one.rule.rule_id).collect();
    Ok(Side { live, withdrawn, is_whole: shelf.failed.is_empty() })
}

/// Keeps what decides which events are found. A key that is not known may.
fn leave_words_out(diff: &mut SetDiff<'_>) {
    let before = diff.changed.len();
    for pair in &mut diff.changed {
        pair.changes.retain(|one| matches!(one.effect, Effect::Detection | Effect::Unknown));
    }
    diff.changed.retain(|pair| !pair.changes.is_empty());
    diff.unchanged += before - diff.changed.len();
}

fn as_json(diff: &SetDiff<'_>, new: &Side) -> Json {
    let rule = |one: &&Document| json!({"rule_id": one.rule.rule_id, "name": one.rule.name, "path": one.origin.path});
    let removed = |one: &&Document| {
        let mut json = rule(one);
        json["deprecated"] = Json::from(new.withdrawn.contains(&one.rule.rule_id));
        json
    };
    let changed = |pair: &Pair<'_>| {
        json!({
            "rule_id": pair.new.rule.rule_id,
            "name": pair.new.rule.name,
            "effect": pair.effect(),
            "old_path": pair.old.origin.path,
            "new_path": pair.new.origin.path,
            "changes": pair.changes,
        })
    };
    json!({
        "added": diff.added.iter().map(rule).collect::<Vec<_>>(),
        "removed": diff.removed.iter().map(removed).collect::<Vec<_>>(),
        "changed": diff.changed.iter().map(changed).collect::<Vec<_>>(),
        "unchanged": diff.unchanged,
        "repeated": diff.repeated.iter().map(rule).collect::<Vec<_>>(),
    })
}

/// How rules are headed whose weightiest change touches this, and how the closing count names them.
fn words(effect: Effect) -> (&'static str, &'static str) {
    match effect {
        Effect::Detection => ("What is found changed", "in what they find"),
        Effect::Alerts => ("What alerts are like changed", "in their alerts"),
        Effect::Unknown => ("Keys changed that are not known here", "in unknown keys"),
        Effect::Words => ("Words changed", "in words"),
        Effect::Records => ("Records changed", "in records"),
    }
}

struct Report<'a, W: Write> {
    style: Style,
    width: usize,
    out: &'a mut W,
}

impl<W: Write> Report<'_, W> {
    fn all(&mut self, diff: &SetDiff<'_>, new: &Side) -> io::Result<()> {
        let is_withdrawn = |one: &Document| new.withdrawn.contains(&one.rule.rule_id);
        self.names("Added", '+', &diff.added, |_| "")?;
        self.names("Removed", '-', &diff.removed, |one| {
            if is_withdrawn(one) { "  (deprecated)" } else { "" }
        })?;
        for effect in Effect::ALL {
            let pairs: Vec<_> = diff.changed.iter().filter(|one| one.effect() == effect).collect();
            if !pairs.is_empty() {
                self.title(words(effect).0, pairs.len())?;
            }
            for pair in pairs {
                self.pair(pair)?;
            }
        }
        for repeated in &diff.repeated {
            let (name, path) = (clean(&repeated.rule.name), clean(&repeated.origin.path));
            let text = format!("not compared, its id was met before: {name} ({path})");
            writeln!(self.out, "{}", self.style.dim(&text))?;
        }
        self.counts(diff)
    }

    fn title(&mut self, title: &str, count: usize) -> io::Result<()> {
        let rules = if count == 1 { "rule" } else { "rules" };
        let title = format!("{title}: {} {rules}", thousands(count as u64));
        writeln!(self.out, "{}\n", self.style.bold(&title))
    }

    fn names(
        &mut self,
        title: &str,
        sign: char,
        rules: &[&Document],
        remark: impl Fn(&Document) -> &'static str,
    ) -> io::Result<()> {
        if rules.is_empty() {
            return Ok(());
        }
        self.title(title, rules.len())?;
        for one in rules {
            let text = format!("{sign} {}{}", clean(&one.rule.name), remark(one));
            writeln!(self.out, "  {}", self.signed(sign, &text))?;
        }
        writeln!(self.out)
    }

    fn signed(&self, sign: char, text: &str) -> String {
        match sign {
            '+' => self.style.green(text),
            '-' => self.style.red(text),
            _ => text.to_owned(),
        }
    }

    fn pair(&mut self, pair: &Pair<'_>) -> io::Result<()> {
        writeln!(self.out, "  {}", self.style.bold(&clean(&pair.new.rule.name)))?;
        writeln!(self.out, "  {}", self.style.dim(&clean(&pair.new.origin.path)))?;
        let weightiest = pair.effect();
        for change in &pair.changes {
            // The heading says what the weightiest touch; the others say so themselves.
            let remark = if change.effect == weightiest {
                String::new()
            } else {
                self.style.dim(&format!("  ({})", change.effect.name()))
            };
            self.change(change, &remark)?;
        }
        writeln!(self.out)
    }

    fn change(&mut self, change: &Change, remark: &str) -> io::Result<()> {
        let key = clean(&change.key);
        if let (Some(Json::String(old)), Some(Json::String(new))) = (&change.old, &change.new)
            && (old.trim().contains('\n') || new.trim().contains('\n') || change.key == "query")
        {
            let only_layout = change.key == "query" && change.effect == Effect::Words;
            let note = if only_layout { "  only its layout" } else { "" };
            writeln!(self.out, "    {key}{note}{remark}")?;
            return self.lines(&diff_lines(old, new));
        }
        if let (Some(Json::Array(old)), Some(Json::Array(new))) = (&change.old, &change.new) {
            writeln!(self.out, "    {key}{remark}")?;
            let only = |these: &[Json], others: &[Json]| -> Vec<String> {
                these.iter().filter(|one| !others.contains(one)).map(brief).collect()
            };
            let (gone, come) = (only(old, new), only(new, old));
            if gone.is_empty() && come.is_empty() {
                return writeln!(self.out, "      in another order");
            }
            self.short('-', &gone)?;
            return self.short('+', &come);
        }
        let shown = |value: &Option<Json>| match value {
            None => self.style.dim("nothing"),
            Some(value) => clean(brief(value).trim()),
        };
        let (old, new) = (shown(&change.old), shown(&change.new));
        if key.len() + old.len() + new.len() < 76.min(self.width) {
            return writeln!(self.out, "    {key}: {old} → {new}{remark}");
        }
        writeln!(self.out, "    {key}{remark}")?;
        let lines = |value: &Option<Json>| -> Vec<String> {
            let text = value
                .as_ref()
                .map(|value| value.as_str().map_or_else(|| brief(value), str::to_owned));
            text.iter().flat_map(|text| text.trim().lines()).map(str::to_owned).collect()
        };
        self.short('-', &lines(&change.old))?;
        self.short('+', &lines(&change.new))
    }

    /// Lines with a sign in front.
    fn short(&mut self, sign: char, lines: &[String]) -> io::Result<()> {
        for line in lines {
            let line = cut(&format!("{sign} {}", clean(line)), self.width - 6);
            writeln!(self.out, "      {}", self.signed(sign, &line))?;
        }
        Ok(())
    }

    /// The lines of two texts that differ, with some around them.
    fn lines(&mut self, lines: &[DiffLine<'_>]) -> io::Result<()> {
        let differs = |line: &DiffLine<'_>| !matches!(line, DiffLine::Same(_));
        let mut last = None;
        for (at, line) in lines.iter().enumerate() {
            let near = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len());
            if !lines[near].iter().any(differs) {
                continue;
            }
            if last.is_some_and(|last| last + 1 != at) {
                writeln!(self.out, "      {}", self.style.dim("⋯"))?;
            }
            last = Some(at);
            let (sign, text) = match line {
                DiffLine::Same(text) => (' ', text),
                DiffLine::Old(text) => ('-', text),
                DiffLine::New(text) => ('+', text),
            };
            let text = format!("{sign} {}", clean(&text.replace('\t', "    ")));
            writeln!(self.out, "      {}", self.signed(sign, text.trim_end()))?;
        }
        Ok(())
    }

    fn counts(&mut self, diff: &SetDiff<'_>) -> io::Result<()> {
        let mut parts = Vec::new();
        let mut part = |count: usize, what: &str| {
            if count > 0 {
                parts.push(format!("{} {what}", thousands(count as u64)));
            }
        };
        part(diff.added.len(), "added");
        part(diff.removed.len(), "removed");
        for effect in Effect::ALL {
            let count = diff.changed.iter().filter(|pair| pair.effect() == effect).count();
            part(count, &format!("changed {}", words(effect).1));
        }
        part(diff.unchanged, "the same");
        if parts.is_empty() {
            parts.push("no rules".to_owned());
        }
        writeln!(self.out, "{}", parts.join(", "))
    }
}
