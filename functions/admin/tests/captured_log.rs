//! What is logged on a test's own thread, at the finest level, by whatever crate.
//!
//! One subscriber for the whole process: those of single tests get in each other's way.

use std::{cell::RefCell, io, sync::Once};

use tracing_subscriber::{
    Layer as _, filter::dynamic_filter_fn, fmt, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

thread_local! {
    static CAPTURED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the thread's own log.
struct Captured;

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow_mut(|log| log.iter_mut().for_each(|log| log.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// To be called before anything is logged.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let captured = dynamic_filter_fn(|_, _| CAPTURED.with_borrow(Option::is_some));
        let lines = fmt::layer().with_writer(|| Captured).with_filter(captured);
        tracing_subscriber::registry().with(lines).init();
    });
}

/// From now on this thread's log is kept.
pub(crate) fn start() {
    CAPTURED.set(Some(Vec::new()));
}

/// What was logged since.
pub(crate) fn take() -> String {
    String::from_utf8(CAPTURED.take().unwrap_or_default()).unwrap()
}
