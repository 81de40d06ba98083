//! Exceptions: what a rule is not to find.
//!
//! An item is a conjunction of entries; a list is a disjunction of items; a rule names lists. Kibana
//! applies them to every event before anything is made of it, so that an excepted event neither begins nor
//! completes a sequence; so do we, by adding them to the condition of every stage. Lists for the
//! endpoint agent apply where that agent runs, not to rules, and are left alone.

use std::collections::BTreeMap;

use dragnet_event::{Field, FieldType, Schema, Time};
use dragnet_plan::pattern::Wildcard;
use dragnet_plan::{CompareOp, Condition, Leaf, Literal};
use serde_json::{Map, Value as Json};

use crate::read::string_list;
use crate::value_list::ValueLists;

/// Entries of an exception.
const MAX_ENTRIES: usize = 10_000;

/// What a list is known by. Kibana: lists of all spaces (`agnostic`) and of one (`single`) are apart, whatever
/// their ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListId {
    /// `list_id`.
    pub id: String,
    /// Whether it is one of all spaces.
    pub agnostic: bool,
}

impl ListId {
    /// Of a list, an item of one, or a rule's mention of one.
    pub(crate) fn read(fields: &Map<String, Json>) -> Option<ListId> {
        let text = |key: &str| fields.get(key).and_then(Json::as_str);
        let id = text("list_id").filter(|id| !id.is_empty())?.to_owned();
        Some(ListId { id, agnostic: text("namespace_type") == Some("agnostic") })
    }
}

/// One exception, as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ExceptionItem {
    /// The item's name, else its id.
    pub name: String,
    /// The list that it is in.
    pub list: ListId,
    /// All of them must hold for the exception to.
    entries: Vec<Json>,
    /// Events at or after this time are not excepted. Kibana compares the time with its clock; here it is the event's
    /// own time that counts, so that an old log is judged by the exceptions of its day.
    expires: Option<Time>,
    /// Whether the item is for the endpoint agent.
    for_endpoint: bool,
}

impl ExceptionItem {
    /// Reads an exported item.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn read(fields: &Map<String, Json>) -> Result<ExceptionItem, String> {
        let text =
            |key: &str| fields.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
        let list = ListId::read(fields).ok_or("an exception needs a `list_id`")?;
        let name = text("name").or(text("item_id")).unwrap_or("(without a name)").to_owned();
        let entries = fields.get("entries").and_then(Json::as_array);
        let entries = entries.filter(|entries| !entries.is_empty());
        let entries =
            entries.ok_or_else(|| format!("the exception `{name}` has no `entries`"))?.clone();
        if entries.len() > MAX_ENTRIES {
            return Err(format!("the exception `{name}` has more than {MAX_ENTRIES} `entries`"));
        }
        let expires = match text("expire_time") {
            None => None,
            Some(time) => Some(Time::parse(time).ok_or_else(|| {
                format!("`expire_time` of the exception `{name}` is no time: `{time}`")
            })?),
        };
        let for_endpoint = list.id.starts_with("endpoint");
        Ok(ExceptionItem { name, list, entries, expires, for_endpoint })
    }

    /// What an event must satisfy to be excepted. Adds to `doubts` what of value lists could not be used.
    ///
    /// # Errors
    /// A sentence that says which entry cannot be applied, and why.
    pub fn condition(
        &self,
        schema: &Schema,
        lists: &ValueLists,
        doubts: &mut Vec<String>,
    ) -> Result<Condition, String> {
        let mut reader = Reader { schema, lists, doubts };
        let entries = self.entries.iter().map(|entry| reader.entry(entry, ""));
        let mut parts = entries
            .collect::<Result<Vec<_>, _>>()
            .map_err(|why| format!("the exception `{}` cannot be applied: {why}", self.name))?;
        if let Some(expires) = self.expires {
            let (field, value) = (schema.field("@timestamp"), Literal::Date(expires));
            parts.push(Condition::Leaf(Leaf::Compare { field, op: CompareOp::Lt, value }));
        }
        Ok(Condition::All(parts))
    }
}

/// Exceptions by the lists they are in.
#[derive(Debug, Clone, Default)]
pub struct ExceptionLists {
    lists: BTreeMap<ListId, Vec<ExceptionItem>>,
}

