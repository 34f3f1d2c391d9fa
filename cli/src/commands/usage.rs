//! `latchkey usage`: units by day, and what is left of a quota.

use std::collections::BTreeMap;

use http::Method;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{
    Cell, Column, Machine, Options, Output, Session, column,
    options::{Condition, Listing},
    pages::MAX_PAGE,
};
use crate::{
    client::{ClientError, Path, Plan, Query, Usage},
    failure::Failure,
};

/// What was used by day, and what is left
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    operation: Operation,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Subcommand)]
enum Operation {
    Show(Show),
    Grant(Grant),
}

/// Show the use of a plan by its keys, or of a key by its plans
///
/// On a plan with scope customer it is told by customers. Days are UTC's; REMAINING is what was
/// left at the end of the day, for today what is left now.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey usage show --plan gold --start-date 2026-11-01 --end-date 2026-11-30 --output csv
  latchkey usage show --key key_5gHXWJaVoGxMBrDn")]
#[command(group = clap::ArgGroup::new("whose").required(true).multiple(true).args(["plan", "key"]))]
struct Show {
    /// The plan; with --key that key's use of it alone
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
    /// The key
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// One customer alone, on a plan with scope customer
    #[arg(long, value_name = "ID", requires = "plan", conflicts_with = "key")]
    customer_id: Option<String>,
    /// The first day; today unless given
    #[arg(long, value_name = "DATE")]
    start_date: Option<String>,
    /// The last day, inclusive; today unless given
    #[arg(long, value_name = "DATE")]
    end_date: Option<String>,
    #[command(flatten)]
    listing: Listing,
}

/// Set what is left of a key's quota, for the rest of the period
///
/// More than the plan's limit, too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  latchkey usage grant gold key_5gHXWJaVoGxMBrDn --remaining 5000")]
struct Grant {
    /// The plan's id
    plan: String,
    /// The key's id
    key: String,
    /// Units
    #[arg(long, value_name = "NUMBER")]
    remaining: u64,
}

/// # Errors
/// [`Failure`].
pub(super) async fn run(arguments: Arguments, machine: Machine) -> Result<(), Failure> {
    let session = Session::open(&arguments.options, machine).await?;
    match arguments.operation {
        Operation::Show(arguments) => show(&session, &arguments).await,
        Operation::Grant(arguments) => grant(&session, &arguments).await,
    }
}

async fn show(session: &Session, arguments: &Show) -> Result<(), Failure> {
    let (words, of_key) = match (&arguments.plan, &arguments.key) {
        (Some(plan), key) => (["v1", "plans", plan, "usage"], key.as_ref()),
        (None, key) => {
            let key = key.as_deref().unwrap_or_default();
            (["v1", "keys", key, "usage"], None)
        }
    };
    let filters = Query::default()
        .with("startDate", arguments.start_date.as_ref())
        .with("endDate", arguments.end_date.as_ref())
        .with("keyId", of_key)
        .with("customerId", arguments.customer_id.as_ref());
    let told = pages(session, &words, &filters, arguments.listing).await?;
    if session.printer.output == Output::Json {
        return session.printer.json(&told.to_string());
    }
    let named = match &arguments.plan {
        Some(plan) => names_on(session, plan).await?,
        None => column("PLAN", "planId"),
    };
    print(session, named, &told)
}

/// All pages as one.
async fn pages(
    session: &Session,
    words: &[&str],
    filters: &Query,
    listing: Listing,
) -> Result<Value, Failure> {
    let mut all: Option<Value> = None;
    let mut cursor: Option<String> = None;
    let mut left = listing.limit.unwrap_or(u64::MAX);
    loop {
        let query = filters.clone().with("limit", Some(left.min(MAX_PAGE)));
        let path = Path::of(words).with(&query.with("cursor", cursor));
        let mut page: Value = session.client.get(&path).await?;
        let mut taken = 0_u64;
        cursor = page
            .as_object_mut()
            .and_then(|page| page.remove("cursor"))
            .and_then(|cursor| cursor.as_str().map(str::to_owned));
        if let Some(values) = page.get("values").and_then(Value::as_object) {
            taken = u64::try_from(values.len()).unwrap_or(u64::MAX);
        }
        left = left.saturating_sub(taken);
        match &mut all {
            None => all = Some(page),
            Some(all) => {
                let more = page.get_mut("values").and_then(Value::as_object_mut);
                let values = all.get_mut("values").and_then(Value::as_object_mut);
                if let (Some(values), Some(more)) = (values, more) {
                    values.append(more);
                }
            }
        }
        if cursor.is_none() || left == 0 {
            return Ok(all.unwrap_or_default());
        }
    }
}

/// Whose use it is that a plan's report names.
async fn names_on(session: &Session, plan: &str) -> Result<Column, Failure> {
    let plan: Plan = session
        .client
        .get(&Path::of(&["v1", "plans", plan]))
        .await?;
    Ok(match plan.scope.as_str() {
        "customer" => column("CUSTOMER", "customerId"),
        _ => column("KEY", "keyId"),
    })
}

async fn grant(session: &Session, arguments: &Grant) -> Result<(), Failure> {
    let Grant {
        plan,
        key,
        remaining,
    } = arguments;
    let path = Path::of(&["v1", "plans", plan, "keys", key, "usage"]);
    let body = json!({"remaining": remaining});
    let always = Condition::default();
    let answer = session.change(Method::PATCH, &path, &always, Some(&body));
    let answer = answer.await?;
    if session.printer.output == Output::Json {
        return session.printer.json(&answer.body);
    }
    print(session, names_on(session, plan).await?, &answer.read()?)
}

fn print(session: &Session, named: Column, told: &Value) -> Result<(), Failure> {
    let usage: Usage = serde_json::from_value(told.clone()).map_err(|error| {
        Failure::from(ClientError::Unreadable {
            line: error.line(),
            column: error.column(),
        })
    })?;
    let columns = [
        named,
        column("DATE", "date"),
        column("USED", "used"),
        column("REMAINING", "remaining"),
    ];
    session.printer.rows(&columns, rows(&usage))
}

/// A row a day, of each name.
fn rows(usage: &Usage) -> Vec<Vec<Cell>> {
    let first: Option<Date> = usage.start_date.parse().ok();
    let days = |count: usize| {
        let next = |day: &Date| day.tomorrow().ok();
        std::iter::successors(first, next).take(count)
    };
    let mut rows = Vec::new();
    let values: &BTreeMap<_, _> = &usage.values;
    for (name, used) in values {
        for (day, (used, remaining)) in days(used.len()).zip(used) {
            rows.push(vec![
                Cell::text(name),
                Cell::instant(day.to_string()),
                Cell::number(used),
                Cell::of(*remaining, Cell::number),
            ]);
        }
    }
    rows
}
