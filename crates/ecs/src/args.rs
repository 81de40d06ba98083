//! Command lines to arguments, by the rules of the Microsoft C runtime as Go implements them.

use crate::out::Out;

/// Puts the arguments of a command line, as an array, and how many there are.
pub(crate) fn put(line: &str, args: &str, count: &str, out: &mut Out<'_>) {
    put_split(|each| split(line, each), args, count, out);
}

/// The same for a command line of a POSIX shell.
pub(crate) fn put_posix(line: &str, args: &str, count: &str, out: &mut Out<'_>) {
    put_split(|each| split_posix(line, each), args, count, out);
}

fn put_split(split: impl FnOnce(&mut dyn FnMut(&str)), args: &str, count: &str, out: &mut Out<'_>) {
    if !out.wants_any(&[args, count]) {
        return;
    }
    let mut n = 0;
    split(&mut |arg| {
        out.text(args, arg);
        n += 1;
    });
    out.sink.mark_array(args);
    out.long(count, n);
}

/// Splits a Windows command line and calls `each` with every argument.
///
/// Blanks and tabs separate arguments outside double quotes. 2n backslashes before a quote are n
/// backslashes and the quote is one; 2n+1 are n backslashes and a literal quote; backslashes
/// elsewhere stand for themselves. `""` within quotes is a literal quote that also ends the quotes
/// (the runtime's rule before 2008). The program name gets no special rule. Source: the ingest
/// pipelines' `process.args`, which follow Go's `os.commandLineToArgv`.
pub(crate) fn split(command_line: &str, each: &mut dyn FnMut(&str)) {
    let mut rest = command_line;
    let mut buffer = String::new();
    loop {
        let blanks = rest.bytes().take_while(|b| is_blank(*b)).count();
        rest = &rest[blanks..];
        if rest.is_empty() {
            return;
        }
        // Without a quote before the next blank, the argument stands in the text as it is.
        let plain = rest.bytes().take_while(|b| !is_blank(*b) && *b != b'"').count();
        if let Some(b'"') = rest.as_bytes().get(plain) {
            buffer.clear();
            rest = quoted(rest, &mut buffer);
            each(&buffer);
        } else {
            each(&rest[..plain]);
            rest = rest.get(plain + 1..).unwrap_or_default();
        }
    }
}

/// Splits a command line as a POSIX shell does: nothing is special between single quotes; between double quotes a
/// backslash stands before a quote, a backslash, `$` or `` ` ``, outside of quotes before anything.
///
/// Sysmon for Linux joins arguments with blanks and quotes none of them, so that an argument which holds blanks comes as
/// several, and quotes that belong to one are taken away.
fn split_posix(command_line: &str, each: &mut dyn FnMut(&str)) {
    let mut arg = String::new();
    let (mut is_arg, mut quote) = (false, None);
    let mut chars = command_line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, ' ' | '\t' | '\n') => {
                if std::mem::take(&mut is_arg) {
                    each(&arg);
                    arg.clear();
                }
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '\\') => arg.extend(chars.next()),
            (Some('"'), '\\') => match chars.next_if(|next| matches!(next, '"' | '\\' | '$' | '`'))
            {
                Some(next) => arg.push(next),
                None => arg.push(c),
            },
            _ => arg.push(c),
        }
        is_arg = true;
    }
    if is_arg {
        each(&arg);
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Reads one argument into `arg`; gives what follows it and its separator.
fn quoted<'a>(text: &'a str, arg: &mut String) -> &'a str {
    let bytes = text.as_bytes();
    let mut in_quotes = false;
    // What stands from `run` on is copied when something else than itself follows.
    let mut run = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            _ if is_blank(byte) && !in_quotes => {
                arg.push_str(&text[run..at]);
                return &text[at + 1..];
            }
            b'"' => {
                let slashes = bytes[run..at].iter().rev().take_while(|b| **b == b'\\').count();
                // Half of the backslashes are left out.
                arg.push_str(&text[run..at - slashes.div_ceil(2)]);
                if slashes % 2 == 1 {
                    arg.push('"');
                } else {
                    if in_quotes && bytes.get(at + 1) == Some(&b'"') {
                        arg.push('"');
                        at += 1;
                    }
                    in_quotes = !in_quotes;
                }
                run = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    arg.push_str(&text[run..]);
    ""
}

#[cfg(test)]
mod tests {
    use super::split;

    #[track_caller]
    fn check(command_line: &str, expected: &[&str]) {
        let mut args = Vec::new();
        split(command_line, &mut |arg| args.push(arg.to_owned()));
        assert_eq!(args, expected, "{command_line}");
    }

    #[test]
    fn blanks_separate() {
        check("", &[]);
        check(" \t ", &[]);
        check(r"C:\a\b.exe  -x	y ", &[r"C:\a\b.exe", "-x", "y"]);
        check("ä ö", &["ä", "ö"]);
    }

    #[test]
    fn quotes_group_and_vanish() {
        check(r#""C:\Program Files\x.exe" -a"#, &[r"C:\Program Files\x.exe", "-a"]);
        check(r#"a"b c"d e"#, &["ab cd", "e"]);
        check(r#""" x"#, &["", "x"]);
        check(r#""never closed  "#, &["never closed  "]);
    }

    #[test]
    fn backslashes_before_quotes() {
        check(r"a\\b \\c\", &[r"a\\b", r"\\c\"]);
        check(r#""a\\" b"#, &[r"a\", "b"]);
        check(r#""a\" b""#, &[r#"a" b"#]);
        check(r#""a\\\" b" c"#, &[r#"a\" b"#, "c"]);
        check(r#"\"a b"#, &[r#""a"#, "b"]);
        check(r#""C:\dir\ x" y"#, &[r"C:\dir\ x", "y"]);
        check(r#"x"y\"#, &[r"xy\"]);
    }

    #[test]
    fn doubled_quotes_within_quotes() {
        check(r#""a""b c" d"#, &[r#"a"b"#, r"c d"]);
        check(r#""a"" b"#, &[r#"a""#, "b"]);
    }
}
