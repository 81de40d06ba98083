//! Rules about queries that need no schema: how many terms and keys, and what may stand together.

use dragnet_plan::Diagnostic;

use crate::ast::{Body, FieldName, Query, Sample, Sequence, Span, Term};
use crate::codes;
use dragnet_plan::front::Sink;

/// The most terms of a sample.
const MAX_SAMPLE_TERMS: usize = 5;
/// The most terms of a sequence, `runs` written out.
const MAX_STAGES: u64 = 1_000;

/// Reports what is wrong with the structure of a query.
pub(crate) fn check(query: &Query, sink: &mut Sink) {
    match &query.body {
        Body::Event(_) => {}
        Body::Sequence(sequence) => check_sequence(sequence, sink),
        Body::Sample(sample) => check_sample(sample, sink),
    }
}

fn check_sequence(sequence: &Sequence, sink: &mut Sink) {
    let stages: u64 = sequence.terms.iter().map(|term| u64::from(term.runs.unwrap_or(1))).sum();
    if stages < 2 {
        too_few("sequence", sequence.span, sink);
    }
    if stages > MAX_STAGES {
        let message = format!("a sequence has at most {MAX_STAGES} terms, found {stages}");
        sink.push(
            Diagnostic::error(codes::TOO_LARGE, sequence.span.range(), message)
                .label("counted with their `runs`"),
        );
    }
    check_missing(sequence, sink);
    if let Some(until) = &sequence.until {
        let wrong = match (until.missing, until.runs) {
            (true, _) => Some("`until` cannot be a missing event"),
            (_, Some(_)) => Some("`until` cannot have `runs`"),
            _ => None,
        };
        if let Some(message) = wrong {
            sink.push(Diagnostic::error(codes::BAD_UNTIL, until.span.range(), message));
        }
    }
    check_keys(sequence.terms.iter().chain(&sequence.until), sink);
}

fn check_missing(sequence: &Sequence, sink: &mut Sink) {
    let Some(missing) = sequence.terms.iter().find(|term| term.missing) else { return };
    if sequence.terms.iter().all(|term| term.missing) {
        sink.push(
            Diagnostic::error(
                codes::NO_POSITIVE_TERM,
                sequence.span.range(),
                "a sequence cannot consist of missing events only",
            )
            .help("at least one term stands without `!`"),
        );
    }
    if sequence.maxspan.is_none() {
        sink.push(
            Diagnostic::error(
                codes::MISSING_NEEDS_MAXSPAN,
                missing.span.range(),
                "a missing event needs a `maxspan`",
            )
            .label("for how long must it be missing?")
            .help("write `sequence … with maxspan=1m`"),
        );
    }
}

fn check_sample(sample: &Sample, sink: &mut Sink) {
    if sample.terms.len() < 2 {
        too_few("sample", sample.span, sink);
    }
    if let Some(term) = sample.terms.get(MAX_SAMPLE_TERMS) {
        sink.push(
            Diagnostic::error(
                codes::SAMPLE_TERMS,
                term.span.range(),
                format!("a sample has at most {MAX_SAMPLE_TERMS} terms"),
            )
            .label(format!("the first of {} too many", sample.terms.len() - MAX_SAMPLE_TERMS)),
        );
    }
    let any_key = !sample.by.is_empty() || sample.terms.iter().any(|term| !term.by.is_empty());
    if any_key {
        check_keys(sample.terms.iter(), sink);
    } else {
        sink.push(
            Diagnostic::error(codes::SAMPLE_NEEDS_KEY, sample.span.range(), "a sample needs a key")
                .help("write `sample by host.name …`"),
        );
    }
}

fn too_few(what: &str, span: Span, sink: &mut Sink) {
    let diagnostic = Diagnostic::error(
        codes::TOO_FEW_TERMS,
        span.range(),
        format!("a {what} needs at least two terms"),
    )
    .label("found only one");
    sink.push(if what == "sequence" {
        diagnostic.help("add a term, or repeat the one by `with runs=2`")
    } else {
        diagnostic
    });
}

/// All terms must have as many keys of their own as the first.
fn check_keys<'a>(terms: impl Iterator<Item = &'a Term>, sink: &mut Sink) {
    let mut first: Option<&[FieldName]> = None;
    for term in terms {
        let Some(first) = first else {
            first = Some(&term.by);
            continue;
        };
        if term.by.len() == first.len() {
            continue;
        }
        let span = match (term.by.first(), term.by.last()) {
            (Some(start), Some(end)) => start.span.to(end.span),
            _ => term.span,
        };
        let message = format!(
            "the terms are joined by different numbers of keys: {} and {}",
            first.len(),
            term.by.len()
        );
        sink.push(Diagnostic::error(codes::KEY_COUNT, span.range(), message).label(format!(
            "{} here, {} in the first term",
            term.by.len(),
            first.len()
        )));
    }
}
