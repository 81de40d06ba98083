//! JSON, parsed straight into a sink.
//!
//! Written by hand because of what is left out: no value is built, what stands at a path that nobody
//! wants is only checked, and keys are compared with those of the document before rather than spelt
//! out ([`Shape`]). Through a library's visitors the same takes twice as long. The grammar is
//! RFC 8259 to the letter, but for one thing: half of a surrogate pair in an escape, which some
//! shippers write for odd UTF-16 from Windows, becomes U+FFFD.

use std::borrow::Cow;

use dragnet_event::{FieldSink, Scalar};

use crate::near::{equal, first, less};
use crate::shape::{PathId, Shape, Wants};

/// Objects and arrays nested deeper than this are an error. It is what `serde_json`, which renders
/// documents, allows; it bounds the stack too.
pub(crate) const MAX_DEPTH: u32 = 127;

/// What is wrong with a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text ends in the middle of a value.
    #[error("it ends in the middle of a value")]
    Truncated,
    /// Something else stands where a value should.
    #[error("a value is expected")]
    NoValue,
    /// Something else stands where a key should.
    #[error("a key is expected")]
    NoKey,
    /// There is no colon after a key.
    #[error("a colon is expected")]
    NoColon,
    /// There is neither a comma nor the end of the object or array.
    #[error("a comma or a closing bracket is expected")]
    NoComma,
    /// A number is not written as JSON demands, or too large.
    #[error("a number is malformed or out of range")]
    BadNumber,
    /// A string holds a control character, or a backslash before something else than an escape.
    #[error("a string holds a control character or a bad escape")]
    BadString,
    /// Something follows the value.
    #[error("something follows the end of the value")]
    Trailing,
    /// Objects and arrays are nested deeper than 127 levels.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// An error, and the offset in bytes at which it shows.
pub(crate) type Fault = (JsonError, usize);

/// Puts JSON values to a sink, and learns their shape from one to the next.
#[derive(Debug)]
pub(crate) struct Reader {
    shape: Shape,
    /// The path of a value that has no place in the shape.
    spelt: String,
    /// A string whose escapes are decoded.
    scratch: String,
}

impl Reader {
    pub(crate) fn new() -> Reader {
        Reader { shape: Shape::new(), spelt: String::new(), scratch: String::new() }
    }

    /// Puts the values of an object to the sink, which must be the same each time. Objects nest, dotted keys
    /// are paths too, arrays of objects are flattened (as Elasticsearch does). After an
    /// error some may have been put.
    pub(crate) fn put<S: FieldSink>(&mut self, text: &str, sink: &mut S) -> Result<(), Fault> {
        self.spelt.clear();
        let mut parser = Parser { text, at: 0, reader: self, sink };
        let result = parser.value(Some(Shape::ROOT), MAX_DEPTH).and_then(|()| {
            parser.space();
            if parser.at == text.len() { Ok(()) } else { Err(JsonError::Trailing) }
        });
        result.map_err(|error| (error, parser.at.min(text.len())))
    }
}

struct Parser<'p, S> {
    text: &'p str,
    at: usize,
    reader: &'p mut Reader,
    sink: &'p mut S,
}

/// A string as it stands between its quotes.
#[derive(Clone, Copy)]
struct Quoted {
    start: usize,
    end: usize,
    has_escapes: bool,
}

