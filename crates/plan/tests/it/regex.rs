//! Regular expressions.

use dragnet_plan::pattern::{Dialect, RegexPattern};

#[track_caller]
fn lucene(pattern: &str, text: &str, expected: bool) {
    let regex = RegexPattern::new(pattern, false, Dialect::Lucene).unwrap();
    assert_eq!(regex.is_match(text), expected, "{pattern} on {text}");
}

#[test]
fn lucene_basics() {
    lucene("ab|cd", "cd", true);
    lucene("ab|cd", "abd", false);
    lucene(".*?net1[ ]+localgroup.*?", "x net1   localgroup y", true);
    lucene("^a$", "^a$", true);
    lucene("<1-31>", "031", true);
    lucene("<01-31>", "031", false);
    lucene("~(ab)", "ab", false);
    lucene("~(ab)", "", true);
    lucene("[a-z]+&.{3}", "abc", true);
    lucene("[a-z]+&.{3}", "abcd", false);
}
