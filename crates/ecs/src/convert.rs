//! What ingest pipelines make of text, wherever they do it the same way.

use crate::out::Out;

/// A whole number, in decimal or hexadecimal with `0x`.
pub(crate) fn long(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Domain and name of an account: exactly two parts, of which the domain may be empty.
pub(crate) fn account(text: &str) -> Option<(&str, &str)> {
    text.split_once('\\').filter(|(_, name)| !name.is_empty() && !name.contains('\\'))
}

/// `file.directory`, `file.name` and `file.extension`; nothing (and `false`) without a directory.
///
/// The extension is what follows the last dot of the whole path, even if that is in the directory.
pub(crate) fn file_parts(path: &str, slash: char, out: &mut Out<'_>) -> bool {
    let Some((directory, name)) = path.rsplit_once(slash).filter(|_| path.len() > 1) else {
        return false;
    };
    out.text("file.directory", directory);
    out.text("file.name", name);
    out.text_if("file.extension", path.rsplit_once('.').map(|(_, extension)| extension));
    true
}
