//! Analysed text: cut into words, and what can be asked of them.
//!
//! Elasticsearch searches a `text` field by its words, not as a whole. Which words there are depends on
//! the field's analyzer; what a query asks for goes through the same one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use dragnet_event::lowercase;
use unicode_segmentation::UnicodeSegmentation;

use crate::condition::Literal;
use crate::pattern::{Fuzzy, RegexPattern, Wildcard};

/// How text is cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Analyzer {
    /// At the word boundaries of Unicode (Elasticsearch: `standard`, the default).
    Standard,
    /// Words are runs of ASCII letters, digits, `_` and `-` (Elastic's integration for Windows:
    /// `powershell_script_analyzer`).
    PowerShell,
}

/// The longest word of [`Analyzer::Standard`] in characters; longer ones are cut (Elasticsearch:
/// `max_token_length`).
const MAX_WORD: usize = 255;

impl Analyzer {
    /// Every analyzer.
    pub const ALL: [Analyzer; 2] = [Analyzer::Standard, Analyzer::PowerShell];

    /// Elasticsearch's name.
    pub const fn name(self) -> &'static str {
        match self {
            Analyzer::Standard => "standard",
            Analyzer::PowerShell => "powershell_script_analyzer",
        }
    }

    /// The words of a text, in order and in lower case.
    pub fn words(self, text: &str) -> Vec<Box<str>> {
        let text = lowercase(text);
        self.places(&text).into_iter().map(|(start, end)| text[start..end].into()).collect()
    }

    /// A part of a word, as words are written: in lower case, and not cut.
    pub fn normalize(self, text: &str) -> Cow<'_, str> {
        lowercase(text)
    }

    /// Where the words stand in a text in lower case.
    fn places(self, text: &str) -> Vec<(usize, usize)> {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        match self {
            Analyzer::Standard => {
                let mut places = Vec::new();
                for (start, word) in text.unicode_word_indices() {
                    let end = start + word.len();
                    if word.len() <= MAX_WORD {
                        places.push((start, end));
                        continue;
                    }
                    let cuts = word.char_indices().step_by(MAX_WORD).map(|(at, _)| start + at);
                    let cuts: Vec<usize> = cuts.chain([end]).collect();
                    places.extend(cuts.windows(2).map(|pair| (pair[0], pair[1])));
                }
                places
            }
            Analyzer::PowerShell => {
                let mut places = Vec::new();
                let mut start = None;
                for (at, byte) in text.bytes().chain([b' ']).enumerate() {
                    match (is_word(byte), start) {
                        (true, None) => start = Some(at),
                        (false, Some(from)) => {
                            places.push((from, at));
                            start = None;
                        }
                        _ => {}
                    }
                }
                places
            }
        }
    }
}

/// A text that is cut into words.
#[derive(Debug)]
pub struct Words<'t> {
    /// In lower case.
    text: &'t str,
    places: Vec<(usize, usize)>,
}

impl<'t> Words<'t> {
    /// Cuts a text, which must be in lower case.
    pub fn new(analyzer: Analyzer, lower: &'t str) -> Words<'t> {
        Words { text: lower, places: analyzer.places(lower) }
    }

    fn iter(&self) -> impl Iterator<Item = &'t str> {
        self.places.iter().map(|(start, end)| &self.text[*start..*end])
    }

    fn get(&self, at: usize) -> Option<&'t str> {
        self.places.get(at).map(|(start, end)| &self.text[*start..*end])
    }
}

/// What is asked of the words of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WordTest {
    /// These words in this order, one after the other (`match_phrase`). `slop` is by how many places
    /// altogether they may be out of line. Never empty.
    Phrase {
        /// The words.
        words: Vec<Box<str>>,
        /// See above.
        slop: u32,
    },
    /// At least one of these words (`match`). Never empty.
    AnyOf(Vec<Box<str>>),
    /// A word matches one of these patterns. Never empty.
    Like(Vec<Wildcard>),
    /// A word is near this one.
    Fuzzy(Fuzzy),
    /// A word matches the expression from end to end.
    Regex(RegexPattern),
}

impl WordTest {
    /// Whether it holds of a text's words.
    pub fn is_match(&self, words: &Words<'_>) -> bool {
        match self {
            WordTest::Phrase { words: wanted, slop: 0 } => has_phrase(words, wanted),
            WordTest::Phrase { words: wanted, slop } => has_loose_phrase(words, wanted, *slop),
            WordTest::AnyOf(wanted) => words.iter().any(|word| wanted.iter().any(|w| **w == *word)),
            WordTest::Like(patterns) => {
                words.iter().any(|word| patterns.iter().any(|pattern| pattern.is_match(word)))
            }
            WordTest::Fuzzy(fuzzy) => words.iter().any(|word| fuzzy.is_match(word)),
            WordTest::Regex(regex) => words.iter().any(|word| regex.is_match(word)),
        }
    }

    /// Texts of which a matching one, in lower case, contains at least one: a prefilter. `None` if nothing
    /// of the kind can be said.
    pub fn fragments(&self) -> Option<Vec<&str>> {
        let fragments: Vec<&str> = match self {
            WordTest::Phrase { words, .. } => {
                words.iter().max_by_key(|word| word.len()).map(|word| &**word).into_iter().collect()
            }
            WordTest::AnyOf(words) => words.iter().map(|word| &**word).collect(),
            WordTest::Like(patterns) => patterns.iter().map(Wildcard::longest_literal).collect(),
            WordTest::Fuzzy(_) | WordTest::Regex(_) => return None,
        };
        let is_useful = !fragments.is_empty() && fragments.iter().all(|text| !text.is_empty());
        is_useful.then_some(fragments)
    }
}

