//! Names of fields, looked up in the schema.

use dragnet_event::{Field, FieldType, Resolution};
use dragnet_plan::{Diagnostic, Literal};

use super::Analyzer;
use super::node::{Kind, Node};
use super::types::Ty;
use crate::ast::FieldName;
use crate::codes;
use dragnet_plan::front::clip;

impl Analyzer<'_> {
    /// The field of that name, if the schema has it.
    pub(super) fn field(&mut self, name: &str) -> Option<Field> {
        if let Some(known) = self.fields.get(name) {
            return known.clone();
        }
        let found = self.options.schema.get(name);
        self.fields.insert(name.to_owned(), found.clone());
        found
    }

    /// The field, if the schema has it and it can be used; the rest is reported, but for optional
    /// fields that the schema does not have.
    pub(super) fn usable_field(&mut self, name: &FieldName) -> Option<Field> {
        let Some(field) = self.field(&name.name) else {
            if !name.optional {
                self.unknown_field(name);
            }
            return None;
        };
        if matches!(field.ty(), FieldType::Text | FieldType::Unsupported) {
            self.unsupported_field(name, field.ty());
            return None;
        }
        Some(field)
    }

    /// A field as an expression. (Elasticsearch: an optional field that the mapping does not have is
    /// replaced by null.)
    pub(super) fn field_node(&mut self, name: &FieldName) -> Node {
        match self.usable_field(name) {
            Some(field) => {
                self.check_constant_slip(name);
                Node { ty: Ty::of_field(field.ty()), kind: Kind::Field(field), span: name.span }
            }
            None if name.optional && self.field(&name.name).is_none() => {
                Node::literal(Literal::Null, name.span)
            }
            None => Node::bad(name.span),
        }
    }

    fn unknown_field(&mut self, name: &FieldName) {
        let shown = clip(&name.name);
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_FIELD,
            name.span.range(),
            format!("unknown field `{shown}`"),
        )
        .label("not in the schema");
        // Looking for names that are near takes time, which must not be spent in vain.
        if self.sink.is_full() {
            return;
        }
        let suggestions = match self.options.schema.resolve(&name.name) {
            Resolution::Unknown { suggestions } => suggestions,
            Resolution::Field(_) => Vec::new(),
        };
        let help = match (constant_slip(&name.name), suggestions.as_slice()) {
            (Some(constant), _) => format!("did you mean `{constant}`?"),
            (None, []) => {
                format!("write `?{shown}` if the field need not exist")
            }
            (None, [one]) => format!("did you mean `{one}`?"),
            (None, many) => format!("did you mean one of `{}`?", many.join("`, `")),
        };
        self.report(diagnostic.help(help));
    }

    fn unsupported_field(&mut self, name: &FieldName, ty: FieldType) {
        let shown = clip(&name.name);
        let (message, label) = if ty == FieldType::Text {
            (format!("the field `{shown}` is analysed text, which cannot be searched"), "text")
        } else {
            (format!("the field `{shown}` is of a type that cannot be searched"), "unsupported")
        };
        let diagnostic =
            Diagnostic::error(codes::FIELD_TYPE, name.span.range(), message).label(label);
        let sub = ["keyword", "raw"].map(|sub| format!("{}.{sub}", name.name));
        let sub = sub.iter().find(|sub| {
            self.options.schema.get(sub).is_some_and(|field| field.ty() == FieldType::Keyword)
        });
        self.report(match sub {
            Some(sub) => diagnostic.help(format!("use `{sub}`")),
            None => diagnostic,
        });
    }

    /// `TRUE` under the open schema is a field, and hardly meant as one.
    fn check_constant_slip(&mut self, name: &FieldName) {
        if let Some(constant) = constant_slip(&name.name).filter(|_| !self.is_closed()) {
            self.report(
                Diagnostic::warning(
                    codes::KEYWORD_LIKE_FIELD,
                    name.span.range(),
                    format!("`{}` is taken as the name of a field", name.name),
                )
                .help(format!("did you mean `{constant}`?")),
            );
        }
    }
}

/// The constant that a name is in other case.
pub(super) fn constant_slip(name: &str) -> Option<&'static str> {
    ["true", "false", "null"].into_iter().find(|constant| constant.eq_ignore_ascii_case(name))
}
