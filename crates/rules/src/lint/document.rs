//! Lints of a rule's keys: what is written for people, and when the rule runs.

use std::collections::HashSet;

use dragnet_plan::front::nearest;

use super::{Finding, table as lint};
use crate::compare::rule_keys;
use crate::rule::{Rule, RuleSeverity, RuleType};

/// Kibana: the most alerts of a run unless it is configured otherwise.
const MAX_SIGNALS: u32 = 1000;

/// Lints that need no query.
pub(super) fn check(rule: &Rule, out: &mut Vec<Finding>) {
    keys(rule, out);
    texts(rule, out);
    if rule.rule_type != RuleType::MachineLearning {
        schedule(rule, out);
    }
    let band = RuleSeverity::of_risk_score(rule.risk_score);
    // What is missing or broken is told by the reader already, which takes the one from the other.
    if band != rule.severity {
        let message = format!(
            "the risk score {} is in the band `{}`, not `{}`",
            rule.risk_score,
            band.name(),
            rule.severity.name()
        );
        out.push(Finding::at(lint::RISK_BAND, "risk_score", message));
    }
    if let Some(kind) = &rule.building_block_type {
        if kind != "default" {
            let message = format!("`building_block_type` is `{kind}`; the one value is `default`");
            out.push(Finding::at(lint::BUILDING_BLOCK, "building_block_type", message));
        } else if rule.severity >= RuleSeverity::High {
            let severity = rule.severity.name();
            let message =
                format!("a building block, whose alerts are hidden, has severity `{severity}`");
            out.push(Finding::at(lint::BUILDING_BLOCK, "building_block_type", message));
        }
    }
}

fn keys(rule: &Rule, out: &mut Vec<Finding>) {
    for key in rule.fields.keys().filter(|key| rule_keys().all(|known| known != *key)) {
        let mut finding = Finding::at(lint::UNKNOWN_KEY, key, format!("rules have no key `{key}`"));
        finding.help = nearest(key, rule_keys()).map(|near| format!("did you mean `{near}`?"));
        out.push(finding);
    }
}

fn texts(rule: &Rule, out: &mut Vec<Finding>) {
    let absent: [(bool, &'static str, &str); 5] = [
        (rule.description.trim().is_empty(), lint::NO_DESCRIPTION, "the rule has no `description`"),
        (rule.tags.is_empty(), lint::NO_TAGS, "the rule has no `tags`"),
        (rule.note().is_none(), lint::NO_GUIDE, "the rule has no `note`"),
        (
            rule.false_positives.is_empty(),
            lint::NO_FALSE_POSITIVES,
            "the rule has no `false_positives`",
        ),
        (rule.references.is_empty(), lint::NO_REFERENCES, "the rule has no `references`"),
    ];
    for (is_absent, code, message) in absent {
        if is_absent {
            out.push(Finding::of_rule(code, message.to_owned()));
        }
    }
    for (key, list) in
        [("tags", &rule.tags), ("index", &rule.index), ("references", &rule.references)]
    {
        let mut seen = HashSet::new();
        for entry in list.iter().filter(|entry| !seen.insert(entry.as_str())) {
            out.push(Finding::at(
                lint::REPEATED_ENTRY,
                key,
                format!("`{key}` has `{entry}` twice"),
            ));
        }
    }
    let untidy = |text: &str| text.trim() != text;
    if untidy(&rule.name) {
        out.push(Finding::at(
            lint::UNTIDY_TEXT,
            "name",
            format!("blanks around the name `{}`", rule.name),
        ));
    }
    for tag in rule.tags.iter().filter(|tag| untidy(tag)) {
        out.push(Finding::at(lint::UNTIDY_TEXT, "tags", format!("blanks around the tag `{tag}`")));
    }
}

fn schedule(rule: &Rule, out: &mut Vec<Finding>) {
    let window = rule.to_ms.saturating_sub(rule.from_ms);
    let (shown, interval) = (duration(window), duration(rule.interval_ms));
    if window < rule.interval_ms {
        let message = format!(
            "the rule looks back {shown} and runs every {interval}: what is between is never seen"
        );
        out.push(Finding::at(lint::GAP, "from", message));
    } else if window == rule.interval_ms
        && rule.timestamp_override.is_none()
        && matches!(rule.rule_type, RuleType::Eql | RuleType::Query | RuleType::SavedQuery)
    {
        let message = format!(
            "the rule looks back {shown} and runs every {interval}: events that arrive late are missed"
        );
        out.push(Finding::at(lint::NO_OVERLAP, "from", message));
    }
    if rule.max_signals > MAX_SIGNALS {
        let message =
            format!("`max_signals` is {}; Kibana raises {MAX_SIGNALS} at most", rule.max_signals);
        out.push(Finding::at(lint::MAX_SIGNALS, "max_signals", message));
    }
}

/// Whether one run sees a sequence of this span whole, wherever runs begin.
pub(super) fn sequence_window(
    rule: &Rule,
    maxspan: i64,
    span: std::ops::Range<usize>,
    out: &mut Vec<Finding>,
) {
    let window = rule.to_ms.saturating_sub(rule.from_ms);
    let needed = rule.interval_ms.saturating_add(maxspan);
    // A gap between the runs has been told.
    if window < needed && window >= rule.interval_ms {
        let message = format!(
            "the rule looks back {}, and a sequence of {} needs {}",
            duration(window),
            duration(maxspan),
            duration(needed)
        );
        let mut finding = Finding::in_query(lint::SEQUENCE_GAP, span, message);
        finding.help = Some(format!("set `from = \"now-{}\"`", duration(needed)));
        out.push(finding);
    }
}

/// Milliseconds as rules write a time: in the largest unit that leaves no rest.
pub(super) fn duration(ms: i64) -> String {
    const UNITS: &[(i64, &str)] =
        &[(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    match UNITS.iter().find(|(unit, _)| ms != 0 && ms % unit == 0) {
        Some((unit, symbol)) => format!("{}{symbol}", ms / unit),
        None => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (ms, shown) in
            [(90_000, "90s"), (540_000, "9m"), (7_200_000, "2h"), (1500, "1500ms"), (0, "0ms")]
        {
            assert_eq!(duration(ms), shown);
        }
    }
}
