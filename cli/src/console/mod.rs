//! `latchkey console`: the admin API in a browser, and the page of `latchkey dev` at `/`.
//!
//! Every page is rendered here, on this machine, from what the admin API answers; nothing is
//! kept, and nothing is asked of any other host. Who gets in is [`guard`]'s to say.

mod arguments;
mod audit;
mod chart;
mod fields;
mod form;
mod frame;
mod guard;
mod import;
mod key;
mod keys;
mod lines;
mod overview;
mod plan;
mod plans;
mod posted;
mod run;
mod search;
mod verify;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    middleware,
    routing::{get, post},
};
use latchkey_admin::{NoRandomness, Random};
use latchkey_domain::Clock;

use self::frame::Fault;
pub(crate) use self::{
    arguments::Arguments,
    guard::{Entry, Guard},
    overview::InProcess,
    run::run,
};
use crate::client::Client;

/// The largest body that is read: a table to import.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// What all pages are made of.
pub(crate) struct Console {
    /// The admin API.
    pub(crate) client: Client,
    /// The time.
    pub(crate) clock: Clock,
    /// For what is to be done once.
    pub(crate) random: Random,
    /// Who gets in.
    pub(crate) guard: Guard,
    /// What it shows, in words: an address, or `latchkey dev`.
    pub(crate) shows: String,
    /// What `latchkey dev` knows beside its admin API.
    pub(crate) here: Option<InProcess>,
}

type App = State<Arc<Console>>;
type Page = Result<axum::response::Response, Fault>;

impl Console {
    /// An `Idempotency-Key` for a form: sent twice, it does its work once.
    fn once(&self) -> Result<String, NoRandomness> {
        Ok(guard::hex(&self.random.bytes::<16>()?))
    }

    /// Today in UTC.
    fn today(&self) -> jiff::civil::Date {
        let now = self.clock.now().timestamp();
        jiff::tz::Offset::UTC.to_datetime(now).date()
    }
}

/// All pages, closed to whom [`guard`] does not admit.
pub(crate) fn router(console: Arc<Console>) -> Router {
    let guard = middleware::from_fn_with_state(Arc::clone(&console), guard::admit);
    Router::new()
        .route("/", get(overview::show))
        .route("/plans", get(plans::list).post(plan::edit::create))
        .route("/new-plan", get(plan::edit::blank))
        .route("/plans/{id}", get(plan::show))
        .route(
            "/plans/{id}/edit",
            get(plan::edit::show).post(plan::edit::save),
        )
        .route("/plans/{id}/attach", post(plan::attach))
        .route(
            "/plans/{id}/delete",
            get(plan::delete::ask).post(plan::delete::go),
        )
        .route("/keys", get(keys::list).post(key::edit::create))
        .route("/new-key", get(key::edit::blank))
        .route("/keys/{id}", get(key::show))
        .route(
            "/keys/{id}/edit",
            get(key::edit::show).post(key::edit::save),
        )
        .route("/keys/{id}/rotate", post(key::change::rotate))
        .route("/keys/{id}/switch", post(key::change::switch))
        .route("/keys/{id}/move", post(key::change::change_plan))
        .route("/keys/{id}/attach", post(key::change::attach))
        .route("/keys/{id}/detach", post(key::change::detach))
        .route("/keys/{id}/grant", post(key::change::grant))
        .route(
            "/keys/{id}/delete",
            get(key::delete::ask).post(key::delete::go),
        )
        .route("/verify", get(verify::blank).post(verify::ask))
        .route("/import", get(import::blank).post(import::send))
        .route("/audit", get(audit::list))
        .layer(guard)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(console)
}
