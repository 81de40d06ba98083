//! "Did you mean": the nearest of a few names.

/// Names longer than this are not compared, since that takes long; those of rules have some eighty letters.
const MOST: usize = 100;

/// What is further away than this is another name, however long both are.
const FURTHEST: usize = 10;

/// The candidate nearest to `name`, if one is near enough to be a slip: case aside, no more than a
/// third of the name's letters away, and no more than ten. `None` if the name is one of the candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MOST {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|other| (distance(&lower, &other.to_ascii_lowercase()), other))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, other)| {
            *distance <= (name.len() / 3).clamp(1, FURTHEST) && *other != name
        })
        .map(|(_, other)| other)
}

/// Edit distance in bytes; two letters swapped count as one step.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i];
        for j in 1..=b.len() {
            let substitute = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substitute.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(nearest(name, ["startsWith", "endsWith", "length", "head"]), expected);
    }

    #[test]
    fn slips_are_recognised() {
        check("startWith", Some("startsWith"));
        check("STARTSWITH", Some("startsWith"));
        check("lenght", Some("length"));
        check("haed", Some("head"));
        check("head", None);
        check("xyz", None);
        check("", None);
    }

    #[test]
    fn long_names_are_compared_too() {
        let names = ["Suspicious Office Child", "Potential Credential Access via Trusted Utility"];
        let near = |name: &str| nearest(name, names);
        assert_eq!(near("potential credential acess via trusted utilty"), Some(names[1]));
        assert_eq!(near("Potential Privilege Escalation via Trusted Tool"), None);
        assert_eq!(near(&"x".repeat(100_000)), None);
    }
}
