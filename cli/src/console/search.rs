//! A list that is searched by the admin API's own parameters, a page at a time.

use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::{Console, form::Form, plans::param, posted::Posted};
use crate::client::{ClientError, Page, Path, Query};

const SHOWN: u16 = 25;

/// A page of what was found.
pub(super) struct Found<T> {
    pub(super) items: Vec<T>,
    /// What was searched for, as it was typed.
    pub(super) form: Form,
    /// Whether anything was.
    pub(super) searched: bool,
    /// Why nothing is shown: what was searched for is refused.
    pub(super) wrong: Option<String>,
    pub(super) status: StatusCode,
    /// The address of the next page.
    pub(super) next: Option<String>,
    /// The address of the first page, on those after it.
    pub(super) first: Option<String>,
}

/// Searches the list that has the same name, `part`, here and in the admin API.
///
/// # Errors
/// [`ClientError`], but for what is wrong with the search.
pub(super) async fn search<T: DeserializeOwned>(
    console: &Console,
    part: &str,
    names: &'static [&'static str],
    query: Option<&str>,
) -> Result<Found<T>, ClientError> {
    let given = |name: &'static str| param(query, name);
    let filters = names.iter().fold(Query::default(), |query, name| {
        query.with(name, given(name))
    });
    let page_of = |query: &Query| Path::of(&[part]).with(query).to_string();
    let cursor = given("cursor");
    let first = cursor.is_some().then(|| page_of(&filters));
    let asked = filters.clone().with("limit", Some(SHOWN));
    let path = Path::of(&["v1", part]).with(&asked.with("cursor", cursor));
    let (page, wrong, status) = match console.client.get::<Page<T>>(&path).await {
        Ok(page) => (page, None, StatusCode::OK),
        Err(ClientError::Refused(problem)) if problem.status == 400 => {
            let (items, cursor) = (Vec::new(), None);
            let none = Page { items, cursor };
            (none, Some(problem.to_string()), StatusCode::BAD_REQUEST)
        }
        Err(error) => return Err(error),
    };
    let fields = names.iter().filter_map(|name| Some((*name, given(name)?)));
    let searched = filters != Query::default();
    let next = page
        .cursor
        .map(|cursor| page_of(&filters.with("cursor", Some(cursor))));
    Ok(Found {
        items: page.items,
        form: Form::new(names, fields.collect::<Posted>()),
        searched,
        wrong,
        status,
        next,
        first,
    })
}
