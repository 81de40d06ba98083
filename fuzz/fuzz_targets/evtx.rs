//! Any bytes behind the header of an EVTX file: no panic, no hang, and rendering finds what reading found.

#![no_main]

use libfuzzer_sys::fuzz_target;

mod read;

fuzz_target!(|data: &[u8]| {
    let mut file = b"ElfFile\0".to_vec();
    file.resize(4096, 0);
    // One chunk is as good as many: nothing reaches from one to another.
    file.extend_from_slice(b"ElfChnk\0");
    file.extend_from_slice(data.get(8..).unwrap_or_default());
    file.truncate(4096 + 65536);
    read::check(file);
});
