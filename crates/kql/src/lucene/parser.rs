//! Tokens to a condition.
//!
//! There is no tree in between: what a clause means depends on the marks on it and on its neighbours, and that is
//! settled when its group ends.

use std::collections::VecDeque;

use dragnet_event::Schema;
use dragnet_plan::front::{Sink, Span, clip};
use dragnet_plan::pattern::{Dialect, RegexPattern, WildcardPart};
use dragnet_plan::{CompareOp, Condition, Diagnostic};

use super::clauses::{Clauses, Occur};
use super::lexer::{Bracketed, Lexer, Token};
use crate::ask::{Ask, Asker};
use crate::codes::lucene as codes;

/// How many parentheses can be open at a time.
const MAX_DEPTH: u16 = 100;
/// The most regular expressions of a query.
const MAX_REGEXES: usize = 100;

/// An error, reported already, after which nothing is read.
struct Failed;

type Parsed<T> = Result<T, Failed>;

/// Makes the condition; it is of no use if errors were reported.
pub(crate) fn compile(text: &str, schema: &Schema) -> (Condition, Sink) {
    let asker = Asker::new(schema, &codes::SHARED, Sink::default());
    let mut parser = Parser {
        text,
        lexer: Lexer::new(text),
        ahead: VecDeque::new(),
        asker,
        depth: 0,
        regexes: 0,
    };
    let condition = parser.whole().unwrap_or(Condition::Const(false));
    let Parser { lexer, mut asker, .. } = parser;
    asker.sink.append(lexer.sink);
    (condition, asker.sink)
}

/// The field that clauses are about, and where it is named; `None`: any field.
type FieldName = Option<(String, Span)>;

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    ahead: VecDeque<(Token, Span)>,
    asker: Asker<'a>,
    depth: u16,
    regexes: usize,
}

