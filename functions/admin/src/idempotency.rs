//! Requests with an Idempotency-Key: carried out once in 24 hours, and answered the same again.
//!
//! Whoever begins one leaves a mark in the table. The answer goes there in the transaction of
//! the change that it tells of ([`Once::keep`]), so that a crash leaves both or neither. What
//! takes several transactions can be repeated by itself: its answer is kept at the end. So is
//! any answer that says more than was known before the change, such as what API Gateway then
//! had of it. What failed changed nothing and is forgotten; where it is not known whether it
//! did, the mark stays until its lease is over, and the answer if it is there.

mod sealing;

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, request::Parts};
use jiff::{SignedDuration, Timestamp};
use latchkey_store::{Begin, Begun, Change, Earlier, MAX_ANSWER, Mark, Receipt};

use self::sealing::{Asked, IdempotencyKey, SALT};
use crate::{
    AdminState, answer::Answer, caller::Caller, faults::Fault, problem::Problem, random::Random,
};

pub(crate) const HEADER: &str = "Idempotency-Key";
/// On an answer that was given before.
const REPLAYED: &str = "idempotency-replayed";

/// How long an answer is given again.
const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long nobody takes over: a request ends within 25 s, the function at 29 s, and clocks
/// differ. Exactness does not hang on it but where several transactions are made.
const LEASE: SignedDuration = SignedDuration::from_secs(40);
/// After how long it is worth asking again for a request that runs.
const RETRY_AFTER_SECONDS: i64 = 1;
/// The one POST that changes nothing.
const VERIFY: &str = "/v1/verify";
/// API Gateway's bound on a body.
const MAX_BODY: usize = 10_000_000;

/// Whose turn it is to carry out a request, and how its answer is sealed.
struct Turn {
    key: IdempotencyKey,
    mark: Mark,
    random: Random,
    /// The answer that was last given to a transaction.
    kept: Mutex<Option<Answer>>,
}

/// The request's Idempotency-Key, where it has one.
#[derive(Clone)]
pub(crate) struct Once(Option<Arc<Turn>>);

impl Once {
    /// `change`, and with it the answer that says so, as it is known before.
    ///
    /// # Errors
    /// [`Problem::Internal`] without random bytes.
    pub(crate) fn keep(&self, change: Change, answer: &Answer) -> Result<Change, Problem> {
        let receipt = match &self.0 {
            Some(turn) => turn.receipt(answer)?,
            None => None,
        };
        if let (Some(turn), Some(_)) = (&self.0, &receipt) {
            let mut kept = turn.kept.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = Some(answer.clone());
        }
        Ok(Change { receipt, ..change })
    }

    /// Keeps the answer at once, where it can be known only after the change. Where that fails
    /// it is tried again at the end.
    pub(crate) async fn keep_now(&self, state: &AdminState, answer: &Answer) {
        if let Some(turn) = &self.0 {
            keep_at_the_end(state, turn, Some(answer)).await;
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Once {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get().cloned().unwrap_or(Self(None)))
    }
}

impl Turn {
    /// The answer, sealed; none where it is too large for an item.
    fn receipt(&self, answer: &Answer) -> Result<Option<Receipt>, Problem> {
        let json = serde_json::to_vec(answer).unwrap_or_default();
        let sealed = self.key.seal(self.random.bytes::<SALT>()?, &json);
        let sealed = sealed.ok_or(Problem::Internal)?;
        Ok((sealed.len() <= MAX_ANSWER).then(|| Receipt {
            mark: self.mark.clone(),
            answer: sealed,
        }))
    }

    fn has_kept(&self, answer: &Answer) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref() == Some(answer)
    }
}

/// Carries out a request with an Idempotency-Key, unless it was before.
pub(crate) async fn once(
    State(state): State<AdminState>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let has_key = request.method() == Method::POST && request.headers().contains_key(HEADER);
    if !has_key {
        return next.run(request).await;
    }
    // What changes nothing is carried out each time: its answer is of now.
    if request.uri().path() == VERIFY {
        return match read_key(&request, &caller.principal) {
            Ok(_) => next.run(request).await,
            Err(problem) => problem.into_response(),
        };
    }
    match begun(&state, &caller, request).await {
        Ok(Turned::Mine(turn, request)) => carried_out(&state, turn, request, next).await,
        Ok(Turned::Answered(answer)) => replayed(answer),
        Err(problem) => problem.into_response(),
    }
}

enum Turned {
    Mine(Arc<Turn>, Request),
    Answered(Answer),
}

