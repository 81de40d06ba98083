//! A pull scanner: text in, tags and texts out, borrowed.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::near::find;

/// Why a text is not an event's XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// The text ends within a tag, or before every element is closed.
    #[error("the XML ends in the middle of the event")]
    Truncated,
    /// A closing tag is not that of the innermost open element.
    #[error("a closing tag does not match its opening tag")]
    Mismatched,
    /// A tag has no name, or another tag starts within it.
    #[error("a tag is malformed")]
    BadTag,
    /// Elements are nested deeper than 128 levels.
    #[error("elements are nested deeper than {} levels", MAX_DEPTH)]
    TooDeep,
    /// There is no `Event` element.
    #[error("there is no Event element")]
    NoEvent,
    /// The `Event` element has no `System` element: it is some other XML.
    #[error("the Event element has no System element")]
    NoSystem,
}

/// Elements nested deeper than this are an error.
pub(crate) const MAX_DEPTH: usize = 128;

/// One piece of XML. Names are as written, with their prefix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'a> {
    /// An opening tag; `empty` if it closes itself.
    Open { name: &'a str, attrs: Attrs<'a>, empty: bool },
    /// A closing tag.
    Close(&'a str),
    /// Text with its entities.
    Text(&'a str),
    /// Text that stands for itself.
    Cdata(&'a str),
}

/// Where a tag ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TagEnd {
    /// At this `>`; `empty` if the element has no content.
    Closed { at: usize, empty: bool },
    /// Nowhere: another tag starts here.
    Broken { at: usize },
}

/// Finds the end of the tag whose name or attributes stand at `from`; anything may stand in quotes.
/// `None`: the text ends before.
pub(crate) fn tag_end(bytes: &[u8], mut from: usize) -> Option<TagEnd> {
    loop {
        let at = from + find([b'>', b'"', b'\'', b'<'], bytes.get(from..)?)?;
        match bytes[at] {
            b'>' => return Some(TagEnd::Closed { at, empty: bytes[at - 1] == b'/' }),
            b'<' => return Some(TagEnd::Broken { at }),
            quote => from = at + 1 + find([quote], &bytes[at + 1..])? + 1,
        }
    }
}

/// The end (exclusive) of the comment, CDATA section, processing instruction or declaration that
/// starts with the `<` at `at`. `Ok(None)`: it is none of these. `Err`: it has no end.
pub(crate) fn skip_markup(bytes: &[u8], at: usize) -> Result<Option<usize>, XmlError> {
    let rest = &bytes[at..];
    let end = |open: usize, close: &[u8]| {
        let found = memmem::find(&rest[open..], close).ok_or(XmlError::Truncated)?;
        Ok(Some(at + open + found + close.len()))
    };
    match rest.get(1) {
        Some(b'?') => end(2, b"?>"),
        Some(b'!') if rest.starts_with(b"<!--") => end(4, b"-->"),
        Some(b'!') if rest.starts_with(b"<![CDATA[") => end(9, b"]]>"),
        // Not enough there to tell.
        Some(b'!') if b"<!--".starts_with(rest) || b"<![CDATA[".starts_with(rest) => {
            Err(XmlError::Truncated)
        }
        Some(b'!') => end(2, b">"),
        _ => Ok(None),
    }
}

/// The part of a name after its prefix.
pub(crate) fn local(name: &str) -> &str {
    match find([b':'], name.as_bytes()) {
        Some(colon) => &name[colon + 1..],
        None => name,
    }
}

/// What ends the name of a tag.
const ENDS_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let (mut i, bytes) = (0, b">/ \t\r\n<");
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
};

