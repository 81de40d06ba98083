//! What Elastic's mappings say of fields and documents do not show: which are searched by their words, and which
//! names stand for the values of another field.
//!
//! The open schema takes a field for what the data holds; a document does not hold that `message` is cut into
//! words, nor any multi-field. KQL and Lucene ask here. A closed schema knows by itself.

use dragnet_event::{Field, FieldType, Resolution, Schema, path_matches};
use dragnet_plan::text::Analyzer;

/// Fields that are searched by their words, with their analyzers (ECS; the integration for Windows).
const WORDS: &[(&str, Analyzer)] = &[
    ("error.message", Analyzer::Standard),
    ("message", Analyzer::Standard),
    ("powershell.file.script_block_text", Analyzer::PowerShell),
];

/// Whether a field is searched by its words, in Elastic's mappings.
pub fn is_searched_by_words(name: &str) -> bool {
    WORDS.iter().any(|(field, _)| *field == name)
}

/// Fields that have a multi-field `text` (ECS). It matters only where a query names no field, or all of them.
const WITH_TEXT: &[&str] = &[
    "*.as.organization.name",
    "*.display_name",
    "*entity.name",
    "entity.target.name",
    "*.os.full",
    "*.os.name",
    "*command_line",
    "*user.full_name",
    "*user.name",
    "email.subject",
    "error.stack_trace",
    "http.*.body.content",
    "organization.name",
    "process.*executable",
    "process.*_leader.name",
    "process.name",
    "process.parent.name",
    "process.*title",
    "process.*working_directory",
    "process.io",
    "file.path",
    "file.target_path",
    "threat.*file.path",
    "threat.*file.target_path",
    "threat.*technique.name",
    "*url.full",
    "*url.original",
    "user.changes.*name",
    "user.effective.*name",
    "user.target.*name",
    "user_agent.original",
    "vulnerability.description",
];

/// Fields whose values are dates (ECS), of which the open schema knows only `@timestamp`.
const DATES: &[&str] = &[
    "*.x509.not_after",
    "*.x509.not_before",
    "event.created",
    "event.end",
    "event.ingested",
    "event.start",
    "file.accessed",
    "file.created",
    "file.ctime",
    "file.mtime",
    "process.end",
    "process.start",
    "process.*.start",
    "threat.indicator.first_seen",
    "threat.indicator.last_seen",
    "threat.indicator.modified_at",
];

/// How the values of a field are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// As a whole.
    Whole,
    /// By their words.
    Words(Analyzer),
}

/// A field that a name in a query stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) field: Field,
    pub(crate) search: Search,
}

impl Target {
    fn new(field: Field, search: Search) -> Target {
        Target { field, search }
    }
}

/// The fields that a name stands for, which may be a pattern; any of them may have the value. The error has
/// names that are near.
pub(crate) fn targets(schema: &Schema, name: &str) -> Result<Vec<Target>, Vec<String>> {
    let is_pattern = name.contains('*');
    if schema.is_closed() {
        return closed_targets(schema, name, is_pattern);
    }
    let field = schema.field(name);
    if name == "*" {
        let parts = WITH_TEXT.iter().map(|pattern| (*pattern, Analyzer::Standard));
        let words = WORDS.iter().copied().chain(parts);
        let words =
            words.map(|(path, analyzer)| Target::new(Field::any(path), Search::Words(analyzer)));
        return Ok(std::iter::once(Target::new(field, Search::Whole)).chain(words).collect());
    }
    if is_pattern {
        let covered = WORDS.iter().filter(|(path, _)| path_matches(name, path));
        let words = covered
            .map(|(path, analyzer)| Target::new(Field::any(*path), Search::Words(*analyzer)));
        return Ok(std::iter::once(Target::new(field, Search::Whole)).chain(words).collect());
    }
    if let Some((_, analyzer)) = WORDS.iter().find(|(path, _)| *path == name) {
        return Ok(vec![Target::new(field, Search::Words(*analyzer))]);
    }
    if field.ty() == FieldType::Any && DATES.iter().any(|pattern| path_matches(pattern, name)) {
        return Ok(vec![Target::new(field.with_type(FieldType::Date), Search::Whole)]);
    }
    // A multi-field has the values of the field before it; a document may still hold a field of that name.
    let search = match name.rsplit_once('.') {
        Some((parent, "text")) => Some((parent, Search::Words(Analyzer::Standard))),
        Some((parent, "keyword")) => Some((parent, Search::Whole)),
        _ => None,
    };
    let Some((parent, search)) = search.filter(|(parent, _)| !parent.is_empty()) else {
        return Ok(vec![Target::new(field, Search::Whole)]);
    };
    Ok(vec![Target::new(schema.field(parent), search), Target::new(field, search)])
}

fn closed_targets(
    schema: &Schema,
    name: &str,
    is_pattern: bool,
) -> Result<Vec<Target>, Vec<String>> {
    let fields = match schema.matching(name).filter(|_| is_pattern) {
        Some(fields) => fields,
        None => match schema.resolve(name) {
            Resolution::Field(field) => vec![field],
            Resolution::Unknown { suggestions } => return Err(suggestions),
        },
    };
    let target = |field: Field| {
        let known = WORDS.iter().find(|(path, _)| *path == field.path());
        let analyzer = known.map_or(Analyzer::Standard, |(_, analyzer)| *analyzer);
        let is_caseless = field.name().ends_with(".caseless");
        match field.ty() {
            _ if schema.is_analyzed(field.name()) => {
                Target::new(field.with_type(FieldType::Text), Search::Words(analyzer))
            }
            FieldType::Unsupported if is_caseless => {
                Target::new(field.with_type(FieldType::Caseless), Search::Whole)
            }
            _ => Target::new(field, Search::Whole),
        }
    };
    Ok(fields.into_iter().map(target).collect())
}
