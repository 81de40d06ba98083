//! The search for an event that satisfies conditions.
//!
//! What must hold in any case goes into the [stores](crate::store) first; then alternatives are chosen,
//! those with the fewest ways first, and undone where a field is left without values. Scripts over
//! several fields come last, when what they compare is known.

use std::collections::BTreeMap;

use dragnet_event::Field;
use dragnet_plan::{Condition, Expr, Leaf};

use crate::event::Event;
use crate::script::{self, Proposal};
use crate::store::{Store, shorten};
use crate::{Evaluator, Synth, Unsatisfiable};

/// A condition and whether it is to hold.
pub(crate) type Goal<'a> = (&'a Condition, bool);

/// Steps of one search: alternatives and proposals that are followed.
const MAX_STEPS: usize = 4000;
/// Of those, proposals for the scripts of one choice of alternatives: the next choice may be easier.
const MAX_PROPOSED: usize = 300;
/// Other values of one field that are tried for a script.
const MAX_ALTERNATIVES: usize = 8;
/// Choices within one another.
const MAX_CHOICES: usize = 400;

#[derive(Debug, Clone, Default)]
struct State<'a> {
    /// By path.
    stores: BTreeMap<&'a str, Store<'a>>,
    /// Leaves over several fields, or none.
    scripts: Vec<(&'a Leaf, bool)>,
    /// Of each, one part must be so.
    choices: Vec<(&'a [Condition], bool)>,
    leaves: usize,
}

impl State<'_> {
    fn event(&self) -> Event {
        let mut event = Event::default();
        for (path, store) in &self.stores {
            event.set(path, store.values().to_vec());
        }
        event
    }
}

struct Search<'a, 'e> {
    evaluator: &'e dyn Evaluator,
    goals: &'a [Goal<'a>],
    /// Whether any field may have several values; otherwise those that are lists by their nature.
    lists: bool,
    steps: usize,
    /// The number of steps after which the scripts of this choice are given up.
    give_up_at: usize,
    /// How far the search got where it failed, in leaves, and why it went no further.
    failure: Option<(usize, Unsatisfiable)>,
}

