//! Rule files with their queries laid out anew.
//!
//! Only the string of the query changes; every other byte of the file stays. What the query means cannot change:
//! the formatter of the language promises the same syntax tree, and the file is read again before it is
//! handed out. A file about which there is doubt is left alone, with the reason.

use std::fs;
use std::path::Path;

use dragnet_event::Schema;
use dragnet_plan::Diagnostic;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::compile::Language;
use crate::walk::MAX_TOML_BYTES;

/// What formatting a rule file comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formatted {
    /// It is laid out well already.
    Unchanged,
    /// The new text of the file.
    Changed(String),
    /// There is nothing to format: no rule, or one without a query in a language that can be formatted.
    NotApplicable(&'static str),
}

/// Formats a rule file, without writing it; gives its text and what came of it.
///
/// # Errors
/// If the file cannot be read, is not a TOML rule file, or cannot be formatted; the text says why.
pub fn format_file(path: &Path) -> Result<(String, Formatted), String> {
    let size = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?.len();
    if size > MAX_TOML_BYTES {
        return Err(format!("larger than {} MiB", MAX_TOML_BYTES >> 20));
    }
    let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    let formatted = format_toml(&text)?;
    Ok((text, formatted))
}

/// Formats the text of a TOML rule file.
///
/// # Errors
/// If it is no TOML, its query is not valid, or cannot be written back without a change of meaning.
pub fn format_toml(text: &str) -> Result<Formatted, String> {
    let bom = text.len() - text.trim_start_matches('\u{feff}').len();
    let (head, body) = text.split_at(bom);
    let table = DeTable::parse(body).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(body, span.start));
        format!(
            "line {line}: not valid TOML: {}",
            error.message().lines().next().unwrap_or_default()
        )
    })?;
    let Some(rule) = table.get_ref().get("rule").and_then(|rule| rule.get_ref().as_table()) else {
        return Ok(Formatted::NotApplicable("no `[rule]` table"));
    };
    let key = |name: &str| rule.get(name).and_then(|value| value.get_ref().as_str());
    let language = match (key("type"), key("language")) {
        (Some("eql"), _) | (_, Some("eql")) => Language::Eql,
        (Some("esql" | "machine_learning"), _) => {
            return Ok(Formatted::NotApplicable("neither EQL nor KQL"));
        }
        (_, Some("kuery") | None) => Language::Kuery,
        (_, Some(_)) => return Ok(Formatted::NotApplicable("neither EQL nor KQL")),
    };
    let Some((query, value)) = key("query").zip(rule.get("query")) else {
        return Ok(Formatted::NotApplicable("no query"));
    };
    let span = value.span();
    let formatted = format_query(language, query).map_err(|diagnostics| {
        let line = line_of(body, span.start);
        match diagnostics.first() {
            Some(first) => {
                let language = language.title();
                format!("line {line}: the query is not valid {language}: {}", first.message)
            }
            None => "formatting would change the query".to_owned(),
        }
    })?;
    let token = body.get(span.clone()).unwrap_or_default();
    let literal = literal(token, &formatted).ok_or("the query cannot stand between `'''`")?;
    if literal == token || query.trim() == formatted && is_plain(token) {
        return Ok(Formatted::Unchanged);
    }
    // Alerts get their ids from the rule's, and without one that is made of the query's text.
    if key("rule_id").or(key("id")).is_none() {
        return Err(
            "the rule has no `rule_id`, so that a new layout would give its alerts new ids"
                .to_owned(),
        );
    }
    let new = format!("{}{literal}{}", &body[..span.start], &body[span.end..]);
    if query_of(&new).is_none_or(|query| normal(&query) != normal(&formatted)) {
        return Err("the query would not be read back as it was written".to_owned());
    }
    Ok(Formatted::Changed(format!("{head}{new}")))
}

