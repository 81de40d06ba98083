//! Rule documents for the commands that look at many of them: read, and those chosen that are asked for.

use std::io::{self, Write};
use std::path::Path;

use anyhow::bail;
use dragnet_plan::pattern::Wildcard;
use dragnet_rules::{Document, Rule, documents};
use serde_json::{Map, Value as Json};

use super::args::FilterArgs;
use crate::Terminal;
use crate::summary::thousands;

/// What was read.
pub(crate) struct Selection {
    /// The rules that are asked for, in the order in which they were met.
    pub(crate) documents: Vec<Document>,
    /// How many rules there were to choose from.
    pub(crate) of: usize,
    /// How many withdrawn rules were left out.
    pub(crate) withdrawn: usize,
    /// What was there beside rules: exception lists, their items, connectors.
    pub(crate) attachments: Vec<Map<String, Json>>,
    /// Whether everything could be read. What could not has been named.
    pub(crate) is_whole: bool,
}

/// Reads rules, names those that cannot be read, and chooses.
///
/// # Errors
/// If there is no rule at all.
pub(crate) fn select<P: AsRef<Path>>(
    paths: &[P],
    filter: &FilterArgs,
    terminal: Terminal,
) -> anyhow::Result<Selection> {
    let shelf = documents(paths);
    let mut err = io::stderr().lock();
    for failure in &shelf.failed {
        write!(err, "{}", failure.render(terminal.err.is_colored()))?;
    }
    if shelf.documents.is_empty() {
        let names: Vec<_> = paths.iter().map(|p| p.as_ref().display().to_string()).collect();
        bail!("there is no rule that can be read in {}", names.join(", "));
    }
    let (kept, left): (Vec<_>, Vec<_>) =
        shelf.documents.into_iter().partition(|one| filter.deprecated || !one.withdrawn);
    let of = kept.len();
    Ok(Selection {
        documents: kept.into_iter().filter(|one| holds(filter, &one.rule)).collect(),
        of,
        withdrawn: left.len(),
        attachments: shelf.attachments,
        is_whole: shelf.failed.is_empty(),
    })
}

impl Selection {
    /// What was left out, as the end of a report; `None` if nothing was.
    pub(crate) fn left_out(&self) -> Option<String> {
        let count = thousands(self.withdrawn as u64);
        match self.withdrawn {
            0 => None,
            1 => Some("1 deprecated rule is left out (--deprecated takes it in)".to_owned()),
            _ => {
                Some(format!("{count} deprecated rules are left out (--deprecated takes them in)"))
            }
        }
    }
}

/// Whether a rule is one of those that are asked for.
pub(crate) fn holds(filter: &FilterArgs, rule: &Rule) -> bool {
    let any = |values: &[String], test: &dyn Fn(&str) -> bool| {
        values.is_empty() || values.iter().any(|value| test(value))
    };
    any(&filter.types, &|name| rule.rule_type.name() == name)
        && any(&filter.severity, &|name| rule.severity.name() == name)
        && any(&filter.tactic, &|wanted| {
            let tactics = rule.threat.iter().map(|threat| &threat.tactic);
            tactics.into_iter().any(|one| is_alike(&one.id, wanted) || is_alike(&one.name, wanted))
        })
        && any(&filter.technique, &|wanted| has_technique(rule, wanted))
        && any(&filter.tag, &|wanted| rule.tags.iter().any(|tag| is_tag(tag, None, wanted)))
        && any(&filter.source, &|wanted| has_tag_of(rule, "data source", wanted))
        && any(&filter.os, &|wanted| has_tag_of(rule, "os", wanted))
        && any(&filter.index, &|wanted| reads(rule, wanted))
        && (!filter.enabled || rule.enabled)
        && (!filter.disabled || !rule.enabled)
        && (filter.text.is_empty() || has_words(rule, &filter.text))
}

/// Whether two names are the same but for case, and hyphens for blanks.
fn is_alike(name: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.trim().to_lowercase().replace(['-', '_'], " ");
    plain(name) == plain(wanted)
}

fn has_technique(rule: &Rule, wanted: &str) -> bool {
    rule.threat.iter().flat_map(|threat| &threat.technique).any(|technique| {
        is_alike(&technique.id, wanted)
            || is_alike(&technique.name, wanted)
            || technique
                .subtechnique
                .iter()
                .any(|sub| is_alike(&sub.id, wanted) || is_alike(&sub.name, wanted))
    })
}

fn has_tag_of(rule: &Rule, kind: &str, wanted: &str) -> bool {
    rule.tags.iter().any(|tag| is_tag(tag, Some(kind), wanted))
}

/// Whether a tag, or what is behind its colon, is the wanted one; of a kind only if that is before the colon.
fn is_tag(tag: &str, kind: Option<&str>, wanted: &str) -> bool {
    let (before, behind) = tag.split_once(':').unwrap_or(("", tag));
    match kind {
        Some(kind) => is_alike(before, kind) && is_alike(behind, wanted),
        None => is_alike(tag, wanted) || is_alike(behind, wanted),
    }
}

/// Whether a rule reads an index: one of its patterns takes it in, or, where a pattern is asked for, the other way
/// round. Elasticsearch: a pattern with a hyphen in front takes indices out.
fn reads(rule: &Rule, wanted: &str) -> bool {
    let takes = |pattern: &str, name: &str| Wildcard::new(pattern, false).is_match(name);
    let mut patterns = rule.index.iter().filter(|pattern| !pattern.starts_with('-'));
    patterns.any(|pattern| takes(pattern, wanted) || takes(wanted, pattern))
}

fn has_words(rule: &Rule, words: &[String]) -> bool {
    let parts = [&rule.name, &rule.description, &rule.query];
    let mut all: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
    all.extend(rule.tags.iter().map(String::as_str));
    all.extend(rule.note());
    let all = all.join("\n").to_lowercase();
    words.iter().flat_map(|words| words.split_whitespace()).all(|w| all.contains(&w.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(is_alike("Defense Evasion", "defense-evasion"));
        assert!(is_alike("T1546", "t1546"));
        assert!(!is_alike("T1546.003", "T1546"));
        assert!(is_tag("OS: Windows", Some("os"), "windows"));
        assert!(!is_tag("OS: Windows", Some("data source"), "windows"));
        assert!(is_tag("Use Case: Threat Detection", None, "threat detection"));
        assert!(is_tag("Example", None, "example"));
    }
}
