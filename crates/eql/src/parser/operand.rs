//! Operands: constants, fields, calls, parentheses, and the prefixes `not`, `-`, `+`.

use dragnet_plan::Diagnostic;

use super::expr::{Level, NOT, SIGN, Tree};
use super::{Failed, Parsed, Parser, is_keyword};
use crate::ast::{Expr, ExprKind, FieldName, Span};
use crate::codes;
use crate::lexer::Kind;
use crate::strings;
use dragnet_plan::front::clip;

/// The relationships between processes in Endgame's EQL.
const RELATIONSHIPS: &[&str] = &["child", "descendant", "event"];

impl Parser<'_> {
    /// An operand with its prefixes; `min` is what the operator before it asks for.
    pub(super) fn operand(&mut self, min: Level) -> Parsed<Tree> {
        if let Some(expr) = self.constant() {
            return Ok(Tree { expr, height: 1 });
        }
        let start = self.current.span;
        match self.current.kind {
            Kind::ParenOpen => self.parentheses(),
            Kind::Minus | Kind::Plus => {
                let negative = self.bump().kind == Kind::Minus;
                let operand = self.tree(SIGN)?;
                let height = operand.height;
                let kind = ExprKind::Unary { negative, operand: Box::new(operand.expr) };
                self.node(kind, start, height)
            }
            Kind::Bang => {
                self.report(
                    Diagnostic::error(
                        codes::FOREIGN_OPERATOR,
                        start.range(),
                        "`!` is not an operator of EQL",
                    )
                    .help("write `not`"),
                );
                self.negation(min)
            }
            Kind::Word => self.word_operand(min),
            Kind::TildeWord if self.next.kind == Kind::ParenOpen => self.call(),
            Kind::TildeWord => {
                self.bump();
                Err(self.expected("`(`"))
            }
            Kind::Quoted | Kind::Question => self.field(),
            _ => Err(self.expected("an expression")),
        }
    }

    /// A constant at the current token, if there is one.
    pub(super) fn constant(&mut self) -> Option<Expr> {
        let span = self.current.span;
        let text = self.word();
        let kind = match self.current.kind {
            Kind::Str => {
                ExprKind::Str(strings::decode(text, span.start as usize, &mut self.lexer.sink))
            }
            Kind::Int => ExprKind::Int(text.parse().unwrap_or_else(|_| self.number_range(span))),
            Kind::Decimal => {
                let number: f64 = text.parse().unwrap_or(f64::INFINITY);
                let finite = number.is_finite();
                ExprKind::Double(if finite { number } else { self.number_range(span) as f64 })
            }
            Kind::Word if text == "true" => ExprKind::Bool(true),
            Kind::Word if text == "false" => ExprKind::Bool(false),
            Kind::Word if text == "null" => ExprKind::Null,
            _ => return None,
        };
        self.bump();
        Some(Expr { kind, span })
    }

    /// Reports a number that is too large; a stand-in for it.
    fn number_range(&mut self, span: Span) -> u64 {
        let shown = clip(span.of(self.text));
        self.report(
            Diagnostic::error(
                codes::NUMBER_RANGE,
                span.range(),
                format!("the number {shown} is too large"),
            )
            .help("whole numbers end at 9223372036854775807"),
        );
        0
    }

    fn parentheses(&mut self) -> Parsed<Tree> {
        self.bump();
        let inside = self.whole()?;
        if self.eat(Kind::ParenClose) { Ok(inside) } else { Err(self.expected_operator("`)`")) }
    }

    /// Takes `not` or its like and what it negates.
    fn negation(&mut self, min: Level) -> Parsed<Tree> {
        let start = self.bump().span;
        if min > NOT {
            self.report(
                Diagnostic::error(
                    codes::NOT_POSITION,
                    start.range(),
                    "`not` needs parentheses here",
                )
                .help("write `(not …)`"),
            );
        }
        let operand = self.tree(NOT)?;
        let height = operand.height;
        self.node(ExprKind::Not(Box::new(operand.expr)), start, height)
    }

    /// An operand that begins with a word other than a constant.
    fn word_operand(&mut self, min: Level) -> Parsed<Tree> {
        let word = self.word();
        if self.at_keyword("not") && !self.next_makes_name() {
            let capital = word != "not";
            if !capital || self.next_begins_operand() {
                self.check_case("not");
                return self.negation(min);
            }
        }
        if is_keyword(word) && !self.next_makes_name() {
            return Err(self.expected("an expression"));
        }
        if self.next.kind == Kind::ParenOpen {
            return self.call();
        }
        if RELATIONSHIPS.contains(&word) && self.next_word() == "of" {
            return self.relationship();
        }
        self.field()
    }

    /// Whether the next token shows that the current word is meant as a name.
    fn next_makes_name(&self) -> bool {
        match self.next.kind {
            Kind::Dot
            | Kind::Colon
            | Kind::Assign
            | Kind::Eq
            | Kind::Ne
            | Kind::Lt
            | Kind::Le
            | Kind::Gt
            | Kind::Ge => true,
            Kind::Word | Kind::TildeWord => {
                matches!(self.next_word(), "in" | "in~" | "like" | "like~" | "regex" | "regex~")
            }
            _ => false,
        }
    }

    fn next_begins_operand(&self) -> bool {
        matches!(
            self.next.kind,
            Kind::Word
                | Kind::TildeWord
                | Kind::Quoted
                | Kind::Question
                | Kind::Str
                | Kind::Int
                | Kind::Decimal
                | Kind::ParenOpen
        )
    }

    /// `child of [ … ]`: reported and passed over.
    fn relationship(&mut self) -> Parsed<Tree> {
        let start = self.bump().span;
        let of = self.bump().span;
        self.report(Diagnostic::error(
            codes::PROCESS_RELATIONSHIP,
            start.to(of).range(),
            "process relationships are not supported",
        ));
        if !self.eat(Kind::BracketOpen) {
            return Err(Failed);
        }
        self.skip_to_bracket();
        self.eat(Kind::BracketClose);
        self.node(ExprKind::Bool(true), start, 0)
    }

    /// `name(…)` or `name~(…)`
    fn call(&mut self) -> Parsed<Tree> {
        let name = self.bump();
        let text = name.span.of(self.text);
        let insensitive = name.kind == Kind::TildeWord;
        let mut args = Vec::new();
        let mut height = 0;
        self.bump();
        if !self.eat(Kind::ParenClose) {
            loop {
                let arg = self.whole()?;
                height = height.max(arg.height);
                args.push(arg.expr);
                if !self.eat(Kind::Comma) {
                    break;
                }
            }
            if !self.eat(Kind::ParenClose) {
                return Err(self.expected_operator("`,` or `)`"));
            }
        }
        let kind = ExprKind::Call {
            name: text.trim_end_matches('~').to_owned(),
            insensitive,
            args,
            name_span: name.span,
        };
        self.node(kind, name.span, height)
    }

    /// `a.b`, `?a.b`, with parts in backticks or without.
    fn field(&mut self) -> Parsed<Tree> {
        let start = self.current.span;
        let optional = self.eat(Kind::Question);
        let mut name = self.name_part()?;
        loop {
            if self.at(Kind::Decimal) && self.current.span.start == self.last_end {
                name.push_str(&self.digit_part());
            } else if self.at(Kind::BracketOpen) && !self.in_keys {
                self.array_index();
            } else if self.eat(Kind::Dot) {
                name.push('.');
                name.push_str(&self.name_part()?);
            } else {
                break;
            }
        }
        let span = self.since(start);
        self.node(ExprKind::Field(FieldName { name, optional, span }), start, 0)
    }

    fn name_part(&mut self) -> Parsed<String> {
        match self.current.kind {
            Kind::Word => {
                let token = self.bump();
                let word = token.span.of(self.text);
                if is_keyword(word) {
                    let message = format!("`{word}` is a keyword");
                    self.report(
                        Diagnostic::error(codes::KEYWORD_NAME, token.span.range(), message)
                            .label("as a name it needs backticks")
                            .help(format!("write `` `{word}` ``")),
                    );
                }
                Ok(word.to_owned())
            }
            Kind::Quoted => {
                let token = self.bump();
                let text = token.span.of(self.text);
                Ok(strings::decode_name(text, token.span, &mut self.lexer.sink))
            }
            _ => Err(self.expected("a name")),
        }
    }

    /// `.0` and what touches it, as a part of a name: reported.
    fn digit_part(&mut self) -> String {
        let start = self.bump().span;
        while self.current.span.start == self.last_end
            && matches!(self.current.kind, Kind::Word | Kind::Int)
        {
            self.bump();
        }
        let span = self.since(start);
        let text = span.of(self.text);
        let part = text.trim_start_matches('.');
        self.report(
            Diagnostic::error(
                codes::DIGIT_NAME,
                span.range(),
                "a part of a name that begins with a digit needs backticks",
            )
            .help(format!("write ``.`{}` ``", clip(part))),
        );
        text.to_owned()
    }

    /// `[0]` after a name: reported and passed over.
    fn array_index(&mut self) {
        let start = self.bump().span;
        self.skip_to_bracket();
        self.eat(Kind::BracketClose);
        let span = self.since(start);
        self.report(
            Diagnostic::error(
                codes::ARRAY_INDEX,
                span.range(),
                "single values of a field cannot be picked",
            )
            .help("leave out the index: a test holds if it holds for any value of the field"),
        );
    }
}
