//! The members of a flat record, borrowed from its text as far as they can be.
//!
//! Flat records are many and small: a map of owned texts for each costs more than all that is then done
//! with the event.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::Object;
use super::text;

/// The members of a JSON object, in the order in which their keys first came.
#[derive(Debug, Default)]
pub(crate) struct Members<'a> {
    list: Vec<(Cow<'a, str>, Member<'a>)>,
    /// By [`Members::place`] and what follows it: one more than the number of a member, 0 for none.
    table: Vec<u32>,
    /// Of tables that have grown: so many keys are nobody's fields, and may have been chosen to fall on one place.
    hasher: Option<DefaultHashBuilder>,
}

/// The value of a member.
#[derive(Debug, PartialEq)]
pub(crate) enum Member<'a> {
    Text(Cow<'a, str>),
    Other(Cow<'a, Json>),
}

/// A power of two.
const FIRST_TABLE: usize = 128;

impl<'a> Members<'a> {
    /// Those of a text; `None` if that is no object.
    pub(crate) fn parse(json: &'a str) -> Option<Members<'a>> {
        serde_json::from_str(json).ok()
    }

    /// Those of an object that is parsed already.
    pub(crate) fn of(object: &'a Object) -> Members<'a> {
        let mut members = Members::default();
        for (key, json) in object {
            let value = match json {
                Json::String(text) => Member::Text(Cow::Borrowed(text)),
                other => Member::Other(Cow::Borrowed(other)),
            };
            members.insert(Cow::Borrowed(key), value);
        }
        members
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Member<'a>)> {
        self.list.iter().map(|(key, value)| (&**key, value))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Member<'a>> {
        let number = self.number(key).ok()?;
        self.list.get(number).map(|(_, value)| value)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.number(key).is_ok()
    }

    /// The text that stands under a key, if it is not empty.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).and_then(Member::text).filter(|text| !text.is_empty())
    }

    /// The member's number, else the place in the table where it would be named.
    fn number(&self, key: &str) -> Result<usize, usize> {
        let Some(mask) = self.table.len().checked_sub(1) else { return Err(0) };
        let mut at = self.place(key) & mask;
        // The table is never full.
        loop {
            let Some(number) = self.table[at].checked_sub(1) else { return Err(at) };
            if self.list[number as usize].0 == key {
                return Ok(number as usize);
            }
            at = (at + 1) & mask;
        }
    }

    /// Names of fields differ in their length and at their ends.
    fn place(&self, key: &str) -> usize {
        if let Some(hasher) = &self.hasher {
            return hasher.hash_one(key) as usize;
        }
        let [first, .., before, last] = key.as_bytes() else { return key.len() };
        let middle = key.as_bytes()[key.len() / 2];
        let sum = [*before, *first, *last, middle].into_iter();
        sum.fold(key.len(), |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
    }

    /// Of two members with one key the later counts.
    pub(super) fn insert(&mut self, key: Cow<'a, str>, value: Member<'a>) {
        if self.list.len() * 2 >= self.table.len() {
            self.grow();
        }
        match self.number(&key) {
            Ok(number) => self.list[number].1 = value,
            Err(at) => {
                self.list.push((key, value));
                self.table[at] = self.list.len() as u32;
            }
        }
    }

    fn grow(&mut self) {
        if !self.table.is_empty() {
            self.hasher.get_or_insert_default();
        }
        self.table = vec![0; (self.table.len() * 2).max(FIRST_TABLE)];
        for number in 0..self.list.len() {
            if let Err(at) = self.number(&self.list[number].0) {
                self.table[at] = number as u32 + 1;
            }
        }
    }
}

/// The table follows from the list.
impl PartialEq for Members<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Member<'_> {
    /// As [`text::text`] has it.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Member::Text(text) => Some(Cow::Borrowed(text)),
            Member::Other(json) => text::text(json),
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Member::Text(text) => Some(text),
            Member::Other(_) => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Object> {
        match self {
            Member::Text(_) => None,
            Member::Other(json) => json.as_object(),
        }
    }

    /// As [`text::keywords`] has it.
    pub(crate) fn keywords(&self) -> Option<Cow<'_, str>> {
        match self {
            Member::Text(text) => Some(text::keywords_of_text(text)),
            Member::Other(json) => text::keywords(json),
        }
    }
}

/// A key, or the text of a member.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Text<'de>, D::Error> {
        match from.deserialize_str(MemberVisitor)? {
            Member::Text(text) => Ok(Text(text)),
            Member::Other(_) => Err(D::Error::custom("a key is a text")),
        }
    }
}

impl<'de> Deserialize<'de> for Member<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Member<'de>, D::Error> {
        from.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Member<'de>, E> {
        Ok(Member::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Member<'de>, E> {
        Ok(Member::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Member<'de>, E> {
        Ok(Member::Other(Cow::Owned(Json::Null)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Member<'de>, E> {
        Ok(Member::Other(Cow::Owned(value.into())))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Member<'de>, E> {
        Ok(Member::Other(Cow::Owned(value.into())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Member<'de>, E> {
        Ok(Member::Other(Cow::Owned(value.into())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Member<'de>, E> {
        Ok(Member::Other(Cow::Owned(value.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Member<'de>, A::Error> {
        let json = Json::deserialize(SeqAccessDeserializer::new(items))?;
        Ok(Member::Other(Cow::Owned(json)))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Member<'de>, A::Error> {
        let json = Json::deserialize(MapAccessDeserializer::new(members))?;
        Ok(Member::Other(Cow::Owned(json)))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Members<'de>, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Members::default();
                members.list.reserve(FIRST_TABLE / 2);
                while let Some((Text(key), value)) = map.next_entry()? {
                    members.insert(key, value);
                }
                Ok(members)
            }
        }

        from.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Borrowed members are those of the parsed object.
    #[track_caller]
    fn check(json: &str) {
        let parsed: Option<Json> = serde_json::from_str(json).ok();
        let object = parsed.as_ref().and_then(Json::as_object);
        let expected = object.map(Members::of);
        let members = Members::parse(json);
        assert_eq!(members.as_ref().map(|m| &m.list), expected.as_ref().map(|m| &m.list), "{json}");
        for (key, _) in object.into_iter().flatten() {
            let text = |members: &Option<Members<'_>>| {
                members.as_ref().and_then(|m| m.text(key)).map(Cow::into_owned)
            };
            assert_eq!(text(&members), text(&expected), "{key}");
            assert!(members.as_ref().is_some_and(|members| members.has(key)));
        }
    }

    #[test]
    fn members_of_all_kinds() {
        check("{}");
        check(
            r#"{"a": "x", "b": "\t\u00e9", "c": null, "d": true, "e": -1, "f": 18446744073709551615}"#,
        );
        check(
            r#"{"a": 1.5, "b": [1, "x"], "c": {"d": {"e": null}}, "\u0061b": "", "": 0, "é": "ü"}"#,
        );
        check(r#"{"a": 1, "b": 2, "a": "later"}"#);
        for broken in ["", "[]", "1", r#"{"a"}"#, r#"{"a": 1} x"#, r#"{"a": "\x"}"#] {
            check(broken);
        }
    }

    /// Also if they differ only where the cheap look at them does not see it.
    #[test]
    fn many_members() {
        for tail in ["", "x0123456789y"] {
            let member = |n| format!("\"k{n:05}{tail}\": {n}");
            let members: Vec<String> = (0..1000).map(member).collect();
            check(&format!("{{{}}}", members.join(", ")));
        }
    }
}
