//! Regular expressions of both dialects.

use dragnet_plan::pattern::{Dialect, RegexPattern};

/// Whether a Lucene expression matches a text.
#[track_caller]
fn lucene(pattern: &str, text: &str, expected: bool) {
    let regex = RegexPattern::new(pattern, false, Dialect::Lucene).unwrap();
    assert_eq!(regex.is_match(text), expected, "{pattern} on {text:?}");
}

#[track_caller]
fn lucene_fold(pattern: &str, text: &str, expected: bool) {
    let regex = RegexPattern::new(pattern, true, Dialect::Lucene).unwrap();
    assert_eq!(regex.is_match(text), expected, "{pattern} on {text:?}, folded");
}

#[track_caller]
fn java(pattern: &str, text: &str, expected: bool) {
    let regex = RegexPattern::new(pattern, false, Dialect::Java).unwrap();
    assert_eq!(regex.is_match(text), expected, "{pattern} on {text:?}");
}

#[track_caller]
fn java_fold(pattern: &str, text: &str, expected: bool) {
    let regex = RegexPattern::new(pattern, true, Dialect::Java).unwrap();
    assert_eq!(regex.is_match(text), expected, "{pattern} on {text:?}, folded");
}

/// The part of the pattern that the error points at, and a part of its message.
#[track_caller]
fn error(dialect: Dialect, pattern: &str, at: &str, message: &str) {
    let error = RegexPattern::new(pattern, false, dialect).unwrap_err();
    assert!(error.message.contains(message), "{pattern}: {}", error.message);
    assert_eq!(&pattern[error.span.clone()], at, "{pattern}: {}", error.message);
}

#[test]
fn lucene_matches_whole_texts() {
    lucene("", "", true);
    lucene("", "a", false);
    lucene("ab", "ab", true);
    lucene("ab", "abc", false);
    lucene("ab", "xab", false);
    lucene("ab|cd", "cd", true);
    lucene("ab|cd", "abd", false);
    lucene(".*ab.*", "xxabxx", true);
    lucene(".*ab", "xxabx", false);
    lucene("ab.*", "abx", true);
    lucene("ab.*", "xab", false);
}

#[test]
fn lucene_repetition() {
    lucene("ab?", "a", true);
    lucene("ab*", "abbb", true);
    lucene("(ab)+", "abab", true);
    lucene("(ab)+", "", false);
    lucene("a{3}", "aaa", true);
    lucene("a{3}", "aa", false);
    lucene("a{2,}", "aaaaa", true);
    lucene("a{2,}", "a", false);
    lucene("a{2,3}", "aaaa", false);
    lucene("a{0}b", "b", true);
    // The wrong way round: no text at all.
    lucene("a{3,2}", "aaa", false);
    lucene("a{3,2}|b", "b", true);
    // What would be lazy elsewhere is one more optional.
    lucene(".*?x.*?", "axb", true);
    lucene("a+?", "", true);
    lucene("a{2}{2}", "aaaa", true);
    lucene("a{2}{2}", "aaa", false);
}

