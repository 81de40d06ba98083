//! Sequences, samples, their terms, keys and options.

use dragnet_plan::Diagnostic;

use super::{Failed, Parsed, Parser, is_keyword};
use crate::ast::{ExprKind, FieldName, Maxspan, Sample, Sequence, Span, Term, TimeUnit};
use crate::codes;
use crate::lexer::Kind;
use dragnet_plan::front::clip;

/// Spellings of the units that people try.
const UNIT_SLIPS: &[(&str, &str)] = &[
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("milliseconds", "ms"),
];

impl Parser<'_> {
    /// `sequence by … with maxspan=… terms until term`
    pub(super) fn sequence(&mut self) -> Parsed<Sequence> {
        let span = self.current.span;
        self.eat_keyword("sequence");
        let mut by = Vec::new();
        let mut maxspan = None;
        let mut with = None;
        let mut failed = false;
        while self.at_keyword("by") || self.at_keyword("with") {
            let start = self.current.span;
            if self.eat_keyword("with") {
                failed |= self.maxspan().map(|found| maxspan = found.or(maxspan)).is_err();
                with = Some(self.since(start));
            } else {
                let keys = self.keys()?;
                if let Some(with) = with {
                    let span = self.since(start);
                    let keys = clip(span.of(self.text));
                    let with = clip(with.of(self.text));
                    self.by_after_with(span, &format!("sequence {keys} {with}"));
                }
                by.extend(keys);
            }
        }
        let terms = self.terms();
        let until = if self.eat_keyword("until") { self.term().map(Some) } else { Ok(None) };
        if failed {
            return Err(Failed);
        }
        Ok(Sequence { by, maxspan, terms: terms?, until: until?, span })
    }

    /// `sample by … terms`
    pub(super) fn sample(&mut self) -> Parsed<Sample> {
        let span = self.current.span;
        self.eat_keyword("sample");
        let mut by = Vec::new();
        let mut failed = false;
        while self.at_keyword("by") || self.at_keyword("with") {
            let start = self.current.span;
            if self.eat_keyword("with") {
                failed |= self.maxspan().is_err();
                self.not_in_sample(self.since(start), "`maxspan`");
            } else {
                by.extend(self.keys()?);
            }
        }
        let terms = self.terms();
        let start = self.current.span;
        if self.eat_keyword("until") {
            self.not_in_sample(start, "`until`");
            failed |= self.term().is_err();
        }
        let terms = terms?;
        for term in &terms {
            if term.missing {
                let open = Span { start: term.span.start, end: term.span.start + 2 };
                self.not_in_sample(open, "missing events");
            }
            if term.runs.is_some() {
                self.not_in_sample(term.span, "`runs`");
            }
        }
        if failed { Err(Failed) } else { Ok(Sample { by, terms, span }) }
    }

    fn not_in_sample(&mut self, span: Span, what: &str) {
        self.report(
            Diagnostic::error(
                codes::NOT_IN_SAMPLE,
                span.range(),
                format!("a sample cannot have {what}"),
            )
            .help("events of a sample have no order; a `sequence` can say this"),
        );
    }

    /// What follows `with` at the head of a sequence.
    fn maxspan(&mut self) -> Parsed<Option<Maxspan>> {
        self.option("maxspan")?;
        let start = self.current.span;
        let negative = self.eat(Kind::Minus);
        let number = self.current;
        if !matches!(number.kind, Kind::Int | Kind::Decimal) {
            return Err(self.expected("a span of time such as `30s`"));
        }
        self.bump();
        let text = number.span.of(self.text);
        let unit_token = self.at(Kind::Word)
            && !(is_keyword(self.word()) && self.current.span.start > self.last_end);
        let unit = unit_token.then(|| self.bump());
        let span = self.since(start);
        let amount = if number.kind == Kind::Decimal || negative {
            None
        } else {
            text.parse::<u64>().ok().filter(|amount| *amount > 0)
        };
        let Some(amount) = amount else {
            let message = if number.kind == Kind::Decimal && !negative {
                "a `maxspan` is a whole number"
            } else {
                "a `maxspan` is a positive whole number"
            };
            let diagnostic = Diagnostic::error(codes::BAD_MAXSPAN, span.range(), message);
            self.report(if number.kind == Kind::Decimal && !negative {
                diagnostic.help("use a smaller unit, such as `1500ms` for `1.5s`")
            } else {
                diagnostic
            });
            return Ok(None);
        };
        let Some(unit) = unit else {
            self.report(
                Diagnostic::error(
                    codes::MAXSPAN_UNIT,
                    span.range(),
                    "`maxspan` needs a unit of time",
                )
                .label("seconds, minutes?")
                .help(format!("did you mean `{amount}s`?")),
            );
            return Ok(None);
        };
        let Some(unit) = self.unit(unit.span, amount) else { return Ok(None) };
        let within = amount.checked_mul(unit.millis()).is_some_and(|ms| i64::try_from(ms).is_ok());
        if !within {
            self.report(Diagnostic::error(
                codes::BAD_MAXSPAN,
                span.range(),
                "this `maxspan` is too long",
            ));
            return Ok(None);
        }
        Ok(Some(Maxspan { amount, unit, span }))
    }

    /// The unit of that name; others are reported.
    fn unit(&mut self, span: Span, amount: u64) -> Option<TimeUnit> {
        let name = span.of(self.text);
        let units = [
            TimeUnit::Milliseconds,
            TimeUnit::Seconds,
            TimeUnit::Minutes,
            TimeUnit::Hours,
            TimeUnit::Days,
        ];
        let found = units.into_iter().find(|unit| unit.symbol() == name);
        if found.is_none() {
            let lower = name.to_ascii_lowercase();
            let slip = UNIT_SLIPS.iter().find(|(slip, _)| *slip == lower).map(|(_, unit)| *unit);
            let slip = slip.or(units.map(TimeUnit::symbol).into_iter().find(|s| *s == lower));
            let message = format!("there is no unit of time `{}`", clip(name));
            let help = match slip {
                Some(unit) => format!("did you mean `{amount}{unit}`?"),
                None => "the units are `ms`, `s`, `m`, `h` and `d`".to_owned(),
            };
            self.report(Diagnostic::error(codes::UNKNOWN_UNIT, span.range(), message).help(help));
        }
        found
    }

    /// `name =`, where `name` is the only option there is.
    fn option(&mut self, name: &'static str) -> Parsed<()> {
        if !matches!(self.current.kind, Kind::Word | Kind::Quoted | Kind::TildeWord) {
            return Err(self.expected(&format!("`{name}=…`")));
        }
        let token = self.bump();
        let word = token.span.of(self.text);
        if word != name {
            let help = match (name, word) {
                ("runs", "maxspan") => {
                    "`maxspan` stands after `sequence` and its keys, before the first term"
                        .to_owned()
                }
                ("maxspan", "runs") => "`runs` stands after the term that it repeats".to_owned(),
                _ => format!("the option here is `{name}`"),
            };
            self.report(
                Diagnostic::error(
                    codes::UNKNOWN_OPTION,
                    token.span.range(),
                    format!("unknown option `{}`", clip(word)),
                )
                .label(format!("expected `{name}`"))
                .help(help),
            );
            self.skip_option_value();
            return Err(Failed);
        }
        if !self.eat(Kind::Assign) && !self.eat(Kind::Eq) {
            return Err(self.expected("`=`"));
        }
        Ok(())
    }

    /// Passes over `= value unit`.
    fn skip_option_value(&mut self) {
        if self.eat(Kind::Assign) || self.eat(Kind::Eq) {
            self.eat(Kind::Minus);
            self.bump();
            if self.at(Kind::Word) && self.current.span.start == self.last_end {
                self.bump();
            }
        }
    }

    /// `by key, key`
    fn keys(&mut self) -> Parsed<Vec<FieldName>> {
        self.eat_keyword("by");
        let mut keys = Vec::new();
        loop {
            self.in_keys = true;
            let key = self.key_expr();
            self.in_keys = false;
            let key = key?;
            match key.kind {
                ExprKind::Field(name) => keys.push(name),
                _ => self.report(
                    Diagnostic::error(codes::BAD_KEY, key.span.range(), "a key is a field")
                        .label("not a field")
                        .help("values cannot be computed for keys"),
                ),
            }
            if !self.eat(Kind::Comma) {
                return Ok(keys);
            }
        }
    }

    fn by_after_with(&mut self, span: Span, order: &str) {
        self.report(
            Diagnostic::error(codes::BY_AFTER_WITH, span.range(), "`by` comes before `with`")
                .help(format!("write `{order}`")),
        );
    }

    /// One or more terms; a broken one does not keep the others from being read.
    fn terms(&mut self) -> Parsed<Vec<Term>> {
        let mut terms = Ok(Vec::new());
        let mut any = false;
        while self.at_term() {
            any = true;
            match (self.term(), &mut terms) {
                (Ok(term), Ok(terms)) => terms.push(term),
                (Err(failed), _) => terms = Err(failed),
                (Ok(_), Err(_)) => {}
            }
        }
        if !any {
            return Err(self.expected("a term such as `[process where true]`"));
        }
        terms
    }

    /// Whether a term begins here.
    fn at_term(&self) -> bool {
        match self.current.kind {
            Kind::BracketOpen | Kind::MissingOpen => true,
            Kind::Bang => self.next.kind == Kind::BracketOpen,
            _ => false,
        }
    }

    /// `[filter] by … with runs=…`
    fn term(&mut self) -> Parsed<Term> {
        let start = self.current.span;
        if !self.at_term() {
            return Err(self.expected("a term such as `[process where true]`"));
        }
        if self.at(Kind::Bang) {
            let range = self.current.span.to(self.next.span).range();
            self.report(Diagnostic::error(
                codes::SYNTAX,
                range,
                "`![` is written without a space between",
            ));
            self.bump();
            self.current.kind = Kind::MissingOpen;
        }
        let missing = self.at(Kind::MissingOpen);
        self.bump();
        let filter = match self.event_filter() {
            Ok(filter) if self.at(Kind::BracketClose) => Ok(filter),
            Ok(_) => Err(self.expected_operator("`]`")),
            Err(failed) => Err(failed),
        };
        if filter.is_err() {
            self.skip_to_bracket();
        }
        self.eat(Kind::BracketClose);
        self.fork();
        let mut term =
            Term { missing, filter: filter?, by: Vec::new(), runs: None, span: self.since(start) };
        self.term_options(&mut term)?;
        term.span = self.since(start);
        Ok(term)
    }

    /// `by …` and `with runs=…` after a term.
    fn term_options(&mut self, term: &mut Term) -> Parsed<()> {
        let mut with = false;
        loop {
            let start = self.current.span;
            if self.at_keyword("by") {
                let keys = self.keys()?;
                if with {
                    let span = self.since(start);
                    let keys = clip(span.of(self.text));
                    self.by_after_with(span, &format!("[…] {keys} with runs=…"));
                }
                term.by.extend(keys);
                self.fork();
            } else if self.eat_keyword("with") {
                term.runs = self.runs()?.or(term.runs);
                with = true;
            } else {
                return Ok(());
            }
        }
    }

    fn runs(&mut self) -> Parsed<Option<u32>> {
        self.option("runs")?;
        let start = self.current.span;
        self.eat(Kind::Minus);
        if !matches!(self.current.kind, Kind::Int | Kind::Decimal) {
            return Err(self.expected("a number from 1 to 100"));
        }
        self.bump();
        let span = self.since(start);
        let runs = span.of(self.text).parse().ok().filter(|runs| (1..=100).contains(runs));
        if runs.is_none() {
            self.report(
                Diagnostic::error(
                    codes::BAD_RUNS,
                    span.range(),
                    "`runs` is a whole number from 1 to 100",
                )
                .label("out of range"),
            );
        }
        Ok(runs)
    }

    /// Reports and passes over `fork` and `fork=true`.
    fn fork(&mut self) {
        if self.at_word("fork") {
            let range = self.current.span.range();
            self.report(Diagnostic::error(codes::FORK, range, "`fork` is not supported"));
            self.bump();
            self.skip_option_value();
        }
    }

    /// Passes over tokens up to the end of the term, which is not taken.
    pub(super) fn skip_to_bracket(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.current.kind {
                Kind::End | Kind::Pipe => return,
                Kind::BracketClose if open == 0 => return,
                Kind::BracketClose => open -= 1,
                Kind::BracketOpen | Kind::MissingOpen => open += 1,
                _ => {}
            }
            self.bump();
        }
    }
}
