//! `latchkey verify`: would this call pass, and if not, why.

use serde_json::{Value, json};

use super::{
    Cell, Machine, Options, Output, Session, column,
    output::Detail,
    parsing::{StageName, stage},
    value::Given,
};
use crate::{
    client::{Path, Verified},
    failure::{Failure, Status},
};

/// Would this call pass, and if not, why? Nothing is charged
///
/// The key's value comes from standard input (--value -), a file, or the environment variable
/// LATCHKEY_KEY. Ends with 0 where the call would be let through, with 1 where it would not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey verify GET /orders/42 --api-stage a1b2c3d4e5:prod --value-file ann.key
  LATCHKEY_KEY=$key latchkey verify POST /orders --api-stage a1b2c3d4e5:prod --source-ip 198.51.100.7")]
pub(crate) struct Arguments {
    /// The call's method
    method: String,
    /// Its path, without the stage and without a query
    path: String,
    /// The API and the stage that are called
    #[arg(long, value_name = "API:STAGE", value_parser = stage)]
    api_stage: StageName,
    /// The caller's address; without one a key with --allowed-ip does not pass
    #[arg(long, value_name = "ADDRESS")]
    source_ip: Option<String>,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    options: Options,
}

/// The environment variable with a key's value.
const VARIABLE: &str = "LATCHKEY_KEY";

/// # Errors
/// [`Failure`], also where the call would be refused.
pub(super) async fn run(arguments: Arguments, machine: Machine) -> Result<(), Failure> {
    let value = match arguments.given.read()? {
        Some(value) => value,
        None => std::env::var(VARIABLE).map_err(|_| {
            let message = format!(
                "which key? `--value -` reads its value from standard input, `--value-file FILE` from a file, and {VARIABLE} is read from the environment"
            );
            Failure::new(Status::Usage, message)
        })?,
    };
    let session = Session::open(&arguments.options, machine).await?;
    let mut call = json!({
        "value": value,
        "apiId": arguments.api_stage.api_id,
        "stage": arguments.api_stage.stage,
        "method": arguments.method.to_uppercase(),
        "path": arguments.path,
    });
    if let Some(address) = arguments.source_ip {
        call["sourceIp"] = Value::from(address);
    }
    let path = Path::of(&["v1", "verify"]);
    let answer = session.client.send(http::Method::POST, &path, Some(&call));
    let answer = answer.await?;
    let verified: Verified = answer.read()?;
    match session.printer.output {
        Output::Json => session.printer.json(&answer.body)?,
        Output::Csv => print_checks(&session, &verified)?,
        Output::Table => {
            session.printer.details(details(&verified))?;
            super::print("\n")?;
            print_checks(&session, &verified)?;
        }
    }
    if verified.decision == "allow" {
        return Ok(());
    }
    Err(Failure::new(Status::Refused, ""))
}

fn print_checks(session: &Session, verified: &Verified) -> Result<(), Failure> {
    let rows = verified.checks.iter().map(|check| {
        let outcome = check.outcome.clone();
        let outcome = match outcome.as_str() {
            "pass" => Cell::Good(outcome),
            "fail" => Cell::Bad(outcome),
            _ => Cell::Text(outcome),
        };
        vec![Cell::text(&check.name), outcome]
    });
    let columns = [column("CHECK", "name"), column("OUTCOME", "outcome")];
    session.printer.rows(&columns, rows.collect())
}

fn details(verified: &Verified) -> Vec<Detail> {
    let decision = verified.decision.clone();
    let decision = match decision.as_str() {
        "allow" => Cell::Good(decision),
        _ => Cell::Bad(decision),
    };
    let former = verified.previous_value.unwrap_or_default();
    let retry = verified.retry_after.map(|seconds| format!("{seconds} s"));
    let left = verified.quota_remaining.map(|left| left.to_string());
    vec![
        ("DECISION", decision),
        ("REASON", Cell::of(verified.reason.as_ref(), Cell::text)),
        ("KEY", Cell::of(verified.key_id.as_ref(), Cell::text)),
        ("PLAN", Cell::of(verified.plan_id.as_ref(), Cell::text)),
        (
            "VALUE",
            Cell::of(former.then_some("a former one"), Cell::text),
        ),
        ("QUOTA LEFT", Cell::of(left, Cell::text)),
        ("RETRY AFTER", Cell::of(retry, Cell::text)),
    ]
}
