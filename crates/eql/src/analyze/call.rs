//! Calls of functions.

use dragnet_plan::functions::{self, ArgumentKind, ReturnKind, SIGNATURES, Signature};
use dragnet_plan::{Diagnostic, Function, Literal, Network};

use super::Analyzer;
use super::expr::null_of;
use super::node::{Kind, Node};
use super::types::{Ty, describe_kind};
use crate::ast::{Expr, ExprKind, Span};
use crate::codes;
use dragnet_plan::front::clip;
use dragnet_plan::front::nearest;

/// Functions of Endgame's EQL that are gone, and what to write now.
const REMOVED: &[(&str, &str)] = &[
    (
        "arrayContains",
        "a test holds if any value of the field satisfies it: write `field == \"a\"`",
    ),
    ("arrayCount", "a test holds if any value of the field satisfies it; values cannot be counted"),
    ("arraySearch", "a test holds if any value of the field satisfies it"),
    ("match", "write `field regex \"…\"`"),
    ("matchLite", "write `field regex \"…\"`"),
    ("safe", "leave it out: what cannot be computed counts as null"),
    ("wildcard", "write `field : \"…\"`, or `field like \"…\"` to observe case"),
];

impl Analyzer<'_> {
    pub(super) fn call(&mut self, expr: &Expr) -> Node {
        let ExprKind::Call { name, insensitive, args, name_span } = &expr.kind else {
            return Node::bad(expr.span);
        };
        let args: Vec<Node> = args.iter().map(|arg| self.expr(arg)).collect();
        let Some(signature) = functions::find(name) else {
            self.unknown_function(name, *insensitive, *name_span);
            return Node::bad(expr.span);
        };
        let function = if *insensitive {
            let Some(function) = signature.insensitive else {
                self.no_insensitive_form(signature, *name_span);
                return Node::bad(expr.span);
            };
            function
        } else {
            signature.function
        };
        let good = self.check_count(signature, args.len(), expr.span)
            && self.check_arguments(signature, &args);
        if !good {
            return Node::bad(expr.span);
        }
        if matches!(function, Function::Divide | Function::Modulo)
            && let Some(divisor) = args.get(1)
        {
            self.check_divisor(divisor);
        }
        finish(function, signature, args, expr.span)
    }

    fn unknown_function(&mut self, name: &str, insensitive: bool, span: Span) {
        let tilde = if insensitive { "~" } else { "" };
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_FUNCTION,
            span.range(),
            format!("there is no function `{}{tilde}`", clip(name)),
        );
        let removed = REMOVED.iter().find(|(old, _)| old.eq_ignore_ascii_case(name));
        let near = nearest(name, SIGNATURES.iter().map(|signature| signature.name));
        self.report(match (removed, near) {
            (Some((_, instead)), _) => diagnostic.help(*instead),
            (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
            (None, None) => diagnostic,
        });
    }

    fn no_insensitive_form(&mut self, signature: &Signature, span: Span) {
        let name = signature.name;
        self.report(
            Diagnostic::error(
                codes::NO_INSENSITIVE_FORM,
                span.range(),
                format!("`{name}` has no form that ignores case"),
            )
            .help(format!("write `{name}` without `~`")),
        );
    }

    /// Whether there are as many arguments as the function takes; if not, it is reported.
    fn check_count(&mut self, signature: &Signature, found: usize, span: Span) -> bool {
        let least = signature.required.len();
        let most = least + signature.optional.len();
        let variadic = signature.variadic.is_some();
        if found >= least && (variadic || found <= most) {
            return true;
        }
        let takes = match (variadic, most - least) {
            (true, _) => format!("at least {}", plural(least)),
            (false, 0) => plural(least),
            (false, _) => format!("{least} or {}", plural(most)),
        };
        self.report(
            Diagnostic::error(
                codes::ARGUMENT_COUNT,
                span.range(),
                format!("`{}` takes {takes}, found {found}", signature.name),
            )
            .help(format!("write `{}`", usage(signature))),
        );
        false
    }

    /// Whether all arguments suit; those that do not are reported.
    fn check_arguments(&mut self, signature: &Signature, args: &[Node]) -> bool {
        let parameters = signature.required.iter().chain(signature.optional);
        let further = signature.variadic.map(|kind| ("", kind));
        let parameters =
            parameters.copied().chain(std::iter::repeat_n(further, args.len()).flatten());
        let mut good = true;
        for (arg, (name, kind)) in args.iter().zip(parameters) {
            good &= if kind == ArgumentKind::NetworkConstant {
                self.check_network(arg)
            } else {
                self.check_argument(signature, arg, name, kind)
            };
        }
        good
    }

    fn check_argument(
        &mut self,
        signature: &Signature,
        arg: &Node,
        parameter: &str,
        kind: ArgumentKind,
    ) -> bool {
        if arg.ty.suits(kind) {
            return true;
        }
        let function = signature.name;
        let (due, found) = (describe_kind(kind), arg.ty.describe());
        let parameter =
            if parameter.is_empty() { String::new() } else { format!(" as `{parameter}`") };
        let message = format!("`{function}` takes {due}{parameter}, but this is {found}");
        if arg.as_field().is_some() && !self.is_closed() {
            self.report(
                Diagnostic::warning(codes::TEXT_OF_OTHER_TYPE, arg.span.range(), message)
                    .label("by its name"),
            );
            return true;
        }
        self.report(Diagnostic::error(codes::ARGUMENT_TYPE, arg.span.range(), message));
        false
    }

    /// A block of addresses must be a constant, and be one.
    fn check_network(&mut self, arg: &Node) -> bool {
        let span = arg.span.range();
        let diagnostic = match arg.as_literal() {
            Some(Literal::Null) => return true,
            Some(Literal::Str(text)) => match Network::parse(text) {
                Ok(_) => return true,
                Err(error) => Diagnostic::error(codes::BAD_NETWORK, span, error.to_string()),
            },
            Some(_) => {
                let message = format!(
                    "`cidrMatch` takes blocks of addresses, but this is {}",
                    arg.ty.describe()
                );
                Diagnostic::error(codes::ARGUMENT_TYPE, span, message)
            }
            None => Diagnostic::error(
                codes::ARGUMENT_TYPE,
                span,
                "`cidrMatch` takes blocks of addresses that are constants",
            )
            .label("depends on the event"),
        };
        self.report(diagnostic.help("write `cidrMatch(source.ip, \"10.0.0.0/8\")`"));
        false
    }
}

