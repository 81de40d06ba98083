//! Pages in all their forms.

use serde_json::{Value as Json, json};

use super::*;
use crate::load::{Loader, RuleSet};

/// A page of a rule that nobody has published, as Markdown.
const MARKDOWN: &str = r#"---
mapped_pages:
  - https://docs.example/harbour-crane
---

# Crane Controller Starts a Shell [prebuilt-rule-1-2-3-crane]

Finds a crane's controller that starts a shell. Nobody should do that.

**Rule type**: eql

**Rule indices**:

* logs-crane.process-*
* winlogbeat-\*

**Severity**: high

**Risk score**: 73

**Runs every**: 10m

**Searches indices from**: now-19m ({{ref}}/date-math.html[Date Math format])

**Maximum alerts per execution**: 33

**References**:

* [https://harbour.example/cranes](https://harbour.example/cranes)

**Tags**:

* Domain: Endpoint
* Severity: not a label

**Version**: 7

**Rule authors**:

* Harbour

**Rule license**: Elastic License v2

## Investigation guide [_investigation_guide_1]

**Triage and analysis**

[TBC: QUOTE]
**Investigating a crane**

```
process where this.is.not.the.query == "x"
```

- Severity: ask the crew.

## Setup [_setup_1]

Connect the crane.

## Rule query [_rule_query_1]

```js
process where
  process.parent.name == "crane.exe" and

  process.name : "cmd.exe"
```

**Framework**: MITRE ATT&CKTM

* Tactic:

    * Name: Execution
    * ID: TA0002
    * Reference URL: [https://attack.mitre.org/tactics/TA0002/](https://attack.mitre.org/tactics/TA0002/)

* Technique:

    * Name: Command and Scripting Interpreter
    * ID: T1059
    * Reference URL: [https://attack.mitre.org/techniques/T1059/](https://attack.mitre.org/techniques/T1059/)

* Sub-technique:

    * Name: Windows Command Shell
    * ID: T1059.003
    * Reference URL: [https://attack.mitre.org/techniques/T1059/003/](https://attack.mitre.org/techniques/T1059/003/)
"#;

/// The same rule's page in `AsciiDoc`, as older documentation has it.
const ASCIIDOC: &str = r#"[[crane]]
=== Crane Controller Starts a Shell

Finds a crane's controller that starts a shell. Nobody should do that.

*Rule type*: eql

*Rule indices*:

* logs-crane.process-*
* winlogbeat-*

*Severity*: high

*Risk score*: 73

*Runs every*: 10 minutes

*Searches indices from*: now-19m ({ref}/date-math.html[Date Math format])

*Maximum alerts per execution*: 33

*References*:

* https://harbour.example/cranes

*Tags*:

* Domain: Endpoint
* Severity: not a label

*Version*: 7

*Rule authors*:

* Harbour

*Rule license*: Elastic License v2

==== Rule query

[source, js]
----------------------------------
process where
  process.parent.name == "crane.exe" and

  process.name : "cmd.exe"
----------------------------------

*Framework*: MITRE ATT&CK^TM^

* Tactic:
** Name: Execution
** ID: TA0002
** Reference URL: https://attack.mitre.org/tactics/TA0002/
* Technique:
** Name: Command and Scripting Interpreter
** ID: T1059
** Reference URL: https://attack.mitre.org/techniques/T1059/
* Sub-technique:
** Name: Windows Command Shell
** ID: T1059.003
** Reference URL: https://attack.mitre.org/techniques/T1059/003/
"#;

/// And what is left of it when it is copied from a browser.
const BARE: &str = "Loading\n\nCrane Controller Starts a Shell\n\nElastic Stack Serverless Security\n\n\
Finds a crane's controller that starts a shell. Nobody should do that.\n\nRule type: eql\n\nRule indices:\n\n  \
• logs-crane.process-*\n  • winlogbeat-*\n\nSeverity: high\n\nRisk score:\u{a0}73\n\nRuns every: 10m\n\n\
Searches indices from: now-19m (see Date Math format)\n\nMaximum alerts per execution: 33\n\nReferences:\n\n  \
• https://harbour.example/cranes\n\nTags:\n\n  • Domain: Endpoint\n  • Severity: not a label\n\nVersion: 7\n\n\
Rule authors:\n\n  • Harbour\n\nRule license: Elastic License v2\n\nTriage and analysis\n\n[TBC: QUOTE]\n\
Investigating a crane\n\nprocess where no query stands is prose.\n\n  • Severity: ask the crew.\n\
process where\n  process.parent.name ==\u{a0}\"crane.exe\" and\n\n  process.name : \"cmd.exe\"\n\n\
Framework: MITRE ATT&CKTM\n\n  • Tactic:\n    • Name: Execution\n    • ID: TA0002\n    \
• Reference URL: https://attack.mitre.org/tactics/TA0002/\n  • Technique:\n    \
• Name: Command and Scripting Interpreter\n    • ID: T1059\n    \
• Reference URL: https://attack.mitre.org/techniques/T1059/\n  • Sub-technique:\n    \
• Name: Windows Command Shell\n    • ID: T1059.003\n    \
• Reference URL: https://attack.mitre.org/techniques/T1059/003/\n";

fn load(text: &str) -> RuleSet {
    let mut loader = Loader::new();
    loader.text("page", Format::Page, text.as_bytes());
    loader.finish()
}

fn keys(text: &str) -> Json {
    let mut contents = read("page", &Arc::from(text));
    Json::Object(contents.entries.remove(0).fields)
}

/// What all forms of the page say.
fn common() -> Json {
    json!({
        "name": "Crane Controller Starts a Shell",
        "description": "Finds a crane's controller that starts a shell. Nobody should do that.",
        "type": "eql", "language": "eql", "index": ["logs-crane.process-*", "winlogbeat-*"],
        "severity": "high", "risk_score": 73, "interval": "10m", "from": "now-19m", "max_signals": 33,
        "references": ["https://harbour.example/cranes"],
        "tags": ["Domain: Endpoint", "Severity: not a label"], "version": 7, "author": ["Harbour"],
        "license": "Elastic License v2",
        "query": "process where\n  process.parent.name == \"crane.exe\" and\n\n  process.name : \"cmd.exe\"",
        "threat": [{
            "framework": "MITRE ATT&CK",
            "tactic": {"id": "TA0002", "name": "Execution",
                "reference": "https://attack.mitre.org/tactics/TA0002/"},
            "technique": [{"id": "T1059", "name": "Command and Scripting Interpreter",
                "reference": "https://attack.mitre.org/techniques/T1059/",
                "subtechnique": [{"id": "T1059.003", "name": "Windows Command Shell",
                    "reference": "https://attack.mitre.org/techniques/T1059/003/"}]}],
        }],
    })
}

#[test]
fn all_forms_say_the_same() {
    #[track_caller]
    fn check(text: &str, more: &Json) {
        let mut expected = common();
        let object = expected.as_object_mut().unwrap();
        object.extend(more.as_object().unwrap().clone());
        assert_eq!(keys(text), expected);
        assert_eq!(keys(&text.replace('\n', "\r\n")), expected, "with carriage returns");
        let set = load(text);
        assert_eq!(set.report.loaded, 1, "{:?}", set.report);
        // That the id is derived, and nothing else.
        let codes: Vec<_> = set.report.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["RULE0101"], "{:?}", set.report.warnings);
    }
    check(
        MARKDOWN,
        &json!({"setup": "Connect the crane.", "note": "## Triage and analysis\n\n\
            **Investigating a crane**\n\n```\nprocess where this.is.not.the.query == \"x\"\n```\n\n\
            - Severity: ask the crew."}),
    );
    check(ASCIIDOC, &json!({}));
    check(
        BARE,
        &json!({"note": "## Triage and analysis\n\nInvestigating a crane\n\n\
            process where no query stands is prose.\n\n  - Severity: ask the crew."}),
    );
}

#[test]
fn other_ways_of_writing() {
    #[track_caller]
    fn check(from: &str, to: &str) {
        assert!(MARKDOWN.contains(from), "{from}");
        let mut changed = keys(&MARKDOWN.replace(from, to));
        let mut expected = keys(MARKDOWN);
        // The guide has its own list.
        for rule in [&mut changed, &mut expected] {
            rule.as_object_mut().unwrap().remove("note");
        }
        assert_eq!(changed, expected, "{to}");
    }
    check("**Severity**:", "**Severity:**");
    check("**Severity**: high", "Severity:\n\nhigh");
    check("**Runs every**: 10m", "**Runs every**: 10 minutes");
    check("\n* ", "\n- ");
    check("\n* ", "\n• ");
    check("**Rule authors**:\n\n* Harbour", "**Rule authors**: Harbour");
    check("MITRE ATT&CKTM", "MITRE ATT&CK™");
    check("MITRE ATT&CKTM", "MITRE ATT&CK^TM^");
    check("```js", "```");
    check(
        "* [https://harbour.example/cranes](https://harbour.example/cranes)",
        "* https://harbour.example/cranes",
    );
    check("## Rule query [_rule_query_1]\n", "");
    check("# Crane", "Skip to main content\n\nDocs\n\n# Crane");
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    #[track_caller]
    fn check(from: &str, to: &str, line: usize, reason: &str) {
        assert!(MARKDOWN.contains(from), "{from}");
        let set = load(&MARKDOWN.replace(from, to));
        let doubts = || set.report.warnings.iter().filter(|w| w.code == "RULE0112");
        let found: Vec<_> = doubts().map(|doubt| (doubt.line, doubt.reason.as_str())).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, line, "{found:?}");
        assert!(found[0].1.contains(reason), "{found:?}");
        assert!(doubts().all(|doubt| doubt.render(false).contains("page:")));
    }
    let reference = "* [https://harbour.example/cranes](https://harbour.example/cranes)\n\n";
    check(reference, "", 27, "`references` is empty");
    check("**Version**: 7", "**Ports**: 3\n\n**Version**: 7", 36, "no fact");
    check("**Severity**: high", "**Severity**: high\n\n**Severity**: low", 19, "once more");
    check("* Sub-technique:\n", "* Footnote:\n", 84, "follows the ATT&CK mapping");
    check("cmd.exe\"\n```\n", "cmd.exe\"\n```\n\nSome more words\n", 70, "is none that a rule has");
}

#[test]
fn another_page_behind_the_first_is_named() {
    let set = load(&format!("{MARKDOWN}\n{}", MARKDOWN.replace("# Crane", "# Other")));
    let doubts = set.report.warnings.iter().map(|warning| warning.reason.as_str());
    assert!(
        doubts.clone().any(|doubt| doubt.contains("another rule is not read")),
        "{:?}",
        doubts.collect::<Vec<_>>()
    );
    assert_eq!(set.rules.len(), 1);
}

#[test]
fn a_fence_tells_the_language() {
    for (fence, language) in [("kuery", "kuery"), ("lucene", "lucene"), ("text", "")] {
        let page = format!(
            "# Crane\n\nWords.\n\n**Rule type**: query\n\n**Severity**: low\n\n**Risk score**: 21\n\n\
             ## Rule query\n\n```{fence}\ncrane.id:(1 OR 2)\n```\n"
        );
        let set = load(&page);
        let rule = &set.rules.first().unwrap_or_else(|| panic!("{:?}", set.report.failed)).rule;
        assert_eq!(rule.language.as_deref().unwrap_or_default(), language);
    }
}

#[test]
fn a_query_that_is_wrong_is_shown_where_it_stands() {
    let wrong = BARE.replace(": \"cmd.exe\"", "~ \"cmd.exe\"").replace('\n', "\r\n");
    let set = load(&wrong);
    let line = wrong.lines().position(|line| line.contains("~ \"cmd")).unwrap() + 1;
    let failure = &set.report.failed[0];
    assert!(failure.code.starts_with("EQL"), "{failure:?}");
    assert_eq!((failure.line, failure.column), (line, 16), "{}", failure.render(false));
}

#[test]
fn texts_that_are_no_pages() {
    let rule = "[rule]\nname = 'x'\nnote = '''\nRule type: eql\nSeverity: low\nVersion: 3\n'''";
    let words = "# About\n\nA rule's page says Rule type: eql and Severity: low.";
    for text in
        ["", rule, words, "Rule type:\nSeverity: low\nVersion: 3", "Severity: low\nVersion: 1"]
    {
        assert!(!is_page(text), "{text}");
        assert_eq!(Format::sniff(text.as_bytes()), Format::Toml, "{text}");
    }
    for text in [MARKDOWN, ASCIIDOC, BARE] {
        assert_eq!(Format::sniff(text.as_bytes()), Format::Page);
    }
    let set = load("# About\n");
    assert_eq!(set.report.failed[0].code, "RULE0006");
    assert!(set.report.failed[0].reason.contains("not the documentation page"));
}

#[test]
fn any_part_may_be_missing() {
    // Every line left out, and every beginning and end: a rule or a failure, and no panic.
    for text in [MARKDOWN, ASCIIDOC, BARE] {
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..=lines.len() {
            let parts = [lines[..at].join("\n"), lines[at..].join("\n")];
            let without =
                [&lines[..at], lines.get(at + 1..).unwrap_or_default()].concat().join("\n");
            for part in parts.iter().chain([&without]) {
                let report = load(part).report;
                assert_eq!(report.loaded + report.failed.len(), 1, "{part}");
            }
        }
    }
}

#[test]
fn bare_queries_of_every_language() {
    #[track_caller]
    fn check(rule_type: &str, query: &str) {
        let start = BARE.find("process where\n").unwrap();
        let end = BARE.find("\n\nFramework").unwrap();
        let text = format!("{}{query}{}", &BARE[..start], &BARE[end..]);
        let keys = keys(&text.replace("type: eql", &format!("type: {rule_type}")));
        assert_eq!(keys["query"], query);
        assert!(keys["note"].as_str().unwrap().ends_with("ask the crew."), "{}", keys["note"]);
    }
    check("eql", "/* of one\n   harbour */\n\n// and more\nany where crane.load > 3");
    check(
        "eql",
        "sequence by host.id with maxspan=1m\n\n  [any where true]\n\n  [any where crane.id == \"1\"]",
    );
    check("eql", "sample by host.id [any where true] [any where false]");
    check("query", "(crane.id: 3 or\n crane.load > 5)");
    check("threshold", "crane.load > 5");
    check("new_terms", "not crane.id:(3 or 4)");
    check("esql", "// of one harbour\nfrom logs-crane-*\n| where crane.id == 3");
    check("esql", "from\n  logs-crane-*,\n  logs-dock-*\n| limit 3");
}
