//! Flat records as their values, for whoever remembers what values come to ([`crate::memory`]).
//!
//! Nearly all such records are lines of texts and numbers under names that come in the same order again and again. Of
//! these only the places of the values are found; what one means is asked when it is new. Any other record is
//! declined, and read as [`super::flat`] reads it.

use std::borrow::Cow;
use std::ops::Range;

use dragnet_ecs::WinEvent;
use dragnet_event::Time;
use serde_json::Value as Json;

use super::flat::{self, Use};
use super::members::{Member, Members};
use super::text::{best_time, text};
use crate::block::{Options, Remembering};
use crate::memory::{Declined, MAX_SHAPE_KEY, Record, Role, ShapeField};
use crate::near;

/// Members that are looked at; a record with more is declined.
const MOST: usize = 256;
/// The same for the bytes of its keys.
const MOST_KEYS: usize = MAX_SHAPE_KEY;
/// The same for its own: values as long as that hardly come again, and are not to be held more than once.
const LONGEST: usize = 1 << 20;

/// Reads flat records; holds the places of the values of one.
#[derive(Debug, Default)]
pub(crate) struct FlatReader {
    members: Vec<Place>,
    /// The keys, one after the other, with what follows them in the record.
    keys: Vec<u8>,
}

/// Where the key (without its quotation marks) and the value of a member are.
#[derive(Debug, Clone)]
struct Place {
    key: Range<u32>,
    value: Range<u32>,
}

/// A record, and where its values are.
struct FlatRecord<'r> {
    text: &'r str,
    members: &'r [Place],
}

impl FlatReader {
    /// Puts a record's values. `None`: nothing was put, it is to be read in the ordinary way.
    pub(crate) fn put(
        &mut self,
        text: &str,
        options: &Options,
        to: &mut Remembering<'_>,
    ) -> Option<()> {
        let text = text.trim_ascii();
        self.scan(text)?;
        let record = FlatRecord { text, members: &self.members };
        let shape = to.memory.shape(&self.keys, || record.fields())?;
        to.memory.put(&record, shape, options, to.batch)
    }

    /// Finds the members of an object of scalars and lists of scalars. `None` if it is none, or anything about it is unusual:
    /// then it may be valid all the same.
    fn scan(&mut self, text: &str) -> Option<()> {
        self.members.clear();
        self.keys.clear();
        let bytes = text.as_bytes();
        // Control characters are not within texts, and hardly ever between them.
        if bytes.len() > LONGEST || has_control(bytes) {
            return None;
        }
        let mut at = blanks(bytes, 0);
        if *bytes.get(at)? != b'{' {
            return None;
        }
        at = blanks(bytes, at + 1);
        loop {
            let is_full = self.members.len() == MOST || self.keys.len() > MOST_KEYS;
            if *bytes.get(at)? != b'"' || is_full {
                return None;
            }
            let key_end = string_end(bytes, at)?;
            let key = at + 1..key_end - 1;
            self.keys.extend_from_slice(&bytes[key.clone()]);
            // Ends the key, since no key holds it.
            self.keys.push(b'"');
            at = blanks(bytes, key_end);
            if *bytes.get(at)? != b':' {
                return None;
            }
            at = blanks(bytes, at + 1);
            let end = value_end(bytes, at)?;
            let range = |range: Range<usize>| range.start as u32..range.end as u32;
            self.members.push(Place { key: range(key), value: range(at..end) });
            at = blanks(bytes, end);
            match *bytes.get(at)? {
                b',' => at = blanks(bytes, at + 1),
                b'}' => return (blanks(bytes, at + 1) == bytes.len()).then_some(()),
                _ => return None,
            }
        }
    }
}

/// Whether there is a control character.
fn has_control(bytes: &[u8]) -> bool {
    // Without an early end: that way it is many bytes at a time.
    bytes.iter().fold(0, |found, byte| found | u8::from(*byte < 0x20)) != 0
}

fn blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| **byte == b' ').count()
}

/// The end of the text that starts here; escaped pairs of surrogates are declined.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        // A message has many escapes, and little between them.
        while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*word);
            let found = near::equal(word, b'"') | near::equal(word, b'\\');
            if found != 0 {
                at += near::first(found);
                break;
            }
            at += 8;
        }
        at += match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => escape_len(bytes.get(at + 1..)?)?,
            _ => 1,
        };
    }
}

