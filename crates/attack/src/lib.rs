//! The tactics and techniques of MITRE ATT&CK (Enterprise): ids, names, and what belongs to what.
//!
//! The table is the text file `attack.tsv`, which `cargo xtask attack` makes from the published STIX data.
//! It holds what a rule's `threat` mapping can be checked against and a coverage matrix drawn from, no descriptions.
//! It stays text in the program, of which an index is made when first asked.
//!
//! © The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation.
//! MITRE ATT&CK and ATT&CK are registered trademarks of The MITRE Corporation. The terms of use are at
//! <https://attack.mitre.org/resources/legal-and-branding/terms-of-use/>; [`NOTICE`] is their text for programs to show.
#![deny(missing_docs)]

use std::sync::LazyLock;

const TABLE: &str = include_str!("attack.tsv");

/// What MITRE's terms of use want to stand with every copy of the data.
pub const NOTICE: &str = "© 2025 The MITRE Corporation. This work is reproduced and distributed with the \
    permission of The MITRE Corporation.";

/// What the first line of the table begins with.
const TITLE: &str = "# MITRE ATT&CK Enterprise v";

/// The version of ATT&CK that the table was made from, such as `18.1`.
pub fn version() -> &'static str {
    TABLE.lines().next().and_then(|line| line.strip_prefix(TITLE)).unwrap_or_default()
}

/// A tactic: why an adversary does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tactic {
    /// `TA0003`.
    pub id: &'static str,
    /// `persistence`, as techniques name their tactics.
    pub short_name: &'static str,
    /// `Persistence`.
    pub name: &'static str,
}

/// A technique or sub-technique: how it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Technique {
    /// `T1546`, or `T1546.003` of a sub-technique.
    pub id: &'static str,
    /// `Event Triggered Execution`.
    pub name: &'static str,
    /// The short names of its tactics, separated by commas.
    tactics: &'static str,
    /// Whether it is still in use.
    pub status: Status,
}

/// Whether a technique is still in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Current,
    /// It was given up, and nothing took its place.
    Deprecated,
    /// Another technique took its place; `None`: the data does not say which.
    Revoked(Option<&'static str>),
}

impl Technique {
    /// The short names of its tactics.
    pub fn tactics(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.tactics.split(',')
    }

    /// Whether it is one of the tactic's.
    pub fn is_of(&self, tactic: &Tactic) -> bool {
        self.tactics().any(|name| name == tactic.short_name)
    }

    /// The technique that it is a sub-technique of: the part of the id before the dot.
    pub fn parent(&self) -> Option<&'static str> {
        self.id.split_once('.').map(|(parent, _)| parent)
    }
}

/// The tactics in the order of the matrix, from reconnaissance to impact.
pub fn tactics() -> impl Iterator<Item = Tactic> {
    lines().filter_map(|line| {
        let mut parts = line.split('\t');
        let id = parts.next().filter(|id| id.starts_with("TA"))?;
        Some(Tactic { id, short_name: parts.next()?, name: parts.next()? })
    })
}

/// The tactic of this id.
pub fn tactic(id: &str) -> Option<Tactic> {
    tactics().find(|tactic| tactic.id == id)
}

/// The techniques and sub-techniques, also those that are not in use any more, ascending by id.
pub fn techniques() -> impl Iterator<Item = Technique> {
    lines().filter_map(|line| {
        let mut parts = line.split('\t');
        let id = parts.next().filter(|id| !id.starts_with("TA"))?;
        let (name, tactics) = (parts.next()?, parts.next()?);
        let status = match (parts.next(), parts.next()) {
            (Some("deprecated"), _) => Status::Deprecated,
            (Some("revoked"), by) => Status::Revoked(by),
            _ => Status::Current,
        };
        Some(Technique { id, name, tactics, status })
    })
}

/// The technique or sub-technique of this id.
pub fn technique(id: &str) -> Option<Technique> {
    static SORTED: LazyLock<Vec<Technique>> = LazyLock::new(|| techniques().collect());
    let at = SORTED.binary_search_by_key(&id, |technique| technique.id).ok()?;
    SORTED.get(at).copied()
}

/// The table's lines without its head.
fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(version(), "18.1");
        let tactics: Vec<_> = tactics().collect();
        let (first, last) = (tactics[0], tactics[tactics.len() - 1]);
        assert_eq!((first.id, last.id, tactics.len()), ("TA0043", "TA0040", 14));
        let techniques: Vec<_> = techniques().collect();
        assert_eq!(tactics.len() + techniques.len(), lines().count());
        assert!(techniques.is_sorted_by(|a, b| a.id < b.id));
        assert!(techniques.len() > 800);
        for one in &techniques {
            assert!(!one.name.is_empty());
            // What was given up may belong to nothing any more.
            if one.status == Status::Current {
                assert!(tactics.iter().any(|tactic| one.is_of(tactic)), "{}", one.id);
                assert!(
                    one.parent().is_none_or(|parent| technique(parent).is_some()),
                    "{}",
                    one.id
                );
            }
            if let Status::Revoked(Some(by)) = one.status {
                assert!(technique(by).is_some(), "{}", one.id);
            }
        }
        let head = TABLE.lines().take_while(|line| line.starts_with('#')).collect::<String>();
        assert!(head.contains(NOTICE), "{head}");
    }

    #[test]
    fn look_ups() {
        let persistence = tactic("TA0003").unwrap();
        assert_eq!((persistence.name, persistence.short_name), ("Persistence", "persistence"));
        let wmi = technique("T1546.003").unwrap();
        assert_eq!(wmi.name, "Windows Management Instrumentation Event Subscription");
        assert_eq!(wmi.parent(), Some("T1546"));
        assert!(wmi.is_of(&persistence) && !wmi.is_of(&tactic("TA0040").unwrap()));
        assert_eq!(technique("T1002").unwrap().status, Status::Revoked(Some("T1560")));
        assert_eq!(technique("T1546").unwrap().parent(), None);
        for id in ["", "T", "T9999", "TA0003", "t1546", "#"] {
            assert_eq!(technique(id), None, "{id}");
        }
        assert_eq!(tactic("T1546"), None);
    }
}
