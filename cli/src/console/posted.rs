//! What a form has sent.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest as _, Multipart, Request, multipart::MultipartError},
    http::{StatusCode, header::CONTENT_TYPE},
};

use super::MAX_BODY_BYTES;

/// Why what was sent is no form, in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoForm {
    #[error("This is not a form of the console: load its page again. Nothing was changed.")]
    Malformed,
    #[error(
        "The file is larger than the 8 MB that the console takes: import it with `latchkey import FILE`. Nothing was changed."
    )]
    TooLarge,
    #[error(
        "The file is not UTF-8, so its letters would be lost: save it as UTF-8 (of a spreadsheet: \"CSV UTF-8\"). Nothing was changed."
    )]
    NotUtf8,
}

impl NoForm {
    /// The status of the answer.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotUtf8 => StatusCode::BAD_REQUEST,
        }
    }
}

/// The request when its body has come.
///
/// # Errors
/// [`NoForm::TooLarge`].
pub(super) async fn received(request: Request) -> Result<Request, NoForm> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await;
    let body = body.map_err(|_| NoForm::TooLarge)?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// The fields of a form, as they were filled in. It may hold a key's value, so it has no Debug.
#[derive(Clone, Default)]
pub(super) struct Posted(Arc<Vec<(String, String)>>);

impl Posted {
    /// Reads a form in either coding, and gives the request back without its body.
    ///
    /// # Errors
    /// [`NoForm`].
    pub(super) async fn read(request: Request) -> Result<(Request, Self), NoForm> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let fields = if kind.starts_with("multipart/form-data") {
            let whole = Request::from_parts(parts.clone(), body);
            multipart(whole).await?
        } else {
            let bytes = to_bytes(body, MAX_BODY_BYTES).await;
            let bytes = bytes.map_err(|_| NoForm::TooLarge)?;
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

async fn multipart(request: Request) -> Result<Vec<(String, String)>, NoForm> {
    let unreadable = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => NoForm::TooLarge,
        _ => NoForm::Malformed,
    };
    let parts = Multipart::from_request(request, &()).await;
    let mut parts = parts.map_err(|_| NoForm::Malformed)?;
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(unreadable)?;
        let text = String::from_utf8(bytes.into()).map_err(|_| NoForm::NotUtf8)?;
        fields.push((name, text));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn file(content: &[u8]) -> Result<String, NoForm> {
        let mut body =
            b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"k\"\r\n\r\n"
                .to_vec();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let request = Request::builder()
            .header(CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(body))
            .unwrap();
        let (_, posted) = Posted::read(request).await?;
        Ok(posted.text("file").to_owned())
    }

    #[tokio::test]
    async fn a_file_that_would_be_mangled_is_refused() {
        assert_eq!(
            file("Name\nMüller".as_bytes()).await.unwrap(),
            "Name\nMüller"
        );
        assert_eq!(file(b"Name\nM\xfcller").await, Err(NoForm::NotUtf8));
    }

    #[tokio::test]
    async fn a_form_that_is_too_large_says_so() {
        let large = "x".repeat(MAX_BODY_BYTES + 1);
        let request = Request::builder().body(Body::from(large)).unwrap();
        let refused = Posted::read(request).await.err();
        assert_eq!(refused, Some(NoForm::TooLarge));
        assert_eq!(NoForm::TooLarge.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
