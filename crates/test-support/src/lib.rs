//! Where the tests of all crates find the corpora. A leaf, and only ever a dev-dependency.
//!
//! Test material under other licences is never copied into the project; it is read where it lies.
#![deny(missing_docs)]

use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

/// A path below the corpora: `$DRAGNET_CORPORA`, or `../shared/corpora` beside the checkout. `None`, and
/// said aloud, if it is not there; the test has then nothing to do.
#[allow(clippy::disallowed_methods)]
pub fn corpora(below: &str) -> Option<PathBuf> {
    let beside = || {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
        Some(workspace.parent()?.join("shared/corpora"))
    };
    let root = std::env::var_os("DRAGNET_CORPORA").map(PathBuf::from).or_else(beside);
    let path = root.map(|root| root.join(below)).filter(|path| path.exists());
    if path.is_none() {
        // Past the test harness's capture, so that it is seen where tests pass.
        let _ = writeln!(stderr(), "skipped: ../shared/corpora is not here (wanted {below})");
    }
    path
}
