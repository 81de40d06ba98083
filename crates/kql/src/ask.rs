//! What a query asks of one field, as conditions: the part that KQL and Lucene's language share.
//!
//! A name may stand for several fields ([`fields`]), and each is asked in its own way: a field of words by its
//! words, an address by its network, a date by the time that a text can mean.

use std::net::IpAddr;

use dragnet_event::{Field, FieldType, Schema, lowercase};
use dragnet_plan::front::{Conformed, Sink, Span, clip, conform};
use dragnet_plan::pattern::{Fuzzy, RegexPattern, Wildcard, WildcardPart};
use dragnet_plan::text::{Analyzer, WordTest};
use dragnet_plan::{CompareOp, Condition, Diagnostic, Expr, Leaf, Literal, Network, Number};

use crate::codes::Shared;
use crate::dates::{self, Date};
use crate::fields::{self, Search, Target};
use crate::fold::any;

/// The most tests of a query. A value without a field is one for every field of words, so that a short text can ask
/// for much.
const MAX_TESTS: usize = 300_000;

/// What is asked of a field.
#[derive(Debug, Clone)]
pub(crate) enum Ask<'q> {
    /// Whether it has a value.
    Exists,
    /// Whether a value is this text; of words: whether it has any of its words or, if they are a phrase, all of
    /// them in order, out of line by no more than `slop`.
    Is { text: &'q str, phrase: bool, slop: u32 },
    /// Whether a value, or a word, is like this; `by_word` if of words each part between blanks is asked for by
    /// itself, and any of them is enough.
    Like { parts: &'q [WildcardPart], by_word: bool },
    /// Whether a value, or a word, is near this text.
    Near { text: &'q str, steps: u8 },
    /// Whether a value, or a word, matches the expression.
    Regex(&'q RegexPattern),
    /// Whether a value lies within bounds, of which there are at most two; without any it only has to be there.
    Range(&'q [(CompareOp, &'q str)]),
}

/// Makes conditions, and says what is doubtful about them.
pub(crate) struct Asker<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) sink: Sink,
    pub(crate) codes: &'static Shared,
    /// The fields of nested objects that are being looked at, outermost first: `a.b.`, empty outside of any.
    pub(crate) prefix: String,
    /// Whether fields that cannot have a value are passed over in silence (a query that names no field).
    lenient: bool,
    /// Tests so far.
    tests: usize,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(schema: &'a Schema, codes: &'static Shared, sink: Sink) -> Asker<'a> {
        Asker { schema, sink, codes, prefix: String::new(), lenient: false, tests: 0 }
    }

    /// The condition that a field, named as in the query, is as asked.
    pub(crate) fn field(&mut self, name: &str, at: Span, ask: &Ask<'_>, value: Span) -> Condition {
        let name = format!("{}{name}", self.prefix);
        let found = match fields::targets(self.schema, &name) {
            // A mapping does not go into nested objects.
            Err(_) if !self.prefix.is_empty() => {
                fields::targets(&Schema::open(), &name).unwrap_or_default()
            }
            Err(suggestions) => {
                let below = self.schema.matching(&format!("{name}.*")).unwrap_or_default();
                if matches!(ask, Ask::Exists) && !below.is_empty() {
                    return any(below.into_iter().map(|f| leaf(Leaf::Exists(f))).collect());
                }
                self.unknown(&name, at, &suggestions);
                return Condition::Const(false);
            }
            Ok(found) => found,
        };
        let lenient = self.lenient;
        self.lenient |= found.len() > 1;
        let conditions = found.iter().map(|target| self.target(target, at, ask, value)).collect();
        self.lenient = lenient;
        any(conditions)
    }

    /// The condition that any field at all is as asked (Kibana: a value without a field; Elasticsearch passes over
    /// fields that cannot have it).
    pub(crate) fn any_field(&mut self, at: Span, ask: &Ask<'_>) -> Condition {
        self.lenient = true;
        let condition = self.field("*", at, ask, at);
        self.lenient = false;
        condition
    }

    /// Goes into the objects at a field: names are those of their members from here to [`Asker::leave`], which takes
    /// what this gives.
    pub(crate) fn enter(&mut self, name: &str, at: Span) -> String {
        let path = format!("{}{name}", self.prefix);
        let is_known = |path: &str| {
            let members = format!("{path}.*");
            self.schema.get(path).is_some()
                || self.schema.matching(&members).is_some_and(|fields| !fields.is_empty())
        };
        if self.prefix.is_empty() && !is_known(&path) {
            self.unknown(&path, at, &[]);
        }
        std::mem::replace(&mut self.prefix, format!("{path}."))
    }

    /// The condition that one of the objects satisfies another one.
    pub(crate) fn leave(&mut self, outer: String, condition: Condition) -> Condition {
        let prefix = std::mem::replace(&mut self.prefix, outer);
        let path = prefix.strip_suffix('.').unwrap_or(&prefix);
        let field = Field::any(path).with_type(FieldType::Object);
        leaf(Leaf::Nested { field, condition: Box::new(condition) })
    }

    /// Whether a field, named as in the query, is searched by its words.
    pub(crate) fn has_words(&self, name: &str) -> bool {
        let found = fields::targets(self.schema, name).unwrap_or_default();
        found.iter().any(|target| matches!(target.search, Search::Words(_)))
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    fn doubt(&mut self, diagnostic: Diagnostic) {
        if !self.lenient {
            self.sink.push(diagnostic);
        }
    }

    fn unknown(&mut self, name: &str, at: Span, suggestions: &[String]) {
        let message = format!("unknown field `{}`", clip(name));
        let diagnostic = Diagnostic::error(self.codes.unknown_field, at.range(), message)
            .label("not in the schema");
        self.report(match suggestions {
            [] => diagnostic,
            [one] => diagnostic.help(format!("did you mean `{one}`?")),
            many => diagnostic.help(format!("did you mean one of `{}`?", many.join("`, `"))),
        });
    }

    fn never(&mut self, field: &Field, text: &str, span: Span) -> Condition {
        let message = format!("`{field}` is never `{}`", clip(text));
        self.doubt(
            Diagnostic::warning(self.codes.never_true, span.range(), message)
                .label(format!("not of type {}", field.ty().name())),
        );
        Condition::Const(false)
    }

    fn target(&mut self, target: &Target, at: Span, ask: &Ask<'_>, value: Span) -> Condition {
        let field = &target.field;
        self.tests += 1;
        if self.tests > MAX_TESTS {
            if self.tests == MAX_TESTS + 1 {
                let message = format!("the query has more than {MAX_TESTS} tests");
                self.report(Diagnostic::error(self.codes.too_large, value.range(), message));
            }
            return Condition::Const(false);
        }
        if field.ty() == FieldType::Unsupported && !matches!(ask, Ask::Exists) {
            if !self.lenient {
                let message = format!("the field `{field}` is of a type that cannot be searched");
                self.report(Diagnostic::error(self.codes.field_type, at.range(), message));
            }
            return Condition::Const(false);
        }
        match (ask, target.search) {
            // What the data holds there may be an object, and Elasticsearch finds one that has any field.
            (Ask::Exists, _) if field.ty() == FieldType::Any && !field.is_pattern() => {
                let below = Field::any(format!("{}.*", field.path()));
                Condition::Any(vec![leaf(Leaf::Exists(field.clone())), leaf(Leaf::Exists(below))])
            }
            (Ask::Exists | Ask::Range([]), _) => leaf(Leaf::Exists(field.clone())),
            (Ask::Range(bounds), Search::Whole) => self.range(field, bounds, value),
            (Ask::Range(..), Search::Words(_)) => {
                if !self.lenient {
                    let message =
                        format!("`{field}` is searched by its words, which have no order");
                    self.report(Diagnostic::error(self.codes.wrong_bound, value.range(), message));
                }
                Condition::Const(false)
            }
            (_, Search::Words(analyzer)) => self.words(field, analyzer, ask, value),
            (Ask::Is { text, .. }, Search::Whole) => self.equals(field, text, value),
            (Ask::Like { parts, .. }, Search::Whole) => {
                self.check_text(field, value);
                let patterns = vec![pattern(field, parts)];
                leaf(Leaf::Like { field: field.clone(), patterns })
            }
            (Ask::Near { text, steps }, Search::Whole) => {
                self.check_text(field, value);
                let is_caseless = field.ty() == FieldType::Caseless;
                let text = if is_caseless { lowercase(text) } else { (*text).into() };
                leaf(Leaf::Fuzzy { field: field.clone(), fuzzy: Fuzzy::new(&text, *steps) })
            }
            (Ask::Regex(regex), Search::Whole) => {
                self.check_text(field, value);
                let patterns = vec![(*regex).clone()];
                leaf(Leaf::Regex { field: field.clone(), patterns })
            }
        }
    }

    /// Warns of a pattern on what is not text. Elasticsearch rejects it.
    fn check_text(&mut self, field: &Field, span: Span) {
        let is_text = field.ty() == FieldType::Any || field.ty().is_string();
        if !is_text {
            let message = format!("`{field}` is not text, but of type {}", field.ty().name());
            let help = match field.ty() {
                FieldType::Ip => "write a block of addresses: `\"10.0.0.0/8\"`",
                _ => "write a range",
            };
            self.doubt(
                Diagnostic::warning(self.codes.wildcard_type, span.range(), message)
                    .label("the text form is compared")
                    .help(help),
            );
        }
    }

    fn equals(&mut self, field: &Field, text: &str, span: Span) -> Condition {
        let compare =
            |value| leaf(Leaf::Compare { field: field.clone(), op: CompareOp::Eq, value });
        match field.ty() {
            FieldType::Any => compare(any_literal(text)),
            FieldType::Date => self.on_date(field, text, span),
            // Under the open schema that a field holds addresses is a guess.
            FieldType::Ip if text.parse::<IpAddr>().is_err() && Network::parse(text).is_err() => {
                if self.schema.is_closed() {
                    return self.never(field, text, span);
                }
                compare(Literal::Str(text.into()))
            }
            _ => match conform(field, CompareOp::Eq, &Literal::Str(text.into())) {
                Conformed::Literal(value) => compare(value),
                Conformed::Network(network) => {
                    leaf(Leaf::Cidr { field: field.clone(), networks: vec![network] })
                }
                Conformed::Never => self.never(field, text, span),
            },
        }
    }

    /// Kibana: a date is any time that the text can mean.
    fn on_date(&mut self, field: &Field, text: &str, span: Span) -> Condition {
        match dates::read(text, field.spec().format.as_deref()) {
            None => self.never(field, text, span),
            Some(Date::Past | Date::Computed) => {
                self.computed(text, span);
                Condition::Const(false)
            }
            Some(Date::Span(start, end)) => {
                let bounds = [(CompareOp::Ge, start), (CompareOp::Le, end)];
                within(field, bounds.map(|(op, time)| (op, Literal::Date(time))).into())
            }
        }
    }

    fn computed(&mut self, text: &str, span: Span) {
        if !self.lenient {
            let message = format!("`{}` depends on the time of the query", clip(text));
            self.report(
                Diagnostic::error(self.codes.date_math, span.range(), message)
                    .label("there is no such time")
                    .help("write a date"),
            );
        }
    }

    fn range(&mut self, field: &Field, bounds: &[(CompareOp, &str)], span: Span) -> Condition {
        let mut kept = Vec::new();
        for (op, text) in bounds {
            match self.bound(field, *op, text, span) {
                Bound::At(literal) => kept.push((*op, literal)),
                Bound::Open => {}
                Bound::Never => return Condition::Const(false),
            }
        }
        within(field, kept)
    }

    fn bound(&mut self, field: &Field, op: CompareOp, text: &str, span: Span) -> Bound {
        let is_date = field.ty() == FieldType::Date
            || field.ty() == FieldType::Any && dates::looks_like_date(text);
        if is_date {
            return self.date_bound(field, op, text, span);
        }
        if field.ty() == FieldType::Any {
            return Bound::At(number(text).unwrap_or(Literal::Str(text.into())));
        }
        match conform(field, op, &Literal::Str(text.into())) {
            Conformed::Literal(value) => Bound::At(value),
            Conformed::Network(_) | Conformed::Never => {
                self.wrong_bound(field, text, span);
                Bound::Never
            }
        }
    }

    fn date_bound(&mut self, field: &Field, op: CompareOp, text: &str, span: Span) -> Bound {
        match dates::read(text, field.spec().format.as_deref()) {
            None => {
                self.wrong_bound(field, text, span);
                Bound::Never
            }
            Some(Date::Span(start, end)) => match op {
                CompareOp::Gt | CompareOp::Le => Bound::At(Literal::Date(end)),
                _ => Bound::At(Literal::Date(start)),
            },
            // What is logged is not later than the present.
            Some(Date::Past)
                if text.trim() == "now" && matches!(op, CompareOp::Le | CompareOp::Lt) =>
            {
                Bound::Open
            }
            Some(Date::Past) if matches!(op, CompareOp::Gt | CompareOp::Ge) => {
                let message = format!("`{}` is not looked at", clip(text));
                self.doubt(
                    Diagnostic::warning(self.codes.open_bound, span.range(), message)
                        .label("events of any age are taken"),
                );
                Bound::Open
            }
            Some(Date::Past | Date::Computed) => {
                self.computed(text, span);
                Bound::Never
            }
        }
    }

    fn wrong_bound(&mut self, field: &Field, text: &str, span: Span) {
        if !self.lenient {
            let message = format!("`{}` is no bound for `{field}`", clip(text));
            self.report(
                Diagnostic::error(self.codes.wrong_bound, span.range(), message)
                    .label(format!("not of type {}", field.ty().name())),
            );
        }
    }

    fn words(&mut self, field: &Field, analyzer: Analyzer, ask: &Ask<'_>, span: Span) -> Condition {
        let test = match ask {
            Ask::Is { text, phrase, slop } => match analyzer.words(text) {
                words if words.is_empty() => {
                    return self.no_words(field, span, "it has no word in it");
                }
                words if *phrase || words.len() == 1 => WordTest::Phrase { words, slop: *slop },
                words => WordTest::AnyOf(words),
            },
            Ask::Like { parts, by_word: true } if has_blank(parts) => {
                let pieces = pieces(parts);
                let asked = pieces.iter().map(|piece| match piece.as_slice() {
                    [WildcardPart::Text(text)] => Ask::Is { text, phrase: false, slop: 0 },
                    parts => Ask::Like { parts, by_word: false },
                });
                return any(asked.map(|ask| self.words(field, analyzer, &ask, span)).collect());
            }
            Ask::Like { parts, .. } => {
                if !self.lenient && !one_word(analyzer, parts) {
                    return self.no_words(field, span, "no single word can be like this");
                }
                let lower = parts.iter().map(|part| match part {
                    WildcardPart::Text(text) => {
                        WildcardPart::Text(analyzer.normalize(text).into_owned())
                    }
                    other => other.clone(),
                });
                WordTest::Like(vec![Wildcard::from_parts(&lower.collect::<Vec<_>>(), false)])
            }
            Ask::Near { text, steps } => {
                WordTest::Fuzzy(Fuzzy::new(&analyzer.normalize(text), *steps))
            }
            Ask::Regex(regex) => WordTest::Regex((*regex).clone()),
            Ask::Exists | Ask::Range(..) => return Condition::Const(false),
        };
        leaf(Leaf::Words { field: field.clone(), analyzer, test })
    }

    fn no_words(&mut self, field: &Field, span: Span, why: &str) -> Condition {
        let message = format!("`{field}` is searched by its words, and never has this");
        self.doubt(
            Diagnostic::warning(self.codes.no_words, span.range(), message)
                .label(why)
                .help("a phrase stands in quotes, without wildcards"),
        );
        Condition::Const(false)
    }
}

