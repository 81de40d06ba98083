//! Rules for the made events: some of each kind, over the fields that such rules read. Most find nothing, as in life.

use super::{ARGUMENTS, PROGRAMS, Random};

/// The first lines of every rule.
const HEAD: &str = r#"[metadata]
creation_date = "2026/11/25"
maturity = "production"
updated_date = "2026/11/25"

[rule]
author = ["Dragnet"]
description = "Made to measure by."
from = "now-9m"
index = ["logs-windows.sysmon_operational-*", "logs-system.security*"]
license = "Apache-2.0"
risk_score = 21
severity = "low"
tags = ["OS: Windows", "Made"]
timestamp_override = "event.ingested"
"#;

/// What rules ask for, and in what language (`threshold`: KQL, and it is counted). `{p}` and `{q}` stand for programs, `{a}` for a part of a command line, `{n}` for the rule's
/// number.
const QUERIES: &[(&str, &str)] = &[
    (
        "eql",
        r#"process where host.os.type == "windows" and event.type == "start" and process.name : ("{p}", "{q}") and process.args : "*{a}*{n}*""#,
    ),
    (
        "eql",
        r#"process where event.type == "start" and process.parent.name : "{p}" and process.name : "{q}" and process.command_line : "*{a} {n}" and not user.name : "SYSTEM""#,
    ),
    (
        "eql",
        r#"process where process.pe.original_file_name == "{p}" and not process.executable : ("?:\\Windows\\System32\\*", "?:\\Program Files*") and process.args_count > 2 and length(process.command_line) > {n}"#,
    ),
    ("eql", r#"registry where registry.path : "HKLM\\*\\Run\\Value{n}" and process.name : "{p}""#),
    (
        "eql",
        r#"file where file.extension in ("ps1", "dll") and file.name : "file{n}*.dll" and not process.name : ("{p}", "{q}")"#,
    ),
    (
        "eql",
        r#"library where dll.name : "lib{n}.dll" and process.name : "{p}" and not dll.code_signature.trusted == true"#,
    ),
    (
        "eql",
        r#"network where process.name : "{p}" and destination.port == 8080 and not cidrMatch(destination.ip, "10.0.0.0/8", "192.168.0.0/16") and process.executable : "*{n}*""#,
    ),
    (
        "eql",
        r#"any where event.code : ("4624", "1") and user.name : "user{n}*" and process.name regex~ """[a-z]{3}{n}.*\.exe""""#,
    ),
    (
        "eql",
        r#"sequence by host.id, user.name with maxspan=2s [process where event.type == "start" and process.name : ("{p}", "{q}")] [network where destination.port == 445]"#,
    ),
    (
        "kuery",
        r#"event.code: "4624" and winlog.event_data.LogonType: ("3" or "10") and source.ip: ("203.0.0.0/16" and not "203.0.1.0/24") and user.name: *{n}"#,
    ),
    (
        "kuery",
        r#"process.name: ("{p}" or "{q}") and process.command_line: *{n} and not process.parent.name: "{q}""#,
    ),
    ("threshold", r#"event.code: "4624" and not user.name: user{n}*"#),
    (
        "lucene",
        r"process.executable:*{p} AND process.command_line:/.*[0-9]{n}/ AND NOT user.name:SYSTEM",
    ),
];

/// What a threshold counts.
const THRESHOLD: &str = "\n[rule.threshold]\nfield = [\"host.id\"]\nvalue = 90\n";

/// Rules as TOML.
pub(super) fn rules(count: usize) -> Vec<String> {
    let mut random = Random(3);
    let rule = |number: usize| {
        let (language, query) = QUERIES[number % QUERIES.len()];
        let argument = ARGUMENTS[random.below(ARGUMENTS.len())].split(' ').next().unwrap_or("/c");
        let query = query
            .replace("{n}", &(number * 3).to_string())
            .replace("{p}", random.of(PROGRAMS))
            .replace("{q}", random.of(PROGRAMS))
            .replace("{a}", argument);
        let (kind, language, more) = match language {
            "eql" => ("eql", "eql", ""),
            "threshold" => ("threshold", "kuery", THRESHOLD),
            _ => ("query", language, ""),
        };
        format!(
            "{HEAD}language = \"{language}\"\nname = \"Made {number}\"\nrule_id = \
             \"00000000-0000-4000-8000-{number:012}\"\ntype = \"{kind}\"\nquery = '''\n{query}\n'''\n{more}"
        )
    };
    (0..count).map(rule).collect()
}
