//! Any bytes as a file of event XML: no panic, no hang, and rendering finds what reading found.

#![no_main]

use libfuzzer_sys::fuzz_target;

mod read;

fuzz_target!(|data: &[u8]| {
    read::check([b"<Event", data].concat());
});
