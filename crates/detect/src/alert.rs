//! Alert documents.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use dragnet_engine::{Evidence, Finding, JoinKey, Matched};
use dragnet_event::{Document, FieldSink, Time, Value, flatten};
use dragnet_plan::{IndicatorMatch, Query, Threshold};
use serde_json::{Map, Value as Json, json};

use crate::identity::{EventIdentity, hash};
use crate::overrides;
use crate::part::RulePart;
use crate::reason::{describe, describe_count, describe_group, reason};

/// One alert.
#[derive(Debug, Clone)]
pub struct Alert<'r> {
    /// What kind of alert it is.
    pub kind: AlertKind,
    /// `kibana.alert.uuid`.
    pub id: String,
    /// The time of the event; of a sequence, that of its last event.
    pub time: Option<Time>,
    /// What happened, in one line, without the rule.
    pub summary: String,
    /// What the alert's document has of its own: the event's fields, and what follows from them.
    pub own: Document,
    /// What it has of the rule.
    pub rule: Arc<RulePart<'r>>,
}

impl Alert<'_> {
    /// The value of a key as it stands in the document, dots and all, else of the field at that path.
    pub fn get(&self, key: &str) -> Option<&Json> {
        let as_it_stands = self.rule.fields.get(key).or_else(|| self.own.0.get(key));
        as_it_stands.or_else(|| self.own.get(key))
    }

    /// [`Alert::get`], if that is a text.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// The whole document.
    pub fn document(&self) -> Document {
        let mut document = self.own.clone();
        let rule = self.rule.fields.iter().map(|(key, value)| (key.clone(), value.clone()));
        document.0.extend(rule);
        document
    }

    /// Feeds every value of the whole document to a sink.
    pub fn flatten_into(&self, sink: &mut dyn FieldSink) {
        self.own.flatten_into(sink);
        flatten(&self.rule.fields, sink);
    }

    /// Writes the whole document as JSON, in one line without an end.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut own = serde_json::to_vec(&self.own.0)?;
        // Two objects become one.
        own.pop();
        if own.len() > 1 {
            own.push(b',');
        }
        out.write_all(&own)?;
        out.write_all(&self.rule.json.as_bytes()[1..])
    }
}

/// Kinds of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertKind {
    /// One event satisfied the rule, or so many of one group.
    Event,
    /// The events of a sequence or sample, as a whole.
    Shell,
    /// One event of a sequence or sample.
    BuildingBlock,
}

/// The event's fields that alerts repeat, below `kibana.alert.original_event.`.
const EVENT_FIELDS: &[&str] = &[
    "event.action",
    "event.category",
    "event.code",
    "event.created",
    "event.dataset",
    "event.hash",
    "event.id",
    "event.ingested",
    "event.kind",
    "event.module",
    "event.outcome",
    "event.provider",
    "event.reason",
    "event.reference",
    "event.risk_score",
    "event.sequence",
    "event.severity",
    "event.timezone",
    "event.type",
    "event.url",
];

/// What alerts are made of.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a, 'r> {
    /// What they have of the rule.
    pub rule: &'a Arc<RulePart<'r>>,
    /// The rule's query.
    pub query: &'a Query,
    /// What it has found.
    pub finding: &'a Finding,
    /// The documents and identities of the finding's events, in order, without those that must be missing.
    pub events: &'a [(&'a Document, &'a EventIdentity)],
    /// The logical execution that has found it; `None` if the events have no time.
    pub execution: Option<Time>,
}

/// The id of the alert that stands for a finding, which is its last or only one, and how many alerts it has: what
/// [`alerts`] would give, without their documents. `None` if there is none.
pub fn identify_alert(case: &Case<'_, '_>) -> Option<(String, usize)> {
    let first = case.events.first()?;
    let rule_id = &case.rule.rule.rule_id;
    if case.events.iter().any(|(event, _)| goes_back_to(event, rule_id)) {
        return None;
    }
    Some(match (case.query, &case.finding.evidence) {
        (Query::Sequence(_) | Query::Sample(_), _) => {
            let key = key_texts(&case.finding.key);
            (shell_id(rule_id, &members(case.events, &key)), case.events.len() + 1)
        }
        (Query::Threshold(_), Evidence::Threshold(counted)) => {
            (counted_id(case, &counted.execution.to_string()), 1)
        }
        _ => (single_id(case, first.1), 1),
    })
}

