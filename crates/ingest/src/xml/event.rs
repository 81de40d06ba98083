//! Events from their XML.

use std::borrow::Cow;

use dragnet_ecs::{Data, Rendering, WinEvent};

use crate::system::Field;

use super::scan::{Attrs, MAX_DEPTH, Scanner, Token, XmlError, append, local};

/// Reads one Windows event from its XML (`<Event>…</Event>`; a prolog and comments before it are
/// skipped, whatever follows it is not looked at).
///
/// Namespaces are ignored. An attribute or `System` element that is empty counts as absent.
/// `EventData`, and what stands below the single element of `UserData`, give their innermost
/// elements in order; an attribute `Name` names a value, else its element does. Other parts
/// (`ProcessingErrorData`, `DebugData`, `BinaryEventData`) are not read.
///
/// # Errors
/// If the text is cut short, tags do not match, or it is not a Windows event.
pub fn parse_event(xml: &str) -> Result<WinEvent<'_>, XmlError> {
    let mut scan = Scanner::new(xml);
    let (root, empty) = loop {
        match scan.next() {
            Ok(Token::Open { name, empty, .. }) if local(name) == "Event" => break (name, empty),
            Ok(Token::Text(_)) => {}
            Ok(_) | Err(XmlError::Truncated) => return Err(XmlError::NoEvent),
            Err(error) => return Err(error),
        }
    };
    if empty {
        return Err(XmlError::NoSystem);
    }
    let mut event = WinEvent::default();
    let mut has_system = false;
    loop {
        match scan.next()? {
            Token::Open { name, empty, .. } => {
                has_system |= local(name) == "System";
                if !empty {
                    section(&mut scan, name, &mut event)?;
                }
            }
            Token::Close(name) if name == root => break,
            Token::Close(_) => return Err(XmlError::Mismatched),
            Token::Text(_) | Token::Cdata(_) => {}
        }
    }
    if has_system { Ok(event) } else { Err(XmlError::NoSystem) }
}

fn section<'a>(
    scan: &mut Scanner<'a>,
    name: &'a str,
    event: &mut WinEvent<'a>,
) -> Result<(), XmlError> {
    match local(name) {
        "System" => children(scan, name, |scan, child| system(scan, child, event)),
        "EventData" => {
            event.event_data.reserve(24);
            leaves(scan, name, &mut event.event_data)
        }
        "UserData" => children(scan, name, |scan, child| {
            event.user_data_name.get_or_insert(Cow::Borrowed(local(child.name)));
            if child.empty { Ok(()) } else { leaves(scan, child.name, &mut event.user_data) }
        }),
        "RenderingInfo" => {
            let mut rendering = Rendering::default();
            children(scan, name, |scan, child| render(scan, child, &mut rendering))?;
            event.rendering = Some(rendering);
            Ok(())
        }
        _ => scan.skip(name),
    }
}

struct Child<'a> {
    name: &'a str,
    attrs: Attrs<'a>,
    empty: bool,
}

impl<'a> Child<'a> {
    fn text(&self, scan: &mut Scanner<'a>) -> Result<Cow<'a, str>, XmlError> {
        if self.empty { Ok(Cow::Borrowed("")) } else { scan.text(self.name) }
    }
}

/// Calls `each` for every child of the element that was just opened; it takes the child's content.
fn children<'a>(
    scan: &mut Scanner<'a>,
    name: &str,
    mut each: impl FnMut(&mut Scanner<'a>, &Child<'a>) -> Result<(), XmlError>,
) -> Result<(), XmlError> {
    loop {
        match scan.next()? {
            Token::Open { name, attrs, empty } => each(scan, &Child { name, attrs, empty })?,
            Token::Close(closed) if closed == name => return Ok(()),
            Token::Close(_) => return Err(XmlError::Mismatched),
            Token::Text(_) | Token::Cdata(_) => {}
        }
    }
}

fn system<'a>(
    scan: &mut Scanner<'a>,
    child: &Child<'a>,
    event: &mut WinEvent<'a>,
) -> Result<(), XmlError> {
    let element = local(child.name);
    for (name, value) in child.attrs.clone() {
        if let Some(field) = Field::find(element, name) {
            field.set(event, value);
        }
    }
    match Field::find(element, "") {
        Some(field) => field.set(event, child.text(scan)?),
        None if child.empty => {}
        None => scan.skip(child.name)?,
    }
    Ok(())
}

