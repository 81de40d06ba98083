//! Alerts for people and for programs.

use std::io::{self, Write};

use dragnet_detect::{Alert, AlertKind};
use serde_json::Value as Json;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::args::Format;
use crate::style::{Style, clean};

/// Writes alerts one after the other; only what a table shows of them is kept.
pub(crate) struct AlertWriter<'w> {
    out: Box<dyn Write + 'w>,
    form: Form,
    style: Style,
    /// Columns of the terminal, for tables; `None` if lines may be of any length.
    width: Option<usize>,
}

enum Form {
    Table(Vec<Row>),
    Ndjson,
    Json { empty: bool },
    Csv { started: bool },
}

/// One line of a table.
struct Row {
    time: String,
    severity: String,
    rule: String,
    host: String,
    what: String,
}

impl<'w> AlertWriter<'w> {
    pub(crate) fn new(
        out: Box<dyn Write + 'w>,
        format: Format,
        style: Style,
        width: Option<usize>,
    ) -> AlertWriter<'w> {
        let form = match format {
            Format::Table => Form::Table(Vec::new()),
            Format::Ndjson => Form::Ndjson,
            Format::Json => Form::Json { empty: true },
            Format::Csv => Form::Csv { started: false },
        };
        AlertWriter { out, form, style, width }
    }

    pub(crate) fn write(&mut self, alert: &Alert<'_>) -> io::Result<()> {
        let out = &mut self.out;
        match &mut self.form {
            Form::Table(rows) => {
                if is_shown(alert) {
                    rows.push(row(alert));
                }
                Ok(())
            }
            Form::Ndjson => {
                alert.write_json(out)?;
                out.write_all(b"\n")
            }
            Form::Json { empty } => {
                out.write_all(if std::mem::take(empty) { b"[\n" } else { b",\n" })?;
                alert.write_json(out)
            }
            Form::Csv { started } => {
                csv_header(out, started)?;
                csv_record(
                    out,
                    CSV_COLUMNS.iter().map(|(_, fields)| {
                        csv_cell(fields.split('|').find_map(|field| alert.get(field)))
                    }),
                )
            }
        }
    }

    /// Writes what is left; without it nothing is complete.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Table(rows) => table(rows, self.style, self.width, &mut self.out)?,
            Form::Json { empty: true } => self.out.write_all(b"[\n]\n")?,
            Form::Json { empty: false } => self.out.write_all(b"\n]\n")?,
            Form::Csv { started } => csv_header(&mut self.out, started)?,
            Form::Ndjson => {}
        }
        self.out.flush()
    }
}

/// Whether an alert is shown in a table: members of a sequence and building-block rules are not, as
/// in Kibana.
pub(crate) fn is_shown(alert: &Alert<'_>) -> bool {
    alert.kind != AlertKind::BuildingBlock
        && alert.get("kibana.alert.building_block_type").is_none()
}

fn host<'a>(alert: &'a Alert<'_>) -> &'a str {
    alert.get_str("host.name").or_else(|| alert.get_str("host.hostname")).unwrap_or("-")
}

/// The widest that a rule's name and a host may be in a table.
const MAX_COLUMN: usize = 48;

fn row(alert: &Alert<'_>) -> Row {
    let time = alert.time.map_or("-".to_owned(), |time| {
        time.to_string().replace('T', " ").trim_end_matches('Z').chars().take(23).collect()
    });
    Row {
        time,
        severity: alert.get_str("kibana.alert.severity").unwrap_or_default().to_owned(),
        rule: clean(alert.get_str("kibana.alert.rule.name").unwrap_or_default()),
        host: clean(host(alert)),
        what: clean(&alert.summary),
    }
}

fn table(rows: &[Row], style: Style, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let widest = |of: &dyn Fn(&Row) -> usize, title: &str| {
        rows.iter().map(of).max().unwrap_or(0).clamp(title.len(), MAX_COLUMN)
    };
    let rules = widest(&|row| row.rule.width(), "RULE");
    let hosts = widest(&|row| row.host.width(), "HOST");
    let (times, severities) = (23, 8);
    let head = [("TIME (UTC)", times), ("SEVERITY", severities), ("RULE", rules), ("HOST", hosts)];
    let head: Vec<String> = head.iter().map(|(title, width)| pad(title, *width)).collect();
    writeln!(out, "{}", style.bold(&format!("{}  WHAT HAPPENED", head.join("  "))))?;
    let used = times + severities + rules + hosts + 8;
    let left = width.map(|width| width.saturating_sub(used).max(20));
    for row in rows {
        writeln!(
            out,
            "{}  {}  {}  {}  {}",
            style.dim(&pad(&row.time, times)),
            style.severity(&row.severity, &pad(&row.severity, severities)),
            pad(&row.rule, rules),
            pad(&row.host, hosts),
            left.map_or(row.what.clone(), |left| cut(&row.what, left)),
        )?;
    }
    Ok(())
}

/// Text in exactly so many columns.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

/// Text in at most so many columns, `…` at the end if some of it is left out.
pub(crate) fn cut(text: &str, width: usize) -> String {
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

/// The columns of CSV output: the title and the field, or several of which the first that is there is taken.
const CSV_COLUMNS: &[(&str, &str)] = &[
    ("time", "kibana.alert.original_time"),
    ("severity", "kibana.alert.severity"),
    ("risk_score", "kibana.alert.risk_score"),
    ("rule", "kibana.alert.rule.name"),
    ("rule_id", "kibana.alert.rule.rule_id"),
    ("host", "host.name"),
    ("user", "user.name"),
    ("reason", "kibana.alert.reason"),
    ("process", "process.executable|process.name"),
    ("command_line", "process.command_line"),
    ("parent_process", "process.parent.executable|process.parent.name"),
    ("building_block", "kibana.alert.building_block_type"),
    ("group_id", "kibana.alert.group.id"),
    ("alert_id", "kibana.alert.uuid"),
    ("file", "log.file.path"),
];

/// The titles, once.
fn csv_header(out: &mut dyn Write, started: &mut bool) -> io::Result<()> {
    if std::mem::replace(started, true) {
        return Ok(());
    }
    csv_record(out, CSV_COLUMNS.iter().map(|(title, _)| (*title).to_owned()))
}

/// Writes a line of CSV.
pub(crate) fn csv_record(
    out: &mut dyn Write,
    cells: impl Iterator<Item = String>,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(cells)?;
    writer.flush()
}

fn csv_cell(json: Option<&Json>) -> String {
    json.map_or(String::new(), |json| formula_safe(plain(json)))
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
pub(crate) fn formula_safe(cell: String) -> String {
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
        assert_eq!(formula_safe("=cmd()".into()), "'=cmd()");
    }
}