/// The alerts of a finding: for sequences and samples a building block for each event, then the shell;
/// otherwise one. Without events there is no alert, nor where an event is itself an alert that the rule had
/// a part in (Kibana: a rule does not answer to itself).
pub fn alerts<'r>(case: &Case<'_, 'r>) -> Vec<Alert<'r>> {
    let rule_id = &case.rule.rule.rule_id;
    let Some(first) = case.events.first() else { return Vec::new() };
    if case.events.iter().any(|(event, _)| goes_back_to(event, rule_id)) {
        return Vec::new();
    }
    let mut alerts = match case.query {
        Query::Sequence(_) | Query::Sample(_) => {
            let times = case.finding.events.iter().flatten().map(|position| position.time);
            group(case, &times.collect::<Vec<_>>())
        }
        Query::Threshold(threshold) => vec![counted(case, threshold)],
        Query::Event { .. } | Query::NewTerms(_) | Query::IndicatorMatch(_) => {
            vec![single(case, first)]
        }
    };
    if let Some(execution) = case.execution {
        for alert in &mut alerts {
            for key in ["kibana.alert.intended_timestamp", "kibana.alert.rule.execution.timestamp"]
            {
                alert.own.0.insert(key.into(), execution.to_string().into());
            }
        }
    }
    alerts
}

fn new_terms(case: &Case<'_, '_>) -> Vec<String> {
    match &case.finding.evidence {
        Evidence::NewTerms { .. } => texts(&case.finding.key),
        _ => Vec::new(),
    }
}

fn single_id(case: &Case<'_, '_>, identity: &EventIdentity) -> String {
    let terms = new_terms(case);
    let parts = [&*identity.index, &*identity.id, &*case.rule.rule.rule_id].into_iter();
    hash(parts.chain(terms.iter().map(String::as_str)))
}

fn counted_id(case: &Case<'_, '_>, execution: &str) -> String {
    let values = texts(&case.finding.key);
    let parts = [&*case.rule.rule.rule_id, execution].into_iter();
    hash(parts.chain(values.iter().map(String::as_str)))
}

/// What the ids of a sequence's alerts are made of: its events, and its key, since events whose key fields hold arrays
/// may make several sequences, which differ in their keys.
fn members<'a>(
    events: &[(&'a Document, &'a EventIdentity)],
    key: &'a [Cow<'a, str>],
) -> Vec<&'a str> {
    let ids = events.iter().flat_map(|(_, identity)| [&*identity.index, &*identity.id]);
    ids.chain(key.iter().map(|text| &**text)).collect()
}

fn key_texts(key: &JoinKey) -> Vec<Cow<'_, str>> {
    key.values().iter().map(|v| v.as_ref().map_or("null".into(), Value::text)).collect()
}

fn shell_id(rule_id: &str, members: &[&str]) -> String {
    hash(members.iter().copied().chain([rule_id]))
}

/// The alert of one event.
fn single<'r>(case: &Case<'_, 'r>, (event, identity): &(&Document, &EventIdentity)) -> Alert<'r> {
    let rule = case.rule.rule;
    let terms = new_terms(case);
    let id = single_id(case, identity);
    let time = case.finding.events.iter().flatten().map(|position| position.time).max().flatten();
    let mut alert = document(case.rule, event, &id, &lineage(event, identity), depth_of(event) + 1);
    if rule.building_block_type.is_some() {
        alert.0.insert("kibana.alert.building_block_type".into(), "default".into());
    }
    if !terms.is_empty() {
        alert.0.insert("kibana.alert.new_terms".into(), terms.into());
    }
    if let (Evidence::Indicators(matched), Query::IndicatorMatch(matching)) =
        (&case.finding.evidence, case.query)
    {
        let path =
            rule.kind.threat_match.as_ref().map_or("threat.indicator", |t| &t.indicator_path);
        // Kibana: what other indicators have said of the event before stays.
        let mut all = match event.get("threat.enrichments") {
            Some(Json::Array(before)) => before.clone(),
            before => before.cloned().into_iter().collect(),
        };
        all.extend(enrichments(matched, matching, path));
        alert.set("threat.enrichments", all.into());
    }
    let summary = describe(event);
    let part = overrides::apply(case.rule, event);
    let own = finish(&part, alert, &summary);
    Alert { kind: AlertKind::Event, id, time, summary, own, rule: part }
}

