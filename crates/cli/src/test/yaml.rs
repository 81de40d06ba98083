//! YAML as a tree with places, within bounds.
//!
//! A library reads the text; what is kept here is where everything stands, so that errors name lines and numbers can be
//! changed in place. Plain scalars are read by YAML 1.2's core schema: `no` is a text, `1.10` a number.

use std::collections::HashMap;
use std::ops::Range;

use dragnet_plan::Diagnostic;
use granit_parser::{Event, Options, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value as Json};

use super::codes::{BAD_VALUE, NOT_YAML, TOO_MUCH};

/// Largest file, in bytes.
pub(super) const MAX_BYTES: u64 = 4 << 20;
/// Lists and mappings within each other.
const MAX_DEPTH: usize = 64;
/// Scalars, lists and mappings of a file, those that aliases repeat included.
const MAX_NODES: usize = 200_000;
/// Bytes of all scalars, those that aliases repeat included.
const MAX_TEXT: usize = 16 << 20;

/// A value, and where it stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) what: What,
    /// The bytes of the text; of an alias, those of the alias.
    pub(super) span: Range<usize>,
}

/// Kinds of values.
#[derive(Debug, Clone)]
pub(super) enum What {
    Scalar {
        text: String,
        is_plain: bool,
    },
    List(Vec<Node>),
    /// Keys with their places. No two are equal.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

impl Node {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match &self.what {
            What::List(_) => "a list",
            What::Map(_) => "a mapping",
            What::Scalar { text, is_plain } => match scalar(text, *is_plain) {
                Some(Json::Null) => "nothing",
                Some(Json::Bool(_)) => "true or false",
                Some(Json::Number(_)) => "a number",
                _ => "a text",
            },
        }
    }

    /// The text of a scalar that is none of the other kinds.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.what {
            What::Scalar { text, is_plain } => {
                matches!(scalar(text, *is_plain), Some(Json::String(_))).then_some(text)
            }
            _ => None,
        }
    }

    /// A whole number, not negative.
    pub(super) fn as_count(&self) -> Option<u64> {
        match &self.what {
            What::Scalar { text, is_plain } => scalar(text, *is_plain)?.as_u64(),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.what, What::Scalar { text, is_plain } if scalar(text, *is_plain) == Some(Json::Null))
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// If it holds a number that JSON does not have.
    pub(super) fn json(&self) -> Result<Json, Diagnostic> {
        Ok(match &self.what {
            What::Scalar { text, is_plain } => scalar(text, *is_plain).ok_or_else(|| {
                Diagnostic::error(BAD_VALUE, self.span.clone(), "no number that events can have")
                    .help("in quotes it is a text")
            })?,
            What::List(items) => {
                Json::Array(items.iter().map(Node::json).collect::<Result<_, _>>()?)
            }
            What::Map(members) => {
                let member = |(key, node): &(Key, Node)| Ok((key.text.clone(), node.json()?));
                Json::Object(members.iter().map(member).collect::<Result<Map<_, _>, _>>()?)
            }
        })
    }
}

/// A scalar by YAML's core schema; `None` for numbers that JSON does not have.
fn scalar(text: &str, is_plain: bool) -> Option<Json> {
    if !is_plain {
        return Some(text.into());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Json::Null),
        "true" | "True" | "TRUE" => return Some(true.into()),
        "false" | "False" | "FALSE" => return Some(false.into()),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN" = digits {
        return None;
    }
    let radix = |prefix: &str, radix: u32| {
        let digits = text.strip_prefix(prefix).filter(|d| d.chars().all(|c| c.is_digit(radix)))?;
        (!digits.is_empty()).then(|| u64::from_str_radix(digits, radix))
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return number.ok().map(Json::from);
    }
    if !is_number(digits) {
        return Some(text.into());
    }
    let whole =
        text.parse::<i64>().map(Json::from).or_else(|_| text.parse::<u64>().map(Json::from));
    whole.ok().or_else(|| Number::from_f64(text.parse().ok()?).map(Json::Number))
}

/// Whether a text without its sign is a decimal number: `1`, `1.5`, `.5`, `1e9`.
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && all_digits(digits)
    };
    all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(is_exponent)
}

