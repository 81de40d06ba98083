//! Puts values into a sink: the few shapes that all normalisers need.

use std::collections::HashSet;

use dragnet_event::{FieldSink, Scalar};

/// A sink, with buffers for paths and values that are put together from pieces.
pub(crate) struct Out<'s> {
    pub(crate) sink: &'s mut dyn FieldSink,
    path: String,
    text: String,
}

impl<'s> Out<'s> {
    pub(crate) fn new(sink: &'s mut dyn FieldSink) -> Out<'s> {
        Out { sink, path: String::new(), text: String::new() }
    }

    /// Whether any of these paths is wanted.
    pub(crate) fn wants_any(&self, paths: &[&str]) -> bool {
        paths.iter().any(|path| self.sink.wants(path))
    }

    pub(crate) fn text(&mut self, path: &str, value: &str) {
        self.sink.put(path, Scalar::Str(value));
    }

    pub(crate) fn text_if(&mut self, path: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.sink.put(path, Scalar::Str(value));
        }
    }

    pub(crate) fn long(&mut self, path: &str, value: i64) {
        self.sink.put(path, Scalar::Long(value));
    }

    pub(crate) fn boolean(&mut self, path: &str, value: bool) {
        self.sink.put(path, Scalar::Bool(value));
    }

    /// A value under a path that ends in a name from the data.
    pub(crate) fn under(&mut self, prefix: &str, name: &str, value: &str) {
        self.path.clear();
        self.path.push_str(prefix);
        self.path.push_str(name);
        self.sink.put(&self.path, Scalar::Str(value));
    }

    /// The same for a number.
    pub(crate) fn under_long(&mut self, prefix: &str, name: &str, value: i64) {
        self.path.clear();
        self.path.push_str(prefix);
        self.path.push_str(name);
        self.sink.put(&self.path, Scalar::Long(value));
    }

    /// The same for a name made of a word and a number (`param1`).
    pub(crate) fn under_numbered(&mut self, prefix: &str, word: &str, n: usize, value: &str) {
        use std::fmt::Write as _;
        self.path.clear();
        // Writing to a String cannot fail.
        let _ = write!(self.path, "{prefix}{word}{n}");
        self.sink.put(&self.path, Scalar::Str(value));
    }

    /// A value in lower case (ASCII).
    pub(crate) fn lower(&mut self, path: &str, value: &str) {
        self.lowered(value);
        self.sink.put(path, Scalar::Str(&self.text));
    }

    /// A value in lower case under a path that ends in a name from the data, in lower case too.
    pub(crate) fn lower_under(&mut self, prefix: &str, name: &str, value: &str) {
        self.path.clear();
        self.path.push_str(prefix);
        self.path.push_str(name);
        self.path[prefix.len()..].make_ascii_lowercase();
        self.lowered(value);
        self.sink.put(&self.path, Scalar::Str(&self.text));
    }

    fn lowered(&mut self, value: &str) {
        self.text.clear();
        self.text.push_str(value);
        self.text.make_ascii_lowercase();
    }

    /// Each value once, in the order given, as an array; nothing if there are none.
    pub(crate) fn distinct<'v>(&mut self, path: &str, values: impl Iterator<Item = &'v str>) {
        let mut seen = Seen::default();
        for value in values {
            if seen.insert(value) {
                self.sink.put(path, Scalar::Str(value));
                self.sink.mark_array(path);
            }
        }
    }
}

/// A set of texts, without an allocation while there are few.
#[derive(Default)]
pub(crate) struct Seen<'a> {
    few: [&'a str; 24],
    len: usize,
    many: Option<HashSet<&'a str>>,
}

impl<'a> Seen<'a> {
    /// Whether the text was not in the set yet; now it is.
    pub(crate) fn insert(&mut self, text: &'a str) -> bool {
        if self.few[..self.len].contains(&text) {
            return false;
        }
        match self.few.get_mut(self.len) {
            Some(slot) => {
                *slot = text;
                self.len += 1;
                true
            }
            None => self.many.get_or_insert_default().insert(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seen_few_and_many() {
        let texts: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let mut seen = Seen::default();
        assert!(texts.iter().all(|t| seen.insert(t)));
        assert!(!texts.iter().any(|t| seen.insert(t)));
    }
}