fn render<'a>(
    scan: &mut Scanner<'a>,
    child: &Child<'a>,
    rendering: &mut Rendering<'a>,
) -> Result<(), XmlError> {
    let slot = match local(child.name) {
        "Message" => &mut rendering.message,
        "Level" => &mut rendering.level,
        "Task" => &mut rendering.task,
        "Opcode" => &mut rendering.opcode,
        "Keywords" if !child.empty => {
            return children(scan, child.name, |scan, keyword| {
                let text = keyword.text(scan)?;
                if !text.is_empty() {
                    rendering.keywords.push(text);
                }
                Ok(())
            });
        }
        _ if child.empty => return Ok(()),
        _ => return scan.skip(child.name),
    };
    *slot = Some(child.text(scan)?).filter(|t| !t.is_empty());
    Ok(())
}

/// An element that is open while its children are read.
struct Open<'a> {
    tag: &'a str,
    name: Cow<'a, str>,
    text: Cow<'a, str>,
    has_children: bool,
}

/// After the opening tag of `container`: its innermost elements, in order, as named values.
fn leaves<'a>(
    scan: &mut Scanner<'a>,
    container: &str,
    out: &mut Vec<Data<'a>>,
) -> Result<(), XmlError> {
    let mut open: Vec<Open<'a>> = Vec::new();
    loop {
        if open.is_empty() {
            while let Some((name, value)) = scan.data_element() {
                out.push(Data { name, value });
            }
        }
        match scan.next()? {
            Token::Open { name: tag, attrs, empty } => {
                if let Some(parent) = open.last_mut() {
                    parent.has_children = true;
                }
                let name = value_name(tag, &attrs);
                let text = if empty { Some(Cow::Borrowed("")) } else { scan.leaf_text(tag) };
                match text {
                    Some(value) => out.push(Data { name, value }),
                    None if open.len() < MAX_DEPTH => {
                        open.push(Open { tag, name, text: "".into(), has_children: false });
                    }
                    None => return Err(XmlError::TooDeep),
                }
            }
            Token::Text(raw) => add_text(&mut open, super::scan::decode(raw)),
            Token::Cdata(raw) => add_text(&mut open, Cow::Borrowed(raw)),
            Token::Close(closed) => match open.pop() {
                None if closed == container => return Ok(()),
                Some(inner) if inner.tag == closed => {
                    if !inner.has_children {
                        out.push(Data { name: inner.name, value: inner.text });
                    }
                }
                _ => return Err(XmlError::Mismatched),
            },
        }
    }
}

fn add_text<'a>(open: &mut [Open<'a>], text: Cow<'a, str>) {
    if let Some(inner) = open.last_mut() {
        append(&mut inner.text, text);
    }
}

