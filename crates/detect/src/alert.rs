//! Alert documents.

use std::io::{self, Write};

use dragnet_engine::Finding;
use dragnet_event::{Document, Time, Value};
use dragnet_plan::Query;
use dragnet_rules::Rule;
use serde_json::{Map, Value as Json, json};

use crate::identity::{EventIdentity, hash};
use crate::reason::{describe, describe_group, reason};

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
    pub rule: &'r RulePart<'r>,
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

/// What all alerts of a rule have in common. It is most of an alert, so it is made once and written
/// as it is.
#[derive(Debug, Clone)]
pub struct RulePart<'r> {
    rule: &'r Rule,
    fields: Map<String, Json>,
    /// The fields as a JSON object.
    json: String,
}

impl<'r> RulePart<'r> {
    /// For the alerts of this rule.
    pub fn new(rule: &'r Rule) -> RulePart<'r> {
        let severity = rule.severity.name();
        let fixed = [
            ("kibana.alert.risk_score", rule.risk_score.into()),
            ("kibana.alert.rule.category", "Event Correlation Rule".into()),
            ("kibana.alert.rule.consumer", "siem".into()),
            ("kibana.alert.rule.name", rule.name.clone().into()),
            ("kibana.alert.rule.producer", "siem".into()),
            ("kibana.alert.rule.risk_score", rule.risk_score.into()),
            ("kibana.alert.rule.rule_id", rule.rule_id.clone().into()),
            ("kibana.alert.rule.rule_type_id", "siem.eqlRule".into()),
            ("kibana.alert.rule.severity", severity.into()),
            ("kibana.alert.rule.type", rule.rule_type.name().into()),
            ("kibana.alert.rule.uuid", rule.id.as_ref().unwrap_or(&rule.rule_id).clone().into()),
            ("kibana.alert.severity", severity.into()),
            ("kibana.alert.status", "active".into()),
            ("kibana.alert.workflow_status", "open".into()),
            ("kibana.alert.workflow_tags", Json::Array(Vec::new())),
            ("kibana.space_ids", json!(["default"])),
        ];
        let mut fields: Map<String, Json> =
            fixed.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        for (from, to) in RULE_KEYS {
            if let Some(value) = rule.fields.get(*from) {
                fields.insert(format!("kibana.alert.rule.{to}"), value.clone());
            }
        }
        let json = Json::Object(fields.clone()).to_string();
        RulePart { rule, fields, json }
    }
}

/// Kinds of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertKind {
    /// One event satisfied the rule.
    Event,
    /// The events of a sequence or sample, as a whole.
    Shell,
    /// One event of a sequence or sample.
    BuildingBlock,
}

/// The rule's keys that alerts repeat: the key of the rule, and the one after `kibana.alert.rule.`.
/// Absent ones stay absent.
const RULE_KEYS: &[(&str, &str)] = &[
    ("author", "author"),
    ("building_block_type", "building_block_type"),
    ("description", "description"),
    ("enabled", "enabled"),
    ("exceptions_list", "exceptions_list"),
    ("false_positives", "false_positives"),
    ("from", "from"),
    ("index", "indices"),
    ("interval", "interval"),
    ("license", "license"),
    ("max_signals", "max_signals"),
    ("note", "note"),
    ("references", "references"),
    ("risk_score_mapping", "risk_score_mapping"),
    ("rule_name_override", "rule_name_override"),
    ("setup", "setup"),
    ("severity_mapping", "severity_mapping"),
    ("tags", "tags"),
    ("threat", "threat"),
    ("timeline_id", "timeline_id"),
    ("timeline_title", "timeline_title"),
    ("timestamp_override", "timestamp_override"),
    ("to", "to"),
    ("version", "version"),
];

/// The event's keys that alerts repeat below `kibana.alert.original_event.`.
const EVENT_KEYS: &[&str] = &[
    "action",
    "category",
    "code",
    "created",
    "dataset",
    "hash",
    "id",
    "ingested",
    "kind",
    "module",
    "outcome",
    "provider",
    "reason",
    "reference",
    "risk_score",
    "sequence",
    "severity",
    "timezone",
    "type",
    "url",
];

