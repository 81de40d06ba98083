//! `dragnet rules coverage`: which techniques of MITRE ATT&CK rules are mapped to.
//!
//! A mapping stands under the tactic that the rule names with it, since a technique may serve several. A rule counts
//! for a technique if it is mapped to it or to a sub-technique of it, and once however often it says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use dragnet_rules::{Document, Threat};
use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use super::args::{CoverageArgs, CoverageFormat};
use super::select::{Selection, select};
use crate::output::pad;
use crate::style::clean;
use crate::summary::{counted, thousands};
use crate::{ExitStatus, Terminal};

pub(crate) fn run(args: &CoverageArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let selection = select(&args.paths, &args.filter, terminal)?;
    let matrix = Matrix::of(&selection.documents);
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        CoverageFormat::Text => matrix.text(&selection, terminal, &mut out)?,
        CoverageFormat::Json => json_to(&matrix.as_json(&selection), &mut out)?,
        CoverageFormat::Navigator => json_to(&matrix.layer(&selection), &mut out)?,
    }
    out.flush()?;
    let mut err = io::stderr().lock();
    if args.format != CoverageFormat::Text
        && let Some(left_out) = selection.left_out()
    {
        writeln!(err, "{left_out}")?;
    }
    let strange = matrix.columns.iter().filter(|column| column.short_name.is_none());
    for column in strange.filter(|_| args.format == CoverageFormat::Navigator) {
        let (id, head) = (clean(&column.id), terminal.err.red("warning:"));
        writeln!(err, "{head} `{id}` is no tactic of ATT&CK; it is left out of the layer")?;
    }
    Ok(if selection.is_whole { ExitStatus::Nothing } else { ExitStatus::Error })
}

fn json_to(json: &Json, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, json)?;
    writeln!(out)
}

/// The rules that are mapped to something, by their places in the list of documents.
type Rules = BTreeSet<usize>;

/// A technique, or a sub-technique, which has none below.
#[derive(Debug, Default)]
struct Cell {
    name: String,
    rules: Rules,
    below: BTreeMap<String, Cell>,
}

/// A tactic.
#[derive(Debug)]
struct Column {
    id: String,
    name: String,
    /// As layers name it; `None` of what is no tactic of ATT&CK.
    short_name: Option<&'static str>,
    rules: Rules,
    cells: BTreeMap<String, Cell>,
}

struct Matrix<'a> {
    documents: &'a [Document],
    /// Those of ATT&CK in its order, then what else rules name.
    columns: Vec<Column>,
    /// Rules that are mapped to something.
    mapped: Rules,
}

