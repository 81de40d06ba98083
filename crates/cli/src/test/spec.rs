//! Test files: what stands in them, read strictly.
//!
//! Everything that is wrong with a file is named, with its place; a file with errors runs no case. Which keys there are
//! is a table for each kind of mapping, and nothing else is accepted.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use dragnet_event::Time;
use dragnet_plan::Diagnostic;
use dragnet_plan::front::nearest;
use serde_json::{Map, Value as Json};

use super::codes::{BAD_VALUE, MISSING, UNKNOWN_KEY, WRONG_TYPE};
use super::events::{Gathering, Source};
use super::yaml::{Key, Node, What};
use crate::args::Clock;

/// The keys of a file.
const FILE_KEYS: &[&str] = &[
    "rule",
    "rules",
    "start",
    "clock",
    "complete",
    "defaults",
    "exceptions",
    "value_lists",
    "indicators",
    "cases",
];
/// The keys of a case.
const CASE_KEYS: &[&str] = &[
    "name",
    "start",
    "clock",
    "complete",
    "defaults",
    "exceptions",
    "value_lists",
    "indicators",
    "history",
    "events",
    "file",
    "alerts",
];
/// When cases begin, unless they say so.
const START: &str = "2024-01-15T12:00:00Z";

/// A test file.
#[derive(Debug)]
pub(super) struct Suite {
    /// The rules that it names; empty: those beside it.
    pub(super) rules: Vec<(PathBuf, std::ops::Range<usize>)>,
    pub(super) cases: Vec<Case>,
}

/// One case.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// Where it stands.
    pub(super) span: std::ops::Range<usize>,
    pub(super) clock: Clock,
    /// Whether documents get what follows from the rest of them, as in a hunt.
    pub(super) complete: bool,
    pub(super) events: Gathering,
    pub(super) history: Gathering,
    pub(super) indicators: Gathering,
    pub(super) exceptions: Vec<PathBuf>,
    pub(super) value_lists: Vec<PathBuf>,
    pub(super) expected: Expected,
    /// Where the expectation stands.
    pub(super) expected_span: std::ops::Range<usize>,
}

/// What a case is to find.
#[derive(Debug)]
pub(super) enum Expected {
    /// So many alerts.
    Count(u64),
    /// These and no others, each with at least these fields.
    Alerts(Vec<Map<String, Json>>),
}

impl Expected {
    pub(super) fn count(&self) -> u64 {
        match self {
            Expected::Count(count) => *count,
            Expected::Alerts(alerts) => alerts.len() as u64,
        }
    }
}

/// What a file says for all its cases.
#[derive(Clone, Default)]
struct Common {
    start: Option<Time>,
    clock: Option<Clock>,
    complete: Option<bool>,
    defaults: Rc<Map<String, Json>>,
    exceptions: Vec<PathBuf>,
    value_lists: Vec<PathBuf>,
}

/// Reads a test file that stands at this path.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(path: &Path, root: &Node) -> Result<Suite, Vec<Diagnostic>> {
    let directory = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut reader = Reader { directory, errors: Vec::new(), bytes: 0 };
    let suite = reader.suite(root);
    if reader.errors.is_empty() {
        return Ok(suite);
    }
    reader.errors.sort_by_key(|error| error.span.start);
    Err(reader.errors)
}

/// Collects what is wrong.
pub(super) struct Reader {
    /// What relative paths start from.
    directory: PathBuf,
    pub(super) errors: Vec<Diagnostic>,
    /// Bytes of the events so far.
    pub(super) bytes: usize,
}

/// The members of a mapping, all of which are known.
type Members<'n> = &'n [(Key, Node)];

fn get<'n>(members: Members<'n>, key: &str) -> Option<&'n Node> {
    members.iter().find(|(found, _)| found.text == key).map(|(_, node)| node)
}

impl Reader {
    fn suite(&mut self, root: &Node) -> Suite {
        let members = self.members(root, FILE_KEYS, "a test file");
        let mut rules = Vec::new();
        for key in ["rule", "rules"] {
            let spanned = get(members, key).into_iter().flat_map(|node| match &node.what {
                What::List(items) => items.iter().collect(),
                _ => vec![node],
            });
            for node in spanned {
                rules.extend(self.path(node, key).map(|path| (path, node.span.clone())));
            }
        }
        let common = self.common(members, &Common::default());
        let indicators = self.gathering(members, "indicators", &common, false);
        let cases = match get(members, "cases") {
            None => {
                self.missing(root, "cases", "a list of cases");
                &[][..]
            }
            Some(node) => self.list(node, "cases", "a list of cases"),
        };
        let cases: Vec<Case> =
            cases.iter().filter_map(|case| self.case(case, &common, &indicators)).collect();
        for (at, case) in cases.iter().enumerate() {
            if cases[..at].iter().any(|other| other.name == case.name) {
                let message = format!("another case is called `{}`", case.name);
                self.errors.push(Diagnostic::error(BAD_VALUE, case.span.clone(), message));
            }
        }
        Suite { rules, cases }
    }

