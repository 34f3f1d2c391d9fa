//! `latchkey tail`: decisions as they happen, a line each. They come from a `latchkey dev`, or
//! from the log of a stack's authorizer.

mod arguments;
mod decision;
mod dev;
mod log_group;
mod log_line;

use std::{
    io::{ErrorKind, Write},
    time::Duration,
};

use jiff::Timestamp;
use latchkey_domain::Clock;

pub(crate) use self::arguments::Arguments;
use self::{
    decision::{Decision, Sought},
    dev::Dev,
    log_group::LogGroup,
};
use crate::{
    client::{Client, Place},
    commands::say,
    failure::{Failure, Status},
};

/// Between two looks at a `latchkey dev`.
const DEV_PAUSE: Duration = Duration::from_millis(500);
/// Between two looks at a log: CloudWatch Logs takes five a second of an account (its quotas,
/// FilterLogEvents).
const LOG_PAUSE: Duration = Duration::from_secs(2);

/// Writes them to `to`, until Ctrl-C where more are waited for.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn run(
    arguments: &Arguments,
    clock: Clock,
    to: &mut impl Write,
) -> Result<(), Failure> {
    let now = clock.now().timestamp();
    let since = now.checked_sub(arguments.since).unwrap_or(Timestamp::MIN);
    let mut lines = Lines {
        to,
        sought: arguments.sought(),
        since,
    };
    let told = async {
        match arguments.target.place()? {
            Place::Stack(stack) => {
                let aws = arguments.target.aws(clock)?;
                let sought = &lines.sought;
                let group = LogGroup::of_stack(aws, &stack, sought, since).await?;
                of_log(group, arguments.follow, &mut lines).await
            }
            Place::Url(_) => of_dev(arguments, clock, &mut lines).await,
        }
    };
    tokio::select! {
        told = told => match told {
            // Nobody reads on, as of `| head`.
            Err(Ended::Unread) => Ok(()),
            Err(Ended::Failed(failure)) => Err(failure),
            Ok(()) => Ok(()),
        },
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn of_dev<W: Write>(
    arguments: &Arguments,
    clock: Clock,
    lines: &mut Lines<'_, W>,
) -> Result<(), Ended> {
    let admin = arguments.target.client(clock.clone()).await?;
    let root = admin.base().strip_suffix("/admin");
    let root = root.filter(|_| !admin.signs()).ok_or_else(|| {
        Failure::new(
            Status::Usage,
            "decisions stand in the authorizer's log, which the stack's name leads to: --stack NAME; those of `latchkey dev` are beside an address that ends with /admin",
        )
    })?;
    let mut dev = Dev::new(Client::new(root, None, clock));
    let (mut was_there, mut is_missed) = (false, false);
    loop {
        let came = match dev.next().await {
            // It is started anew, such as after a build.
            Err(failure) if was_there && failure.status == Status::NoAnswer => {
                if !is_missed {
                    say(&format!("latchkey: {failure}\nWaiting until it is back."));
                }
                is_missed = true;
                tokio::time::sleep(DEV_PAUSE).await;
                continue;
            }
            came => came?,
        };
        (was_there, is_missed) = (true, false);
        if came.missed > 0 {
            lines.say(&format!("({} more, too many to be kept)", came.missed))?;
        }
        lines.print(&came.decisions)?;
        if !arguments.follow {
            return Ok(());
        }
        tokio::time::sleep(DEV_PAUSE).await;
    }
}

async fn of_log<W: Write>(
    mut group: LogGroup,
    follow: bool,
    lines: &mut Lines<'_, W>,
) -> Result<(), Ended> {
    loop {
        let came = group.next().await?;
        lines.print(&came.decisions)?;
        match (came.more, follow) {
            (true, _) => {}
            (false, true) => tokio::time::sleep(LOG_PAUSE).await,
            (false, false) => return Ok(()),
        }
    }
}

/// Why no more is told.
enum Ended {
    Unread,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

struct Lines<'a, W> {
    to: &'a mut W,
    sought: Sought,
    since: Timestamp,
}

impl<W: Write> Lines<'_, W> {
    fn print(&mut self, decisions: &[Decision]) -> Result<(), Ended> {
        for decision in decisions {
            if decision.at >= self.since && self.sought.holds(decision) {
                self.say(&decision.to_string())?;
            }
        }
        Ok(())
    }

    fn say(&mut self, line: &str) -> Result<(), Ended> {
        let written = writeln!(self.to, "{line}").and_then(|()| self.to.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Ended::Unread,
            _ => Ended::Failed(Failure::new(Status::NoAnswer, error)),
        })
    }
}
