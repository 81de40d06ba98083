//! From a rule's text to the query that runs: the language, the type, filters and exceptions.

use dragnet_event::Schema;
use dragnet_plan::{
    Cardinality, Condition, Diagnostic, IndicatorMatch, Leaf, MappedField, NewTerms, Query,
    Severity, Threshold,
};

use crate::catalogue as code;
use crate::dsl;
use crate::kind::ThreatMatchSpec;
use crate::load::CATEGORY_FIELD;
use crate::problem::coded;
use crate::read::Issue;
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

/// The languages by the names that rules give them, and as people write them.
const LANGUAGES: &[(&str, Language, &str)] = &[
    ("eql", Language::Eql, "EQL"),
    ("kuery", Language::Kuery, "KQL"),
    ("lucene", Language::Lucene, "Lucene"),
];

impl Language {
    /// The language of this name.
    pub fn parse(name: &str) -> Option<Language> {
        LANGUAGES.iter().find(|(known, ..)| *known == name).map(|(_, language, _)| *language)
    }

    /// The language's name as people write it.
    pub fn title(self) -> &'static str {
        let row = LANGUAGES.iter().find(|(_, language, _)| *language == self);
        row.map_or("", |(.., title)| title)
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

/// What a rule compiles to.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The query; filters are part of it.
    pub(crate) query: Query,
    /// Where its indicators come from, if it is an indicator-match rule.
    pub(crate) feed: Option<IndicatorFeed>,
    /// What is doubtful about the text of the query.
    pub(crate) doubts: Vec<Diagnostic>,
}

