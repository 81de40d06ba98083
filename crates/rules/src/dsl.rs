//! Filters: parts of a rule's query in Elasticsearch's query DSL, as Kibana's filter pills make them.
//!
//! A filter that is not understood loses the rule: without it the rule would find something else.

use dragnet_event::{Field, FieldType, Schema, Time};
use dragnet_plan::pattern::{Dialect, RegexPattern, Wildcard};
use dragnet_plan::{CompareOp, Condition, Leaf, Literal, Network, Number};
use serde_json::{Map, Value as Json};

use crate::exception::unescape;

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
    for (at, filter) in list.iter().enumerate() {
        let condition = kibana_filter(filter, schema)
            .map_err(|why| format!("filter {} is not understood: {why}", at + 1))?;
        parts.extend(condition);
    }
    Ok(Condition::All(parts))
}

/// A filter as Kibana keeps it: a query, and `meta`, which may negate it or switch it off. Older ones have the
/// query's parts beside `meta`.
fn kibana_filter(filter: &Json, schema: &Schema) -> Result<Option<Condition>, String> {
    let Json::Object(filter) = filter else { return Err("it is no table".to_owned()) };
    let flag =
        |key: &str| filter.get("meta").and_then(|meta| meta.get(key)).and_then(Json::as_bool);
    if flag("disabled") == Some(true) {
        return Ok(None);
    }
    let reader = Reader { schema };
    let condition = if let Some(Json::Object(query)) = filter.get("query") {
        reader.query(query, 0)?
    } else {
        let parts = filter.iter().filter(|(key, _)| !matches!(key.as_str(), "meta" | "$state"));
        reader.query(&parts.map(|(key, value)| (key.clone(), value.clone())).collect(), 0)?
    };
    let negated = flag("negate") == Some(true);
    Ok(Some(if negated { Condition::Not(Box::new(condition)) } else { condition }))
}

struct Reader<'a> {
    schema: &'a Schema,
}

/// The queries with one field and one value: `{name: {field: value}}` or `{name: {field: {value: …}}}`.
const VALUE_KEYS: &[&str] = &["value", "query", "wildcard"];

impl Reader<'_> {
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
                Ok(Condition::Leaf(Leaf::Exists(self.schema.field(field))))
            }
            "nested" | "constant_score" => {
                let inner = body.get("query").or_else(|| body.get("filter"));
                let inner = inner.and_then(Json::as_object);
                self.query(inner.ok_or_else(|| format!("`{name}` needs a query"))?, depth + 1)
            }
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
            None | Some(Json::Null) => usize::from(all.is_empty()),
            Some(number) => number
                .as_u64()
                .or_else(|| number.as_str()?.parse().ok())
                .and_then(|number| usize::try_from(number).ok())
                .ok_or("`minimum_should_match` must be a whole number")?,
        };
        if !should.is_empty() {
            match needed {
                0 => {}
                1 => all.push(Condition::Any(should)),
                n if n == should.len() => all.extend(should),
                _ => return Err("`minimum_should_match` must be 0, 1 or all".to_owned()),
            }
        }
        all.extend(clauses("must_not")?.into_iter().map(|c| Condition::Not(Box::new(c))));
        Ok(Condition::All(all))
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
        let value = match value {
            Json::Object(options) => VALUE_KEYS
                .iter()
                .find_map(|key| options.get(*key))
                .ok_or_else(|| format!("`{name}` of `{path}` has no value"))?,
            value => *value,
        };
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
        let value = literal(field, bound)
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
        check(&json!({"exists": {"field": "a"}, "meta": {"negate": false}}), "a != null");
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
            "((a in (1) or b in (2)) and c == null)",
        );
        check(
            &json!({"query": {"bool": {"must": {"term": {"a": 1}}, "should": {"term": {"b": 2}}}}}),
            "a in (1)",
        );
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
