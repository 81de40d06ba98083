//! The four channels of Microsoft-Windows-AppLocker: what was allowed or kept from running.
//!
//! Source: the pipelines of Elastic's windows integration as they are published
//! (elastic/integrations). No expected outputs of them are among the test material: only tests of our
//! own hold this. Winlogbeat has no module for these channels; its documents keep the generic form.

use crate::agent::{self, DatumName};
use crate::out::Out;
use crate::win_event::WinEvent;
use crate::{Flavor, channel, convert, meta};

const USER_DATA: &str = "winlog.user_data.";

/// The user data that are numbers in Elastic's documents.
const NUMBERS: [&str; 8] = [
    "FileHashLength",
    "FilePathLength",
    "FqbnLength",
    "FullFilePathLength",
    "PolicyNameLength",
    "RuleNameLength",
    "RuleSddlLength",
    "TargetProcessId",
];

/// Stage 2 of an event of "EXE and DLL" or "MSI and Script".
pub(crate) fn files(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    packages(event, flavor, out);
    if let Some(pid) = agent::process_id(event).filter(|_| flavor == Flavor::Logs) {
        out.long("process.pid", i64::from(pid));
    }
}

/// Stage 2 of an event of "Packaged app-Deployment" or "Packaged app-Execution".
pub(crate) fn packages(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    if flavor == Flavor::Winlogbeat {
        return channel::generic(event, flavor, out);
    }
    channel::head(event, flavor, out);
    out.text_if("event.action", agent::task(event));
    for (path, value) in [("event.category", "process"), ("event.type", "start")] {
        out.text(path, value);
        out.sink.mark_array(path);
    }
    user(event, out);
    agent::event_data(event, out);
    agent::user_data_name(event, out);
    agent::each_datum(&event.user_data, |name, value| match name {
        DatumName::Name(text) if NUMBERS.contains(&text) => {
            if let Some(number) = convert::long(value) {
                out.under_long(USER_DATA, text, number);
            }
        }
        _ => agent::put_datum(USER_DATA, name, value, out),
    });
    if let Some(fqbn) = get(event, "Fqbn") {
        publisher(fqbn, out);
    }
    out.text_if("file.name", get(event, "FullFilePath").and_then(|p| p.rsplit('\\').next()));
    out.text_if("file.hash.sha256", get(event, "FileHash"));
}

fn user(event: &WinEvent<'_>, out: &mut Out<'_>) {
    let id = event.user_id.as_deref().filter(|id| !id.is_empty());
    out.text_if("user.id", id);
    if let Some((domain, name)) = event.data("User").and_then(convert::account) {
        out.text_if("user.domain", Some(domain).filter(|domain| !domain.is_empty()));
        out.text("user.name", name);
    } else {
        let account = id.and_then(meta::well_known_account);
        out.text_if("user.name", account.map(|account| account.name));
    }
}

/// The first of the user data of this name that says something.
fn get<'e>(event: &'e WinEvent<'_>, name: &str) -> Option<&'e str> {
    let datum = event.user_data.iter().find(|datum| datum.name == name && !datum.value.is_empty());
    datum.map(|datum| &*datum.value).filter(|value| *value != "-")
}

/// The parts of a certificate's subject, last first, and their fields.
const SUBJECT: [(&str, &str); 5] = [
    ("C=", "file.x509.subject.country"),
    ("S=", "file.x509.subject.state_or_province"),
    ("L=", "file.x509.subject.locality"),
    ("O=", "file.x509.subject.organization"),
    ("CN=", "file.x509.subject.common_name"),
];

/// A fully qualified binary name: `O=…, L=…, S=…, C=…\PRODUCT\FILE\VERSION`.
fn publisher(fqbn: &str, out: &mut Out<'_>) {
    let mut parts = fqbn.splitn(4, '\\');
    let (Some(subject), Some(product), Some(file), Some(version)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    if !subject.starts_with("O=") && !subject.starts_with("CN=") {
        return;
    }
    out.text("file.pe.product", product);
    out.text("file.pe.original_file_name", file);
    out.text("file.pe.file_version", version);
    let mut rest = subject;
    for (key, field) in SUBJECT {
        let mut places = rest.rmatch_indices(key).map(|(at, _)| at);
        let Some(start) = places.find(|at| begins_part(rest, *at)) else { continue };
        out.text(field, &rest[start + key.len()..]);
        out.sink.mark_array(field);
        rest = rest[..start].trim_ascii_end().trim_end_matches(',');
    }
}

fn begins_part(subject: &str, at: usize) -> bool {
    at == 0 || subject[..at].trim_ascii_end().ends_with(',')
}
