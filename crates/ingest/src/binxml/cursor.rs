//! A place in a chunk.

/// Reads little-endian numbers; `None` at the end of what may be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'d> {
    data: &'d [u8],
    at: usize,
}

impl<'d> Cursor<'d> {
    /// At a place of `data`, which may be behind its end.
    pub(crate) fn new(data: &'d [u8], at: usize) -> Cursor<'d> {
        Cursor { data, at }
    }

    /// The same data at another place.
    pub(crate) fn moved(&self, at: usize) -> Option<Cursor<'d>> {
        (at <= self.data.len()).then_some(Cursor { at, ..*self })
    }

    /// Where the cursor is, from the start of the data.
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    /// The next byte; the cursor stays.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied()
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Option<&'d [u8]> {
        let bytes = self.data.get(self.at..)?.get(..len)?;
        self.at += len;
        Some(bytes)
    }

    pub(crate) fn skip(&mut self, len: usize) -> Option<()> {
        self.bytes(len).map(|_| ())
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(*self.bytes(2)?.first_chunk()?))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(*self.bytes(4)?.first_chunk()?))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.bytes(8)?.first_chunk()?))
    }
}