#[test]
fn lucene_characters() {
    lucene(".", "\n", true);
    lucene(".", "é", true);
    lucene(".", "\u{1f600}", true);
    lucene("..", "\u{1f600}", false);
    lucene("^a$", "^a$", true);
    lucene("^a$", "a", false);
    lucene(r"\.\*\?\|\(\)\[\]\{\}\\", r".*?|()[]{}\", true);
    lucene(r#"\"\~\&\#\@\<\>"#, "\"~&#@<>", true);
    lucene(r"C:\\W.*", r"C:\Windows", true);
    lucene(r"\é", "é", true);
    lucene("a-b_c/d:e", "a-b_c/d:e", true);
    lucene("a}b]c>", "a}b]c>", true);
}

#[test]
fn lucene_classes() {
    lucene("[abc]", "b", true);
    lucene("[a-c]+", "abcabc", true);
    lucene("[^a-c]", "d", true);
    lucene("[^a-c]", "b", false);
    lucene("[^a]", "\n", true);
    lucene("[^a]", "", false);
    lucene("[]a]+", "]a", true);
    lucene("[^]]", "]", false);
    lucene("[-a]+", "-a", true);
    lucene("[a-c-e]+", "b-e", true);
    lucene("[a-c-e]+", "d", false);
    lucene(r"[\]\-\\]+", r"]-\", true);
    lucene(r"[a\-c]+", "b", false);
    lucene(r"[\\-x]+", r"\-x", true);
    lucene(r"[\\-x]+", "a", false);
    lucene("[.*+?(){}|&~#@\"<>]+", ".*+?(){}|&~#@\"<>", true);
    lucene("[.]", "a", false);
    lucene("[α-ω]+", "λογος", true);
    lucene(r"\d+\D\s\S\w\W", "12a\tbc.", true);
    lucene(r"[\d.]+", "1.2", true);
    lucene(r"[^\d\s]", " ", false);
    lucene(r"\s+", " \t\r\n", true);
    lucene(r"\s", "\u{b}", false);
    lucene(r"\d", "\u{663}", false);
    lucene(r"\w", "é", false);
}

#[test]
fn lucene_strings_and_the_rest() {
    lucene("\"a.b*\"c", "a.b*c", true);
    lucene("\"a.b\"", "axb", false);
    lucene("\"\"x", "x", true);
    lucene("()", "", true);
    lucene("a()b", "ab", true);
    lucene("()|a", "", true);
    lucene("@", "", true);
    lucene("@", "any\nthing", true);
    lucene("a@b@c", "a1b2c", true);
    lucene("#", "", false);
    lucene("a#", "a", false);
    lucene("a|#", "a", true);
    lucene("#*", "", true);
    lucene("((((a))))", "a", true);
}

#[test]
fn lucene_operators_where_operands_are_due_are_text() {
    lucene("*a", "*a", true);
    lucene("?", "?", true);
    lucene("|a", "|a", true);
    lucene("a||b", "|b", true);
    lucene("a||b", "b", false);
    lucene("(|a)", "|a", true);
    lucene("+{2}", "++", true);
    lucene(")", ")", true);
    lucene("&", "&", true);
}

#[test]
fn lucene_complement_and_intersection() {
    lucene("~(ab)", "ab", false);
    lucene("~(ab)", "", true);
    lucene("~(ab)", "abc", true);
    // Anything but `a`, then `b`.
    lucene("~ab", "ab", false);
    lucene("~ab", "xb", true);
    lucene("~ab", "b", true);
    lucene("~ab", "a", false);
    lucene("~~a", "a", true);
    lucene("~~a", "b", false);
    lucene("~~~a", "a", false);
    lucene("~(.*foo.*)", "a foo b", false);
    lucene("~(.*foo.*)", "a fo o b", true);
    lucene("a~(b*)c", "abbc", false);
    lucene("a~(b*)c", "abbxc", true);
    lucene("~[a-c]", "b", false);
    lucene("~[a-c]", "bb", true);
    lucene("~@", "x", false);
    lucene("~#", "x", true);
    lucene("~()", "", false);
    lucene("~()", "x", true);
    lucene("[a-z]+&.{3}", "abc", true);
    lucene("[a-z]+&.{3}", "abcd", false);
    lucene("@foo@&@bar@", "bar and foo", true);
    lucene("@foo@&@bar@", "foo and foo", false);
    lucene("a&b|c", "c", true);
    lucene("@a@&~(@b@)&...", "xax", true);
    lucene("@a@&~(@b@)&...", "xab", false);
    lucene("~(\u{d7ff})", "\u{e000}", true);
    lucene("~([^a-\u{d7ff}])", "\u{e000}", false);
    lucene("~(é+)", "éé", false);
    lucene("~(é+)", "éè", true);
    lucene("(~a){2}", "aa", true);
    lucene("(a&b)*", "", true);
    lucene("(a&b)+", "", false);
}

#[test]
fn lucene_intervals() {
    for (low, high) in [(0, 0), (1, 1), (0, 9), (3, 12), (8, 101), (99, 100), (17, 1234), (0, 999)]
    {
        let narrow = format!("<{low}-{high}>");
        let width = high.to_string().len();
        let padded = format!("<{low:0width$}-{high}>");
        let turned = format!("<{high}-{low:0width$}>");
        for n in 0..1500 {
            let within = (low..=high).contains(&n);
            // The narrow form is itself of one width if both numbers are.
            if low.to_string().len() != width {
                lucene(&narrow, &n.to_string(), within);
                lucene(&narrow, &format!("000{n}"), within);
            }
            let text = format!("{n:0width$}");
            lucene(&padded, &text, within);
            lucene(&turned, &text, within);
            lucene(&padded, &format!("0{text}"), false);
        }
    }
    lucene("<1-31>", "031", true);
    lucene("<01-31>", "031", false);
    lucene("<01-31>", "1", false);
    lucene("v<1-10>.<0-99>", "v10.7", true);
    lucene("<0-2147483647>", "2147483647", true);
    lucene("<0-2147483647>", "2147483648", false);
    lucene("~<1-5>", "3", false);
    lucene("~<1-5>", "6", true);
}

#[test]
fn lucene_case() {
    lucene("abc", "ABC", false);
    lucene_fold("abc", "aBC", true);
    lucene_fold("\"abc\"", "ABC", true);
    lucene_fold("[abc]+", "CBA", true);
    lucene_fold("[^a]", "A", false);
    lucene_fold("é", "É", false);
    lucene_fold("k", "\u{212a}", false);
    lucene_fold("~(ab)", "AB", false);
    // Ranges keep their case.
    lucene_fold("[a-z]", "B", false);
    lucene_fold("[a-zA-Z]", "B", true);
}

#[test]
fn lucene_errors() {
    let error = |pattern, at, message| error(Dialect::Lucene, pattern, at, message);
    error("ab[cd", "[cd", "`[` is not closed");
    error("ab[", "[", "`[` is not closed");
    error("ab(cd", "(", "`(` is not closed");
    error("a(b(c)", "(", "`(` is not closed");
    error("ab)c", ")", "unmatched `)`");
    error("a\"bc", "\"", "`\"` is not closed");
    error("a<1-2", "<", "`<` is not closed");
    error("a{", "{", "a number is expected");
    error("a{x}", "{", "a number is expected");
    error("a{1", "{1", "is not closed by `}`");
    error("a{1,2x", "{1,2", "is not closed by `}`");
    error("a{99999999999}", "{99999999999", "too large");
    error("a|", "", "ends too early");
    error("a&", "", "ends too early");
    error("a\\", "", "ends too early");
    error("~", "", "ends too early");
    error(r"a\n", r"\n", "no character class");
    error(r"[\x]", r"\x", "no character class");
    error("[z-a]", "z-a", "the wrong way round");
    error("[a-]", "a-]", "the wrong way round");
    error("<a-b>", "<a-b>", "not an interval");
    error("<1-2-3>", "<1-2-3>", "not an interval");
    error("<name>", "<name>", "not an interval");
    error("<1-99999999999>", "<1-99999999999>", "not an interval");
    error("é[", "[", "`[` is not closed");
}

#[test]
fn java_syntax() {
    java("", "", true);
    java("ab", "xab", false);
    java("a|", "", true);
    java("(?:a|b)+", "abba", true);
    java("(?<name>a)b", "ab", true);
    java(".*?b", "aab", true);
    java("a{2,3}?", "aaa", true);
    java(".", "\n", false);
    java(".", "\u{2028}", false);
    java("(?s).", "\n", true);
    java("(?d).", "\r", true);
    java("^ab$", "ab", true);
    java("^ab$", "ab\n", false);
    java("a$", "a", true);
    java("(?m)a$\n^b", "a\nb", true);
    java("a$\n^b", "a\nb", false);
    java(r"\Aa\z", "a", true);
    java(r"\ba\b.*", "a b", true);
    java(r".\bb", "ab", false);
    java(r".\Bb", "ab", true);
    java(r"\Qa.*\Eb", "a.*b", true);
    java(r"\Qab\E+", "abb", true);
    java(r"\Qa", "a", true);
    java(r"\R", "\r\n", true);
    java("a]b}", "a]b}", true);
    java("a~b&c#@\"<1-3>", "a~b&c#@\"<1-3>", true);
    java("(?x) a b # comment\n c", "abc", true);
}

#[test]
fn java_classes() {
    java(r"\d\D\s\S\w\W\h\v\V", "1a\u{b}a_.\t\nx", true);
    java(r"\d", "\u{663}", false);
    java("[]a]+", "]a", true);
    java("[a-c[x-z]]+", "ay", true);
    java("[a-z&&[^b-y]]+", "az", true);
    java("[a-z&&[^b-y]]+", "b", false);
    java("[a-z&&def]", "d", true);
    java("[a-z&&def]", "a", false);
    java("[^a-z&&def]", "a", true);
    java("[a-]+", "a-", true);
    java("[a&]+", "&", true);
    java(r"[\d\-x]+", "1-x", true);
    java(r"[\w&&[^\d]]", "1", false);
    java(r"\x41\u0042\x{43}\0104\t\cA", "ABCD\t\u{1}", true);
    java(r"[\x41-\x43]+", "ABC", true);
    java(r"\p{Upper}\P{Upper}\p{Punct}", "Aa!", true);
}

#[test]
fn java_case() {
    java_fold("abc", "ABC", true);
    java_fold("[a-c]+", "ABC", true);
    java_fold("[^a-c]", "B", false);
    java_fold("é", "É", false);
    java_fold("k", "\u{212a}", false);
    java_fold("a(?-i)b", "Ab", true);
    java_fold("a(?-i)b", "AB", false);
    java("(?i)ab", "AB", true);
    java("(?i:a)b", "Ab", true);
    java("(?i:a)b", "AB", false);
    java("((?i)a)b", "AB", false);
    java_fold(r"\Qab\E", "AB", true);
    java_fold(r"\x41", "a", true);
}

#[test]
fn java_errors() {
    let error = |pattern, at, message| error(Dialect::Java, pattern, at, message);
    error("(?=a)", "(?=", "lookahead is not supported");
    error("x(?<!a)", "(?<!", "lookbehind is not supported");
    error("(?>a)", "(?>", "atomic groups are not supported");
    error(r"(a)\1", r"\1", "backreferences are not supported");
    error(r"(?<n>a)\k<n>", r"\k", "backreferences are not supported");
    error("a*+", "*+", "possessive quantifiers are not supported");
    error("(a", "(", "`(` is not closed");
    error("a)", ")", "unmatched `)`");
    error("[a", "[a", "`[` is not closed");
    error("[]", "[]", "`[` is not closed");
    error("*a", "*", "nothing stands before `*`");
    error("a**", "*", "nothing stands before `*`");
    error("{2}", "{", "nothing stands before `{`");
    error("a{2", "{2", "is not closed by `}`");
    error("a{3,2}", "{3,2}", "the wrong way round");
    error("[z-a]", "z-a", "the range is malformed");
    error(r"\y", r"\y", "no escape");
    error(r"\p{IsGreek}", r"\p", "`IsGreek` is not supported");
    error("(?u)a", "(?u", "the flag `u` is not supported");
    error(r"\xZZ", r"\x", "code is malformed");
    error("a\\", "", "ends too early");
}

/// A definition of Lucene's expressions, and how to write each down.
mod definition {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{Dialect, RegexPattern};

    #[derive(Debug, Clone)]
    enum Ast {
        Text(String),
        Dot,
        Anything,
        Nothing,
        Class(bool, char),
        Concat(Box<Ast>, Box<Ast>),
        Or(Box<Ast>, Box<Ast>),
        And(Box<Ast>, Box<Ast>),
        Not(Box<Ast>),
        Repeat(Box<Ast>, usize, Option<usize>),
    }

    impl Ast {
        fn write(&self) -> String {
            match self {
                Ast::Text(text) if text.is_empty() => "()".into(),
                Ast::Text(text) => text.clone(),
                Ast::Dot => ".".into(),
                Ast::Anything => "@".into(),
                Ast::Nothing => "#".into(),
                Ast::Class(negated, c) => format!("[{}{c}]", if *negated { "^" } else { "" }),
                Ast::Concat(a, b) => format!("({})({})", a.write(), b.write()),
                Ast::Or(a, b) => format!("({})|({})", a.write(), b.write()),
                Ast::And(a, b) => format!("({})&({})", a.write(), b.write()),
                Ast::Not(a) => format!("~({})", a.write()),
                Ast::Repeat(a, 0, Some(1)) => format!("({})?", a.write()),
                Ast::Repeat(a, 0, None) => format!("({})*", a.write()),
                Ast::Repeat(a, 1, None) => format!("({})+", a.write()),
                Ast::Repeat(a, n, None) => format!("({}){{{n},}}", a.write()),
                Ast::Repeat(a, n, Some(m)) => format!("({}){{{n},{m}}}", a.write()),
            }
        }

        /// Where matches that begin at `at` can end.
        fn ends(&self, text: &[char], at: usize) -> BTreeSet<usize> {
            let one = |ok: bool| if ok { BTreeSet::from([at + 1]) } else { BTreeSet::new() };
            match self {
                Ast::Text(wanted) => {
                    let wanted: Vec<char> = wanted.chars().collect();
                    let found = text[at..].starts_with(&wanted);
                    found.then_some(at + wanted.len()).into_iter().collect()
                }
                Ast::Dot => one(at < text.len()),
                Ast::Anything => (at..=text.len()).collect(),
                Ast::Nothing => BTreeSet::new(),
                Ast::Class(negated, c) => one(text.get(at).is_some_and(|t| (t == c) != *negated)),
                Ast::Concat(a, b) => {
                    a.ends(text, at).into_iter().flat_map(|mid| b.ends(text, mid)).collect()
                }
                Ast::Or(a, b) => &a.ends(text, at) | &b.ends(text, at),
                Ast::And(a, b) => &a.ends(text, at) & &b.ends(text, at),
                Ast::Not(a) => &(at..=text.len()).collect() - &a.ends(text, at),
                Ast::Repeat(a, min, max) => {
                    // More rounds than this give nothing new.
                    let rounds = max.unwrap_or(min + text.len() + 1);
                    let mut found = BTreeSet::new();
                    let mut now = BTreeSet::from([at]);
                    for round in 0..=rounds {
                        if round >= *min {
                            found.extend(&now);
                        }
                        now = now.into_iter().flat_map(|mid| a.ends(text, mid)).collect();
                    }
                    found
                }
            }
        }
    }

    fn ast() -> impl Strategy<Value = Ast> {
        let leaf = prop_oneof![
            4 => "[abé]{0,2}".prop_map(Ast::Text),
            1 => Just(Ast::Dot),
            1 => Just(Ast::Anything),
            1 => Just(Ast::Nothing),
            1 => (any::<bool>(), prop_oneof![Just('a'), Just('b')])
                .prop_map(|(negated, c)| Ast::Class(negated, c)),
        ];
        leaf.prop_recursive(4, 16, 2, |inner| {
            let two = (inner.clone(), inner.clone());
            let boxed = |(a, b)| (Box::new(a), Box::new(b));
            let counts = (0..3_usize, proptest::option::of(0..3_usize));
            prop_oneof![
                two.clone().prop_map(boxed).prop_map(|(a, b)| Ast::Concat(a, b)),
                two.clone().prop_map(boxed).prop_map(|(a, b)| Ast::Or(a, b)),
                two.prop_map(boxed).prop_map(|(a, b)| Ast::And(a, b)),
                inner.clone().prop_map(|a| Ast::Not(Box::new(a))),
                (inner, counts).prop_map(|(a, (n, m))| Ast::Repeat(Box::new(a), n, m)),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn agrees(ast in ast(), texts in proptest::collection::vec("[abcé]{0,7}", 8)) {
            let pattern = ast.write();
            let regex = RegexPattern::new(&pattern, false, Dialect::Lucene).unwrap();
            for text in texts {
                let chars: Vec<char> = text.chars().collect();
                let expected = ast.ends(&chars, 0).contains(&chars.len());
                prop_assert_eq!(regex.is_match(&text), expected, "{} on {:?}", pattern, text);
            }
        }

        #[test]
        fn any_text_is_an_expression_or_an_error(pattern in r#"[ab01\[\](){}|&~#@"<>.*+?,^$\\é-]{0,12}"#, text in "[ab01é]{0,6}") {
            for dialect in [Dialect::Lucene, Dialect::Java] {
                match RegexPattern::new(&pattern, true, dialect) {
                    Ok(regex) => { regex.is_match(&text); }
                    // The span is one of the text, on character boundaries.
                    Err(error) => prop_assert!(pattern.get(error.span.clone()).is_some()),
                }
            }
        }
    }
}
