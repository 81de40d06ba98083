//! Queries, event filters and pipes.

use dragnet_plan::Diagnostic;

use super::{Failed, Parsed, Parser, is_keyword};
use crate::ast::{Body, Category, EventFilter, Expr, Pipe, PipeKind, Query, Span};
use crate::codes;
use crate::lexer::Kind;
use crate::strings;
use dragnet_plan::front::clip;
use dragnet_plan::front::nearest;

/// Pipes of Endgame's EQL that Elasticsearch does not have.
const UNSUPPORTED_PIPES: &[&str] = &["count", "filter", "sort", "unique", "unique_count"];

impl Parser<'_> {
    /// `(event | sequence | sample) pipe*`
    pub(super) fn query(&mut self) -> Parsed<Query> {
        if self.at(Kind::End) {
            self.report(
                Diagnostic::error(
                    codes::EMPTY_QUERY,
                    self.current.span.range(),
                    "the query is empty",
                )
                .help("a query is at least `any where true`"),
            );
            return Err(Failed);
        }
        let body = self.body();
        if body.is_err() {
            while !matches!(self.current.kind, Kind::Pipe | Kind::End) {
                self.bump();
            }
        }
        let mut pipes = Ok(Vec::new());
        while self.at(Kind::Pipe) {
            match (self.pipe(), &mut pipes) {
                (Ok(pipe), Ok(pipes)) => pipes.push(pipe),
                (Err(failed), _) => pipes = Err(failed),
                (Ok(_), Err(_)) => {}
            }
        }
        let query = Query { body: body?, pipes: pipes? };
        if !self.at(Kind::End) {
            return Err(match query.body {
                Body::Event(_) => self.expected_operator("the end of the query"),
                Body::Sequence(_) => self.expected("`[`, `until`, `|` or the end of the query"),
                Body::Sample(_) => self.expected("`[`, `|` or the end of the query"),
            });
        }
        Ok(query)
    }

    fn body(&mut self) -> Parsed<Body> {
        let starts = |parser: &Self, word: &str| {
            parser.at_keyword(word) && !parser.next_word().eq_ignore_ascii_case("where")
        };
        if starts(self, "sequence") {
            return self.sequence().map(Body::Sequence);
        }
        if starts(self, "sample") {
            return self.sample().map(Body::Sample);
        }
        if starts(self, "join") && matches!(self.next.kind, Kind::BracketOpen | Kind::Word) {
            let span = self.current.span.range();
            self.report(
                Diagnostic::error(codes::JOIN, span, "`join` is not supported")
                    .help("`sample` combines events in any order, `sequence` in a given one"),
            );
            return Err(Failed);
        }
        self.event_filter().map(Body::Event)
    }

    /// `category where condition`
    pub(super) fn event_filter(&mut self) -> Parsed<EventFilter> {
        let start = self.current.span;
        let category = self.category()?;
        let category_span = self.since(start);
        let condition = self.expr()?;
        Ok(EventFilter { category, category_span, condition })
    }

    /// The category and `where`; without them the filter is read as `any where …`, softly.
    fn category(&mut self) -> Parsed<Category> {
        let start = self.current.span;
        if self.eat(Kind::Question) {
            self.report(
                Diagnostic::error(
                    codes::BAD_CATEGORY,
                    start.range(),
                    "a category cannot be optional",
                )
                .help("`any` stands for every category, and for events without one"),
            );
        }
        let where_follows = self.next_word().eq_ignore_ascii_case("where");
        let category = match self.current.kind {
            Kind::Word if self.at_keyword("where") && !where_follows => {
                self.no_category();
                self.eat_keyword("where");
                return Ok(Category::Any);
            }
            Kind::Word if where_follows => self.plain_category(),
            Kind::Str if where_follows => {
                let token = self.bump();
                let text = token.span.of(self.text);
                let sink = &mut self.lexer.sink;
                Category::Named(strings::decode(text, token.span.start as usize, sink))
            }
            Kind::Quoted if where_follows => {
                let token = self.bump();
                let text = token.span.of(self.text);
                let name = strings::decode_name(text, token.span, &mut self.lexer.sink);
                self.bad_category(
                    start,
                    "a category stands in double quotes, not in backticks",
                    &name,
                );
                Category::Named(name)
            }
            Kind::Int | Kind::Decimal => self.digit_category(start),
            Kind::Word if !is_keyword(self.word()) && self.lacks_where() => {
                let category = self.plain_category();
                if nearest(self.word(), ["where"]).is_none() {
                    return Err(self.expected("`where`"));
                }
                self.report(
                    Diagnostic::error(
                        codes::SYNTAX,
                        self.current.span.range(),
                        format!("expected `where`, found `{}`", clip(self.word())),
                    )
                    .help("did you mean `where`?"),
                );
                self.bump();
                return Ok(category);
            }
            Kind::End | Kind::Pipe | Kind::BracketClose => {
                return Err(self.expected("a category and `where`"));
            }
            _ => {
                self.no_category();
                return Ok(Category::Any);
            }
        };
        if self.eat_keyword("where") { Ok(category) } else { Err(self.expected("`where`")) }
    }

    /// Whether the current word is a category after which the `where` was forgotten, and not the
    /// first field of a condition.
    fn lacks_where(&self) -> bool {
        const OPERATORS: &[&str] = &["and", "or", "in", "like", "regex", "not", "is", "of"];
        let is_operator = |word: &str| OPERATORS.iter().any(|o| o.eq_ignore_ascii_case(word));
        match self.next.kind {
            Kind::Word => !is_operator(self.next_word()),
            Kind::End | Kind::Pipe | Kind::BracketClose => true,
            _ => false,
        }
    }

    /// A category that is a word.
    fn plain_category(&mut self) -> Category {
        let token = self.bump();
        let word = token.span.of(self.text);
        match word {
            "any" => Category::Any,
            _ if is_keyword(word) => {
                self.bad_category(token.span, "a category that is a keyword must be quoted", word);
                Category::Named(word.to_owned())
            }
            _ => {
                if word.eq_ignore_ascii_case("any") {
                    self.report(
                        Diagnostic::warning(
                            codes::ANY_CASE,
                            token.span.range(),
                            format!("`{word}` is taken as the name of a category"),
                        )
                        .help(format!("write `any` for all, or `\"{word}\"` if it is a category")),
                    );
                }
                Category::Named(word.to_owned())
            }
        }
    }

    /// A category that begins with a digit: number tokens and a word that touch each other.
    fn digit_category(&mut self, start: Span) -> Category {
        self.bump();
        while self.current.span.start == self.last_end
            && matches!(self.current.kind, Kind::Word | Kind::Int | Kind::Decimal | Kind::Dot)
        {
            self.bump();
        }
        let span = self.since(start);
        let name = span.of(self.text).to_owned();
        self.bad_category(span, "a category that begins with a digit must be quoted", &name);
        Category::Named(name)
    }

    fn bad_category(&mut self, span: Span, message: &str, name: &str) {
        self.report(
            Diagnostic::error(codes::BAD_CATEGORY, span.range(), message)
                .help(format!("write `\"{}\" where …`", clip(name))),
        );
    }

    fn no_category(&mut self) {
        let found = self.describe_current();
        self.report(
            Diagnostic::error(
                codes::NO_CATEGORY,
                self.current.span.range(),
                format!("expected a category and `where`, found {found}"),
            )
            .label("the condition begins here")
            .help("write `any where …` to search events of all categories"),
        );
    }

    /// `| name argument`
    fn pipe(&mut self) -> Parsed<Pipe> {
        let start = self.bump().span;
        let name = self.current;
        let args = if name.kind == Kind::Word {
            self.bump();
            self.pipe_arguments()
        } else {
            Err(self.expected("`head` or `tail`"))
        };
        if args.is_err() {
            while !matches!(self.current.kind, Kind::Pipe | Kind::End) {
                self.bump();
            }
        }
        let kind = match name.span.of(self.text) {
            "head" => PipeKind::Head,
            "tail" => PipeKind::Tail,
            _ if name.kind != Kind::Word => return Err(Failed),
            other => {
                self.unknown_pipe(name.span, other);
                return Err(Failed);
            }
        };
        let span = self.since(start);
        let mut args = args?;
        match (args.pop(), args.len()) {
            (Some(argument), 0) => Ok(Pipe { kind, argument, span }),
            (_, more) => {
                let count = if more == 0 { 0 } else { more + 1 };
                self.report(
                    Diagnostic::error(
                        codes::PIPE_ARGUMENT,
                        span.range(),
                        format!("`{}` takes one number, found {count}", kind.name()),
                    )
                    .help(format!("write `| {} 10`", kind.name())),
                );
                Err(Failed)
            }
        }
    }

    fn pipe_arguments(&mut self) -> Parsed<Vec<Expr>> {
        let mut args = Vec::new();
        if !matches!(self.current.kind, Kind::Pipe | Kind::End) {
            args.push(self.expr()?);
            while self.eat(Kind::Comma) {
                args.push(self.expr()?);
            }
            if !matches!(self.current.kind, Kind::Pipe | Kind::End) {
                return Err(self.expected_operator("the end of the query"));
            }
        }
        Ok(args)
    }

    fn unknown_pipe(&mut self, span: Span, name: &str) {
        let shown = clip(name);
        let diagnostic = if UNSUPPORTED_PIPES.contains(&name) {
            Diagnostic::error(
                codes::UNSUPPORTED_PIPE,
                span.range(),
                format!("the pipe `{shown}` is not supported"),
            )
            .help("the pipes are `head` and `tail`")
        } else {
            let help = match nearest(name, ["head", "tail"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "the pipes are `head` and `tail`".to_owned(),
            };
            Diagnostic::error(
                codes::UNKNOWN_PIPE,
                span.range(),
                format!("there is no pipe `{shown}`"),
            )
            .help(help)
        };
        self.report(diagnostic);
    }
}
