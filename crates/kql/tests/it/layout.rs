//! Layout of queries: what goes on which line.

use dragnet_kql::{parse, print};

/// The query laid out, which must be what laying it out again gives.
#[track_caller]
fn check(text: &str, expected: &str) {
    let again = |text: &str| print(&parse(text).0.expect("the text is a query"));
    let printed = again(text);
    assert_eq!(printed, expected, "\n{printed}\n--- expected\n{expected}\n");
    assert_eq!(again(&printed), expected, "again");
}

#[test]
fn what_fits_stays_on_one_line() {
    check("a:1  AND\n NOT (b:(x or y) or c>2)", "a: 1 and not (b: (x or y) or c > 2)");
    // 100 characters, and one more.
    let long = format!("a: \"{}\" and b: 1", "x".repeat(86));
    assert_eq!(long.len(), 100);
    check(&long, &long);
    let longer = format!("a: \"{}\" and b: 1", "x".repeat(87));
    check(&longer, &longer.replace("and ", "and\n"));
}

#[test]
fn an_operator_ends_its_line_and_counts() {
    // With ` or` behind it, the first list does not fit.
    let list = format!("name: ({} or {})", "a".repeat(43), "b".repeat(43));
    assert_eq!(list.len(), 98);
    check(
        &format!("{list} or {list}"),
        &format!("name: (\n  {} or {}\n) or\n{list}", "a".repeat(43), "b".repeat(43)),
    );
}

#[test]
fn long_parts_are_broken_within() {
    let word = |letter: &str| letter.repeat(40);
    let (a, b, c) = (word("a"), word("b"), word("c"));
    check(&format!("name: ({a} or {b} or {c})"), &format!("name: (\n  {a} or {b} or\n  {c}\n)"));
    check(
        &format!("name: (x and not ({a} or {b} or {c}))"),
        &format!("name: (\n  x and\n  not (\n    {a} or {b} or\n    {c}\n  )\n)"),
    );
    check(
        &format!("x: 1 and not (y: {a} or z: {b} or z: {c})"),
        &format!("x: 1 and\nnot (\n  y: {a} or\n  z: {b} or\n  z: {c}\n)"),
    );
    check(
        &format!("list: {{ y: {a} and z: {b} and z: {c} }}"),
        &format!("list: {{\n  y: {a} and\n  z: {b} and\n  z: {c}\n}}"),
    );
    // What cannot be broken stays.
    check(&format!("name: {}", word("abc")), &format!("name: {}", word("abc")));
}
