//! `registry.*` from Sysmon's `TargetObject` and `Details`.

use std::borrow::Cow;

use crate::out::Out;

/// Puts all registry fields; for events 12, 13 and 14.
pub(super) fn registry(target: &str, details: Option<&str>, out: &mut Out<'_>) {
    out.text("registry.path", target);
    // Empty keys at the end do not count, those in between do.
    let path = target.trim_end_matches('\\');
    let (first, rest) = match path.split_once('\\') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    if !path.is_empty() {
        if let Some(hive) = hive(first) {
            out.text("registry.hive", hive);
            out.text_if("registry.key", rest);
        }
        out.text("registry.value", path.rsplit('\\').next().unwrap_or(path));
    }
    if let Some(details) = details {
        let (ty, value) = data(details);
        out.text("registry.data.type", ty);
        out.text("registry.data.strings", &value);
        out.sink.mark_array("registry.data.strings");
    }
}

/// A hive's short name, from either name.
fn hive(token: &str) -> Option<&'static str> {
    const HIVES: [(&str, &str); 7] = [
        ("HKLM", "HKEY_LOCAL_MACHINE"),
        ("HKU", "HKEY_USERS"),
        ("HKCR", "HKEY_CLASSES_ROOT"),
        ("HKCU", "HKEY_CURRENT_USER"),
        ("HKCC", "HKEY_CURRENT_CONFIG"),
        ("HKDD", "HKEY_DYN_DATA"),
        ("HKPD", "HKEY_PERFORMANCE_DATA"),
    ];
    HIVES.iter().find(|(short, long)| token == *short || token == *long).map(|(short, _)| *short)
}

/// The type and the value that Sysmon's rendering of registry data stands for.
///
/// The names `SZ_DWORD` and `SZ_QWORD` are the pipeline's own, and so is the value of a QWORD:
/// its high half is shifted by 8 bits, not by 32. Rules see what Elastic stores.
fn data(details: &str) -> (&'static str, Cow<'_, str>) {
    if let Some([number]) = numbers(details, "DWORD (") {
        return ("SZ_DWORD", number.to_string().into());
    }
    if let Some([high, low]) = numbers(details, "QWORD (") {
        return ("SZ_QWORD", ((u64::from(high) << 8) + u64::from(low)).to_string().into());
    }
    let ty = if details == "Binary Data" { "REG_BINARY" } else { "REG_SZ" };
    (ty, details.into())
}

/// Reads `<name>0x01234567-0x…)`, in any case: N numbers of eight hexadecimal digits.
fn numbers<const N: usize>(text: &str, name: &str) -> Option<[u32; N]> {
    let (head, tail) = text.split_at_checked(name.len())?;
    if !head.eq_ignore_ascii_case(name) {
        return None;
    }
    let mut parts = tail.strip_suffix(')')?.split('-');
    let mut numbers = [0; N];
    for number in &mut numbers {
        let digits = parts.next()?;
        let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"))?;
        if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        *number = u32::from_str_radix(digits, 16).ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use dragnet_event::Document;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(target: &str, details: Option<&str>, expected: &Value) {
        let mut document = Document::new();
        registry(target, details, &mut Out::new(&mut document));
        assert_eq!(document.get("registry"), Some(expected), "{target} {details:?}");
    }

    #[test]
    fn paths() {
        check(
            r"HKLM\SOFTWARE\App\Run",
            None,
            &json!({
                "path": r"HKLM\SOFTWARE\App\Run", "hive": "HKLM", "key": r"SOFTWARE\App\Run", "value": "Run"
            }),
        );
        check("HKU", None, &json!({"path": "HKU", "hive": "HKU", "value": "HKU"}));
        check(
            r"HKEY_CLASSES_ROOT\a\\",
            None,
            &json!({"path": r"HKEY_CLASSES_ROOT\a\\", "hive": "HKCR", "key": "a", "value": "a"}),
        );
        check(r"\REGISTRY\A\x", None, &json!({"path": r"\REGISTRY\A\x", "value": "x"}));
        check(r"hklm\a", None, &json!({"path": r"hklm\a", "value": "a"}));
        check(r"\\", None, &json!({"path": r"\\"}));
    }

    #[track_caller]
    fn check_data(details: &str, ty: &str, value: &str) {
        assert_eq!(data(details), (ty, value.into()), "{details}");
    }

    #[test]
    fn data_conversions() {
        check_data("DWORD (0x00000004)", "SZ_DWORD", "4");
        check_data("dword (0XFFFFffff)", "SZ_DWORD", "4294967295");
        check_data("QWORD (0x00000000-0x00000005)", "SZ_QWORD", "5");
        check_data("QWORD (0x00000001-0x00000005)", "SZ_QWORD", "261");
        check_data("Binary Data", "REG_BINARY", "Binary Data");
        check_data("binary data", "REG_SZ", "binary data");
        check_data(r"%windir%\x.exe", "REG_SZ", r"%windir%\x.exe");
        check_data("DWORD (0x4)", "REG_SZ", "DWORD (0x4)");
        check_data("DWORD (0x00000004) ", "REG_SZ", "DWORD (0x00000004) ");
        check_data("DWORD (0x00000004-0x00000004)", "REG_SZ", "DWORD (0x00000004-0x00000004)");
        check_data("DWORD (0x+0000004)", "REG_SZ", "DWORD (0x+0000004)");
        check_data("DWORé (", "REG_SZ", "DWORé (");
    }
}
