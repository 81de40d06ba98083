//! Schemas: which fields exist and what they hold.
//!
//! A **closed** schema is an Elasticsearch mapping: a field that is not in it is an error, and an
//! optional field (`?f`) that is not in it is null. The **open** schema is telemetry: every field
//! exists and may be missing, and values keep the type that the data gave them.

mod mapping;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use serde_json::Value as Json;

use crate::field::{Field, FieldSpec, FieldType, path_matches};
use crate::sink::FieldSink;
use crate::time::Time;
use crate::value::{Scalar, Value, lowercase};
use mapping::{find_properties, read_properties, with_formats_of};

/// Which fields exist and what they hold.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// `None`: open.
    fields: Option<BTreeMap<String, FieldSpec>>,
    /// The names of fields that are mapped as text, whatever sub-fields they have.
    analyzed: BTreeSet<String>,
}

/// What a schema says of a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution {
    /// The field.
    Field(Field),
    /// The schema is closed and has no such field.
    Unknown {
        /// Existing names that are near, nearest first, at most three.
        suggestions: Vec<String>,
    },
}

/// The fields of the events that are put to it, with the types that Elasticsearch's dynamic mapping
/// would give them: that of the first value. Text that is a date is a date, other text can be
/// searched exactly.
#[derive(Debug, Clone, Default)]
pub struct DynamicFields(BTreeMap<String, FieldType>);

impl FieldSink for DynamicFields {
    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        if !self.0.contains_key(path) {
            let ty = match value {
                Scalar::Bool(_) => FieldType::Boolean,
                Scalar::Long(_) => FieldType::Long,
                Scalar::Double(_) => FieldType::Double,
                Scalar::Date(_) => FieldType::Date,
                Scalar::Str(text) if looks_like_date(text) => FieldType::Date,
                Scalar::Str(_) => FieldType::Keyword,
            };
            self.0.insert(path.to_owned(), ty);
        }
    }
}

/// Elasticsearch: `dynamic_date_formats` are `strict_date_optional_time` and `yyyy/MM/dd HH:mm:ss`; numbers are
/// not dates.
fn looks_like_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' && Time::parse(text).is_some()
}

/// Why a mapping could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError(pub String);

impl std::fmt::Display for MappingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MappingError {}

impl Schema {
    /// The open schema. `@timestamp` is a date, `*.ip` and `*_ip` are addresses; everything else is
    /// what the data holds.
    pub fn open() -> Schema {
        Schema::default()
    }