#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0 }
    }

    /// The next piece; `Truncated` where there is none.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, XmlError> {
        loop {
            let bytes = self.text.as_bytes();
            let rest = bytes.get(self.at..).unwrap_or_default();
            match rest {
                [] => return Err(XmlError::Truncated),
                [b'<', b'/', ..] => return self.close(),
                [b'<', b'!' | b'?', ..] => {
                    let start = self.at;
                    let end = skip_markup(bytes, start)?.ok_or(XmlError::BadTag)?;
                    self.at = end;
                    if rest.starts_with(b"<![CDATA[") {
                        return Ok(Token::Cdata(&self.text[start + 9..end - 3]));
                    }
                }
                [b'<', ..] => return self.open(),
                _ => {
                    let start = self.at;
                    self.at += find([b'<'], rest).unwrap_or(rest.len());
                    return Ok(Token::Text(&self.text[start..self.at]));
                }
            }
        }
    }

    fn open(&mut self) -> Result<Token<'a>, XmlError> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let is_end = |b: &u8| ENDS_NAME[usize::from(*b)];
        let len = bytes[start..].iter().position(is_end).ok_or(XmlError::Truncated)?;
        let name_end = start + len;
        if len == 0 || bytes[name_end] == b'<' {
            return Err(XmlError::BadTag);
        }
        let name = &self.text[start..name_end];
        if bytes[name_end] == b'>' {
            self.at = name_end + 1;
            return Ok(Token::Open { name, attrs: Attrs(""), empty: false });
        }
        let end = tag_end(bytes, name_end).ok_or(XmlError::Truncated)?;
        let TagEnd::Closed { at, empty } = end else { return Err(XmlError::BadTag) };
        self.at = at + 1;
        let attrs = Attrs(&self.text[name_end..at - usize::from(empty)]);
        Ok(Token::Open { name, attrs, empty })
    }

    fn close(&mut self) -> Result<Token<'a>, XmlError> {
        let start = self.at + 2;
        let rest = &self.text.as_bytes()[start..];
        let len = find([b'>'], rest).ok_or(XmlError::Truncated)?;
        self.at = start + len + 1;
        Ok(Token::Close(self.text[start..start + len].trim_ascii_end()))
    }

    /// Takes `<Data Name="…">text</Data>`, which is most of what there is, written just like this.
    /// If `None`, nothing has been taken.
    pub(crate) fn data_element(&mut self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        let rest = self.text.as_bytes()[self.at..].strip_prefix(b"<Data Name=")?;
        let (&quote, rest) = rest.split_first()?;
        let name_len = find([quote, b'&'], rest)?;
        if name_len == 0 || !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let rest = rest[name_len..].strip_prefix(&[quote, b'>'])?;
        let mut text_len = find([b'<', b'&'], rest)?;
        let has_entity = rest[text_len] == b'&';
        if has_entity {
            text_len += memchr(b'<', &rest[text_len..])?;
        }
        if !rest[text_len..].starts_with(b"</Data>") {
            return None;
        }
        let name_at = self.at + "<Data Name='".len();
        let text_at = name_at + name_len + 2;
        let text = &self.text[text_at..text_at + text_len];
        let text = if has_entity { decode(text) } else { Cow::Borrowed(text) };
        self.at = text_at + text_len + "</Data>".len();
        Some((Cow::Borrowed(&self.text[name_at..name_at + name_len]), text))
    }

    /// After an opening tag: the element's text, if it holds nothing else and is closed at once.
    /// If `None`, nothing has been taken.
    pub(crate) fn leaf_text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        let rest = &bytes[self.at..];
        let len = find([b'<'], rest)?;
        let tail = rest.get(len + 1..)?.strip_prefix(b"/")?.strip_prefix(name.as_bytes())?;
        if tail.first() != Some(&b'>') {
            return None;
        }
        let text = &self.text[self.at..self.at + len];
        self.at += len + name.len() + 3;
        Some(decode(text))
    }

    /// After an opening tag: all text of the element and of those within it.
    pub(crate) fn text(&mut self, name: &str) -> Result<Cow<'a, str>, XmlError> {
        if let Some(text) = self.leaf_text(name) {
            return Ok(text);
        }
        let mut text = Cow::Borrowed("");
        self.walk(name, |token| match token {
            Token::Text(raw) => append(&mut text, decode(raw)),
            Token::Cdata(raw) => append(&mut text, Cow::Borrowed(raw)),
            Token::Open { .. } | Token::Close(_) => {}
        })?;
        Ok(text)
    }

    /// After an opening tag: skips to the end of the element.
    pub(crate) fn skip(&mut self, name: &str) -> Result<(), XmlError> {
        self.walk(name, |_| {})
    }

    /// After an opening tag: hands over everything in the element.
    fn walk(&mut self, name: &str, mut each: impl FnMut(Token<'a>)) -> Result<(), XmlError> {
        let mut open = Vec::new();
        loop {
            let token = self.next()?;
            match &token {
                Token::Open { name, empty: false, .. } if open.len() < MAX_DEPTH => {
                    open.push(*name);
                }
                Token::Open { empty: false, .. } => return Err(XmlError::TooDeep),
                Token::Close(closed) => match open.pop() {
                    Some(inner) if inner == *closed => {}
                    None if name == *closed => return Ok(()),
                    _ => return Err(XmlError::Mismatched),
                },
                _ => {}
            }
            each(token);
        }
    }
}

