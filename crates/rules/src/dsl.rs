//! Filters: parts of a rule's query in Elasticsearch's query DSL, as Kibana's filter pills make them.
//!
//! A filter that is not understood loses the rule: without it the rule would find something else.

use std::cell::Cell;

use dragnet_event::{Field, FieldType, Schema, Time};
use dragnet_plan::pattern::{Dialect, RegexPattern, Wildcard};
use dragnet_plan::{CompareOp, Condition, Leaf, Literal, Network, Number, Query, Severity};
use serde_json::{Map, Value as Json};

use crate::exception::{nested, unescape};

/// Queries within queries.
const MAX_DEPTH: usize = 32;

/// What all filters of a rule ask for; those that are switched off ask for nothing.
///
/// # Errors
/// A sentence that says which filter is not understood, and why.
pub(crate) fn filters(filters: &Json, schema: &Schema) -> Result<Condition, String> {
    let list = match filters {
        Json::Null => &[][..],
        Json::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut parts = Vec::new();
    let reader = Reader { schema, copies: Cell::new(0) };
    for (at, filter) in list.iter().enumerate() {
        let condition = reader
            .kibana_filter(filter, 0)
            .map_err(|why| format!("filter {} is not understood: {why}", at + 1))?;
        parts.extend(condition);
    }
    Ok(Condition::All(parts))
}

/// Reads the filters of one rule.
struct Reader<'a> {
    schema: &'a Schema,
    /// The weight of what was written out more than once so far.
    copies: Cell<usize>,
}

/// The queries with one field and one value: `{name: {field: value}}` or `{name: {field: {value: …}}}`.
const VALUE_KEYS: &[&str] = &["value", "query", "wildcard"];

