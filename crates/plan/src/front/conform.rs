//! Constants brought to the type of the field that they are compared with.

use std::net::IpAddr;

use crate::condition::{CompareOp, Literal, Number};
use crate::network::Network;
use dragnet_event::{Field, FieldType, Time, lowercase};

/// What a constant is for a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Conformed {
    /// A value that the field can have.
    Literal(Literal),
    /// A block of addresses, to which `==` on an address compares (Elasticsearch: a term query on an
    /// `ip` field takes CIDR notation).
    Network(Network),
    /// No value that the field can have: no event compares so.
    Never,
}

/// Brings a constant to the type of a field. Under `==` a mismatch is no error in Elasticsearch, it
/// merely does not match (§3.2 of the reference, "explicitly accepted").
pub fn conform(field: &Field, op: CompareOp, literal: &Literal) -> Conformed {
    let found = match field.ty() {
        FieldType::Any => Some(literal.clone()),
        FieldType::Keyword
        | FieldType::Version
        | FieldType::Text
        | FieldType::Object
        | FieldType::Unsupported => {
            literal.as_scalar().map(|value| Literal::Str(value.text().into()))
        }
        // Elasticsearch: what a normaliser does to values it does to what is asked for too.
        FieldType::Caseless => literal
            .as_scalar()
            .map(|value| Literal::Str(lowercase(&value.text()).into_owned().into())),
        FieldType::Long | FieldType::Double => number(literal),
        FieldType::Boolean => boolean(literal),
        FieldType::Date => date(literal, field.spec().format.as_deref()).map(Literal::Date),
        FieldType::Ip => return address(op, literal),
    };
    found.map_or(Conformed::Never, Conformed::Literal)
}

fn number(literal: &Literal) -> Option<Literal> {
    match literal {
        Literal::Long(_) | Literal::Double(_) => Some(literal.clone()),
        Literal::Str(text) => {
            let text = text.trim();
            let whole = text.parse().ok().map(Literal::Long);
            let finite = |n: &f64| n.is_finite();
            whole.or_else(|| text.parse().ok().filter(finite).map(|n| Literal::Double(Number(n))))
        }
        _ => None,
    }
}

fn boolean(literal: &Literal) -> Option<Literal> {
    match literal {
        Literal::Bool(_) => Some(literal.clone()),
        Literal::Str(text) => match &**text {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

fn date(literal: &Literal, format: Option<&str>) -> Option<Time> {
    match literal {
        Literal::Date(time) => Some(*time),
        Literal::Str(text) => {
            let formatted = format.and_then(|format| Time::parse_format(text, format));
            formatted.or_else(|| Time::parse(text))
        }
        Literal::Long(ms) => Some(Time::from_millis(*ms)),
        // A tick is 100 ns.
        Literal::Double(ms) => ms.0.is_finite().then_some(Time((ms.0 * 10_000.0) as i64)),
        _ => None,
    }
}

fn address(op: CompareOp, literal: &Literal) -> Conformed {
    let Literal::Str(text) = literal else { return Conformed::Never };
    if let Ok(address) = text.parse::<IpAddr>() {
        // As values of the field are written: an IPv4 address in IPv6 form is that IPv4 address.
        let text = address.to_canonical().to_string();
        return Conformed::Literal(Literal::Str(text.into()));
    }
    match Network::parse(text) {
        Ok(network) if op == CompareOp::Eq => Conformed::Network(network),
        _ => Conformed::Never,
    }
}