/// Lays an EQL or KQL query out anew; what is in another language stays as it is.
///
/// # Errors
/// What is wrong with the query; nothing if it is valid, but cannot be laid out without a change of meaning.
pub fn format_query(language: Language, query: &str) -> Result<String, Vec<Diagnostic>> {
    match language {
        Language::Eql => dragnet_eql::format(query).map_err(|error| match error {
            dragnet_eql::FormatError::Invalid(diagnostics) => diagnostics,
            dragnet_eql::FormatError::Changed => Vec::new(),
        }),
        Language::Kuery => {
            let (tree, diagnostics) = dragnet_kql::parse(query);
            let Some(tree) = tree else { return Err(diagnostics) };
            let text = dragnet_kql::print(&tree);
            let schema = Schema::open();
            let plan = |text| dragnet_kql::compile(text, &dragnet_kql::Options::new(&schema)).0;
            if plan(&text) == plan(query) { Ok(text) } else { Err(Vec::new()) }
        }
        Language::Lucene => Ok(query.to_owned()),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// Whether a string of one line stands between single quotes, where it may stay.
fn is_plain(token: &str) -> bool {
    token.starts_with('\'') && !token.starts_with("'''")
}

/// The text without what line ends are made of.
fn normal(text: &str) -> String {
    text.trim().replace("\r\n", "\n")
}

fn query_of(text: &str) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    let query = |rule: &Spanned<DeValue<'_>>| {
        Some(rule.get_ref().as_table()?.get("query")?.get_ref().as_str()?.to_owned())
    };
    query(table.get_ref().get("rule")?)
}

/// The query as a TOML string without escapes, with the line ends of the old one. One line between single quotes
/// stays so. `None` if the text cannot stand there.
fn literal(old: &str, query: &str) -> Option<String> {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if query.contains("'''") || query.contains(control) {
        return None;
    }
    if is_plain(old) && !query.contains(['\n', '\'']) {
        return Some(format!("'{query}'"));
    }
    let text = format!("'''\n{query}\n'''");
    Some(if old.contains("\r\n") { text.replace('\n', "\r\n") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSY: &str = "process  where process.name==\"a.exe\"";
    const NEAT: &str = "process where process.name == \"a.exe\"";

    fn rule(query: &str) -> String {
        format!(
            "# Head\n[rule]\nname = \"x\"   # odd\nrule_id='y'\ntype = \"eql\"\nquery = {query} # tail\n\n[x]\ny=1"
        )
    }

    #[track_caller]
    fn check(old: &str, new: &str) {
        let (old, new) = (rule(old), rule(new));
        let expected =
            if old == new { Formatted::Unchanged } else { Formatted::Changed(new.clone()) };
        assert_eq!(format_toml(&old), Ok(expected));
        assert_eq!(format_toml(&new), Ok(Formatted::Unchanged), "again");
    }

    #[test]
    fn every_kind_of_string() {
        let neat = format!("'''\n{NEAT}\n'''");
        check(&format!("'''\n{MESSY}\n'''"), &neat);
        check(&format!("'''{MESSY}'''"), &neat);
        check(&format!("\"\"\"\n{MESSY}\n\"\"\""), &neat);
        check(&format!("\"{}\"", MESSY.replace('"', "\\\"")), &neat);
        check(&format!("'{MESSY}'"), &format!("'{NEAT}'"));
        check(&neat, &neat);
        check("'any  where a and /* why */ b'", "'any where a and /* why */ b'");
        check(
            "'''\r\nany where a // b\r\n and c\r\n'''",
            "'''\r\nany where\r\n  a and // b\r\n  c\r\n'''",
        );
        check(r#"'any   where a : "C:\\x"'"#, r#"'any where a : "C:\\x"'"#);
    }

    #[test]
    fn what_is_left_alone() {
        #[track_caller]
        fn refused(text: &str, reason: &str) {
            let error = format_toml(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        refused("[rule", "line 1: not valid TOML");
        refused(&rule("'any were true'"), "line 6: the query is not valid EQL: ");
        refused(&rule("'a: (b'").replace("eql", "query"), "line 6: the query is not valid KQL: ");
        refused(&rule(&format!("'{MESSY}'")).replace("rule_id='y'\n", ""), "no `rule_id`");
        refused(&rule("\"any  where a : \\\"'''\\\"\""), "cannot stand between");
        for (text, reason) in [
            ("[tool]\nx = 1", "no `[rule]` table"),
            ("[rule]\ntype = 'query'\nlanguage = 'lucene'\nquery = 'a :b'", "neither EQL nor KQL"),
            ("[rule]\ntype = 'esql'\nlanguage = 'esql'\nquery = 'from  a'", "neither EQL nor KQL"),
            ("[rule]\ntype = 'eql'", "no query"),
        ] {
            assert_eq!(format_toml(text), Ok(Formatted::NotApplicable(reason)), "{text}");
        }
        let bom = format!("\u{feff}{}", rule(&format!("'{MESSY}'")));
        assert_eq!(format_toml(&bom), Ok(Formatted::Changed(bom.replace(MESSY, NEAT))));
    }
}