impl Reader<'_> {
    /// A filter as Kibana keeps it: a query, and `meta`, which may negate it or switch it off. Older ones have the
    /// query's parts beside `meta`.
    fn kibana_filter(&self, filter: &Json, depth: usize) -> Result<Option<Condition>, String> {
        let Json::Object(filter) = filter else { return Err("it is no table".to_owned()) };
        let flag =
            |key: &str| filter.get("meta").and_then(|meta| meta.get(key)).and_then(Json::as_bool);
        if flag("disabled") == Some(true) {
            return Ok(None);
        }
        let combined =
            filter.get("meta").filter(|meta| meta.get("type") == Some(&"combined".into()));
        let condition = if let Some(meta) = combined {
            self.combined_filter(meta, depth)?
        } else if let Some(Json::Object(query)) = filter.get("query") {
            self.query(query, 0)?
        } else {
            let parts = filter.iter().filter(|(key, _)| !matches!(key.as_str(), "meta" | "$state"));
            self.query(&parts.map(|(key, value)| (key.clone(), value.clone())).collect(), 0)?
        };
        let negated = flag("negate") == Some(true);
        Ok(Some(if negated { Condition::Not(Box::new(condition)) } else { condition }))
    }

    /// Filters that one pill joins: they stand in `params`, and `relation` says how. Kibana: a pill without any asks for
    /// nothing.
    fn combined_filter(&self, meta: &Json, depth: usize) -> Result<Condition, String> {
        if depth > MAX_DEPTH {
            return Err("filters are nested too deep".to_owned());
        }
        let filters = meta.get("params").and_then(Json::as_array);
        let filters = filters.ok_or("a combined filter needs `params`, a list of filters")?;
        let parts = filters.iter().map(|filter| self.kibana_filter(filter, depth + 1));
        let parts: Vec<Condition> =
            parts.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        match meta.get("relation").and_then(Json::as_str) {
            _ if parts.is_empty() => Ok(Condition::Const(true)),
            Some("OR") => Ok(Condition::Any(parts)),
            None | Some("AND") => Ok(Condition::All(parts)),
            Some(other) => Err(format!("`relation` must be AND or OR, not `{other}`")),
        }
    }

    fn query(&self, query: &Map<String, Json>, depth: usize) -> Result<Condition, String> {
        if depth > MAX_DEPTH {
            return Err("queries are nested too deep".to_owned());
        }
        let mut clauses = query.iter();
        let (Some((name, body)), None) = (clauses.next(), clauses.next()) else {
            return Err("a query must have one clause".to_owned());
        };
        match name.as_str() {
            "match_all" => Ok(Condition::Const(true)),
            "match_none" => Ok(Condition::Const(false)),
            "bool" => self.boolean(body, depth),
            "exists" => {
                let field =
                    body.get("field").and_then(Json::as_str).ok_or("`exists` needs a `field`")?;
                Ok(dragnet_kql::exists(field, self.schema))
            }
            "nested" | "constant_score" => {
                let inner = body.get("query").or_else(|| body.get("filter"));
                let inner = inner.and_then(Json::as_object);
                let inner = inner.ok_or_else(|| format!("`{name}` needs a query"))?;
                let inner = self.query(inner, depth + 1)?;
                if name != "nested" {
                    return Ok(inner);
                }
                let path = body.get("path").and_then(Json::as_str);
                Ok(nested(path.ok_or("`nested` needs a `path`")?, inner))
            }
            "query_string" => self.query_string(body),
            _ => self.leaf(name, body),
        }
    }

    fn boolean(&self, body: &Json, depth: usize) -> Result<Condition, String> {
        let clauses = |key: &str| -> Result<Vec<Condition>, String> {
            let list = match body.get(key) {
                None | Some(Json::Null) => return Ok(Vec::new()),
                Some(Json::Array(list)) => list.as_slice(),
                Some(one) => std::slice::from_ref(one),
            };
            let one = |query: &Json| {
                let query =
                    query.as_object().ok_or_else(|| format!("`{key}` must hold queries"))?;
                self.query(query, depth + 1)
            };
            list.iter().map(one).collect()
        };
        let mut all = clauses("must")?;
        all.extend(clauses("filter")?);
        let should = clauses("should")?;
        // Elasticsearch: one of `should` has to hold if there is nothing else that has to.
        let needed = match body.get("minimum_should_match") {
            None | Some(Json::Null) => usize::from(all.is_empty()).min(should.len()),
            Some(asked) => minimum(asked, should.len())
                .ok_or("`minimum_should_match` must be a number or a percentage")?,
        };
        all.extend(self.at_least(needed, should)?);
        all.extend(clauses("must_not")?.into_iter().map(|c| Condition::Not(Box::new(c))));
        Ok(Condition::All(all))
    }

    /// That at least `needed` of the conditions hold: all choices of so many.
    fn at_least(
        &self,
        needed: usize,
        conditions: Vec<Condition>,
    ) -> Result<Option<Condition>, String> {
        match needed {
            0 => return Ok(None),
            1 => return Ok(Some(Condition::Any(conditions))),
            n if n == conditions.len() => return Ok(Some(Condition::All(conditions))),
            n if n > conditions.len() => return Ok(Some(Condition::Const(false))),
            _ => {}
        }
        // Choices and what they weigh: clauses may themselves be choices, whose sizes multiply.
        let mut choices: Vec<(usize, Vec<Condition>)> = vec![(0, Vec::new())];
        let mut done = Vec::new();
        for condition in conditions {
            let weight = condition.weight();
            let copied = choices.iter().map(|(own, _)| own.saturating_add(weight));
            let copied = copied.fold(self.copies.get(), usize::saturating_add);
            self.copies.set(copied);
            if copied > MAX_COPIES || choices.len() + done.len() > MAX_CHOICES {
                return Err("`minimum_should_match` of so many clauses is not supported".to_owned());
            }
            for at in 0..choices.len() {
                let (own, choice) = &choices[at];
                let choice: Vec<_> = choice.iter().chain([&condition]).cloned().collect();
                if choice.len() == needed {
                    done.push(Condition::All(choice));
                } else {
                    choices.push((own + weight, choice));
                }
            }
        }
        Ok(Some(Condition::Any(done)))
    }

    /// A query in Lucene's language.
    fn query_string(&self, body: &Json) -> Result<Condition, String> {
        let text =
            body.get("query").and_then(Json::as_str).ok_or("`query_string` has no `query`")?;
        let known = |key: &str| matches!(key, "query" | "analyze_wildcard" | "boost" | "_name");
        let options = body.as_object().into_iter().flatten();
        if let Some((option, _)) = options.into_iter().find(|(key, _)| !known(key)) {
            return Err(format!("`{option}` of `query_string` is not supported"));
        }
        let options = dragnet_kql::Options { schema: self.schema };
        let (query, diagnostics) = dragnet_kql::compile_lucene(text, &options);
        if let Some(Query::Event { condition, .. }) = query {
            return Ok(condition);
        }
        let error = diagnostics.into_iter().find(|d| d.severity == Severity::Error);
        let why = error.map_or_else(String::new, |error| format!(": {}", error.message));
        Err(format!("the query of `query_string` cannot be read{why}"))
    }

    fn leaf(&self, name: &str, body: &Json) -> Result<Condition, String> {
        let pairs = body.as_object().map(|body| {
            body.iter()
                .filter(|(key, _)| !matches!(key.as_str(), "boost" | "_name"))
                .collect::<Vec<_>>()
        });
        let Some([(path, value)]) = pairs.as_deref() else {
            return Err(format!("`{name}` must name one field"));
        };
        let field = self.schema.field(path);
        if name == "range" {
            return range(&field, value);
        }
        let option = |key: &str| value.get(key).and_then(Json::as_bool).unwrap_or(false);
        let fold = option("case_insensitive");
        let text_option = |key: &str| value.get(key).and_then(Json::as_str);
        let phrase = name == "match_phrase" || text_option("type") == Some("phrase");
        let all_words = text_option("operator").is_some_and(|op| op.eq_ignore_ascii_case("and"));
        let value = match value {
            Json::Object(options) => VALUE_KEYS
                .iter()
                .find_map(|key| options.get(*key))
                .ok_or_else(|| format!("`{name}` of `{path}` has no value"))?,
            value => *value,
        };
        if let ("match" | "match_phrase", Json::String(text)) = (name, value)
            && let Some(words) = dragnet_kql::words(path, text, phrase, self.schema)
        {
            if all_words && !phrase {
                return Err(format!("`operator` of `match` on `{path}` is not supported"));
            }
            return Ok(words);
        }
        let text =
            || literal_text(value).ok_or_else(|| format!("`{name}` of `{path}` has no text"));
        let like = |pattern: String| Leaf::Like {
            field: field.clone(),
            patterns: vec![Wildcard::new(&pattern, fold)],
        };
        let leaf = match name {
            "term" | "match" | "match_phrase" => equals(&field, std::slice::from_ref(value), fold)?,
            "terms" => {
                let values = value.as_array().ok_or("`terms` must have a list of values")?;
                if values.is_empty() {
                    return Ok(Condition::Const(false));
                }
                equals(&field, values, false)?
            }
            "wildcard" => like(unescape(&text()?)),
            "prefix" => like(format!("{}*", text()?.replace('*', "?"))),
            "regexp" => {
                let pattern = RegexPattern::new(&text()?, fold, Dialect::Lucene);
                let patterns =
                    vec![pattern.map_err(|error| format!("`regexp` of `{path}`: {error}"))?];
                Leaf::Regex { field: field.clone(), patterns }
            }
            other => return Err(format!("`{other}` queries are not supported in filters")),
        };
        Ok(Condition::Leaf(leaf))
    }
}

