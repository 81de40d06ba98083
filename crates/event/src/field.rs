//! Fields: a name as a rule writes it, resolved to where its values stand and what they are.

use std::fmt;
use std::sync::Arc;

/// What kind of values a field holds.
///
/// [`FieldType::Any`] is the type of every field under an open schema: values keep the type that
/// the data gave them. The others are Elasticsearch's mapping types, as far as rules can see
/// their difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Whatever the data holds.
    Any,
    /// `keyword`, `wildcard`, `constant_keyword`: text, exact.
    Keyword,
    /// Text in lower case, exact: a `keyword` whose normaliser makes it so (`process.name.caseless`).
    Caseless,
    /// `text` without a keyword sub-field: cannot be searched by EQL.
    Text,
    /// Whole numbers of any width.
    Long,
    /// Numbers with a fraction of any width.
    Double,
    /// `true` and `false`.
    Boolean,
    /// A date.
    Date,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A version, ordered as semantic versions are.
    Version,
    /// Objects, each as its JSON text: what a `nested` query looks at. No mapping gives a field this type;
    /// a query asks for it.
    Object,
    /// A type that EQL does not support (nested, range, geo…).
    Unsupported,
}

impl FieldType {
    /// The name that messages use, Elasticsearch's where it has one.
    pub const fn name(self) -> &'static str {
        match self {
            FieldType::Any => "any",
            FieldType::Keyword => "keyword",
            FieldType::Caseless => "caseless",
            FieldType::Text => "text",
            FieldType::Long => "long",
            FieldType::Double => "double",
            FieldType::Boolean => "boolean",
            FieldType::Date => "date",
            FieldType::Ip => "ip",
            FieldType::Version => "version",
            FieldType::Object => "object",
            FieldType::Unsupported => "unsupported",
        }
    }

    /// Whether values are text.
    pub const fn is_string(self) -> bool {
        matches!(self, FieldType::Keyword | FieldType::Caseless | FieldType::Text)
    }

    /// Whether values are numbers.
    pub const fn is_number(self) -> bool {
        matches!(self, FieldType::Long | FieldType::Double)
    }
}

/// The parts of a [`Field`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldSpec {
    /// The dotted name as the rule writes it, without backticks: `process.name`.
    pub name: String,
    /// The dotted path at which documents hold the values; differs from `name` for an alias. A path with
    /// `*` in it is a pattern: the field has the values of every path that it matches.
    pub path: String,
    /// The kind of values.
    pub ty: FieldType,
    /// The mapping's date format, if the field is a date and the mapping gives one.
    pub format: Option<String>,
    /// The mapping's `null_value`, as text: what an explicit `null` stands for.
    pub null_value: Option<String>,
}

/// A field that a rule reads, resolved against a schema. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Field(Arc<FieldSpec>);

impl Field {
    /// A field whose values keep the type that the data gave them.
    pub fn any(name: impl Into<String>) -> Field {
        let name = name.into();
        Field::new(FieldSpec {
            path: name.clone(),
            name,
            ty: FieldType::Any,
            format: None,
            null_value: None,
        })
    }

    /// A field whose values are dates; what cannot be read as one is no value.
    pub fn date(name: impl Into<String>) -> Field {
        let field = Field::any(name);
        Field::new(FieldSpec { ty: FieldType::Date, ..field.spec().clone() })
    }

    /// A field from its parts.
    pub fn new(spec: FieldSpec) -> Field {
        Field(Arc::new(spec))
    }

    /// The dotted name as the rule writes it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The dotted path at which documents hold the values.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Whether the path is a pattern.
    pub fn is_pattern(&self) -> bool {
        self.0.path.contains('*')
    }

    /// Whether the field has the values at this path.
    pub fn covers(&self, path: &str) -> bool {
        path_matches(&self.0.path, path)
    }

    /// The same field with values of another kind.
    #[must_use]
    pub fn with_type(&self, ty: FieldType) -> Field {
        Field::new(FieldSpec { ty, ..self.spec().clone() })
    }

    /// The kind of values.
    pub fn ty(&self) -> FieldType {
        self.0.ty
    }

    /// All parts.
    pub fn spec(&self) -> &FieldSpec {
        &self.0
    }
}

/// Whether a path is matched by a pattern, in which `*` is any run of characters, dots included.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some((middle, end)) = rest.rsplit_once('*').or(Some(("", rest))) else { return false };
    let inner = path.strip_prefix(start).and_then(|path| path.strip_suffix(end));
    let Some(mut inner) = inner else { return false };
    // Each fragment at its first place: an earlier one never leaves less room for the rest.
    middle.split('*').all(|fragment| match inner.find(fragment) {
        Some(at) => {
            inner = &inner[at + fragment.len()..];
            true
        }
        None => false,
    })
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({}: {})", self.0.name, self.0.ty.name())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_paths() {
        let check = |pattern: &str, path: &str| path_matches(pattern, path);
        assert!(check("a.b", "a.b") && !check("a.b", "a.b.c"));
        assert!(check("*", "") && check("*", "a.b"));
        assert!(check("a.*.c", "a.b.c") && check("a.*.c", "a.b.b.c") && !check("a.*.c", "a.c"));
        assert!(check("*.b*d", "a.bcd") && !check("*.b*d", "a.b"));
        assert!(check("a*a", "aa") && !check("a*a", "a"));
        assert!(check("*b*b*", "a.b.b") && !check("*b*b*", "a.b"));
    }
}
