//! Key values on their way in and out: from standard input or a file, to a file that nobody
//! else can read. A command line is none of these ways: `ps` shows it to everybody.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::failure::{Failure, Status};

/// Longest text that is read where a value is expected: many times a value's 128 characters.
const MAX_BYTES: u64 = 4096;

/// A value of one's own.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Given {
    /// Read the value from standard input (-), never from the command line
    #[arg(long, value_name = "-", value_parser = source, allow_hyphen_values = true, conflicts_with = "value_file")]
    value: Option<Source>,
    /// Read the value from a file
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,
}

/// What stands behind `--value`. What it is otherwise is not kept: it may be a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    StandardInput,
    CommandLine,
}

fn source(text: &str) -> Result<Source, String> {
    Ok(match text {
        "-" => Source::StandardInput,
        _ => Source::CommandLine,
    })
}

impl Given {
    /// The value, if one is given.
    ///
    /// # Errors
    /// Where it stands on the command line, or cannot be read.
    pub(super) fn read(&self) -> Result<Option<String>, Failure> {
        let value = match (self.value, &self.value_file) {
            (Some(Source::CommandLine), _) => {
                let message = "--value takes no value, since others of this machine see the command line: `--value -` reads it from standard input, `--value-file FILE` from a file";
                return Err(Failure::new(Status::Usage, message));
            }
            (Some(Source::StandardInput), _) => {
                read(std::io::stdin().lock()).map_err(|error| ("standard input".into(), error))
            }
            (None, Some(file)) => File::open(file)
                .and_then(read)
                .map_err(|error| (file.display().to_string(), error)),
            (None, None) => return Ok(None),
        };
        value.map(Some).map_err(|(place, error): (String, _)| {
            Failure::new(
                Status::Usage,
                format!("no value is read from {place}: {error}"),
            )
        })
    }
}

/// The text without the end of its line.
fn read(from: impl std::io::Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Where a generated value goes instead of standard output.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct To {
    /// Write the value to a new file that only you can read, instead of standard output
    #[arg(long, value_name = "FILE")]
    value_to: Option<PathBuf>,
}

impl To {
    /// The file, made before anything is asked for: a value that cannot be written is lost.
    ///
    /// # Errors
    /// Where it cannot be made, or is there.
    pub(super) fn open(&self) -> Result<Option<ValueFile>, Failure> {
        self.value_to.as_deref().map(ValueFile::create).transpose()
    }
}

/// A file for values, with mode 600; it goes away again where nothing is written to it.
pub(super) struct ValueFile {
    path: PathBuf,
    file: File,
    is_written: bool,
}

impl ValueFile {
    /// # Errors
    /// Where it cannot be made, or is there.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| {
            let message = format!("{}: {error}: name a file that is not there", path.display());
            Failure::new(Status::Usage, message)
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            is_written: false,
        })
    }

    /// Writes a line more.
    ///
    /// # Errors
    /// Where it is not on the disk.
    pub(super) fn append(&mut self, line: &str) -> Result<(), Failure> {
        self.is_written = true;
        let written = writeln!(self.file, "{line}").and_then(|()| self.file.sync_all());
        written.map_err(|error| {
            let message = format!("{self} cannot be written: {error}");
            Failure::new(Status::NoAnswer, message)
        })
    }
}

impl std::fmt::Display for ValueFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.path.display().fmt(f)
    }
}

impl Drop for ValueFile {
    fn drop(&mut self) {
        if !self.is_written {
            // It is empty; that it stays is no harm.
            drop(std::fs::remove_file(&self.path));
        }
    }
}