fn has_phrase(words: &Words<'_>, wanted: &[Box<str>]) -> bool {
    let last = (words.places.len() + 1).saturating_sub(wanted.len());
    (0..last).any(|at| {
        (at..).zip(wanted).all(|(at, wanted)| words.get(at).is_some_and(|word| *word == **wanted))
    })
}

/// Whether the words can be laid on words of the text so that the greatest and the least of the distances
/// between where one stands in the phrase and where it stands in the text differ by no more than `slop`
/// (Lucene: a sloppy phrase; two swapped neighbours differ by two).
fn has_loose_phrase(words: &Words<'_>, wanted: &[Box<str>], slop: u32) -> bool {
    let mut found: HashMap<&str, Vec<i64>> =
        wanted.iter().map(|word| (&**word, Vec::new())).collect();
    for (at, word) in words.iter().enumerate() {
        if let Some(places) = found.get_mut(word) {
            places.push(at as i64);
        }
    }
    if found.values().any(Vec::is_empty) {
        return false;
    }
    let places = |word: &str| found.get(word).map_or(&[][..], Vec::as_slice);
    // The least distance is that of some word at some place.
    let least = wanted
        .iter()
        .enumerate()
        .flat_map(|(i, word)| places(word).iter().map(move |place| place - i as i64));
    let mut tried: Vec<i64> = least.collect();
    tried.sort_unstable();
    tried.dedup();
    tried.into_iter().any(|least| {
        // A word that the phrase has twice takes two places. For equal words the first free place is the best
        // one, since a later word also may stand later.
        let mut next: HashMap<&str, i64> = HashMap::new();
        (0..).zip(wanted).all(|(i, word)| {
            let from = (least + i).max(next.get(&**word).copied().unwrap_or(i64::MIN));
            let places = places(word);
            match places.get(places.partition_point(|place| *place < from)) {
                Some(place) if *place <= least + i + i64::from(slop) => {
                    next.insert(word, place + 1);
                    true
                }
                _ => false,
            }
        })
    })
}

impl Display for WordTest {
    /// What follows the field: `has words "a b"`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| Literal::Str(text.into());
        let list = |f: &mut Formatter<'_>, texts: Vec<&str>| {
            for (i, text) in texts.into_iter().enumerate() {
                write!(f, "{}{}", if i > 0 { ", " } else { "" }, quoted(text))?;
            }
            Ok(())
        };
        match self {
            WordTest::Phrase { words, slop } => {
                write!(f, "has words {}", quoted(&words.join(" ")))?;
                if *slop > 0 { write!(f, "~{slop}") } else { Ok(()) }
            }
            WordTest::AnyOf(words) => {
                f.write_str("has any word of ")?;
                list(f, words.iter().map(|word| &**word).collect())
            }
            WordTest::Like(patterns) => {
                f.write_str("has a word like ")?;
                list(f, patterns.iter().map(Wildcard::text).collect())
            }
            WordTest::Fuzzy(fuzzy) => {
                write!(f, "has a word near {}~{}", quoted(fuzzy.text()), fuzzy.steps())
            }
            WordTest::Regex(regex) => write!(f, "has a word of regex {}", quoted(regex.text())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn words(analyzer: Analyzer, text: &str, expected: &[&str]) {
        let found = analyzer.words(text);
        assert_eq!(found.iter().map(|word| &**word).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn standard_words() {
        words(
            Analyzer::Standard,
            "The 2 QUICK, Brown-Foxes!",
            &["the", "2", "quick", "brown", "foxes"],
        );
        words(Analyzer::Standard, "foo_bar cmd.exe it's", &["foo_bar", "cmd.exe", "it's"]);
        words(Analyzer::Standard, r"C:\Windows\System32", &["c", "windows", "system32"]);
        words(Analyzer::Standard, "Ärger 日本", &["ärger", "日", "本"]);
        words(Analyzer::Standard, "  -- ", &[]);
        let long = "a".repeat(300);
        words(Analyzer::Standard, &long, &[&long[..255], &long[255..]]);
    }

    #[test]
    fn powershell_words() {
        words(Analyzer::PowerShell, "$x=Get-Item('a_b.c')", &["x", "get-item", "a_b", "c"]);
        words(Analyzer::PowerShell, "", &[]);
        // Letters beyond ASCII separate words there.
        words(Analyzer::PowerShell, "straße", &["stra", "e"]);
    }

    #[track_caller]
    fn phrase(text: &str, wanted: &str, slop: u32, expected: bool) {
        let asked = WordTest::Phrase { words: Analyzer::Standard.words(wanted), slop };
        let lower = lowercase(text);
        let found = asked.is_match(&Words::new(Analyzer::Standard, &lower));
        assert_eq!(found, expected, "{wanted}~{slop} in {text}");
    }

    #[test]
    fn phrases() {
        phrase("the quick brown fox", "Quick Brown", 0, true);
        phrase("the quick brown fox", "quick fox", 0, false);
        phrase("the quick", "the quick brown", 0, false);
        phrase("the quick brown fox", "quick fox", 1, true);
        phrase("the quick brown fox", "the fox", 1, false);
        phrase("the quick brown fox", "the fox", 2, true);
        phrase("a b", "b a", 1, false);
        phrase("a b", "b a", 2, true);
        phrase("a b", "a a", 5, false);
        phrase("a x a", "a a", 1, true);
    }

    #[test]
    fn tests_print() {
        let any = WordTest::AnyOf(vec!["a".into(), "b".into()]);
        assert_eq!(any.to_string(), r#"has any word of "a", "b""#);
        let phrase = WordTest::Phrase { words: vec!["a".into(), "b".into()], slop: 2 };
        assert_eq!(phrase.to_string(), r#"has words "a b"~2"#);
    }
}
