//! Operators, by precedence climbing.

use dragnet_plan::Diagnostic;

use super::{Failed, MAX_HEIGHT, MAX_OPEN, Parsed, Parser};
use crate::ast::{ArithmeticOp, CompareOp, Expr, ExprKind, MatchOp, Span};
use crate::codes;
use crate::lexer::Kind;
use dragnet_plan::front::clip;
use dragnet_plan::front::nearest;

/// How tightly an operator binds; the lowest is the loosest.
pub(super) type Level = u8;
const OR: Level = 1;
const AND: Level = 2;
pub(super) const NOT: Level = 3;
const COMPARE: Level = 4;
const SUM: Level = 5;
const PRODUCT: Level = 6;
pub(super) const SIGN: Level = 7;

/// An expression and the height of its tree.
pub(super) struct Tree {
    pub(super) expr: Expr,
    pub(super) height: u16,
}

/// An operator between or after operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Infix {
    Or,
    And,
    Compare(CompareOp),
    /// `in`, `in~`; the flag says whether `not` comes before it.
    In(bool),
    Match(MatchOp),
    /// `not like` and so on, which is an error.
    NotMatch,
    /// `is null`, `is not null`, which is an error.
    IsNull,
    Arithmetic(ArithmeticOp, Level),
}

impl Infix {
    fn level(self) -> Level {
        match self {
            Infix::Or => OR,
            Infix::And => AND,
            Infix::Arithmetic(_, level) => level,
            _ => COMPARE,
        }
    }
}

/// The operator of this word, case aside, with or without `~`.
fn match_word(word: &str) -> Option<MatchOp> {
    let ops = [MatchOp::Like, MatchOp::LikeInsensitive, MatchOp::Regex, MatchOp::RegexInsensitive];
    ops.into_iter().find(|op| op.symbol().eq_ignore_ascii_case(word))
}

/// Whether the word is `in` or `in~`, case aside.
fn is_in(word: &str) -> bool {
    word.eq_ignore_ascii_case("in") || word.eq_ignore_ascii_case("in~")
}

