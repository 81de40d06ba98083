//! An Elasticsearch mapping: the fields that it lists, and what each holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::field::{FieldSpec, FieldType};

/// Finds the `properties` objects: at the top, under `mappings`, or one level of index names deeper.
pub(super) fn find_properties(json: &Json) -> Vec<&serde_json::Map<String, Json>> {
    if let Some(found) = properties_of(json) {
        return vec![found];
    }
    json.as_object().map(|o| o.values().filter_map(properties_of).collect()).unwrap_or_default()
}

fn properties_of(json: &Json) -> Option<&serde_json::Map<String, Json>> {
    json.get("properties").or_else(|| json.get("mappings")?.get("properties"))?.as_object()
}

pub(super) fn read_properties(
    properties: &serde_json::Map<String, Json>,
    prefix: &str,
    fields: &mut BTreeMap<String, FieldSpec>,
    aliases: &mut Vec<(String, String)>,
    analyzed: &mut BTreeSet<String>,
) {
    for (key, def) in properties {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let ty = def.get("type").and_then(Json::as_str);
        if ty == Some("alias") {
            if let Some(path) = def.get("path").and_then(Json::as_str) {
                aliases.push((name, path.to_owned()));
            }
            continue;
        }
        if matches!(ty, None | Some("object"))
            && let Some(children) = def.get("properties").and_then(Json::as_object)
        {
            read_properties(children, &name, fields, aliases, analyzed);
            continue;
        }
        let spec = FieldSpec {
            path: name.clone(),
            name: name.clone(),
            ty: field_type(def),
            format: def.get("format").and_then(Json::as_str).map(str::to_owned),
            null_value: def.get("null_value").filter(|v| !v.is_null()).map(json_text),
        };
        fields.insert(name.clone(), spec.clone());
        if is_text(def) {
            analyzed.insert(name.clone());
        }
        // Multi-fields hold the same values under a name of their own.
        for (sub, sub_def) in def.get("fields").and_then(Json::as_object).into_iter().flatten() {
            let name = format!("{name}.{sub}");
            let ty = field_type(sub_def);
            if is_text(sub_def) {
                analyzed.insert(name.clone());
            }
            fields.insert(name.clone(), FieldSpec { name, ty, ..spec.clone() });
        }
    }
}

/// A field that two indices have: as the later says, but a date is read by the formats of both.
pub(super) fn with_formats_of(spec: FieldSpec, earlier: &FieldSpec) -> FieldSpec {
    if spec.ty != FieldType::Date || earlier.ty != FieldType::Date || spec.format == earlier.format
    {
        return spec;
    }
    let or_default = |spec: &FieldSpec| spec.format.clone().unwrap_or(DEFAULT_FORMAT.to_owned());
    let format = format!("{}||{}", or_default(earlier), or_default(&spec));
    FieldSpec { format: Some(format), ..spec }
}

/// Elasticsearch's date format where the mapping names none.
const DEFAULT_FORMAT: &str = "strict_date_optional_time||epoch_millis";

fn is_text(def: &Json) -> bool {
    matches!(def.get("type").and_then(Json::as_str), Some("text" | "match_only_text"))
}

fn json_text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// The type of a mapping's field. Text that has an exact sub-field counts as keyword: EQL uses the
/// sub-field by itself.
fn field_type(def: &Json) -> FieldType {
    match def.get("type").and_then(Json::as_str).unwrap_or("object") {
        "keyword" if def.get("normalizer").is_some() => FieldType::Unsupported,
        "keyword" | "wildcard" | "constant_keyword" | "flattened" => FieldType::Keyword,
        "text" | "match_only_text" => {
            let exact = |sub: &Json| field_type(sub) == FieldType::Keyword;
            let fields = def.get("fields").and_then(Json::as_object);
            if fields.is_some_and(|f| f.values().any(exact)) {
                FieldType::Keyword
            } else {
                FieldType::Text
            }
        }
        "long" | "integer" | "short" | "byte" | "unsigned_long" => FieldType::Long,
        "double" | "float" | "half_float" | "scaled_float" => FieldType::Double,
        "boolean" => FieldType::Boolean,
        "date" | "date_nanos" => FieldType::Date,
        "ip" => FieldType::Ip,
        "version" => FieldType::Version,
        _ => FieldType::Unsupported,
    }
}
