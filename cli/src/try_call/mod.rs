//! `latchkey try`: the answer to a customer who asks why his call is refused, on one screen. The
//! admin API decides (`POST /v1/verify`, which charges nothing); here it is put in plain words.

mod arguments;
mod asked;
mod report;
mod words;

use std::io::{Read, Write};

use http::Method;
use latchkey_domain::Clock;

pub(crate) use self::arguments::Arguments;
use self::{arguments::Output, asked::Asked, report::Report};
use crate::{
    client::{Client, Key, Path, Plan, Verified},
    failure::{Failure, Status},
};

/// Asks and writes what it was told to `to`; a key that is given as `-` is read from `from`.
///
/// # Errors
/// [`Failure`]; [`Status::Refused`] without a message where the call would be denied.
pub(crate) async fn run(
    arguments: &Arguments,
    clock: Clock,
    from: &mut impl Read,
    to: &mut impl Write,
) -> Result<(), Failure> {
    let client = arguments.target.client(clock.clone()).await?;
    let asked = Asked::new(arguments, !client.signs(), from)?;
    let verify = Path::of(&["v1", "verify"]);
    let answer = client
        .send(Method::POST, &verify, Some(&asked.body()))
        .await?;
    let verified: Verified = answer.read()?;
    let text = match arguments.output {
        Output::Json => format!("{}\n", answer.body.trim_end()),
        Output::Text => {
            let (key, plan) = more_of(&client, &verified).await;
            let report = Report {
                asked: &asked,
                verified: &verified,
                key: key.as_ref(),
                plan: plan.as_ref(),
                now: clock.now().timestamp(),
            };
            report.to_string()
        }
    };
    // Where nobody reads on, the exit status still tells.
    drop(to.write_all(text.as_bytes()).and_then(|()| to.flush()));
    match verified.decision.as_str() {
        "allow" => Ok(()),
        _ => Err(Failure::new(Status::Refused, "")),
    }
}

/// The key and its plan, where the caller may see them: what was decided is told without them too.
async fn more_of(client: &Client, verified: &Verified) -> (Option<Key>, Option<Plan>) {
    let (mut key, mut plan) = (None, None);
    if let Some(id) = &verified.key_id {
        key = client.get(&Path::of(&["v1", "keys", id])).await.ok();
    }
    if let Some(id) = &verified.plan_id {
        plan = client.get(&Path::of(&["v1", "plans", id])).await.ok();
    }
    (key, plan)
}
