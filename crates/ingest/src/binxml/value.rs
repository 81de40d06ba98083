//! The values of a record, as the text that Windows writes for them.

use std::ops::Range;

use dragnet_event::Time;

// The types that are written here. All others, most arrays among them, are left to the XML.
const NULL: u8 = 0x00;
const STRING: u8 = 0x01;
const INT8: u8 = 0x03;
const UINT8: u8 = 0x04;
const INT16: u8 = 0x05;
const UINT16: u8 = 0x06;
const INT32: u8 = 0x07;
const UINT32: u8 = 0x08;
const INT64: u8 = 0x09;
const UINT64: u8 = 0x0a;
const BOOL: u8 = 0x0d;
const BINARY: u8 = 0x0e;
const GUID: u8 = 0x0f;
const FILETIME: u8 = 0x11;
const SID: u8 = 0x13;
const HEX32: u8 = 0x14;
const HEX64: u8 = 0x15;
const BINXML: u8 = 0x21;
const STRINGS: u8 = 0x81;

/// A value: its type, its bytes, and where these are in the chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'d> {
    ty: u8,
    bytes: &'d [u8],
    place: usize,
}

impl<'d> Value<'d> {
    /// `None` if the type is none that is written here, or the bytes are not just one such value.
    pub(crate) fn new(ty: u8, bytes: &'d [u8], place: usize) -> Option<Value<'d>> {
        let len = bytes.len();
        let is_whole = match ty {
            NULL | BINARY | BINXML => true,
            STRING => len.is_multiple_of(2),
            INT8 | UINT8 => len == 1,
            INT16 | UINT16 => len == 2,
            INT32 | UINT32 | BOOL | HEX32 => len == 4,
            INT64 | UINT64 | HEX64 | FILETIME => len == 8,
            GUID => len == 16,
            STRINGS => len.is_multiple_of(2) && matches!(bytes, [] | [.., 0, 0]),
            SID => len >= 8 && len == 8 + 4 * usize::from(bytes[1]),
            _ => false,
        };
        is_whole.then_some(Value { ty, bytes, place })
    }

    /// Whether there is no value, which takes the elements away that depend on it.
    pub(crate) fn is_null(&self) -> bool {
        self.ty == NULL || (self.ty == BINXML && self.bytes.is_empty())
    }

    /// Whether a single text does not stand for it: it is `BinXML`, or an array.
    pub(crate) fn is_composed(&self) -> bool {
        self.ty == STRINGS || self.binxml().is_some()
    }

    /// The strings of an array, as values.
    pub(crate) fn strings(&self) -> Option<impl Iterator<Item = Value<'d>> + use<'d>> {
        let (units, _) = self.bytes.as_chunks::<2>();
        let mut place = self.place;
        (self.ty == STRINGS).then(|| {
            units.split_inclusive(|unit| *unit == [0, 0]).map(move |units| {
                let bytes = units.as_flattened();
                place += bytes.len();
                Value { ty: STRING, bytes, place: place - bytes.len() }
            })
        })
    }

    /// Where the bytes are, if they are `BinXML` themselves.
    pub(crate) fn binxml(&self) -> Option<Range<usize>> {
        let range = self.place..self.place + self.bytes.len();
        (self.ty == BINXML && !range.is_empty()).then_some(range)
    }

    /// What tells the value from others: its type and its bytes.
    pub(crate) fn raw(&self) -> (u8, &'d [u8]) {
        (self.ty, self.bytes)
    }

    /// The time that it is, as what [`Value::write`] writes would be read; `None` if it is none, or beyond the year
    /// 9999.
    pub(crate) fn time(&self) -> Option<Time> {
        let ticks = self.bytes.first_chunk().filter(|_| self.ty == FILETIME)?;
        let time = Time(i64::try_from(u64::from_le_bytes(*ticks)).ok()? - EPOCH);
        (time < Time::YEAR_10_000).then_some(time)
    }

    /// Writes the text (UTF-8). `None` if the XML might have another one.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Option<()> {
        let signed = || {
            let fill = if self.bytes.last()? & 0x80 == 0 { 0 } else { 0xff };
            Some(i64::from_le_bytes(padded(self.bytes, fill)))
        };
        let unsigned = || u64::from_le_bytes(padded(self.bytes, 0));
        match self.ty {
            NULL => {}
            STRING => utf16(self.bytes, out)?,
            INT8 | INT16 | INT32 | INT64 => integer(signed()?, out),
            UINT8 | UINT16 | UINT32 | UINT64 => decimal(unsigned(), out),
            BOOL => match signed()? {
                0 => out.extend_from_slice(b"false"),
                1 => out.extend_from_slice(b"true"),
                // Windows keeps bit masks in some of these.
                other => integer(other, out),
            },
            HEX32 | HEX64 => {
                out.extend_from_slice(b"0x");
                hexadecimal(unsigned(), out);
            }
            BINARY => self.bytes.iter().for_each(|byte| out.extend(hex(*byte, UPPER))),
            GUID => guid(self.bytes, out),
            FILETIME => time(unsigned(), out)?,
            SID => sid(self.bytes, out),
            _ => return None,
        }
        Some(())
    }
}