/// Alternatives that "so many of these" is written out to.
const MAX_CHOICES: usize = 1_000;
/// The most that the clauses which are written out more than once weigh, in all filters of a rule.
const MAX_COPIES: usize = 100_000;

/// How many of `count` clauses are asked for: a number, or a percentage, rounded down; of a negative one, so many
/// may fail.
fn minimum(asked: &Json, count: usize) -> Option<usize> {
    let text = literal_text(asked)?;
    let count = i64::try_from(count).ok()?;
    let (text, percent) = match text.trim().strip_suffix('%') {
        Some(text) => (text.trim(), true),
        None => (text.trim(), false),
    };
    let asked: i64 = text.parse().ok()?;
    let number = if percent { asked.checked_mul(count)? / 100 } else { asked };
    let number = if asked < 0 { count.saturating_add(number) } else { number };
    usize::try_from(number.max(0)).ok()
}

fn equals(field: &Field, values: &[Json], fold: bool) -> Result<Leaf, String> {
    let no_value =
        || format!("a query of `{field}` has a value that is no text, number or truth value");
    if field.ty() == FieldType::Ip
        && values.iter().any(|v| v.as_str().is_some_and(|v| v.contains('/')))
    {
        let network = |value: &Json| {
            let text = value.as_str().ok_or_else(no_value)?;
            Network::parse(text).map_err(|error| error.to_string())
        };
        let networks = values.iter().map(network).collect::<Result<_, _>>()?;
        return Ok(Leaf::Cidr { field: field.clone(), networks });
    }
    let values: Option<Vec<Literal>> = values.iter().map(|value| literal(field, value)).collect();
    Ok(Leaf::OneOf { field: field.clone(), values: values.ok_or_else(no_value)?, fold })
}

