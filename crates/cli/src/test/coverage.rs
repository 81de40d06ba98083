//! Which clauses of a rule tests have decided.
//!
//! A clause is a test of one event: a leaf of the rule's query. An event decides a clause if the verdict on the event
//! hangs on it: were the clause's answer the other one, the whole stage's would be, too. So an event that has nothing to
//! do with a rule decides nothing of it, and a clause that was decided both ways has shown that it lets through what it
//! is to let through, and stops what it is to stop.

use std::collections::HashMap;

use dragnet_engine::reference::{Row, holds};
use dragnet_event::Batch;
use dragnet_plan::Condition;
use dragnet_rules::LoadedRule;

/// A clause of a rule, and which answers of it have decided an event.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    /// The stage that it is in, from 1.
    pub(super) stage: usize,
    pub(super) text: String,
    pub(super) held: bool,
    pub(super) failed: bool,
}

/// The clauses of one rule.
#[derive(Debug)]
pub(super) struct RuleCoverage {
    pub(super) name: String,
    pub(super) rule_id: String,
    pub(super) stages: usize,
    pub(super) clauses: Vec<Clause>,
    /// By stage and text: the place in `clauses`.
    places: HashMap<(usize, String), usize>,
}

/// The clauses of the rules of one test file.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    pub(super) rules: Vec<RuleCoverage>,
}

impl Coverage {
    /// The clauses of these rules, none of them decided.
    pub(super) fn new(rules: &[LoadedRule]) -> Coverage {
        let of = |rule: &LoadedRule| {
            let mut clauses: Vec<Clause> = Vec::new();
            let mut places = HashMap::new();
            let conditions = rule.query.conditions();
            for (stage, condition) in conditions.iter().enumerate() {
                for text in texts(condition) {
                    places.entry((stage, text.clone())).or_insert_with(|| {
                        let (held, failed) = (false, false);
                        clauses.push(Clause { stage: stage + 1, text, held, failed });
                        clauses.len() - 1
                    });
                }
            }
            let (name, rule_id) = (rule.rule.name.clone(), rule.rule.rule_id.clone());
            RuleCoverage { name, rule_id, stages: conditions.len(), clauses, places }
        };
        Coverage { rules: rules.iter().map(of).collect() }
    }

    /// Adds what the events of a batch decide. The rule may have exceptions and indicators, which are no clauses.
    pub(super) fn add(&mut self, rule: &LoadedRule, batch: &Batch) {
        let own = self.rules.iter_mut().find(|own| own.rule_id == rule.rule.rule_id);
        let Some(own) = own else { return };
        for (stage, condition) in rule.query.conditions().into_iter().enumerate() {
            let leaves: Vec<Option<usize>> = texts(condition)
                .into_iter()
                .map(|text| own.places.get(&(stage, text)).copied())
                .collect();
            for row in 0..batch.len() as u32 {
                let event = Row { batch, row };
                let mut next = 0;
                decide(condition, &event, true, &mut next, &mut |leaf, holds| {
                    if let Some(place) = leaves[leaf] {
                        let clause = &mut own.clauses[place];
                        clause.held |= holds;
                        clause.failed |= !holds;
                    }
                });
            }
        }
    }
}

impl Clause {
    /// What is missing; `None` if nothing is.
    pub(super) fn lacks(&self) -> Option<&'static str> {
        match (self.held, self.failed) {
            (true, true) => None,
            (true, false) => Some("never kept an event out"),
            (false, true) => Some("never let an event through"),
            (false, false) => Some("never decided anything"),
        }
    }
}

/// The texts of a condition's leaves, in their order.
fn texts(condition: &Condition) -> Vec<String> {
    fn collect(condition: &Condition, all: &mut Vec<String>) {
        match condition {
            Condition::Const(_) => {}
            Condition::Leaf(leaf) => all.push(leaf.to_string()),
            Condition::Not(inner) => collect(inner, all),
            Condition::All(parts) | Condition::Any(parts) => {
                for part in parts {
                    collect(part, all);
                }
            }
        }
    }
    let mut all = Vec::new();
    collect(condition, &mut all);
    all
}

/// Calls `decided` with the number and the answer of each leaf that the verdict on the event hangs on.
fn decide(
    condition: &Condition,
    event: &Row<'_>,
    matters: bool,
    next: &mut usize,
    decided: &mut dyn FnMut(usize, bool),
) {
    match condition {
        Condition::Const(_) => {}
        Condition::Leaf(_) => {
            if matters {
                decided(*next, holds(condition, event));
            }
            *next += 1;
        }
        Condition::Not(inner) => decide(inner, event, matters, next, decided),
        Condition::All(parts) | Condition::Any(parts) => {
            // Of several that must hold, one matters if all the others do; of alternatives, if none of the others does.
            let is_all = matches!(condition, Condition::All(_));
            let verdicts: Vec<bool> =
                parts.iter().map(|part| matters && holds(part, event) == is_all).collect();
            let agreeing = verdicts.iter().filter(|verdict| **verdict).count();
            for (part, verdict) in parts.iter().zip(verdicts) {
                let others = agreeing - usize::from(verdict);
                let matters = matters && others + 1 == parts.len();
                decide(part, event, matters, next, decided);
            }
        }
    }
}