/// The call, folded if it can be.
fn finish(function: Function, signature: &Signature, args: Vec<Node>, span: Span) -> Node {
    let null =
        args.iter().enumerate().any(|(at, arg)| arg.is_null() && is_contagious(function, at));
    if null {
        return null_of(&args.iter().collect::<Vec<_>>(), span);
    }
    let ty = match (signature.returns, function) {
        (ReturnKind::Text, _) => Ty::Text,
        (ReturnKind::Boolean, _) => Ty::Bool,
        (_, Function::Length | Function::IndexOf(_)) => Ty::Long,
        (_, Function::Number) => Ty::Double,
        _ => match args.as_slice() {
            [left, right] => left.ty.arithmetic(right.ty),
            _ => Ty::Number,
        },
    };
    let constant = args.iter().all(|arg| arg.as_literal().is_some());
    let node = Node { kind: Kind::Call { function, args }, ty, span };
    if constant { node.folded() } else { node }
}

/// Whether a null at that place makes the result null. Optional arguments have defaults, and
/// `substring` from null is the whole text.
fn is_contagious(function: Function, at: usize) -> bool {
    match function {
        Function::Concat => true,
        Function::Substring | Function::CidrMatch => at == 0,
        other => at < other.signature().required.len(),
    }
}

fn plural(count: usize) -> String {
    if count == 1 { "1 argument".to_owned() } else { format!("{count} arguments") }
}

/// `name(required[, optional])`
fn usage(signature: &Signature) -> String {
    let required: Vec<_> = signature.required.iter().map(|(name, _)| *name).collect();
    let mut usage = format!("{}({}", signature.name, required.join(", "));
    for (name, _) in signature.optional {
        usage.push_str("[, ");
        usage.push_str(name);
        usage.push(']');
    }
    usage.push_str(if signature.variadic.is_some() { ", …)" } else { ")" });
    usage
}
