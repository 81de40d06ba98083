//! Any bytes in a syslog that holds events of Sysmon for Linux: no panic, no hang, and rendering finds what reading found.

#![no_main]

use dragnet_ingest::Form;
use libfuzzer_sys::fuzz_target;

mod read;

fuzz_target!(|data: &[u8]| {
    let starts: [&[u8]; 3] =
        [b"", b"Oct 13 20:45:50 h sysmon[1]: <Event><System>", b"<14>1 2024-01-01T00:00:00Z "];
    for start in starts {
        read::check_as([start, data].concat(), Some(Form::Syslog));
    }
});
