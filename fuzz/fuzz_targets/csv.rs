//! Any bytes as a CSV of Windows events, and as their messages: no panic, no hang, and rendering finds what reading found.

#![no_main]

use dragnet_ingest::Form;
use libfuzzer_sys::fuzz_target;

mod read;

fuzz_target!(|data: &[u8]| {
    read::check_as(data.to_vec(), Some(Form::Csv));
    for id in [
        "Microsoft-Windows-Sysmon,1",
        "Microsoft-Windows-Security-Auditing,4698",
        "Microsoft-Windows-PowerShell,4104",
    ] {
        let start = format!(
            "Level,Date and Time,Source,Event ID,Task Category\nI,1/2/2024 1:00:00 AM,{id},x,\""
        );
        read::check([start.as_bytes(), data].concat());
    }
});
