//! How large conditions are, for those who have to bound them.

use crate::condition::{Condition, Expr, Leaf};
use crate::text::WordTest;

impl Condition {
    /// How many constants it has, about; at least 1.
    pub fn weight(&self) -> usize {
        let mut weight = 1;
        self.for_each_leaf(&mut |leaf| {
            weight += match leaf {
                Leaf::OneOf { values, .. } => values.len(),
                Leaf::Like { patterns, .. } => patterns.len(),
                Leaf::Regex { patterns, .. } => patterns.len(),
                Leaf::Cidr { networks, .. } => networks.len(),
                Leaf::Script(expr) => script_weight(expr),
                Leaf::Words {
                    test: WordTest::Phrase { words, .. } | WordTest::AnyOf(words),
                    ..
                } => words.len(),
                Leaf::Nested { condition, .. } => condition.weight(),
                Leaf::Exists(_)
                | Leaf::Compare { .. }
                | Leaf::Fuzzy { .. }
                | Leaf::Words { .. } => 1,
            };
        });
        weight
    }
}

fn script_weight(expr: &Expr) -> usize {
    match expr {
        Expr::Field(_) | Expr::Literal(_) => 1,
        Expr::Negate(inner) | Expr::IsNull(inner) | Expr::Not(inner) => 1 + script_weight(inner),
        Expr::Arithmetic { left, right, .. } | Expr::Compare { left, right, .. } => {
            1 + script_weight(left) + script_weight(right)
        }
        Expr::Call { args, .. } | Expr::And(args) | Expr::Or(args) => {
            1 + args.iter().map(script_weight).sum::<usize>()
        }
        Expr::OneOf { expr, values, .. } => values.len() + script_weight(expr),
        Expr::Like { expr, patterns } => patterns.len() + script_weight(expr),
        Expr::Regex { expr, patterns } => patterns.len() + script_weight(expr),
    }
}