/// Reads a text that holds one document.
///
/// # Errors
/// If it is no YAML, holds more than one document, or is beyond the bounds.
pub(super) fn parse(text: &str) -> Result<Node, Diagnostic> {
    let mut options = Options::default();
    options.block_nesting_limit = MAX_DEPTH;
    options.flow_nesting_limit = MAX_DEPTH;
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { text, parser, anchors: HashMap::new(), nodes: 0, bytes: 0, at: 0..0 };
    let mut root = None;
    loop {
        match reader.next()? {
            Event::StreamEnd => break,
            Event::DocumentStart(..) if root.is_some() => {
                return Err(
                    reader.error(NOT_YAML, "a second document begins here; there is to be one")
                );
            }
            Event::DocumentStart(..) => {
                let event = reader.next()?;
                root = Some(reader.node(event, 0)?);
            }
            _ => {}
        }
    }
    let empty = || Diagnostic::error(NOT_YAML, 0..0, "the file is empty");
    root.ok_or_else(empty)
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    bytes: usize,
    /// Where the last event stands.
    at: Range<usize>,
}

impl<'a> Reader<'a> {
    fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.at.clone(), message)
    }

    fn next(&mut self) -> Result<Event<'a>, Diagnostic> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.at = self.range(span);
                Ok(event)
            }
            Some(Err(error)) => {
                let marker = *error.marker();
                self.at = self.range(Span::empty(marker));
                Err(self.error(NOT_YAML, format!("not valid YAML: {}", error.info())))
            }
            None => Ok(Event::StreamEnd),
        }
    }

    /// The bytes of a span, within the text and on boundaries of characters.
    fn range(&self, span: Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or(0..0);
        let start = self.text.floor_char_boundary(range.start);
        start..self.text.floor_char_boundary(range.end).max(start)
    }

    /// The value that begins with this event.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Node, Diagnostic> {
        if depth > MAX_DEPTH {
            return Err(self.error(TOO_MUCH, format!("more than {MAX_DEPTH} levels deep")));
        }
        let start = self.at.start;
        let (what, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.as_ref().is_some_and(|tag| tag.core_suffix() == Some("str"));
                if tag.is_some() && !is_text {
                    return Err(self.error(BAD_VALUE, "tags have no meaning here, but for `!!str`"));
                }
                self.count(1, text.len())?;
                let is_plain = style == ScalarStyle::Plain && !is_text;
                (What::Scalar { text: text.into_owned(), is_plain }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some())?;
                self.count(1, 0)?;
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
                (What::List(items), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some())?;
                self.count(1, 0)?;
                (self.members(depth)?, anchor)
            }
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id) else {
                    return Err(self.error(BAD_VALUE, "an alias within what it repeats"));
                };
                let (nodes, bytes) = size(node);
                self.count(nodes, bytes)?;
                let what = self.anchors.get(&id).map(|node| node.what.clone());
                let Some(what) = what else {
                    return Err(self.error(BAD_VALUE, "an unknown alias"));
                };
                return Ok(Node { what, span: self.at.clone() });
            }
            _ => return Err(self.error(NOT_YAML, "a value is expected")),
        };
        let node = Node { what, span: start..self.at.end.max(start) };
        if anchor > 0 {
            // What is kept for aliases is in memory as well.
            let (nodes, bytes) = size(&node);
            self.count(nodes, bytes)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn members(&mut self, depth: usize) -> Result<What, Diagnostic> {
        let mut members: Vec<(Key, Node)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        loop {
            let event = match self.next()? {
                Event::MappingEnd => break,
                event => event,
            };
            let node = self.node(event, depth + 1)?;
            let What::Scalar { text, .. } = node.what else {
                return Err(Diagnostic::error(NOT_YAML, node.span, "a key is to be a text"));
            };
            if text == "<<" {
                let error = Diagnostic::error(BAD_VALUE, node.span, "merge keys are not read");
                return Err(error.help("`defaults` is what all events have in common"));
            }
            let key = Key { text, span: node.span };
            if places.insert(key.text.clone(), members.len()).is_some() {
                let message = format!("`{}` is there twice", key.text);
                return Err(Diagnostic::error(BAD_VALUE, key.span, message));
            }
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            members.push((key, value));
        }
        Ok(What::Map(members))
    }

    fn refuse_tag(&self, has_tag: bool) -> Result<(), Diagnostic> {
        let message = "tags have no meaning here, but for `!!str`";
        if has_tag { Err(self.error(BAD_VALUE, message)) } else { Ok(()) }
    }

    fn count(&mut self, nodes: usize, bytes: usize) -> Result<(), Diagnostic> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.nodes > MAX_NODES || self.bytes > MAX_TEXT {
            let what = "more values than a test file may hold, aliases counted as what they repeat";
            return Err(self.error(TOO_MUCH, what));
        }
        Ok(())
    }
}

