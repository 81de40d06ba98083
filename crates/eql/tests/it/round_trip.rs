//! Random trees are printed and read again; random texts are answered.

use dragnet_eql::ast::{
    ArithmeticOp, Body, Category, CompareOp, EventFilter, Expr, ExprKind, FieldName, MatchOp,
    Maxspan, Pipe, PipeKind, Query, Sample, Sequence, Span, Term, TimeUnit,
};
use dragnet_eql::{Options, compile, compile_bytes, parse, print};
use dragnet_event::Schema;
use dragnet_plan::Severity;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() }
}

const SPAN: Span = Span { start: 0, end: 0 };

/// Names of all kinds: plain, keywords in any case, and with everything that needs backticks.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z_@][a-zA-Z0-9_]{0,5}(\\.[a-z_@][a-z0-9_]{0,5}){0,2}",
        1 => select(vec!["and", "any", "NOT", "Sequence", "by", "a.where", "like", "true", "is"])
            .prop_map(str::to_owned),
        1 => "\\PC{1,8}",
        1 => "[.`0-9\n ]{1,5}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z*?.]{0,8}",
        any::<String>(),
        vec(select(vec!['"', '\\', '\n', '\t', '\0', '\u{7f}', '\u{9f}', '`', 'é', '😀']), 0..6)
            .prop_map(String::from_iter),
    ]
}

fn field() -> impl Strategy<Value = FieldName> {
    (name(), any::<bool>()).prop_map(|(name, optional)| FieldName { name, optional, span: SPAN })
}

fn constant() -> impl Strategy<Value = ExprKind> {
    prop_oneof![
        Just(ExprKind::Null),
        any::<bool>().prop_map(ExprKind::Bool),
        prop_oneof![0..100_u64, any::<u64>()].prop_map(ExprKind::Int),
        prop_oneof![0.0..10.0, 0.0..f64::MAX].prop_map(ExprKind::Double),
        text().prop_map(ExprKind::Str),
    ]
}

fn of(kind: ExprKind) -> Expr {
    Expr { kind, span: SPAN }
}

fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![constant(), field().prop_map(ExprKind::Field)].prop_map(of);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let arithmetic = select(vec![
            ArithmeticOp::Add,
            ArithmeticOp::Subtract,
            ArithmeticOp::Multiply,
            ArithmeticOp::Divide,
            ArithmeticOp::Modulo,
        ]);
        let compare = select(vec![
            CompareOp::Eq,
            CompareOp::Ne,
            CompareOp::Lt,
            CompareOp::Le,
            CompareOp::Gt,
            CompareOp::Ge,
        ]);
        let matching = select(vec![
            MatchOp::Colon,
            MatchOp::Like,
            MatchOp::LikeInsensitive,
            MatchOp::Regex,
            MatchOp::RegexInsensitive,
        ]);
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            ("f[a-zA-Z0-9_]{0,6}", any::<bool>(), vec(inner.clone(), 0..4)).prop_map(
                |(name, insensitive, args)| {
                    ExprKind::Call { name, insensitive, args, name_span: SPAN }
                }
            ),
            (any::<bool>(), inner.clone()).prop_map(|(negative, operand)| ExprKind::Unary {
                negative,
                operand: boxed(operand)
            }),
            (arithmetic, pair.clone()).prop_map(|(op, (left, right))| ExprKind::Arithmetic {
                op,
                left: boxed(left),
                right: boxed(right)
            }),
            (compare, pair).prop_map(|(op, (left, right))| ExprKind::Compare {
                op,
                left: boxed(left),
                right: boxed(right)
            }),
            (inner.clone(), any::<bool>(), any::<bool>(), vec(inner.clone(), 1..4)).prop_map(
                |(operand, negated, insensitive, values)| ExprKind::In {
                    operand: boxed(operand),
                    negated,
                    insensitive,
                    values
                }
            ),
            (inner.clone(), matching, vec(constant().prop_map(of), 1..4)).prop_map(
                |(operand, op, patterns)| ExprKind::Match { operand: boxed(operand), op, patterns }
            ),
            inner.clone().prop_map(|operand| ExprKind::Not(boxed(operand))),
            vec(inner.clone(), 2..4).prop_map(ExprKind::And),
            vec(inner, 2..4).prop_map(ExprKind::Or),
        ]
        .prop_map(of)
    })
}

fn filter() -> impl Strategy<Value = EventFilter> {
    let category = prop_oneof![
        Just(Category::Any),
        "[a-z]{1,8}".prop_map(Category::Named),
        name().prop_map(Category::Named),
        text().prop_map(Category::Named),
    ];
    (category, expr()).prop_map(|(category, condition)| EventFilter {
        category,
        category_span: SPAN,
        condition,
    })
}

/// Terms that are joined by so many keys of their own.
fn term(keys: usize) -> impl Strategy<Value = Term> {
    (filter(), vec(field(), keys)).prop_map(|(filter, by)| Term {
        missing: false,
        filter,
        by,
        runs: None,
        span: SPAN,
    })
}

