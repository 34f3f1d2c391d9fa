//! A value in a file that its owner alone may read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use latchkey_admin::Random;

use super::{Held, Reservation, Value, token};
use crate::failure::{Failure, Status};

/// What a reserved file begins with; what follows is the Idempotency-Key. With its blanks it can
/// be no key's value.
const RESERVED: &str = "latchkey apply is making this key. Idempotency-Key: ";
/// Longest file that is read: values have 128 characters at most.
const MAX_BYTES: u64 = 4 * 1024;
/// The owner reads and writes, nobody else does anything.
const MODE: u32 = 0o600;

pub(super) fn reserve(path: &Path, random: &Random) -> Result<Held, Failure> {
    let failed = |error: io::Error| failed(path, &error);
    match OpenOptions::new().read(true).open(path) {
        Ok(file) => return held(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let idempotency = token(random)?;
    create(path, &format!("{RESERVED}{idempotency}\n")).map_err(failed)?;
    Ok(Held::Reserved(Reservation {
        idempotency,
        is_new: true,
    }))
}

/// What stands in a file that is there.
fn held(path: &Path, file: File) -> Result<Held, Failure> {
    let text = read(path, file)?;
    let line = text.trim_end_matches(['\r', '\n']);
    if let Some(idempotency) = line.strip_prefix(RESERVED) {
        return Ok(Held::Reserved(Reservation {
            idempotency: idempotency.to_owned(),
            is_new: false,
        }));
    }
    if line.is_empty() {
        let said = format!(
            "{}: is empty: remove it, or write a value into it",
            path.display()
        );
        return Err(Failure::new(Status::Usage, said));
    }
    Ok(Held::Value(Value(line.to_owned())))
}

fn read(path: &Path, file: File) -> Result<String, Failure> {
    let failed = |error: io::Error| failed(path, &error);
    let mode = file.metadata().map_err(failed)?.mode();
    if mode & 0o077 != 0 {
        let (mode, path) = (mode & 0o777, path.display());
        let said = format!(
            "{path}: has the mode {mode:o}, so that others may read what is in it: chmod 600 {path}"
        );
        return Err(Failure::new(Status::Usage, said));
    }
    let mut text = String::new();
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

pub(super) fn is_reserved(path: &Path) -> Result<bool, Failure> {
    match File::open(path) {
        Ok(file) => Ok(read(path, file)?.starts_with(RESERVED)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Beside it and then in its place, so that it is there whole or not at all.
pub(super) fn keep(path: &Path, value: &Value, random: &Random) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", token(random)?));
    let beside = PathBuf::from(name);
    let kept = create(&beside, &format!("{}\n", value.0)).and_then(|()| fs::rename(&beside, path));
    kept.map_err(|error| {
        drop(fs::remove_file(&beside));
        failed(path, &error)
    })
}

/// Only what is a reservation is removed.
pub(super) fn release(path: &Path) {
    if is_reserved(path).unwrap_or(false) {
        drop(fs::remove_file(path));
    }
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // The name is kept with its folder.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Status::Usage, format!("{}: {error}", path.display()))
}
