//! Lints of ATT&CK mappings.

use dragnet_attack::{Status, Tactic as KnownTactic, version};

use super::{Finding, table as lint};
use crate::rule::{Rule, Tactic};

/// Compares the rule's mappings with ATT&CK.
pub(super) fn check(rule: &Rule, out: &mut Vec<Finding>) {
    if rule.threat.is_empty() && !rule.fields.contains_key("threat") {
        out.push(Finding::of_rule(lint::NO_THREAT, "the rule has no `threat`".to_owned()));
    }
    for (at, threat) in rule.threat.iter().enumerate() {
        let is_attack = threat.framework.is_empty() || threat.framework == "MITRE ATT&CK";
        if !is_attack {
            continue;
        }
        let mut check = Check { out: &mut *out, tactic: None };
        let place = format!("threat.{at}");
        check.tactic(&threat.tactic, &format!("{place}.tactic"));
        for (at, technique) in threat.technique.iter().enumerate() {
            let place = format!("{place}.technique.{at}");
            let entry =
                Entry { id: &technique.id, name: &technique.name, reference: &technique.reference };
            check.technique(&entry, None, &place);
            for (at, sub) in technique.subtechnique.iter().enumerate() {
                let entry = Entry { id: &sub.id, name: &sub.name, reference: &sub.reference };
                check.technique(&entry, Some(&technique.id), &format!("{place}.subtechnique.{at}"));
            }
        }
    }
}

/// A technique or sub-technique of a rule.
struct Entry<'a> {
    id: &'a str,
    name: &'a str,
    reference: &'a str,
}

struct Check<'o> {
    out: &'o mut Vec<Finding>,
    tactic: Option<KnownTactic>,
}

impl Check<'_> {
    fn push(&mut self, code: &'static str, place: &str, message: String) {
        self.out.push(Finding::at(code, place, message));
    }

    fn unknown(&mut self, place: &str, what: &str, id: &str) {
        let message = format!("the {what} `{id}` is not in ATT&CK v{}", version());
        self.push(lint::NOT_IN_ATTACK, &format!("{place}.id"), message);
    }

    fn name(&mut self, place: &str, id: &str, name: &str, known: &str) {
        if !name.is_empty() && name != known {
            let message =
                format!("`{id}` is called `{known}` in ATT&CK v{}, not `{name}`", version());
            self.push(lint::ATTACK_NAME, &format!("{place}.name"), message);
        }
    }

    /// The link to an id's page ends with the id, a sub-technique's with `/` in place of the dot.
    fn reference(&mut self, place: &str, id: &str, reference: &str) {
        let end = id.replace('.', "/");
        if !reference.is_empty() && !reference.trim_end_matches('/').ends_with(&format!("/{end}")) {
            let message = format!("the link is not to the page of `{id}`");
            let place = format!("{place}.reference");
            let mut finding = Finding::at(lint::ATTACK_REFERENCE, &place, message);
            let kind = if id.starts_with("TA") { "tactics" } else { "techniques" };
            finding.help = Some(format!("it is https://attack.mitre.org/{kind}/{end}/"));
            self.out.push(finding);
        }
    }

    fn tactic(&mut self, tactic: &Tactic, place: &str) {
        self.tactic = dragnet_attack::tactic(&tactic.id);
        match self.tactic {
            None => self.unknown(place, "tactic", &tactic.id),
            Some(known) => self.name(place, known.id, &tactic.name, known.name),
        }
        self.reference(place, &tactic.id, &tactic.reference);
    }

    fn technique(&mut self, entry: &Entry<'_>, parent: Option<&str>, place: &str) {
        let id = entry.id;
        let own = id.split_once('.').map(|(own, _)| own);
        if own != parent {
            let message = match (own, parent) {
                (Some(own), None) => format!("`{id}` is a sub-technique and belongs below `{own}`"),
                (_, Some(parent)) => format!("`{id}` is no sub-technique of `{parent}`"),
                (None, None) => String::new(),
            };
            self.push(lint::WRONG_PARENT, &format!("{place}.id"), message);
        }
        self.reference(place, id, entry.reference);
        let Some(known) = dragnet_attack::technique(id) else {
            return self.unknown(place, "technique", id);
        };
        let retired = match known.status {
            Status::Current => None,
            Status::Deprecated => Some(format!("ATT&CK has given `{id}` up")),
            Status::Revoked(None) => Some(format!("ATT&CK has revoked `{id}`")),
            Status::Revoked(Some(by)) => Some(format!("ATT&CK has replaced `{id}` by `{by}`")),
        };
        if let Some(message) = retired {
            return self.push(lint::RETIRED, &format!("{place}.id"), message);
        }
        self.name(place, id, entry.name, known.name);
        if let Some(tactic) = self.tactic.filter(|tactic| !known.is_of(tactic)) {
            let names: Vec<_> = known.tactics().collect();
            let message =
                format!("`{id}` does not belong to `{}` but to {}", tactic.name, names.join(", "));
            self.push(lint::WRONG_TACTIC, &format!("{place}.id"), message);
        }
    }
}
