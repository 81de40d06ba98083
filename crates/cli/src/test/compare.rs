//! What a case was to find, and what it found.

use dragnet_event::{Document, Value};
use serde_json::{Map, Value as Json};

use super::spec::Expected;
use crate::style::clean;

/// Longest value that is shown, in characters.
const MAX_SHOWN: usize = 200;
/// Most alerts that are shown.
const MAX_ALERTS: usize = 10;

/// An alert that was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) document: Document,
    /// What happened, in one line.
    pub(super) summary: String,
}

/// What is different, line by line; empty if nothing is.
pub(super) fn compare(expected: &Expected, found: &[Found]) -> Vec<String> {
    let wanted = match expected {
        Expected::Count(_) => &[][..],
        Expected::Alerts(wanted) => wanted,
    };
    let lacks = |w: usize, f: usize| differences(&wanted[w], &found[f].document);
    let partners = pair(wanted.len(), found.len(), &|w, f| lacks(w, f).is_empty());
    let count = expected.count();
    let counts_differ = count != found.len() as u64;
    let is_missing = |w: &usize| !partners.contains(&Some(*w));
    let missing: Vec<usize> = (0..wanted.len()).filter(is_missing).collect();
    if !counts_differ && missing.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if counts_differ {
        lines.push(format!("expected {}, found {}", alerts(count), found.len()));
    }
    let free: Vec<usize> = (0..found.len()).filter(|f| partners[*f].is_none()).collect();
    for w in missing {
        let fields = shown(&Json::Object(wanted[w].clone()));
        lines.push(format!("no alert is as the {} one expected: {fields}", ordinal(w + 1)));
        let nearest = free.iter().min_by_key(|f| lacks(w, **f).len());
        for difference in nearest.map(|f| lacks(w, *f)).unwrap_or_default() {
            lines.push(format!("  - {}: {}", difference.path, shown(&difference.expected)));
            let found = match difference.found {
                Some(json) => shown(&json),
                None => "(missing)".to_owned(),
            };
            lines.push(format!("  + {}: {found}", difference.path));
        }
    }
    if counts_differ || !free.is_empty() {
        let listed: Vec<usize> = if wanted.is_empty() { (0..found.len()).collect() } else { free };
        for f in listed.iter().take(MAX_ALERTS) {
            lines.push(format!("found: {}", line(&found[*f])));
        }
        if listed.len() > MAX_ALERTS {
            lines.push(format!("and {} more", listed.len() - MAX_ALERTS));
        }
    }
    lines
}

/// Pairs what was expected with what was found, as many as can be; gives, by what was found, its partner.
fn pair(wanted: usize, found: usize, fits: &dyn Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    let fitting: Vec<Vec<usize>> =
        (0..wanted).map(|w| (0..found).filter(|f| fits(w, *f)).collect()).collect();
    let mut partners: Vec<Option<usize>> = vec![None; found];
    for w in 0..wanted {
        // Breadth first, so that many alerts need no deep stack: from what is expected to what fits, from there to
        // what that is paired with, until something is free.
        let mut from: Vec<Option<usize>> = vec![None; found];
        let mut queue = vec![w];
        let mut next = 0;
        let mut end = None;
        'search: while let Some(&at) = queue.get(next) {
            next += 1;
            for &f in &fitting[at] {
                if from[f].is_some() {
                    continue;
                }
                from[f] = Some(at);
                let Some(other) = partners[f] else {
                    end = Some(f);
                    break 'search;
                };
                queue.push(other);
            }
        }
        while let Some(f) = end {
            let Some(at) = from[f] else { break };
            // What it was paired with before becomes free for the step before.
            let before = partners.iter().position(|partner| *partner == Some(at));
            if let Some(before) = before {
                partners[before] = None;
            }
            partners[f] = Some(at);
            end = before;
        }
    }
    partners
}

/// A field that is not as expected.
struct Difference {
    path: String,
    expected: Json,
    found: Option<Json>,
}

fn differences(expected: &Map<String, Json>, found: &Document) -> Vec<Difference> {
    let mut all = Vec::new();
    compare_object("", expected, found, &mut all);
    all
}