impl Synth<'_> {
    /// An event that satisfies a condition, with values for no other fields than those that it reads.
    ///
    /// # Errors
    /// If none was found within bounded effort.
    pub fn event(&self, condition: &Condition) -> Result<Event, Unsatisfiable> {
        self.solve(&[(condition, true)])
    }

    /// An event of which every condition holds or does not hold, as it says.
    pub(crate) fn solve(&self, goals: &[Goal<'_>]) -> Result<Event, Unsatisfiable> {
        // Most fields have one value in real events; Elasticsearch allows all to have several.
        self.solve_with(goals, false).or_else(|_| self.solve_with(goals, true))
    }

    fn solve_with(&self, goals: &[Goal<'_>], lists: bool) -> Result<Event, Unsatisfiable> {
        let evaluator = self.evaluator;
        let mut search = Search { evaluator, goals, lists, steps: 0, give_up_at: 0, failure: None };
        let mut state = State::default();
        let found = goals
            .iter()
            .all(|goal| search.require(&mut state, *goal))
            .then(|| search.search(&state, 0))
            .flatten();
        found.ok_or_else(|| search.failure.unwrap_or_default().1)
    }
}

impl Default for Unsatisfiable {
    fn default() -> Self {
        Unsatisfiable { reason: "it can never hold".into(), clause: "false".into() }
    }
}

impl<'a> Search<'a, '_> {
    fn fail(&mut self, leaves: usize, reason: &str, clause: &dyn std::fmt::Display) {
        if self.failure.as_ref().is_none_or(|(so_far, _)| leaves > *so_far) {
            let clause = shorten(&clause.to_string());
            self.failure = Some((leaves, Unsatisfiable { reason: reason.to_owned(), clause }));
        }
    }

    /// Takes up everything that follows from a goal without a choice; `false` if it cannot be.
    fn require(&mut self, state: &mut State<'a>, goal: Goal<'a>) -> bool {
        let mut open = vec![goal];
        while let Some((condition, wanted)) = open.pop() {
            match (condition, wanted) {
                (Condition::Const(value), _) => {
                    if *value != wanted {
                        self.fail(state.leaves, "a constant", condition);
                        return false;
                    }
                }
                (Condition::Leaf(leaf), _) => {
                    if !self.leaf(state, leaf, wanted) {
                        return false;
                    }
                }
                (Condition::Not(inner), _) => open.push((inner, !wanted)),
                (Condition::All(parts), true) | (Condition::Any(parts), false) => {
                    open.extend(parts.iter().rev().map(|part| (part, wanted)));
                }
                (Condition::Any(parts), true) | (Condition::All(parts), false) => {
                    match &parts[..] {
                        [] => {
                            self.fail(state.leaves, "there is no alternative", condition);
                            return false;
                        }
                        [only] => open.push((only, wanted)),
                        parts => state.choices.push((parts, wanted)),
                    }
                }
            }
        }
        true
    }

    fn leaf(&mut self, state: &mut State<'a>, leaf: &'a Leaf, wanted: bool) -> bool {
        state.leaves += 1;
        let mut only: Option<&'a Field> = None;
        let mut several = false;
        leaf.for_each_field(&mut |field| {
            several |= only.is_some_and(|other| other != field);
            only = Some(field);
        });
        let Some(field) = only.filter(|_| !several) else {
            state.scripts.push((leaf, wanted));
            return true;
        };
        let store = state.stores.entry(field.path());
        let store = store.or_insert_with(|| Store::new(field.clone(), self.lists));
        let found = store.add(leaf, wanted, self.evaluator);
        if !found {
            let all = store.describe();
            let leaves = state.leaves;
            self.fail(leaves, &format!("no value of `{field}` was found for"), &all);
        }
        found
    }

    /// Makes the next choice. The recursion is as deep as there are choices, which are bounded.
    fn search(&mut self, state: &State<'a>, depth: usize) -> Option<Event> {
        let smallest = (0..state.choices.len()).min_by_key(|at| state.choices[*at].0.len());
        let Some(at) = smallest else {
            self.give_up_at = self.steps + MAX_PROPOSED;
            return self.scripts(state, 0);
        };
        if depth > MAX_CHOICES || state.choices.len() > MAX_CHOICES {
            self.fail(usize::MAX, "there are too many alternatives", &"…");
            return None;
        }
        let mut rest = state.clone();
        let (parts, wanted) = rest.choices.swap_remove(at);
        // What holds already costs nothing.
        let event = state.event();
        let (now, later): (Vec<_>, Vec<_>) =
            parts.iter().partition(|part| self.evaluator.holds(part, &event) == wanted);
        for part in now.into_iter().chain(later) {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                self.fail(state.leaves, "the search took too long at", part);
                return None;
            }
            let mut next = rest.clone();
            if self.require(&mut next, (part, wanted))
                && let Some(event) = self.search(&next, depth + 1)
            {
                return Some(event);
            }
        }
        None
    }

    /// Satisfies the scripts from the `done`-th on, then asks the evaluator about the whole.
    fn scripts(&mut self, state: &State<'a>, done: usize) -> Option<Event> {
        let event = state.event();
        let Some((leaf, wanted)) = state.scripts.get(done).copied() else {
            let holds =
                |(condition, wanted): &Goal<'_>| self.evaluator.holds(condition, &event) == *wanted;
            let wrong = self.goals.iter().find(|goal| !holds(goal));
            if let Some((condition, _)) = wrong {
                self.fail(state.leaves, "the parts do not make a whole", *condition);
            }
            return wrong.is_none().then_some(event);
        };
        if self.evaluator.leaf_holds(leaf, &event) == wanted
            && let Some(event) = self.scripts(state, done + 1)
        {
            return Some(event);
        }
        let Leaf::Script(expr) = leaf else { return None };
        let evaluator = self.evaluator;
        let proposals = script::proposals(expr, wanted, &event);
        let others = std::iter::once_with(|| alternatives(state, expr, evaluator)).flatten();
        for proposal in proposals.into_iter().chain(others) {
            self.steps += 1;
            if self.steps > MAX_STEPS.min(self.give_up_at) {
                break;
            }
            let mut next = state.clone();
            let lists = self.lists;
            let accepted = proposal.into_iter().all(|(field, value)| {
                // A field of the script's own that nothing else reads.
                let path = leaf_path(leaf, &field);
                let store = path.map(|path| next.stores.entry(path));
                let store = store.map(|entry| entry.or_insert_with(|| Store::new(field, lists)));
                store.is_some_and(|store| store.accept(value, self.evaluator))
            });
            let event = next.event();
            let so_far = &state.scripts[..=done];
            if accepted
                && so_far
                    .iter()
                    .all(|(leaf, wanted)| self.evaluator.leaf_holds(leaf, &event) == *wanted)
                && let Some(event) = self.scripts(&next, done + 1)
            {
                return Some(event);
            }
        }
        let clause = if wanted { leaf.to_string() } else { format!("not ({leaf})") };
        self.fail(state.leaves, "no values were found for", &clause);
        None
    }
}

/// Other values for the fields of a script that suit all that is asked of them: each alone, then by
/// twos.
fn alternatives(state: &State<'_>, expr: &Expr, evaluator: &dyn Evaluator) -> Vec<Proposal> {
    let each: Vec<Proposal> = script::fields(expr)
        .into_iter()
        .filter_map(|field| Some((state.stores.get(field.path())?, field)))
        .flat_map(|(store, field)| {
            let values = store.alternatives(evaluator, MAX_ALTERNATIVES).into_iter();
            values.map(move |value| vec![(field.clone(), Some(value))])
        })
        .collect();
    let pairs = each.iter().enumerate().flat_map(|(at, one)| {
        let others = each[at + 1..].iter().filter(|other| other[0].0 != one[0].0);
        others.map(|other| [one.as_slice(), other].concat())
    });
    let pairs: Vec<Proposal> = pairs.collect();
    each.into_iter().chain(pairs).collect()
}

/// The path of a leaf's field, as long-lived as the leaf.
fn leaf_path<'a>(leaf: &'a Leaf, wanted: &Field) -> Option<&'a str> {
    let mut found = None;
    leaf.for_each_field(&mut |field| {
        if field == wanted {
            found = Some(field.path());
        }
    });
    found
}
