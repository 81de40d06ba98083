//! JSON values as the text that stands in an event's XML.

use std::borrow::Cow;

use dragnet_ecs::{Data, WinEvent};
use serde_json::Value as Json;

use super::Object;
use crate::system::Field;

/// The text of a value; `None` for null. Arrays are joined with commas, as Windows writes them.
pub(super) fn text(json: &Json) -> Option<Cow<'_, str>> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(true) => Cow::Borrowed("true"),
        Json::Bool(false) => Cow::Borrowed("false"),
        Json::Number(number) => Cow::Owned(number.to_string()),
        Json::String(text) => Cow::Borrowed(text),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(text).collect();
            Cow::Owned(items.join(","))
        }
        Json::Object(_) => Cow::Owned(json.to_string()),
    })
}

/// The text that stands under a key.
pub(super) fn member<'a>(object: &'a Object, key: &str) -> Option<Cow<'a, str>> {
    object.get(key).and_then(text).filter(|text| !text.is_empty())
}

/// Sets the parts of `System` that stand under these keys.
pub(super) fn fill<'a>(event: &mut WinEvent<'a>, object: &'a Object, table: &[(&str, Field)]) {
    for (key, field) in table {
        if let Some(value) = object.get(*key).and_then(text) {
            field.set(event, value);
        }
    }
}

/// A datum; `None` for null.
pub(super) fn datum<'a>(name: &'a str, json: &'a Json) -> Option<Data<'a>> {
    Some(Data { name: Cow::Borrowed(name), value: text(json)? })
}

/// A GUID as Windows renders it: in braces and lower case. Any other text stays as it is.
pub(super) fn guid(text: Cow<'_, str>) -> Cow<'_, str> {
    let bare = text.trim_start_matches('{').trim_end_matches('}');
    if !is_guid(bare) {
        return text;
    }
    let has_braces = bare.len() + 2 == text.len();
    if has_braces && !bare.bytes().any(|b| b.is_ascii_uppercase()) {
        return text;
    }
    Cow::Owned(format!("{{{}}}", bare.to_ascii_lowercase()))
}

/// Whether a text is a GUID without braces.
pub(super) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Keywords in hexadecimal, as they stand in XML. Some tools write the number, signed or not.
pub(super) fn keywords(json: &Json) -> Option<Cow<'_, str>> {
    let bits = match json {
        Json::Number(number) => number.as_u64().or(number.as_i64().map(i64::cast_unsigned))?,
        Json::String(text) => return Some(keywords_of_text(text)),
        _ => return None,
    };
    Some(hexadecimal(bits).into())
}

/// The same, of what is written as a text.
pub(super) fn keywords_of_text(text: &str) -> Cow<'_, str> {
    match text.parse::<i64>() {
        Ok(number) => hexadecimal(number.cast_unsigned()).into(),
        Err(_) => Cow::Borrowed(text),
    }
}

fn hexadecimal(bits: u64) -> String {
    format!("0x{bits:x}")
}

/// Whether a time says how far it is from UTC.
fn has_zone(time: &str) -> bool {
    let time = time.trim();
    let of_day = time.get(10..).unwrap_or_default();
    time.ends_with(['Z', 'z']) || of_day.contains(['+', '-'])
}

/// The first of these members that is a time with its zone, else the first that is there: a local time
/// is better than none.
pub(super) fn time<'a>(object: &'a Object, keys: &[&str]) -> Option<Cow<'a, str>> {
    best_time(keys.iter().filter_map(|key| member(object, key)))
}

/// The same of these texts.
pub(super) fn best_time<'a>(mut times: impl Iterator<Item = Cow<'a, str>>) -> Option<Cow<'a, str>> {
    let first = times.next()?;
    if has_zone(&first) {
        return Some(first);
    }
    times.find(|time| has_zone(time)).or(Some(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn guids() {
        let upper = "5770385F-C22A-43E0-BF4C-06F5698FFBD9";
        let expected = "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}";
        assert_eq!(guid(upper.into()), expected);
        assert_eq!(guid(format!("{{{upper}}}").into()), expected);
        assert_eq!(guid("{not a guid}".into()), "{not a guid}");
    }

    #[test]
    fn numbers_and_times() {
        assert_eq!(keywords(&json!(-9_214_364_837_600_034_816_i64)).unwrap(), "0x8020000000000000");
        assert_eq!(keywords(&json!("0x8000000000000000")).unwrap(), "0x8000000000000000");
        let both = json!({"a": "2020-10-18 07:50:06.220", "b": "2020-10-18T14:50:06.220Z"});
        assert_eq!(
            time(both.as_object().unwrap(), &["a", "b"]).unwrap(),
            "2020-10-18T14:50:06.220Z"
        );
        assert_eq!(time(both.as_object().unwrap(), &["a"]).unwrap(), "2020-10-18 07:50:06.220");
    }
}