impl ExceptionLists {
    /// Notes that a list exists, be it empty.
    pub fn add_list(&mut self, list: ListId) {
        self.lists.entry(list).or_default();
    }

    /// Adds an item to its list.
    pub fn add(&mut self, item: ExceptionItem) {
        self.lists.entry(item.list.clone()).or_default().push(item);
    }

    /// The items of a list; `None` if nothing is known of it.
    pub fn get(&self, list: &ListId) -> Option<&[ExceptionItem]> {
        self.lists.get(list).map(Vec::as_slice)
    }

    /// How many items there are, those for the endpoint agent left out.
    pub fn count(&self) -> usize {
        self.lists.values().flatten().filter(|item| !item.for_endpoint).count()
    }
}

/// The lists that a rule names and that apply to rules.
pub(crate) fn lists_of(fields: &Map<String, Json>) -> Vec<ListId> {
    let lists = fields.get("exceptions_list").and_then(Json::as_array);
    let lists = lists.into_iter().flatten().filter_map(Json::as_object).filter(|list| {
        let kind = list.get("type").and_then(Json::as_str).unwrap_or_default();
        !kind.starts_with("endpoint")
    });
    lists.filter_map(ListId::read).filter(|list| list.id != "endpoint_list").collect()
}

struct Reader<'a> {
    schema: &'a Schema,
    lists: &'a ValueLists,
    doubts: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// What one entry asks for. `parent` is the path that a nested entry's fields are below.
    fn entry(&mut self, entry: &Json, parent: &str) -> Result<Condition, String> {
        let text = |key: &str| entry.get(key).and_then(Json::as_str);
        let field =
            text("field").filter(|field| !field.is_empty()).ok_or("an entry has no `field`")?;
        let path = if parent.is_empty() { field.to_owned() } else { format!("{parent}.{field}") };
        let kind = text("type").unwrap_or("match");
        if kind == "nested" && parent.is_empty() {
            let entries =
                entry.get("entries").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
            if entries.is_empty() {
                return Err(format!("the nested entry of `{field}` has no `entries`"));
            }
            let parts = entries.iter().map(|inner| self.entry(inner, &path));
            let parts = parts.collect::<Result<_, _>>()?;
            return Ok(nested(&path, Condition::All(parts)));
        }
        let excluded = match text("operator") {
            None | Some("included") => false,
            Some("excluded") => true,
            Some(other) => {
                return Err(format!("`operator` must be included or excluded, not `{other}`"));
            }
        };
        let condition = self.plain(entry, kind, &self.schema.field(&path), excluded)?;
        Ok(if excluded { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn plain(
        &mut self,
        entry: &Json,
        kind: &str,
        field: &Field,
        excluded: bool,
    ) -> Result<Condition, String> {
        let value = || {
            let value = entry.get("value").filter(|value| !value.is_null() && !value.is_object());
            value.ok_or_else(|| format!("the entry of `{field}` has no `value`"))
        };
        let leaf = match kind {
            "match" => return Ok(self.any_of(field, &[scalar_text(value()?)])),
            "match_any" => {
                let values = string_list(value()?).filter(|values| !values.is_empty());
                let values = values.ok_or_else(|| format!("`value` of `{field}` must be a list"));
                return Ok(self.any_of(field, &values?));
            }
            "exists" => return Ok(dragnet_kql::exists(field.name(), self.schema)),
            "wildcard" => Leaf::Like {
                // Elasticsearch: a wildcard query on a keyword, which tells case apart.
                patterns: vec![Wildcard::new(&unescape(&scalar_text(value()?)), false)],
                field: field.clone(),
            },
            "list" => return self.list(entry, field, excluded),
            other => return Err(format!("unknown type of an entry: `{other}`")),
        };
        Ok(Condition::Leaf(leaf))
    }

    /// Kibana: a `match_phrase` each, which a field of words satisfies with these words in order.
    fn any_of(&self, field: &Field, values: &[String]) -> Condition {
        let words = |value: &String| dragnet_kql::words(field.name(), value, true, self.schema);
        match values.iter().map(words).collect::<Option<Vec<_>>>() {
            Some(words) => Condition::Any(words),
            None => Condition::Leaf(one_of(field, values)),
        }
    }

    fn list(&mut self, entry: &Json, field: &Field, excluded: bool) -> Result<Condition, String> {
        let list =
            entry.get("list").ok_or_else(|| format!("the entry of `{field}` has no `list`"))?;
        let text = |key: &str| list.get(key).and_then(Json::as_str);
        let id = text("id").ok_or_else(|| format!("`list` of `{field}` has no `id`"))?;
        let kind = text("type").unwrap_or("keyword");
        let (condition, wrong) = self.lists.condition(id, kind, field)?;
        let Some((first, more)) = wrong.split_first() else { return Ok(condition) };
        let more = match more.len() {
            0 => String::new(),
            n => format!(", nor are {n} more"),
        };
        let doubt = format!("the value list `{id}` is of type {kind}, and `{first}` is none{more}");
        // An entry that asks for a value to be in no list would except what the value was to keep.
        if excluded {
            return Err(doubt);
        }
        self.doubts.push(format!("{doubt}; the other values hold"));
        Ok(condition)
    }
}

/// That one object at a path satisfies a condition by itself.
pub(crate) fn nested(path: &str, condition: Condition) -> Condition {
    let field = Field::any(path).with_type(FieldType::Object);
    Condition::Leaf(Leaf::Nested { field, condition: Box::new(condition) })
}

fn scalar_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A field equals one of several texts; where it is an address, a network counts too.
pub(crate) fn one_of(field: &Field, values: &[String]) -> Leaf {
    let values = values.iter().map(|value| Literal::Str(value.as_str().into())).collect();
    Leaf::OneOf { field: field.clone(), values, fold: false }
}

/// A wildcard pattern of Elasticsearch's wildcard query, whose backslashes escape, as one of ours,
/// whose backslashes are characters like any other. An escaped `*` or `?` cannot be said there and
/// becomes `?`, any one character.
pub(crate) fn unescape(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('*' | '?') => text.push('?'),
                Some(escaped) => text.push(escaped),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(entries: &Json) -> ExceptionItem {
        let item = json!({"list_id": "mine", "item_id": "i", "name": "ours", "entries": entries});
        ExceptionItem::read(item.as_object().unwrap()).unwrap()
    }

    #[track_caller]
    fn check(entries: &Json, expected: &str) {
        let lists = ValueLists::default();
        let condition = item(entries).condition(&Schema::open(), &lists, &mut Vec::new());
        let shown = condition.map_or_else(|error| error, |condition| condition.to_string());
        assert_eq!(shown, expected, "{entries}");
    }

    #[test]
    fn entries() {
        let value = |kind: &str, operator: &str, value: Json| json!([{"field": "a", "type": kind, "operator": operator, "value": value}]);
        check(&value("match", "included", json!("x")), r#"a in ("x")"#);
        check(&value("match", "excluded", json!("x")), r#"not a in ("x")"#);
        check(&value("match_any", "included", json!(["x", "y"])), r#"a in ("x", "y")"#);
        check(&value("wildcard", "included", json!("C:\\\\a*")), r#"a like "C:\\a*""#);
        check(&value("exists", "excluded", Json::Null), "not (a != null or a.* != null)");
        check(
            &json!([{"field": "a", "type": "nested", "entries": [
                {"field": "b", "type": "match", "operator": "included", "value": "x"},
                {"field": "c", "type": "exists", "operator": "included"}]}]),
            r#"a has one with (a.b in ("x") and (a.c != null or a.c.* != null))"#,
        );
        check(
            &value("fuzzy", "included", json!("x")),
            "the exception `ours` cannot be applied: unknown type of an entry: `fuzzy`",
        );
    }

    #[test]
    fn lists_for_the_endpoint_are_left_alone() {
        let fields = json!({"exceptions_list": [
            {"list_id": "endpoint_list", "type": "endpoint"},
            {"list_id": "mine", "type": "detection"},
        ]});
        let mine = ListId { id: "mine".into(), agnostic: false };
        assert_eq!(lists_of(fields.as_object().unwrap()), [mine]);
    }
}