impl<S: FieldSink> Parser<'_, S> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Whether values here are wanted; at a path that is spelt out the sink is not asked twice.
    fn is_wanted(&self, path: Option<PathId>) -> bool {
        path.is_none_or(|id| self.reader.shape.is_wanted(id))
    }

    /// Reads a value, which stands at this path (`None`: at the one that is spelt out) and may have so
    /// many levels.
    fn value(&mut self, path: Option<PathId>, levels: u32) -> Result<(), JsonError> {
        self.space();
        match self.peek().ok_or(JsonError::Truncated)? {
            b'"' => self.string(path),
            b'{' | b'[' if levels == 0 => Err(JsonError::TooDeep),
            b'{' if self.wants_object(path) => self.whole_object(path, levels - 1),
            b'{' => self.object(path, levels - 1),
            b'[' => self.array(path, levels - 1),
            b'-' | b'0'..=b'9' => self.number(path),
            b't' => self.literal("true", path, Some(Scalar::Bool(true))),
            b'f' => self.literal("false", path, Some(Scalar::Bool(false))),
            b'n' => self.literal("null", path, None),
            _ => Err(JsonError::NoValue),
        }
    }

    /// Whether an object here is wanted as a whole.
    fn wants_object(&self, path: Option<PathId>) -> bool {
        match path {
            Some(id) => self.reader.shape.wants_objects(id),
            None => self.sink.wants_objects(&self.reader.spelt),
        }
    }

    /// Reads an object that is wanted as a whole besides the values in it.
    #[cold]
    fn whole_object(&mut self, path: Option<PathId>, levels: u32) -> Result<(), JsonError> {
        let (start, len) = (self.at, self.reader.spelt.len());
        self.object(path, levels)?;
        if path.is_none() {
            self.reader.spelt.truncate(len);
        }
        let json = whole_escapes(&self.text[start..self.at]);
        self.sink.put_object_json(dotted(self.reader, path), &json);
        Ok(())
    }

    fn object(&mut self, path: Option<PathId>, levels: u32) -> Result<(), JsonError> {
        self.at += 1;
        self.space();
        if self.eat(b'}') {
            return Ok(());
        }
        let len = if path.is_none() { self.reader.spelt.len() } else { 0 };
        let mut next = 0;
        loop {
            self.space();
            let member = self.key(path, &mut next)?;
            self.space();
            if !self.eat(b':') {
                return Err(self.missing(JsonError::NoColon));
            }
            self.value(member, levels)?;
            self.reader.spelt.truncate(len);
            self.space();
            if self.eat(b'}') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.missing(JsonError::NoComma));
            }
        }
    }

    fn array(&mut self, path: Option<PathId>, levels: u32) -> Result<(), JsonError> {
        self.at += 1;
        self.space();
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.value(path, levels)?;
            self.space();
            if self.eat(b']') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.missing(JsonError::NoComma));
            }
        }
    }

    fn missing(&self, error: JsonError) -> JsonError {
        if self.at < self.text.len() { error } else { JsonError::Truncated }
    }

    /// The path of the key that stands here. `next` is the shape's guess, see [`Shape::child`].
    fn key(
        &mut self,
        above: Option<PathId>,
        next: &mut usize,
    ) -> Result<Option<PathId>, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.missing(JsonError::NoKey));
        }
        let quoted = self.quoted()?;
        let raw = &self.text[quoted.start..quoted.end];
        let Reader { shape, spelt, scratch } = &mut *self.reader;
        let key = if quoted.has_escapes { unescape(raw, scratch)? } else { raw };
        if let Some(above) = above {
            let wants = |path: &str| Wants {
                values: self.sink.wants(path),
                objects: self.sink.wants_objects(path),
                handle: self.sink.resolve(path),
            };
            let found = shape.child(above, key, next, wants);
            if found.is_some() {
                return Ok(found);
            }
            spelt.clear();
            spelt.push_str(shape.dotted(above));
        }
        if !spelt.is_empty() {
            spelt.push('.');
        }
        spelt.push_str(key);
        Ok(None)
    }

    fn string(&mut self, path: Option<PathId>) -> Result<(), JsonError> {
        let quoted = self.quoted()?;
        let raw = &self.text[quoted.start..quoted.end];
        if !quoted.has_escapes {
            self.put(path, Scalar::Str(raw));
            return Ok(());
        }
        // Decoded even if nobody wants it: it must not depend on that whether a document is valid.
        let mut scratch = std::mem::take(&mut self.reader.scratch);
        let decoded = unescape(raw, &mut scratch).map(|text| self.put(path, Scalar::Str(text)));
        self.reader.scratch = scratch;
        decoded
    }

    /// Takes the string that starts here.
    fn quoted(&mut self) -> Result<Quoted, JsonError> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut at = start;
        let mut has_escapes = false;
        loop {
            at += special(bytes.get(at..).unwrap_or_default());
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Quoted { start, end: at, has_escapes });
                }
                Some(b'\\') => {
                    has_escapes = true;
                    at += 2;
                }
                Some(_) => {
                    self.at = at;
                    return Err(JsonError::BadString);
                }
                None => {
                    self.at = bytes.len();
                    return Err(JsonError::Truncated);
                }
            }
        }
    }

    fn number(&mut self, path: Option<PathId>) -> Result<(), JsonError> {
        let start = self.at;
        self.eat(b'-');
        let leading = self.peek();
        let whole = self.digits();
        if whole == 0 || (whole > 1 && leading == Some(b'0')) {
            return Err(self.missing(JsonError::BadNumber));
        }
        let mut is_whole = true;
        if self.eat(b'.') {
            is_whole = false;
            if self.digits() == 0 {
                return Err(self.missing(JsonError::BadNumber));
            }
        }
        if self.eat(b'e') || self.eat(b'E') {
            is_whole = false;
            let _ = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return Err(self.missing(JsonError::BadNumber));
            }
        }
        let text = &self.text[start..self.at];
        let value = if is_whole && let Ok(number) = text.parse() {
            Scalar::Long(number)
        } else {
            let number: f64 = text.parse().map_err(|_| JsonError::BadNumber)?;
            if number.is_infinite() {
                return Err(JsonError::BadNumber);
            }
            Scalar::Double(number)
        };
        self.put(path, value);
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn literal(
        &mut self,
        word: &str,
        path: Option<PathId>,
        value: Option<Scalar<'_>>,
    ) -> Result<(), JsonError> {
        let rest = &self.text[self.at..];
        if !rest.starts_with(word) {
            return Err(if word.starts_with(rest) {
                JsonError::Truncated
            } else {
                JsonError::NoValue
            });
        }
        self.at += word.len();
        match value {
            Some(value) => self.put(path, value),
            None if self.is_wanted(path) => self.sink.put_null(dotted(self.reader, path)),
            None => {}
        }
        Ok(())
    }

    fn put(&mut self, path: Option<PathId>, value: Scalar<'_>) {
        match path {
            Some(id) if self.reader.shape.is_wanted(id) => {
                let shape = &self.reader.shape;
                self.sink.put_at(shape.handle(id), shape.dotted(id), value);
            }
            Some(_) => {}
            // At a path that is spelt out the sink is not asked twice.
            None => self.sink.put(&self.reader.spelt, value),
        }
    }
}

