//! A condition as a tree, with its verdicts and the values that its tests saw.

use std::fmt::Write as _;

use dragnet_engine::explain::{Explanation, What};
use dragnet_event::Value;

use crate::style::{Style, clean};

/// Longest text of a value or a test in a tree, in characters.
pub(super) const MAX_TEXT: usize = 160;

/// Shows a condition as a tree.
pub(super) fn show(explanation: &Explanation, indent: usize, style: Style, text: &mut String) {
    let pad = " ".repeat(indent);
    let mark = if explanation.holds { style.green("✓") } else { style.red("✗") };
    let group = |name: &str, parts: &[Explanation], text: &mut String| {
        let _ = writeln!(text, "{pad}{mark} {name}");
        for part in parts {
            show(part, indent + 2, style, text);
        }
    };
    match &explanation.what {
        What::All(parts) => group("all of", parts, text),
        What::Any(parts) => group("any of", parts, text),
        What::Not(inner) => group("not", std::slice::from_ref(&**inner), text),
        What::Const => {
            let _ = writeln!(text, "{pad}{mark} {}", explanation.holds);
        }
        What::Leaf { text: condition, saw } => {
            let _ = write!(text, "{pad}{mark} {}", cut(condition, MAX_TEXT));
            for (field, values) in saw {
                let name = if saw.len() > 1 { format!("{field} ") } else { String::new() };
                let _ =
                    write!(text, "  {}", style.dim(&format!("{name}saw {}", values_text(values))));
            }
            text.push('\n');
        }
    }
}

fn values_text(values: &[Value]) -> String {
    let one = |value: &Value| match value {
        Value::Str(text) => format!("{:?}", cut(text, MAX_TEXT)),
        other => other.text().into_owned(),
    };
    match values {
        [] => "nothing: the field is missing".to_owned(),
        [value] => one(value),
        many => format!("[{}]", many.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
}

/// A text that is safe to show, and no longer than this.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    clean(&short)
}