fn has_blank(parts: &[WildcardPart]) -> bool {
    parts
        .iter()
        .any(|part| matches!(part, WildcardPart::Text(text) if text.contains(char::is_whitespace)))
}

/// The parts between blanks (Kibana: a pattern for words becomes a query string, in which blanks separate).
fn pieces(parts: &[WildcardPart]) -> Vec<Vec<WildcardPart>> {
    let mut pieces = vec![Vec::new()];
    let mut push = |part: WildcardPart, is_new: bool| match pieces.last_mut() {
        Some(piece) if !is_new => piece.push(part),
        _ => pieces.push(vec![part]),
    };
    for part in parts {
        let WildcardPart::Text(text) = part else {
            push(part.clone(), false);
            continue;
        };
        for (nth, word) in text.split(char::is_whitespace).enumerate() {
            push(WildcardPart::Text(word.to_owned()), nth > 0);
        }
    }
    for piece in &mut pieces {
        piece.retain(|part| !matches!(part, WildcardPart::Text(text) if text.is_empty()));
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Whether a word can be like this: whether its text is of one word, as the analyzer cuts.
fn one_word(analyzer: Analyzer, parts: &[WildcardPart]) -> bool {
    let text: String = parts
        .iter()
        .map(|part| match part {
            WildcardPart::Text(text) => text.as_str(),
            // Whatever the wildcard stands for, a letter joins what is beside it.
            WildcardPart::One | WildcardPart::Run => "x",
        })
        .collect();
    let words = analyzer.words(&text);
    words.len() == 1 && words[0].len() == lowercase(&text).len()
}

/// The pattern as the values of the field are.
fn pattern(field: &Field, parts: &[WildcardPart]) -> Wildcard {
    if field.ty() != FieldType::Caseless {
        return Wildcard::from_parts(parts, false);
    }
    let lower = parts.iter().map(|part| match part {
        WildcardPart::Text(text) => WildcardPart::Text(lowercase(text).into_owned()),
        other => other.clone(),
    });
    Wildcard::from_parts(&lower.collect::<Vec<_>>(), false)
}

/// A text for a field of any type: a number if that is how numbers are written, so that it equals numbers
/// whatever their form, and the same text.
fn any_literal(text: &str) -> Literal {
    let same = |literal: &Literal| literal.as_scalar().is_some_and(|value| value.text() == text);
    number(text).filter(same).unwrap_or(Literal::Str(text.into()))
}

fn number(text: &str) -> Option<Literal> {
    let text = text.trim();
    let whole = text.parse().ok().map(Literal::Long);
    let is_number = |n: &f64| n.is_finite();
    whole.or_else(|| text.parse().ok().filter(is_number).map(|n| Literal::Double(Number(n))))
}

fn leaf(leaf: Leaf) -> Condition {
    Condition::Leaf(leaf)
}

/// That one value of the field satisfies all of these. Of several values not each bound may take its own, so that
/// two bounds are an expression over one value.
fn within(field: &Field, mut bounds: Vec<(CompareOp, Literal)>) -> Condition {
    match bounds.len() {
        0 => leaf(Leaf::Exists(field.clone())),
        1 => {
            let (op, value) = bounds.swap_remove(0);
            leaf(Leaf::Compare { field: field.clone(), op, value })
        }
        _ => leaf(Leaf::Script(Expr::And(
            bounds
                .into_iter()
                .map(|(op, value)| Expr::Compare {
                    op,
                    left: Box::new(Expr::Field(field.clone())),
                    right: Box::new(Expr::Literal(value)),
                })
                .collect(),
        ))),
    }
}

/// What a bound of a range is.
enum Bound {
    At(Literal),
    /// It leaves nothing out.
    Open,
    /// Nothing can be within; it was reported if that is of use.
    Never,
}