/// `Data/@Name`, or the element's name; empty for `Data` without a name.
fn value_name<'a>(tag: &'a str, attrs: &Attrs<'a>) -> Cow<'a, str> {
    attrs.get("Name").unwrap_or_else(|| match local(tag) {
        "Data" => Cow::Borrowed(""),
        element => Cow::Borrowed(element),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: &str = "<System><Provider Name='P' Guid='{aa}' EventSourceName=''/>\
        <EventID Qualifiers='16384'>4688</EventID><Version>2</Version><Level>0</Level>\
        <Task>13312</Task><Opcode/><Keywords>0x8020000000000000</Keywords>\
        <TimeCreated SystemTime='2024-05-06T07:08:09.1234567Z'/><EventRecordID>77</EventRecordID>\
        <Correlation ActivityID='{bb}'/><Execution ProcessID='4' ThreadID='8' Extra='x'/>\
        <Channel>Security</Channel><Computer>host &amp; co</Computer>\
        <Security UserID='S-1-5-18'/></System>";

    fn event(body: &str) -> String {
        format!("<Event xmlns='http://x'>{SYSTEM}{body}</Event>")
    }

    #[track_caller]
    fn check_data(body: &str, expected: &[(&str, &str)]) {
        let xml = event(body);
        let event = parse_event(&xml).unwrap();
        let data = event.event_data.iter().chain(&event.user_data);
        let data: Vec<_> = data.map(|d| (&*d.name, &*d.value)).collect();
        assert_eq!(data, expected, "{body}");
    }

    #[track_caller]
    fn check_error(xml: &str, expected: XmlError) {
        assert_eq!(parse_event(xml).unwrap_err(), expected, "{xml}");
    }

    #[test]
    fn system_fields() {
        let xml = event("");
        let expected = WinEvent {
            provider_name: Some("P".into()),
            provider_guid: Some("{aa}".into()),
            event_source_name: None,
            event_id: "4688".into(),
            qualifiers: Some("16384".into()),
            version: Some("2".into()),
            level: Some("0".into()),
            task: Some("13312".into()),
            opcode: None,
            keywords: Some("0x8020000000000000".into()),
            time_created: Some("2024-05-06T07:08:09.1234567Z".into()),
            record_id: Some("77".into()),
            activity_id: Some("{bb}".into()),
            process_id: Some("4".into()),
            thread_id: Some("8".into()),
            channel: "Security".into(),
            computer: Some("host & co".into()),
            user_id: Some("S-1-5-18".into()),
            ..WinEvent::default()
        };
        assert_eq!(parse_event(&xml), Ok(expected));
    }

    #[test]
    fn event_data() {
        check_data(
            "<EventData><Data Name='A'> x &lt;y&gt;\n</Data><Data Name='B'/><Data>u</Data>\
             <Data Name=\"q'\"><![CDATA[<&amp;>]]> z</Data><Binary>00FF</Binary></EventData>",
            &[("A", " x <y>\n"), ("B", ""), ("", "u"), ("q'", "<&amp;> z"), ("Binary", "00FF")],
        );
        check_data("<EventData/>", &[]);
        check_data("<EventData>\n  <Data Name='A'>1</Data>\n</EventData>", &[("A", "1")]);
    }

    #[test]
    fn user_data_gives_leaves() {
        let xml = event(
            "<UserData><n:Policy xmlns:n='u'><A>1</A><B> <C>2</C><D/></B><Data Name='E'>3</Data>\
             </n:Policy></UserData>",
        );
        let event = parse_event(&xml).unwrap();
        assert_eq!(event.user_data_name.as_deref(), Some("Policy"));
        let data: Vec<_> = event.user_data.iter().map(|d| (&*d.name, &*d.value)).collect();
        assert_eq!(data, [("A", "1"), ("C", "2"), ("D", ""), ("E", "3")]);
    }

    #[test]
    fn rendering_info() {
        let xml = event(
            "<RenderingInfo Culture='en-US'><Message>Hello\r\nworld</Message><Level>Info</Level>\
             <Task/><Opcode>Start</Opcode><Keywords><Keyword>k1</Keyword><Keyword/>\
             <Keyword>k2</Keyword></Keywords><Channel>c</Channel></RenderingInfo>",
        );
        let expected = Rendering {
            message: Some("Hello\r\nworld".into()),
            level: Some("Info".into()),
            task: None,
            opcode: Some("Start".into()),
            keywords: vec!["k1".into(), "k2".into()],
        };
        assert_eq!(parse_event(&xml).unwrap().rendering, Some(expected));
    }

    #[test]
    fn prefixes_prolog_and_unknown_parts() {
        let xml = "<?xml version='1.0'?>\n<!-- c --><e:Event xmlns:e='x'><e:System>\
            <e:EventID>1</e:EventID><e:New><e:Inner a='/>'>t</e:Inner></e:New></e:System>\
            <e:DebugData><x><y/></x></e:DebugData>\
            <e:EventData><e:Data Name='a'>b</e:Data></e:EventData></e:Event> trailing";
        let event = parse_event(xml).unwrap();
        assert_eq!(event.event_id, "1");
        assert_eq!(event.data("a"), Some("b"));
    }

    #[test]
    fn errors() {
        check_error("", XmlError::NoEvent);
        check_error("<html></html>", XmlError::NoEvent);
        check_error("<Event/>", XmlError::NoSystem);
        check_error("<Event><EventData/></Event>", XmlError::NoSystem);
        check_error("<Event><System></Event>", XmlError::Mismatched);
        check_error("<Event><System/><EventData><Data>x</Dat></EventData>", XmlError::Mismatched);
        let deep = format!("<Event><System/><UserData><a>{}", "<b>".repeat(200));
        check_error(&deep, XmlError::TooDeep);
        check_error(&format!("<Event>{}", "<b>".repeat(200)), XmlError::TooDeep);
    }

    #[test]
    fn every_truncation_is_an_error() {
        let xml = event("<EventData><Data Name='A'>é<![CDATA[x]]></Data></EventData>");
        for end in (0..xml.len()).filter(|end| xml.is_char_boundary(*end)) {
            assert!(parse_event(&xml[..end]).is_err(), "{}", &xml[..end]);
        }
        assert!(parse_event(&xml).is_ok());
    }
}
