//! The parts of an event: which of its values have to be seen together to know what fields they become.
//!
//! Most values become fields each by itself, whatever else the event says, as long as it is of the same *kind*: written
//! by the same provider under the same id, with the same level, task and keywords. So an event's fields are those of
//! its kind and those that each of its parts adds to them; and since values come again and again, what a part adds
//! need not be worked out again ([`Parts`] is for readers that remember it). The pipelines know nothing of this: a part's
//! fields are what they make of an event that has no other values.
//!
//! Here stands what the pipelines' code implies: two values of which one step looks at both belong together. Tests hold
//! the sum of the parts to the whole.

use dragnet_event::{FieldSink, Scalar, Time};

use crate::channel::{self, Channel};
use crate::out::Out;
use crate::{Flavor, agent, convert};

/// What a value has to be seen together with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// With nothing else. Where a name occurs several times, all its values are one part.
    Alone,
    /// The same, and all that it can become is the text in `winlog.event_data` under its name.
    Kept,
    /// With all values of this number.
    With(u8),
    /// It is the event's time, as its provider writes it: see [`Parts::times`].
    Time,
}

/// What a pipeline says of its data.
pub(crate) type OfDatum = fn(&str) -> Part;

/// A value that hardly ever comes again, and the one field that it becomes if it is alone in its part.
#[derive(Debug, Clone, Copy)]
pub struct Direct {
    pub(crate) name: &'static str,
    /// The field.
    pub path: &'static str,
    pub(crate) to: Conversion,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Conversion {
    Text,
    Long,
    /// Text, also one that says nothing.
    Message,
}

impl Direct {
    /// Puts the value.
    pub fn put(&self, text: &str, sink: &mut dyn FieldSink) {
        let is_empty = text.is_empty();
        let text = &*agent::clean(text);
        match self.to {
            Conversion::Message if is_empty => {}
            Conversion::Message => sink.put(self.path, Scalar::Str(text)),
            _ if crate::sysmon::says_nothing(text) => {}
            Conversion::Text => sink.put(self.path, Scalar::Str(text)),
            Conversion::Long => {
                if let Some(number) = convert::long(text) {
                    sink.put(self.path, Scalar::Long(number));
                }
            }
        }
    }
}

/// How events of one channel fall into parts.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    channel: &'static Channel,
    flavor: Flavor,
}

impl Parts {
    /// Those of events of this channel and provider, normalised with this flavor.
    pub fn of(channel: &str, provider: Option<&str>, flavor: Flavor) -> Parts {
        Parts { channel: channel::pipeline_of(channel, provider), flavor }
    }

    /// The part of a datum of this name (empty if it has none). `user_data` are one part, whatever their names.
    pub fn datum(&self, name: &str) -> Part {
        match (self.channel.parts)(name) {
            // It goes by its place.
            Part::Kept if agent::is_unnamed(name) => Part::Alone,
            part => part,
        }
    }

    /// The part of the account that wrote the event, and of the process.
    pub fn author(&self) -> Part {
        match (self.channel.parts)("") {
            Part::With(number) => Part::With(number),
            _ => Part::Alone,
        }
    }

    /// The part of the rendered message.
    pub fn message(&self) -> Part {
        // Sysmon's type of tampering is the message where there is no other.
        match (self.channel.parts)("Type") {
            Part::With(number) => Part::With(number),
            _ => Part::Kept,
        }
    }

    /// What becomes of a rendered message that is alone in its part.
    pub const MESSAGE: &Direct = &Direct { name: "", path: "message", to: Conversion::Message };

    /// What becomes of a datum without being looked up, where it is the only value of its part.
    pub fn direct(&self, name: &str) -> Option<&'static Direct> {
        self.channel.direct.iter().find(|direct| direct.name == name)
    }

    /// The fields that [`Parts::times`] puts besides `@timestamp`.
    pub const OTHER_TIMES: &'static [&'static str] = &["event.ingested", "event.created"];

    /// The time of an event's `@timestamp`, without its text. `None` if there is none, or only its text tells.
    pub fn timestamp(created: Option<Time>, datum: Option<&str>) -> Option<Time> {
        let datum = datum.map(agent::clean);
        let time = channel::timestamp(created, datum.as_deref())?;
        // Other years are written in ways of their own.
        (Time::YEAR_1..Time::YEAR_10_000).contains(&time).then_some(time)
    }

    /// Puts the fields that hang on the event's times: that at which it was written, and what its provider says in the
    /// datum that is [`Part::Time`].
    pub fn times(&self, created: Option<Time>, datum: Option<&str>, sink: &mut dyn FieldSink) {
        let datum = datum.map(agent::clean);
        channel::put_times(created, datum.as_deref(), self.flavor, &mut Out::new(sink));
    }
}

/// All data are one part: of pipelines that look at many of them together.
pub(crate) fn together(_: &str) -> Part {
    Part::With(0)
}

/// All data stay where they are.
pub(crate) fn kept(_: &str) -> Part {
    Part::Kept
}
