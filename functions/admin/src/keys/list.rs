//! `GET /v1/keys`: the keys in the order of their creation, in pages.
//!
//! The filters are told in [`super::filters`], and all that are given must hold. A page may
//! be short, or empty, and still have a cursor: a request looks at a bounded number of keys.
//!
//! The list comes from an index, so that a key that has just been made or changed may be
//! missing or old for a moment; and without `lastUsedDate`, which would cost a read a key,
//! but where `unusedSince` has it looked for.

use axum::{Json, extract::State};

use super::{filters::KeysAsked, view::KeyView, walk};
use crate::{AdminState, paging::PageView, parameters::Query, problem::Problem, usage::today};

/// # Errors
/// [`Problem::Invalid`] for a cursor of another list or of other filters, and for a day that
/// is yet to come.
pub(crate) async fn list(
    State(state): State<AdminState>,
    Query(asked): Query<KeysAsked>,
) -> Result<Json<PageView<KeyView>>, Problem> {
    let now = state.clock.now();
    asked.filters.refuse_days_to_come(today(now.wall))?;
    let page = walk::page(&state, &asked, now.timestamp()).await?;
    Ok(Json(PageView::of(page, |view| view)))
}