impl<'a> Matrix<'a> {
    fn of(documents: &'a [Document]) -> Matrix<'a> {
        let known = dragnet_attack::tactics().map(|tactic| Column {
            id: tactic.id.to_owned(),
            name: tactic.name.to_owned(),
            short_name: Some(tactic.short_name),
            rules: Rules::new(),
            cells: BTreeMap::new(),
        });
        let columns = known.collect();
        let mut matrix = Matrix { documents, columns, mapped: Rules::new() };
        for (number, document) in documents.iter().enumerate() {
            for threat in &document.rule.threat {
                matrix.add(number, threat);
            }
        }
        matrix
    }

    fn add(&mut self, number: usize, threat: &Threat) {
        let id = threat.tactic.id.trim();
        let at = self.columns.iter().position(|column| column.id == id).unwrap_or_else(|| {
            self.columns.push(Column {
                id: id.to_owned(),
                name: threat.tactic.name.clone(),
                short_name: None,
                rules: Rules::new(),
                cells: BTreeMap::new(),
            });
            self.columns.len() - 1
        });
        let Some(column) = self.columns.get_mut(at) else { return };
        self.mapped.insert(number);
        column.rules.insert(number);
        for technique in &threat.technique {
            let cell = take(&mut column.cells, &technique.id, &technique.name, number);
            for sub in &technique.subtechnique {
                take(&mut cell.below, &sub.id, &sub.name, number);
            }
        }
    }

    /// How many different techniques, and sub-techniques, there are.
    fn sizes(&self) -> (usize, usize) {
        let cells = || self.columns.iter().flat_map(|column| &column.cells);
        let techniques: BTreeSet<&String> = cells().map(|(id, _)| id).collect();
        let below: BTreeSet<&String> = cells().flat_map(|(_, cell)| cell.below.keys()).collect();
        (techniques.len(), below.len())
    }

    fn text(
        &self,
        selection: &Selection,
        terminal: Terminal,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let style = terminal.out;
        let lines = Lines::of(self, terminal);
        for column in self.columns.iter().filter(|column| !column.rules.is_empty()) {
            let head = format!("{}  {}", pad(&clean(&column.id), 6), clean(&column.name));
            let strange = if column.short_name.is_none() { "  no tactic of ATT&CK" } else { "" };
            let head = lines.line(&head, column.rules.len(), false);
            writeln!(out, "{}{strange}", style.bold(head.trim_end()))?;
            for (id, cell) in by_number(&column.cells) {
                let text = format!("  {}  {}", pad(&clean(id), 5), clean(&cell.name));
                writeln!(out, "{}", lines.line(&text, cell.rules.len(), true))?;
                for (id, sub) in by_number(&cell.below) {
                    let number = id.rsplit_once('.').map_or(id.as_str(), |(_, number)| number);
                    let text = format!("    .{}  {}", clean(number), clean(&sub.name));
                    writeln!(out, "{}", style.dim(&lines.line(&text, sub.rules.len(), true)))?;
                }
            }
            writeln!(out)?;
        }
        let bare: Vec<String> = self
            .columns
            .iter()
            .filter(|column| column.rules.is_empty())
            .map(|column| column.name.clone())
            .collect();
        if !bare.is_empty() {
            writeln!(out, "No rules for {}", bare.join(", "))?;
        }
        let (techniques, below) = self.sizes();
        let tactics = self.columns.iter().filter(|column| !column.rules.is_empty()).count();
        let (mapped, all) = (self.mapped.len(), self.documents.len());
        writeln!(
            out,
            "{} of {} mapped: to {}, {} and {}",
            thousands(mapped as u64),
            if all == 1 {
                "1 rule is".to_owned()
            } else {
                format!("{} are", counted(all as u64, "rule"))
            },
            counted(tactics as u64, "tactic"),
            counted(techniques as u64, "technique"),
            counted(below as u64, "sub-technique"),
        )?;
        if let Some(left_out) = selection.left_out() {
            writeln!(out, "{}", style.dim(&left_out))?;
        }
        Ok(())
    }

    fn as_json(&self, selection: &Selection) -> Json {
        let tactics: Vec<Json> = self
            .columns
            .iter()
            .map(|column| {
                json!({
                    "id": column.id,
                    "name": column.name,
                    "rules": column.rules.len(),
                    "techniques": self.cells_as_json(&column.cells, true),
                })
            })
            .collect();
        let (techniques, below) = self.sizes();
        json!({
            "rules": self.documents.len(),
            "mapped": self.mapped.len(),
            "deprecated_left_out": selection.withdrawn,
            "techniques": techniques,
            "subtechniques": below,
            "tactics": tactics,
        })
    }

    fn cells_as_json(&self, cells: &BTreeMap<String, Cell>, has_below: bool) -> Vec<Json> {
        let cells = cells.iter().map(|(id, cell)| {
            let ids = cell.rules.iter().filter_map(|at| self.documents.get(*at));
            let ids: Vec<&str> = ids.map(|one| one.rule.rule_id.as_str()).collect();
            let mut json =
                json!({"id": id, "name": cell.name, "rules": cell.rules.len(), "rule_ids": ids});
            if has_below {
                json["subtechniques"] = Json::Array(self.cells_as_json(&cell.below, false));
            }
            json
        });
        cells.collect()
    }

    /// A layer of the ATT&CK Navigator, format 4.5.
    fn layer(&self, selection: &Selection) -> Json {
        let mut techniques = Vec::new();
        let mut most = 1;
        for column in &self.columns {
            let Some(tactic) = column.short_name else { continue };
            for (id, cell) in &column.cells {
                most = most.max(cell.rules.len());
                techniques.push(self.entry(tactic, id, cell));
                techniques.extend(cell.below.iter().map(|(id, sub)| self.entry(tactic, id, sub)));
            }
        }
        let (all, mapped) = (self.documents.len(), self.mapped.len());
        let left_out = selection.left_out().map(|text| format!("; {text}")).unwrap_or_default();
        // The Navigator knows whole versions.
        let attack = dragnet_attack::version().split('.').next().unwrap_or_default();
        json!({
            "name": "Detection rules",
            "versions": {"attack": attack, "navigator": NAVIGATOR, "layer": "4.5"},
            "domain": "enterprise-attack",
            "description": format!("{mapped} of {all} rules, by what they are mapped to{left_out}"),
            "sorting": 0,
            "layout": {"layout": "side", "showID": true, "showName": true},
            "hideDisabled": false,
            "techniques": techniques,
            "gradient": {
                "colors": ["#e3f0fa", "#5fa8dc", "#0b4f8a"],
                "minValue": 1,
                "maxValue": most.max(2),
            },
            "legendItems": [],
            "metadata": [],
            "showTacticRowBackground": false,
            "selectTechniquesAcrossTactics": false,
            "selectSubtechniquesWithParent": false,
        })
    }

    fn entry(&self, tactic: &str, id: &str, cell: &Cell) -> Json {
        let names = cell.rules.iter().filter_map(|at| self.documents.get(*at));
        let mut names: Vec<&str> = names.map(|one| one.rule.name.as_str()).collect();
        names.sort_unstable();
        let mut comment = names.iter().take(MAX_NAMES).copied().collect::<Vec<_>>().join("\n");
        if names.len() > MAX_NAMES {
            let _ = write!(comment, "\nand {} more", names.len() - MAX_NAMES);
        }
        json!({
            "techniqueID": id,
            "tactic": tactic,
            "score": cell.rules.len(),
            "comment": comment,
            "enabled": true,
            "showSubtechniques": !cell.below.is_empty(),
        })
    }
}

/// The version of the Navigator that a layer says it is for.
const NAVIGATOR: &str = "5.1.0";
/// Rules that a technique's comment in a layer names.
const MAX_NAMES: usize = 25;

/// Adds a rule to a technique.
fn take<'a>(
    cells: &'a mut BTreeMap<String, Cell>,
    id: &str,
    name: &str,
    number: usize,
) -> &'a mut Cell {
    let cell = cells.entry(id.trim().to_owned()).or_default();
    if cell.name.is_empty() {
        name.trim().clone_into(&mut cell.name);
    }
    cell.rules.insert(number);
    cell
}

