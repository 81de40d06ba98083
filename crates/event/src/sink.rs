//! The one way in which normalised events leave a normaliser.

use crate::value::Scalar;

/// What a sink has said of a path once and for all: whoever puts values at one path again and again has it looked up once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handle {
    /// The sink's own number of the path, from 1; 0 if it has none.
    pub(crate) number: u32,
    /// What a sink that passes values on to another has to say of the path; 0 for nothing.
    pub tag: u8,
}

/// Takes the values of one event, field by field.
///
/// A normaliser calls [`FieldSink::put`] for every value it knows, in any order; several values
/// for one field make an array in the order they came. The sink keeps what it wants.
pub trait FieldSink {
    /// Whether a value for this dotted path would be kept. A normaliser asks before computing
    /// something costly; it need not ask before an ordinary `put`.
    fn wants(&self, path: &str) -> bool;

    /// Adds one value to the field at this dotted path.
    fn put(&mut self, path: &str, value: Scalar<'_>);

    /// What is to be said of a path in [`FieldSink::put_at`]. It holds as long as the sink lives.
    fn resolve(&self, path: &str) -> Handle {
        let _ = path;
        Handle::default()
    }

    /// The same as [`FieldSink::put`] for a path with what [`FieldSink::resolve`] gave for it.
    fn put_at(&mut self, handle: Handle, path: &str, value: Scalar<'_>) {
        let _ = handle;
        self.put(path, value);
    }

    /// Marks the field as an array even if it receives only one value (ECS lists such as
    /// `event.category`). Sinks to which that makes no difference ignore it.
    fn mark_array(&mut self, path: &str) {
        let _ = path;
    }

    /// Says that the record holds an explicit `null` here. It is not a value, but a mapping may
    /// name one that it stands for (`null_value`).
    fn put_null(&mut self, path: &str) {
        let _ = path;
    }

    /// Adds one object to the array of objects at `path` (`dns.answers`); each member is named by its
    /// full dotted path (`dns.answers.data`).
    ///
    /// A sink that keeps values by path takes the members as values of their own, which is how
    /// Elasticsearch indexes an array of objects; one that shows events to people keeps each
    /// object's members together.
    fn put_object(&mut self, path: &str, members: &[(&str, Scalar<'_>)]) {
        let _ = path;
        for (member, value) in members {
            self.put(member, *value);
        }
    }

    /// Whether objects at this dotted path are wanted as a whole, besides the values in them.
    fn wants_objects(&self, path: &str) -> bool {
        let _ = path;
        false
    }

    /// Adds the JSON text of one object at a path for which [`FieldSink::wants_objects`] holds. Its values are
    /// put by themselves besides.
    fn put_object_json(&mut self, path: &str, json: &str) {
        let _ = (path, json);
    }

    /// Adds one text value.
    fn put_str(&mut self, path: &str, value: &str) {
        self.put(path, Scalar::Str(value));
    }
}
