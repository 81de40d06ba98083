//! `dragnet rules convert`: rules from one form into another.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use dragnet_rules::{Document, export_summary, to_api, to_toml};
use serde_json::{Map, Value as Json};

use super::args::{ConvertArgs, Form};
use super::select::{Selection, select};
use crate::summary::{counted, thousands};
use crate::{ExitStatus, Terminal};

/// Warnings that are shown one by one; of more, only the number is told.
const MOST_SHOWN: usize = 20;
/// The longest name of a file that is made from a rule's name, in bytes.
const MAX_NAME: usize = 100;
/// Where a directory of TOML files has what belongs to its rules and has no form in TOML.
const ATTACHMENTS: &str = "exceptions.ndjson";

pub(crate) fn run(args: &ConvertArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let selection = select(&args.paths, &args.filter, terminal)?;
    if selection.documents.is_empty() {
        let left_out = selection.left_out().map(|text| format!("; {text}")).unwrap_or_default();
        bail!("no rule is left to convert{left_out}");
    }
    let mut err = io::stderr().lock();
    warnings(&selection, terminal, &mut err)?;
    let attachments = attachments(&selection);
    let output = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    let written = match args.to {
        Form::Ndjson => ndjson(&selection, &attachments, output, &mut err)?,
        Form::Toml => toml(&selection, &attachments, output, &mut err)?,
    };
    if let Some(left_out) = selection.left_out() {
        writeln!(err, "{left_out}")?;
    }
    let is_whole = selection.is_whole && written;
    Ok(if is_whole { ExitStatus::Nothing } else { ExitStatus::Error })
}

fn warnings(selection: &Selection, terminal: Terminal, err: &mut impl Write) -> anyhow::Result<()> {
    let warnings: Vec<_> = selection.documents.iter().flat_map(|one| &one.warnings).collect();
    if warnings.len() > MOST_SHOWN {
        let count = thousands(warnings.len() as u64);
        writeln!(err, "{count} warnings about these rules (`dragnet rules check` shows them)")?;
        return Ok(());
    }
    for warning in warnings {
        write!(err, "{}", warning.render(terminal.err.is_colored()))?;
    }
    let mut ids: BTreeMap<&str, &Document> = BTreeMap::new();
    for document in &selection.documents {
        if let Some(first) = ids.insert(&document.rule.rule_id, document) {
            let (id, head) = (&document.rule.rule_id, terminal.err.red("warning:"));
            let (one, other) = (&first.origin.path, &document.origin.path);
            writeln!(err, "{head} {one} and {other} both have the id `{id}`; both are converted")?;
        }
    }
    Ok(())
}

/// What goes along with the rules: each part once; where only some of the rules are asked for, what they name.
fn attachments(selection: &Selection) -> Vec<Map<String, Json>> {
    let rules = &selection.documents;
    let all = rules.len() == selection.of;
    let named = |key: &str, id: &str| -> BTreeSet<&str> {
        let lists = rules.iter().filter_map(|one| one.rule.fields.get(key)?.as_array()).flatten();
        lists.filter_map(|entry| entry.get(id)?.as_str()).collect()
    };
    let (lists, connectors) = (named("exceptions_list", "list_id"), named("actions", "id"));
    let mut kept: Vec<Map<String, Json>> = Vec::new();
    let mut seen = HashSet::new();
    for one in &selection.attachments {
        let text = |key: &str| one.get(key).and_then(Json::as_str);
        let is_named = match text("list_id") {
            Some(list) => lists.contains(list),
            None => text("id").is_some_and(|id| connectors.contains(id)),
        };
        if (all || is_named) && seen.insert(Json::Object(one.clone()).to_string()) {
            kept.push(one.clone());
        }
    }
    kept
}

/// Writes Kibana's form: rules, what goes along, the export's summary.
fn ndjson(
    selection: &Selection,
    attachments: &[Map<String, Json>],
    output: Option<&Path>,
    err: &mut impl Write,
) -> anyhow::Result<bool> {
    let rules = &selection.documents;
    let mut out: Box<dyn Write> = match output {
        None => Box::new(BufWriter::new(io::stdout().lock())),
        Some(path) => {
            if path.is_dir() {
                bail!("{} is a directory; Kibana's form is one file", path.display());
            }
            spare_sources(rules, std::slice::from_ref(&path.to_path_buf()))?;
            let file = fs::File::create(path);
            Box::new(BufWriter::new(file.with_context(|| cannot_write(path))?))
        }
    };
    let mut line = |object: Json| writeln!(out, "{object}");
    for document in rules {
        line(Json::Object(to_api(&document.rule)))?;
    }
    for attachment in attachments {
        line(Json::Object(attachment.clone()))?;
    }
    line(export_summary(rules.len(), attachments))?;
    out.flush()?;
    if let Some(path) = output {
        let more = more(attachments.len());
        writeln!(
            err,
            "{}{more} written to {}",
            counted(rules.len() as u64, "rule"),
            path.display()
        )?;
    }
    Ok(true)
}

