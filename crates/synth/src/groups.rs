//! Cases of queries that count events of a group, look for values that are new, or compare with indicators.

use dragnet_event::{Document, Field, FieldType, Value};
use dragnet_plan::{Cardinality, Condition, Key, Leaf, MappedField, NewTerms, Stage, Threshold};

use crate::breaks::{clauses, describe};
use crate::case::{Defect, Making, Timed};
use crate::event::Event;
use crate::glob::{expand, glob};
use crate::keys::{Joined, is, keeping};
use crate::offers::{offers_of, plain};
use crate::solve::Goal;
use crate::{Synth, Unsatisfiable};

/// Values of one kind that are tried for a field that is to have different ones.
const MAX_DIFFERENT: i64 = 400;
/// The most events that are made for one threshold.
const MAX_EVENTS: u64 = 5000;

/// A stage whose events have a value in each of these fields.
fn stage(condition: &Condition, fields: &[Field]) -> Stage {
    let key = |field: &Field| Key { field: Some(field.clone()), optional: false };
    let keys = fields.iter().map(key).collect();
    Stage { condition: condition.clone(), keys, missing: false, span: 0..0 }
}

fn exists(field: &Field) -> Condition {
    Condition::Leaf(Leaf::Exists(field.clone()))
}

impl Synth<'_> {
    /// The document of an indicator: it satisfies `wanted`, and has in the fields of a mapping the values that
    /// an event which satisfies `condition` can have in its own.
    ///
    /// # Errors
    /// If no such document, or no such event, was found.
    pub fn indicator(
        &self,
        condition: &Condition,
        wanted: &Condition,
        mapping: &[MappedField],
    ) -> Result<Document, Unsatisfiable> {
        let fields: Vec<Field> = mapping.iter().map(|entry| entry.field.clone()).collect();
        let Joined { keys, .. } = self.join(&[&stage(condition, &fields)], None)?;
        let same: Vec<Condition> = mapping
            .iter()
            .zip(&keys)
            .map(|(entry, value)| is(&Field::any(&*entry.path), value.as_ref()))
            .collect();
        let goals: Vec<Goal<'_>> =
            same.iter().chain([wanted]).map(|condition| (condition, true)).collect();
        let event = self.solve(&goals)?;
        Ok(event.document(&format!("{}-indicator", self.name), self.start))
    }

    /// So many events of one group, with different values in the field that is counted, if there is one.
    fn group(
        &self,
        stage: &Stage,
        joined: &Joined,
        number: u64,
        counted: Option<&Cardinality>,
    ) -> Result<Vec<Event>, Unsatisfiable> {
        let one = &joined.events[0];
        let Some(Cardinality { field, value }) = counted else {
            return Ok((0..number).map(|_| one.clone()).collect());
        };
        let keep = keeping(stage, &joined.keys);
        let suits = |event: &Event| {
            self.evaluator.holds(&stage.condition, event)
                && keep.iter().all(|condition| self.evaluator.holds(condition, event))
        };
        let mut events: Vec<Event> = vec![one.clone()];
        let mut seen: Vec<Value> = one.values(field.path()).to_vec();
        for other in self.different(stage, field) {
            if events.len() as u64 >= *value {
                break;
            }
            let mut event = one.clone();
            event.set(field.path(), vec![other.clone()]);
            if !seen.contains(&other) && suits(&event) {
                seen.push(other);
                events.push(event);
            }
        }
        if (events.len() as u64) < *value {
            return Err(Unsatisfiable {
                reason: format!("fewer than {value} values were found"),
                clause: format!("{field}"),
            });
        }
        while (events.len() as u64) < number {
            events.push(one.clone());
        }
        Ok(events)
    }

    /// Values that a field may have, one after the other.
    fn different<'f>(
        &self,
        stage: &'f Stage,
        field: &'f Field,
    ) -> impl Iterator<Item = Value> + 'f {
        let of_leaves =
            clauses(&stage.condition).into_iter().flat_map(move |(condition, wanted)| {
                let mut values = Vec::new();
                condition.for_each_leaf(&mut |leaf| {
                    let mut reads = false;
                    leaf.for_each_field(&mut |other| reads |= other == field);
                    if !(reads && wanted) {
                        return;
                    }
                    values.extend(offers_of(leaf));
                    if let Leaf::Like { patterns, .. } = leaf {
                        let of = |n: i64| {
                            let texts = patterns
                                .iter()
                                .map(|p| expand(&glob(p.text(), false), &n.to_string()));
                            texts.collect::<Vec<_>>()
                        };
                        let texts = (0..MAX_DIFFERENT).flat_map(of);
                        values.extend(texts.map(|text| Value::Str(text.into())));
                    }
                });
                values
            });
        let own = (0..8_u8).map(|other| self.key_value(field, 0, other)).collect::<Vec<_>>();
        let texts = (0..MAX_DIFFERENT).map(move |n| match field.ty() {
            FieldType::Ip => Value::Str(format!("10.7.{}.{}", n / 100, n % 100 + 1).into()),
            FieldType::Long => Value::Long(n),
            _ => Value::Str(format!("quay-{n}").into()),
        });
        own.into_iter().chain(texts).chain(of_leaves).chain(plain(field))
    }
}

