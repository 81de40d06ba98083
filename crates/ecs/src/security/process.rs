//! `process.*`, `source.*` and the `file.*` of shares.

use super::names::Name;
use super::{EVENT_DATA, Fields, list, steps};
use crate::Flavor;
use crate::out::Out;

/// `process.*`: the acting process, or the one that was created.
pub(super) fn process(code: u16, flavor: Flavor, fields: &Fields<'_>, out: &mut Out<'_>) {
    let moves = steps::moves_process_and_source(code);
    let creation = steps::is_process_creation(code);

    fields.move_long_if(moves, Name::ProcessId, "process.pid", out);
    let acting = fields.move_if(moves, Name::ProcessName, "process.executable", out);
    fields.move_long_if(creation, Name::NewProcessId, "process.pid", out);
    let created = fields.move_if(creation, Name::NewProcessName, "process.executable", out);
    out.text_if("process.name", acting.or(created).map(file_name));

    let parent = "process.parent.executable";
    let parent = fields.move_if(creation, Name::ParentProcessName, parent, out);
    out.text_if("process.parent.name", parent.map(file_name));
    if creation {
        if let Some(pid) = fields.long(Name::ProcessId) {
            out.long("process.parent.pid", pid);
        }
        if let Some(line) = fields.get(Name::CommandLine) {
            out.text("process.command_line", line);
            let all = flavor == Flavor::Winlogbeat;
            if !all {
                // It counts them before.
                out.long("process.args_count", arguments(line).count() as i64);
            }
            // The integration drops blank values at the end of its pipeline.
            let pieces = arguments(line).filter(|piece| all || !piece.trim().is_empty());
            list("process.args", pieces, out);
        }
    }
}

/// What follows the last backslash, or all of it.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit_once('\\').map_or(path, |(_, name)| name)
}

/// A command line cut at white space outside quotes. Quotes stay, and two blanks have an empty
/// argument between them: the pipelines' own way, not that of Windows.
fn arguments(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |c: char| {
        quoted ^= c == '"';
        !quoted && is_white_space(c)
    })
}

/// White space as Java has it, which is without blanks that do not break.
fn is_white_space(c: char) -> bool {
    let separator = matches!(c, '\u{1c}'..='\u{1f}');
    separator || (c.is_whitespace() && !matches!(c, '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}'))
}

/// `source.*` and `related.ip`.
pub(super) fn source(code: u16, fields: &Fields<'_>, out: &mut Out<'_>) {
    let moves = steps::moves_process_and_source(code);
    let session = steps::is_session(code);

    let ip = fields.said(Name::IpAddress).filter(|_| moves).map(plain_address);
    if ip.is_none() {
        fields.keep(Name::IpAddress, out);
    }
    fields.move_long_if(moves, Name::IpPort, "source.port", out);
    fields.move_if(moves, Name::WorkstationName, "source.domain", out);

    // A session's address may be a word.
    let client = match fields.get(Name::ClientAddress) {
        Some("LOCAL") if session => Some("127.0.0.1"),
        address => address,
    };
    let address = client.filter(|address| *address != "-");
    let of_session = address.filter(|address| session && *address != "Unknown");
    let of_other = address.filter(|_| moves);
    if let Some(client) = client.filter(|_| of_other.is_none()) {
        out.under(EVENT_DATA, Name::ClientAddress.text(), client);
    }
    if session {
        fields.put(Name::ClientName, "source.domain", out);
    }
    let ip = ip.or(of_session.map(plain_address));
    out.text_if("source.ip", ip);
    out.distinct("related.ip", of_session.into_iter().chain(of_other).chain(ip));
}

/// An IPv4 address that is written as an IPv6 one, perhaps in brackets and with a port, as the
/// former.
pub(super) fn plain_address(text: &str) -> &str {
    let bracketed = text.strip_prefix('[');
    let Some(rest) = bracketed.unwrap_or(text).strip_prefix("::ffff:") else { return text };
    let address = match (bracketed, rest.split_once(']')) {
        (Some(_), Some((address, _port))) => address,
        (Some(_), None) => return text,
        (None, _) => rest,
    };
    let is_v4 = address.split('.').count() == 4
        && address.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if is_v4 { address } else { text }
}

/// The file of a share that was used.
pub(super) fn share(code: u16, fields: &Fields<'_>, out: &mut Out<'_>) {
    if !steps::is_share(code) {
        return;
    }
    let name = fields.get(Name::RelativeTargetName);
    let directory = fields.get(Name::ShareLocalPath);
    out.text_if("file.name", name);
    out.text_if("file.directory", directory);
    let Some(name) = name else { return };
    for (folder, path) in
        [(directory, "file.path"), (fields.get(Name::ShareName), "file.target_path")]
    {
        if let Some(folder) = folder
            && out.sink.wants(path)
        {
            out.text(path, &format!("{folder}\\{name}"));
        }
    }
    out.text_if("file.extension", name.rsplit_once('.').map(|(_, extension)| extension));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_keep_quotes() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(arguments(line).collect::<Vec<_>>(), expected, "{line}");
        };
        check(r#""C:\a b\c.exe" -x "y z"#, &[r#""C:\a b\c.exe""#, "-x", r#""y z"#]);
        check("a  b\t", &["a", "", "b", ""]);
        check("a\u{a0}b", &["a\u{a0}b"]);
    }

    #[test]
    fn plain_addresses() {
        for (text, expected) in [
            ("::ffff:10.1.2.3", "10.1.2.3"),
            ("[::ffff:10.1.2.3]", "10.1.2.3"),
            ("[::ffff:10.1.2.3]:445", "10.1.2.3"),
            ("::ffff:a.b.c.d", "::ffff:a.b.c.d"),
            ("[::ffff:10.1.2.3", "[::ffff:10.1.2.3"),
            ("::1", "::1"),
            ("", ""),
        ] {
            assert_eq!(plain_address(text), expected);
        }
    }
}