    /// A closed schema from the texts of one or more Elasticsearch mappings.
    ///
    /// Accepts the bare form (`{"properties": …}`), the forms that the APIs return (`mappings`
    /// around it, index names around that), lines that start with `#`, and the placeholder
    /// `[runtime_random_keyword_type]` of Elasticsearch's own EQL tests, which stands for
    /// `keyword`. Several mappings together have the fields of all; a name that two of them
    /// give different types takes the later, and a date may have the format of any of them.
    ///
    /// # Errors
    /// If a text is not JSON or holds no `properties`.
    pub fn closed<'a>(mappings: impl IntoIterator<Item = &'a str>) -> Result<Schema, MappingError> {
        let mut fields = BTreeMap::new();
        let mut analyzed = BTreeSet::new();
        for text in mappings {
            let text: String = text
                .lines()
                .filter(|l| !l.trim_start().starts_with('#'))
                .collect::<Vec<_>>()
                .join("\n");
            let text = text.replace("[runtime_random_keyword_type]", "keyword");
            let json: Json = serde_json::from_str(&text)
                .map_err(|e| MappingError(format!("the mapping is not valid JSON: {e}")))?;
            let roots = find_properties(&json);
            if roots.is_empty() {
                return Err(MappingError("the mapping has no `properties`".into()));
            }
            for root in roots {
                let mut aliases = Vec::new();
                let mut found = BTreeMap::new();
                read_properties(root, "", &mut found, &mut aliases, &mut analyzed);
                for (name, spec) in found {
                    let spec = match fields.get(&name) {
                        Some(earlier) => with_formats_of(spec, earlier),
                        None => spec,
                    };
                    fields.insert(name, spec);
                }
                for (name, target) in aliases {
                    if let Some(spec) = fields.get(&target).cloned() {
                        fields.insert(name.clone(), FieldSpec { name, ..spec });
                    }
                }
            }
        }
        Ok(Schema { fields: Some(fields), analyzed })
    }

    /// The same with the fields that the data holds besides: what Elasticsearch's dynamic mapping makes of
    /// them. The open schema stays as it is.
    #[must_use]
    pub fn with_dynamic(mut self, dynamic: &DynamicFields) -> Schema {
        for (name, ty) in &dynamic.0 {
            let Some(fields) = &mut self.fields else { break };
            let prefix = |known: &String| name.starts_with(&format!("{known}."));
            if !fields.contains_key(name) && !fields.keys().any(prefix) {
                let (path, name) = (name.clone(), name.clone());
                let spec = FieldSpec { name, path, ty: *ty, format: None, null_value: None };
                // Dynamic mapping makes text of text, with a sub-field that is exact.
                if *ty == FieldType::Keyword {
                    self.analyzed.insert(spec.name.clone());
                    let name = format!("{}.keyword", spec.name);
                    fields.insert(name.clone(), FieldSpec { name, ..spec.clone() });
                }
                fields.insert(spec.name.clone(), spec);
            }
        }
        self
    }

    /// Whether a closed schema maps the field of this name as text, to be searched by its words. EQL does not
    /// see it where there is an exact sub-field; other languages do.
    pub fn is_analyzed(&self, name: &str) -> bool {
        self.analyzed.contains(name)
    }

    /// Whether an unknown field is an error.
    pub fn is_closed(&self) -> bool {
        self.fields.is_some()
    }

    /// Looks up a dotted name.
    pub fn resolve(&self, name: &str) -> Resolution {
        match (self.get(name), &self.fields) {
            (Some(field), _) => Resolution::Field(field),
            (None, fields) => {
                let names = fields.iter().flat_map(BTreeMap::keys);
                Resolution::Unknown { suggestions: near(name, names) }
            }
        }
    }

    /// The field of this name, if the schema has it; the open schema has every field. Unlike
    /// [`Schema::resolve`] it does not look for names that are near.
    pub fn get(&self, name: &str) -> Option<Field> {
        match &self.fields {
            None => {
                let (path, ty) = open_field(name);
                Some(Field::new(FieldSpec {
                    name: name.to_owned(),
                    path: path.to_owned(),
                    ty,
                    format: None,
                    null_value: None,
                }))
            }
            Some(fields) => fields.get(name).map(|spec| Field::new(spec.clone())),
        }
    }

    /// The fields whose names a pattern matches; `None` if the schema is open and has every field.
    pub fn matching(&self, pattern: &str) -> Option<Vec<Field>> {
        let fields = self.fields.as_ref()?.iter();
        let found = fields.filter(|(name, _)| path_matches(pattern, name));
        Some(found.map(|(_, spec)| Field::new(spec.clone())).collect())
    }

    /// The date field of this name, for the field that tells an event's time: under the open schema any
    /// field can be one.
    pub fn date_field(&self, name: &str) -> Field {
        let field = self.field(name);
        match field.ty() {
            FieldType::Any => field.with_type(FieldType::Date),
            _ => field,
        }
    }

    /// The field of this name, or one without a type if the schema is closed and has none: for
    /// names that come from settings (the timestamp field), not from rules.
    pub fn field(&self, name: &str) -> Field {
        match self.resolve(name) {
            Resolution::Field(field) => field,
            Resolution::Unknown { .. } => Field::any(name),
        }
    }
}