fn compare_object(
    prefix: &str,
    expected: &Map<String, Json>,
    found: &Document,
    all: &mut Vec<Difference>,
) {
    for (key, expected) in expected {
        let path = format!("{prefix}{key}");
        if let Json::Object(inner) = expected
            && !inner.is_empty()
        {
            compare_object(&format!("{path}."), inner, found, all);
            continue;
        }
        let has = found.values(&path);
        let holds = match expected {
            Json::Null => has.is_empty() && found.get(&path).is_none_or(Json::is_null),
            Json::Array(items) => {
                let is_listed = |item: &Json| has.iter().any(|value| equals(item, value));
                found.get(&path) == Some(expected)
                    || !items.is_empty() && items.iter().all(is_listed)
            }
            one => has.iter().any(|value| equals(one, value)) || found.get(&path) == Some(one),
        };
        if !holds {
            let found = found.get(&path).cloned();
            all.push(Difference { path, expected: expected.clone(), found });
        }
    }
}

/// Whether a value is what was expected. As in rules, `21` and `"21"` are the same.
fn equals(expected: &Json, found: &Value) -> bool {
    match expected {
        Json::String(text) => *text == *found.text(),
        Json::Number(number) => {
            let same = |text: &str| text.parse::<f64>().ok() == number.as_f64();
            number.to_string() == *found.text() || same(&found.text())
        }
        Json::Bool(flag) => flag.to_string() == *found.text(),
        _ => false,
    }
}

/// An alert in one line.
fn line(found: &Found) -> String {
    let text = |key: &str| clean(found.document.get_str(key).unwrap_or("-"));
    let time = found.document.get_str("kibana.alert.original_time");
    let time = time.or(found.document.get_str("@timestamp")).unwrap_or("no time");
    format!(
        "{} {} `{}`: {}",
        clean(time),
        text("kibana.alert.severity"),
        text("kibana.alert.rule.name"),
        short(&found.summary)
    )
}

fn shown(json: &Json) -> String {
    short(&json.to_string())
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    clean(&short)
}

fn alerts(count: u64) -> String {
    if count == 1 { "1 alert".to_owned() } else { format!("{count} alerts") }
}

fn ordinal(number: usize) -> String {
    let end = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(json: &Json) -> Found {
        let document = Document(json.as_object().unwrap().clone());
        Found { document, summary: "something".to_owned() }
    }

    #[track_caller]
    fn check(expected: &Json, alerts: &Json, is_same: bool) {
        let expected = expected.as_array().unwrap().iter().map(|e| e.as_object().unwrap().clone());
        let expected = Expected::Alerts(expected.collect());
        let alerts: Vec<Found> = alerts.as_array().unwrap().iter().map(found).collect();
        let lines = compare(&expected, &alerts);
        assert_eq!(lines.is_empty(), is_same, "{lines:?}");
    }

    #[test]
    fn fields_are_a_part_of_the_alert() {
        let alert = json!([{"host": {"name": "a"}, "kibana.alert.severity": "high", "n": [1, "x"], "t": true}]);
        check(&json!([{}]), &alert, true);
        check(&json!([{"host.name": "a", "kibana.alert.severity": "high"}]), &alert, true);
        check(&json!([{"host": {"name": "a"}, "n": "x"}]), &alert, true);
        check(&json!([{"n": ["x", "1"], "t": true}]), &alert, true);
        check(&json!([{"n": [1, 2]}]), &alert, false);
        check(&json!([{"host.name": "b"}]), &alert, false);
        check(&json!([{"other": null}]), &alert, true);
        check(&json!([{"t": null}]), &alert, false);
        check(&json!([{}, {}]), &alert, false);
        check(&json!([]), &alert, false);
    }

    #[test]
    fn any_pairing_that_fits_is_found() {
        let alerts = json!([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}]);
        check(&json!([{"a": 1}, {"b": 2}, {"a": 1, "b": 1}]), &alerts, true);
        check(&json!([{"a": 1}, {"a": 1}, {"b": 2}]), &alerts, true);
        check(&json!([{"a": 1}, {"a": 1}, {"a": 1}]), &alerts, false);
    }

    #[test]
    fn the_nearest_alert_is_shown() {
        let expected = json!({"a": 1, "b": 1}).as_object().unwrap().clone();
        let alerts = [found(&json!({"a": 2, "b": 2})), found(&json!({"a": 1, "b": 3}))];
        let lines = compare(&Expected::Alerts(vec![expected]), &alerts).join("\n");
        assert!(lines.contains("expected 1 alert, found 2"), "{lines}");
        assert!(lines.contains("- b: 1\n  + b: 3"), "{lines}");
    }
}