fn padded(bytes: &[u8], fill: u8) -> [u8; 8] {
    let mut all = [fill; 8];
    all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    all
}

/// UTF-16 up to the first NUL. `None` where XML has another text: for lone surrogates, and for
/// characters that it does not allow.
pub(crate) fn utf16(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (units, _) = bytes.as_chunks::<2>();
    let (mut all, mut has_control) = (0, false);
    for unit in units {
        let unit = u16::from_le_bytes(*unit);
        all |= unit;
        has_control |= unit < 0x20;
    }
    if all < 0x80 && !has_control {
        out.extend(units.iter().map(|unit| unit[0]));
        return Some(());
    }
    let mut units =
        units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
    while let Some(unit) = units.next() {
        match unit {
            0x20..0x80 | 0x09 | 0x0a | 0x0d => out.push(unit as u8),
            0..0x20 | 0xfffe | 0xffff => return None,
            _ => {
                let is_high = (0xd800..0xdc00).contains(&unit);
                let pair = [unit, if is_high { units.next()? } else { 0 }];
                let c = char::decode_utf16(pair).next()?.ok()?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    Some(())
}

fn integer(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    decimal(number.unsigned_abs(), out);
}

fn decimal(number: u64, out: &mut Vec<u8>) {
    digits(number, 10, out);
}

fn hexadecimal(number: u64, out: &mut Vec<u8>) {
    digits(number, 16, out);
}

fn digits(mut number: u64, radix: u64, out: &mut Vec<u8>) {
    let mut buffer = [0; 20];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = LOWER[(number % radix) as usize];
        number /= radix;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&buffer[at..]);
}

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

fn hex(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

fn guid(bytes: &[u8], out: &mut Vec<u8>) {
    /// The first three parts are little-endian numbers.
    const ORDER: [&[usize]; 5] =
        [&[3, 2, 1, 0], &[5, 4], &[7, 6], &[8, 9], &[10, 11, 12, 13, 14, 15]];
    out.push(b'{');
    for (i, part) in ORDER.iter().enumerate() {
        if i > 0 {
            out.push(b'-');
        }
        part.iter().for_each(|at| out.extend(hex(bytes[*at], LOWER)));
    }
    out.push(b'}');
}

/// From 1601 to 1970, in 100-nanosecond ticks.
const EPOCH: i64 = 116_444_736_000_000_000;

/// 100-nanosecond ticks since 1601, as `2024-01-31T10:00:00.1234567Z`. `None` beyond the year 9999.
fn time(ticks: u64, out: &mut Vec<u8>) -> Option<()> {
    let ticks = i64::try_from(ticks).ok()?;
    let (year, month, day, hour, minute, second, ticks) = Time(ticks - EPOCH).civil();
    if year > 9999 {
        return None;
    }
    let parts = [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (hour, 2, b':'),
        (minute, 2, b':'),
        (second, 2, b'.'),
        (ticks, 7, b'Z'),
    ];
    for (mut number, width, end) in parts {
        let mut text = [0; 7];
        for digit in text[..width].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        out.extend_from_slice(&text[..width]);
        out.push(end);
    }
    Some(())
}

fn sid(bytes: &[u8], out: &mut Vec<u8>) {
    let authority = bytes[2..8].iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
    out.extend_from_slice(b"S-");
    decimal(bytes[0].into(), out);
    out.push(b'-');
    decimal(authority, out);
    for part in bytes[8..].as_chunks::<4>().0 {
        out.push(b'-');
        decimal(u32::from_le_bytes(*part).into(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ty: u8, bytes: &[u8], expected: Option<&str>) {
        let mut out = Vec::new();
        let written = Value::new(ty, bytes, 0).and_then(|value| value.write(&mut out));
        let text = written.map(|()| String::from_utf8(out).unwrap());
        assert_eq!(text.as_deref(), expected, "{ty:#x} {bytes:x?}");
    }

    fn units(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn numbers() {
        check(INT8, &[0xff], Some("-1"));
        check(UINT8, &[0xff], Some("255"));
        check(INT32, &i32::MIN.to_le_bytes(), Some("-2147483648"));
        check(INT64, &i64::MIN.to_le_bytes(), Some("-9223372036854775808"));
        check(UINT64, &u64::MAX.to_le_bytes(), Some("18446744073709551615"));
        check(HEX64, &0x8020_0000_0000_0000_u64.to_le_bytes(), Some("0x8020000000000000"));
        check(HEX32, &[0; 4], Some("0x0"));
        check(BOOL, &[1, 0, 0, 0], Some("true"));
        check(BOOL, &[0; 4], Some("false"));
        check(BOOL, &[0xfe, 0xff, 0xff, 0xff], Some("-2"));
        check(INT32, &[0; 3], None);
    }

    #[test]
    fn texts() {
        check(STRING, &units("plain"), Some("plain"));
        check(STRING, &units("tab\tline\r\n"), Some("tab\tline\r\n"));
        check(STRING, &units("日本 😀"), Some("日本 😀"));
        check(STRING, &units("up to\0here"), Some("up to"));
        check(STRING, &units("bell\u{7}"), None);
        check(STRING, &units("\u{ffff}"), None);
        check(STRING, &[0x00, 0xd8], None);
        check(STRING, b"odd", None);
        check(STRING, b"", Some(""));
        check(NULL, b"whatever", Some(""));
    }

    #[test]
    fn arrays() {
        let bytes = units("one\0\0three\0");
        let value = Value::new(STRINGS, &bytes, 0).unwrap();
        let texts = value.strings().unwrap().map(|value| {
            let mut out = Vec::new();
            value.write(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        });
        assert_eq!(texts.collect::<Vec<_>>(), ["one", "", "three"]);
        assert!(Value::new(STRINGS, &units("no end"), 0).is_none());
        assert_eq!(Value::new(STRINGS, &[], 0).unwrap().strings().unwrap().count(), 0);
    }

    #[test]
    fn the_rest() {
        check(BINARY, &[0x00, 0xab], Some("00AB"));
        let guid = [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 8, 9, 10, 11, 12, 13, 14, 15];
        check(GUID, &guid, Some("{00112233-4455-6677-0809-0a0b0c0d0e0f}"));
        let sid = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        check(SID, &sid, Some("S-1-5-32-544"));
        check(SID, &sid[..12], None);
        check(FILETIME, &0_u64.to_le_bytes(), Some("1601-01-01T00:00:00.0000000Z"));
        let ticks = 133_551_792_001_234_567_u64;
        check(FILETIME, &ticks.to_le_bytes(), Some("2024-03-17T20:00:00.1234567Z"));
        check(FILETIME, &u64::MAX.to_le_bytes(), None);
        check(FILETIME, &(i64::MAX as u64).to_le_bytes(), None);
    }
}
