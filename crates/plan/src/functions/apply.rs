//! What the functions do.

use std::borrow::Cow;
use std::net::IpAddr;

use dragnet_event::{Scalar, Value};

use super::Function;
use crate::arithmetic::arithmetic;
use crate::condition::ArithmeticOp;
use crate::network::Network;

/// The arguments of a call.
#[derive(Clone, Copy)]
struct Args<'a>(&'a [Option<Value>]);

impl<'a> Args<'a> {
    fn get(self, at: usize) -> Option<Scalar<'a>> {
        self.0.get(at)?.as_ref().map(Value::as_scalar)
    }

    fn text(self, at: usize) -> Option<Cow<'a, str>> {
        self.get(at).map(Scalar::text)
    }

    /// The text; in lower case if case is ignored (Elasticsearch: Java's `toLowerCase(ROOT)`).
    fn folded(self, at: usize, fold: bool) -> Option<Cow<'a, str>> {
        let text = self.text(at)?;
        Some(if fold { text.to_lowercase().into() } else { text })
    }

    /// A whole number; the whole part of another.
    fn integer(self, at: usize) -> Option<i64> {
        match self.get(at)? {
            Scalar::Long(n) => Some(n),
            Scalar::Double(n) => Some(n as i64),
            _ => None,
        }
    }
}

pub(super) fn apply(function: Function, args: &[Option<Value>]) -> Option<Value> {
    let args = Args(args);
    let operator = |op| arithmetic(op, args.get(0)?, args.get(1)?);
    // Both texts are looked at in lower case, not by characters that fold alike.
    let test = |fold: bool, test: fn(&str, &str) -> bool| {
        Some(Value::Bool(test(&args.folded(0, fold)?, &args.folded(1, fold)?)))
    };
    match function {
        Function::Add => operator(ArithmeticOp::Add),
        Function::Subtract => operator(ArithmeticOp::Subtract),
        Function::Multiply => operator(ArithmeticOp::Multiply),
        Function::Divide => operator(ArithmeticOp::Divide),
        Function::Modulo => operator(ArithmeticOp::Modulo),
        Function::Between(fold) => between(args, fold),
        Function::CidrMatch => cidr_match(args).map(Value::Bool),
        Function::Concat => concat(args),
        Function::EndsWith(fold) => test(fold, |text, part| text.ends_with(part)),
        Function::StartsWith(fold) => test(fold, |text, part| text.starts_with(part)),
        // The documentation says so of empty text, and the code agrees.
        Function::StringContains(fold) => {
            test(fold, |text, part| !part.is_empty() && text.contains(part))
        }
        Function::IndexOf(fold) => index_of(args, fold).map(Value::Long),
        Function::Length => Some(Value::Long(units(&args.text(0)?) as i64)),
        Function::Number => number(args),
        Function::ToString => Some(text_value(&args.text(0)?)),
        Function::Substring => substring(args),
    }
}

fn text_value(text: &str) -> Value {
    Value::Str(text.into())
}

/// The code says that the whole source is meant if a bound is empty; Endgame's tests said otherwise.
/// `right` before `left`, which greedy search can find, is an error there and empty text here.
fn between(args: Args<'_>, fold: bool) -> Option<Value> {
    let source = args.text(0)?;
    let (left, right) = (args.folded(1, fold)?, args.folded(2, fold)?);
    let greedy = matches!(args.get(3), Some(Scalar::Bool(true)));
    if source.is_empty() || left.is_empty() || right.is_empty() {
        return Some(text_value(&source));
    }
    let searched = args.folded(0, fold)?;
    let found = searched.find(&*left).and_then(|at| {
        let start = at + left.len();
        let end = if greedy {
            searched.rfind(&*right)?
        } else {
            start + searched[start..].find(&*right)?
        };
        (start <= end).then(|| (units(&searched[..start]), units(&searched[..end])))
    });
    Some(match found {
        // Lower case may be longer or shorter; the places count all the same, as in Java.
        Some((start, end)) => text_value(&slice(&source, start, end)),
        None => text_value(""),
    })
}

