//! What the rules of a hunt want to know of an event, by what kind of event it is.

use std::sync::Arc;

use dragnet_engine::{Relevance, RuleSet};
use dragnet_event::{Batch, ColumnId, Entry};
use dragnet_ingest::Interest;

/// The fields that tell what kind of event it is. Most rules ask for some of them outright, and nearly always they hang on
/// an event's provider and id alone.
const TELLING: &[&str] = &[
    "data_stream.dataset",
    "event.category",
    "event.code",
    "event.dataset",
    "event.kind",
    "event.module",
    "event.provider",
    "host.os.family",
    "host.os.type",
    "winlog.channel",
];

/// Which columns of a rule set matter to an event, for whoever reads events.
#[derive(Debug)]
pub(crate) struct OfRules(Relevance);

impl OfRules {
    pub(crate) fn new(rules: &RuleSet) -> Arc<OfRules> {
        Arc::new(OfRules(Relevance::new(rules, TELLING)))
    }
}

impl Interest for OfRules {
    fn telling(&self) -> &[ColumnId] {
        self.0.telling()
    }

    fn columns(
        &self,
        batch: &Batch,
        facts: &[Entry],
        is_whole: &dyn Fn(ColumnId) -> bool,
    ) -> Vec<bool> {
        self.0.columns(batch, facts, is_whole)
    }
}
