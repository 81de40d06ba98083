//! Characters and classes of characters.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::super::node::{fold_ascii, negated, ranges, set};
use super::{Parser, Result};

impl Parser<'_> {
    /// What a backslash begins anywhere: a class, or a character.
    pub(super) fn escaped(&mut self, start: usize) -> Result<ClassUnicode> {
        let c = self.next()?;
        let lower = match c.to_ascii_lowercase() {
            'd' => Some(ranges(&[('0', '9')])),
            'w' => Some(ranges(WORD)),
            's' => Some(ranges(&[('\t', '\r'), (' ', ' ')])),
            'h' => Some(ranges(HORIZONTAL)),
            'v' => Some(ranges(VERTICAL)),
            'p' => Some(self.property(start)?),
            _ => None,
        };
        if let Some(class) = lower {
            return Ok(if c.is_ascii_uppercase() { negated(class) } else { class });
        }
        let c = match c {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'c' => self.control(start)?,
            '0' => self.octal(start)?,
            'x' if self.eat("{") => {
                let len = self.rest().find('}').unwrap_or_default();
                let c = self.hex(len, start)?;
                self.eat("}");
                c
            }
            'x' => self.hex(2, start)?,
            'u' => self.hex(4, start)?,
            c if c.is_ascii_alphanumeric() => {
                return Err(self.error_at(start, format!("`\\{c}` is no escape that is supported")));
            }
            c => c,
        };
        Ok(self.folded(set(c, c)))
    }

    fn folded(&self, mut class: ClassUnicode) -> ClassUnicode {
        if self.flags.fold {
            fold_ascii(&mut class);
        }
        class
    }

    fn control(&mut self, start: usize) -> Result<char> {
        let c = self.next()?;
        let code = u8::try_from(c).ok().map(|b| char::from(b ^ 0x40));
        code.ok_or_else(|| self.error_at(start, "a letter is expected after `\\c`"))
    }

    fn octal(&mut self, start: usize) -> Result<char> {
        let digits = self.rest().bytes().take(3).take_while(|b| (b'0'..b'8').contains(b)).count();
        let len = if digits == 3 && self.rest().as_bytes()[0] > b'3' { 2 } else { digits };
        self.code(len, 8, start)
    }

    fn hex(&mut self, len: usize, start: usize) -> Result<char> {
        self.code(len, 16, start)
    }

    fn code(&mut self, len: usize, radix: u32, start: usize) -> Result<char> {
        let digits = self.rest().get(..len).filter(|d| !d.starts_with(['+', '-']));
        let code = digits.and_then(|d| u32::from_str_radix(d, radix).ok());
        let c = code.and_then(char::from_u32);
        let c = c.ok_or_else(|| self.error_at(start, "a character's code is malformed"))?;
        self.at += len;
        Ok(c)
    }

    /// `{Lower}` and its like, after `\p`. Letters in either case if case is ignored.
    fn property(&mut self, start: usize) -> Result<ClassUnicode> {
        let rest = self.rest();
        let name = rest.strip_prefix('{').and_then(|r| Some(&r[..r.find('}')?]));
        let name = name.map_or_else(|| rest.chars().take(1).collect(), str::to_owned);
        let known = POSIX.iter().find(|(known, _)| *known == name);
        let Some((_, members)) = known else {
            let message = format!("the property `{name}` is not supported");
            return Err(self.error_at(start, message));
        };
        self.at += name.len() + 2;
        Ok(self.folded(ranges(members)))
    }

    /// A class, after its `[`: unions of members, intersected by `&&`; `^` negates all of it.
    pub(super) fn class(&mut self) -> Result<ClassUnicode> {
        let start = self.at - 1;
        self.descend()?;
        let negate = self.eat("^");
        let mut whole: Option<ClassUnicode> = None;
        let mut part: Option<ClassUnicode> = None;
        loop {
            self.skip();
            if self.eat("&&") {
                whole = intersected(whole, part.take());
                continue;
            }
            let member = match self.peek() {
                None => return Err(self.error_at(start, "`[` is not closed by `]`")),
                Some(']') if whole.is_some() || part.is_some() => {
                    self.at += 1;
                    self.depth -= 1;
                    let class = intersected(whole, part).unwrap_or_else(ClassUnicode::empty);
                    return Ok(if negate { negated(class) } else { class });
                }
                Some('[') => {
                    self.at += 1;
                    self.class()?
                }
                Some(_) => self.member()?,
            };
            part.get_or_insert_with(ClassUnicode::empty).union(&member);
        }
    }

    /// A character, a range, or an escaped class.
    fn member(&mut self) -> Result<ClassUnicode> {
        let start = self.at;
        let Some(from) = self.bound()? else { return self.escaped(start) };
        let ranged = self.rest().starts_with('-')
            && !matches!(self.rest()[1..].chars().next(), None | Some(']' | '['));
        if !ranged {
            return Ok(self.folded(set(from, from)));
        }
        self.at += 1;
        match self.bound()? {
            Some(to) if from <= to => Ok(self.folded(set(from, to))),
            _ => Err(self.error_at(start, "the range is malformed")),
        }
    }

    /// One character; `None`, with the backslash passed, if it is a class.
    fn bound(&mut self) -> Result<Option<char>> {
        let start = self.at;
        let c = self.next()?;
        if c != '\\' {
            return Ok(Some(c));
        }
        if self.peek().is_some_and(|c| "dDwWsShHvVpP".contains(c)) {
            return Ok(None);
        }
        let fold = std::mem::take(&mut self.flags.fold);
        let class = self.escaped(start);
        self.flags.fold = fold;
        Ok(class?.ranges().first().map(ClassUnicodeRange::start))
    }
}

fn intersected(a: Option<ClassUnicode>, b: Option<ClassUnicode>) -> Option<ClassUnicode> {
    match (a, b) {
        (Some(mut a), Some(b)) => {
            a.intersect(&b);
            Some(a)
        }
        (a, b) => a.or(b),
    }
}

/// What `.` leaves out.
pub(super) const LINE_ENDS: &[(char, char)] =
    &[('\n', '\n'), ('\r', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')];
/// `\v`
pub(super) const VERTICAL: &[(char, char)] =
    &[('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')];
/// `\h`
const HORIZONTAL: &[(char, char)] = &[
    ('\t', '\t'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
];
/// `\w`
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
/// The POSIX classes, ASCII only as in Java.
const POSIX: &[(&str, &[(char, char)])] = &[
    ("Lower", &[('a', 'z')]),
    ("Upper", &[('A', 'Z')]),
    ("ASCII", &[('\0', '\u{7f}')]),
    ("Alpha", &[('A', 'Z'), ('a', 'z')]),
    ("Digit", &[('0', '9')]),
    ("Alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("Punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("Graph", &[('!', '~')]),
    ("Print", &[(' ', '~')]),
    ("Blank", &[('\t', '\t'), (' ', ' ')]),
    ("Cntrl", &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')]),
    ("XDigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
    ("Space", &[('\t', '\r'), (' ', ' ')]),
];
