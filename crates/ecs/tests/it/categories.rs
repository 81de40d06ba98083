//! The table of Sysmon's event kinds, against the newest pipeline's.

use dragnet_ecs::{Flavor, WinEvent, normalize};
use dragnet_event::Document;
use serde_json::{Value as Json, json};

use crate::corpora;

fn event_fields(id: &str) -> Json {
    let event = WinEvent {
        event_id: id.into(),
        channel: "Microsoft-Windows-Sysmon/Operational".into(),
        ..WinEvent::default()
    };
    let mut document = Document::new();
    normalize(&event, Flavor::Logs, &mut document);
    let field = |name: &str| document.get(&format!("event.{name}")).cloned();
    let fields = ["category", "type", "outcome", "action"];
    fields.iter().filter_map(|name| Some(((*name).to_owned(), field(name)?))).collect()
}

#[test]
fn as_in_the_newest_pipeline() {
    let Some(path) = corpora::find("ecs/sysmon-categorization-latest.json") else { return };
    let table: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut ids = 0;
    for (id, expected) in table.as_object().unwrap().iter().filter(|(id, _)| *id != "_source") {
        assert_eq!(event_fields(id), *expected, "event {id}");
        ids += 1;
    }
    assert_eq!(ids, 30);
}

#[test]
fn some_by_hand() {
    let expected = json!({
        "category": ["network"], "type": ["connection", "protocol", "info"], "action": "DNSEvent (DNS query)"
    });
    assert_eq!(event_fields("22"), expected);
    let expected = json!({"category": ["process"], "outcome": ["failure"], "action": "Error"});
    assert_eq!(event_fields("255"), expected);
    // No kind: what the agent says of the task, here 0.
    assert_eq!(event_fields("30"), json!({"action": "None"}));
    assert_eq!(event_fields("0"), json!({"action": "None"}));
    assert_eq!(event_fields("x"), json!({"action": "None"}));
}
