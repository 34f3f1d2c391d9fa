//! A page of the keys that are asked for. What no index tells is looked for key by key; a
//! request looks at so many, and tells with a cursor where the next one goes on, whether it
//! has found anything or not. What it costs so does not grow with the number of keys.

use jiff::Timestamp;
use latchkey_store::{BadCursor, Cursor, KeyList, KeyRecord, Page};

use super::{filters::KeysAsked, found::Found, unused, view::KeyView};
use crate::{AdminState, faults::Fault, paging::Paging, problem::Problem};

/// How many keys a request looks at, and how many of them at once at the most.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    keys: u16,
    at_once: u16,
}

/// By what a key costs: one item; with those of a plan its attachment too; and of the meters
/// each key's own query.
fn bounds(asked: &KeysAsked) -> Bounds {
    let (keys, at_once) = match (asked.filters.unused_since(), asked.filters.list()) {
        (Some(_), _) => (200, 100),
        (None, KeyList::OnPlan(_)) => (500, 250),
        (None, _) => (1_000, 250),
    };
    Bounds { keys, at_once }
}

/// Bytes of a page's items: Lambda passes on 6 MB, in which each quote is two.
const MOST_BYTES: usize = 3_000_000;

/// A page in the making.
#[derive(Default)]
struct Filling {
    views: Vec<KeyView>,
    bytes: usize,
    last: Option<Cursor>,
}

impl Filling {
    /// Takes what was found, as long as there is room; whether all of it was taken.
    fn take(&mut self, found: Vec<Found>, limit: usize) -> bool {
        for key in found {
            let view = key.view();
            let bytes = serde_json::to_vec(&view).map_or(0, |json| json.len());
            let full = self.views.len() == limit || self.bytes + bytes > MOST_BYTES;
            if full && !self.views.is_empty() {
                return false;
            }
            self.bytes += bytes;
            self.views.push(view);
            self.last = Some(key.cursor);
        }
        true
    }
}

/// The page that is asked for.
///
/// # Errors
/// [`Problem::Invalid`] for a cursor of another list or of other filters; the store's.
pub(super) async fn page(
    state: &AdminState,
    asked: &KeysAsked,
    now: Timestamp,
) -> Result<Page<KeyView>, Problem> {
    let digest = asked.filters.digest();
    let mut cursor = whole(&asked.paging, digest.as_deref())?;
    let limit = asked.paging.limit;
    let Bounds {
        keys: mut left,
        at_once,
    } = bounds(asked);
    let mut next = limit.min(at_once);
    let mut filling = Filling::default();
    while left > 0 {
        let count = next.min(left);
        let page = state
            .store
            .keys_placed(asked.filters.list(), count, cursor.as_ref())
            .await?;
        let ended = |(record, _): &(KeyRecord, Cursor)| asked.filters.end_at(record);
        cursor = page
            .cursor
            .filter(|_| !page.items.last().is_some_and(ended));
        let found = matching(state, asked, page.items, now).await?;
        if !filling.take(found, limit.into()) {
            cursor = filling.last.take();
            break;
        }
        if cursor.is_none() || filling.views.len() == usize::from(limit) {
            break;
        }
        left -= count;
        next = next.saturating_mul(2).min(at_once);
    }
    let narrowed = |cursor: Cursor| match &digest {
        Some(digest) => cursor.narrowed(digest),
        None => cursor,
    };
    Ok(Page {
        items: filling.views,
        cursor: cursor.map(narrowed),
    })
}

/// The cursor that was sent, as one of the list that is read.
fn whole(paging: &Paging, digest: Option<&str>) -> Result<Option<Cursor>, Problem> {
    let Some(cursor) = paging.cursor.clone() else {
        return Ok(None);
    };
    let foreign = |error: BadCursor| Problem::fault(Fault::parameter("cursor", error.to_string()));
    match digest {
        None => Ok(Some(cursor)),
        Some(digest) => cursor.of_narrowed(digest).map(Some).map_err(foreign),
    }
}

async fn matching(
    state: &AdminState,
    asked: &KeysAsked,
    mut keys: Vec<(KeyRecord, Cursor)>,
    now: Timestamp,
) -> Result<Vec<Found>, Problem> {
    keys.retain(|(record, _)| asked.filters.hold(record, now));
    match asked.filters.unused_since() {
        Some(day) => Ok(unused::since(state, keys, day).await?),
        None => Ok(keys
            .into_iter()
            .map(|(record, cursor)| Found {
                record,
                cursor,
                last_used: None,
            })
            .collect()),
    }
}
