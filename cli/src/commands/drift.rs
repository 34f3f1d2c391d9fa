//! `latchkey drift`: where API Gateway was other than Latchkey had left it.

use super::{Cell, Machine, Options, Output, Session, column, say};
use crate::{
    client::{Drift, DriftFinding, Path},
    failure::{Failure, Status},
};

/// Where API Gateway was last found other than Latchkey had left it
///
/// Ends with 0 where nothing was found, with 1 where there are findings.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// # Errors
/// [`Failure`], also where there are findings.
pub(super) async fn run(arguments: Arguments, machine: Machine) -> Result<(), Failure> {
    let session = Session::open(&arguments.options, machine).await?;
    let answer = session.get(&Path::of(&["v1", "drift"])).await?;
    let drift: Drift = answer.read()?;
    match session.printer.output {
        Output::Json => session.printer.json(&answer.body)?,
        Output::Table if drift.findings.is_empty() => {}
        Output::Table | Output::Csv => {
            let columns = [
                column("KIND", "kind"),
                column("MENDED", "mended"),
                column("DETAIL", "detail"),
                column("PLAN", "planId"),
                column("KEY", "keyId"),
                column("AT API GATEWAY", "nativeId"),
            ];
            let rows = drift.findings.iter().map(row).collect();
            session.printer.rows(&columns, rows)?;
        }
    }
    say(&summary(&drift));
    if drift.total == 0 {
        return Ok(());
    }
    Err(Failure::new(Status::Refused, ""))
}

fn row(finding: &DriftFinding) -> Vec<Cell> {
    let mended = if finding.mended {
        Cell::Good("yes".to_owned())
    } else {
        Cell::Bad("no".to_owned())
    };
    vec![
        Cell::text(&finding.kind),
        mended,
        Cell::text(&finding.detail),
        Cell::of(finding.plan_id.as_ref(), Cell::text),
        Cell::of(finding.key_id.as_ref(), Cell::text),
        Cell::of(finding.native_id.as_ref(), Cell::text),
    ]
}

fn summary(drift: &Drift) -> String {
    let Some(scanned) = &drift.scanned_date else {
        return "The reconciler has not looked yet.".to_owned();
    };
    let scanned = Cell::instant(scanned).short();
    let told = drift.findings.len();
    match drift.total {
        0 => format!("Nothing was found at {scanned}."),
        total if u64::try_from(told) == Ok(total) => format!("{total} found at {scanned}."),
        total => format!("{total} found at {scanned}; the first {told} are told."),
    }
}
