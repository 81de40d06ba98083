//! Queries of every language that rules have.

use dragnet_event::Schema;
use dragnet_plan::{Diagnostic, Query};

use crate::rule::{Rule, RuleType};

/// A language of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// EQL.
    Eql,
    /// KQL, which rules call `kuery`.
    Kuery,
    /// Lucene's query strings.
    Lucene,
}

/// The languages by the names that rules give them.
const LANGUAGES: &[(&str, Language)] =
    &[("eql", Language::Eql), ("kuery", Language::Kuery), ("lucene", Language::Lucene)];

impl Language {
    /// The language of this name.
    pub fn parse(name: &str) -> Option<Language> {
        LANGUAGES.iter().find(|(known, _)| *known == name).map(|(_, language)| *language)
    }

    /// The language of a rule's query. Kibana: KQL, unless the rule names another or its type is `eql`.
    pub fn of(rule: &Rule) -> Language {
        if rule.rule_type == RuleType::Eql {
            return Language::Eql;
        }
        rule.language.as_deref().and_then(Language::parse).unwrap_or(Language::Kuery)
    }
}

/// Compiles a query. `category_field` is the field that `process where` of EQL tests.
///
/// The plan is `None` if and only if there is a diagnostic of error severity.
pub fn compile_query(
    language: Language,
    text: &str,
    schema: &Schema,
    category_field: &str,
) -> (Option<Query>, Vec<Diagnostic>) {
    match language {
        Language::Eql => {
            dragnet_eql::compile(text, &dragnet_eql::Options { schema, category_field })
        }
        Language::Kuery => dragnet_kql::compile(text, &dragnet_kql::Options { schema }),
        Language::Lucene => dragnet_kql::compile_lucene(text, &dragnet_kql::Options { schema }),
    }
}