/// The alert of a group that has enough events. Kibana makes it of a document that holds the group's
/// values and nothing else of the events.
fn counted<'r>(case: &Case<'_, 'r>, threshold: &Threshold) -> Alert<'r> {
    let rule = case.rule.rule;
    let Evidence::Threshold(counted) = &case.finding.evidence else {
        return single(case, &case.events[0]);
    };
    let values = texts(&case.finding.key);
    let execution = counted.execution.to_string();
    let id = counted_id(case, &execution);
    let time = case.finding.last().and_then(|last| last.time);
    let mut group = Document::new();
    if let Some(time) = time {
        group.set("@timestamp", time.to_string().into());
    }
    let mut terms = Vec::new();
    for (field, value) in threshold.fields.iter().zip(&values) {
        group.set(field.name(), value.as_str().into());
        terms.push(json!({"field": field.name(), "value": value}));
    }
    let cardinality = threshold.cardinality.as_ref().zip(counted.cardinality);
    let cardinality: Vec<Json> = cardinality
        .iter()
        .map(|(cardinality, n)| json!({"field": cardinality.field.name(), "value": n}))
        .collect();
    let (_, last) = case.events[0];
    let mut alert = document(case.rule, &group, &id, &json!([event_ancestor(last)]), 1);
    let result = json!({
        "terms": terms, "cardinality": cardinality, "count": counted.count,
        "from": counted.from.to_string(),
    });
    alert.0.insert("kibana.alert.threshold_result".into(), result);
    if rule.building_block_type.is_some() {
        alert.0.insert("kibana.alert.building_block_type".into(), "default".into());
    }
    let summary = describe_count(threshold, &values, counted);
    let part = overrides::apply(case.rule, &group);
    let own = finish(&part, alert, &summary);
    Alert { kind: AlertKind::Event, id, time, summary, own, rule: part }
}

/// What an alert repeats of the indicators, as Kibana writes it.
fn enrichments<'a>(
    matched: &'a [Matched],
    matching: &'a IndicatorMatch,
    path: &'a str,
) -> impl Iterator<Item = Json> + 'a {
    let one = move |one: &Matched| {
        let indicator = &matching.indicators[one.indicator];
        let mut enrichment = json!({
            "indicator": indicator.document.get(path).cloned().unwrap_or_else(|| json!({})),
            "matched": {
                "atomic": one.value, "field": one.field, "id": indicator.id, "index": indicator.index,
                "type": "indicator_match_rule",
            },
        });
        if let Some(feed) = indicator.document.get("threat.feed") {
            enrichment["feed"] = feed.clone();
        }
        enrichment
    };
    matched.iter().map(one)
}

/// The values of a key as canonical texts, empty for null.
fn texts(key: &JoinKey) -> Vec<String> {
    key.values()
        .iter()
        .map(|v| v.as_ref().map_or(String::new(), |v| v.text().into_owned()))
        .collect()
}

/// The alerts of a sequence or sample.
fn group<'r>(case: &Case<'_, 'r>, times: &[Option<Time>]) -> Vec<Alert<'r>> {
    let Case { rule: part, finding, events, .. } = *case;
    let rule = part.rule;
    let key = key_texts(&finding.key);
    let members = members(events, &key);
    let shell_id = shell_id(&rule.rule_id, &members);
    let mut alerts = Vec::new();
    let mut ancestors = Vec::new();
    let mut deepest = 1;
    for (index, (event, identity)) in events.iter().enumerate() {
        let number = index.to_string();
        let id = hash(members.iter().copied().chain([&*rule.rule_id, &number]));
        let lineage = lineage(event, identity);
        let depth = depth_of(event) + 1;
        let mut block = document(part, event, &id, &lineage, depth);
        block.0.insert("kibana.alert.building_block_type".into(), "default".into());
        put_group(&mut block, &shell_id, Some(index));
        deepest = deepest.max(depth);
        ancestors.extend(lineage.as_array().into_iter().flatten().cloned());
        ancestors.push(json!({
            "depth": depth, "id": id, "index": ALERTS_INDEX, "rule": rule.rule_id, "type": "signal"
        }));
        let summary = describe(event);
        let own = finish(part, block, &summary);
        let time = times.get(index).copied().flatten();
        let kind = AlertKind::BuildingBlock;
        alerts.push(Alert { kind, id, time, summary, own, rule: part.clone() });
    }
    let common = intersection(events);
    let mut shell = document(part, &common, &shell_id, &Json::Array(ancestors), deepest + 1);
    put_group(&mut shell, &shell_id, None);
    let time = times.iter().copied().max().flatten();
    if let Some(time) = time {
        shell.0.insert("@timestamp".into(), time.to_string().into());
        shell.0.insert("kibana.alert.original_time".into(), time.to_string().into());
    }
    if rule.building_block_type.is_some() {
        shell.0.insert("kibana.alert.building_block_type".into(), "default".into());
    }
    let summary = describe_group(&common, events.iter().map(|(event, _)| *event));
    let own = finish(part, shell, &summary);
    let (kind, rule) = (AlertKind::Shell, part.clone());
    alerts.push(Alert { kind, id: shell_id, time, summary, own, rule });
    alerts
}

/// The index that Kibana keeps alerts in.
pub const ALERTS_INDEX: &str = ".alerts-security.alerts-default";