/// The number of values in a value, and the bytes of their texts.
fn size(node: &Node) -> (usize, usize) {
    let all = |nodes: &mut dyn Iterator<Item = &Node>| {
        nodes.map(size).fold((1, 0), |(n, b), (nodes, bytes)| (n + nodes, b + bytes))
    };
    match &node.what {
        What::Scalar { text, .. } => (1, text.len()),
        What::List(items) => all(&mut items.iter()),
        What::Map(members) => {
            let (nodes, bytes) = all(&mut members.iter().map(|(_, node)| node));
            (nodes, bytes + members.iter().map(|(key, _)| key.text.len()).sum::<usize>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(text: &str, expected: &Json) {
        assert_eq!(parse(text).unwrap().json().unwrap(), *expected, "{text}");
    }

    #[track_caller]
    fn fails(text: &str, code: &str) {
        let error = parse(text).and_then(|node| node.json()).unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        check("[1, -2, 0x1F, 0o17, 1.5, 1e3, .5]", &json!([1, -2, 31, 15, 1.5, 1000.0, 0.5]));
        check(
            "[no, yes, on, 1.2.3, 0x, '1', \"true\"]",
            &json!(["no", "yes", "on", "1.2.3", "0x", "1", "true"]),
        );
        check("[true, FALSE, ~, null, '']", &json!([true, false, null, null, ""]));
        check(
            "[+5m, -3d, 2024-05-14T08:00:00Z, e5, '+']",
            &json!(["+5m", "-3d", "2024-05-14T08:00:00Z", "e5", "+"]),
        );
        check("[18446744073709551615, !!str 21]", &json!([u64::MAX, "21"]));
    }

    #[test]
    fn what_is_not_meant_is_an_error() {
        fails("a: .inf", BAD_VALUE);
        fails("a: 1e999", BAD_VALUE);
        fails("a: 1\na: 2", BAD_VALUE);
        fails("<<: {a: 1}", BAD_VALUE);
        fails("a: !thing {}", BAD_VALUE);
        fails("a: &x [*x]", BAD_VALUE);
        fails("[1]: 2", NOT_YAML);
        fails("a: 1\n---\nb: 2", NOT_YAML);
        fails("a: [", NOT_YAML);
        fails("", NOT_YAML);
        fails("a: *x", NOT_YAML);
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "é: 1\nalerts: &n 22  # so many\nb: *n\n";
        let What::Map(members) = parse(text).unwrap().what else { panic!() };
        assert_eq!(&text[members[1].1.span.clone()], "22");
        assert_eq!(&text[members[2].1.span.clone()], "*n");
        assert_eq!(&text[members[2].0.span.clone()], "b");
    }

    #[test]
    fn bounds_hold() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..20 {
            let row = vec![format!("*a{}", n - 1); 10].join(", ");
            bomb.extend([format!("a{n}: &a{n} [{row}]\n")]);
        }
        fails(&bomb, TOO_MUCH);
        let long = "x".repeat(1 << 20);
        fails(&format!("a: &a {long}\nb: [{}]", vec!["*a"; 100].join(",")), TOO_MUCH);
        assert!(parse(&("[".repeat(100_000) + &"]".repeat(100_000))).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        let deep: String = (0..5_000).map(|n| " ".repeat(n) + "a:\n").collect();
        assert!(parse(&deep).is_err());
    }
}
