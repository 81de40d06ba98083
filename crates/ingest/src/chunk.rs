//! The records of an EVTX chunk.
//!
//! Nearly all are read straight from their binary form ([`binxml`]). The `evtx` crate reads what that
//! declines, and chunks that are damaged; what it gives is XML, as exported events are.

use std::sync::Arc;

use evtx::err::{ChunkError, EvtxError};
use evtx::{ChunkFlags, EvtxChunk, EvtxChunkHeader, EvtxRecord, ParserSettings};

use crate::binxml;
use crate::block::text;
use crate::cut::Fault;
use crate::problem::{Place, Reason};
use crate::record::{Given, Raw};

/// The size of a whole chunk, and of its header, in bytes.
const CHUNK: usize = 64 << 10;
const HEADER: usize = 512;
/// Where the header has its tables of names and templates, which only speed up finding them.
const TABLES: std::ops::Range<usize> = 128..HEADER;
const MAGIC: &[u8] = b"ElfChnk\x00";
/// More records than the smallest possible ones that fit: a bound, should the walk ever loop.
const MAX_RECORDS: usize = CHUNK / 16;

/// What is done with a record; its number counts those that could not be read too. The answer is `false` if it must be
/// given in another form, which only [`Given::Binary`] has.
pub(crate) type Each<'e> = &'e mut dyn FnMut(Result<(u32, Given<'_>, Place), Fault>) -> bool;

/// Reads the records that are wanted.
pub(crate) fn read(data: &[u8], offset: u64, wanted: &mut dyn FnMut(u32) -> bool, each: Each<'_>) {
    let mut reader = Reader { offset, number: 0, is_repaired: false, wanted, each };
    let is_sound = is_sound(data);
    if let Err(error) = reader.chunk(data, is_sound, false) {
        let need = EvtxChunkHeader::from_bytes(data).map_or(0, |h| h.free_space_offset as usize);
        reader.fault(if data.len() < need.min(CHUNK) {
            Reason::ShortChunk { have: data.len(), need }
        } else {
            Reason::Chunk(error)
        });
        reader.repaired(data);
        return;
    }
    if is_sound {
        return;
    }
    if reader.number == 0 {
        reader.repaired(data);
        if reader.number > 0 {
            reader.fault(Reason::HiddenRecords);
        }
    } else {
        // The header says where the records end, and it cannot be trusted: there may be more of them.
        let mut ignore = |_: Result<(u32, Given<'_>, Place), Fault>| true;
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
    let Ok(header) = EvtxChunkHeader::from_bytes(data) else { return false };
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&data[..120]);
    hasher.update(&data[TABLES.start..TABLES.end]);
    header.flags.contains(ChunkFlags::NO_CRC32) || hasher.finalize() == header.header_chunk_checksum
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
        let _ = self.chunk(&copy, false, !sound);
    }

    /// `is_sound` says whether the chunk's header can be trusted.
    fn chunk(&mut self, data: &[u8], is_sound: bool, recover: bool) -> Result<(), ChunkError> {
        let settings = ParserSettings::default().indent(false).recover_records(recover);
        let header = EvtxChunkHeader::from_bytes(data)?;
        if !self.is_repaired && data.len() < CHUNK.min(header.free_space_offset as usize) {
            // Some of its names are behind the end.
            return Err(ChunkError::IncompleteChunk);
        }
        let mut direct = is_sound.then(|| binxml::Reader::new(data));
        if let Some(direct) = &mut direct
            && self.directly(data, direct)
        {
            return Ok(());
        }
        self.records(EvtxChunk::new(data, &header, Arc::new(settings))?, direct);
        Ok(())
    }

    /// Reads records without their XML, up to the first that cannot be. Says whether that were all.
    fn directly(&mut self, data: &[u8], reader: &mut binxml::Reader<'_>) -> bool {
        let Some(mut records) = binxml::Records::new(data) else { return false };
        for record in records.by_ref().take(MAX_RECORDS) {
            if (self.wanted)(self.number) {
                let place = Place::Record { chunk: self.offset, id: Some(record.id) };
                let raw = Given::Binary { reader, start: record.start, end: record.end };
                if !(self.each)(Ok((self.number, raw, place))) {
                    return false;
                }
            }
            self.number += 1;
        }
        records.is_complete()
    }

    /// Reads the records that have not been read yet.
    fn records(&mut self, mut chunk: EvtxChunk<'_>, mut direct: Option<binxml::Reader<'_>>) {
        let done = self.number as usize;
        for record in chunk.iter().take(MAX_RECORDS).skip(done) {
            let number = self.number;
            self.number += 1;
            let result = match record {
                Ok(_) if !(self.wanted)(number) => continue,
                Ok(record) => self.record(number, record, direct.as_mut()),
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

    fn record(
        &mut self,
        number: u32,
        record: EvtxRecord<'_>,
        direct: Option<&mut binxml::Reader<'_>>,
    ) -> Result<(), EvtxError> {
        let place = Place::Record { chunk: self.offset, id: Some(record.event_record_id) };
        let start = record.binxml_offset as usize;
        let end = start + record.binxml_size as usize;
        if let Some(reader) = direct
            && (self.each)(Ok((number, Given::Binary { reader, start, end }, place)))
        {
            return Ok(());
        }
        let xml = record.into_xml_bytes()?.data;
        let text = text(&xml);
        (self.each)(Ok((number, Given::Raw(Raw::Xml(&text)), place)));
        Ok(())
    }
}