fn event_ancestor(identity: &EventIdentity) -> Json {
    json!({"depth": 0, "id": identity.id, "index": identity.index, "type": "event"})
}

/// Whether an event is an alert of this rule, or goes back to one.
pub fn goes_back_to(event: &Document, rule_id: &str) -> bool {
    let before = event.get("kibana.alert.ancestors").and_then(Json::as_array);
    let mut before = before.into_iter().flatten().filter_map(|ancestor| ancestor.get("rule"));
    event.get_str("kibana.alert.rule.rule_id") == Some(rule_id)
        || before.any(|rule| rule == rule_id)
}

/// How many alerts lie between an event and what was logged: 0 if it is no alert.
pub fn depth_of(event: &Document) -> u32 {
    let depth = event.get("kibana.alert.depth").and_then(Json::as_u64);
    depth.and_then(|depth| u32::try_from(depth).ok()).unwrap_or(0)
}

/// What an alert of this event goes back to: what the event goes back to, and the event.
fn lineage(event: &Document, identity: &EventIdentity) -> Json {
    let before = event.get("kibana.alert.ancestors").and_then(Json::as_array);
    let mut all: Vec<Json> = before.into_iter().flatten().cloned().collect();
    all.push(match event.get_str("kibana.alert.rule.rule_id") {
        None => event_ancestor(identity),
        Some(rule) => json!({
            "depth": depth_of(event), "id": identity.id, "index": identity.index, "rule": rule,
            "type": "signal",
        }),
    });
    Json::Array(all)
}

fn put_group(document: &mut Document, id: &str, index: Option<usize>) {
    document.0.insert("kibana.alert.group.id".into(), id.into());
    if let Some(index) = index {
        document.0.insert("kibana.alert.group.index".into(), index.into());
    }
}

/// What an alert has of its own, but for its reason.
fn document(
    part: &RulePart<'_>,
    event: &Document,
    id: &str,
    ancestors: &Json,
    depth: u32,
) -> Document {
    let mut alert = event.clone();
    // What an alert that is read as an event says of its rule, and of itself as an alert, is not said of this one:
    // a building block's would hide this one, a member's would make it one.
    alert.0.retain(|key, _| {
        let is_of_alert = key == "kibana.alert" || key.starts_with("kibana.alert.");
        !is_of_alert && !part.fields.contains_key(key)
    });
    if let Some(Json::Object(kibana)) = alert.0.get_mut("kibana") {
        kibana.retain(|key, _| key != "alert" && !key.starts_with("alert."));
    }
    for field in EVENT_FIELDS {
        if let Some(value) = event.get(field) {
            alert.0.insert(format!("kibana.alert.original_{field}"), value.clone());
        }
    }
    if let Some(time) = event.get("@timestamp") {
        alert.0.insert("kibana.alert.original_time".into(), time.clone());
    }
    alert.set("event.kind", "signal".into());
    alert.0.insert("kibana.alert.ancestors".into(), ancestors.clone());
    alert.0.insert("kibana.alert.depth".into(), depth.into());
    alert.0.insert("kibana.alert.uuid".into(), id.into());
    alert
}

fn finish(part: &RulePart<'_>, mut alert: Document, summary: &str) -> Document {
    let text = |key: &str| part.fields.get(key).and_then(Json::as_str).unwrap_or_default();
    let reason = reason(summary, text("kibana.alert.severity"), text("kibana.alert.rule.name"));
    alert.0.insert("kibana.alert.reason".into(), reason.into());
    alert
}

/// What all events have in common. Kibana: equal scalars stay, arrays keep what all have, and
/// keys that differ vanish.
pub(crate) fn intersection(events: &[(&Document, &EventIdentity)]) -> Document {
    let mut documents = events.iter().map(|(document, _)| *document);
    let Some(first) = documents.next() else { return Document::new() };
    Document(documents.fold(first.0.clone(), |common, other| common_object(&common, &other.0)))
}

fn common_object(a: &Map<String, Json>, b: &Map<String, Json>) -> Map<String, Json> {
    let pairs = a.iter().filter_map(|(key, a)| Some((key.clone(), common_json(a, b.get(key)?)?)));
    pairs.collect()
}

fn common_json(a: &Json, b: &Json) -> Option<Json> {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            let common = common_object(a, b);
            (!common.is_empty()).then_some(Json::Object(common))
        }
        (Json::Array(a), Json::Array(b)) => {
            let common: Vec<Json> = a.iter().filter(|item| b.contains(item)).cloned().collect();
            (!common.is_empty()).then_some(Json::Array(common))
        }
        (a, b) => (a == b).then(|| a.clone()),
    }
}