/// The length of an escape, of which what follows the backslash is given.
fn escape_len(rest: &[u8]) -> Option<usize> {
    match rest.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let digits = str::from_utf8(rest.get(1..5)?).ok()?;
            let is_whole = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            // Half of a pair is none.
            char::from_u32(u32::from_str_radix(digits, 16).ok()?).filter(|_| is_whole)?;
            Some(6)
        }
        _ => None,
    }
}

/// The end of the scalar that starts here, or of a list of scalars.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    if *bytes.get(start)? != b'[' {
        return scalar_end(bytes, start);
    }
    let mut at = blanks(bytes, start + 1);
    if *bytes.get(at)? == b']' {
        return Some(at + 1);
    }
    loop {
        at = blanks(bytes, scalar_end(bytes, at)?);
        match *bytes.get(at)? {
            b',' => at = blanks(bytes, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// The end of the scalar that starts here. Numbers are whole ones that fit into 64 bits.
fn scalar_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let len = match rest.first()? {
        b'"' => return string_end(bytes, at),
        b't' if rest.starts_with(b"true") => 4,
        b'f' if rest.starts_with(b"false") => 5,
        b'n' if rest.starts_with(b"null") => 4,
        first => {
            let sign = usize::from(*first == b'-');
            let digits = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let is_plain = match rest[sign..].first()? {
                b'0' => digits == 1 && sign == 0,
                _ if digits > 18 => {
                    let text = str::from_utf8(&rest[..sign + digits]).ok()?;
                    text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
                }
                _ => digits > 0,
            };
            if !is_plain {
                return None;
            }
            sign + digits
        }
    };
    Some(at + len)
}

impl<'r> FlatRecord<'r> {
    fn of(&self, range: &Range<u32>) -> &'r str {
        &self.text[range.start as usize..range.end as usize]
    }

    fn key(&self, place: &Place) -> &'r str {
        self.of(&place.key)
    }

    /// The value under a key.
    fn get(&self, key: &str) -> Option<&'r str> {
        let place = self.members.iter().find(|place| self.key(place) == key)?;
        Some(self.of(&place.value))
    }

    /// What the members are; `None` if the record is in another form, or the members hang together in unusual ways.
    fn fields(&self) -> Option<Vec<ShapeField>> {
        let mut keys: Vec<&str> = self.members.iter().map(|place| self.key(place)).collect();
        let uses = flat::uses(&keys)?;
        keys.sort_unstable();
        let is_usual = |key: &&str| !key.is_empty() && *key != "Data" && !key.contains('\\');
        if !keys.iter().all(is_usual) || keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let mut has_time = false;
        let roles = uses.into_iter().zip(self.members).map(|(what, place)| match what {
            Use::Kind => Role::Kind,
            // All of them are looked at for the first.
            Use::Time if !std::mem::replace(&mut has_time, true) => Role::Created,
            Use::Time | Use::Nothing => Role::Nothing,
            Use::Only(path) => Role::Only(path),
            Use::Account => Role::Account,
            Use::Process => Role::Process,
            Use::Computer => Role::Computer,
            Use::Message => Role::Message,
            Use::Datum => Role::Datum(self.key(place).into()),
        });
        Some(roles.map(|role| ShapeField { role, is_fixed: false }).collect())
    }
}

impl Record for FlatRecord<'_> {
    fn raw(&self, field: u16) -> (u8, &[u8]) {
        (0, self.of(&self.members[usize::from(field)].value).as_bytes())
    }

    fn text(&self, field: u16, text: &mut Vec<u8>) -> Option<()> {
        let value = self.of(&self.members[usize::from(field)].value);
        if let Some(inner) = value.strip_prefix('"') {
            return unescape(inner.strip_suffix('"')?.as_bytes(), text);
        }
        text.extend_from_slice(plain(value)?.as_bytes());
        Some(())
    }

    fn is_absent(&self, field: u16) -> bool {
        self.of(&self.members[usize::from(field)].value) == "null"
    }

    fn time(&self, _: u16) -> Result<Option<Time>, Declined> {
        let texts = flat::TIMES.iter().filter_map(|key| self.get(key)).filter_map(plain);
        Ok(best_time(texts.filter(|text| !text.is_empty())).and_then(|time| Time::parse(&time)))
    }

    fn event(
        &self,
        fields: &dyn Fn(u16) -> bool,
        each: &mut dyn FnMut(&WinEvent<'_>),
    ) -> Option<()> {
        let mut members = Members::default();
        for (number, place) in (0..).zip(self.members) {
            let key = self.key(place);
            let value = if fields(number) {
                match plain(self.of(&place.value))? {
                    // Numbers may be read as such.
                    _ if !self.of(&place.value).starts_with('"') => {
                        serde_json::from_str(self.of(&place.value)).ok()?
                    }
                    text => Member::Text(text),
                }
            } else if flat::TELLING.contains(&key) {
                Member::Other(Cow::Owned(Json::Null))
            } else {
                continue;
            };
            members.insert(Cow::Borrowed(key), value);
        }
        each(&flat::event(&members));
        Some(())
    }
}

