//! What the values of a template mean: worked out once, then followed for every record.

use super::cursor::Cursor;
use super::value;
use crate::system::Field;
use crate::xml::local;

/// A piece of the names and texts of a chunk's templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) const EMPTY: Span = Span { start: 0, end: 0 };

    /// Of this text.
    pub(crate) fn of(self, names: &str) -> &str {
        &names[self.start as usize..self.end as usize]
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Nothing,
    /// The template.
    Text(Span),
    /// The value of this number.
    Slot(u16),
}

impl Source {
    /// The template's own text; empty if the text is not its own.
    pub(crate) fn span(self) -> Span {
        match self {
            Source::Text(span) => span,
            Source::Nothing | Source::Slot(_) => Span::EMPTY,
        }
    }
}

/// What becomes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    System(Field),
    /// `EventData`, under this name.
    Data(Span),
    /// The name of the element below `UserData`.
    UserDataName,
    /// `UserData`, under this name.
    UserData(Span),
    /// If it is `BinXML`, it stands in this place.
    Inner(Context),
}

/// One step of reading a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Op {
    pub(crate) target: Target,
    pub(crate) source: Source,
    /// Left out if this value is null.
    pub(crate) depends: Option<u16>,
}

/// Where a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// It is a whole record.
    Record,
    /// It is an element below `Event`.
    Event,
    /// It is the element below `UserData`.
    UserData,
}

/// A node of a template, elements with all that is in them after them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node {
    Element {
        name: Span,
        depends: Option<u16>,
        /// Where the first node after the element is.
        end: usize,
    },
    Attribute {
        name: Span,
        source: Source,
    },
    Text(Source),
}

/// Deeper templates are left to the XML.
const MAX_DEPTH: usize = 32;
/// And so are those with more values.
const MAX_SLOTS: usize = 256;

/// Reads a definition's `BinXML`, which ends at `end`, into `nodes`. `None` if there is anything in it that
/// is not known here.
pub(crate) fn parse(
    mut at: Cursor<'_>,
    end: usize,
    names: &mut String,
    nodes: &mut Vec<Node>,
) -> Option<()> {
    nodes.clear();
    if at.peek() == Some(0x0f) {
        at.skip(4)?;
    }
    let mut open = Vec::new();
    let mut in_tag = false;
    let mut seen = [0_u64; MAX_SLOTS / 64];
    loop {
        let token = at.u8()?;
        if at.place() > end {
            return None;
        }
        match token {
            0x00 if open.is_empty() && !nodes.is_empty() => return Some(()),
            // There is one outermost element.
            0x01 | 0x41
                if !in_tag && open.len() < MAX_DEPTH && open.is_empty() == nodes.is_empty() =>
            {
                open.push(nodes.len());
                nodes.push(open_element(&mut at, token == 0x41, names)?);
                in_tag = true;
            }
            0x06 | 0x46 if in_tag => {
                let name = read_name(&mut at, names)?;
                nodes.push(Node::Attribute { name, source: Source::Nothing });
            }
            0x05 | 0x45 => {
                let source = text(&mut at, names)?;
                put(nodes, in_tag, source)?;
            }
            0x0d | 0x0e => {
                let slot = at.u16()?;
                at.skip(1)?;
                // An array that is used twice would multiply with itself.
                let bit = 1 << (slot % 64);
                let word = seen.get_mut(usize::from(slot) / 64)?;
                if *word & bit != 0 {
                    return None;
                }
                *word |= bit;
                put(nodes, in_tag, Source::Slot(slot))?;
            }
            0x02 if in_tag => in_tag = false,
            0x03 | 0x04 if in_tag == (token == 0x03) => {
                in_tag = false;
                let after = nodes.len();
                if let Node::Element { end, .. } = nodes.get_mut(open.pop()?)? {
                    *end = after;
                }
            }
            _ => return None,
        }
    }
}

/// The start of an element, after its token.
fn open_element(at: &mut Cursor<'_>, has_attributes: bool, names: &mut String) -> Option<Node> {
    let depends = Some(at.u16()?).filter(|slot| *slot != u16::MAX);
    // How long the element is, which its end tells as well.
    at.skip(4)?;
    let name = read_name(at, names)?;
    if has_attributes {
        at.skip(4)?;
    }
    Some(Node::Element { name, depends, end: 0 })
}

