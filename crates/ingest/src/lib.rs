//! Dragnet: readers: EVTX, Windows event XML, JSON, archives.
#![deny(missing_docs)]
