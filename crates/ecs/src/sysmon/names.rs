//! The names of Sysmon's event data that the pipeline looks at, and where they are found.

use crate::parts::Part;

/// Whether a datum stays in `winlog.event_data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never does: it moves into ECS fields, or is dropped.
    Goes,
    /// It stays, and is copied into ECS fields.
    Stays,
    /// It stays where no ECS field takes it.
    Depends,
}

macro_rules! names {
    ($($name:ident $fate:ident)*) => {
        /// A name that the pipeline knows, spelt as Sysmon spells it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        #[expect(clippy::enum_variant_names, reason = "the names are Sysmon's")]
        pub(super) enum Name { $($name),* }

        /// All names, in the order of [`Name`].
        const NAMES: &[(&str, Name, Fate)] = &[$((stringify!($name), Name::$name, Fate::$fate)),*];
    };
}

names! {
    // Every event.
    UtcTime Goes  RuleName Goes  User Goes
    // The acting process.
    ProcessGuid Depends  ProcessId Goes  Image Depends
    SourceProcessGuid Depends  SourceProcessGUID Depends  SourceProcessId Goes  SourceThreadId Goes
    SourceImage Depends  Destination Depends
    CommandLine Goes  CurrentDirectory Goes
    ParentProcessGuid Goes  ParentProcessId Goes  ParentImage Goes  ParentCommandLine Goes
    // Its image, or the image it loads.
    OriginalFileName Goes  Company Stays  Description Stays  FileVersion Stays  Product Stays
    Hash Goes  Hashes Goes  Signature Stays  SignatureStatus Stays
    // Files.
    TargetFilename Depends  Device Depends  ImageLoaded Depends  PipeName Goes
    Archived Goes  IsExecutable Goes
    // Network.
    Protocol Goes  Initiated Goes
    SourceIp Goes  SourcePort Goes  SourcePortName Goes  SourceHostname Goes  SourceIsIpv6 Goes
    DestinationIp Goes  DestinationPort Goes  DestinationPortName Goes  DestinationHostname Goes
    DestinationIsIpv6 Goes
    QueryName Goes  QueryStatus Goes  QueryResults Goes
    // Registry.
    TargetObject Goes  Details Depends
    // Process tampering (25), error (255).
    Type Depends  ID Depends
}

/// How many names there are.
pub(super) const COUNT: usize = NAMES.len();

impl Name {
    pub(super) fn text(self) -> &'static str {
        NAMES[self as usize].0
    }

    pub(super) fn fate(self) -> Fate {
        NAMES[self as usize].2
    }

    /// What the pipeline looks at together with it.
    pub(super) fn part(self) -> Part {
        use Name as N;
        match self {
            N::UtcTime => Part::Time,
            // What is renamed to one field: the first of them that is there.
            N::ProcessGuid | N::SourceProcessGuid | N::SourceProcessGUID => Part::With(0),
            N::ProcessId | N::SourceProcessId => Part::With(1),
            N::Image | N::SourceImage | N::Destination => Part::With(2),
            N::TargetFilename | N::Device | N::ImageLoaded | N::PipeName => Part::With(3),
            N::Hash | N::Hashes => Part::With(4),
            N::SourcePortName | N::DestinationPortName => Part::With(5),
            // The key says whether there are data.
            N::TargetObject | N::Details => Part::With(6),
            // The id of the connection, and the addresses that are related.
            N::Protocol
            | N::SourceIp
            | N::SourcePort
            | N::DestinationIp
            | N::DestinationPort
            | N::QueryName
            | N::QueryResults => Part::With(7),
            // With the message.
            N::Type => Part::With(8),
            _ => Part::Alone,
        }
    }

    /// The name that is spelt so, if the pipeline knows it.
    pub(super) fn find(text: &str) -> Option<Name> {
        let mut at = hash(text.as_bytes());
        loop {
            match INDEX[at] {
                0 => return None,
                n => {
                    let (spelling, name, _) = NAMES[usize::from(n) - 1];
                    if spelling == text {
                        return Some(name);
                    }
                }
            }
            at = (at + 1) % SLOTS;
        }
    }
}

/// Slots of the hash table: four times the names, so that most look-ups end at once.
const SLOTS: usize = 256;

/// A hash table with open addressing, made when compiling: 0 is empty, n is the (n-1)-th name.
static INDEX: [u8; SLOTS] = {
    assert!(COUNT < SLOTS / 2);
    let mut index = [0; SLOTS];
    let mut n = 0;
    while n < COUNT {
        let mut at = hash(NAMES[n].0.as_bytes());
        while index[at] != 0 {
            at = (at + 1) % SLOTS;
        }
        index[at] = n as u8 + 1;
        n += 1;
    }
    index
};

/// The length and three letters tell Sysmon's names apart well enough.
const fn hash(text: &[u8]) -> usize {
    if text.is_empty() {
        return 0;
    }
    let len = text.len();
    let letters = text[0] as usize * 7 + text[len / 2] as usize * 31 + text[len - 1] as usize * 101;
    (letters + len * 17) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        for (text, name, _) in NAMES {
            assert_eq!(Name::find(text), Some(*name));
            assert_eq!(name.text(), *text);
        }
        for text in ["", "image", "Imag", "Images", "Consumer", "é"] {
            assert_eq!(Name::find(text), None, "{text}");
        }
    }
}