/// Path and type of a field under the open schema. Only the types whose values have several spellings
/// matter: a time, and an address (`::1` is `0:0:0:0:0:0:0:1`), which ECS names `*.ip` or `*_ip`. And a
/// multi-field `caseless`, which documents do not hold: it is the field before it in lower case
/// (Elasticsearch: the mappings of Elastic Defend).
fn open_field(name: &str) -> (&str, FieldType) {
    match name.rsplit_once('.') {
        Some((parent, "caseless")) if !parent.is_empty() => return (parent, FieldType::Caseless),
        _ => {}
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    let ty = match last {
        "@timestamp" => FieldType::Date,
        _ if last == "ip" || last.ends_with("_ip") => FieldType::Ip,
        _ => FieldType::Any,
    };
    (name, ty)
}

/// The names nearest to `name`, by edit distance over the whole name or its last part.
fn near<'a>(name: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let last = |n: &str| n.rsplit('.').next().unwrap_or_default().to_owned();
    let mut ranked: Vec<(usize, &String)> = names
        .map(|other| {
            let whole = edit_distance(name, other);
            let tail = edit_distance(&last(name), &last(other)) + 1;
            (whole.min(tail), other)
        })
        .filter(|(distance, _)| *distance <= (name.len() / 3).max(1))
        .collect();
    ranked.sort();
    ranked.into_iter().take(3).map(|(_, other)| other.clone()).collect()
}

/// Levenshtein distance in bytes; names longer than 64 bytes count as far apart.
fn edit_distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX / 2;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substitute = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Brings a value to the type that the schema gives its field. `None`: the value cannot be of that
/// type, and the field counts as missing (Elasticsearch's `ignore_malformed`).
pub fn coerce(spec: &FieldSpec, value: Scalar<'_>) -> Option<Value> {
    match (spec.ty, value) {
        (FieldType::Any, value) => Some(value.to_value()),
        (FieldType::Keyword | FieldType::Text | FieldType::Version | FieldType::Object, value) => {
            Some(Value::Str(value.text().into()))
        }
        (FieldType::Caseless, value) => Some(Value::Str(lowercase(&value.text()).into())),
        (FieldType::Long, Scalar::Long(n)) => Some(Value::Long(n)),
        (FieldType::Long, Scalar::Double(n)) => n.is_finite().then_some(Value::Long(n as i64)),
        (FieldType::Long, Scalar::Str(s)) => s
            .parse()
            .ok()
            .or_else(|| s.parse::<f64>().ok().filter(|n| n.is_finite()).map(|n| n as i64))
            .map(Value::Long),
        (FieldType::Double, Scalar::Long(n)) => Some(Value::Double(n as f64)),
        (FieldType::Double, Scalar::Double(n)) => Some(Value::Double(n)),
        (FieldType::Double, Scalar::Str(s)) => s.parse().ok().map(Value::Double),
        (FieldType::Boolean, Scalar::Bool(b)) => Some(Value::Bool(b)),
        (FieldType::Boolean, Scalar::Str("true")) => Some(Value::Bool(true)),
        (FieldType::Boolean, Scalar::Str("false" | "")) => Some(Value::Bool(false)),
        (FieldType::Date, Scalar::Date(t)) => Some(Value::Date(t)),
        (FieldType::Date, Scalar::Long(ms)) => Some(Value::Date(Time::from_millis(ms))),
        (FieldType::Date, Scalar::Double(ms)) => {
            ms.is_finite().then_some(Value::Date(Time((ms * 10_000.0) as i64)))
        }
        (FieldType::Date, Scalar::Str(s)) => match &spec.format {
            Some(format) => Time::parse_format(s, format),
            None => Time::parse(s),
        }
        .map(Value::Date),
        // Text that is no address stays as it is: it equals itself and lies in no network.
        (FieldType::Ip, Scalar::Str(s)) => Some(Value::Str(match s.parse() {
            Ok(ip) => unmapped(ip).to_string().into(),
            Err(_) => s.into(),
        })),
        _ => None,
    }
}