fn maxspan() -> impl Strategy<Value = Maxspan> {
    let units = select(vec![
        TimeUnit::Milliseconds,
        TimeUnit::Seconds,
        TimeUnit::Minutes,
        TimeUnit::Hours,
        TimeUnit::Days,
    ]);
    (1..100_000_u64, units).prop_map(|(amount, unit)| Maxspan { amount, unit, span: SPAN })
}

fn sequence() -> impl Strategy<Value = Sequence> {
    (0..3_usize).prop_flat_map(|keys| {
        let extras = vec((any::<bool>(), option::of(1..=100_u32)), 4);
        let terms = vec(term(keys), 2..4);
        (vec(field(), 0..3), option::of(maxspan()), terms, option::of(term(keys)), extras).prop_map(
            |(by, maxspan, mut terms, until, extras)| {
                for (term, (missing, runs)) in terms.iter_mut().zip(extras) {
                    term.missing = missing && maxspan.is_some();
                    term.runs = runs;
                }
                terms[0].missing = false;
                Sequence { by, maxspan, terms, until, span: SPAN }
            },
        )
    })
}

fn sample() -> impl Strategy<Value = Sample> {
    (0..2_usize).prop_flat_map(|keys| {
        (vec(field(), 1..3), vec(term(keys), 2..=5)).prop_map(|(by, terms)| Sample {
            by,
            terms,
            span: SPAN,
        })
    })
}

fn query() -> impl Strategy<Value = Query> {
    let body = prop_oneof![
        3 => filter().prop_map(Body::Event),
        1 => sequence().prop_map(Body::Sequence),
        1 => sample().prop_map(Body::Sample),
    ];
    let kind = select(vec![PipeKind::Head, PipeKind::Tail]);
    let pipe = (kind, expr()).prop_map(|(kind, argument)| Pipe { kind, argument, span: SPAN });
    (body, vec(pipe, 0..3)).prop_map(|(body, pipes)| Query { body, pipes })
}

/// What holds of every text.
fn answers(text: &str) -> Result<(), TestCaseError> {
    let mapping = r#"{"properties": {"a": {"type": "long"}, "b": {"type": "keyword"},
        "event": {"properties": {"category": {"type": "keyword"}}}}}"#;
    let closed = Schema::closed([mapping]).expect("a mapping");
    for schema in [&Schema::open(), &closed] {
        let (plan, diagnostics) = compile(text, &Options::new(schema));
        let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        prop_assert_eq!(plan.is_none(), errors > 0);
        for diagnostic in &diagnostics {
            prop_assert!(text.get(diagnostic.span.clone()).is_some(), "{:?}", diagnostic);
        }
    }
    let (tree, diagnostics) = parse(text);
    let errors = diagnostics.iter().any(|d| d.severity == Severity::Error);
    prop_assert_eq!(tree.is_none(), errors);
    if let Some(tree) = tree {
        let printed = print(&tree);
        prop_assert_eq!(parse(&printed).0, Some(tree), "{}", printed);
    }
    Ok(())
}

const TOKENS: &[&str] = &[
    "process",
    "any",
    "where",
    "a",
    "b",
    "?c",
    "`d e`",
    "true",
    "null",
    "\"x*\"",
    "\"\"\"y\"\"\"",
    "1",
    "2.5",
    "(",
    ")",
    "[",
    "]",
    "![",
    ",",
    ".",
    "|",
    "==",
    "!=",
    "<",
    "=",
    ":",
    "in",
    "in~",
    "like",
    "regex~",
    "not",
    "and",
    "or",
    "+",
    "-",
    "*",
    "/",
    "%",
    "sequence",
    "sample",
    "by",
    "with",
    "maxspan=5s",
    "runs=2",
    "until",
    "head",
    "length(",
    "startsWith~(",
    "fork",
    "is",
    "AND",
    "'z'",
    "?\"q\"",
    "// c\n",
    "/* c */",
    "“",
    "!",
    "&&",
    "||",
    "10.0.0.0/8",
    "of",
    "0",
];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn printing_and_parsing_gives_the_same_tree(query in query()) {
        let printed = print(&query);
        let (tree, diagnostics) = parse(&printed);
        prop_assert_eq!(tree, Some(query), "{}\n{:#?}", printed, diagnostics);
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        answers(&text)?;
    }

    #[test]
    fn any_tokens_are_answered(tokens in vec(select(TOKENS), 0..30), glue in select(vec!["", " "])) {
        answers(&tokens.join(glue))?;
        answers(&format!("any where {}", tokens.join(" ")))?;
    }

    #[test]
    fn damaged_queries_are_answered(
        query in query(),
        at in any::<prop::sample::Index>(),
        with in select(TOKENS),
    ) {
        let mut text = print(&query);
        let mut at = at.index(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, with);
        answers(&text)?;
        text.truncate(at);
        answers(&text)?;
    }

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..200)) {
        let (plan, diagnostics) = compile_bytes(&bytes, &Options::new(&Schema::open()));
        prop_assert_eq!(plan.is_none(), diagnostics.iter().any(|d| d.severity == Severity::Error));
        for diagnostic in diagnostics {
            prop_assert!(diagnostic.span.end <= bytes.len());
        }
    }
}
