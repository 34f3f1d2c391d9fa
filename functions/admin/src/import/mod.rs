//! `POST /v1/import`: makes the keys of a table (text/csv), and says of each row what became
//! of it.
//!
//! [`table`] reads the form, [`candidate`] each row, [`checks`] hold all of them against each
//! other and what is there, and only then [`writing`] begins. A row is written whole or not at
//! all, and one whose key is there changes nothing but the plans that it names beside: so a
//! call that was cut off anywhere is made again with the same table. (A row without a value of
//! its own gets another one then.) What API Gateway is to have of the keys is left to the
//! reconciler.

mod candidate;
mod checks;
mod columns;
mod line;
mod report;
mod table;
mod writing;

use axum::{Json, extract::State};
use tokio::time::Instant;

use self::{
    candidate::Candidate,
    checks::{Plans, judge, refuse_duplicates},
    line::{Line, Standing},
    report::{Report, Wrong},
    table::Row,
    writing::Writing,
};
use crate::{
    AdminState,
    body::CsvBody,
    caller::Caller,
    faults::Faults,
    parameters::{FromParameters, Parameters, Query},
    problem::Problem,
};

pub(crate) use columns::Column;

/// How a table is imported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// `onError`: what is written where a row is wrong.
    on_error: OnError,
    /// `dryRun`: nothing is written, only told.
    dry_run: bool,
}

/// What is written where a row is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnError {
    /// Nothing.
    None,
    /// The rows that are right.
    Valid,
}

impl FromParameters for How {
    fn read(parameters: &mut Parameters) -> Self {
        let on_error = parameters.take("onError", |text| match text {
            "none" => Ok(OnError::None),
            "valid" => Ok(OnError::Valid),
            _ => Err("must be none or valid".to_owned()),
        });
        Self {
            on_error: on_error.unwrap_or(OnError::None),
            dry_run: parameters.take_flag("dryRun"),
        }
    }
}

/// # Errors
/// [`Problem::Invalid`] where the table cannot be read, and, unless the valid rows are to be
/// written, for all rows that are wrong; [`Problem::BodyTooLarge`]; the store's, where nothing
/// was written.
pub(crate) async fn import(
    State(state): State<AdminState>,
    caller: Caller,
    Query(how): Query<How>,
    table: CsvBody,
) -> Result<Json<Report>, Problem> {
    let begun = Instant::now();
    let mut lines = lines(&state, table::read(table.text()?)?)?;
    refuse_duplicates(&mut lines);
    let mut plans = Plans::default();
    judge(&state, &mut lines, &mut plans).await?;
    if !how.dry_run {
        if how.on_error == OnError::None {
            refuse_wrong(&lines)?;
        }
        let mut writing = Writing {
            state: &state,
            caller: &caller,
            begun,
            plans,
            under_way: None,
        };
        writing.write(&mut lines).await?;
    }
    let items = lines.into_iter().map(Line::told).collect();
    Ok(Json(Report::of(items, how.dry_run)))
}

fn lines(state: &AdminState, rows: Vec<Row>) -> Result<Vec<Line>, Problem> {
    let now = state.clock.now().timestamp();
    let mut lines = Vec::with_capacity(rows.len());
    for (place, row) in rows.into_iter().enumerate() {
        let number = row.line;
        let (candidate, standing) = match Candidate::read(state, row, (place, now)) {
            Ok(candidate) => (Some(candidate), Standing::New),
            Err(Problem::Invalid(faults)) => (None, Standing::Wrong(Wrong::all_of(&faults))),
            Err(problem) => return Err(problem),
        };
        lines.push(Line {
            number,
            candidate,
            standing,
            attached: Vec::new(),
        });
    }
    Ok(lines)
}

/// # Errors
/// [`Problem::Invalid`] with each fault at its line.
fn refuse_wrong(lines: &[Line]) -> Result<(), Problem> {
    let mut faults = Faults::default();
    for line in lines {
        if let Standing::Wrong(wrong) = &line.standing {
            for wrong in wrong {
                faults.push(wrong.at_line(line.number));
            }
        }
    }
    Ok(faults.or(())?)
}
