//! The operators that match text: `:`, `like`, `regex`.

use dragnet_event::{FieldType, lowercase};
use dragnet_plan::pattern::{Dialect, RegexPattern, Wildcard};
use dragnet_plan::{Diagnostic, Literal};

use super::Analyzer;
use super::expr::null_of;
use super::node::{Kind, Node};
use super::types::Ty;
use crate::ast::{Expr, MatchOp, Span};
use crate::{codes, strings};

/// The most regular expressions of a query. Each may take megabytes.
const MAX_REGEXES: usize = 100;

impl Analyzer<'_> {
    pub(super) fn matching(
        &mut self,
        operand: &Expr,
        op: MatchOp,
        patterns: &[Expr],
        span: Span,
    ) -> Node {
        let operand = self.expr(operand);
        let suits = self.check_text(&operand, op);
        let texts: Vec<_> =
            patterns.iter().filter_map(|pattern| self.pattern_text(pattern, op)).collect();
        if !suits {
            return Node::bad(span);
        }
        // Elasticsearch runs expressions on fields in the index, all others in a script.
        let dialect = if operand.as_field().is_some() { Dialect::Lucene } else { Dialect::Java };
        let constant = operand.as_literal().is_some();
        let null = (operand.is_null() || texts.is_empty()).then(|| null_of(&[&operand], span));
        let operand = Box::new(operand);
        let kind = if op.is_regex() {
            let patterns =
                texts.iter().filter_map(|(text, at)| self.regex(text, *at, op, dialect)).collect();
            Kind::Regex { operand, patterns }
        } else {
            let fold = op.is_insensitive();
            // Elasticsearch: a normaliser applies to patterns too.
            let lower = operand.as_field().is_some_and(|field| field.ty() == FieldType::Caseless);
            let pattern = |text: &str| {
                let text = if lower { lowercase(text) } else { text.into() };
                Wildcard::new(&text, fold)
            };
            let patterns = texts.iter().map(|(text, _)| pattern(text)).collect();
            Kind::Like { operand, patterns }
        };
        let node = Node::boolean(kind, span);
        match null {
            Some(null) => null,
            None if constant => node.folded(),
            None => node,
        }
    }

    /// Whether an operand may stand left of a text operator; if not, it is reported.
    fn check_text(&mut self, operand: &Node, op: MatchOp) -> bool {
        if matches!(operand.ty, Ty::Text | Ty::Any | Ty::Null) {
            return true;
        }
        let symbol = op.symbol();
        let kind = operand.ty.describe();
        let help = match operand.ty {
            Ty::Ip => "use `==`, or `cidrMatch` for a block of addresses",
            Ty::Bool => "use `== true` or `== false`",
            _ => "use `==`, `<`, `>=` and so on",
        };
        if let Some(field) = operand.as_field()
            && !self.is_closed()
        {
            let message = format!("`{symbol}` works on text, but `{}` is {kind}", field.name());
            self.report(
                Diagnostic::warning(codes::TEXT_OF_OTHER_TYPE, operand.span.range(), message)
                    .label("its text form is compared")
                    .help(help),
            );
            return true;
        }
        let message = format!("`{symbol}` works on text, but this is {kind}");
        self.report(
            Diagnostic::error(codes::NOT_TEXT, operand.span.range(), message)
                .label(kind)
                .help(help),
        );
        false
    }

    /// The text of a pattern and where it stands; `None` for null.
    fn pattern_text(&mut self, pattern: &Expr, op: MatchOp) -> Option<(String, Span)> {
        let node = self.expr(pattern);
        let literal = node.as_literal()?;
        let text = match literal {
            Literal::Str(text) => return Some((text.to_string(), node.span)),
            other => other.as_scalar()?.text().into_owned(),
        };
        let message = format!("a pattern is text, but this is {}", node.ty.describe());
        let help = format!("write `{} \"{text}\"`", op.symbol());
        let diagnostic = if self.is_closed() {
            Diagnostic::error(codes::PATTERN_NOT_TEXT, node.span.range(), message)
        } else {
            Diagnostic::warning(codes::TEXT_OF_OTHER_TYPE, node.span.range(), message)
        };
        self.report(diagnostic.help(help));
        Some((text, node.span))
    }

    /// Compiles an expression; errors are reported at their place in it.
    fn regex(
        &mut self,
        text: &str,
        span: Span,
        op: MatchOp,
        dialect: Dialect,
    ) -> Option<RegexPattern> {
        self.regexes += 1;
        if self.regexes > MAX_REGEXES {
            if self.regexes == MAX_REGEXES + 1 {
                let message = format!("the query has more than {MAX_REGEXES} regular expressions");
                self.report(Diagnostic::error(codes::TOO_LARGE, span.range(), message));
            }
            return None;
        }
        if dialect == Dialect::Lucene {
            self.check_anchors(text, span);
        }
        match RegexPattern::new(text, op.is_insensitive(), dialect) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let at = self.place_within(span, error.span);
                let message = format!("invalid regular expression: {}", error.message);
                self.report(Diagnostic::error(codes::BAD_REGEX, at, message));
                None
            }
        }
    }

    /// The range in the query of a range in the text of a string.
    fn place_within(&self, token: Span, within: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let source = token.of(self.text);
        let place = |index| token.start as usize + strings::offset_of(source, index);
        let start = place(within.start);
        start..place(within.end).max(start)
    }

    /// Warns of `^` and `$`, which are ordinary characters in Lucene's expressions.
    fn check_anchors(&mut self, text: &str, span: Span) {
        let escaped_end = text.strip_suffix('$').is_some_and(|before| {
            before.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
        });
        let last = text.len().saturating_sub(1);
        let at = if text.starts_with('^') {
            0..1
        } else if text.ends_with('$') && !escaped_end {
            last..last + 1
        } else {
            return;
        };
        let shown = text.get(at.clone()).unwrap_or_default();
        let message = format!("`{shown}` is an ordinary character in this regular expression");
        let at = self.place_within(span, at);
        self.report(
            Diagnostic::warning(codes::REGEX_ANCHOR, at, message)
                .label("no anchor")
                .help("leave it out: the expression spans the whole value as it is"),
        );
    }
}
