//! Command lines to arguments, by the rules of the Microsoft C runtime as Go implements them.

/// Splits a Windows command line and calls `each` with every argument.
///
/// Blanks and tabs separate arguments outside double quotes. 2n backslashes before a quote are n
/// backslashes and the quote is one; 2n+1 are n backslashes and a literal quote; backslashes
/// elsewhere stand for themselves. `""` within quotes is a literal quote that also ends the quotes
/// (the runtime's rule before 2008). The program name gets no special rule. Source: the ingest
/// pipelines' `process.args`, which follow Go's `os.commandLineToArgv`.
pub(crate) fn split(command_line: &str, mut each: impl FnMut(&str)) {
    let mut rest = command_line;
    let mut buffer = String::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return;
        }
        // Without a quote before the next blank, the argument stands in the text as it is.
        match rest.find([' ', '\t', '"']) {
            None => {
                each(rest);
                return;
            }
            Some(end) if rest.as_bytes()[end] != b'"' => {
                each(&rest[..end]);
                rest = &rest[end + 1..];
            }
            Some(_) => {
                buffer.clear();
                rest = quoted(rest, &mut buffer);
                each(&buffer);
            }
        }
    }
}

/// Reads one argument into `arg`; gives what follows it and its separator.
fn quoted<'a>(text: &'a str, arg: &mut String) -> &'a str {
    let mut in_quotes = false;
    let mut slashes = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                slashes += 1;
                continue;
            }
            '"' => {
                push_slashes(arg, slashes / 2);
                if slashes % 2 == 1 {
                    arg.push('"');
                } else {
                    if in_quotes && chars.next_if(|(_, next)| *next == '"').is_some() {
                        arg.push('"');
                    }
                    in_quotes = !in_quotes;
                }
            }
            ' ' | '\t' if !in_quotes => {
                push_slashes(arg, slashes);
                return &text[at + 1..];
            }
            _ => {
                push_slashes(arg, slashes);
                arg.push(c);
            }
        }
        slashes = 0;
    }
    push_slashes(arg, slashes);
    ""
}

fn push_slashes(arg: &mut String, n: usize) {
    arg.extend(std::iter::repeat_n('\\', n));
}

#[cfg(test)]
mod tests {
    use super::split;

    #[track_caller]
    fn check(command_line: &str, expected: &[&str]) {
        let mut args = Vec::new();
        split(command_line, |arg| args.push(arg.to_owned()));
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
