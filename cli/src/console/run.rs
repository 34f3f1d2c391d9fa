//! `latchkey console`, from the flags to the end.

use std::{
    io::{self, Write as _},
    net::Ipv4Addr,
    sync::Arc,
};

use latchkey_admin::Random;
use latchkey_domain::Clock;
use tokio::net::TcpListener;

use super::{Arguments, Console, Entry, Guard, router};
use crate::{
    dev::stop,
    failure::{Failure, Status},
};

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn run(arguments: Arguments, clock: Clock, random: Random) -> Result<(), Failure> {
    let client = arguments.target.client(clock.clone()).await?;
    let failed = |error: &dyn std::fmt::Display| Failure::new(Status::NoAnswer, error);
    let port = arguments.port;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(|error| {
        let text = format!("cannot listen on port {port} ({error}): choose another with --port");
        Failure::new(Status::Usage, text)
    })?;
    let asked_to_stop = stop::on_signal().map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let guard = Guard::new(Entry::Token, address.port(), &random);
    let console = Arc::new(Console {
        shows: client.base().to_owned(),
        client,
        clock,
        random,
        guard: guard.map_err(|error| failed(&error))?,
        here: None,
    });
    announce(&console);
    axum::serve(listener, router(console))
        .with_graceful_shutdown(stop::asked(&asked_to_stop))
        .await
        .map_err(|error| failed(&error))
}

/// To standard output, which is all that ever sees the token.
fn announce(console: &Console) {
    let text = format!(
        "The console of {} is on this address, for you alone; Ctrl-C ends it:\n\n{}\n\n",
        console.shows,
        console.guard.address()
    );
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
