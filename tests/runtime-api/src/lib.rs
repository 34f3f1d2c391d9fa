//! A small Lambda Runtime API server that drives a function's own binary.
//!
//! A test starts the binary that would be deployed, with an environment of its own, hands it
//! events and gets what it answers, byte for byte as Lambda would. All that the process
//! prints is kept, so that a test can search it. Every wait has an end.
//!
//! ```no_run
//! # async fn example() -> Result<(), latchkey_runtime_api::FunctionError> {
//! use latchkey_runtime_api::Function;
//!
//! let function = Function::start("target/debug/authorizer", [("TABLE_NAME", "keys")]).await?;
//! let answer = function.invoke(r#"{"type": "TOKEN"}"#).await?;
//! let ended = function.stop().await?;
//! # Ok(())
//! # }
//! ```

mod extensions;
mod function;
mod output;
mod server;

pub use extensions::Extension;
pub use function::{Ended, Function, FunctionError};
pub use server::Answer;