impl Making<'_, '_> {
    /// Each clause broken once in all the events of a group.
    fn group_clauses(&mut self, stage: &Stage, joined: &Joined, number: usize) {
        let (synth, start) = (self.synth, self.synth.start);
        // All events are the same, so that any values of the group will do.
        let fields = stage.keys.iter().filter_map(|key| key.field.as_ref());
        let keep: Vec<Condition> = fields.map(exists).collect();
        let clauses = clauses(&stage.condition);
        for (broken, clause) in clauses.iter().enumerate() {
            let event = synth.without(&clauses, broken, &keep, &joined.events[0]);
            let events: Result<Timed<'_>, _> = event
                .as_ref()
                .map(|event| (0..number).map(|_| (start, event)).collect())
                .map_err(Clone::clone);
            let defect = Defect::Clause { stage: 0, clause: describe(*clause) };
            self.attempt(defect, events);
        }
    }

    /// As many events as it takes, at one time; one fewer, one of another group, too few values.
    pub(crate) fn threshold(&mut self, query: &Threshold) -> Result<(), Unsatisfiable> {
        let counted = query.cardinality.as_ref();
        let number = query.value.max(counted.map_or(1, |counted| counted.value)).max(1);
        if number > MAX_EVENTS {
            let reason = format!("it takes {number} events");
            return Err(Unsatisfiable { reason, clause: "threshold".into() });
        }
        let condition = match counted {
            None => query.condition.clone(),
            Some(counted) => Condition::All(vec![query.condition.clone(), exists(&counted.field)]),
        };
        let stage = stage(&condition, &query.fields);
        let joined = self.synth.join(&[&stage], None)?;
        let events = self.synth.group(&stage, &joined, number, counted)?;
        let start = self.synth.start;
        let whole: Timed<'_> = events.iter().map(|event| (start, event)).collect();
        self.case.positive = self.documents("p", &whole);
        let own = Stage { condition: query.condition.clone(), ..stage.clone() };
        self.group_clauses(&own, &joined, whole.len());
        if query.value > 1 && query.value == number {
            self.negative(Defect::Count, &whole[1..].to_vec());
            for key in 0..stage.keys.len() {
                let other = self.synth.with_other_key(&stage, &joined.keys, key);
                let events = other.as_ref().map_err(Clone::clone).map(|event| {
                    whole[1..].iter().copied().chain([(start, event)]).collect::<Timed<'_>>()
                });
                self.attempt(Defect::Key { key }, events);
            }
        }
        if counted.is_some_and(|counted| counted.value > 1) {
            let alike: Timed<'_> = whole.iter().map(|(time, _)| (*time, whole[0].1)).collect();
            self.negative(Defect::Cardinality, &alike);
        }
        Ok(())
    }

    /// One event with values of its own; the same values in the history before.
    pub(crate) fn new_terms(&mut self, query: &NewTerms) -> Result<(), Unsatisfiable> {
        let stage = stage(&query.condition, &query.fields);
        let joined = self.synth.join(&[&stage], None)?;
        let (start, event) = (self.synth.start, &joined.events[0]);
        self.case.positive = self.documents("p", &vec![(start, event)]);
        self.group_clauses(&stage, &joined, 1);
        // Just before what the first execution looks at, and that one itself finds it.
        let before = query.schedule.window_start(start).plus_millis(-1);
        let earliest =
            start.plus_millis(query.schedule.interval_ms.saturating_add(query.history_ms));
        if before > earliest {
            self.negative(Defect::Known, &vec![(before, event), (start, event)]);
        } else {
            self.unbroken(Defect::Known, &"there is no history");
        }
        Ok(())
    }
}
