//! `dragnet rules diff`: what differs between two sets of rules.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use dragnet_rules::{
    Change, DiffLine, Document, Effect, Pair, SetDiff, compare_sets, diff_lines, documents,
};
use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use super::args::{DiffArgs, DiffFormat};
use super::show::brief;
use crate::output::cut;
use crate::style::{Style, clean};
use crate::summary::thousands;
use crate::{ExitStatus, Terminal};

/// Lines around a change that are shown.
const CONTEXT: usize = 2;
/// Lines of a text that is no query that are shown.
const MAX_LINES: usize = 40;
/// An old and a new value are on one line if that has fewer columns.
const MAX_PAIR: usize = 90;

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
        let (old, new) = (change.old.as_ref(), change.new.as_ref());
        let is_text = |one: &Json| one.as_str().is_some_and(|text| text.trim().contains('\n'));
        let (either, other) = (old.or(new), new.or(old));
        if change.key == "query" || either.is_some_and(is_text) || other.is_some_and(is_text) {
            let only_layout = change.key == "query" && change.effect == Effect::Words;
            let note = if only_layout { "  only its layout" } else { "" };
            writeln!(self.out, "    {key}{note}{remark}")?;
            let text = |one: Option<&Json>| one.map(brief).unwrap_or_default();
            let most = if change.key == "query" { usize::MAX } else { MAX_LINES };
            return self.lines(&diff_lines(&text(old), &text(new)), most);
        }
        if let (Some(Json::Array(_)), _) | (_, Some(Json::Array(_))) = (old, new) {
            writeln!(self.out, "    {key}{remark}")?;
            return self.lists(&change.key, old, new);
        }
        if let (Some(Json::Object(_)), _) | (_, Some(Json::Object(_))) = (old, new) {
            writeln!(self.out, "    {key}{remark}")?;
            return self.tables(old, new);
        }
        let line = format!("{key}: {} → {}", shown(old), shown(new));
        if line.width() < MAX_PAIR.min(self.width - 4) {
            return writeln!(self.out, "    {line}{remark}");
        }
        writeln!(self.out, "    {key}{remark}")?;
        self.short('-', &old.map(brief).into_iter().collect::<Vec<_>>())?;
        self.short('+', &new.map(brief).into_iter().collect::<Vec<_>>())
    }

    /// What is only in one of two lists.
    fn lists(&mut self, key: &str, old: Option<&Json>, new: Option<&Json>) -> io::Result<()> {
        let items = |value: Option<&Json>| match value {
            None => Vec::new(),
            Some(Json::Array(items)) => items.iter().map(|one| item(key, one)).collect(),
            Some(one) => vec![item(key, one)],
        };
        let (old, new) = (items(old), items(new));
        let only = |these: &[String], others: &[String]| -> Vec<String> {
            these.iter().filter(|one| !others.contains(one)).cloned().collect()
        };
        let (gone, come) = (only(&old, &new), only(&new, &old));
        if gone.is_empty() && come.is_empty() {
            let what = if old.len() == new.len() { "order, or in words only" } else { "number" };
            return writeln!(self.out, "      the same in another {what}");
        }
        self.short('-', &gone)?;
        self.short('+', &come)
    }

    /// The keys in which two tables differ.
    fn tables(&mut self, old: Option<&Json>, new: Option<&Json>) -> io::Result<()> {
        let keys =
            |value: Option<&Json>| value.and_then(Json::as_object).cloned().unwrap_or_default();
        let (left, right) = (keys(old), keys(new));
        let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        for name in names {
            let (before, after) = (left.get(name), right.get(name));
            if before != after {
                let line = format!("{}: {} → {}", clean(name), shown(before), shown(after));
                writeln!(self.out, "      {}", cut(&line, self.width - 6))?;
            }
        }
        Ok(())
    }

    /// Lines with a sign in front.
    fn short(&mut self, sign: char, lines: &[String]) -> io::Result<()> {
        for line in lines {
            let line = cut(&format!("{sign} {}", clean(line)), self.width - 6);
            writeln!(self.out, "      {}", self.signed(sign, &line))?;
        }
        Ok(())
    }

    /// The lines of two texts that differ, with some around them; at most so many, and how many more there are.
    fn lines(&mut self, lines: &[DiffLine<'_>], most: usize) -> io::Result<()> {
        let differs = |line: &DiffLine<'_>| !matches!(line, DiffLine::Same(_));
        let is_shown = |at: &usize| {
            let near = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len());
            lines[near].iter().any(differs)
        };
        let shown: Vec<usize> = (0..lines.len()).filter(is_shown).collect();
        let mut last = None;
        for at in shown.iter().take(most).copied() {
            if last.is_some_and(|last| last + 1 != at) {
                writeln!(self.out, "      {}", self.style.dim("⋯"))?;
            }
            last = Some(at);
            let (sign, text) = match lines[at] {
                DiffLine::Same(text) => (' ', text),
                DiffLine::Old(text) => ('-', text),
                DiffLine::New(text) => ('+', text),
            };
            let text = format!("{sign} {}", clean(&text.replace('\t', "    ")));
            let line = format!("      {}", self.signed(sign, text.trim_end()));
            writeln!(self.out, "{}", line.trim_end())?;
        }
        let rest = shown.get(most.min(shown.len())..).unwrap_or_default();
        let rest = rest.iter().filter(|at| differs(&lines[**at])).count();
        if rest > 0 {
            let text = format!("⋯ and {rest} more lines that differ");
            writeln!(self.out, "      {}", self.style.dim(&text))?;
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

/// A value on one line.
fn shown(value: Option<&Json>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| clean(brief(value).trim()))
}

/// An item of a list. Of an ATT&CK mapping the ids say all; the names and links belong to them.
fn item(key: &str, one: &Json) -> String {
    if key != "threat" {
        return brief(one);
    }
    let list =
        |of: &Json, key: &str| of.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    let id = |of: &Json| of.get("id").and_then(Json::as_str).unwrap_or("?").to_owned();
    let mut ids = Vec::new();
    for technique in list(one, "technique") {
        ids.push(id(&technique));
        ids.extend(list(&technique, "subtechnique").iter().map(id));
    }
    let tactic = one.get("tactic").unwrap_or(&Json::Null);
    let name = tactic.get("name").and_then(Json::as_str).unwrap_or_default();
    format!("{} {name}: {}", id(tactic), ids.join(", ")).trim_end_matches([':', ' ']).to_owned()
}
