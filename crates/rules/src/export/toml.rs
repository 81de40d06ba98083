//! A rule as TOML, laid out as in `elastic/detection-rules`: other tables first, then `[rule]` with its
//! query last.
//!
//! Texts are written so that the file says them to the letter, in the form that is easiest to read: with
//! single quotes, which know no escapes, wherever that can be.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::toml_form;
use crate::rule::Rule;

/// Tables and lists within each other; TOML readers have bounds too.
const MAX_DEPTH: usize = 64;
/// The longest list that is written on one line, in bytes.
const LONG_LINE: usize = 100;

/// The rule as a TOML file; `None` if its values are nested deeper than TOML can be read.
pub fn to_toml(rule: &Rule) -> Option<String> {
    let (fields, mut extra) = toml_form(rule);
    if extra.values().chain(fields.values()).any(|value| depth(value) > MAX_DEPTH) {
        return None;
    }
    let mut out = String::new();
    extra.remove("rule");
    table(&mut out, &mut Vec::new(), &extra, "");
    // The table is there even if it were empty: it is what makes the file a rule.
    let mut path = vec!["rule".to_owned()];
    table(&mut out, &mut path, &fields, "[rule]");
    Some(out)
}

fn depth(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(keys) => 1 + keys.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Writes a table: its header, its plain values, then the tables within.
fn table(out: &mut String, path: &mut Vec<String>, keys: &Map<String, Json>, header: &str) {
    let is_table = |value: &Json| value.is_object() || is_list_of_tables(value);
    let plain = || keys.iter().filter(|(_, value)| !is_table(value) && !value.is_null());
    let has_header = plain().next().is_some() || keys.is_empty() || header.starts_with("[[");
    if !header.is_empty() && (has_header || header == "[rule]") {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{header}");
    }
    let is_query = |key: &str| key == "query" && header == "[rule]";
    let (query, others): (Vec<_>, Vec<_>) = plain().partition(|(key, _)| is_query(key));
    for (name, json) in others.into_iter().chain(query) {
        let _ = write!(out, "{} = ", key(name));
        value(out, json, true);
        out.push('\n');
    }
    for (name, json) in keys.iter().filter(|(_, value)| is_table(value)) {
        path.push(key(name));
        let dotted = path.join(".");
        match json {
            Json::Object(inner) => table(out, path, inner, &format!("[{dotted}]")),
            Json::Array(items) => {
                for inner in items.iter().filter_map(Json::as_object) {
                    table(out, path, inner, &format!("[[{dotted}]]"));
                }
            }
            _ => {}
        }
        path.pop();
    }
}

fn is_list_of_tables(value: &Json) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Json::is_object))
}

fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { basic(name) }
}

/// Writes a value; `may_break` says whether it may take several lines.
fn value(out: &mut String, json: &Json, may_break: bool) {
    match json {
        // Left out where it can be; in a list, a text keeps the places of what follows.
        Json::Null => out.push_str("\"\""),
        Json::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Json::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Json::String(text) => out.push_str(&string(text, may_break)),
        Json::Array(items) => list(out, items, may_break),
        Json::Object(keys) => {
            out.push('{');
            let filled = keys.iter().filter(|(_, value)| !value.is_null());
            for (number, (name, json)) in filled.enumerate() {
                out.push_str(if number == 0 { " " } else { ", " });
                let _ = write!(out, "{} = ", key(name));
                value(out, json, false);
            }
            out.push_str(" }");
        }
    }
}

fn list(out: &mut String, items: &[Json], may_break: bool) {
    let written = |item: &Json, may_break| {
        let mut one = String::new();
        value(&mut one, item, may_break);
        one
    };
    let line = items.iter().map(|item| written(item, false)).collect::<Vec<_>>().join(", ");
    let breaks = items.iter().filter_map(Json::as_str).any(|text| text.contains('\n'));
    if !may_break || (line.len() <= LONG_LINE && !breaks) {
        let _ = write!(out, "[{line}]");
        return;
    }
    out.push_str("[\n");
    for item in items {
        let _ = writeln!(out, "    {},", written(item, true));
    }
    out.push(']');
}

/// Whether a text can stand between single quotes, where nothing is escaped.
fn is_literal(text: &str) -> bool {
    text.chars().all(|c| c == '\t' || c == '\n' || !c.is_control())
}

fn string(text: &str, may_break: bool) -> String {
    if may_break && text.contains('\n') {
        // A line feed straight behind the quotes is not part of the text.
        if is_literal(text) && !text.contains("'''") && !text.ends_with('\'') {
            return format!("'''\n{text}'''");
        }
        return format!("\"\"\"\n{}\"\"\"", escaped(text, true));
    }
    let needs_escapes = text.contains(['"', '\\']);
    if needs_escapes && is_literal(text) && !text.contains(['\'', '\n']) {
        return format!("'{text}'");
    }
    basic(text)
}

fn basic(text: &str) -> String {
    format!("\"{}\"", escaped(text, false))
}

/// A text between double quotes; `lines` says whether line feeds stay and lone quotes do.
fn escaped(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quotes = 0;
    while let Some(c) = chars.next() {
        quotes = if c == '"' { quotes + 1 } else { 0 };
        match c {
            '\n' if lines => out.push('\n'),
            '\t' => out.push('\t'),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            '"' if lines && quotes < 3 && chars.peek().is_some() => out.push('"'),
            '"' => {
                quotes = 0;
                out.push_str("\\\"");
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
