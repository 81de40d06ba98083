//! Which rules the hunts of the benchmark have.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// The rule for the runs with a single one: the rule that the project began from.
const ONE_RULE: &str = "windows/persistence_sysmon_wmi_event_subscription.toml";

/// Paths of rules, or of folders with them.
#[derive(Debug)]
pub(crate) struct RuleSets {
    pub(crate) one: Vec<PathBuf>,
    /// Each rule that runs and keeps nothing in mind from one event to the next, by its file: single-event EQL,
    /// queries in KQL and Lucene's language, indicator matches.
    pub(crate) stateless: Vec<PathBuf>,
    pub(crate) all: Vec<PathBuf>,
    /// The files of all rules that run, in the order of their paths.
    pub(crate) files: Vec<PathBuf>,
    /// The EQL rules as Kibana exports them, a line each.
    pub(crate) eql: String,
}

impl RuleSets {
    /// Asks Dragnet of what types the rules in these folders are.
    pub(crate) fn read(dragnet: &Path, folders: &[PathBuf; 2]) -> io::Result<RuleSets> {
        let all = folders.to_vec();
        let list = ask(dragnet, &["rules", "list", "--format", "json"], &all)?;
        let list: Vec<Json> = serde_json::from_str(&list)?;
        let eql = ask(dragnet, &["rules", "convert", "--to", "ndjson", "--type", "eql"], &all)?;
        let mut several = Vec::new();
        for line in eql.lines() {
            let rule: Json = serde_json::from_str(line)?;
            if rule["query"].as_str().is_some_and(is_of_several_events) {
                several.push(rule["rule_id"].clone());
            }
        }
        let (mut stateless, mut files) = (Vec::new(), Vec::new());
        for rule in list.iter().filter(|rule| rule["enabled"] == true && rule["runs"] == true) {
            let path = PathBuf::from(rule["path"].as_str().unwrap_or_default());
            let keeps_nothing = match rule["type"].as_str() {
                Some("eql") => !several.contains(&rule["rule_id"]),
                Some(kind) => ["query", "saved_query", "threat_match"].contains(&kind),
                None => false,
            };
            stateless.extend(keeps_nothing.then(|| path.clone()));
            files.push(path);
        }
        files.sort();
        Ok(RuleSets { one: vec![folders[0].join(ONE_RULE)], stateless, all, files, eql })
    }

    /// The files of the rules with these ids.
    pub(crate) fn files_of(&self, dragnet: &Path, ids: &[Json]) -> io::Result<Vec<PathBuf>> {
        let list = ask(dragnet, &["rules", "list", "--format", "json"], &self.all)?;
        let list: Vec<Json> = serde_json::from_str(&list)?;
        let wanted = list.iter().filter(|rule| ids.contains(&rule["rule_id"]));
        Ok(wanted.filter_map(|rule| rule["path"].as_str()).map(PathBuf::from).collect())
    }
}

fn ask(dragnet: &Path, words: &[&str], paths: &[PathBuf]) -> io::Result<String> {
    let output = Command::new(dragnet).args(words).args(paths).output()?;
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

/// Whether an EQL query asks for several events: its first word says so.
fn is_of_several_events(query: &str) -> bool {
    let mut rest = query.trim_start();
    loop {
        let comment = rest.strip_prefix("//").map(|rest| (rest, "\n"));
        let comment = comment.or_else(|| rest.strip_prefix("/*").map(|rest| (rest, "*/")));
        let Some((inside, end)) = comment else { break };
        rest = inside.split_once(end).map_or("", |(_, after)| after).trim_start();
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    ["sequence", "sample"].contains(&&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::is_of_several_events;

    #[test]
    fn the_first_word_behind_comments() {
        let several =
            ["sequence by a [x where true]", " // note\n/* any\n */ sample by b", "sequence\n"];
        let one = ["any where true", "// sequence\nprocess where true", "sequences where x", "/*"];
        assert!(several.into_iter().all(is_of_several_events));
        assert!(!one.into_iter().any(is_of_several_events));
    }
}