impl Parser<'_> {
    fn peek(&mut self, at: usize) -> &(Token, Span) {
        while self.ahead.len() <= at {
            let token = self.lexer.token();
            self.ahead.push_back(token);
        }
        &self.ahead[at]
    }

    fn token(&mut self) -> &Token {
        &self.peek(0).0
    }

    fn span(&mut self) -> Span {
        self.peek(0).1
    }

    fn bump(&mut self) -> (Token, Span) {
        self.peek(0);
        self.ahead.pop_front().unwrap_or((Token::End, Span::default()))
    }

    fn eat(&mut self, token: &Token) -> bool {
        let found = self.token() == token;
        if found {
            self.bump();
        }
        found
    }

    fn source(&self, span: Span) -> &str {
        span.of(self.text)
    }

    fn expected(&mut self, what: &str) -> Failed {
        let span = self.span();
        let found = match self.token() {
            Token::End => "the end of the query".to_owned(),
            _ => format!("`{}`", clip(self.source(span))),
        };
        let message = format!("expected {what}, found {found}");
        let diagnostic = Diagnostic::error(codes::SYNTAX, span.range(), message)
            .label(format!("expected {what}"));
        let help = match self.token() {
            Token::Minus | Token::Plus => "in a value, a sign needs a backslash: `\\-5`",
            Token::Colon => "a colon in a value needs a backslash, or quotes around it all",
            _ => "a value with other characters than letters and digits stands in quotes",
        };
        self.asker.report(diagnostic.help(help));
        Failed
    }

    fn whole(&mut self) -> Parsed<Condition> {
        // Elasticsearch: an empty query string finds nothing; Kibana leaves an empty one out, and that is
        // everything.
        if *self.token() == Token::End {
            return Ok(Condition::Const(true));
        }
        let condition = self.group(&None)?;
        if *self.token() == Token::End {
            return Ok(condition);
        }
        let span = self.span();
        self.asker.report(
            Diagnostic::error(codes::UNBALANCED, span.range(), "`)` closes nothing")
                .help("leave it out, or open it before"),
        );
        Err(Failed)
    }

    /// Clauses up to a closing parenthesis or the end.
    fn group(&mut self, field: &FieldName) -> Parsed<Condition> {
        let start = self.span();
        let mut clauses = Clauses::default();
        loop {
            if self.is_text(0) && self.is_text(1) && self.continues_text(1) {
                let condition = self.words(field);
                clauses.add(false, None, condition);
            } else {
                let (and, or) = self.conjunction(clauses.list.is_empty())?;
                clauses.has_and |= and;
                clauses.has_or |= or;
                let modifier = self.modifier();
                let condition = self.clause(field)?;
                clauses.add(and, modifier, condition);
            }
            if matches!(self.token(), Token::RightParen | Token::End) {
                break;
            }
        }
        if clauses.has_and && clauses.has_or {
            let span = start.to(self.span());
            let message = "`AND` and `OR` are mixed without parentheses";
            self.asker.report(
                Diagnostic::warning(codes::MIXED_OPERATORS, span.range(), message)
                    .label("what stands beside `AND` is required, and the rest does not matter")
                    .help("put parentheses around what belongs together"),
            );
        }
        Ok(clauses.condition())
    }

    /// `AND` or `OR` before a clause.
    fn conjunction(&mut self, is_first: bool) -> Parsed<(bool, bool)> {
        let found = match self.token() {
            Token::And => (true, false),
            Token::Or => (false, true),
            _ => return Ok((false, false)),
        };
        if is_first {
            return Err(self.expected("a value or a field"));
        }
        self.bump();
        Ok(found)
    }

    fn modifier(&mut self) -> Option<Occur> {
        let found = match self.token() {
            Token::Plus => Occur::Must,
            Token::Minus | Token::Not => Occur::MustNot,
            _ => return None,
        };
        self.bump();
        Some(found)
    }

    /// Whether the token is a word without wildcards.
    fn is_text(&mut self, at: usize) -> bool {
        matches!(&self.peek(at).0, Token::Term(parts) if matches!(parts.as_slice(), [WildcardPart::Text(_)]))
    }

    /// Whether a word goes on with the text before it (Lucene: `allowedPostMultiTerm`).
    fn continues_text(&mut self, at: usize) -> bool {
        !matches!(
            self.peek(at + 1).0,
            Token::Colon | Token::Fuzzy(_) | Token::Boost(_) | Token::And | Token::Or
        )
    }

    /// Two words or more: Elasticsearch analyses them as one text.
    fn words(&mut self, field: &FieldName) -> Condition {
        let start = self.span();
        let mut text = String::new();
        let mut end = start;
        loop {
            let (token, span) = self.bump();
            if let Token::Term(parts) = token {
                if !text.is_empty() {
                    text.push_str(&self.text[end.end as usize..span.start as usize]);
                }
                for part in parts {
                    if let WildcardPart::Text(part) = part {
                        self.check_case(&part, span);
                        text.push_str(&part);
                    }
                }
            }
            end = span;
            if !self.is_text(0) || !self.continues_text(0) {
                break;
            }
        }
        self.ask(field, &Ask::Is { text: &text, phrase: false, slop: 0 }, start.to(end))
    }

    /// Warns of an operator that is none.
    fn check_case(&mut self, word: &str, span: Span) {
        if matches!(word, "and" | "or" | "not") {
            let message = format!("`{word}` in lower case is an ordinary word");
            self.asker.report(
                Diagnostic::warning(codes::LOWER_CASE, span.range(), message)
                    .help(format!("write `{}`", word.to_uppercase())),
            );
        }
    }

    /// A clause without its marks.
    fn clause(&mut self, field: &FieldName) -> Parsed<Condition> {
        let named = matches!(self.token(), Token::Term(_)) && self.peek(1).0 == Token::Colon;
        if !named {
            return self.value(field);
        }
        let (token, span) = self.bump();
        self.bump();
        let Token::Term(parts) = token else { return Err(self.expected("a field")) };
        if parts == [WildcardPart::Run] && *self.token() == Token::Term(vec![WildcardPart::Run]) {
            self.bump();
            self.boost();
            return Ok(Condition::Const(true));
        }
        let name = self.field_name(&parts, span);
        if name == "_exists_" {
            let name = match self.token().clone() {
                Token::Term(parts) => {
                    let span = self.span();
                    self.field_name(&parts, span)
                }
                Token::Phrase(name) => name,
                _ => return Err(self.expected("a field")),
            };
            let (_, span) = self.bump();
            return Ok(self.asker.field(&name, span, &Ask::Exists, span));
        }
        self.value(&Some((name, span)))
    }

    fn field_name(&mut self, parts: &[WildcardPart], span: Span) -> String {
        let mut name = String::new();
        for part in parts {
            match part {
                WildcardPart::Text(text) => name.push_str(text),
                WildcardPart::Run => name.push('*'),
                WildcardPart::One => name.push('?'),
            }
        }
        let is_bare = parts.iter().any(|part| !matches!(part, WildcardPart::Text(_)));
        if is_bare && parts != [WildcardPart::Run] {
            let message = "a wildcard in the name of a field needs a backslash";
            let shown = self.source(span).replace('*', "\\*");
            self.asker.report(
                Diagnostic::error(codes::FIELD_WILDCARD, span.range(), message)
                    .help(format!("write `{}:…`", clip(&shown))),
            );
        }
        name
    }

    /// What a field must be, or a group.
    fn value(&mut self, field: &FieldName) -> Parsed<Condition> {
        let start = self.span();
        let (token, _) = match self.token() {
            Token::Term(_)
            | Token::Phrase(_)
            | Token::Regex(_)
            | Token::Range(_)
            | Token::Compare(_)
            | Token::LeftParen => self.bump(),
            _ => return Err(self.expected("a value")),
        };
        let condition = match token {
            Token::LeftParen => self.parenthesis(field, start)?,
            Token::Phrase(text) => {
                let slop = self.slop(field)?;
                self.ask(field, &Ask::Is { text: &text, phrase: true, slop }, start)
            }
            Token::Regex(text) => match self.regex(&text, start) {
                Some(regex) => self.ask(field, &Ask::Regex(&regex), start),
                None => Condition::Const(false),
            },
            Token::Range(range) => self.bracketed(field, &range, start),
            Token::Compare(symbol) => self.compare(field, symbol)?,
            Token::Term(parts) => self.term(field, &parts, start)?,
            _ => Condition::Const(false),
        };
        self.boost();
        Ok(condition)
    }

    fn parenthesis(&mut self, field: &FieldName, start: Span) -> Parsed<Condition> {
        if self.depth == MAX_DEPTH {
            let message = "the query is nested too deeply";
            self.asker.report(
                Diagnostic::error(codes::TOO_DEEP, start.range(), message)
                    .label(format!("more than {MAX_DEPTH} parentheses around this")),
            );
            self.lexer.stop();
            return Err(Failed);
        }
        if *self.token() == Token::RightParen {
            return Err(self.expected("a value or a field"));
        }
        self.depth += 1;
        let condition = self.group(field)?;
        self.depth -= 1;
        if !self.eat(&Token::RightParen) {
            self.asker.report(
                Diagnostic::error(codes::UNBALANCED, start.range(), "`(` is not closed")
                    .label("it is opened here")
                    .help("write `)` where it ends"),
            );
            return Err(Failed);
        }
        Ok(condition)
    }

    fn term(&mut self, field: &FieldName, parts: &[WildcardPart], span: Span) -> Parsed<Condition> {
        let text = match parts {
            [] => "",
            [WildcardPart::Text(text)] => text,
            [WildcardPart::Run] if field.is_none() => return Ok(Condition::Const(true)),
            [WildcardPart::Run] => return Ok(self.ask(field, &Ask::Exists, span)),
            parts => return Ok(self.ask(field, &Ask::Like { parts, by_word: false }, span)),
        };
        if matches!(text, "]" | "}") && self.source(span) == text {
            self.asker.report(
                Diagnostic::error(
                    codes::BAD_RANGE,
                    span.range(),
                    format!("`{text}` ends no range"),
                )
                .help(format!("one that means itself is written `\\{text}`")),
            );
            return Err(Failed);
        }
        let Token::Fuzzy(number) = self.token() else {
            self.check_case(text, span);
            return Ok(self.ask(field, &Ask::Is { text, phrase: false, slop: 0 }, span));
        };
        let number = number.clone();
        let (_, at) = self.bump();
        let Some(steps) = steps(number.as_deref(), text) else {
            return Err(self.bad_number(at, "a number of steps from 0 to 2"));
        };
        Ok(self.ask(field, &Ask::Near { text, steps }, span))
    }

    /// `~2` after a phrase.
    fn slop(&mut self, field: &FieldName) -> Parsed<u32> {
        let Token::Fuzzy(number) = self.token() else { return Ok(0) };
        let number = number.clone();
        let (_, at) = self.bump();
        let Some(slop) = number.and_then(|number| number.parse::<f64>().ok()) else {
            return Err(self.bad_number(at, "a number of places"));
        };
        if let Some((name, _)) = field
            && slop >= 1.0
            && !self.asker.has_words(name)
        {
            let message = format!("`{}` is not searched by its words", clip(name));
            self.asker.report(
                Diagnostic::warning(codes::SLOP, at.range(), message)
                    .label("the value must be the whole text"),
            );
        }
        Ok(slop as u32)
    }

    fn bad_number(&mut self, at: Span, what: &str) -> Failed {
        let message = format!("here belongs {what}");
        self.asker.report(Diagnostic::error(codes::BAD_FUZZY, at.range(), message));
        Failed
    }

    /// `^2`: it changes nothing.
    fn boost(&mut self) {
        let Token::Boost(number) = self.token() else { return };
        let is_number = number.parse::<f64>().is_ok();
        let (_, at) = self.bump();
        if !is_number {
            self.bad_number(at, "a weight, such as `^2`");
            return;
        }
        self.asker.report(
            Diagnostic::warning(codes::BOOST, at.range(), "a weight has no effect")
                .help("leave it out"),
        );
    }

    fn regex(&mut self, text: &str, span: Span) -> Option<RegexPattern> {
        self.regexes += 1;
        if self.regexes > MAX_REGEXES {
            if self.regexes == MAX_REGEXES + 1 {
                let message = format!("the query has more than {MAX_REGEXES} regular expressions");
                self.asker.report(Diagnostic::error(codes::TOO_LARGE, span.range(), message));
            }
            return None;
        }
        match RegexPattern::new(text, false, Dialect::Lucene) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let message = format!("invalid regular expression: {}", error.message);
                self.asker.report(Diagnostic::error(codes::BAD_REGEX, span.range(), message));
                None
            }
        }
    }

    fn bracketed(&mut self, field: &FieldName, range: &Bracketed, span: Span) -> Condition {
        let mut bounds = Vec::new();
        if let Some(from) = &range.from {
            let op = if range.from_within { CompareOp::Ge } else { CompareOp::Gt };
            bounds.push((op, from.as_str()));
        }
        if let Some(to) = &range.to {
            let op = if range.to_within { CompareOp::Le } else { CompareOp::Lt };
            bounds.push((op, to.as_str()));
        }
        self.ask(field, &Ask::Range(&bounds), span)
    }

    /// `>=10`
    fn compare(&mut self, field: &FieldName, symbol: &str) -> Parsed<Condition> {
        let op = match symbol {
            ">=" => CompareOp::Ge,
            "<=" => CompareOp::Le,
            ">" => CompareOp::Gt,
            _ => CompareOp::Lt,
        };
        if !matches!(self.token(), Token::Phrase(_)) && !self.is_text(0) {
            return Err(self.expected("a bound"));
        }
        let (token, span) = self.bump();
        let text = match token {
            Token::Phrase(text) => text,
            Token::Term(mut parts) => match parts.pop() {
                Some(WildcardPart::Text(text)) => text,
                _ => String::new(),
            },
            _ => String::new(),
        };
        Ok(self.ask(field, &Ask::Range(&[(op, &text)]), span))
    }

    fn ask(&mut self, field: &FieldName, ask: &Ask<'_>, value: Span) -> Condition {
        match field {
            Some((name, at)) => self.asker.field(name, *at, ask, value),
            None => self.asker.any_field(value, ask),
        }
    }
}

/// How many steps `~` and its number allow. Elasticsearch: without a number it goes by the length; a fraction, as
/// older versions had it, is the part of the text that must stay.
fn steps(number: Option<&str>, text: &str) -> Option<u8> {
    let length = text.chars().count();
    let Some(number) = number else {
        return Some(match length {
            0..=2 => 0,
            3..=5 => 1,
            _ => 2,
        });
    };
    let number: f64 = number.parse().ok()?;
    if number == 0.0 || number >= 1.0 {
        return (number == number.trunc()).then_some(number.min(2.0) as u8);
    }
    Some(((1.0 - number) * length as f64).min(2.0) as u8)
}
