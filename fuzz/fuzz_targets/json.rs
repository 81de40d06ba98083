//! Any bytes as a file of JSON documents: no panic, no hang, and rendering finds what reading found.

#![no_main]

use libfuzzer_sys::fuzz_target;

mod read;

fuzz_target!(|data: &[u8]| {
    for start in ["{", "["] {
        read::check([start.as_bytes(), data].concat());
    }
});
