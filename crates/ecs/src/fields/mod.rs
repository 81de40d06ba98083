//! The fields of the Elastic Common Schema and their types in Elasticsearch.
//!
//! The table is the text file `ecs.tsv`, which `cargo xtask ecs-fields` makes from the schema as it is
//! published. It stays text in the program, too: a look-up is a binary search over its lines, so that
//! nothing is built at start, and nobody pays for a table that only some commands ask.

const TEXT: &str = include_str!("ecs.tsv");

/// What the first line of the table begins with.
const TITLE: &str = "# Elastic Common Schema ";

/// The version of the schema that the table was made from.
pub const VERSION: &str = {
    let (line, _) = TEXT.split_at(line_end(TEXT.as_bytes(), 0));
    let (_, version) = line.split_at(TITLE.len());
    version
};

/// The lines of the fields, ascending by name: those after the head.
const TABLE: &str = {
    let bytes = TEXT.as_bytes();
    let mut at = 0;
    while bytes[at] == b'#' {
        at = line_end(bytes, at) + 1;
    }
    TEXT.split_at(at).1
};

/// A field of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcsField {
    /// Its dotted name.
    pub name: &'static str,
    /// Its type in Elasticsearch's mapping: `keyword`, `long`, `date`, `ip`, `match_only_text`…
    pub ty: &'static str,
    /// Whether documents are to hold an array, also of a single value.
    pub array: bool,
}

/// The field of this name. Multi-fields (`process.name.text`) are fields of their own; objects that
/// only hold other fields (`process`) are none.
pub fn lookup(name: &str) -> Option<EcsField> {
    let bytes = TABLE.as_bytes();
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        // Both bounds are at the beginnings of lines, and so is the line around their middle.
        let middle = low + (high - low) / 2;
        let newline = bytes[low..middle].iter().rposition(|byte| *byte == b'\n');
        let start = newline.map_or(low, |newline| low + newline + 1);
        let end = line_end(bytes, middle);
        let field = field(TABLE.get(start..end)?)?;
        match field.name.cmp(name) {
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
            std::cmp::Ordering::Equal => return Some(field),
        }
    }
    None
}

/// All fields, ascending by name.
pub fn all() -> impl Iterator<Item = EcsField> {
    TABLE.lines().filter_map(field)
}

/// Reads `name<tab>type`, after which `<tab>array` may follow.
fn field(line: &'static str) -> Option<EcsField> {
    let (name, rest) = line.split_once('\t')?;
    let (ty, array) = match rest.split_once('\t') {
        Some((ty, _)) => (ty, true),
        None => (rest, false),
    };
    Some(EcsField { name, ty, array })
}

/// Where the line that this place is in ends: at its line feed, or with the text.
const fn line_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'\n' {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_line_is_a_field() {
        let names: Vec<&str> = all().map(|field| field.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b));
        assert_eq!(names.len(), TABLE.lines().count());
        assert!(names.len() > 2_000, "{}", names.len());
        assert!(TEXT.starts_with(TITLE));
        assert!(VERSION.starts_with(|c: char| c.is_ascii_digit()), "{VERSION}");
    }

    #[test]
    fn every_field_is_found_and_nothing_else() {
        for field in all() {
            assert_eq!(lookup(field.name), Some(field));
            assert!(
                !field.ty.is_empty()
                    && field.ty.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            );
        }
        for name in [
            "",
            "#",
            " ",
            "process",
            "process.nam",
            "process.name.tex",
            "process.names",
            "winlog.channel",
            "zzz",
            "é",
        ] {
            assert_eq!(lookup(name), None, "{name}");
        }
    }

    #[track_caller]
    fn check(name: &str, ty: &str, array: bool) {
        let field = lookup(name).map(|field| (field.ty, field.array));
        assert_eq!(field, Some((ty, array)), "{name}");
    }

    #[test]
    fn facts() {
        check("@timestamp", "date", false);
        check("event.category", "keyword", true);
        check("event.sequence", "long", false);
        check("process.name", "keyword", false);
        check("process.name.text", "match_only_text", false);
        check("process.args", "keyword", true);
        check("process.command_line", "wildcard", false);
        check("process.pid", "long", false);
        check("source.ip", "ip", false);
        check("host.ip", "ip", true);
        check("registry.data.strings", "wildcard", true);
        check("message", "match_only_text", false);
    }
}
