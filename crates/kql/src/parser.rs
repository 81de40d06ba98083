//! Tokens to syntax tree, by recursive descent.
//!
//! Kibana's grammar, in its order of precedence: `or`, `and`, `not`, and then a comparison of a field with a value
//! or a list of values, a nested query, a value by itself, or an expression in parentheses. Slips that can be
//! understood are reported and read as meant, so that one run finds more than one.
//!
//! The height of every tree is bounded ([`MAX_DEPTH`]) while it is built. So nothing that walks a tree later needs to
//! fear for its stack, dropping it included.

use dragnet_plan::Diagnostic;
use dragnet_plan::front::{Sink, Span, clip};

use crate::ast::{Expr, ExprKind, Literal, Query, Values, ValuesKind};
use crate::codes;
use crate::lexer::{Lexer, Token};

/// How many parentheses, braces and `not` can be open at a time.
pub(crate) const MAX_DEPTH: u16 = 100;

/// An error, reported already, after which there is no tree.
struct Failed;

type Parsed<T> = Result<T, Failed>;

/// Reads a query. The tree is `None` after an error that leaves nothing to go on with.
pub(crate) fn parse(text: &str) -> (Option<Query>, Sink) {
    let mut lexer = Lexer::new(text);
    let (current, span) = lexer.token();
    let mut parser = Parser { text, lexer, current, span, last_end: 0, depth: 0, stopped: false };
    let query = parser.query().ok();
    (query, parser.lexer.sink)
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    current: Token,
    span: Span,
    /// The end of the last token that was taken.
    last_end: u32,
    depth: u16,
    /// Whether reading was given up, so that nothing more is to be said.
    stopped: bool,
}

