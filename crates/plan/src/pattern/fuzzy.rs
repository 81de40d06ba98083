//! Texts that are nearly another text.

use std::sync::Arc;

/// The most steps that a text may be away; Lucene has no more either.
const MAX_STEPS: u8 = 2;

/// A text and how many steps another one may be away from it: a character put in, left out or replaced, or
/// two neighbours swapped. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fuzzy {
    text: Arc<str>,
    steps: u8,
}

impl Fuzzy {
    /// All texts at most so many steps away; more than two count as two (Lucene).
    pub fn new(text: &str, steps: u8) -> Fuzzy {
        Fuzzy { text: text.into(), steps: steps.min(MAX_STEPS) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The steps that are allowed.
    pub fn steps(&self) -> u8 {
        self.steps
    }

    /// Whether a text is near enough. Lucene: the distance must also be less than the length of the shorter
    /// text, so that very short texts do not match everything.
    pub fn is_match(&self, text: &str) -> bool {
        if *self.text == *text {
            return true;
        }
        let most = usize::from(self.steps);
        // Lengths in bytes differ by no more than four for each step.
        if self.text.len().abs_diff(text.len()) > 4 * most {
            return false;
        }
        let wanted: Vec<char> = self.text.chars().collect();
        let found: Vec<char> = text.chars().collect();
        let shorter = wanted.len().min(found.len());
        within(&wanted, &found, most).is_some_and(|distance| distance < shorter)
    }
}

/// The distance of two texts if it is at most so much. No cell further than that from the diagonal matters.
fn within(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let far = most + 1;
    let mut before = vec![far; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).map(|j| j.min(far)).collect();
    for i in 1..=a.len() {
        let mut next = vec![far; b.len() + 1];
        if i <= most {
            next[0] = i;
        }
        for j in i.saturating_sub(most).max(1)..=(i + most).min(b.len()) {
            let mut best = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            best = best.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            next[j] = best.min(far);
        }
        before = std::mem::replace(&mut row, next);
    }
    Some(row[b.len()]).filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, steps: u8, other: &str, expected: bool) {
        assert_eq!(Fuzzy::new(text, steps).is_match(other), expected, "{text}~{steps} {other}");
    }

    #[test]
    fn steps_are_counted() {
        check("cmd.exe", 0, "cmd.exe", true);
        check("cmd.exe", 0, "cmd.ex", false);
        check("cmd.exe", 1, "cmd.ex", true);
        check("cmd.exe", 1, "cmdd.exe", true);
        check("cmd.exe", 1, "cnd.exe", true);
        check("cmd.exe", 1, "mcd.exe", true);
        check("cmd.exe", 1, "mcd.ex", false);
        check("cmd.exe", 2, "mcd.ex", true);
        check("cmd.exe", 2, "powershell.exe", false);
        check("größe", 1, "grösse", false);
        check("größe", 2, "grösse", true);
        check("ca", 2, "abc", false);
    }

    #[test]
    fn short_texts_need_more_than_their_length() {
        check("a", 1, "b", false);
        check("ab", 1, "ac", true);
        check("ab", 2, "abcd", false);
        check("", 2, "", true);
    }

    #[test]
    fn the_band_is_no_shortcut() {
        let words = ["", "a", "ab", "ba", "abc", "bca", "abcd", "acbd", "aabb", "bbaa", "abab"];
        for a in words {
            for b in words {
                let (x, y): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
                let all = within(&x, &y, 10);
                for most in 0..3 {
                    assert_eq!(within(&x, &y, most), all.filter(|d| *d <= most), "{a} {b} {most}");
                }
            }
        }
    }
}