/// Writes TOML: a rule to standard output or a file, several into a directory. Gives whether all could be.
fn toml(
    selection: &Selection,
    attachments: &[Map<String, Json>],
    output: Option<&Path>,
    err: &mut impl Write,
) -> anyhow::Result<bool> {
    let rules = &selection.documents;
    let is_file = output.is_none_or(|path| {
        let is_toml = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("toml"));
        is_toml && !path.is_dir()
    });
    if let (Some(directory), false) = (output, is_file) {
        return directory_of(rules, attachments, directory, err);
    }
    let [only] = rules.as_slice() else {
        bail!(
            "{} cannot be one TOML file; --output names a directory for them",
            counted(rules.len() as u64, "rule")
        );
    };
    let text = to_toml(&only.rule).with_context(|| too_deep(only))?;
    match output {
        None => io::stdout().lock().write_all(text.as_bytes())?,
        Some(path) => {
            spare_sources(rules, std::slice::from_ref(&path.to_path_buf()))?;
            fs::write(path, text).with_context(|| cannot_write(path))?;
            writeln!(err, "{} written to {}", counted(1, "rule"), path.display())?;
        }
    }
    if !attachments.is_empty() {
        let what = "exceptions and connectors have no form in TOML and are left out";
        writeln!(err, "{} {what} (--output DIR writes {ATTACHMENTS} besides)", attachments.len())?;
    }
    Ok(true)
}

fn directory_of(
    rules: &[Document],
    attachments: &[Map<String, Json>],
    directory: &Path,
    err: &mut impl Write,
) -> anyhow::Result<bool> {
    let paths: Vec<PathBuf> =
        file_names(rules).into_iter().map(|name| directory.join(name)).collect();
    spare_sources(rules, &paths)?;
    fs::create_dir_all(directory).with_context(|| cannot_write(directory))?;
    let mut written = 0;
    for (document, path) in rules.iter().zip(&paths) {
        let Some(text) = to_toml(&document.rule) else {
            writeln!(err, "error: {}", too_deep(document))?;
            continue;
        };
        fs::write(path, text).with_context(|| cannot_write(path))?;
        written += 1;
    }
    if !attachments.is_empty() {
        let lines: Vec<String> =
            attachments.iter().map(|one| Json::Object(one.clone()).to_string() + "\n").collect();
        let path = directory.join(ATTACHMENTS);
        fs::write(&path, lines.concat()).with_context(|| cannot_write(&path))?;
    }
    let more = more(attachments.len());
    writeln!(err, "{}{more} written to {}", counted(written as u64, "rule"), directory.display())?;
    Ok(written == rules.len())
}

/// A file name for each rule: that of the file it was alone in, else one made from its name.
fn file_names(rules: &[Document]) -> Vec<String> {
    let mut in_file: BTreeMap<&str, usize> = BTreeMap::new();
    for one in rules {
        *in_file.entry(&one.origin.path).or_default() += 1;
    }
    let mut taken = HashSet::new();
    let name = |document: &Document| {
        let path = Path::new(&document.origin.path);
        let is_alone = in_file.get(document.origin.path.as_str()) == Some(&1);
        let is_json = path.extension().is_some_and(|ext| {
            ext.eq_ignore_ascii_case("ndjson") || ext.eq_ignore_ascii_case("json")
        });
        let stem = path.file_stem().filter(|_| is_alone && !is_json);
        let base = stem.map_or_else(|| slug(&document.rule.name), |s| s.to_string_lossy().into());
        // File systems that do not tell case apart must not lose one of two.
        let mut name = base.clone();
        let mut number = 1;
        while !taken.insert(name.to_lowercase()) {
            number += 1;
            name = format!("{base}_{number}");
        }
        format!("{name}.toml")
    };
    rules.iter().map(name).collect()
}

/// A rule's name as that of a file: letters and digits in lower case, `_` between.
fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(MAX_NAME);
    let out = out.trim_end_matches('_');
    if out.is_empty() { "rule".to_owned() } else { out.to_owned() }
}

/// Refuses to write over a file that a rule was read from: its comments and its layout would be lost.
fn spare_sources(rules: &[Document], targets: &[PathBuf]) -> anyhow::Result<()> {
    let sources: HashSet<PathBuf> =
        rules.iter().filter_map(|one| fs::canonicalize(&one.origin.path).ok()).collect();
    for target in targets {
        if fs::canonicalize(target).is_ok_and(|path| sources.contains(&path)) {
            bail!("{} is one of the files that rules are read from", target.display());
        }
    }
    Ok(())
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

fn too_deep(document: &Document) -> String {
    let (name, path) = (&document.rule.name, &document.origin.path);
    format!("`{name}` of {path} has values that are nested deeper than TOML can be read")
}

fn more(attachments: usize) -> String {
    match attachments {
        0 => String::new(),
        n => format!(" and {} exceptions and connectors", thousands(n as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        #[track_caller]
        fn check(name: &str, expected: &str) {
            assert_eq!(slug(name), expected);
        }
        check("A Crane -- (Lifting) it", "a_crane_lifting_it");
        check("../../etc/passwd", "etc_passwd");
        check("日本", "rule");
        check(&"ab ".repeat(100), &("ab_".repeat(33) + "a"));
    }
}
