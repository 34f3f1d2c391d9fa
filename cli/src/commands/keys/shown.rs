//! A key with its value, which is answered this once: to standard output or to a file, and
//! never anywhere else.

use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{
        Cell, Output, Session, column,
        output::{print_once, say},
        value::ValueFile,
    },
    view,
};
use crate::{
    client::{Answer, Shown, read},
    failure::Failure,
};

/// What is told beside the key.
#[derive(Deserialize)]
struct Beside {
    /// Why calls with it would be refused as it is.
    notice: Option<String>,
}

/// The value to `to`, else to standard output.
///
/// # Errors
/// Where the value was not written; what to do then is said.
pub(super) fn print(
    session: &Session,
    answer: &Answer,
    to: Option<ValueFile>,
) -> Result<(), Failure> {
    let shown: Shown = answer.read()?;
    let id = &shown.key.id;
    let lost = |failure: Failure| {
        let message = format!(
            "{failure}: the value of {id} is lost; `latchkey keys rotate {id}` makes another"
        );
        Failure::new(failure.status, message)
    };
    if let Some(mut to) = to {
        to.append(&shown.value).map_err(lost)?;
        print_without_value(session, answer)?;
        say(&format!(
            "The value of {id} is in {to}: it is shown this once."
        ));
        return Ok(());
    }
    notice(answer)?;
    say(&format!(
        "The value of {id} is on standard output, this once: only its hash is kept."
    ));
    let text = match session.printer.output {
        Output::Table => format!("{}\n", shown.value),
        Output::Json => session.printer.text_of_json(&answer.body)?,
        Output::Csv => with_value(session, &shown)?,
    };
    print_once(&text).map_err(lost)
}

/// The key alone.
///
/// # Errors
/// Where the answer is none, or cannot be printed.
pub(super) fn print_without_value(session: &Session, answer: &Answer) -> Result<(), Failure> {
    notice(answer)?;
    let mut key: Value = answer.read()?;
    if let Some(fields) = key.as_object_mut() {
        fields.remove("value");
    }
    let answer = Answer {
        body: key.to_string(),
        ..answer.clone()
    };
    view::print(session, &answer)
}

fn notice(answer: &Answer) -> Result<(), Failure> {
    let beside: Beside = read(&answer.body)?;
    if let Some(notice) = beside.notice {
        say(&format!("Notice: {notice}"));
    }
    Ok(())
}

fn with_value(session: &Session, shown: &Shown) -> Result<String, Failure> {
    let sheet = view::sheet(session);
    let mut columns = sheet.columns;
    let mut row = (sheet.row)(&shown.key);
    columns.push(column("VALUE", "value"));
    row.push(Cell::text(&shown.value));
    session.printer.text_of_rows(&columns, vec![row])
}
