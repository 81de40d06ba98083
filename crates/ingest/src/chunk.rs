//! The records of an EVTX chunk, as XML.
//!
//! The `evtx` crate reads the binary form. Text is the boundary because everything behind it is
//! shared with exported XML; writing and reading it again is most of the time that an event takes.

use std::sync::Arc;

use evtx::err::{ChunkError, EvtxError};
use evtx::{EvtxChunk, EvtxChunkData, EvtxChunkHeader, EvtxRecord, ParserSettings};

use crate::block::{Raw, text};
use crate::cut::Fault;
use crate::problem::{Place, Reason};

/// The size of a whole chunk, and of its header, in bytes.
const CHUNK: usize = 64 << 10;
const HEADER: usize = 512;
/// Where the header has its tables of names and templates, which only speed up finding them.
const TABLES: std::ops::Range<usize> = 128..HEADER;
const MAGIC: &[u8] = b"ElfChnk\x00";
/// More records than the smallest possible ones that fit: a bound, should the walk ever loop.
const MAX_RECORDS: usize = CHUNK / 16;

/// What is done with a record; its number counts those that could not be read too.
pub(crate) type Each<'e> = &'e mut dyn FnMut(Result<(u32, Raw<'_>, Place), Fault>);

/// Reads the records that are wanted.
pub(crate) fn read(data: &[u8], offset: u64, wanted: &mut dyn FnMut(u32) -> bool, each: Each<'_>) {
    let mut reader = Reader { offset, number: 0, is_repaired: false, wanted, each };
    if let Err(error) = reader.chunk(data, false) {
        let need = EvtxChunkHeader::from_bytes(data).map_or(0, |h| h.free_space_offset as usize);
        reader.fault(if data.len() < need.min(CHUNK) {
            Reason::ShortChunk { have: data.len(), need }
        } else {
            Reason::Chunk(error)
        });
        reader.repaired(data);
        return;
    }
    if is_sound(data) {
        return;
    }
    if reader.number == 0 {
        reader.repaired(data);
        if reader.number > 0 {
            reader.fault(Reason::HiddenRecords);
        }
    } else {
        // The header says where the records end, and it cannot be trusted: there may be more of them.
        let mut ignore = |_: Result<(u32, Raw<'_>, Place), Fault>| {};
        let wanted = &mut |_| false;
        let mut counter =
            Reader { offset, number: 0, is_repaired: false, wanted, each: &mut ignore };
        counter.repaired(data);
        if counter.number > reader.number {
            reader.fault(Reason::RecordsBeyond { more: counter.number - reader.number });
        }
    }
}

/// Whether the chunk's header has the checksum that it says it has.
fn is_sound(data: &[u8]) -> bool {
    EvtxChunkData::new(data.to_vec(), false).is_ok_and(|chunk| chunk.validate_header_checksum())
}

struct Reader<'r> {
    offset: u64,
    number: u32,
    /// Where no record can be found in the chunk, that is no news.
    is_repaired: bool,
    wanted: &'r mut dyn FnMut(u32) -> bool,
    each: Each<'r>,
}

impl Reader<'_> {
    fn fault(&mut self, reason: Reason) {
        (self.each)(Err((Some(Place::Byte(self.offset)), reason)));
    }

    /// Reads what can be found in a chunk whose header is damaged.
    fn repaired(&mut self, data: &[u8]) {
        let mut copy = data.to_vec();
        let Some(magic) = copy.get_mut(..MAGIC.len()) else { return };
        magic.copy_from_slice(MAGIC);
        let sound = is_sound(&copy);
        if let Some(tables) = copy.get_mut(TABLES) {
            tables.fill(0);
        }
        // Without a sound header nothing tells live records from those of the log's last round:
        // all are taken. What is wrong with the chunk has been said.
        self.is_repaired = true;
        let _ = self.chunk(&copy, !sound);
    }

    fn chunk(&mut self, data: &[u8], recover: bool) -> Result<(), ChunkError> {
        let settings = ParserSettings::default().indent(false).recover_records(recover);
        let header = EvtxChunkHeader::from_bytes(data)?;
        if !self.is_repaired && data.len() < CHUNK.min(header.free_space_offset as usize) {
            // Some of its names are behind the end.
            return Err(ChunkError::IncompleteChunk);
        }
        self.records(EvtxChunk::new(data, &header, Arc::new(settings))?);
        Ok(())
    }

    fn records(&mut self, mut chunk: EvtxChunk<'_>) {
        for record in chunk.iter().take(MAX_RECORDS) {
            let number = self.number;
            self.number += 1;
            let result = match record {
                Ok(_) if !(self.wanted)(number) => continue,
                Ok(record) => self.record(number, record),
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                let id = match &error {
                    EvtxError::FailedToParseRecord { record_id, .. } => Some(*record_id),
                    _ if self.is_repaired => continue,
                    _ => None,
                };
                let place = Place::Record { chunk: self.offset, id };
                (self.each)(Err((Some(place), Reason::Record(error))));
            }
        }
    }

    fn record(&mut self, number: u32, record: EvtxRecord<'_>) -> Result<(), EvtxError> {
        let place = Place::Record { chunk: self.offset, id: Some(record.event_record_id) };
        let xml = record.into_xml_bytes()?.data;
        let text = text(&xml);
        (self.each)(Ok((number, Raw::Event(&text), place)));
        Ok(())
    }
}