fn literal(field: &Field, value: &Json) -> Option<Literal> {
    Some(match value {
        Json::String(text) if field.ty() == FieldType::Date => Literal::Date(Time::parse(text)?),
        Json::String(text) => Literal::Str(text.as_str().into()),
        Json::Bool(truth) => Literal::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Literal::Long(whole),
            None => Literal::Double(Number(number.as_f64()?)),
        },
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
    })
}

/// A bound of a range. Elasticsearch: for a field of numbers a text is read as one; here fields have no such type.
fn bound_literal(field: &Field, value: &Json) -> Option<Literal> {
    let number = match value {
        Json::String(text) if field.ty() == FieldType::Any => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    match number.and_then(serde_json::Number::from_f64) {
        Some(number) => {
            let whole = literal_text(value).and_then(|text| text.trim().parse::<i64>().ok());
            literal(field, &whole.map_or(Json::Number(number), Json::from))
        }
        None => literal(field, value),
    }
}

fn literal_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The bounds of a range query; the older names mean the same.
const BOUNDS: &[(&str, CompareOp)] =
    &[("gt", CompareOp::Gt), ("gte", CompareOp::Ge), ("lt", CompareOp::Lt), ("lte", CompareOp::Le)];

fn range(field: &Field, bounds: &Json) -> Result<Condition, String> {
    let Json::Object(bounds) = bounds else {
        return Err(format!("`range` of `{field}` has no bounds"));
    };
    let mut parts = Vec::new();
    for (key, bound) in bounds {
        if matches!(key.as_str(), "format" | "boost" | "time_zone" | "relation") || bound.is_null()
        {
            continue;
        }
        let Some((_, op)) = BOUNDS.iter().find(|(name, _)| name == key) else {
            return Err(format!("`range` of `{field}` has the unknown bound `{key}`"));
        };
        let value = bound_literal(field, bound)
            .ok_or_else(|| format!("a bound of `range` on `{field}` cannot be read: {bound}"))?;
        parts.push(Condition::Leaf(Leaf::Compare { field: field.clone(), op: *op, value }));
    }
    if parts.is_empty() {
        return Err(format!("`range` of `{field}` has no bounds"));
    }
    Ok(Condition::All(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(filter: &Json, expected: &str) {
        let shown = filters(&json!([filter]), &Schema::open());
        let shown = shown.map_or_else(|error| error, |condition| condition.to_string());
        assert_eq!(shown, expected, "{filter}");
    }

    #[test]
    fn usual_filters() {
        check(
            &json!({"meta": {"negate": true}, "query": {"match_phrase": {"a": "x"}}}),
            r#"not a in ("x")"#,
        );
        check(&json!({"meta": {"disabled": true}, "query": {"match_phrase": {"a": "x"}}}), "true");
        check(
            &json!({"exists": {"field": "a"}, "meta": {"negate": false}}),
            "(a != null or a.* != null)",
        );
        check(
            &json!({"query": {"wildcard": {"a": {"value": "?:\\\\P*", "case_insensitive": true}}}}),
            r#"a : "?:\\P*""#,
        );
        check(&json!({"query": {"terms": {"a": ["x", 3], "boost": 1.0}}}), r#"a in ("x", 3)"#);
        check(
            &json!({"query": {"term": {"source.ip": "10.0.0.0/8"}}}),
            r#"cidrMatch(source.ip, "10.0.0.0/8")"#,
        );
        check(&json!({"query": {"prefix": {"a": "x"}}}), r#"a like "x*""#);
        check(&json!({"range": {"a": {"gte": 1, "lt": 5}}}), "(a >= 1 and a < 5)");
        check(
            &json!({"query": {"bool": {"should": [{"term": {"a": 1}}, {"term": {"b": 2}}],
                "must_not": {"exists": {"field": "c"}}, "minimum_should_match": 1}}}),
            "((a in (1) or b in (2)) and not (c != null or c.* != null))",
        );
        check(
            &json!({"query": {"bool": {"must": {"term": {"a": 1}}, "should": {"term": {"b": 2}}}}}),
            "a in (1)",
        );
    }

    #[test]
    fn at_least_so_many() {
        let check = |asked: &Json, expected: &str| {
            let should: Vec<Json> = ["a", "b", "c"].map(|f| json!({"term": {f: 1}})).into();
            let filter = json!({"bool": {"should": should, "minimum_should_match": asked}});
            super::tests::check(&json!({ "query": filter }), expected);
        };
        check(&json!(0), "true");
        check(&json!("1"), "(a in (1) or b in (1) or c in (1))");
        let two = "((a in (1) and b in (1)) or (a in (1) and c in (1)) or (b in (1) and c in (1)))";
        check(&json!(2), two);
        check(&json!(-1), two);
        check(&json!("70%"), two);
        check(&json!("-30%"), "(a in (1) and b in (1) and c in (1))");
        check(&json!(3), "(a in (1) and b in (1) and c in (1))");
        check(&json!(4), "false");
        let mut nested = json!({"term": {"a": 1}});
        for _ in 0..20 {
            let term = |n: usize| json!({"term": {format!("f{n}"): 1}});
            let should: Vec<Json> = [nested].into_iter().chain((0..20).map(term)).collect();
            nested = json!({"bool": {"should": should, "minimum_should_match": 2}});
        }
        let many = "`minimum_should_match` of so many clauses is not supported";
        super::tests::check(
            &json!({ "query": nested }),
            &format!("filter 1 is not understood: {many}"),
        );
        let wrong = "`minimum_should_match` must be a number or a percentage";
        check(&json!("some"), &format!("filter 1 is not understood: {wrong}"));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        check(
            &json!({"query": {"geo_shape": {"a": 1}}}),
            "filter 1 is not understood: `geo_shape` queries are not supported in filters",
        );
        check(&json!(3), "filter 1 is not understood: it is no table");
        check(&json!({"query": {}}), "filter 1 is not understood: a query must have one clause");
        let mut deep = json!({"match_all": {}});
        for _ in 0..100 {
            deep = json!({"bool": {"must": [deep]}});
        }
        check(&json!({ "query": deep }), "filter 1 is not understood: queries are nested too deep");
    }
}