fn cidr_match(args: Args<'_>) -> Option<bool> {
    let address = args.text(0)?;
    let Ok(address) = address.parse::<IpAddr>() else { return Some(false) };
    let blocks = (1..args.0.len()).filter_map(|at| Network::parse(&args.text(at)?).ok());
    Some(blocks.into_iter().any(|block| block.contains(address)))
}

fn concat(args: Args<'_>) -> Option<Value> {
    let parts: Option<Vec<_>> = (0..args.0.len()).map(|at| args.text(at)).collect();
    Some(text_value(&parts?.concat()))
}

/// As Java's `String.indexOf`: a start beyond the end finds nothing but empty text. A null start is
/// 0 (the code and the tests; the documentation says null).
fn index_of(args: Args<'_>, fold: bool) -> Option<i64> {
    let (text, part) = (args.folded(0, fold)?, args.folded(1, fold)?);
    let start = usize::try_from(args.integer(2).unwrap_or_default()).unwrap_or_default();
    if start > units(&text) {
        return None;
    }
    if part.is_empty() {
        return Some(start as i64);
    }
    let from = byte_at(&text, start);
    let at = from + text[from..].find(&*part)?;
    Some(units(&text[..at]) as i64)
}

/// Elasticsearch: a null start gives the source back (Endgame's tests took it for 0).
fn substring(args: Args<'_>) -> Option<Value> {
    let source = args.text(0)?;
    let length = units(&source) as i64;
    let Some(start) = args.integer(1) else { return Some(text_value(&source)) };
    let end = args.integer(2).unwrap_or(length);
    let place = |at: i64| {
        let at = if at < 0 { at.saturating_add(length) } else { at };
        at.clamp(0, length) as usize
    };
    Some(text_value(&slice(&source, place(start), place(end))))
}

/// The length in UTF-16 code units.
fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The byte at which so many UTF-16 code units have passed; the end if there are fewer, the next
/// character if that is within one.
fn byte_at(text: &str, units: usize) -> usize {
    if text.is_ascii() {
        return units.min(text.len());
    }
    let mut passed = 0;
    let mut chars = text.char_indices();
    chars
        .find_map(|(at, c)| {
            if passed >= units {
                return Some(at);
            }
            passed += c.len_utf16();
            None
        })
        .unwrap_or(text.len())
}

/// A slice by UTF-16 code units; empty if it ends before it starts. Half of a character, which
/// Java's strings can hold, becomes U+FFFD.
fn slice(text: &str, start: usize, end: usize) -> Cow<'_, str> {
    if start >= end {
        return "".into();
    }
    if text.is_ascii() {
        let end = end.min(text.len());
        return text.get(start..end).unwrap_or_default().into();
    }
    let units: Vec<u16> = text.encode_utf16().skip(start).take(end - start).collect();
    String::from_utf16_lossy(&units).into()
}

/// As Java reads numbers: a whole number of 64 bits in its base; in base 10 also a double, which
/// may have blanks around it, an exponent, and a type's letter at the end. What Elasticsearch
/// answers with an error is null.
fn number(args: Args<'_>) -> Option<Value> {
    let text = match args.get(0)? {
        Scalar::Str(text) => text,
        number @ (Scalar::Long(_) | Scalar::Double(_)) => return Some(number.to_value()),
        _ => return None,
    };
    let hex = text.strip_prefix("0x");
    let base = match args.get(1) {
        None if hex.is_some() => 16,
        None => 10,
        Some(_) => u32::try_from(args.integer(1)?).ok()?,
    };
    if !(2..=36).contains(&base) {
        return None;
    }
    let digits = hex.filter(|_| base == 16).unwrap_or(text);
    match i64::from_str_radix(digits, base) {
        Ok(n) => Some(Value::Long(n)),
        Err(_) if base == 10 => double(digits).map(Value::Double),
        Err(_) => None,
    }
}

/// As Java's `Double.valueOf`, without hexadecimal and "not a number".
fn double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let plain = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    // Rust also reads "inf" and "nan", in any case; Java has one spelling, without a suffix.
    if plain.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return plain.parse().ok();
    }
    match text.strip_prefix(['+', '-']).unwrap_or(text) {
        "Infinity" if text.starts_with('-') => Some(f64::NEG_INFINITY),
        "Infinity" => Some(f64::INFINITY),
        _ => None,
    }
}
