//! Where the test material is, and what to do without it.

use std::path::{Path, PathBuf};

/// A folder or file of the test material; `None`, said aloud, where the material is not.
#[expect(clippy::disallowed_methods, reason = "tests may be told where their material is")]
pub(crate) fn find(path: &str) -> Option<PathBuf> {
    let named = std::env::var("DRAGNET_CORPORA").ok().map(PathBuf::from);
    let root = named.or_else(|| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .map(|folder| folder.join("../shared/corpora"))
            .find(|folder| folder.is_dir())
    });
    let found = root.map(|root| root.join(path)).filter(|path| path.exists());
    if found.is_none() {
        println!("skipped: ../shared/corpora is not here");
    }
    found
}
