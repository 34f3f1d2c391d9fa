//! Why `latchkey dev` does not run: one line each, that says what to do.

use std::{io, path::PathBuf};

use latchkey_engine::EngineError;
use latchkey_settings::SettingsError;
use latchkey_store::StoreError;

use super::{data_folder::DataFolderError, demo::DemoError};

/// Why `latchkey dev` did not start or did not go on, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DevError {
    /// The environment.
    #[error("{0}: change the variable, or unset it")]
    Settings(#[from] SettingsError),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] latchkey_admin::NoRandomness),
    /// A port that another process has.
    #[error(
        "port {port} is taken: stop what listens there, or choose another with {flag} (0 takes a free one)"
    )]
    PortTaken {
        /// Which.
        port: u16,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// A port that the system does not give.
    #[error("cannot listen on port {port} ({error}): choose another with {flag}")]
    Port {
        /// Which.
        port: u16,
        /// The flag that sets it.
        flag: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// The folder.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database in it.
    #[error(
        "cannot open the database in {folder:?} ({what}): move it away, or choose another folder with --data"
    )]
    Database {
        /// The folder.
        folder: PathBuf,
        /// What the engine said first; the rest is for those who embed it.
        what: String,
    },
    /// The engine, in memory or serving.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The table.
    #[error("cannot make the table: {0}")]
    Table(#[from] StoreError),
    /// The demo.
    #[error("cannot prepare the demo: {0}")]
    Demo(#[from] DemoError),
    /// The system.
    #[error("{0}")]
    System(#[from] io::Error),
}