fn has_backslash(word: [u8; 8]) -> bool {
    near::equal(u64::from_le_bytes(word), b'\\') != 0
}

/// Appends a text whose escapes [`string_end`] has looked at.
fn unescape(mut escaped: &[u8], text: &mut Vec<u8>) -> Option<()> {
    loop {
        while let Some(word) = escaped.first_chunk::<8>().filter(|word| !has_backslash(**word)) {
            text.extend_from_slice(word);
            escaped = &escaped[8..];
        }
        let Some(at) = escaped.iter().position(|byte| *byte == b'\\') else { break };
        text.extend_from_slice(&escaped[..at]);
        let (c, len) = match *escaped.get(at + 1)? {
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'u' => {
                let digits = str::from_utf8(escaped.get(at + 2..at + 6)?).ok()?;
                (char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, 6)
            }
            itself => (char::from(itself), 2),
        };
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        escaped = &escaped[at + len..];
    }
    text.extend_from_slice(escaped);
    Some(())
}

/// The text of a value, as [`Member::text`] has it; nothing for null.
fn plain(value: &str) -> Option<Cow<'_, str>> {
    match value.as_bytes().first()? {
        b'[' => {
            let list: Json = serde_json::from_str(value).ok()?;
            text(&list).map(|text| Cow::Owned(text.into_owned()))
        }
        b'"' => crate::document::string(value),
        b'n' => Some(Cow::Borrowed("")),
        _ => Some(Cow::Borrowed(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Option<Vec<(String, String)>> {
        let mut reader = FlatReader::default();
        reader.scan(text)?;
        let record = FlatRecord { text, members: &reader.members };
        let pair = |p: &Place| (record.key(p).to_owned(), record.of(&p.value).to_owned());
        Some(reader.members.iter().map(pair).collect())
    }

    #[test]
    fn whatever_is_scanned_is_what_a_parser_reads() {
        let long = "x".repeat(40);
        for text in [
            r#"{"a":"x","b":-12,"c":true,"d":null,"e":false,"f":0}"#.to_owned(),
            r#" { "a" : "\"quoted\" \\" , "b" : 123456789012345678 } "#.to_owned(),
            format!(r#"{{"{long}":"{long}\r\n{long}\t","é":"日本 \/","u":"\u0041\u00e9"}}"#),
            r#"{"a":[],"b":[ "x" , 1,null ],"c":-9223372036854775808,"d":18446744073709551615}"#
                .into(),
        ] {
            let members = scan(&text).unwrap();
            let parsed: Json = serde_json::from_str(&text).unwrap();
            assert_eq!(members.len(), parsed.as_object().unwrap().len());
            for (key, value) in members {
                let value: Json = serde_json::from_str(&value).unwrap();
                assert_eq!(value, parsed[&key], "{key}");
            }
        }
    }

    #[test]
    fn escapes_are_what_a_parser_reads() {
        for text in [r#""plain""#, r#""a\\\"\/\b\f\n\r\t\u0041\u20ac end""#, r#""""#, r#""\n""#] {
            let mut own = Vec::new();
            unescape(&text.as_bytes()[1..text.len() - 1], &mut own).unwrap();
            assert_eq!(
                String::from_utf8(own).unwrap(),
                serde_json::from_str::<String>(text).unwrap()
            );
        }
    }

    #[test]
    fn what_is_unusual_is_declined() {
        for text in [
            "",
            "{",
            "{}",
            "[]",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"a":1}x"#,
            r#"{"a":01}"#,
            r#"{"a":-0}"#,
            r#"{"a":1.5}"#,
            r#"{"a":18446744073709551616}"#,
            r#"{"a":"\ud83d\ude00"}"#,
            r#"{"a":"\u+041"}"#,
            r#"{"a":"\u00"}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\"#,
            r#"{"a":"open}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[[1]]}"#,
            r#"{"a":["x"}"#,
            r#"{"a":{"b":1}}"#,
            "{\"a\":\"tab\there\"}",
        ] {
            assert_eq!(scan(text), None, "{text}");
        }
    }
}
