//! Importing a table of keys: looked at first, then written, with a report line by line.

use std::sync::Arc;

use askama::Template;
use axum::{Extension, extract::State, http::Method};

use super::{
    App, Console, Page,
    form::{Form, wrong},
    frame::{Frame, html},
    posted::Posted,
    words::{self, count, thousands},
};
use crate::client::{ClientError, FieldError, ImportReport, Path, Query};

const NAMES: &[&str] = &["/table"];

#[derive(Template)]
#[template(path = "console/import.html")]
struct ImportPage {
    frame: Frame,
    form: Form,
    /// What is wrong line by line, where nothing was written for it.
    wrong: Vec<FieldError>,
    report: Option<ImportReport>,
    once: String,
}

/// GET /import
pub(super) async fn blank(State(console): App) -> Page {
    page(
        &console,
        Form::new(NAMES, Posted::default()),
        Vec::new(),
        None,
    )
}

/// POST /import
pub(super) async fn send(State(console): App, Extension(posted): Extension<Posted>) -> Page {
    let table = posted.given("file").or(posted.given("/table"));
    // The keys' values are in it: it is sent on, and comes back in no page.
    let kept = [("mode", posted.text("mode").to_owned())];
    let kept: Posted = kept.into_iter().collect();
    match sent(&console, &posted, table).await {
        Ok(report) => page(&console, Form::new(NAMES, kept), Vec::new(), Some(report)),
        Err(ClientError::Refused(mut problem)) => {
            let (lines, others) = problem
                .errors
                .drain(..)
                .partition(|error| error.line.is_some());
            problem.errors = others;
            let error = ClientError::Refused(problem);
            page(&console, Form::refused(NAMES, kept, &error), lines, None)
        }
        Err(error) => page(
            &console,
            Form::refused(NAMES, kept, &error),
            Vec::new(),
            None,
        ),
    }
}

async fn sent(
    console: &Console,
    posted: &Posted,
    table: Option<&str>,
) -> Result<ImportReport, ClientError> {
    let table = table.ok_or_else(|| wrong("/table", "Choose a file, or paste a table."))?;
    let mode = posted.text("mode");
    let query = Query::default()
        .with("dryRun", (mode == "look").then_some(true))
        .with("onError", (mode == "valid").then_some("valid"));
    let headers = [
        ("content-type", "text/csv"),
        ("idempotency-key", posted.text("once")),
    ];
    let path = Path::of(&["v1", "import"]).with(&query);
    let answer = console
        .client
        .send_with(Method::POST, &path, &headers, table.to_owned());
    answer.await?.read()
}

fn page(
    console: &Arc<Console>,
    form: Form,
    wrong: Vec<FieldError>,
    report: Option<ImportReport>,
) -> Page {
    let status = form.status();
    let shown = ImportPage {
        frame: Frame::of(console, "/import", "Import keys"),
        form,
        wrong,
        report,
        once: console.once()?,
    };
    Ok(html(status, &shown))
}

impl ImportPage {
    fn says(&self, report: &ImportReport) -> String {
        let rows = count(report.rows, "row", "rows");
        let (made, there) = (thousands(report.created), thousands(report.existing));
        let (wrong, not) = (thousands(report.invalid), thousands(report.not_written));
        if report.dry_run {
            return format!(
                "{rows} looked at, nothing written: {not} would be written, {there} are there, {wrong} are wrong."
            );
        }
        format!("{rows}: {made} made, {there} were there, {wrong} wrong, {not} not written.")
    }

    fn has_values(&self, report: &ImportReport) -> bool {
        report.items.iter().any(|row| row.value.is_some())
    }

    fn word<'a>(&self, status: &'a str, dry_run: &bool) -> &'a str {
        match status {
            "created" => "made",
            "exists" => "was there",
            "invalid" => "wrong",
            "notWritten" if *dry_run => "would be written",
            "notWritten" => "not written",
            other => other,
        }
    }
}
