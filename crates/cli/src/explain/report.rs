//! What was learnt of events, shown: those nearest to a match, and how far each key and group got.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use dragnet_engine::correlate::{self, Account, Correlator, FOREVER};
use dragnet_engine::explain::What;
use dragnet_engine::{Finding, Hit, JoinKey, RuleSet};
use dragnet_plan::{Query, Stage};

use super::accounts::Shown;
use super::indicators::Comparison;
use super::keys::show_key;
use super::tree::{cut, show};
use super::{Near, Study};
use crate::style::{Style, clean};
use crate::summary::counted;

impl<'a> Study<'a> {
    /// Shows what was learnt; gives whether the query finds anything.
    pub(crate) fn show(&mut self, rules: &RuleSet, style: Style, text: &mut String) -> bool {
        let query = self.query;
        match &**query {
            Query::Event { .. } => self.show_events(self.satisfied[0], style, text),
            Query::Sequence(sequence) => {
                let stages: Vec<&Stage> = sequence.stages.iter().chain(&sequence.until).collect();
                self.show_stages(&stages, style, text);
                self.show_keys(query, style, text)
            }
            Query::Sample(sample) => {
                self.show_stages(&sample.stages.iter().collect::<Vec<_>>(), style, text);
                !correlate::all(std::mem::take(&mut self.hits), rules.queries(), 1).is_empty()
            }
            Query::Threshold(_) | Query::NewTerms(_) => self.show_counted(query, style, text),
            Query::IndicatorMatch(_) => {
                let hits = std::mem::take(&mut self.hits);
                let found = correlate::all(hits, rules.queries(), 1).len();
                let shown = self.show_events(found as u64, style, text);
                if self.id.is_some() { shown } else { found > 0 }
            }
        }
    }

    /// Shows the events nearest to the first condition; gives whether one satisfies it.
    fn show_events(&self, found: u64, style: Style, text: &mut String) -> bool {
        let kept = &self.nearest[0];
        let _ = writeln!(text, "{}, {found} match", counted(self.events, "event"));
        for near in kept {
            self.show_event(near, 0, style, text);
        }
        if self.id.is_none() && self.events as usize > kept.len() {
            let rest = self.events as usize - kept.len();
            let _ = writeln!(
                text,
                "\n{}",
                style.dim(&format!(
                    "{rest} events that are further from a match are left out (--limit)"
                ))
            );
        }
        kept.iter().any(|near| {
            let compared = self.compare(near);
            near.explanation.holds && compared.as_ref().is_none_or(Comparison::holds)
        })
    }