/// Those with the most rules first.
fn by_number(cells: &BTreeMap<String, Cell>) -> Vec<(&String, &Cell)> {
    let mut cells: Vec<_> = cells.iter().collect();
    cells.sort_by_key(|(_, cell)| std::cmp::Reverse(cell.rules.len()));
    cells
}

/// How the lines of the text are laid out.
struct Lines {
    /// Columns of names.
    text: usize,
    /// Columns of bars, and the number that the longest stands for.
    bar: usize,
    most: usize,
}

/// The most columns of names, and of bars.
const MAX_TEXT: usize = 64;
const MAX_BAR: usize = 24;

impl Lines {
    fn of(matrix: &Matrix<'_>, terminal: Terminal) -> Lines {
        let cells = || matrix.columns.iter().flat_map(|column| column.cells.values());
        let names = cells().flat_map(|cell| std::iter::once(cell).chain(cell.below.values()));
        let widest = names.map(|cell| cell.name.width()).max().unwrap_or(0) + 10;
        let width = terminal.width.unwrap_or(80);
        let text = widest.clamp(30, MAX_TEXT).min(width.saturating_sub(8).max(20));
        // Bars are for those who look at them, not for programs.
        let bar =
            if terminal.interactive { width.saturating_sub(text + 9).min(MAX_BAR) } else { 0 };
        Lines { text, bar, most: cells().map(|cell| cell.rules.len()).max().unwrap_or(1).max(1) }
    }

    fn line(&self, text: &str, count: usize, has_bar: bool) -> String {
        let line = format!("{}  {:>5}", pad(text, self.text), thousands(count as u64));
        let bar = if has_bar { (count * self.bar).div_ceil(self.most) } else { 0 };
        if bar == 0 { line } else { format!("{line}  {}", "█".repeat(bar.min(self.bar))) }
    }
}
