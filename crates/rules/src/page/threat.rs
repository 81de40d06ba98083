//! The ATT&CK mapping of a page: a list of tactics, techniques and sub-techniques, each with three facts.

use std::ops::Range;

use serde_json::{Map, Value as Json, json};

use super::{Page, lines};

/// Mappings of one page; Elastic's rules have up to about ten.
const MAX_ENTRIES: usize = 1000;

/// What the facts that follow belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Tactic,
    Technique,
    Subtechnique,
}

/// The labels that begin a tactic or technique, in lower case.
const LEVELS: &[(&str, Level)] = &[
    ("tactic", Level::Tactic),
    ("technique", Level::Technique),
    ("sub-technique", Level::Subtechnique),
    ("subtechnique", Level::Subtechnique),
];

/// The facts of each, and their keys.
const FACTS: &[(&str, &str)] =
    &[("name", "name"), ("id", "id"), ("reference url", "reference"), ("reference", "reference")];

/// Reads the mapping from the lines of its part.
pub(super) fn read(page: &mut Page<'_>, at: Range<usize>) {
    let span = page.span(at.clone());
    let mut framework = "MITRE ATT&CK".to_owned();
    let mut threats: Vec<Json> = Vec::new();
    let mut level = None;
    let mut count = 0;
    for number in at {
        let line = page.lines[number].clone();
        let plain = lines::plain(line.text);
        if plain.is_empty() || lines::is_artefact(line.text) || line.fence {
            continue;
        }
        let (name, value) = plain.split_once(':').unwrap_or((&plain, ""));
        let (name, value) = (name.trim().to_lowercase(), value.trim());
        if name == "framework" {
            framework = without_trademark(value);
            level = None;
        } else if let Some((_, next)) = LEVELS.iter().find(|(label, _)| *label == name) {
            count += 1;
            if count > MAX_ENTRIES {
                page.doubt(
                    line.span(),
                    format!("more than {MAX_ENTRIES} entries; the rest is ignored"),
                );
                break;
            }
            level = begin(&mut threats, *next, &framework, value);
            if level.is_none() {
                page.doubt(line.span(), format!("this {name} stands under nothing; it is ignored"));
            }
        } else if let Some((_, key)) = FACTS.iter().find(|(label, _)| *label == name) {
            if let Some(one) = level.and_then(|level| last(&mut threats, level)) {
                one.insert((*key).to_owned(), Json::from(lines::item(value)));
            }
        } else if name != "threat mapping" {
            page.doubt(line.span(), "what follows the ATT&CK mapping is ignored");
            break;
        }
    }
    if threats.is_empty() {
        page.doubt(span, format!("the page names {framework} and no tactic of it"));
    } else {
        page.set("threat", Json::Array(threats), span);
    }
}

/// The framework's name without its trademark sign, of which copies make letters.
fn without_trademark(name: &str) -> String {
    let name = name.trim_end_matches(['™', '*', '.']).trim();
    let signs = ["^TM^", "(TM)", "&trade;", "TM"];
    let bare = signs.iter().find_map(|sign| name.strip_suffix(sign)).unwrap_or(name);
    bare.replace("&amp;", "&").trim().to_owned()
}

/// Adds an entry; `None` if there is nothing that it could belong to.
fn begin(threats: &mut Vec<Json>, level: Level, framework: &str, name: &str) -> Option<Level> {
    let blank = json!({"id": "", "name": name, "reference": ""});
    match level {
        Level::Tactic => threats.push(json!({"framework": framework, "tactic": blank})),
        Level::Technique => push(threats.last_mut()?.as_object_mut()?, "technique", blank),
        Level::Subtechnique => push(last(threats, Level::Technique)?, "subtechnique", blank),
    }
    Some(level)
}

fn push(parent: &mut Map<String, Json>, key: &str, value: Json) {
    let list = parent.entry(key).or_insert_with(|| Json::Array(Vec::new()));
    if let Json::Array(list) = list {
        list.push(value);
    }
}

/// The entry that was added last.
fn last(threats: &mut [Json], level: Level) -> Option<&mut Map<String, Json>> {
    let threat = threats.last_mut()?;
    let one = match level {
        Level::Tactic => threat.get_mut("tactic")?,
        Level::Technique => threat.get_mut("technique")?.as_array_mut()?.last_mut()?,
        Level::Subtechnique => {
            let technique = threat.get_mut("technique")?.as_array_mut()?.last_mut()?;
            technique.get_mut("subtechnique")?.as_array_mut()?.last_mut()?
        }
    };
    one.as_object_mut()
}