    /// An event's values beside those of all indicators, if the query looks for any.
    fn compare(&self, near: &Near) -> Option<Comparison<'a>> {
        match &**self.query {
            Query::IndicatorMatch(matching) => Some(Comparison::new(matching, &near.values)),
            _ => None,
        }
    }

    fn show_event(&self, near: &Near, indent: usize, style: Style, text: &mut String) {
        let pad = " ".repeat(indent);
        let time = near.time.map_or("no time".to_owned(), |time| time.to_string());
        let compared = self.compare(near);
        let agrees = compared.as_ref().is_none_or(Comparison::holds);
        let verdict = if near.explanation.holds && agrees {
            style.green("matches")
        } else {
            style.red("does not match")
        };
        let path = clean(&near.path);
        let id = clean(&near.id);
        let _ = writeln!(text, "\n{pad}{} {verdict}", style.bold(&time));
        let _ = writeln!(text, "{pad}{}", style.dim(&format!("{path}  id {id}")));
        match (&near.explanation.what, &compared) {
            // The rule's own condition; that there are such indicators is its other part.
            (What::All(parts), Some(compared)) if parts.len() == 2 => {
                show(&parts[0], indent + 2, style, text);
                compared.show(indent + 2, style, text);
            }
            _ => show(&near.explanation, indent + 2, style, text),
        }
    }

    /// Shows what became of the groups or terms of the events that match; gives whether one made an alert.
    fn show_counted(&mut self, query: &Arc<Query>, style: Style, text: &mut String) -> bool {
        let (events, matching) = (counted(self.events, "event"), self.satisfied[0]);
        if matching == 0 || self.id.is_some() {
            self.show_events(matching, style, text);
            text.push('\n');
        } else {
            let _ =
                writeln!(text, "{events}, {matching} match the query (--id shows how one does)");
        }
        let mut hits = std::mem::take(&mut self.hits);
        // Of one event that was asked for, only what it is part of is shown.
        let asked = self.id.and_then(|_| Some(self.nearest[0].first()?.event));
        let mut own: BTreeMap<JoinKey, u64> = BTreeMap::new();
        for hit in &hits {
            // Behind a group's values is that of which the distinct ones are counted.
            let key = hit.key.values().iter().take(self.fields.len()).cloned().collect();
            *own.entry(JoinKey::new(key)).or_default() += 1;
        }
        let of_asked = hits.iter().filter(|hit| Some(hit.position.event) == asked);
        let of_asked: Vec<JoinKey> = of_asked
            .map(|hit| hit.key.values().iter().take(self.fields.len()).cloned().collect())
            .map(JoinKey::new)
            .collect();
        own.retain(|key, _| asked.is_none() || of_asked.contains(key));
        hits.append(&mut self.history);
        let (found, account) = account_of(query, hits);
        let shown = Shown { limit: self.limit, style };
        let sources = self.first_of_history;
        match (&**query, account) {
            (Query::Threshold(threshold), Some(Account::Threshold(mut groups))) => {
                groups.retain(|key, _| own.contains_key(key));
                shown.groups(threshold, &groups, text);
            }
            (Query::NewTerms(query), Some(Account::NewTerms(terms))) => {
                shown.terms(query, &terms, &own, sources, text);
            }
            _ => {}
        }
        for (field, lacking) in &self.lacking {
            let events = counted(*lacking, "matching event");
            let without = if *lacking == 1 { "lacks" } else { "lack" };
            let _ = writeln!(text, "{} {events} {without} {field}, so no alert", style.red("✗"));
        }
        found
            .iter()
            .flat_map(|finding| finding.events.iter().flatten())
            .any(|e| e.event.source < sources)
    }

    /// Shows how many events each stage has, and for those with none the nearest event.
    fn show_stages(&self, stages: &[&Stage], style: Style, text: &mut String) {
        let _ = writeln!(text, "{} events", self.events);
        for (number, stage) in stages.iter().enumerate() {
            let count = self.hits.iter().filter(|hit| usize::from(hit.stage) == number).count();
            let mark = if count > 0 { style.green("✓") } else { style.red("✗") };
            let bang = if stage.missing { "! " } else { "" };
            let keys: Vec<&str> =
                stage.keys.iter().filter_map(|key| Some(key.field.as_ref()?.name())).collect();
            let by =
                if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
            let what = cut(&stage.condition.to_string(), 100);
            let _ = writeln!(text, "{mark} {}. {bang}[{what}]{by}: {count} events", number + 1);
            let nothing = count == 0 && !stage.missing;
            let shown = usize::from(nothing || self.id.is_some());
            for near in self.nearest[number].iter().take(shown) {
                self.show_event(near, 4, style, text);
                text.push('\n');
            }
        }
    }

    /// Shows how far each key of a sequence got; gives whether one was completed.
    fn show_keys(&mut self, query: &Arc<Query>, style: Style, text: &mut String) -> bool {
        let (found, account) = account_of(query, std::mem::take(&mut self.hits));
        let Some(Account::Sequence(trace)) = account else { return false };
        let mut keys: Vec<_> = trace.keys().collect();
        keys.sort_by_key(|(_, events, _)| std::cmp::Reverse(events.len()));
        let total = keys.len();
        let _ = writeln!(
            text,
            "\n{total} keys reached the first stage, {} sequences were found",
            found.len()
        );
        for (key, events, ended) in keys.into_iter().take(self.limit) {
            show_key(key, events, ended, style, text);
        }
        if total > self.limit {
            let _ = writeln!(
                text,
                "{}",
                style
                    .dim(&format!("… and {} keys that got less far (--limit)", total - self.limit))
            );
        }
        !found.is_empty()
    }
}

/// What the hits of one query come to, and how.
fn account_of(query: &Arc<Query>, mut hits: Vec<Hit>) -> (Vec<Finding>, Option<Account>) {
    correlate::sort(&mut hits, std::slice::from_ref(query));
    let mut correlator = Correlator::traced(0, query);
    let mut found = Vec::new();
    for hit in hits {
        correlator.push(hit, &mut found);
    }
    correlator.advance(FOREVER, &mut found);
    (found, correlator.into_account())
}
