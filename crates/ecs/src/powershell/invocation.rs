//! `powershell.command.invocation_details`: what a pipeline's commands were given, line by line.

use dragnet_event::Scalar;

use crate::out::Out;

const PATH: &str = "powershell.command.invocation_details";
const TYPE: &str = "powershell.command.invocation_details.type";
const COMMAND: &str = "powershell.command.invocation_details.related_command";
const NAME: &str = "powershell.command.invocation_details.name";
const VALUE: &str = "powershell.command.invocation_details.value";

/// Puts an object for each line. In event 800 a type has no colon, in 4103 it may.
pub(super) fn put(text: &str, colon_in_type: bool, out: &mut Out<'_>) {
    if !out.wants_any(&[TYPE, COMMAND, NAME, VALUE]) {
        return;
    }
    for line in text.trim_end_matches(['\r', '\n']).split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let detail = detail(line, colon_in_type)
            .unwrap_or(Detail { value: Some(line), ..Detail::default() });
        let mut members = [(VALUE, Scalar::Str("")); 4];
        let mut len = 0;
        for (path, member) in [
            (TYPE, detail.ty),
            (COMMAND, detail.command),
            (NAME, detail.name),
            (VALUE, detail.value),
        ] {
            if let Some(member) = member {
                members[len] = (path, Scalar::Str(member));
                len += 1;
            }
        }
        out.sink.put_object(PATH, &members[..len]);
    }
}

#[derive(Debug, Default, PartialEq)]
struct Detail<'d> {
    ty: Option<&'d str>,
    command: Option<&'d str>,
    name: Option<&'d str>,
    value: Option<&'d str>,
}

/// Reads `Type(command): value`, of which a `ParameterBinding` has the value `name=…; value=…`.
///
/// Elastic: a `ParameterBinding` of another form fails the pipeline. Here it keeps its value.
fn detail(line: &str, colon_in_type: bool) -> Option<Detail<'_>> {
    let (ty, rest) = line.split_once('(')?;
    let (command, rest) = rest.split_once(')')?;
    let rest = rest.strip_prefix(':')?;
    if ty.is_empty() || command.is_empty() || !colon_in_type && ty.contains(':') {
        return None;
    }
    let value = Some(rest.trim_ascii_start()).filter(|value| !value.is_empty());
    let detail = Detail { ty: Some(ty), command: Some(command), name: None, value };
    match value {
        Some(value) if ty == "ParameterBinding" => Some(match binding(value) {
            Some((name, value)) => Detail { name: Some(name), value: Some(value), ..detail },
            None => Detail { value: Some(value), ..Detail::default() },
        }),
        _ => Some(detail),
    }
}

/// Name and value, which begins after the last `; value=` that leaves something for both.
fn binding(text: &str) -> Option<(&str, &str)> {
    const MARK: &str = "value=";
    let text = text.strip_prefix("name=")?;
    text.rmatch_indices(MARK).find_map(|(at, _)| {
        let name = text[..at].trim_ascii_end().strip_suffix(';')?;
        let value = &text[at + MARK.len()..];
        (!name.is_empty() && !value.is_empty()).then_some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, [ty, command, name, value]: [&str; 4]) {
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let expected =
            Detail { ty: some(ty), command: some(command), name: some(name), value: some(value) };
        assert_eq!(detail(line, true), Some(expected), "{line}");
    }

    #[test]
    fn forms() {
        check(r#"CommandInvocation(a): "a""#, ["CommandInvocation", "a", "", r#""a""#]);
        check("NonTerminatingError(a):", ["NonTerminatingError", "a", "", ""]);
        check(r"X(a): b (c): d", ["X", "a", "", "b (c): d"]);
        check(
            r#"ParameterBinding(a): name="n"; value="v""#,
            ["ParameterBinding", "a", r#""n""#, r#""v""#],
        );
        check(
            "ParameterBinding(a): name=n; value=v; value=w",
            ["ParameterBinding", "a", "n; value=v", "w"],
        );
        check(
            "ParameterBinding(a): name=n;value=v; value=",
            ["ParameterBinding", "a", "n", "v; value="],
        );
        check("ParameterBinding(a): odd", ["", "", "", "odd"]);
        check("ParameterBinding(a):", ["ParameterBinding", "a", "", ""]);
    }

    #[test]
    fn other_lines() {
        for line in ["", "text", "a(b)", "a(): b", "(a): b", "a(b) : c", "a(b(c)): d"] {
            assert_eq!(detail(line, true), None, "{line}");
        }
        assert!(detail("a:b(c): d", true).is_some());
        assert!(detail("a:b(c): d", false).is_none());
    }
}
