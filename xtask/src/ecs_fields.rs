//! `cargo xtask ecs-fields`: the table of ECS fields that `dragnet-ecs` is built with, from the schema
//! as it is published (`generated/ecs/ecs_flat.yml` of elastic/ecs).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;

/// Where the table is.
const TABLE: &str = "crates/ecs/src/fields/ecs.tsv";
/// What the table's first line begins with; the version follows.
const TITLE: &str = "# Elastic Common Schema ";
/// The rest of the table's head. The schema's licence asks for its notice.
const HEAD: &str = "\
# Fields, their types in Elasticsearch, and whether documents are to hold arrays of them.
# Made by `cargo xtask ecs-fields` from generated/ecs/ecs_flat.yml of https://github.com/elastic/ecs: names and
# types only. Do not edit.
# Elastic Common Schema, Copyright 2018 Elastic N.V., licensed under the Apache License, Version 2.0:
# http://www.apache.org/licenses/LICENSE-2.0
";

/// A field as the schema has it, as far as the table does.
#[derive(Debug, Deserialize)]
struct Field {
    #[serde(rename = "type")]
    ty: String,
    #[serde(default)]
    normalize: Vec<String>,
    #[serde(default)]
    multi_fields: Vec<MultiField>,
}

/// The same values indexed in another way.
#[derive(Debug, Deserialize)]
struct MultiField {
    flat_name: String,
    #[serde(rename = "type")]
    ty: String,
}

/// Writes the table. Without a version, which the schema's file does not hold, the table keeps its own.
pub(crate) fn run(root: &Path, schema: &Path, version: Option<&str>) -> ExitCode {
    match write(root, schema, version) {
        Ok(fields) => {
            println!("{TABLE}: {fields} fields");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(root: &Path, schema: &Path, version: Option<&str>) -> Result<usize, String> {
    let path = root.join(TABLE);
    let version = match version {
        Some(version) => version.to_owned(),
        None => {
            version_of(&read(&path)?).ok_or(format!("{TABLE} has no version; give one"))?.to_owned()
        }
    };
    let table = table(&read(schema)?, &version)?;
    fs::write(&path, &table).map_err(|error| format!("{TABLE}: {error}"))?;
    Ok(table.lines().filter(|line| !line.starts_with('#')).count())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn version_of(table: &str) -> Option<&str> {
    table.lines().next()?.strip_prefix(TITLE)
}

/// The table's text.
fn table(schema: &str, version: &str) -> Result<String, String> {
    // The schema has some hundred thousand values, more than a configuration file should.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 4_000_000,
            max_nodes: 2_000_000,
        },
    };
    let fields: BTreeMap<String, Field> =
        serde_saphyr::from_str_with_options(schema, options).map_err(|error| error.to_string())?;
    let mut lines = BTreeMap::new();
    for (name, field) in &fields {
        lines.insert(name, (&field.ty, field.normalize.iter().any(|what| what == "array")));
        for multi_field in &field.multi_fields {
            lines.insert(&multi_field.flat_name, (&multi_field.ty, false));
        }
    }
    let mut text = format!("{TITLE}{version}\n{HEAD}");
    for (name, (ty, array)) in lines {
        let _ = writeln!(text, "{name}\t{ty}{}", if array { "\tarray" } else { "" });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_multi_fields_in_order() {
        let schema = "
b.name:
  description: 'Any text: with a colon.

    And another paragraph.'
  multi_fields:
  - flat_name: b.name.text
    name: text
    type: match_only_text
  normalize:
  - array
  type: keyword
'@a':
  normalize: []
  type: date
b.name2:
  type: long
";
        let table = table(schema, "1.2.3").unwrap();
        assert_eq!(version_of(&table), Some("1.2.3"));
        let lines: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
        let expected =
            ["@a\tdate", "b.name\tkeyword\tarray", "b.name.text\tmatch_only_text", "b.name2\tlong"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_no_schema_is_an_error() {
        for schema in ["- a", "a: {normalize: []}", "a: [", "a: {type: [x]}"] {
            assert!(table(schema, "1").is_err(), "{schema}");
        }
    }

    #[test]
    fn the_table_is_what_the_schema_gives() {
        let Some(schema) = dragnet_test_support::corpora("ecs/ecs_flat.yml") else { return };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let checked_in = read(&root.join(TABLE)).unwrap();
        let version = version_of(&checked_in).unwrap();
        let made = table(&read(&schema).unwrap(), version).unwrap();
        assert!(made == checked_in, "{TABLE} is not what `cargo xtask ecs-fields` makes");
    }
}
