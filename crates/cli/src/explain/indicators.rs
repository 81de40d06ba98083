//! Which indicators have the values of an event, or come nearest.

use std::fmt::Write as _;

use dragnet_plan::{Alternative, Indicator, IndicatorMatch};

use super::tree::{MAX_TEXT, cut};
use crate::style::{Style, clean};
use crate::summary::counted;

/// Indicators that are named of those that match.
const MAX_NAMED: usize = 3;

/// What one alternative of the mapping came to for one event.
struct Tried<'a> {
    alternative: &'a Alternative,
    entries: Vec<Entry>,
    /// The indicators that have a value for the most entries, and of how many entries.
    best: (Vec<&'a Indicator>, usize),
}

/// What one entry of an alternative came to.
struct Entry {
    /// The event's values.
    values: Vec<String>,
    /// How many indicators have one of them.
    holders: u64,
}

/// What indicators say of one event.
pub(super) struct Comparison<'a> {
    matching: &'a IndicatorMatch,
    tried: Vec<Tried<'a>>,
}

impl<'a> Comparison<'a> {
    /// Compares an event's values, in the order of the query's fields, with all indicators.
    pub(super) fn new(matching: &'a IndicatorMatch, values: &[Vec<String>]) -> Comparison<'a> {
        let tried = matching.alternatives.iter().map(|alternative| {
            let of = |entry: &dragnet_plan::MappedField| {
                let place = matching.fields.iter().position(|field| *field == entry.field);
                place.and_then(|place| values.get(place)).cloned().unwrap_or_default()
            };
            try_one(matching, alternative, alternative.entries().iter().map(of).collect())
        });
        Comparison { matching, tried: tried.collect() }
    }

    /// Whether an indicator has all values of an alternative.
    pub(super) fn holds(&self) -> bool {
        self.tried.iter().any(Tried::holds)
    }

    pub(super) fn show(&self, indent: usize, style: Style, text: &mut String) {
        let pad = " ".repeat(indent);
        let mark = |holds: bool| if holds { style.green("✓") } else { style.red("✗") };
        let total = counted(self.matching.indicators.len() as u64, "indicator");
        let what = if self.holds() { "an indicator matches" } else { "no indicator matches" };
        let _ = writeln!(text, "{pad}{} {what}, of {total}", mark(self.holds()));
        for tried in &self.tried {
            let mut indent = indent + 2;
            if tried.entries.len() > 1 {
                let pad = " ".repeat(indent);
                let _ = writeln!(text, "{pad}{} {}", mark(tried.holds()), tried.best_text());
                indent += 2;
            }
            let pad = " ".repeat(indent);
            for (mapped, entry) in tried.alternative.entries().iter().zip(&tried.entries) {
                let saw = match entry.values.as_slice() {
                    [] => "nothing: the field is missing".to_owned(),
                    values => cut(&values.join(", "), MAX_TEXT),
                };
                let who = match (entry.holders, tried.entries.len()) {
                    _ if entry.values.is_empty() => String::new(),
                    (0, _) => ": no indicator has it".to_owned(),
                    (_, 1) => format!(": {}", tried.named()),
                    (n, _) => format!(
                        ": {} it",
                        if n == 1 {
                            "1 indicator has".to_owned()
                        } else {
                            format!("{n} indicators have")
                        }
                    ),
                };
                let saw = style.dim(&format!("saw {saw}{who}"));
                let (field, path) = (&mapped.field, clean(&mapped.path));
                let _ = writeln!(text, "{pad}{} {field} = {path}  {saw}", mark(entry.holders > 0));
            }
        }
    }
}

impl Tried<'_> {
    fn holds(&self) -> bool {
        !self.entries.is_empty() && self.best.1 == self.entries.len()
    }

    /// The ids of the best indicators.
    fn named(&self) -> String {
        let (best, _) = &self.best;
        let mut names: Vec<String> = best.iter().take(MAX_NAMED).map(|i| clean(&i.id)).collect();
        if best.len() > MAX_NAMED {
            names.push(format!("{} more", best.len() - MAX_NAMED));
        }
        format!("indicator {}", names.join(", "))
    }

    fn best_text(&self) -> String {
        let all = self.entries.len();
        match self.best.1 {
            0 => format!("none of these {all} holds of any indicator"),
            n if n == all => format!("all of these {all}: {}", self.named()),
            n => format!(
                "all of these {all} by one indicator; the nearest has {n}: {}",
                self.named()
            ),
        }
    }
}

fn try_one<'a>(
    matching: &'a IndicatorMatch,
    alternative: &'a Alternative,
    values: Vec<Vec<String>>,
) -> Tried<'a> {
    let mut holders = vec![0; values.len()];
    let mut best: (Vec<&Indicator>, usize) = (Vec::new(), 0);
    for indicator in matching.indicators.iter() {
        let has = |(n, entry): (usize, &dragnet_plan::MappedField)| {
            let own = indicator.document.values(&entry.path);
            own.iter().any(|own| values[n].iter().any(|value| *value == own.text()))
        };
        let have: Vec<bool> = alternative.entries().iter().enumerate().map(has).collect();
        for (holders, _) in holders.iter_mut().zip(&have).filter(|(_, has)| **has) {
            *holders += 1;
        }
        let number = have.iter().filter(|has| **has).count();
        if number > best.1 {
            best = (vec![indicator], number);
        } else if number == best.1 && number > 0 {
            best.0.push(indicator);
        }
    }
    let entries = values.into_iter().zip(holders);
    let entry = |(values, holders)| Entry { values, holders };
    Tried { alternative, entries: entries.map(entry).collect(), best }
}
