//! The folder that keeps the data, and the lock that keeps a second process out of it.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// The file that a running process holds a lock on, and writes its number into.
const LOCK: &str = "lock";
/// The database.
const DATABASE: &str = "dynamodb.sqlite";
/// Only the owner reads it.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A folder that this process has to itself for as long as the value lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why the folder cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataFolderError {
    /// Another process has it.
    #[error(
        "another latchkey dev{by} uses the data folder {folder:?}: stop it, or choose another with --data"
    )]
    InUse {
        /// Which.
        folder: PathBuf,
        /// Such as ` (process 17)`.
        by: String,
    },
    /// There is something else of this name.
    #[error("{0:?} is a file, not a folder: move it, or choose another with --data")]
    NotAFolder(PathBuf),
    /// The system refuses.
    #[error(
        "cannot use the data folder {folder:?} ({error}): make it readable and writable, or choose another with --data"
    )]
    Unusable {
        /// Which.
        folder: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl DataFolder {
    /// Opens the folder, made if it is not there, and takes its lock.
    pub(crate) fn open(path: &Path) -> Result<Self, DataFolderError> {
        let unusable = |error| DataFolderError::Unusable {
            folder: path.to_owned(),
            error,
        };
        if path.exists() && !path.is_dir() {
            return Err(DataFolderError::NotAFolder(path.to_owned()));
        }
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(path)
            .map_err(unusable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(path.join(LOCK))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DataFolderError::InUse {
                    folder: path.to_owned(),
                    by: holder(&mut lock),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        sign(&mut lock).map_err(unusable)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The database's file, for its owner only from the first byte on: SQLite gives the same
    /// mode to the files that it puts beside it.
    pub(crate) fn database(&self) -> Result<PathBuf, DataFolderError> {
        let file = self.path.join(DATABASE);
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE);
        match options.open(&file) {
            Ok(_) => Ok(file),
            Err(error) => Err(DataFolderError::Unusable {
                folder: self.path.clone(),
                error,
            }),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes this process's number into its lock file.
fn sign(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

/// Who holds the lock, as far as the file tells.
fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    let read = lock.take(20).read_to_string(&mut text);
    let process: Option<u32> = read.ok().and_then(|_| text.trim().parse().ok());
    process.map_or_else(String::new, |process| format!(" (process {process})"))
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::*;

    /// A folder for one test, gone with it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("latchkey-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_and_its_files_are_the_owner_s_only() {
        let scratch = Scratch::new("new");
        let folder = DataFolder::open(&scratch.0.join("a/b")).unwrap();
        let database = folder.database().unwrap();
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(
            (mode(&database), mode(&folder.path().join(LOCK))),
            (0o600, 0o600)
        );
    }

    #[test]
    fn a_folder_that_was_there_keeps_its_mode() {
        let scratch = Scratch::new("old");
        std::fs::set_permissions(&scratch.0, Permissions::from_mode(0o755)).unwrap();
        let folder = DataFolder::open(&scratch.0).unwrap();
        assert_eq!(mode(folder.path()), 0o755);
    }

    #[test]
    fn a_second_one_is_told_who_has_the_folder_until_it_is_free() {
        let scratch = Scratch::new("second");
        let first = DataFolder::open(&scratch.0).unwrap();
        let error = DataFolder::open(&scratch.0).unwrap_err().to_string();
        let process = std::process::id();
        assert!(
            error.starts_with(&format!("another latchkey dev (process {process}) uses")),
            "{error}"
        );
        drop(first);
        assert!(DataFolder::open(&scratch.0).is_ok());
    }

    #[test]
    fn what_is_no_folder_is_said_to_be_none() {
        let scratch = Scratch::new("file");
        let file = scratch.0.join("file");
        std::fs::write(&file, "").unwrap();
        let error = DataFolder::open(&file).unwrap_err().to_string();
        assert!(
            error.ends_with("is a file, not a folder: move it, or choose another with --data"),
            "{error}"
        );
        let error = DataFolder::open(&file.join("under"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("cannot use the data folder"), "{error}");
        std::fs::create_dir(scratch.0.join(DATABASE)).unwrap();
        let folder = DataFolder::open(&scratch.0).unwrap();
        assert!(folder.database().is_err());
    }
}
