//! Rules out: as Kibana's export (one JSON object per line) and as Elastic's TOML.
//!
//! The two forms say the same in different places, and what one has no place for is kept where the other
//! way finds it again, so that a rule that goes there and back is the rule it was:
//!
//! | TOML | Kibana |
//! |---|---|
//! | `[rule]` | the object's own keys |
//! | `[rule.new_terms]` with `field`, `value`, `history_window_start` | `new_terms_fields`, `history_window_start` |
//! | every other table: `[metadata]`, `[transform]` | `meta.toml`, Kibana's place for what is not its own |
//!
//! TOML has no null; a null of a JSON document is left out, as Kibana takes it for an absent key.

use serde_json::{Map, Value as Json, json};

use crate::json_reader::Kind;
use crate::rule::Rule;

mod toml;

pub use self::toml::to_toml;

/// The key of `meta` that holds the tables of a TOML file which are not the rule.
pub(crate) const TABLES: &str = "toml";
/// The field that TOML files name as that of new terms, and as that of their history. Elastic's have
/// no others.
const NEW_TERMS: &str = "new_terms_fields";
const HISTORY: &str = "history_window_start";

/// The rule as Kibana's API has it. It has a `rule_id`, be it a derived one: Kibana imports no rule
/// without.
pub fn to_api(rule: &Rule) -> Map<String, Json> {
    let mut fields = rule.fields.clone();
    fields.entry("rule_id").or_insert_with(|| Json::from(rule.rule_id.as_str()));
    if let Some((terms, start)) = fields.get("new_terms").and_then(new_terms_of_toml) {
        fields.remove("new_terms");
        fields.insert(NEW_TERMS.to_owned(), terms);
        fields.insert(HISTORY.to_owned(), start);
    }
    if !rule.extra.is_empty() {
        let meta = fields.entry("meta").or_insert_with(|| json!({}));
        if !meta.is_object() {
            // Kibana has nothing but objects there, so a document with something else is not one of its own.
            *meta = json!({});
        }
        meta[TABLES] = Json::Object(rule.extra.clone());
    }
    fields
}

/// The fields and the history's beginning of TOML's `[rule.new_terms]`, if it has the form of Elastic's.
fn new_terms_of_toml(table: &Json) -> Option<(Json, Json)> {
    let table = table.as_object().filter(|table| table.len() == 3)?;
    let fields = table.get("value").filter(|value| value.is_array())?;
    let [start] = table.get(HISTORY)?.as_array()?.as_slice() else { return None };
    let start = start.as_object().filter(|start| start.len() == 2)?;
    let is_named = table.get("field")? == NEW_TERMS && start.get("field")? == HISTORY;
    let value = start.get("value").filter(|value| value.is_string())?;
    is_named.then(|| (fields.clone(), value.clone()))
}

/// The rule's own keys and the other tables, as a TOML file has them.
fn toml_form(rule: &Rule) -> (Map<String, Json>, Map<String, Json>) {
    let (mut fields, mut extra) = (rule.fields.clone(), rule.extra.clone());
    fields.entry("rule_id").or_insert_with(|| Json::from(rule.rule_id.as_str()));
    let is_ours = |tables: &Json| tables.as_object().is_some_and(|t| !t.contains_key("rule"));
    if extra.is_empty()
        && let Some(Json::Object(meta)) = fields.get_mut("meta")
        && meta.get(TABLES).is_some_and(is_ours)
    {
        if let Some(Json::Object(tables)) = meta.remove(TABLES) {
            extra = tables;
        }
        if meta.is_empty() {
            fields.remove("meta");
        }
    }
    let is_terms = fields.get(NEW_TERMS).is_some_and(Json::is_array)
        && fields.get(HISTORY).is_some_and(Json::is_string);
    if is_terms && !fields.contains_key("new_terms") {
        let terms = fields.remove(NEW_TERMS).unwrap_or_default();
        let start = fields.remove(HISTORY).unwrap_or_default();
        let table = json!({
            "field": NEW_TERMS, "value": terms,
            HISTORY: [{"field": HISTORY, "value": start}],
        });
        fields.insert("new_terms".to_owned(), table);
    }
    (fields, extra)
}

/// The last line of Kibana's export of so many rules and these attachments.
pub fn export_summary(rules: usize, attachments: &[Map<String, Json>]) -> Json {
    let count = |kind: Kind| attachments.iter().filter(|one| Kind::of(one) == kind).count();
    let lists = count(Kind::ExceptionList);
    let items = count(Kind::ExceptionItem);
    let connectors = count(Kind::Connector);
    json!({
        "exported_count": rules + lists + items + connectors,
        "exported_rules_count": rules,
        "missing_rules": [],
        "missing_rules_count": 0,
        "exported_exception_list_count": lists,
        "exported_exception_list_item_count": items,
        "missing_exception_lists": [],
        "missing_exception_lists_count": 0,
        "missing_exception_list_items": [],
        "missing_exception_list_items_count": 0,
        "exported_action_connector_count": connectors,
        "missing_action_connections": [],
        "missing_action_connection_count": 0,
        "excluded_action_connections": [],
        "excluded_action_connection_count": 0,
    })
}

#[cfg(test)]
mod tests;
