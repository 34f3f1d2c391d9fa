//! What a form has sent.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest as _, Multipart, Request},
    http::header::CONTENT_TYPE,
};

use super::MAX_BODY_BYTES;

/// The fields of a form, as they were filled in. It may hold a key's value, so it has no Debug.
#[derive(Clone, Default)]
pub(super) struct Posted(Arc<Vec<(String, String)>>);

impl Posted {
    /// Reads a form in either coding, and gives the request back without its body.
    ///
    /// # Errors
    /// None but that it is no form.
    pub(super) async fn read(request: Request) -> Result<(Request, Self), ()> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let fields = if kind.starts_with("multipart/form-data") {
            let whole = Request::from_parts(parts.clone(), body);
            multipart(whole).await?
        } else {
            let bytes = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| ())?;
            form_urlencoded::parse(&bytes).into_owned().collect()
        };
        let request = Request::from_parts(parts, Body::empty());
        Ok((request, Self(Arc::new(fields))))
    }

    /// A field without the blanks around it; empty where it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        let named = self.0.iter().find(|(named, _)| named == name);
        named.map_or("", |(_, text)| text.trim())
    }

    /// A field that was filled in.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// All fields of one name: boxes that are ticked.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(named, _)| named == name);
        named.map(|(_, text)| text.trim())
    }
}

impl FromIterator<(&'static str, String)> for Posted {
    fn from_iter<I: IntoIterator<Item = (&'static str, String)>>(fields: I) -> Self {
        let fields = fields.into_iter();
        let fields = fields.map(|(name, text)| (name.to_owned(), text));
        Self(Arc::new(fields.collect()))
    }
}

async fn multipart(request: Request) -> Result<Vec<(String, String)>, ()> {
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| ())?;
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| ())? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| ())?;
        fields.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(fields)
}
