//! Alerts for people and for programs.

use std::io::{self, Write};

use dragnet_detect::{Alert, AlertKind};
use dragnet_event::Document;
use serde_json::Value as Json;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::args::Format;
use crate::style::Style;

/// Writes alerts in the order given. `width` is that of the terminal, for tables; `None` if lines
/// may be of any length.
pub(crate) fn write_alerts(
    alerts: &[Alert],
    format: Format,
    style: Style,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => table(alerts, style, width, out),
        Format::Ndjson => alerts.iter().try_for_each(|alert| {
            serde_json::to_writer(&mut *out, &alert.document.0)?;
            out.write_all(b"\n")
        }),
        Format::Json => {
            out.write_all(b"[")?;
            for (i, alert) in alerts.iter().enumerate() {
                out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(&mut *out, &alert.document.0)?;
            }
            out.write_all(b"\n]\n")
        }
        Format::Csv => csv(alerts, out),
    }
}

/// Whether an alert is shown in a table: members of a sequence and building-block rules are not, as
/// in Kibana.
pub(crate) fn is_shown(alert: &Alert) -> bool {
    alert.kind != AlertKind::BuildingBlock
        && !alert.document.0.contains_key("kibana.alert.building_block_type")
}

fn text<'a>(document: &'a Document, key: &str) -> &'a str {
    document.0.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn host(alert: &Alert) -> &str {
    let document = &alert.document;
    document.get_str("host.name").or_else(|| document.get_str("host.hostname")).unwrap_or("-")
}

/// The widest that a rule's name and a host may be in a table.
const MAX_COLUMN: usize = 48;

fn table(
    alerts: &[Alert],
    style: Style,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let shown: Vec<&Alert> = alerts.iter().filter(|alert| is_shown(alert)).collect();
    if shown.is_empty() {
        return Ok(());
    }
    let rule = |alert: &Alert| clean(text(&alert.document, "kibana.alert.rule.name"));
    let widest = |of: &dyn Fn(&Alert) -> String, title: &str| {
        let widest = shown.iter().map(|alert| of(alert).width()).max().unwrap_or(0);
        widest.clamp(title.len(), MAX_COLUMN)
    };
    let rules = widest(&rule, "RULE");
    let hosts = widest(&|alert| clean(host(alert)), "HOST");
    let (times, severities) = (23, 8);
    let title = |name: &str, width| pad(name, width);
    let head = format!(
        "{}  {}  {}  {}  {}",
        title("TIME (UTC)", times),
        title("SEVERITY", severities),
        title("RULE", rules),
        title("HOST", hosts),
        "WHAT HAPPENED"
    );
    writeln!(out, "{}", style.bold(&head))?;
    let used = times + severities + rules + hosts + 8;
    let left = width.map(|width| width.saturating_sub(used).max(20));
    for alert in shown {
        let time = alert.time.map_or("-".to_owned(), |time| {
            time.to_string().replace('T', " ").trim_end_matches('Z').chars().take(23).collect()
        });
        let severity = text(&alert.document, "kibana.alert.severity");
        let what = clean(&alert.summary);
        writeln!(
            out,
            "{}  {}  {}  {}  {}",
            style.dim(&pad(&time, times)),
            style.severity(severity, &pad(severity, severities)),
            pad(&rule(alert), rules),
            pad(&clean(host(alert)), hosts),
            left.map_or(what.clone(), |left| cut(&what, left)),
        )?;
    }
    Ok(())
}

/// Text for one line of a terminal: control characters (which could move the cursor) as `·`.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

/// Text in exactly so many columns.
fn pad(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

/// Text in at most so many columns, `…` at the end if some of it is left out.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used >= width {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

/// The columns of CSV output: the title and the field.
const CSV_COLUMNS: &[(&str, &str)] = &[
    ("time", "kibana.alert.original_time"),
    ("severity", "kibana.alert.severity"),
    ("risk_score", "kibana.alert.risk_score"),
    ("rule", "kibana.alert.rule.name"),
    ("rule_id", "kibana.alert.rule.rule_id"),
    ("host", "host.name"),
    ("user", "user.name"),
    ("reason", "kibana.alert.reason"),
    ("process", "process.executable"),
    ("command_line", "process.command_line"),
    ("parent_process", "process.parent.executable"),
    ("building_block", "kibana.alert.building_block_type"),
    ("group_id", "kibana.alert.group.id"),
    ("alert_id", "kibana.alert.uuid"),
    ("file", "log.file.path"),
];

fn csv(alerts: &[Alert], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(CSV_COLUMNS.iter().map(|(title, _)| *title))?;
    for alert in alerts {
        let document = &alert.document;
        writer.write_record(CSV_COLUMNS.iter().map(|(_, field)| {
            let json = document.0.get(*field).or_else(|| document.get(field));
            json.map_or(String::new(), |json| formula_safe(plain(json)))
        }))?;
    }
    writer.flush()
}

fn plain(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe in front: the values come
/// from attackers.
fn formula_safe(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns() {
        assert_eq!(pad("abc", 5), "abc  ");
        assert_eq!(pad("abcdef", 5), "abcd…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(clean("a\x1b[31m\nb"), "a·[31m·b");
        assert_eq!(formula_safe("=cmd()".into()), "'=cmd()");
    }
}
