//! The end: Ctrl-C or SIGTERM.

use std::io;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Listens for both from now on.
pub(crate) fn on_signal() -> io::Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        sender.send_replace(true);
        // Held until the end: a closed channel would read as a stop that nobody asked for.
        sender.closed().await;
    });
    Ok(receiver)
}

/// Ends when the stop is asked for.
pub(crate) fn asked(stop: &watch::Receiver<bool>) -> impl Future<Output = ()> + Send + use<> {
    let mut stop = stop.clone();
    async move {
        // An error means that the sender is gone, and with it whoever could ask to go on.
        drop(stop.wait_for(|stop| *stop).await);
    }
}