impl Parser<'_> {
    /// A whole expression.
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.tree(OR).map(|tree| tree.expr)
    }

    /// The loosest expression, with its height.
    pub(super) fn whole(&mut self) -> Parsed<Tree> {
        self.tree(OR)
    }

    /// A key: no comparison, and a `[` after it is not an index.
    pub(super) fn key_expr(&mut self) -> Parsed<Expr> {
        self.tree(SUM).map(|tree| tree.expr)
    }

    /// An expression of operators that bind at least as tightly as `min`.
    pub(super) fn tree(&mut self, min: Level) -> Parsed<Tree> {
        if self.open >= MAX_OPEN {
            return Err(self.too_deep(self.current.span));
        }
        self.open += 1;
        let tree = self.climb(min);
        self.open -= 1;
        tree
    }

    fn climb(&mut self, min: Level) -> Parsed<Tree> {
        let start = self.current.span;
        let mut left = self.operand(min)?;
        while let Some(infix) = self.infix().filter(|infix| infix.level() >= min) {
            left = match infix {
                Infix::Or | Infix::And => self.logical(infix, left, start)?,
                Infix::Arithmetic(op, level) => self.arithmetic(op, level, left, start)?,
                _ => self.predicate(infix, left, start)?,
            };
        }
        Ok(left)
    }

    /// A node, if it is not too high.
    pub(super) fn node(&mut self, kind: ExprKind, start: Span, below: u16) -> Parsed<Tree> {
        let span = self.since(start);
        if below >= MAX_HEIGHT {
            return Err(self.too_deep(Span { start: span.end.saturating_sub(1), end: span.end }));
        }
        Ok(Tree { expr: Expr { kind, span }, height: below + 1 })
    }

    /// The operator at the current token, which is not taken.
    fn infix(&self) -> Option<Infix> {
        let arithmetic = |op, level| Some(Infix::Arithmetic(op, level));
        match self.current.kind {
            Kind::Eq | Kind::Assign | Kind::EqEqEq => Some(Infix::Compare(CompareOp::Eq)),
            Kind::Ne | Kind::LtGt => Some(Infix::Compare(CompareOp::Ne)),
            Kind::Lt => Some(Infix::Compare(CompareOp::Lt)),
            Kind::Le => Some(Infix::Compare(CompareOp::Le)),
            Kind::Gt => Some(Infix::Compare(CompareOp::Gt)),
            Kind::Ge => Some(Infix::Compare(CompareOp::Ge)),
            Kind::Colon => Some(Infix::Match(MatchOp::Colon)),
            Kind::AndAnd => Some(Infix::And),
            Kind::OrOr => Some(Infix::Or),
            Kind::Plus => arithmetic(ArithmeticOp::Add, SUM),
            Kind::Minus => arithmetic(ArithmeticOp::Subtract, SUM),
            Kind::Star => arithmetic(ArithmeticOp::Multiply, PRODUCT),
            Kind::Slash => arithmetic(ArithmeticOp::Divide, PRODUCT),
            Kind::Percent => arithmetic(ArithmeticOp::Modulo, PRODUCT),
            Kind::Word | Kind::TildeWord => self.infix_word(),
            _ => None,
        }
    }

    fn infix_word(&self) -> Option<Infix> {
        let word = self.word();
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is("and") {
            Some(Infix::And)
        } else if is("or") {
            Some(Infix::Or)
        } else if is_in(word) {
            Some(Infix::In(false))
        } else if let Some(op) = match_word(word) {
            Some(Infix::Match(op))
        } else if is("not") {
            let next = self.next_word();
            if is_in(next) {
                Some(Infix::In(true))
            } else if match_word(next).is_some() || self.next.kind == Kind::Colon {
                Some(Infix::NotMatch)
            } else {
                None
            }
        } else if is("is") {
            let next = self.next_word();
            let null = next.eq_ignore_ascii_case("null") || next.eq_ignore_ascii_case("not");
            null.then_some(Infix::IsNull)
        } else {
            None
        }
    }

    /// Reports an operator of another language at the current token and takes it.
    fn foreign(&mut self, instead: &str) {
        let written = clip(self.word());
        self.report(
            Diagnostic::error(
                codes::FOREIGN_OPERATOR,
                self.current.span.range(),
                format!("`{written}` is not an operator of EQL"),
            )
            .help(format!("write `{instead}`")),
        );
        self.bump();
    }

    /// All operands of a row of `and` or `or`.
    fn logical(&mut self, op: Infix, left: Tree, start: Span) -> Parsed<Tree> {
        let (keyword, level) = if op == Infix::Or { ("or", AND) } else { ("and", NOT) };
        let mut height = left.height;
        let mut parts = vec![left.expr];
        while self.infix() == Some(op) {
            if self.at(Kind::Word) {
                self.eat_keyword(keyword);
            } else {
                self.foreign(keyword);
            }
            let part = self.tree(level)?;
            height = height.max(part.height);
            parts.push(part.expr);
        }
        let kind = if op == Infix::Or { ExprKind::Or(parts) } else { ExprKind::And(parts) };
        self.node(kind, start, height)
    }

    fn arithmetic(
        &mut self,
        op: ArithmeticOp,
        level: Level,
        left: Tree,
        start: Span,
    ) -> Parsed<Tree> {
        self.bump();
        let right = self.tree(level + 1)?;
        let height = left.height.max(right.height);
        let kind =
            ExprKind::Arithmetic { op, left: Box::new(left.expr), right: Box::new(right.expr) };
        self.node(kind, start, height)
    }

    /// A comparison or another test; they do not chain.
    fn predicate(&mut self, infix: Infix, left: Tree, start: Span) -> Parsed<Tree> {
        let tree = match infix {
            Infix::Compare(op) => self.comparison(op, left, start)?,
            Infix::In(negated) => self.membership(negated, left, start)?,
            Infix::IsNull => self.is_null(left, start)?,
            Infix::Match(op) => self.matching(op, left, start)?,
            _ => self.not_matching(left, start)?,
        };
        let Some(again) = self.infix().filter(|infix| infix.level() == COMPARE) else {
            return Ok(tree);
        };
        let diagnostic = Diagnostic::error(
            codes::CHAINED_COMPARISON,
            self.current.span.range(),
            "comparisons cannot follow one another",
        )
        .label("a second comparison");
        let help = match (infix, again) {
            (Infix::Compare(_), Infix::Compare(_)) => {
                "write `a < b and b < c` for a chain, or set parentheses"
            }
            _ => "set parentheses, or write `and` between two tests",
        };
        self.report(diagnostic.help(help));
        Err(Failed)
    }

    fn comparison(&mut self, op: CompareOp, left: Tree, start: Span) -> Parsed<Tree> {
        match self.current.kind {
            Kind::Assign => {
                let span = self.current.span.range();
                self.report(
                    Diagnostic::error(codes::EQUALS_SIGN, span, "equality is written `==`")
                        .help("write `==`, or `:` to ignore case and allow wildcards"),
                );
                self.bump();
            }
            Kind::EqEqEq => self.foreign("=="),
            Kind::LtGt => self.foreign("!="),
            _ => {
                self.bump();
            }
        }
        let right = self.tree(SUM)?;
        let height = left.height.max(right.height);
        let kind = ExprKind::Compare { op, left: Box::new(left.expr), right: Box::new(right.expr) };
        self.node(kind, start, height)
    }

    /// `is null`, `is not null`: reported, and read as a comparison.
    fn is_null(&mut self, left: Tree, start: Span) -> Parsed<Tree> {
        let from = self.bump().span;
        let negated = self.at_keyword("not");
        if negated {
            self.bump();
        }
        if !self.at_keyword("null") {
            return Err(self.expected("`null`"));
        }
        let null = self.bump().span;
        let (op, instead) =
            if negated { (CompareOp::Ne, "!= null") } else { (CompareOp::Eq, "== null") };
        let span = from.to(null);
        let written = span.of(self.text);
        self.report(
            Diagnostic::error(
                codes::FOREIGN_OPERATOR,
                span.range(),
                format!("`{}` is not an operator of EQL", clip(written)),
            )
            .help(format!("write `{instead}`")),
        );
        let right = Box::new(Expr { kind: ExprKind::Null, span: null });
        let kind = ExprKind::Compare { op, left: Box::new(left.expr), right };
        self.node(kind, start, left.height)
    }

    fn membership(&mut self, negated: bool, left: Tree, start: Span) -> Parsed<Tree> {
        if negated {
            self.eat_keyword("not");
        }
        let insensitive = self.at(Kind::TildeWord);
        self.check_case(if insensitive { "in~" } else { "in" });
        self.bump();
        let (values, height) = self.list()?;
        let kind = ExprKind::In { operand: Box::new(left.expr), negated, insensitive, values };
        self.node(kind, start, height.max(left.height))
    }

    /// `(value, …)`
    fn list(&mut self) -> Parsed<(Vec<Expr>, u16)> {
        if !self.at(Kind::ParenOpen) {
            let failed = self.expected("a list in parentheses such as `(\"a\", \"b\")`");
            if self.at(Kind::Str) || self.at(Kind::Int) {
                // A single value without parentheses: what follows it can still be read.
                let value = self.tree(SUM)?;
                return Ok((vec![value.expr], value.height));
            }
            return Err(failed);
        }
        let open = self.bump().span;
        let mut values = Vec::new();
        let mut height = 0;
        self.reject_empty_list(open)?;
        loop {
            let value = self.whole()?;
            height = height.max(value.height);
            values.push(value.expr);
            if !self.next_in_list()? {
                return Ok((values, height));
            }
        }
    }

    /// Reports `()`.
    fn reject_empty_list(&mut self, open: Span) -> Parsed<()> {
        if !self.at(Kind::ParenClose) {
            return Ok(());
        }
        let span = open.to(self.current.span);
        self.report(
            Diagnostic::error(codes::EMPTY_LIST, span.range(), "a list holds at least one value")
                .label("empty"),
        );
        self.bump();
        Err(Failed)
    }

    /// Takes `,` or `)`; whether another value follows.
    fn next_in_list(&mut self) -> Parsed<bool> {
        if self.eat(Kind::Comma) {
            if self.at(Kind::ParenClose) {
                let span = self.current.span;
                self.report(
                    Diagnostic::error(
                        codes::SYNTAX,
                        span.range(),
                        "expected another value, found `)`",
                    )
                    .help("leave out the comma before it"),
                );
                self.bump();
                return Ok(false);
            }
            return Ok(true);
        }
        self.expect(Kind::ParenClose, "`,` or `)`")?;
        Ok(false)
    }

    /// `x not like …`: reported, and read as `not x like …`.
    fn not_matching(&mut self, left: Tree, start: Span) -> Parsed<Tree> {
        let not = self.bump().span;
        let word = self.word();
        let op = match_word(word).unwrap_or(MatchOp::Colon);
        let span = not.to(self.current.span);
        let operand = left.expr.span.of(self.text);
        self.report(
            Diagnostic::error(
                codes::NOT_BEFORE_OPERATOR,
                span.range(),
                format!("`not` cannot stand before `{}`", op.symbol()),
            )
            .help(format!("write `not {} {} …`", clip(operand), op.symbol())),
        );
        let tree = self.matching(op, left, start)?;
        let height = tree.height;
        self.node(ExprKind::Not(Box::new(tree.expr)), start, height)
    }

    fn matching(&mut self, op: MatchOp, left: Tree, start: Span) -> Parsed<Tree> {
        if !self.at(Kind::Colon) {
            self.check_case(op.symbol());
        }
        self.bump();
        let mut patterns = Vec::new();
        if self.at(Kind::ParenOpen) {
            let open = self.bump().span;
            self.reject_empty_list(open)?;
            loop {
                patterns.push(self.pattern(op)?);
                if !self.next_in_list()? {
                    break;
                }
            }
        } else {
            patterns.push(self.pattern(op)?);
        }
        let kind = ExprKind::Match { operand: Box::new(left.expr), op, patterns };
        self.node(kind, start, left.height)
    }

    /// A constant on the right of a text operator.
    fn pattern(&mut self, op: MatchOp) -> Parsed<Expr> {
        if let Some(constant) = self.constant() {
            return Ok(constant);
        }
        let start = self.current.span;
        let symbol = op.symbol();
        if self.at(Kind::Star) {
            self.report(
                Diagnostic::error(
                    codes::PATTERN_CONSTANT,
                    start.range(),
                    "a pattern stands in double quotes",
                )
                .help(format!("write `{symbol} \"*\"`, or `!= null` if any value will do")),
            );
            return Err(Failed);
        }
        if !matches!(
            self.current.kind,
            Kind::Word | Kind::TildeWord | Kind::Quoted | Kind::Question | Kind::Minus
        ) {
            return Err(self.expected("a pattern in double quotes"));
        }
        let name = self.word();
        let calls = self.next.kind == Kind::ParenOpen;
        let other = self.tree(SUM)?.expr;
        let span = other.span;
        let diagnostic = match &other.kind {
            ExprKind::Call { args, .. } if args.is_empty() => Diagnostic::error(
                codes::METHOD_CALL,
                span.range(),
                "functions are not called as methods",
            )
            .help(format!("write `{}(…)` with the value between the parentheses", clip(name))),
            _ => {
                let label = if calls { "computed" } else { "not a constant" };
                let diagnostic = Diagnostic::error(
                    codes::PATTERN_CONSTANT,
                    span.range(),
                    format!("right of `{symbol}` stands a constant"),
                )
                .label(label);
                match &other.kind {
                    ExprKind::Field(field) if !field.optional => diagnostic
                        .help(format!("write `\"{}\"` if text is meant", clip(&field.name))),
                    _ => diagnostic,
                }
            }
        };
        self.report(diagnostic);
        Err(Failed)
    }

    /// Reports what stands where an operator or an end should.
    pub(super) fn expected_operator(&mut self, end: &str) -> Failed {
        let word = self.word();
        let near = if self.at(Kind::Word) {
            nearest(word, ["and", "or", "in", "like", "regex", "not in"])
        } else {
            None
        };
        let found = self.describe_current();
        let diagnostic = Diagnostic::error(
            codes::SYNTAX,
            self.current.span.range(),
            format!("expected an operator or {end}, found {found}"),
        );
        let diagnostic = match (self.current.kind, near) {
            (_, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
            (Kind::Comma, _) => {
                diagnostic.help("several values are compared by `in (…)`, or by `: (…)`")
            }
            (Kind::ParenClose, _) => diagnostic.label("no `(` stands before it"),
            (Kind::BracketOpen | Kind::MissingOpen, _) => {
                diagnostic.label("the term before has no `]`")
            }
            (Kind::End | Kind::Pipe | Kind::BracketClose, _) => {
                diagnostic.label(format!("expected {end}"))
            }
            _ => diagnostic.label("an operator is missing before this"),
        };
        self.report(diagnostic);
        Failed
    }
}
