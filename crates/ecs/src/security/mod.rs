//! Security: the pipeline of Winlogbeat's security module and Elastic's system integration.
//!
//! As with Sysmon, the data are sorted once by name ([`Fields`]), what no step looks at goes
//! straight to `winlog.event_data`, and each group of ECS fields is put from the sorted values.
//! Unlike Sysmon's, data that move into ECS fields are the exception, and `-` is a value like any
//! other except where a step says otherwise. Which steps an event goes through hangs on its id:
//! `steps.rs`; what codes mean, in the tables of the other files. What only the integration's newer
//! pipeline does, and Winlogbeat's module does not, is in `newer.rs`; its structure of the XML of
//! scheduled tasks (`winlog.scheduled_task`) and of certificate requests (`winlog.adcs`) is not made.
//!
//! Where Elastic fails on a value (a number that is none) and marks the event, the value stays
//! where it was here.

mod audit;
mod category;
mod codes;
mod details;
mod messages;
mod names;
mod newer;
mod process;
mod sddl;
mod sids;
mod steps;
mod user;

use crate::out::{Out, Seen};
use crate::parts::Part;
use crate::win_event::{Data, WinEvent};
use crate::{Flavor, agent, channel};
use names::{COUNT, Fate, Name};

const EVENT_DATA: &str = "winlog.event_data.";

/// The providers whose events the pipeline is for; others may write to the channel too.
const PROVIDERS: [&str; 2] = ["Microsoft-Windows-Security-Auditing", "Microsoft-Windows-Eventlog"];

/// The name of one of the auditing provider's tasks, which are the audit policy's subcategories.
pub(crate) fn task(task: u16) -> Option<&'static str> {
    (12_288..14_592).contains(&task).then(|| messages::of_number(task)).flatten()
}

/// Which data are looked at together.
pub(crate) fn part(name: &str) -> Part {
    Name::find(name).map_or(Part::Kept, Name::part)
}

/// Stage 2 of a Security event. What looks at two data together must say so in `Name::part`.
pub(crate) fn pipeline(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    if !event.provider_name.as_deref().is_some_and(|p| PROVIDERS.contains(&p)) {
        head(event, None, flavor, out);
        agent::all_data(event, out);
        return;
    }
    let code = event.event_id.parse().unwrap_or(0);
    let data = agent::clean_data(event);
    let fields = Fields::read(&data, out);

    if flavor == Flavor::Winlogbeat {
        out.text("event.module", "security");
    }
    head(event, category::kind(code, flavor), flavor, out);
    agent::user_data(event, out);
    details::logon(event, code, flavor, &fields, out);
    details::codes(code, flavor, &fields, out);
    details::access(code, flavor, &fields, out);
    details::account_control(&fields, out);
    details::descriptors(code, &fields, out);
    process::process(code, flavor, &fields, out);
    process::source(code, &fields, out);
    process::share(code, &fields, out);
    user::user(event, code, &fields, out);
    user::group(code, &fields, out);
    user::related(event, code, flavor, &fields, out);
    newer::connection(code, flavor, &fields, out);
    if flavor == Flavor::Logs {
        newer::objects(code, &fields, out);
    }
}

/// Times, what the agent says, and what kind of event it is.
fn head(event: &WinEvent<'_>, kind: Option<&category::Kind>, flavor: Flavor, out: &mut Out<'_>) {
    channel::put_times(agent::time_created(event), None, flavor, out);
    out.text("ecs.version", channel::ECS_VERSION);
    agent::record_id_text(event, out);
    agent::head(event, out);
    agent::message(event, out);
    match kind {
        Some(kind) => {
            list("event.category", kind.category.iter().copied(), out);
            list("event.type", kind.ty.iter().copied(), out);
            out.text("event.action", kind.action);
        }
        None => out.text_if("event.action", agent::task(event)),
    }
}

/// The data that the pipeline knows, by name.
struct Fields<'d> {
    values: [Option<&'d str>; COUNT],
}

impl<'d> Fields<'d> {
    /// Sorts the data, and puts those that stay in `winlog.event_data` whatever the event is.
    ///
    /// Of several data of one name the first that has a text counts.
    fn read(data: &'d [Data<'_>], out: &mut Out<'_>) -> Fields<'d> {
        let mut values = [None; COUNT];
        let mut unknown = Seen::default();
        for (i, datum) in data.iter().enumerate() {
            let value = &*datum.value;
            if value.is_empty() {
                continue;
            }
            if let Some(name) = Name::find(&datum.name) {
                let slot: &mut Option<&str> = &mut values[name as usize];
                if slot.is_none() {
                    *slot = Some(value);
                    if name.fate() == Fate::Stays {
                        out.under(EVENT_DATA, name.text(), value);
                    }
                }
            } else if agent::is_unnamed(&datum.name) {
                out.under_numbered(EVENT_DATA, "param", i + 1, value);
            } else if unknown.insert(&datum.name) {
                out.under(EVENT_DATA, &datum.name, value);
            }
        }
        Fields { values }
    }

    fn get(&self, name: Name) -> Option<&'d str> {
        self.values[name as usize]
    }

    /// A value that says something: not `-`.
    fn said(&self, name: Name) -> Option<&'d str> {
        self.get(name).filter(|value| *value != "-")
    }

    fn long(&self, name: Name) -> Option<i64> {
        decode(self.get(name)?)
    }

    /// Puts one datum into an ECS field.
    fn put(&self, name: Name, target: &str, out: &mut Out<'_>) {
        out.text_if(target, self.get(name));
    }

    /// Leaves one datum that could go elsewhere where it is.
    fn keep(&self, name: Name, out: &mut Out<'_>) {
        if let Some(value) = self.get(name) {
            out.under(EVENT_DATA, name.text(), value);
        }
    }

    /// Moves one datum, or keeps it.
    fn move_if(&self, moves: bool, name: Name, target: &str, out: &mut Out<'_>) -> Option<&'d str> {
        if !moves {
            self.keep(name, out);
            return None;
        }
        let value = self.get(name)?;
        out.text(target, value);
        Some(value)
    }

    /// The same for a number; what is none is kept.
    fn move_long_if(&self, moves: bool, name: Name, target: &str, out: &mut Out<'_>) {
        match self.long(name).filter(|_| moves) {
            Some(number) => out.long(target, number),
            None => self.keep(name, out),
        }
    }
}

/// A whole number, in decimal or hexadecimal with `0x`.
fn decode(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// An array, if there is anything for it.
fn list<'v>(path: &str, values: impl Iterator<Item = &'v str>, out: &mut Out<'_>) {
    for value in values {
        out.text(path, value);
        out.sink.mark_array(path);
    }
}
