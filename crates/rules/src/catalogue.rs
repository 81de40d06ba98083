//! Every code that this crate reports, in one table.

use dragnet_plan::Severity;

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeInfo {
    /// The stable code. Codes are never given to another meaning.
    pub code: &'static str,
    /// Whether the rule is lost (`Error`) or works, but perhaps not as meant (`Warning`).
    pub severity: Severity,
    /// What it is about.
    pub title: &'static str,
    /// What to do; may be empty.
    pub help: &'static str,
}

/// Declares a constant per code and the table of all of them.
macro_rules! catalogue {
    ($($name:ident = $code:literal $severity:ident $title:literal $help:literal;)*) => {
        $(pub(crate) const $name: &str = $code;)*

        /// The codes of rule documents, ascending. Codes below `RULE0100` are errors, the others
        /// warnings.
        pub static CATALOGUE: &[CodeInfo] = &[
            $(CodeInfo { code: $code, severity: Severity::$severity, title: $title, help: $help },)*
        ];
    };
}

catalogue! {
    UNREADABLE = "RULE0001" Error "the file or directory cannot be read" "";
    NOT_UTF8 = "RULE0002" Error "the text is not UTF-8"
        "save the file as UTF-8";
    TOO_LARGE = "RULE0003" Error "the file is larger than a rule file can be" "";
    BAD_TOML = "RULE0004" Error "the file is not valid TOML" "";
    BAD_JSON = "RULE0005" Error "the text is not valid JSON" "";
    NO_RULE = "RULE0006" Error "the file was named as a rule file and holds no rule"
        "a rule is a TOML file with a `[rule]` table, a JSON object as Kibana exports it, or a rule's documentation page";
    MISSING_NAME = "RULE0007" Error "the rule has no `name`"
        "give the rule a `name`";
    MISSING_TYPE = "RULE0008" Error "the rule has no `type`"
        "add `type = \"eql\"` if the query is EQL, `type = \"query\"` if it is KQL";
    UNKNOWN_TYPE = "RULE0009" Error "the rule's `type` is none of Elastic's"
        "the types are eql, query, saved_query, threshold, new_terms, threat_match, esql and machine_learning";
    MISSING_QUERY = "RULE0010" Error "the rule has no `query`"
        "give the rule a `query`";
    WRONG_LANGUAGE = "RULE0011" Error "the rule's `language` does not fit its `type`"
        "a rule of type `eql` has the language `eql`, one of type `query` has `kuery` or `lucene`";
    DUPLICATE_ID = "RULE0012" Error "another rule has the same `rule_id`"
        "give the rule a `rule_id` of its own, or remove one of the two";
    WRONG_TYPE = "RULE0013" Error "a key that the rule cannot do without has a value of the wrong type" "";
    TOO_DEEP = "RULE0014" Error "directories are nested too deep" "";
    SAVED_OBJECT = "RULE0015" Error "the line is a Kibana saved object, not an exported rule"
        "export from Security > Rules, or from `/api/detection_engine/rules/_export`";
    NOT_COMPILED = "RULE0016" Error "the query could not be compiled" "";
    TOO_MANY_BROKEN = "RULE0017" Error "too many lines of the file are broken; the rest is not read" "";
    KIND = "RULE0018" Error "the rule lacks what its type needs besides the query" "";
    FILTERS = "RULE0019" Error "a filter of the rule is not understood" "";
    BAD_EXCEPTION = "RULE0020" Error "an exception cannot be read" "";
    NO_RULE_ID = "RULE0101" Warning "the rule has no `rule_id`; one is derived from its name and query"
        "without a `rule_id`, the rule's alerts get new ids whenever its name or query changes";
    SEVERITY = "RULE0102" Warning "`severity` is missing or none of low, medium, high, critical" "";
    RISK_SCORE = "RULE0103" Warning "`risk_score` is missing or not a whole number from 0 to 100" "";
    INTERVAL = "RULE0104" Warning "`interval` is not a duration; 5m is used"
        "write a whole number and s, m, h or d, such as `5m`";
    LOOK_BACK = "RULE0105" Warning "`from` or `to` is not a time relative to now; the default is used"
        "write `now` and what to add or take away, such as `now-9m`";
    MAX_SIGNALS = "RULE0106" Warning "`max_signals` is not a positive whole number; 100 is used" "";
    IGNORED_VALUE = "RULE0107" Warning "a value of the wrong type is ignored" "";
    NO_LANGUAGE = "RULE0108" Warning "the rule has no `language`; it follows from the `type`"
        "Kibana refuses a rule without it: add `language = \"eql\"`";
    THREAT = "RULE0110" Warning "an entry of `threat` does not have the form that ATT&CK mappings have" "";
    EXCEPTIONS = "RULE0111" Warning "exceptions of the rule are not applied" "";
    UNREAD_PART = "RULE0112" Warning "a part of a rule's documentation page cannot be read" "";
}

/// The table's row of a code.
pub fn explain(code: &str) -> Option<&'static CodeInfo> {
    CATALOGUE.iter().find(|info| info.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_ascending_and_their_number_tells_the_severity() {
        for pair in CATALOGUE.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} {}", pair[0].code, pair[1].code);
        }
        for info in CATALOGUE {
            let number: u32 = info.code.strip_prefix("RULE").unwrap().parse().unwrap();
            assert_eq!(info.severity == Severity::Warning, number > 100, "{}", info.code);
            assert!(!info.title.is_empty() && !info.title.ends_with('.'));
        }
    }
}