/// A text: in a tag the value of its last attribute, else the content of an element.
fn put(nodes: &mut Vec<Node>, in_tag: bool, new: Source) -> Option<()> {
    if !in_tag {
        nodes.push(Node::Text(new));
        return Some(());
    }
    match nodes.last_mut()? {
        Node::Attribute { source: source @ Source::Nothing, .. } => *source = new,
        _ => return None,
    }
    Some(())
}

fn text(at: &mut Cursor<'_>, names: &mut String) -> Option<Source> {
    const STRING: u8 = 0x01;
    if at.u8()? != STRING {
        return None;
    }
    let len = usize::from(at.u16()?);
    let span = add(at.bytes(len * 2)?, names)?;
    Some(if span.is_empty() { Source::Nothing } else { Source::Text(span) })
}

/// A name is kept where it first stands; elsewhere there is only its place.
fn read_name(at: &mut Cursor<'_>, names: &mut String) -> Option<Span> {
    /// What stands before a name's length: the place of another name, and a hash.
    const LINK: usize = 6;
    let place = at.u32()? as usize;
    let mut name = at.moved(place)?;
    name.skip(LINK)?;
    let len = usize::from(name.u16()?);
    let units = name.bytes(len * 2)?;
    if at.place() == place {
        *at = name;
        at.skip(2)?;
    }
    let span = add(units, names)?;
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
    (!span.is_empty() && span.of(names).bytes().all(is_letter)).then_some(span)
}

fn add(units: &[u8], names: &mut String) -> Option<Span> {
    let start = u32::try_from(names.len()).ok()?;
    let ascii = units.as_chunks::<2>().0.iter().map(|unit| match *unit {
        [letter @ 0x20..0x80, 0] => Some(char::from(letter)),
        _ => None,
    });
    if ascii.clone().all(|letter| letter.is_some()) {
        names.extend(ascii.flatten());
    } else {
        let mut text = Vec::new();
        value::utf16(units, &mut text)?;
        names.push_str(str::from_utf8(&text).ok()?);
    }
    Some(Span { start, end: u32::try_from(names.len()).ok()? })
}

/// The steps that a template's nodes mean. `None` if their meaning hangs on more than is known here.
pub(crate) fn compile(nodes: &[Node], names: &str, context: Context) -> Option<Vec<Op>> {
    let mut compiler = Compiler { nodes, names, ops: Vec::with_capacity(nodes.len()), context };
    match context {
        Context::Record => compiler.record()?,
        Context::Event => compiler.section(compiler.root()?)?,
        Context::UserData => compiler.user_data(compiler.root()?, None)?,
    }
    Some(compiler.ops)
}

struct Compiler<'n> {
    nodes: &'n [Node],
    names: &'n str,
    ops: Vec<Op>,
    context: Context,
}

/// An element, with the place where its content starts.
#[derive(Clone, Copy)]
struct Element {
    name: Span,
    depends: Option<u16>,
    inner: usize,
    end: usize,
}

impl<'n> Compiler<'n> {
    fn element(&self, at: usize) -> Option<Element> {
        match *self.nodes.get(at)? {
            Node::Element { name, depends, end } => {
                Some(Element { name: self.local(name), depends, inner: at + 1, end })
            }
            _ => None,
        }
    }

    /// A name without its prefix.
    fn local(&self, name: Span) -> Span {
        let len = local(name.of(self.names)).len() as u32;
        Span { start: name.end - len, end: name.end }
    }

