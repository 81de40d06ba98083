//! Every lint, in one table.

use dragnet_plan::Severity;

/// One lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintInfo {
    /// The stable code. Codes are never given to another meaning.
    pub code: &'static str,
    /// A warning, or a note, which is shown only on demand.
    pub severity: Severity,
    /// What it is about.
    pub title: &'static str,
    /// What is wrong, why it matters, and what to do; with an example where one helps. Markdown.
    pub explanation: &'static str,
}

/// Declares a constant per code and the table of all of them.
macro_rules! lints {
    ($($name:ident = $code:literal $severity:ident $title:literal $explanation:literal;)*) => {
        $(pub(crate) const $name: &str = $code;)*

        /// The lints, ascending by code: 01 when a rule runs, 02 its query, 03 its ATT&CK mapping, 04 what is
        /// written for people, 05 what its type asks for.
        pub static LINTS: &[LintInfo] = &[$(LintInfo {
            code: $code,
            severity: Severity::$severity,
            title: $title,
            explanation: $explanation,
        },)*];
    };
}

/// The table's row of a code.
pub(crate) fn find(code: &str) -> Option<&'static LintInfo> {
    LINTS.iter().find(|info| info.code == code)
}

lints! {
    GAP = "LINT0101" Warning "the look-back is shorter than the interval"
        "A rule that runs every `interval` and looks at the time between `from` and `to` never sees events that fall \
         between two runs.\n\n    interval = \"15m\"\n    from = \"now-9m\"    # six of fifteen minutes are never looked at\n\n\
         Let `from` reach back at least as far as the interval, better a few minutes further.";
    SEQUENCE_GAP = "LINT0102" Warning "the look-back is shorter than the interval and the sequence's maxspan together"
        "A sequence is found only if one run sees all of its events. One that takes the whole `maxspan` and ends right \
         after a run has begun is seen whole by the next run only if the look-back is `interval` + `maxspan` long.\n\n    \
         interval = \"5m\"\n    from = \"now-9m\"\n    query = 'sequence by user.id with maxspan=10m …'    # needs now-15m\n\n\
         Set `from` further back.";
    NO_OVERLAP = "LINT0103" Warning "runs do not overlap, and the rule goes by `@timestamp`"
        "Events are searched for by the time in `@timestamp`, and arrive later than that. If the look-back is not longer than \
         the interval, one that arrives a minute late is missed by the run before and by the run after.\n\nSet \
         `timestamp_override = \"event.ingested\"`, or let `from` reach further back than the interval.";
    MAX_SIGNALS = "LINT0104" Warning "`max_signals` is more than 1000"
        "Kibana raises at most 1,000 alerts in one run of a rule, unless its `xpack.alerting.rules.run.alerts.max` was set \
         higher. The rest is cut off.";

    NEVER = "LINT0201" Warning "a condition that can never hold"
        "Whatever the event, this part of the query is false.\n\n    process.name == \"cmd.exe\" and not process.name : \"c*\"\n\n\
         A field may have several values, each test asks for any of them, and so `a : \"x\" and a : \"y\"` can hold and is not meant \
         here. A test beside the opposite of itself, or of a wider one, cannot.";
    ALWAYS = "LINT0202" Warning "a condition that always holds"
        "Whatever the event, this part of the query is true: it could be left out, or something else was meant.\n\n    \
         not process.name : \"cmd.exe\" or process.name : \"*.exe\"\n\nAn alternative beside the opposite of itself, or of a \
         narrower one, leaves nothing out. Constants (`1 == 1`) are reported, too; `where true` alone is how to say \
         \"every event\" and is not.";
    DUPLICATE_ITEM = "LINT0203" Warning "a value that a list has twice"
        "The second one changes nothing, and often another value was meant.\n\n    process.name : (\"cmd.exe\", \"CMD.EXE\")    # \
         `:` ignores case\n\nRemove or correct it.";
    COVERED_ITEM = "LINT0204" Warning "a value that another pattern of the list covers"
        "Whatever matches this value matches the other pattern too, and so it changes nothing.\n\n    file.path : \
         (\"C:\\\\Temp\\\\*\", \"C:\\\\Temp\\\\a*.exe\")\n\nRemove the narrower one, or make the other narrower if it takes in more than was meant.";
    MISSPELT_FIELD = "LINT0205" Warning "a field that looks misspelt"
        "The Elastic Common Schema has no such field, and has one of nearly the same name. A test of a field that is never there is \
         never true.\n\n    process.comand_line : \"*-enc*\"\n\nCorrect the name. If your data do have the field, `--allow \
         LINT0205` silences this.";
    LEADING_WILDCARD = "LINT0206" Note "a pattern that begins with a wildcard"
        "Elasticsearch cannot use its index of terms for a pattern that begins with `*` or `?` and looks at every value of a \
         keyword field. In Dragnet it costs little. If the beginning of the values is known, write it.";
    NO_KEY = "LINT0207" Warning "a sequence without `by`"
        "The events of the sequence may come from different hosts, users and processes, which seldom is meant, and is slow where \
         there are many events.\n\n    sequence by host.id, process.entity_id with maxspan=1m …";
    NO_MAXSPAN = "LINT0208" Note "a sequence without `maxspan`"
        "The events may be any time apart, as long as one run sees them all; what is found then depends on the rule's \
         schedule. Say what is meant: `sequence by host.id with maxspan=5m`.";
    PLAIN_REGEX = "LINT0209" Warning "a regular expression without anything but text"
        "It means the same as an exact comparison, which is faster and says so.\n\n    process.name regex \"cmd\"    # not \
         `cmd.exe`: the expression spans the whole value\n\nWrite `==`, `in` or `:`, or `.*` where anything may stand.";
    REDUNDANT = "LINT0210" Warning "a condition that another one makes superfluous"
        "Where the other condition holds, this one does too (or, between alternatives, the other way round), so that it changes \
         nothing.\n\n    process.name : \"cmd.exe\" and process.name : \"*.exe\"\n\nRemove it, or correct the one that is wrong.";
    UNKNOWN_FIELD = "LINT0211" Note "a field that the Elastic Common Schema does not have"
        "It stands below one of the schema's names and is not a part of it. Integrations add such fields; data of other \
         sources will not have it.";

    NOT_IN_ATTACK = "LINT0301" Note "an id that ATT&CK does not have"
        "The id is not in the version of Enterprise ATT&CK that Dragnet knows. It may be newer, of another matrix, or wrong.";
    ATTACK_NAME = "LINT0302" Warning "a name that is not the id's in ATT&CK"
        "Id and name of the mapping say different things, and readers do not know which was meant. Correct the one that is wrong.";
    WRONG_TACTIC = "LINT0303" Warning "a technique under a tactic that it does not belong to"
        "In ATT&CK the technique is not one of the tactic's, and coverage matrices will have no place for it.\n\nPut it below \
         one of its own tactics; a rule may have several entries of `threat`.";
    WRONG_PARENT = "LINT0304" Warning "a sub-technique under another technique"
        "A sub-technique belongs to the technique that its id begins with: `T1546.003` stands below `T1546` and nothing \
         else. Move it, or correct its id.";
    RETIRED = "LINT0305" Warning "a technique that ATT&CK has given up"
        "The technique is deprecated, or revoked in favour of another one. Use that.";
    ATTACK_REFERENCE = "LINT0306" Warning "a link to another page than that of the id"
        "The `reference` of the mapping leads to another tactic or technique than its `id` names. Often one of them was \
         forgotten when the entry was copied.";
    NO_THREAT = "LINT0307" Note "no ATT&CK mapping"
        "Without `threat` the rule is in no coverage matrix, and analysts get no hint what it is a sign of.";

    RISK_BAND = "LINT0401" Warning "a severity that does not fit the risk score"
        "Elastic's bands are low up to 21, medium up to 47, high up to 73, critical up to 100. Alerts are sorted by one and \
         filtered by the other; a rule should have both in the same band.";
    UNKNOWN_KEY = "LINT0402" Warning "a key that rules do not have"
        "Nothing reads the key, and what was meant by it does not happen.\n\n    serverity = \"high\"\n\nCorrect or remove it.";
    NO_DESCRIPTION = "LINT0403" Warning "no description"
        "Kibana refuses a rule without `description`, and analysts learn from it what an alert means.";
    NO_GUIDE = "LINT0404" Note "no investigation guide"
        "`note` tells analysts what to look at when the rule raises an alert. It is Markdown.";
    NO_FALSE_POSITIVES = "LINT0405" Note "no known false positives"
        "`false_positives` tells analysts which harmless things the rule also finds.";
    NO_REFERENCES = "LINT0406" Note "no references"
        "`references` are links to where the behaviour is described: analyses, advisories, the project's own wiki.";
    NO_TAGS = "LINT0407" Warning "no tags"
        "Rules are found, grouped and switched on by their `tags`: platform, data source, tactic, use case.";
    BUILDING_BLOCK = "LINT0408" Warning "an odd building block"
        "Alerts of building blocks are hidden by default and are there for other rules to read. `building_block_type` has one value, \
         `default`. High severity and a hidden alert contradict each other.";
    DUPLICATE_NAME = "LINT0409" Warning "two rules of the same name"
        "Alerts of the two cannot be told apart in lists. Say in each name what sets the rule apart.";
    REPEATED_ENTRY = "LINT0410" Warning "an entry that `tags`, `index` or `references` has twice"
        "It changes nothing; often another value was meant.";
    UNTIDY_TEXT = "LINT0411" Warning "blanks around a name"
        "The name or a tag begins or ends with white space, which nobody sees and every comparison does.";

    IDLE_THRESHOLD = "LINT0501" Warning "a threshold that any event reaches"
        "With `value = 1`, without fields to group by and without a cardinality, the rule makes one alert of whatever a run \
         finds; and a cardinality of 1 asks for nothing but the field.\n\n    threshold = { field = [], value = 1 }\n\nRaise \
         the value, name the fields that make a group, or write a rule of type `query`.";
    GROUPED_CARDINALITY = "LINT0502" Warning "a cardinality that no group reaches"
        "Events of a group agree in the fields of the group. To count the distinct values of one of these fields gives 1, and \
         the rule never raises an alert.\n\nTake the field out of `threshold.field`, or count another one.";
    SHORT_HISTORY = "LINT0503" Warning "a history that is shorter than what is compared with it"
        "A new-terms rule takes a value for new if the time from `history_window_start` to `from` does not have it. If that is \
         shorter than the time that a run looks at, what is ordinary is new again and again.\n\n    from = \"now-6h\"\n    \
         history_window_start = \"now-7h\"    # one hour of history for six of events\n\nUsual are 7 to 14 days.";
    NOT_AN_INDICATOR = "LINT0504" Note "a mapping to something beside the indicator"
        "Alerts repeat the indicator that stands at `threat_indicator_path`; what an event is compared with is usually a part of \
         it, such as `threat.indicator.ip`. Otherwise the alert does not show what agreed.";
    OLD_INDICATORS = "LINT0505" Note "indicators of any age"
        "Addresses and domains change their owners. Ask for recent indicators: `threat_query = '@timestamp >= \"now-30d/d\"'`.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_ascending_and_explained() {
        assert!(LINTS.windows(2).all(|pair| pair[0].code < pair[1].code));
        for info in LINTS {
            assert!(info.severity < Severity::Error, "{}", info.code);
            assert!(!info.title.is_empty() && !info.title.ends_with('.'), "{}", info.code);
            assert!(info.explanation.len() > 40, "{}", info.code);
        }
        assert_eq!(find("LINT0203").map(|info| info.title), Some("a value that a list has twice"));
        assert_eq!(find("LINT9999"), None);
    }
}
