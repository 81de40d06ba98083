//! Windows event XML to [`WinEvent`], as plainly as can be: the real reader is another crate's.

use dragnet_ecs::{Data, Rendering, WinEvent};
use quick_xml::XmlVersion;
use quick_xml::events::Event as Xml;
use serde_json::Value as Json;

/// An element: name, attributes, text and children.
#[derive(Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn child(&self, path: &str) -> Option<&Element> {
        path.split('/').try_fold(self, |at, name| at.children.iter().find(|c| c.name == name))
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    fn leaves<'e>(&'e self, into: &mut Vec<&'e Element>) {
        for child in &self.children {
            if child.children.is_empty() { into.push(child) } else { child.leaves(into) }
        }
    }
}

fn tree(xml: &str) -> Element {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut stack = vec![Element::default()];
    loop {
        let event = reader.read_event().unwrap();
        let is_end = matches!(event, Xml::Empty(_) | Xml::End(_));
        match event {
            Xml::Start(start) | Xml::Empty(start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
                    (attribute.key.local_name().as_ref().to_owned(), value.into_owned())
                });
                stack.push(Element {
                    name: start.local_name().as_ref().to_owned(),
                    attributes: attributes.collect(),
                    ..Element::default()
                });
            }
            Xml::Text(text) => stack.last_mut().unwrap().text += &text.into_inner(),
            Xml::CData(text) => stack.last_mut().unwrap().text += &text.into_inner(),
            Xml::GeneralRef(entity) => {
                let entity = format!("&{};", entity.into_inner());
                stack.last_mut().unwrap().text += &quick_xml::escape::unescape(&entity).unwrap();
            }
            Xml::Eof => return stack.pop().unwrap().children.pop().unwrap(),
            _ => {}
        }
        if is_end {
            let done = stack.pop().unwrap();
            stack.last_mut().unwrap().children.push(done);
        }
    }
}

fn data(element: &Element) -> Data<'static> {
    let own_name = if element.name == "Data" { "" } else { &element.name };
    let name = element.attribute("Name").unwrap_or(own_name);
    Data { name: name.to_owned().into(), value: element.text.clone().into() }
}

/// Reads one event.
pub(crate) fn from_xml(xml: &str) -> WinEvent<'static> {
    let event = tree(xml);
    let text = |path: &str| event.child(path).map(|e| e.text.clone().into());
    let attribute = |path: &str, name: &str| {
        event.child(path).and_then(|e| e.attribute(name)).map(|v| v.to_owned().into())
    };
    let user_data = event.child("UserData").and_then(|e| e.children.first());
    let mut user_leaves = Vec::new();
    if let Some(element) = user_data {
        element.leaves(&mut user_leaves);
    }
    let rendering = event.child("RenderingInfo").map(|info| {
        let text = |name: &str| info.child(name).map(|e| e.text.clone().into());
        Rendering {
            message: text("Message"),
            level: text("Level"),
            task: text("Task"),
            opcode: text("Opcode"),
            keywords: info
                .child("Keywords")
                .map(|k| k.children.iter().map(|e| e.text.clone().into()).collect())
                .unwrap_or_default(),
        }
    });
    WinEvent {
        provider_name: attribute("System/Provider", "Name"),
        provider_guid: attribute("System/Provider", "Guid"),
        event_source_name: attribute("System/Provider", "EventSourceName"),
        event_id: text("System/EventID").unwrap_or_default(),
        qualifiers: attribute("System/EventID", "Qualifiers"),
        version: text("System/Version"),
        level: text("System/Level"),
        task: text("System/Task"),
        opcode: text("System/Opcode"),
        keywords: text("System/Keywords"),
        time_created: attribute("System/TimeCreated", "SystemTime"),
        record_id: text("System/EventRecordID"),
        activity_id: attribute("System/Correlation", "ActivityID"),
        related_activity_id: attribute("System/Correlation", "RelatedActivityID"),
        process_id: attribute("System/Execution", "ProcessID"),
        thread_id: attribute("System/Execution", "ThreadID"),
        channel: text("System/Channel").unwrap_or_default(),
        computer: text("System/Computer"),
        user_id: attribute("System/Security", "UserID"),
        event_data: event
            .child("EventData")
            .map(|e| e.children.iter().map(data).collect())
            .unwrap_or_default(),
        user_data_name: user_data.map(|e| e.name.clone().into()),
        user_data: user_leaves.into_iter().map(data).collect(),
        rendering,
    }
}

/// Undoes stage 1, for an expected output of which there is no EVTX file.
pub(crate) fn from_agent_form(document: &Json) -> WinEvent<'static> {
    let winlog = &document["winlog"];
    let text = |json: &Json| match json {
        Json::Null => None,
        Json::String(text) => Some(text.clone().into()),
        number => Some(number.to_string().into()),
    };
    let levels = ["", "critical", "error", "warning", "information", "verbose"];
    let level = levels.iter().position(|l| document["log"]["level"] == **l).unwrap();
    assert_eq!(winlog["opcode"], "Info");
    let keyword = |name: &str| match &winlog["keywords"] {
        Json::Array(names) => names.iter().any(|n| n == name),
        _ => false,
    };
    let outcome = match (keyword("Audit Success"), keyword("Audit Failure")) {
        (true, _) => Some("0x8020000000000000".into()),
        (_, true) => Some("0x8010000000000000".into()),
        _ => None,
    };
    let event_data = winlog["event_data"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| Data { name: name.clone().into(), value: text(value).unwrap() });
    WinEvent {
        provider_name: text(&winlog["provider_name"]),
        provider_guid: text(&winlog["provider_guid"]),
        event_id: text(&winlog["event_id"]).unwrap(),
        version: text(&winlog["version"]),
        level: Some(level.to_string().into()),
        task: text(&winlog["event_id"]),
        opcode: Some("0".into()),
        keywords: outcome,
        time_created: text(&winlog["time_created"]),
        activity_id: text(&winlog["activity_id"]),
        record_id: text(&winlog["record_id"]),
        process_id: text(&winlog["process"]["pid"]),
        thread_id: text(&winlog["process"]["thread"]["id"]),
        channel: text(&winlog["channel"]).unwrap(),
        computer: text(&winlog["computer_name"]),
        user_id: text(&winlog["user"]["identifier"]),
        event_data: event_data.collect(),
        ..WinEvent::default()
    }
}