/// An IPv4 address that is written as an IPv6 one (`::ffff:1.2.3.4`) is that IPv4 address.
fn unmapped(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => Ipv6Addr::to_ipv4_mapped(&v6).map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPING: &str = r#"# a comment line
    {"properties": {
        "pid": {"type": "long"},
        "md5": {"type": "[runtime_random_keyword_type]"},
        "hostname": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "body": {"type": "text"},
        "day": {"type": "date", "format": "dd-MM-yyyy"},
        "event_type": {"type": "keyword", "null_value": "none"},
        "event": {"properties": {"category": {"type": "alias", "path": "event_type"}}}
    }}"#;

    fn schema() -> Schema {
        Schema::closed([MAPPING]).unwrap()
    }

    #[test]
    fn closed_fields() {
        let schema = schema();
        let ty = |name| schema.field(name).ty();
        assert_eq!(ty("pid"), FieldType::Long);
        assert_eq!(ty("md5"), FieldType::Keyword);
        assert_eq!(ty("hostname"), FieldType::Keyword);
        assert_eq!(ty("hostname.raw"), FieldType::Keyword);
        assert_eq!(ty("body"), FieldType::Text);
        let category = schema.field("event.category");
        assert_eq!((category.name(), category.path()), ("event.category", "event_type"));
        assert_eq!(schema.field("hostname.raw").path(), "hostname");
        let analyzed = ["hostname", "hostname.raw", "body", "md5"].map(|n| schema.is_analyzed(n));
        assert_eq!(analyzed, [true, false, true, false]);
    }

    #[test]
    fn unknown_names_get_suggestions() {
        let Resolution::Unknown { suggestions } = schema().resolve("mdx") else { panic!("known") };
        assert_eq!(suggestions, ["md5"]);
        let Resolution::Unknown { suggestions } = schema().resolve("zzzzz") else {
            panic!("known")
        };
        assert!(suggestions.is_empty());
    }

    #[test]
    fn coercion_follows_the_mapping() {
        let schema = schema();
        let to = |name, value| coerce(schema.field(name).spec(), value);
        assert_eq!(to("pid", Scalar::Str("42")), Some(Value::Long(42)));
        assert_eq!(to("pid", Scalar::Str("abc")), None);
        assert_eq!(to("md5", Scalar::Long(7)), Some(Value::Str("7".into())));
        let day = to("day", Scalar::Str("31-01-2024"));
        assert_eq!(day, Time::parse("2024-01-31").map(Value::Date));
    }

    #[test]
    fn the_data_adds_fields() {
        let mut dynamic = DynamicFields::default();
        dynamic.put("pid", Scalar::Str("text"));
        dynamic.put("id", Scalar::Long(1));
        dynamic.put("day.of", Scalar::Str("2024-01-31"));
        dynamic.put("seen", Scalar::Str("2024-01-31T10:00:00Z"));
        dynamic.put("name", Scalar::Str("2024"));
        let schema = schema().with_dynamic(&dynamic);
        let ty = |name| schema.get(name).map(|field| field.ty());
        assert_eq!(ty("pid"), Some(FieldType::Long));
        assert_eq!(ty("id"), Some(FieldType::Long));
        assert_eq!(ty("seen"), Some(FieldType::Date));
        assert_eq!(ty("name"), Some(FieldType::Keyword));
        assert_eq!(ty("day.of"), None);
        assert!(!Schema::open().with_dynamic(&dynamic).is_closed());
    }

    #[test]
    fn caseless_multi_fields() {
        let field = Schema::open().field("process.name.caseless");
        assert_eq!((field.name(), field.path()), ("process.name.caseless", "process.name"));
        let value = coerce(field.spec(), Scalar::Str("CMD.EXE"));
        assert_eq!(value, Some(Value::Str("cmd.exe".into())));
    }

    #[test]
    fn bad_mappings_are_named() {
        assert!(Schema::closed(["{"]).unwrap_err().0.contains("not valid JSON"));
        assert!(Schema::closed(["{}"]).unwrap_err().0.contains("properties"));
    }
}
