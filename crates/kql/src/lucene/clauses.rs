//! The clauses of a group, and what they come to together.

use dragnet_plan::Condition;

use crate::fold::{all, any, not};

/// What becomes of a clause in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occur {
    Must,
    MustNot,
    Should,
}

/// The clauses of a group so far.
#[derive(Default)]
pub(super) struct Clauses {
    pub(super) list: Vec<(Occur, Condition)>,
    pub(super) has_and: bool,
    pub(super) has_or: bool,
}

impl Clauses {
    /// Lucene (`QueryParserBase.addClause`, default operator `OR`): `AND` makes both its sides required, unless
    /// they are prohibited; `OR` marks nothing.
    pub(super) fn add(&mut self, and: bool, modifier: Option<Occur>, condition: Condition) {
        if and && let Some((occur @ Occur::Should, _)) = self.list.last_mut() {
            *occur = Occur::Must;
        }
        let occur = modifier.unwrap_or(if and { Occur::Must } else { Occur::Should });
        self.list.push((occur, condition));
    }

    /// Lucene: optional clauses matter only if none is required. Elasticsearch: a group of prohibited clauses alone
    /// is everything but those.
    pub(super) fn condition(self) -> Condition {
        let (mut required, mut optional) = (Vec::new(), Vec::new());
        let has_must = self.list.iter().any(|(occur, _)| *occur == Occur::Must);
        for (occur, condition) in self.list {
            match occur {
                Occur::Must => required.push(condition),
                Occur::MustNot => required.push(not(condition)),
                Occur::Should if has_must => {}
                Occur::Should => optional.push(condition),
            }
        }
        if !optional.is_empty() {
            required.push(any(optional));
        }
        all(required)
    }
}
