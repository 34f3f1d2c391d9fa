//! Chance, handed in: a test then knows every id and every key value.

use std::{fmt, sync::Arc};

/// The generator gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

type Fill = dyn Fn(&mut [u8]) -> Result<(), NoRandomness> + Send + Sync;

/// A source of random bytes: the operating system's generator, or a test's.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

impl Random {
    /// A source that fills what it is given by `fill`.
    pub fn new(
        fill: impl Fn(&mut [u8]) -> Result<(), NoRandomness> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(fill))
    }

    /// Random bytes.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        (self.0)(&mut bytes)?;
        Ok(bytes)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}