/// Begins the request, or finds out what became of it.
async fn begun(state: &AdminState, caller: &Caller, request: Request) -> Result<Turned, Problem> {
    let key = read_key(&request, &caller.principal)?;
    let (parts, body) = request.into_parts();
    let body: Bytes = to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| Problem::BodyTooLarge(MAX_BODY))?;
    let asked = Asked {
        method: &parts.method,
        uri: &parts.uri,
        body: &body,
    };
    let begin = begin(state, &key, &asked)?;
    let mut begun = state.store.begin(&begin).await?;
    if let Begun::Earlier(earlier) = &begun {
        if let Some(answer) = answered(&key, &asked, earlier, begin.at)? {
            return Ok(Turned::Answered(answer));
        }
        begun = state.store.take_over(&begin, earlier).await?;
    }
    match begun {
        Begun::Mine => {
            let turn = Arc::new(Turn {
                key,
                mark: begin.mark,
                random: state.random.clone(),
                kept: Mutex::new(None),
            });
            let mut request = Request::from_parts(parts, Body::from(body));
            request.extensions_mut().insert(Once(Some(turn.clone())));
            Ok(Turned::Mine(turn, request))
        }
        // Somebody else has taken over just now.
        Begun::Earlier(_) => Err(Problem::IdempotencyKeyRunning(RETRY_AFTER_SECONDS)),
    }
}

fn read_key(request: &Request, principal: &str) -> Result<IdempotencyKey, Problem> {
    let mut values = request.headers().get_all(HEADER).iter();
    let fault = |detail: String| Problem::fault(Fault::header(HEADER, detail));
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(fault("is given twice".to_owned()));
    };
    IdempotencyKey::read(value.as_bytes(), principal).ok_or_else(|| {
        let most = IdempotencyKey::MAX;
        fault(format!(
            "must be 1 to {most} printable ASCII characters, best a random UUID"
        ))
    })
}

fn begin(state: &AdminState, key: &IdempotencyKey, asked: &Asked<'_>) -> Result<Begin, Problem> {
    let at = state.clock.now().timestamp();
    let salt = state.random.bytes::<SALT>()?;
    let token = u128::from_be_bytes(state.random.bytes()?);
    let later = |span| at.checked_add(span).unwrap_or(at);
    Ok(Begin {
        mark: Mark {
            request: key.name(),
            token: format!("{token:032x}"),
        },
        fingerprint: key.fingerprint(&salt, asked).ok_or(Problem::Internal)?,
        salt: salt.to_vec(),
        at,
        lease: later(LEASE),
        expires: later(LIFE),
    })
}

/// The answer that was given to the same request before; none where whoever began it has
/// come to no end in its time.
fn answered(
    key: &IdempotencyKey,
    asked: &Asked<'_>,
    earlier: &Earlier,
    now: Timestamp,
) -> Result<Option<Answer>, Problem> {
    if !key.matches(&earlier.salt, asked, &earlier.fingerprint) {
        return Err(Problem::IdempotencyKeyReused);
    }
    let Some(sealed) = &earlier.answer else {
        if earlier.lease > now {
            return Err(Problem::IdempotencyKeyRunning(RETRY_AFTER_SECONDS));
        }
        return Ok(None);
    };
    let opened = key.open(sealed);
    let answer = opened.and_then(|json| serde_json::from_slice(&json).ok());
    if answer.is_none() {
        tracing::error!("a kept answer cannot be opened");
    }
    answer.map(Some).ok_or(Problem::Internal)
}

/// Carries the request out, and keeps its answer if it changed something.
async fn carried_out(
    state: &AdminState,
    turn: Arc<Turn>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if !response.status().is_success() {
        give_up(state, &turn).await;
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return Problem::Internal.into_response();
    };
    let answer = Answer::of(parts.status, &parts.headers, &body);
    if !answer.as_ref().is_some_and(|answer| turn.has_kept(answer)) {
        keep_at_the_end(state, &turn, answer.as_ref()).await;
    }
    Response::from_parts(parts, Body::from(body))
}

/// Keeps an answer that was not kept with its change. Where that fails the answer is given
/// all the same: what it tells of was done.
async fn keep_at_the_end(state: &AdminState, turn: &Turn, answer: Option<&Answer>) {
    let receipt = answer.map(|answer| turn.receipt(answer));
    match receipt {
        Some(Ok(Some(receipt))) => {
            if let Err(error) = state.store.keep_answer(&receipt).await {
                tracing::warn!(%error, "an answer is not kept for its Idempotency-Key");
            }
        }
        Some(Err(_)) => {}
        Some(Ok(None)) | None => {
            tracing::warn!("an answer is too large to be kept for its Idempotency-Key");
            give_up(state, turn).await;
        }
    }
}

async fn give_up(state: &AdminState, turn: &Turn) {
    if let Err(error) = state.store.give_up(&turn.mark).await {
        tracing::warn!(%error, "an Idempotency-Key is not free before its lease is over");
    }
}

fn replayed(answer: Answer) -> Response {
    let mut response = answer.into_response();
    let yes = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, yes);
    response
}
