//! Any bytes in a log of the Linux audit daemon: no panic, no hang, and rendering finds what reading found.

#![no_main]

use dragnet_ingest::Form;
use libfuzzer_sys::fuzz_target;

mod read;

fuzz_target!(|data: &[u8]| {
    let starts: [&[u8]; 3] = [
        b"type=",
        b"type=SYSCALL msg=audit(1700000000.123:1): arch=c000003e syscall=59 ",
        b"type=SYSCALL msg=audit(1.0:1): syscall=42\ntype=SOCKADDR msg=audit(1.0:1): saddr=",
    ];
    for start in starts {
        read::check_as([start, data].concat(), Some(Form::Audit));
    }
});