impl Parser<'_> {
    fn bump(&mut self) -> Token {
        self.last_end = self.span.end;
        let (next, span) = self.lexer.token();
        self.span = span;
        std::mem::replace(&mut self.current, next)
    }

    fn eat(&mut self, token: &Token) -> bool {
        let found = self.current == *token;
        if found {
            self.bump();
        }
        found
    }

    /// From the start of `start` to the end of what was taken last.
    fn since(&self, start: Span) -> Span {
        start.to(Span::new(start.start as usize, self.last_end as usize))
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.stopped {
            self.lexer.sink.push(diagnostic);
        }
    }

    /// What stands here, for messages.
    fn found(&self) -> String {
        match self.current {
            Token::End => "the end of the query".to_owned(),
            _ => format!("`{}`", clip(self.span.of(self.text))),
        }
    }

    fn expected(&mut self, what: &str) -> Failed {
        let message = format!("expected {what}, found {}", self.found());
        self.report(
            Diagnostic::error(codes::SYNTAX, self.span.range(), message)
                .label(format!("expected {what}")),
        );
        Failed
    }

    /// Reads something that is within something else.
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            let message = "the query is nested too deeply";
            self.report(
                Diagnostic::error(codes::TOO_DEEP, self.span.range(), message)
                    .label(format!("more than {MAX_DEPTH} levels around this")),
            );
            self.stopped = true;
            self.lexer.stop();
            return Err(Failed);
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn query(&mut self) -> Parsed<Query> {
        // Kibana: an empty query is everything.
        if self.current == Token::End {
            return Ok(Query { expr: None });
        }
        let expr = self.or()?;
        match self.current {
            Token::End => Ok(Query { expr: Some(expr) }),
            _ => Err(self.leftover()),
        }
    }

    /// Says what is wrong with a token after a whole expression.
    fn leftover(&mut self) -> Failed {
        let span = self.span.range();
        let diagnostic = match self.current {
            Token::RightParen | Token::RightBrace => {
                let message = format!("{} closes nothing", self.found());
                Diagnostic::error(codes::UNBALANCED, span, message)
                    .help("leave it out, or open it before")
            }
            Token::Colon => {
                let message = "a field follows a value without `and` or `or`";
                Diagnostic::error(codes::MISSING_OPERATOR, span, message)
                    .label("what stands before this was read as a value")
                    .help("write `and` or `or` before the field; a value of several words that holds a colon needs \
                           quotes, or `\\:`")
            }
            _ => {
                let message = format!("expected `and`, `or` or the end, found {}", self.found());
                Diagnostic::error(codes::MISSING_OPERATOR, span, message)
                    .label("expected `and` or `or` before this")
            }
        };
        self.report(diagnostic);
        Failed
    }

    fn or(&mut self) -> Parsed<Expr> {
        let start = self.span;
        let mut parts = vec![self.and()?];
        while self.eat(&Token::Or) {
            parts.push(self.and()?);
        }
        Ok(row(parts, ExprKind::Or, self.since(start)))
    }

    fn and(&mut self) -> Parsed<Expr> {
        let start = self.span;
        let mut parts = vec![self.not()?];
        while self.eat(&Token::And) {
            parts.push(self.not()?);
        }
        Ok(row(parts, ExprKind::And, self.since(start)))
    }

    fn not(&mut self) -> Parsed<Expr> {
        let start = self.span;
        if !self.eat(&Token::Not) {
            return self.primary();
        }
        self.check_double_not();
        let inner = Box::new(self.within(Self::not)?);
        Ok(Expr { kind: ExprKind::Not(inner), span: self.since(start) })
    }

    /// Kibana: `not` stands before a comparison or a parenthesis, not before another `not`.
    fn check_double_not(&mut self) {
        if self.current == Token::Not {
            let message = "`not` stands before another `not`";
            self.report(
                Diagnostic::error(codes::DOUBLE_NOT, self.span.range(), message)
                    .help("leave both out"),
            );
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let start = self.span;
        match &self.current {
            Token::LeftParen => {
                self.bump();
                let inner = self.within(Self::or)?;
                self.close(&Token::RightParen, start)?;
                Ok(inner)
            }
            Token::Literal(literal) => {
                let literal = literal.clone();
                self.bump();
                self.after_literal(literal)
            }
            Token::Colon | Token::Range(_) => {
                let message = format!("a field is missing before {}", self.found());
                self.report(
                    Diagnostic::error(codes::SYNTAX, start.range(), message)
                        .label("expected a field before this"),
                );
                Err(Failed)
            }
            _ => Err(self.expected("a field or a value")),
        }
    }

    /// What begins with a name or a value.
    fn after_literal(&mut self, literal: Literal) -> Parsed<Expr> {
        let start = literal.span;
        let kind = match &self.current {
            Token::Colon => {
                self.bump();
                self.check_field(&literal);
                self.after_colon(literal)?
            }
            Token::Range(op) => {
                let op = *op;
                self.bump();
                self.check_field(&literal);
                ExprKind::Range { field: literal, op, value: self.bound()? }
            }
            Token::LeftParen => return Err(self.list_without_colon(&literal)),
            _ => {
                self.check_value(&literal);
                ExprKind::Free(literal)
            }
        };
        Ok(Expr { kind, span: self.since(start) })
    }

    /// Values or a nested query.
    fn after_colon(&mut self, field: Literal) -> Parsed<ExprKind> {
        let start = self.span;
        if self.eat(&Token::LeftBrace) {
            let inner = Box::new(self.within(Self::or)?);
            self.close(&Token::RightBrace, start)?;
            return Ok(ExprKind::Nested { field, inner });
        }
        match &self.current {
            Token::Not => {
                let message = "`not` cannot stand between a field and its value";
                self.report(
                    Diagnostic::error(codes::NOT_BEFORE_VALUE, self.span.range(), message)
                        .help(format!("write `not {}: …`", clip(field.span.of(self.text)))),
                );
                self.bump();
            }
            Token::Range(_) => {
                let message = format!("{} stands after a colon", self.found());
                self.report(
                    Diagnostic::error(codes::SYNTAX, self.span.range(), message)
                        .help("a range takes no colon: write `field >= 10`"),
                );
                self.bump();
            }
            _ => {}
        }
        Ok(ExprKind::Is { field, values: self.values(false)? })
    }

    /// One value or, in parentheses, a list; `in_list` if it stands in one already.
    fn values(&mut self, in_list: bool) -> Parsed<Values> {
        let start = self.span;
        match &self.current {
            Token::LeftParen => {
                self.bump();
                if self.current == Token::RightParen {
                    self.report(
                        Diagnostic::error(
                            codes::EMPTY_LIST,
                            self.since(start).range(),
                            "an empty list",
                        )
                        .help("write `*` for any value"),
                    );
                    return Err(Failed);
                }
                let values = self.within(Self::or_values)?;
                self.close(&Token::RightParen, start)?;
                Ok(values)
            }
            Token::Literal(literal) => {
                let literal = literal.clone();
                self.bump();
                if in_list && matches!(self.current, Token::Colon | Token::Range(_)) {
                    let message = "a field stands in a list of values";
                    self.report(
                        Diagnostic::error(codes::FIELD_IN_LIST, literal.span.range(), message)
                            .label("this was read as a value")
                            .help("close the list before it; a colon within a value needs quotes, or `\\:`"),
                    );
                    return Err(Failed);
                }
                self.check_value(&literal);
                Ok(Values { span: literal.span, kind: ValuesKind::One(literal) })
            }
            _ => Err(self.expected("a value")),
        }
    }

    fn or_values(&mut self) -> Parsed<Values> {
        let start = self.span;
        let mut parts = vec![self.and_values()?];
        while self.eat(&Token::Or) {
            parts.push(self.and_values()?);
        }
        Ok(row_of_values(parts, ValuesKind::Or, self.since(start)))
    }

    fn and_values(&mut self) -> Parsed<Values> {
        let start = self.span;
        let mut parts = vec![self.not_values()?];
        while self.eat(&Token::And) {
            parts.push(self.not_values()?);
        }
        Ok(row_of_values(parts, ValuesKind::And, self.since(start)))
    }

    fn not_values(&mut self) -> Parsed<Values> {
        let start = self.span;
        if !self.eat(&Token::Not) {
            return self.values(true);
        }
        self.check_double_not();
        let inner = Box::new(self.within(Self::not_values)?);
        Ok(Values { kind: ValuesKind::Not(inner), span: self.since(start) })
    }

    /// The bound of a range.
    fn bound(&mut self) -> Parsed<Literal> {
        match &self.current {
            Token::Literal(literal) => {
                let literal = literal.clone();
                self.bump();
                if literal.text().is_none() {
                    let message = "a range has a value for its bound, not a wildcard";
                    self.report(
                        Diagnostic::error(codes::BAD_RANGE, literal.span.range(), message)
                            .help("a star that means itself is written `\\*`"),
                    );
                    return Err(Failed);
                }
                Ok(literal)
            }
            Token::LeftParen => {
                let message = "a range has one value for its bound, not a list";
                self.report(
                    Diagnostic::error(codes::BAD_RANGE, self.span.range(), message)
                        .help("write a range for each of them, joined by `or`"),
                );
                Err(Failed)
            }
            _ => Err(self.expected("a value")),
        }
    }

    fn close(&mut self, token: &Token, open: Span) -> Parsed<()> {
        if self.eat(token) {
            return Ok(());
        }
        match self.current {
            Token::End => {
                let what = open.of(self.text);
                let message = format!("`{what}` is not closed");
                let help = if what == "{" { "}" } else { ")" };
                self.report(
                    Diagnostic::error(codes::UNBALANCED, open.range(), message)
                        .label("it is opened here")
                        .help(format!("write `{help}` where it ends")),
                );
                Err(Failed)
            }
            _ => Err(self.leftover()),
        }
    }

    /// `field (…)`, or `field in (…)` of another language.
    fn list_without_colon(&mut self, literal: &Literal) -> Failed {
        let text = literal.span.of(self.text);
        let field = text.strip_suffix(" in").or_else(|| text.strip_suffix(" IN")).unwrap_or(text);
        let message = format!("a colon is missing between {} and its values", clip(field));
        self.report(
            Diagnostic::error(codes::MISSING_OPERATOR, self.span.range(), message)
                .help(format!("write `{}: (…)`", clip(field.trim_end()))),
        );
        Failed
    }

    /// Warns of a name that is probably two things.
    fn check_field(&mut self, field: &Literal) {
        let Some(name) = field.text().filter(|name| !field.quoted && name.contains(' ')) else {
            return;
        };
        let message = format!("the name of this field has a space: `{}`", clip(name));
        self.report(
            Diagnostic::warning(codes::SPACE_IN_NAME, field.span.range(), message)
                .help("if these are two things, write `and` or `or` between them"),
        );
    }

    /// Warns of what other languages have and KQL has not. Kibana reads it as part of the value.
    fn check_value(&mut self, value: &Literal) {
        if value.quoted {
            return;
        }
        let text = value.span.of(self.text);
        let foreign = ["&&", "||", "==", "!=", "="].into_iter().find(|operator| {
            text.split(' ').any(|word| word == *operator) || text.starts_with(operator)
        });
        let Some(operator) = foreign.filter(|operator| text != *operator) else { return };
        let help = match operator {
            "&&" => "write `and`",
            "||" => "write `or`",
            "!=" => "write `not field: value`",
            _ => "write `field: value`",
        };
        let message = format!("`{operator}` is no operator of KQL");
        self.report(
            Diagnostic::warning(codes::FOREIGN_OPERATOR, value.span.range(), message)
                .label("this was read as one value")
                .help(format!("{help}; a value that holds `{operator}` needs quotes")),
        );
    }
}

/// Several parts, or the only one by itself.
fn row(mut parts: Vec<Expr>, kind: fn(Vec<Expr>) -> ExprKind, span: Span) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            Expr { kind: kind(parts), span }
        }
    }
}

/// The same for values.
fn row_of_values(
    mut parts: Vec<Values>,
    kind: fn(Vec<Values>) -> ValuesKind,
    span: Span,
) -> Values {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            Values { kind: kind(parts), span }
        }
    }
}