    fn name(&self, span: Span) -> &'n str {
        span.of(self.names)
    }

    /// The places of an element's attributes and children.
    fn children(&self, of: Element) -> impl Iterator<Item = usize> + use<'n> {
        let nodes = self.nodes;
        let mut at = of.inner;
        std::iter::from_fn(move || {
            let here = at;
            at = match nodes.get(here).filter(|_| here < of.end)? {
                Node::Element { end, .. } => *end,
                _ => here + 1,
            };
            Some(here)
        })
    }

    /// The only text of an element. `None` if there are several, which nothing would tell apart.
    fn only_text(&self, of: Element) -> Option<Source> {
        let mut texts = self.children(of).filter_map(|at| match self.nodes[at] {
            Node::Text(source) => Some(source),
            _ => None,
        });
        let text = texts.next().unwrap_or(Source::Nothing);
        texts.next().is_none().then_some(text)
    }

    fn has_elements(&self, of: Element) -> bool {
        self.children(of).any(|at| self.element(at).is_some())
    }

    fn push(&mut self, target: Target, source: Source, depends: Option<u16>) -> Option<()> {
        // Of two of these, which counts would depend on the way of reading.
        let is_repeated = match target {
            Target::System(_) => self.ops.iter().any(|op| op.target == target),
            Target::Inner(_) => self.ops.iter().any(|op| op.source == source),
            Target::Data(_) | Target::UserDataName | Target::UserData(_) => false,
        };
        self.ops.push(Op { target, source, depends });
        (!is_repeated).then_some(())
    }

    /// The outermost element. Whatever it depends on, it is there.
    fn root(&self) -> Option<Element> {
        Some(Element { depends: None, ..self.element(0)? })
    }

    fn record(&mut self) -> Option<()> {
        let event = self.root()?;
        if self.name(event.name) != "Event" {
            return None;
        }
        let mut has_system = false;
        for at in self.children(event) {
            match self.nodes[at] {
                Node::Element { .. } => {
                    let element = self.element(at)?;
                    // One that may be left out is no matter of course.
                    has_system |= self.name(element.name) == "System" && element.depends.is_none();
                    self.section(element)?;
                }
                Node::Text(source @ Source::Slot(_)) => {
                    self.push(Target::Inner(Context::Event), source, None)?;
                }
                Node::Text(_) | Node::Attribute { .. } => {}
            }
        }
        has_system.then_some(())
    }

    /// An element below `Event`.
    fn section(&mut self, element: Element) -> Option<()> {
        match self.name(element.name) {
            "System" if self.context == Context::Record => self.system(element),
            "EventData" => self.leaves(element, element.depends, Target::Data),
            "UserData" => {
                for at in self.children(element) {
                    if let Node::Text(source @ Source::Slot(_)) = self.nodes[at] {
                        let target = Target::Inner(Context::UserData);
                        self.push(target, source, element.depends)?;
                    } else if let Some(child) = self.element(at) {
                        self.user_data(child, both(element.depends, child.depends)?)?;
                    }
                }
                Some(())
            }
            "System" | "RenderingInfo" => None,
            _ => Some(()),
        }
    }

    /// The element below `UserData`.
    fn user_data(&mut self, child: Element, depends: Option<u16>) -> Option<()> {
        self.push(Target::UserDataName, Source::Text(child.name), depends)?;
        self.leaves(child, depends, Target::UserData)
    }

    fn system(&mut self, system: Element) -> Option<()> {
        for at in self.children(system) {
            let Some(child) = self.element(at) else { continue };
            let depends = both(system.depends, child.depends)?;
            let element = self.name(child.name);
            for at in self.children(child) {
                let Node::Attribute { name, source } = self.nodes[at] else { continue };
                if let Some(field) = Field::find(element, self.name(name)) {
                    self.push(Target::System(field), source, depends)?;
                }
            }
            if let Some(field) = Field::find(element, "") {
                if self.has_elements(child) {
                    return None;
                }
                self.push(Target::System(field), self.only_text(child)?, depends)?;
            }
        }
        Some(())
    }

    /// The innermost elements.
    fn leaves(
        &mut self,
        container: Element,
        depends: Option<u16>,
        target: fn(Span) -> Target,
    ) -> Option<()> {
        for at in self.children(container) {
            let Some(child) = self.element(at) else { continue };
            let depends = both(depends, child.depends)?;
            if self.has_elements(child) {
                // Were all that is in it left out, it would be innermost itself.
                if self
                    .children(child)
                    .any(|at| self.element(at).is_some_and(|e| e.depends.is_some()))
                {
                    return None;
                }
                self.leaves(child, depends, target)?;
            } else {
                let name = self.leaf_name(child)?;
                self.push(target(name), self.only_text(child)?, depends)?;
            }
        }
        Some(())
    }

    /// The attribute `Name`, or the element's name unless that is `Data`.
    fn leaf_name(&self, leaf: Element) -> Option<Span> {
        let named = self.children(leaf).find_map(|at| match self.nodes[at] {
            Node::Attribute { name, source } if self.name(name) == "Name" => Some(source),
            _ => None,
        });
        match named {
            Some(Source::Text(name)) => Some(name),
            Some(Source::Slot(_)) => None,
            Some(Source::Nothing) | None if self.name(leaf.name) == "Data" => Some(Span::EMPTY),
            Some(Source::Nothing) | None => Some(leaf.name),
        }
    }
}

/// What an element within an element depends on. `None` if that is two values.
#[expect(clippy::option_option, reason = "the outer one declines, as everywhere here")]
fn both(outer: Option<u16>, inner: Option<u16>) -> Option<Option<u16>> {
    match (outer, inner) {
        (Some(a), Some(b)) if a != b => None,
        (outer, inner) => Some(outer.or(inner)),
    }
}
