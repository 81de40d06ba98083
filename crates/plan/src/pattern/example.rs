//! Texts that a regular expression matches.

use regex_syntax::hir::ClassUnicode;

use super::node::{Kind, Node};
use super::regex::RegexPattern;

/// The longest text that is made, in bytes, about: repetitions stop adding beyond it.
const MAX_TEXT: usize = 4096;
/// What "any character" becomes, in this order of preference.
const PLAIN: &[char] = &['q', '7', 'Q', 'x', '.', '-', '/'];

impl RegexPattern {
    /// Up to `limit` different texts that the expression matches; few or none where it is hard to
    /// find any (complement and intersection are tried, not solved). The same at every call.
    pub fn examples(&self, limit: usize) -> Vec<String> {
        let Ok(node) = self.parsed() else { return Vec::new() };
        let mut found: Vec<String> = Vec::new();
        // Every round decides choices differently, and repeats what may be repeated more often.
        for round in 0..limit.saturating_mul(4) {
            if found.len() >= limit {
                break;
            }
            let mut text = String::new();
            let mut choices = Choices { round, state: round as u64 };
            if write(&node, &mut choices, &mut text)
                && !found.contains(&text)
                && self.is_match(&text)
            {
                found.push(text);
            }
        }
        found
    }
}

/// Decides between alternatives: the first ones in the first round, scattered ones later.
struct Choices {
    round: usize,
    state: u64,
}

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        if self.round == 0 || count < 2 {
            return 0;
        }
        // Knuth's linear congruential generator: spread is all that matters.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.state >> 33) as usize % count
    }
}

/// Appends a text that the expression matches; `false` if none was found. The recursion is as deep as
/// the expression, which is bounded.
fn write(node: &Node, choices: &mut Choices, text: &mut String) -> bool {
    match &node.kind {
        Kind::Class(class) => pick(class, choices).is_some_and(|c| {
            text.push(c);
            true
        }),
        Kind::Concat(parts) => parts.iter().all(|part| write(part, choices, text)),
        Kind::Any(parts) => {
            let first = choices.below(parts.len());
            let (before, after) = parts.split_at(first);
            after.iter().chain(before).any(|part| {
                let len = text.len();
                let done = write(part, choices, text);
                if !done {
                    text.truncate(len);
                }
                done
            })
        }
        Kind::Repeat(inner, min, max) => {
            let most = max.unwrap_or(u32::MAX).min(min.saturating_add(3));
            let count = min + choices.below((most.saturating_sub(*min) + 1) as usize) as u32;
            (0..count).all(|_| text.len() > MAX_TEXT || write(inner, choices, text))
        }
        // A guess, which the whole expression then judges.
        Kind::All(parts) => {
            let at = choices.below(parts.len());
            parts.get(at).is_none_or(|part| write(part, choices, text))
        }
        Kind::Not(_) => {
            if choices.round > 0 {
                text.push(PLAIN[choices.below(PLAIN.len())]);
            }
            true
        }
        Kind::Look(_) => true,
    }
}

/// A character of a class: a plain one if there is one.
fn pick(class: &ClassUnicode, choices: &mut Choices) -> Option<char> {
    let holds = |c: char| class.ranges().iter().any(|r| r.start() <= c && c <= r.end());
    let plain: Vec<char> = PLAIN.iter().copied().filter(|c| holds(*c)).collect();
    if !plain.is_empty() {
        return plain.get(choices.below(plain.len())).copied();
    }
    let at = choices.below(class.ranges().len());
    let range = class.ranges().get(at)?;
    let width = (range.end() as u32 - range.start() as u32).min(9) + 1;
    let offset = choices.below(width as usize) as u32;
    char::from_u32(range.start() as u32 + offset).or(Some(range.start()))
}

#[cfg(test)]
mod tests {
    use crate::pattern::{Dialect, RegexPattern};

    #[track_caller]
    fn check(text: &str, dialect: Dialect, least: usize) {
        let pattern = RegexPattern::new(text, true, dialect).unwrap();
        let examples = pattern.examples(4);
        assert!(examples.len() >= least, "{text}: {examples:?}");
        assert!(examples.iter().all(|example| pattern.is_match(example)), "{examples:?}");
    }

    #[test]
    fn examples_match() {
        check("abc", Dialect::Lucene, 1);
        check(r"[A-Z]:\\(Users|Temp)\\.+\.exe", Dialect::Lucene, 4);
        check("[0-9]{1,3}(\\.[0-9]{1,3}){3}", Dialect::Lucene, 4);
        check("(quay|berth)&.*th", Dialect::Lucene, 1);
        check("~(a.*)", Dialect::Lucene, 2);
        check("^\\w+\\s*=\\s*\\d+$", Dialect::Java, 4);
        check("(a|b)*c", Dialect::Java, 3);
    }

    #[test]
    fn what_matches_nothing_has_no_examples() {
        check("a&b", Dialect::Lucene, 0);
        let pattern = RegexPattern::new("a&b", false, Dialect::Lucene).unwrap();
        assert!(pattern.examples(4).is_empty());
        let pattern = RegexPattern::new("x{3000}", false, Dialect::Lucene).unwrap();
        assert_eq!(pattern.examples(1)[0].len(), 3000);
    }
}