/// The alerts of a finding: for an event query one; for sequences and samples a building block for
/// each event, then the shell. `events` are the documents and identities of the finding's events, in order,
/// without those that must be missing; without any there is no alert.
pub fn alerts<'r>(
    part: &'r RulePart<'r>,
    query: &Query,
    finding: &Finding,
    events: &[(&Document, &EventIdentity)],
) -> Vec<Alert<'r>> {
    let rule = part.rule;
    let times = finding.events.iter().flatten().map(|position| position.time);
    if let (Query::Event { .. }, [(event, identity)]) = (query, events) {
        let id = hash([&*identity.index, &identity.id, &rule.rule_id]);
        let time = times.max().flatten();
        let ancestors = json!([event_ancestor(identity)]);
        let mut alert = document(part, event, &id, &ancestors, 1);
        if rule.building_block_type.is_some() {
            alert.0.insert("kibana.alert.building_block_type".into(), "default".into());
        }
        let summary = describe(event);
        let own = finish(rule, alert, &summary);
        return vec![Alert { kind: AlertKind::Event, id, time, summary, own, rule: part }];
    }
    if events.is_empty() {
        return Vec::new();
    }
    group(part, finding, events, &times.collect::<Vec<_>>())
}

/// The alerts of a sequence or sample.
fn group<'r>(
    part: &'r RulePart<'r>,
    finding: &Finding,
    events: &[(&Document, &EventIdentity)],
    times: &[Option<Time>],
) -> Vec<Alert<'r>> {
    let rule = part.rule;
    // Events whose key fields hold arrays may make several sequences, which differ in their keys.
    let key = finding.key.values().iter();
    let key: Vec<_> = key.map(|v| v.as_ref().map_or("null".into(), Value::text)).collect();
    let ids = events.iter().flat_map(|(_, identity)| [&*identity.index, &*identity.id]);
    let members: Vec<&str> = ids.chain(key.iter().map(|text| &**text)).collect();
    let shell_id = hash(members.iter().copied().chain([&*rule.rule_id]));
    let mut alerts = Vec::new();
    let mut ancestors = Vec::new();
    for (index, (event, identity)) in events.iter().enumerate() {
        let number = index.to_string();
        let id = hash(members.iter().copied().chain([&*rule.rule_id, &number]));
        let ancestor = event_ancestor(identity);
        let mut block = document(part, event, &id, &json!([ancestor]), 1);
        block.0.insert("kibana.alert.building_block_type".into(), "default".into());
        put_group(&mut block, &shell_id, Some(index));
        ancestors.push(ancestor);
        ancestors.push(json!({
            "depth": 1, "id": id, "index": ALERTS_INDEX, "rule": rule.rule_id, "type": "signal"
        }));
        let summary = describe(event);
        let own = finish(rule, block, &summary);
        let time = times.get(index).copied().flatten();
        let kind = AlertKind::BuildingBlock;
        alerts.push(Alert { kind, id, time, summary, own, rule: part });
    }
    let common = intersection(events);
    let mut shell = document(part, &common, &shell_id, &Json::Array(ancestors), 2);
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
    let own = finish(rule, shell, &summary);
    alerts.push(Alert { kind: AlertKind::Shell, id: shell_id, time, summary, own, rule: part });
    alerts
}

/// The index that Kibana keeps alerts in.
const ALERTS_INDEX: &str = ".alerts-security.alerts-default";

fn event_ancestor(identity: &EventIdentity) -> Json {
    json!({"depth": 0, "id": identity.id, "index": identity.index, "type": "event"})
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
    // What an event says about a rule is not said by the rule.
    alert.0.retain(|key, _| !key.starts_with("kibana.") || !part.fields.contains_key(key));
    for key in EVENT_KEYS {
        if let Some(value) = event.get(&format!("event.{key}")) {
            alert.0.insert(format!("kibana.alert.original_event.{key}"), value.clone());
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

fn finish(rule: &Rule, mut alert: Document, summary: &str) -> Document {
    let reason = reason(summary, rule.severity.name(), &rule.name);
    alert.0.insert("kibana.alert.reason".into(), reason.into());
    alert
}

/// What all events have in common. Kibana: equal scalars stay, arrays keep what all have, and
/// keys that differ vanish.
fn intersection(events: &[(&Document, &EventIdentity)]) -> Document {
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
