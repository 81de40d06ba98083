//! The lines in which two texts differ.

/// A line of a comparison, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffLine<'a> {
    /// Both texts have it.
    Same(&'a str),
    /// Only the old text has it.
    Old(&'a str),
    /// Only the new text has it.
    New(&'a str),
}

/// Most pairs of lines that are looked at; beyond that, what lies between the first and the last
/// difference counts as replaced.
const MAX_PAIRS: usize = 4_000_000;

/// The two texts line by line, with as many common lines as possible. Space at the ends of lines does not
/// count.
pub fn diff_lines<'a>(old: &'a str, new: &'a str) -> Vec<DiffLine<'a>> {
    let lines = |text: &'a str| text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>();
    let (old, new) = (lines(old), lines(new));
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, end) = old_rest.split_at(old_rest.len() - tail);
    let new_middle = &new_rest[..new_rest.len() - tail];
    let mut out: Vec<_> = old[..head].iter().map(|line| DiffLine::Same(line)).collect();
    middle(old_middle, new_middle, &mut out);
    out.extend(end.iter().map(|line| DiffLine::Same(line)));
    out
}

/// The longest common subsequence, by the table of its lengths from the end.
fn middle<'a>(old: &[&'a str], new: &[&'a str], out: &mut Vec<DiffLine<'a>>) {
    let width = new.len() + 1;
    let mut lengths: Vec<u32> = Vec::new();
    if old.len().saturating_mul(new.len()) <= MAX_PAIRS {
        lengths = vec![0; (old.len() + 1) * width];
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                lengths[i * width + j] = if old[i] == new[j] {
                    lengths[(i + 1) * width + j + 1] + 1
                } else {
                    lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
                };
            }
        }
    }
    let length = |i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    let (mut i, mut j) = (0, 0);
    while i < old.len() && j < new.len() {
        if old[i] == new[j] && !lengths.is_empty() {
            out.push(DiffLine::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if length(i + 1, j) >= length(i, j + 1) {
            out.push(DiffLine::Old(old[i]));
            i += 1;
        } else {
            out.push(DiffLine::New(new[j]));
            j += 1;
        }
    }
    out.extend(old[i..].iter().map(|line| DiffLine::Old(line)));
    out.extend(new[j..].iter().map(|line| DiffLine::New(line)));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The comparison with the usual signs.
    fn shown(old: &str, new: &str) -> String {
        let line = |line: &DiffLine<'_>| match line {
            DiffLine::Same(text) => format!(" {text}"),
            DiffLine::Old(text) => format!("-{text}"),
            DiffLine::New(text) => format!("+{text}"),
        };
        diff_lines(old, new).iter().map(line).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn comparisons() {
        #[track_caller]
        fn check(old: &str, new: &str, expected: &str) {
            assert_eq!(shown(old, new), expected);
        }
        check("", "", "");
        check("a\n", "a", " a");
        check("a  \nb", "a\nb", " a| b");
        check("a\nb\nc", "a\nx\nc", " a|-b|+x| c");
        check("a\nb", "b\na", "-a| b|+a");
        check("", "a", "+a");
        check("a", "", "-a");
        check("a\nb\nc\nd", "b\nx\nd", "-a| b|-c|+x| d");
    }

    #[test]
    fn long_texts_are_replaced_whole() {
        let text = |sign: &str| {
            (0..3000).map(|n| format!("{sign}{n}")).collect::<Vec<_>>().join("\n") + "\n"
        };
        let (old, new) = (text("a"), text("b"));
        let diff = diff_lines(&old, &new);
        assert_eq!(diff.len(), 6000);
        assert_eq!(diff[0], DiffLine::Old("a0"));
        assert_eq!(diff[5999], DiffLine::New("b2999"));
    }
}
