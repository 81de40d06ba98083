//! PowerShell's two channels: "Windows PowerShell" ([`classic`]) and
//! Microsoft-Windows-PowerShell/Operational ([`operational`]).
//!
//! Both say most of what they know in a text of `key = value` lines, which Elastic's pipelines
//! split into event data and then rename. Here the values are sorted once by key ([`Found`]), keys
//! that no table line has go to `winlog.event_data`, and ECS fields are put from the sorted values.
//!
//! `event.category` and `event.type` are single values, as in Elastic's expected outputs; newer
//! pipelines make arrays of one, which is the same to a rule. What newer pipelines of
//! [`Flavor::Logs`] have on top is put for that flavour only: `process.pid`, the measures of a
//! script block, the account's name from its SID, `related.hosts`.

mod classic;
mod context;
mod invocation;
mod operational;
mod script;

use crate::out::Out;
use crate::win_event::WinEvent;
use crate::{Flavor, agent, args, channel};
pub(crate) use classic::pipeline as classic;
pub(crate) use operational::pipeline as operational;

const EVENT_DATA: &str = "winlog.event_data.";

/// A key and what becomes of its value.
struct Key {
    name: &'static str,
    to: To,
}

enum To {
    /// It moves into this field.
    Text(&'static str),
    /// It becomes a number in this field; what is not one is dropped.
    Long(&'static str),
    /// Code looks at it, or nothing does; it never stays in the event data.
    Code,
}

const fn text(name: &'static str, field: &'static str) -> Key {
    Key { name, to: To::Text(field) }
}

const fn long(name: &'static str, field: &'static str) -> Key {
    Key { name, to: To::Long(field) }
}

const fn code(name: &'static str) -> Key {
    Key { name, to: To::Code }
}

/// At least as many as a table has.
const MOST: usize = 32;

/// The values of the keys in a table.
struct Found<'d> {
    keys: &'static [Key],
    values: [Option<&'d str>; MOST],
    flavor: Flavor,
}

impl<'d> Found<'d> {
    fn new(keys: &'static [Key], flavor: Flavor) -> Found<'d> {
        Found { keys, values: [None; MOST], flavor }
    }

    /// The slot of a key, blanks in its spelling ignored (`Host Name` is `HostName`).
    fn slot(&self, name: &str) -> Option<usize> {
        let same = |key: &Key| {
            key.name.bytes().eq(name.bytes().filter(|byte| !byte.is_ascii_whitespace()))
        };
        self.keys.iter().position(same)
    }

    /// Sets a value that was split off a text; of several the last counts. Where the table does not
    /// have the key, the value is event data of its own.
    fn set(&mut self, name: &str, value: &'d str, out: &mut Out<'_>) {
        match self.slot(name) {
            Some(slot) => self.values[slot] = Some(value),
            None if says_nothing(value, self.flavor) => {}
            None => put_unknown(name, value, out),
        }
    }

    /// Sets a value that stands in the event data itself.
    fn set_datum(&mut self, name: agent::DatumName<'d>, value: &'d str, out: &mut Out<'_>) {
        match name {
            agent::DatumName::Name(name) => self.set(name, value, out),
            agent::DatumName::Param(_) if says_nothing(value, self.flavor) => {}
            agent::DatumName::Param(_) => agent::put_datum(EVENT_DATA, name, value, out),
        }
    }

    fn get(&self, name: &str) -> Option<&'d str> {
        self.values[self.slot(name)?].filter(|value| !says_nothing(value, self.flavor))
    }

    /// Puts what the table has a field for.
    fn put(&self, out: &mut Out<'_>) {
        for (key, value) in self.keys.iter().zip(self.values) {
            let Some(value) = value.filter(|value| !says_nothing(value, self.flavor)) else {
                continue;
            };
            match key.to {
                To::Text(field) => out.text(field, &agent::clean(value)),
                To::Long(field) => {
                    if let Some(number) = crate::convert::long(value) {
                        out.long(field, number);
                    }
                }
                To::Code => {}
            }
        }
    }
}

fn put_unknown(name: &str, value: &str, out: &mut Out<'_>) {
    let value = agent::clean(value);
    if name.contains(|c: char| c.is_ascii_whitespace()) {
        let name: String = name.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        out.under(EVENT_DATA, &name, &value);
    } else {
        out.under(EVENT_DATA, name, &value);
    }
}

/// Whether a value counts as none. Winlogbeat's pipelines drop empty ones only.
fn says_nothing(value: &str, flavor: Flavor) -> bool {
    value.is_empty()
        || flavor == Flavor::Logs && matches!(value, "-" | "{00000000-0000-0000-0000-000000000000}")
}

/// What both channels' events begin with.
fn head(event: &WinEvent<'_>, flavor: Flavor, ty: &str, out: &mut Out<'_>) {
    channel::head(event, flavor, out);
    out.text_if("event.action", agent::task(event));
    if flavor == Flavor::Winlogbeat {
        out.text("event.module", "powershell");
    }
    out.text("event.category", "process");
    out.text("event.type", ty);
    agent::user_data(event, out);
}

/// The fields that a host's command line is split into.
fn arguments(found: &Found<'_>, out: &mut Out<'_>) {
    if let Some(line) = found.get("HostApplication") {
        args::put(&agent::clean(line), "process.args", "process.args_count", out);
    }
}

/// `file.*` of a script.
fn script_file(path: &str, out: &mut Out<'_>) {
    out.text("file.path", path);
    crate::convert::file_parts(path, '\\', out);
}
