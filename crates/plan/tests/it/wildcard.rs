//! Wildcards.

use dragnet_plan::pattern::{Wildcard, WildcardPart};
use proptest::prelude::*;

#[track_caller]
fn check(pattern: &str, text: &str, expected: bool) {
    assert_eq!(Wildcard::new(pattern, false).is_match(text), expected, "{pattern} on {text}");
}

#[track_caller]
fn check_fold(pattern: &str, text: &str, expected: bool) {
    assert_eq!(
        Wildcard::new(pattern, true).is_match(text),
        expected,
        "{pattern} on {text}, folded"
    );
}

#[test]
fn literals_match_themselves() {
    check("cmd.exe", "cmd.exe", true);
    check("cmd.exe", "CMD.exe", false);
    check("cmd.exe", "cmd.exe ", false);
    check("", "", true);
    check("", "x", false);
    check_fold("cmd.exe", "CMD.exe", true);
    check_fold("cmd.exe", "cmd-exe", false);
}

#[test]
fn stars_are_any_run() {
    check("*", "", true);
    check("*", "anything\nat all", true);
    check("**", "", true);
    check("a*b", "ab", true);
    check("a*b", "axxb", true);
    check("a*a", "a", false);
    check("ab*ba", "aba", false);
    check("*a*b*", "xxbxa", false);
    check("*a*b*", "xxaxbx", true);
    check("*aab", "aaab", true);
    check("*aba*aba*", "ababa", false);
    check("*aba*aba*", "abaaba", true);
    check("*.exe", ".exe", true);
    check("*.exe", "a.exe.txt", false);
}

#[test]
fn question_marks_are_one_character() {
    check("?", "", false);
    check("?", "a", true);
    check("?", "é", true);
    check("?", "\u{1f600}", true);
    check("??", "\u{1f600}", false);
    check("e\u{301}", "é", false);
    check("a?c", "abc", true);
    check("a?c", "ac", false);
    check("?*", "", false);
    check("*?", "x", true);
    check("*?*", "", false);
    check("*??*", "é", false);
    check("*??*", "éé", true);
    check("*?b?*", "b", false);
    check("*?b?*", "abc", true);
    check("*?b?d*", "bbd", false);
    check("*?b?d*", "xbbbd", true);
    check("*a??", "aéé", true);
    check("*a??", "aé", false);
    check("??a*", "ééab", true);
    check("*é?", "éé", true);
    check("x*?é?", "xé", false);
}

#[test]
fn nothing_is_an_escape() {
    check(r"C:\*", r"C:\Windows", true);
    check(r"\*", r"\anything", true);
    check(r"\?", r"\x", true);
    check(r"\*", "*", false);
    check("[a]*", "[a]b", true);
    check("a%_", "a%_", true);
}

#[test]
fn only_ascii_folds() {
    check_fold("*POWER*shell*", r"C:\PowerShell.exe", true);
    check_fold(r"?:\\windows\\*", r"C:\\WINDOWS\\x", true);
    check_fold("É*", "éa", false);
    check_fold("*k*", "\u{212a}", false);
    check_fold("*[*", "{", false);
    check_fold("*@x", "`X", false);
    check_fold("straße*", "STRAßE 1", true);
}

#[test]
fn literal_parts() {
    let longest = |p: &str| Wildcard::new(p, true).longest_literal().to_owned();
    assert_eq!(longest("*Foo?Barbaz*qux"), "Barbaz");
    assert_eq!(longest("**?"), "");
    assert_eq!(longest("plain"), "plain");
    assert_eq!(Wildcard::new("plain", true).literal(), Some("plain"));
    assert_eq!(Wildcard::new("pl?in", true).literal(), None);
}

#[test]
fn parts_may_hold_stars_that_are_none() {
    use WildcardPart::{One, Run, Text};
    let text = |t: &str| Text(t.to_owned());
    let check = |parts: &[WildcardPart], shown: &str, matching: &str, other: &str| {
        let pattern = Wildcard::from_parts(parts, false);
        assert_eq!(pattern.text(), shown);
        assert!(pattern.is_match(matching) && !pattern.is_match(other), "{shown}");
    };
    check(&[text("a*b"), Run], r"a\*b*", "a*bc", "axbc");
    check(&[text("a"), text("?"), One, One, text("\\")], r"a\???\\", r"a?xy\", r"axxy\");
    check(&[text("a"), text("*")], r"a\*", "a*", "ab");
    check(&[text(r"a\"), Run], r"a\*", r"a\b", "ab");
    assert_eq!(Wildcard::from_parts(&[text(r"a\"), Run], false), Wildcard::new(r"a\*", false));
    assert_ne!(Wildcard::from_parts(&[text("a*")], false), Wildcard::new(r"a\*", false));
    assert_eq!(Wildcard::from_parts(&[text("a*")], false).literal(), Some("a*"));
}

#[test]
fn equality_is_by_text_and_case() {
    let (a, b) = (Wildcard::new("a*", true), Wildcard::new("a*", true));
    assert_eq!(a, b);
    assert_ne!(a, Wildcard::new("a*", false));
    assert_eq!(std::collections::HashSet::from([a, b]).len(), 1);
}

/// The definition, without any cleverness.
fn naive(pattern: &[char], text: &[char], fold: bool) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|at| naive(rest, &text[at..], fold)),
        Some((p, rest)) => text.split_first().is_some_and(|(t, tail)| {
            let same = p == t || (fold && p.eq_ignore_ascii_case(t));
            (*p == '?' || same) && naive(rest, tail, fold)
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn agrees_with_the_definition(pattern in "[abAé?*\u{1f600}]{0,9}", text in "[abABé\u{1f600}]{0,14}", fold: bool) {
        let chars = |s: &str| s.chars().collect::<Vec<_>>();
        let expected = naive(&chars(&pattern), &chars(&text), fold);
        let wildcard = Wildcard::new(&pattern, fold);
        prop_assert_eq!(wildcard.is_match(&text), expected);
        if expected {
            let (text, part) = (text.to_ascii_lowercase(), wildcard.longest_literal().to_ascii_lowercase());
            prop_assert!(text.contains(&part));
        }
    }
}