/// Why a rule cannot run.
#[derive(Debug)]
pub(crate) enum NotCompiled {
    /// It is not supported.
    Unsupported(&'static str),
    /// Errors in the text of its query.
    Query(Vec<Diagnostic>),
    /// A key that is not understood.
    Key(Issue),
}

/// Compiles a rule.
pub(crate) fn rule(rule: &Rule, schema: &Schema) -> Result<Compiled, NotCompiled> {
    let is_elsewhere = rule.rule_type == RuleType::SavedQuery && rule.query.trim().is_empty();
    let elsewhere = "the rule's query is kept in Kibana, and is not in the rule";
    if let Some(why) = rule.rule_type.unsupported().or(is_elsewhere.then_some(elsewhere)) {
        return Err(NotCompiled::Unsupported(why));
    }
    let (query, diagnostics) = text(rule, schema);
    let (mut errors, doubts): (Vec<_>, Vec<_>) =
        diagnostics.into_iter().partition(|d| d.severity == Severity::Error);
    let Some(query) = query.filter(|_| errors.is_empty()) else {
        if errors.is_empty() {
            errors.push(coded(code::NOT_COMPILED, 0..0, "the query could not be compiled"));
        }
        return Err(NotCompiled::Query(errors));
    };
    let wrong = |code, key, message| NotCompiled::Key(Issue { code, key: Some(key), message });
    let mut query = of_type(rule, query, schema);
    add_filters(rule, &mut query, schema).map_err(|why| wrong(code::FILTERS, "filters", why))?;
    let spec = rule.kind.threat_match.as_ref();
    let feed = spec.map(|spec| feed(rule, spec, schema)).transpose();
    let feed = feed.map_err(|(key, why)| wrong(code::KIND, key, why))?;
    Ok(Compiled { query, feed, doubts })
}

/// Compiles a rule's text in its language.
pub(crate) fn text(rule: &Rule, schema: &Schema) -> (Option<Query>, Vec<Diagnostic>) {
    let category_field = rule.event_category_override.as_deref().unwrap_or(CATEGORY_FIELD);
    compile_query(Language::of(rule), &rule.query, schema, category_field)
}

/// Where an indicator-match rule's indicators come from.
#[derive(Debug, Clone)]
pub struct IndicatorFeed {
    /// Patterns of the indices that they are in; none: in any.
    pub index: Vec<String>,
    /// What a document must satisfy to be one of them.
    pub condition: Condition,
    /// What must agree between an event and an indicator, by alternatives.
    pub mapping: Vec<Vec<MappedField>>,
    /// Where a document holds what an alert repeats of it.
    pub indicator_path: String,
}

/// The condition of a query for indicators; an error says what is wrong with it.
fn condition_of(spec: &ThreatMatchSpec, schema: &Schema) -> Result<Condition, String> {
    let language = Language::parse(&spec.language).unwrap_or(Language::Kuery);
    let (query, diagnostics) = compile_query(language, &spec.query, schema, CATEGORY_FIELD);
    let error = diagnostics.into_iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    match (query, error) {
        (Some(Query::Event { condition, .. }), None) => Ok(condition),
        (_, Some(error)) => Err(error.message),
        _ => Err("it is no query for single events".to_owned()),
    }
}

/// Makes the query of the rule's type from that of its text.
fn of_type(rule: &Rule, query: Query, schema: &Schema) -> Query {
    let Query::Event { condition, pipes } = query else { return query };
    let fields = |names: &[String]| names.iter().map(|name| schema.field(name)).collect();
    let schedule = rule.schedule();
    if let Some(spec) = &rule.kind.threshold {
        let cardinality = spec.cardinality.as_ref();
        let cardinality = cardinality
            .map(|(field, value)| Cardinality { field: schema.field(field), value: *value });
        let (fields, value) = (fields(&spec.fields), spec.value);
        return Query::Threshold(Threshold { condition, fields, value, cardinality, schedule });
    }
    if let Some(spec) = &rule.kind.new_terms {
        let (fields, history_ms) = (fields(&spec.fields), spec.history_ms);
        return Query::NewTerms(NewTerms { condition, fields, history_ms, schedule });
    }
    if rule.kind.threat_match.is_some() {
        // Without indicators it finds nothing; whoever has some puts them in.
        let (fields, alternatives) = (Vec::new(), Vec::new());
        let indicators = [].into();
        let matching = IndicatorMatch { condition, fields, alternatives, indicators };
        return Query::IndicatorMatch(matching);
    }
    Query::Event { condition, pipes }
}

/// What alerts have and other events have not: those of Kibana 8 and later, and those before.
const ALERT_FIELDS: [&str; 4] = [
    "kibana.alert.rule.uuid",
    "kibana.alert.rule.rule_id",
    "kibana.alert.rule.name",
    "signal.rule.id",
];

/// Adds the rule's filters to every stage; and, where its indices hold nothing but alerts, that an event is one.
///
/// # Errors
/// A sentence that says which filter is not understood.
fn add_filters(rule: &Rule, query: &mut Query, schema: &Schema) -> Result<(), String> {
    if let Some(filters) = rule.fields.get("filters") {
        require(query, &dsl::filters(filters, schema)?);
    }
    if rule.reads_only_alerts() {
        let has = |field| Condition::Leaf(Leaf::Exists(schema.field(field)));
        require(query, &Condition::Any(ALERT_FIELDS.map(has).into()));
    }
    Ok(())
}

/// What a rule's filters ask for besides its query; `None` if it has no filters.
///
/// # Errors
/// A sentence that says which filter is not understood.
pub fn filter_condition(rule: &Rule) -> Result<Option<Condition>, String> {
    let filters = rule.fields.get("filters");
    let condition = filters.map(|filters| dsl::filters(filters, &Schema::open())).transpose()?;
    Ok(condition.filter(|one| !matches!(one, Condition::All(parts) if parts.is_empty())))
}

/// Makes every stage ask for a condition besides its own.
pub(crate) fn require(query: &mut Query, also: &Condition) {
    if matches!(also, Condition::All(parts) if parts.is_empty()) {
        return;
    }
    for condition in query.conditions_mut() {
        let own = std::mem::replace(condition, Condition::Const(false));
        *condition = match own {
            Condition::All(mut parts) => {
                parts.push(also.clone());
                Condition::All(parts)
            }
            own => Condition::All(vec![own, also.clone()]),
        };
    }
}

/// Where the indicators of an indicator-match rule come from.
///
/// # Errors
/// The key that cannot be used, of the query or the filters for indicators, and a sentence that says why.
fn feed(
    rule: &Rule,
    spec: &ThreatMatchSpec,
    schema: &Schema,
) -> Result<IndicatorFeed, (&'static str, String)> {
    let wrong = |key: &'static str| move |why: String| (key, format!("`{key}`: {why}"));
    let condition = condition_of(spec, schema).map_err(wrong("threat_query"))?;
    let filters = match rule.fields.get("threat_filters") {
        Some(filters) => dsl::filters(filters, schema).map_err(wrong("threat_filters"))?,
        None => Condition::Const(true),
    };
    let entry = |(field, path): &(String, String)| MappedField {
        field: schema.field(field),
        path: path.clone(),
    };
    Ok(IndicatorFeed {
        index: spec.index.clone(),
        condition: Condition::All(vec![condition, filters]),
        mapping: spec.mapping.iter().map(|entries| entries.iter().map(entry).collect()).collect(),
        indicator_path: spec.indicator_path.clone(),
    })
}
