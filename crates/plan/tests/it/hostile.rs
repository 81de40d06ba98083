//! Patterns that are made to cost much.

use std::time::{Duration, Instant};

use dragnet_plan::pattern::{Dialect, RegexPattern, Wildcard};

/// Compiles the pattern; if it can be used, matches it. All of it must be over soon.
#[track_caller]
fn hostile(pattern: &str, text: &str) {
    let start = Instant::now();
    for dialect in [Dialect::Lucene, Dialect::Java] {
        if let Ok(regex) = RegexPattern::new(pattern, true, dialect) {
            regex.is_match(text);
        }
    }
    let shown: String = pattern.chars().take(40).collect();
    // Generous, for builds without optimisation on a busy machine.
    assert!(start.elapsed() < Duration::from_secs(20), "{shown}: {:?}", start.elapsed());
}

#[test]
fn wildcards() {
    let start = Instant::now();
    let text = "a".repeat(20_000);
    for pattern in
        ["*a".repeat(40) + "b", "*a?".repeat(40) + "*b*", format!("*{}b*", "a".repeat(50))]
    {
        assert!(!Wildcard::new(&pattern, true).is_match(&text));
        assert!(!Wildcard::new(&pattern, false).is_match(&text));
    }
    assert!(!Wildcard::new(&"?".repeat(100_000), true).is_match(&text));
    assert!(Wildcard::new(&"*".repeat(100_000), true).is_match(&text));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn repetitions() {
    let text = "a".repeat(2_000);
    hostile("((((a{1000}){1000}){1000}){1000})", &text);
    hostile("(.{1000}){1000}", &text);
    hostile("~((a{1000}){1000})", &text);
    hostile("a{2147483647}", &text);
    hostile("~(a{2147483647})", &text);
    hostile("(a*)*b", &text);
    hostile("(a|a)*b", &text);
    hostile("(a?){300}a{300}", &text);
    hostile("~((a?){300}a{300})", &text);
    hostile(&("a{2}".to_owned() + &"{2}".repeat(5_000)), &text);
    hostile(&("a".to_owned() + &"?".repeat(10_000)), &text);
    hostile(&("a".to_owned() + &"{1,2}".repeat(3_000)), &text);
}

#[test]
fn determinisation() {
    let text = "ab".repeat(2_000);
    hostile("(a|b)*a(a|b){30}", &text);
    hostile("~((a|b)*a(a|b){30})", &text);
    hostile("(.*a.{20})&(.*b.{19})&~(.*c.{18})", &text);
    hostile("~(.*1.*2.*3.*4.*5.*6.*7.*8.*9.*)&~(.*9.*8.*7.*6.*5.*4.*3.*2.*1.*)", &text);
    let many: Vec<String> = (0..300).map(|i| format!("~(.*x{i}y.*)")).collect();
    hostile(&many.join("&"), &text);
    hostile(&format!("~({})", "a?".repeat(490)), &text);
    hostile(&format!("~({})", "[^\u{100}-\u{200}\u{300}-\u{400}]".repeat(200)), &text);
    let members: String = (0x100..0x1100).filter_map(|c| char::from_u32(c * 2)).collect();
    hostile(&format!("~([{members}])*"), &text);
}

#[test]
fn depth() {
    let text = "a";
    for depth in [100, 199, 300, 8_000] {
        hostile(&("(".repeat(depth) + "a" + &")".repeat(depth)), text);
        hostile(&("~(".repeat(depth) + "a" + &")".repeat(depth)), text);
        hostile(&("(a|".repeat(depth) + "a" + &")".repeat(depth)), text);
        hostile(&("(~a&".repeat(depth) + "a" + &")*".repeat(depth)), text);
        hostile(&"[".repeat(depth), text);
        hostile(&("[a&&".repeat(depth) + "a" + &"]".repeat(depth)), text);
        hostile(&"~".repeat(depth), text);
        hostile(&("~".repeat(depth) + "a"), text);
        hostile(&"(".repeat(depth), text);
        hostile(&"|".repeat(depth), text);
        hostile(&("a|".repeat(depth) + "a"), text);
        hostile(&("a&".repeat(depth) + "a"), text);
    }
    let too_deep = "(".repeat(300) + "a" + &")".repeat(300);
    let error = RegexPattern::new(&too_deep, false, Dialect::Lucene).unwrap_err();
    assert!(error.message.contains("too deeply"), "{}", error.message);
}

#[test]
fn length() {
    let error = RegexPattern::new(&"a".repeat(20_000), false, Dialect::Lucene).unwrap_err();
    assert!(error.message.contains("too long"));
    assert!(RegexPattern::new(&"a".repeat(16_000), false, Dialect::Lucene).is_ok());
    hostile(&"[a-z]".repeat(3_000), &"a".repeat(3_000));
}