    fn common(&mut self, members: Members<'_>, outer: &Common) -> Common {
        let mut common = outer.clone();
        if let Some(node) = get(members, "start") {
            let time = node.as_text().and_then(Time::parse);
            match time {
                Some(time) => common.start = Some(time),
                None => self.wrong(node, "start", "a time such as 2024-05-14T08:00:00Z"),
            }
        }
        if let Some(node) = get(members, "clock") {
            match node.as_text() {
                Some("event") => common.clock = Some(Clock::Event),
                Some("rule") => common.clock = Some(Clock::Rule),
                _ => self.wrong(node, "clock", "`rule` or `event`"),
            }
        }
        if let Some(node) = get(members, "complete") {
            match node.json() {
                Ok(Json::Bool(complete)) => common.complete = Some(complete),
                _ => self.wrong(node, "complete", "true or false"),
            }
        }
        if let Some(node) = get(members, "defaults") {
            self.merge(node, "defaults", Rc::make_mut(&mut common.defaults));
        }
        for (key, paths) in
            [("exceptions", &mut common.exceptions), ("value_lists", &mut common.value_lists)]
        {
            if let Some(node) = get(members, key) {
                *paths = self.paths(node, key);
            }
        }
        common
    }

    fn case(&mut self, node: &Node, common: &Common, indicators: &Gathering) -> Option<Case> {
        let before = self.errors.len();
        let members = self.members(node, CASE_KEYS, "a case");
        let name = match get(members, "name") {
            None => {
                self.missing(node, "name", "a text");
                None
            }
            Some(name) => self.text(name, "name").map(|text| (text, name.span.clone())),
        };
        let common = self.common(members, common);
        let mut events = self.gathering(members, "events", &common, true);
        if let Some(file) = get(members, "file") {
            events.add_files(self.paths(file, "file"));
        }
        if get(members, "events").is_none() && get(members, "file").is_none() {
            self.missing(node, "events", "a list of events, or `file`");
        }
        let history = self.gathering(members, "history", &common, true);
        let own = self.gathering(members, "indicators", &common, false);
        let is_own = get(members, "indicators").is_some();
        let indicators = if is_own { own } else { indicators.clone() };
        let expected = match get(members, "alerts") {
            None => {
                self.missing(node, "alerts", "how many, or a list of alerts");
                None
            }
            Some(alerts) => self.expected(alerts).map(|expected| (expected, alerts.span.clone())),
        };
        if self.errors.len() > before {
            return None;
        }
        let (name, span) = name?;
        let (expected, expected_span) = expected?;
        Some(Case {
            name,
            span,
            clock: common.clock.unwrap_or(Clock::Rule),
            complete: common.complete.unwrap_or(true),
            events,
            history,
            indicators,
            exceptions: common.exceptions,
            value_lists: common.value_lists,
            expected,
            expected_span,
        })
    }

    fn expected(&mut self, node: &Node) -> Option<Expected> {
        if let Some(count) = node.as_count() {
            return Some(Expected::Count(count));
        }
        let What::List(items) = &node.what else {
            self.wrong(node, "alerts", "how many alerts, or a list of them");
            return None;
        };
        let mut alerts = Vec::new();
        for item in items {
            if !matches!(item.what, What::Map(_)) {
                self.wrong(item, "an alert", "a mapping of its fields, `{}` if any will do");
                continue;
            }
            match item.json() {
                Ok(Json::Object(fields)) => alerts.push(fields),
                Ok(_) => {}
                Err(error) => self.errors.push(error),
            }
        }
        Some(Expected::Alerts(alerts))
    }

    /// Events, in the forms that they can have: a list of mappings and files, or files alone.
    fn gathering(
        &mut self,
        members: Members<'_>,
        key: &str,
        common: &Common,
        has_time: bool,
    ) -> Gathering {
        let mut gathering = Gathering::default();
        let Some(node) = get(members, key) else { return gathering };
        let start = common.start.or_else(|| Time::parse(START)).unwrap_or(Time(0));
        let source = Source {
            start: has_time.then_some(start),
            // What is from before is a day old, unless it says otherwise.
            time: if key == "history" { "-1d" } else { "+0s" },
            defaults: has_time.then_some(&common.defaults),
        };
        if matches!(node.what, What::Map(_)) {
            self.element(node, key, &source, &mut gathering);
            return gathering;
        }
        for item in self.list(node, key, "a list of events, or `{file: PATH}`") {
            self.element(item, key, &source, &mut gathering);
        }
        gathering
    }

