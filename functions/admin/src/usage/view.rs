//! Usage as it is answered: API Gateway's shape.

use std::collections::BTreeMap;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::header::LINK;
use jiff::{ToSpan as _, civil::Date};
use serde::Serialize;

use super::days::{Days, date_of};
use crate::{
    accept::Format,
    csv::{self, Cell},
    problem::Problem,
};

/// Units used on a day, and what was left of the quota at its end; null without a quota.
pub(super) type DayView = (i64, Option<u64>);

/// Use of a plan by its keys, or of a key on its plans.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageView {
    #[serde(flatten)]
    of: Of,
    start_date: Date,
    end_date: Date,
    /// A day each from start to end, by keyId; for a key by planId.
    values: BTreeMap<String, Vec<DayView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// What the values' names are: a table's first column.
    #[serde(skip)]
    by: &'static str,
}

/// Whose.
#[derive(Debug, Serialize)]
pub(super) enum Of {
    #[serde(rename = "planId")]
    Plan(String),
    #[serde(rename = "keyId")]
    Key(String),
}

impl UsageView {
    pub(super) fn new(of: Of, days: Days, values: BTreeMap<String, Vec<DayView>>) -> Self {
        let by = match of {
            Of::Plan(_) => "keyId",
            Of::Key(_) => "planId",
        };
        Self {
            of,
            by,
            start_date: date_of(days.first),
            end_date: date_of(days.last),
            values,
            cursor: None,
        }
    }

    /// The same with the cursor of the next page.
    pub(super) fn with_cursor(self, cursor: Option<String>) -> Self {
        Self { cursor, ..self }
    }

    /// The same with values by something else than keys, or, of a key, plans.
    pub(super) fn by(self, by: &'static str) -> Self {
        Self { by, ..self }
    }

    /// The answer to a request with this query. A table has no place for the cursor: it is in
    /// a `Link` to the next page (RFC 8288), relative to the request's own address.
    ///
    /// # Errors
    /// [`Problem::Internal`] where the table cannot be written.
    pub(super) fn answer(self, format: Format, query: Option<&str>) -> Result<Response, Problem> {
        match format {
            Format::Json => Ok(Json(self).into_response()),
            Format::Csv => {
                let table = csv::answer(self.table()?);
                Ok(match self.next(query.unwrap_or_default()) {
                    Some(link) => ([(LINK, link)], table).into_response(),
                    None => table,
                })
            }
        }
    }

    /// A row for each day of each name.
    fn table(&self) -> Result<Vec<u8>, Problem> {
        let rows = self.values.iter().flat_map(|(name, days)| {
            let dates = self.start_date.series(1.day());
            dates.zip(days).map(move |(date, (used, remaining))| {
                let left = remaining.map_or(Cell::Empty, |left| Cell::Number(left.into()));
                [
                    Cell::text(name),
                    Cell::text(date.to_string()),
                    Cell::Number((*used).into()),
                    left,
                ]
            })
        });
        Ok(csv::table(&[self.by, "date", "used", "remaining"], rows)?)
    }

    /// The link to the next page: of the same days, also where today was meant and is over.
    fn next(&self, query: &str) -> Option<String> {
        let cursor = self.cursor.as_ref()?;
        let kept = form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| !["startDate", "endDate", "cursor"].contains(&name.as_ref()));
        let next = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("startDate", &self.start_date.to_string())
            .append_pair("endDate", &self.end_date.to_string())
            .append_pair("cursor", cursor)
            .finish();
        Some(format!("<?{next}>; rel=\"next\""))
    }
}