/// Adds to a text, which stays borrowed while it has only one part.
pub(crate) fn append<'a>(text: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if text.is_empty() {
        *text = more;
    } else if !more.is_empty() {
        text.to_mut().push_str(&more);
    }
}

/// The attributes of a tag: an iterator over local names and decoded values. It ends where the
/// text is not an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attrs<'a>(&'a str);

impl<'a> Iterator for Attrs<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_ascii_start();
        let equals = find([b'='], rest.as_bytes())?;
        let name = rest[..equals].trim_ascii_end();
        let rest = rest[equals + 1..].trim_ascii_start();
        let quote = *rest.as_bytes().first()?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let len = find([quote], &rest.as_bytes()[1..])?;
        self.0 = &rest[len + 2..];
        Some((local(name), decode(&rest[1..=len])))
    }
}

impl<'a> Attrs<'a> {
    /// The value of the first attribute of this local name, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.clone().find(|(n, _)| *n == name).map(|(_, value)| value).filter(|v| !v.is_empty())
    }
}

/// Decodes the five named entities and character references. What is neither stays as it is.
pub(crate) fn decode(raw: &str) -> Cow<'_, str> {
    let Some(first) = find([b'&'], raw.as_bytes()) else { return Cow::Borrowed(raw) };
    let mut text = String::with_capacity(raw.len());
    text.push_str(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some(tail) = rest.strip_prefix('&') {
        // The longest that means something is `&#x0010FFFF;`, give or take some zeros.
        let window = &tail.as_bytes()[..tail.len().min(16)];
        let entity = memchr(b';', window).and_then(|len| Some((len, entity(&tail[..len])?)));
        let (c, len) = entity.map_or(('&', 0), |(len, c)| (c, len + 1));
        text.push(c);
        rest = &tail[len..];
        let next = memchr(b'&', rest.as_bytes()).unwrap_or(rest.len());
        text.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(text)
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_decode(raw: &str, expected: &str) {
        assert_eq!(decode(raw), expected, "{raw}");
    }

    #[test]
    fn entities() {
        check_decode("a &lt;b&gt; &amp;&quot;&apos;", "a <b> &\"'");
        check_decode("&#65;&#x42;&#X43;&#x1F600;", "ABC\u{1f600}");
        check_decode("&amp;lt;", "&lt;");
        check_decode(
            "&nbsp; & &; &#xD800; &#x110000; &#; &amp",
            "&nbsp; & &; &#xD800; &#x110000; &#; &amp",
        );
        check_decode("a &über&lt;", "a &über<");
        assert!(matches!(decode("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn attributes() {
        let attrs: Vec<_> = Attrs(" a='1' \n x:b = \"2 > &lt;\" c").collect();
        assert_eq!(attrs, [("a", "1".into()), ("b", "2 > <".into())]);
    }

    #[test]
    fn tokens() {
        let mut scan = Scanner::new("<?xml v?><!-- <x> --><a b='>'/>t<![CDATA[<c>]]></a >");
        let open = Token::Open { name: "a", attrs: Attrs(" b='>'"), empty: true };
        assert_eq!(scan.next(), Ok(open));
        assert_eq!(scan.next(), Ok(Token::Text("t")));
        assert_eq!(scan.next(), Ok(Token::Cdata("<c>")));
        assert_eq!(scan.next(), Ok(Token::Close("a")));
        assert_eq!(scan.next(), Err(XmlError::Truncated));
    }
}
