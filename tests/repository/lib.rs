//! The files of this repository, for the tests that hold its documents against its code.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A document, by its path from the root.
///
/// # Errors
/// When it cannot be read.
pub fn document(path: &str) -> io::Result<String> {
    fs::read_to_string(root().join(path))
}

/// Every Rust source of the workspace, as text.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn rust_sources() -> io::Result<Vec<(PathBuf, String)>> {
    let mut sources = Vec::new();
    let mut folders: Vec<PathBuf> = ["functions", "shared", "cli", "tests"]
        .iter()
        .map(|name| root().join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push((path.clone(), fs::read_to_string(&path)?));
            }
        }
    }
    Ok(sources)
}