fn dotted(reader: &Reader, path: Option<PathId>) -> &str {
    path.map_or(&reader.spelt, |id| reader.shape.dotted(id))
}

/// How far it is to the next quote, backslash or control character, or to the end.
pub(crate) fn special(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = less(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return i * 8 + first(found);
        }
    }
    let is_special = |b: &u8| matches!(b, b'"' | b'\\' | 0..0x20);
    words.len() * 8 + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Decodes the escapes of a string.
fn unescape<'s>(raw: &str, out: &'s mut String) -> Result<&'s str, JsonError> {
    out.clear();
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut chars = rest.chars();
        let c = match chars.next().ok_or(JsonError::BadString)? {
            c @ ('"' | '\\' | '/') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (c, len) = code_point(&rest.as_bytes()[1..]).ok_or(JsonError::BadString)?;
                rest = &rest[1 + len..];
                out.push(c);
                continue;
            }
            _ => return Err(JsonError::BadString),
        };
        out.push(c);
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(out)
}

/// JSON without halves of surrogate pairs, which other parsers reject.
fn whole_escapes(json: &str) -> Cow<'_, str> {
    if memchr::memmem::find(json.as_bytes(), b"\\u").is_none() {
        return json.into();
    }
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        // A backslash is followed by a character of ASCII: the text was read already.
        let end = (at + 2).min(rest.len());
        let found = rest[..end].ends_with('u').then(|| code_point(&rest.as_bytes()[end..]));
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        if let Some((c, len)) = found.flatten() {
            let is_half = c == char::REPLACEMENT_CHARACTER;
            out.push_str(if is_half { "fffd" } else { &rest[..len] });
            rest = &rest[len..];
        }
    }
    out.push_str(rest);
    out.into()
}

/// The character after `\u`, and how many bytes it takes; half of a pair is U+FFFD.
fn code_point(bytes: &[u8]) -> Option<(char, usize)> {
    let unit = hex4(bytes)?;
    if let Some(c) = char::from_u32(unit) {
        return Some((c, 4));
    }
    let low = bytes[4..].strip_prefix(b"\\u").and_then(hex4);
    if let Some(low @ 0xdc00..=0xdfff) = low
        && unit < 0xdc00
    {
        let c = char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?;
        return Some((c, 10));
    }
    Some((char::REPLACEMENT_CHARACTER, 4))
}

fn hex4(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.first_chunk::<4>()?;
    digits.iter().try_fold(0, |n, b| Some(n << 4 | char::from(*b).to_digit(16)?))
}

#[cfg(test)]
mod tests;
