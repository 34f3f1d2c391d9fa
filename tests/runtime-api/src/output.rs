//! All that a process prints.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::JoinHandle,
};

/// What came so far on both of a process's outputs, in the order in which it was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// Reads until the process closes it.
    pub(crate) fn collect(
        &self,
        mut from: impl AsyncRead + Unpin + Send + 'static,
    ) -> JoinHandle<()> {
        let output = self.clone();
        tokio::spawn(async move {
            let mut chunk = vec![0; 8 * 1024];
            while let Ok(read) = from.read(&mut chunk).await {
                let Some(read) = chunk.get(..read).filter(|read| !read.is_empty()) else {
                    break;
                };
                output.bytes().extend_from_slice(read);
            }
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
