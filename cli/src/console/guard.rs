//! Who gets in: whoever has the token that was printed where the console was started.
//!
//! Pages of other sites run on the same machine as the console, in the same browser. They have
//! no token, so no cookie; a name of theirs that leads here (DNS rebinding) is not the console's
//! `Host`; and what they send in the reader's name (CSRF) has neither this origin nor the form's
//! own token. `latchkey dev` lets this machine in without a token: its admin API is open to it
//! anyway.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use latchkey_admin::{NoRandomness, Random};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{
    Console, frame,
    posted::{NoForm, Posted, received},
};

/// How one comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// With the address that was printed.
    Token,
    /// From this machine: `latchkey dev`.
    Open,
}

/// What is compared with what a request shows. It has no Debug: it opens the console.
pub(crate) struct Guard {
    entry: Entry,
    port: u16,
    token: String,
    cookie: String,
    csrf: String,
}

impl Guard {
    /// # Errors
    /// [`NoRandomness`].
    pub(crate) fn new(entry: Entry, port: u16, random: &Random) -> Result<Self, NoRandomness> {
        let token = hex(&random.bytes::<32>()?);
        // A cookie goes to every port of this machine: it tells neither the token nor the forms' own.
        let derived = |name: &str| hex(&Sha256::digest(format!("{name}:{token}")));
        Ok(Self {
            entry,
            port,
            cookie: derived("cookie"),
            csrf: derived("csrf"),
            token,
        })
    }

    /// What opens the console: for the terminal alone.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// What each form carries.
    pub(super) fn csrf(&self) -> &str {
        &self.csrf
    }

    /// One for each port, as browsers keep them by name alone.
    fn cookie_name(&self) -> String {
        format!("latchkey_console_{}", self.port)
    }

    fn set_cookie(&self, response: &mut Response) {
        let (name, value) = (self.cookie_name(), &self.cookie);
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        let texts = headers.get_all(header::COOKIE).into_iter();
        let mut pairs = texts
            .filter_map(|text| text.to_str().ok())
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(named, value)| named == name && same(value, &self.cookie))
    }

    /// The console's own names, and nobody else's.
    fn is_addressed(&self, headers: &HeaderMap) -> bool {
        let host = text(headers, header::HOST).unwrap_or_default();
        let Some((name, port)) = host.split_once(':') else {
            return false;
        };
        let named = name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost");
        named && port.parse() == Ok(self.port)
    }
}

/// Whether a request comes from a page of the console itself, as far as its browser tells.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let host = text(headers, header::HOST).unwrap_or_default();
    let origin = text(headers, header::ORIGIN);
    origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

/// A header; `?` where it is no text, which is nobody's name.
fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// In constant time.
fn same(shown: &str, kept: &str) -> bool {
    shown.as_bytes().ct_eq(kept.as_bytes()).into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lets in or refuses, reads what a form has sent, and says how an answer may be used.
pub(super) async fn admit(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match admitted(&console, request, next).await {
        Ok(response) => response,
        Err((status, sentence)) => (status, format!("{sentence}\n")).into_response(),
    };
    frame::protect(response.headers_mut());
    response
}

const ADDRESS: &str =
    "Only for this machine's own browser: use the address that the command has printed.";
const ORIGIN: &str = "This was sent by another page than the console's: it has changed nothing.";
const TOKEN: &str =
    "The address lacks the console's token: use the one that the command has printed.";
const FORM: &str =
    "This form is not of the console that runs now: load its page again. Nothing was changed.";

async fn admitted(
    console: &Console,
    request: Request,
    next: Next,
) -> Result<Response, (StatusCode, String)> {
    let refused = |sentence: &str| (StatusCode::FORBIDDEN, sentence.to_owned());
    let no_form = |error: NoForm| (error.status(), error.to_string());
    // Whoever is refused has sent all by then, and reads why, instead of a broken connection.
    let request = received(request).await.map_err(no_form)?;
    let guard = &console.guard;
    let headers = request.headers();
    if !guard.is_addressed(headers) {
        return Err(refused(ADDRESS));
    }
    if !is_own_origin(headers) {
        return Err(refused(ORIGIN));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Some(token) = token_in(&request) {
        if !reads || !same(&token, &guard.token) {
            return Err(refused(TOKEN));
        }
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
        guard.set_cookie(&mut response);
        return Ok(response);
    }
    let known = guard.has_cookie(headers);
    let may_come = known || reads && guard.entry == Entry::Open;
    if !may_come {
        return Err(refused(TOKEN));
    }
    let request = if reads {
        request
    } else {
        let read = Posted::read(request).await;
        let (request, posted) = read.map_err(no_form)?;
        if !same(posted.text("csrf"), &guard.csrf) {
            return Err(refused(FORM));
        }
        let mut request = request;
        request.extensions_mut().insert(posted);
        request
    };
    let mut response = next.run(request).await;
    if !known {
        guard.set_cookie(&mut response);
    }
    Ok(response)
}

/// The token in the address, at its one place.
fn token_in(request: &Request) -> Option<String> {
    let query = request
        .uri()
        .query()
        .filter(|_| request.uri().path() == "/")?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(name, _)| name == "token")
        .map(|(_, token)| token.into_owned())
}