    /// The members of a mapping whose keys are known; of anything else none.
    pub(super) fn members<'n>(
        &mut self,
        node: &'n Node,
        known: &[&str],
        what: &str,
    ) -> Members<'n> {
        let What::Map(members) = &node.what else {
            self.wrong(node, what, "a mapping");
            return &[];
        };
        for (key, _) in members {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let message = format!("{what} has no key `{}`", shorten(&key.text));
            let error = Diagnostic::error(UNKNOWN_KEY, key.span.clone(), message);
            let help = match nearest(&key.text, known.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("it has {}", known.join(", ")),
            };
            self.errors.push(error.help(help));
        }
        members
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node, key: &str, expected: &str) -> &'n [Node] {
        if let What::List(items) = &node.what {
            return items;
        }
        self.wrong(node, key, expected);
        &[]
    }

    pub(super) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        // A name may look like a number.
        match &node.what {
            What::Scalar { text, .. } if !text.trim().is_empty() => Some(text.clone()),
            _ => {
                self.wrong(node, key, "a text");
                None
            }
        }
    }

    pub(super) fn path(&mut self, node: &Node, key: &str) -> Option<PathBuf> {
        let Some(text) = node.as_text().filter(|text| !text.is_empty() && !text.contains('\0'))
        else {
            self.wrong(node, key, "a path");
            return None;
        };
        Some(self.directory.join(text))
    }

    /// One path, or a list of them.
    pub(super) fn paths(&mut self, node: &Node, key: &str) -> Vec<PathBuf> {
        match &node.what {
            What::List(items) => items.iter().filter_map(|item| self.path(item, key)).collect(),
            _ => self.path(node, key).into_iter().collect(),
        }
    }

    pub(super) fn wrong(&mut self, node: &Node, key: &str, expected: &str) {
        let message = format!("`{key}` is to be {expected}; this is {}", node.kind());
        self.errors.push(Diagnostic::error(WRONG_TYPE, node.span.clone(), message));
    }

    fn missing(&mut self, node: &Node, key: &str, what: &str) {
        let message = format!("`{key}` is missing: {what}");
        let span = node.span.start..node.span.start;
        self.errors.push(Diagnostic::error(MISSING, span, message));
    }
}

/// A key for a message.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    const FILE: &str = "rules: [a.toml, b.toml]
start: 2024-05-14T08:00:00Z
clock: event
complete: false
defaults: &d {event: {category: [process]}, user.name: \"é\\n\"}
indicators: {file: bad.ndjson}
cases:
  - name: 'one'
    defaults: *d
    history: [{\"@timestamp\": -3d}]
    events:
      - {repeat: 3, every: 1s, of: {n: '{n}'}}
      - file: [x, y]
      - a.b: 1.5
    exceptions: e.ndjson
    value_lists: []
    alerts: [{a: {b: 1.5}}, {}]
  - name: 2
    file: z.evtx
    alerts: 0x10
";

    /// Reads a text all the way; errors have places within it.
    fn answer(text: &str) -> Result<Suite, Vec<Diagnostic>> {
        let read = yaml::parse(text).map_err(|error| vec![error]);
        let result = read.and_then(|root| read_suite(&root));
        for error in result.as_ref().err().into_iter().flatten() {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(!error.message.is_empty());
        }
        result
    }

    fn read_suite(root: &Node) -> Result<Suite, Vec<Diagnostic>> {
        read(Path::new("dir/a.test.yml"), root)
    }

    #[test]
    fn everything_that_can_be_said_is_read() {
        let suite = answer(FILE).unwrap();
        assert_eq!(suite.rules[1].0, Path::new("dir/b.toml"));
        let [one, two] = suite.cases.as_slice() else { panic!() };
        assert_eq!(one.events.lines.lines().count(), 4);
        assert!(one.events.lines.contains(r#""@timestamp":"2024-05-14T08:00:02.000Z""#));
        assert!(one.history.lines.contains("2024-05-11T08:00:00.000Z"));
        assert_eq!(one.events.files, [Path::new("dir/x"), Path::new("dir/y")]);
        assert_eq!((one.clock, one.complete, one.expected.count()), (Clock::Event, false, 2));
        assert_eq!(two.indicators.files, [Path::new("dir/bad.ndjson")]);
        assert_eq!((two.name.as_str(), two.expected.count()), ("2", 16));
    }

    #[test]
    fn whatever_is_written_is_answered() {
        for (at, c) in FILE.char_indices() {
            let (before, after) = FILE.split_at(at);
            let _ = answer(before);
            let _ = answer(&format!("{before}{}", &after[c.len_utf8()..]));
        }
        let odd =
            ["[", "}", ":", "*d", "\t", "\u{0}", "- ", "&d ", "\"", "🦀", "99999999999999999999"];
        for ((at, _), odd) in FILE.char_indices().zip(odd.iter().cycle()) {
            let (before, after) = FILE.split_at(at);
            let _ = answer(&format!("{before}{odd}{after}"));
        }
    }
}
