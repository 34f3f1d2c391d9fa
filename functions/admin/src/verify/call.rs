//! The call that is asked about.

use std::net::IpAddr;

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use latchkey_domain::{ApiStage, Invalid, MalformedKey, PresentedKey, Request};

use crate::{
    faults::{Fault, Faults},
    words::{ApiId, StageName, broken_rule, text},
};

/// A call as it could be made.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
pub(crate) struct Call {
    pub(super) value: Presented,
    api_id: ApiId,
    stage: StageName,
    method: Method,
    path: Path,
    /// Where it comes from; left out, it passes only where a key has no address rule.
    #[deserr(default)]
    source_ip: Option<SourceIp>,
}

/// What is kept of the value: never the value.
#[derive(Debug)]
pub(super) struct Presented(pub(super) Result<PresentedKey, MalformedKey>);

impl Deserr<Faults> for Presented {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        Ok(Self(PresentedKey::parse(&text(value, location)?)))
    }
}

#[derive(Debug)]
struct Method(String);

impl Deserr<Faults> for Method {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let text = text(value, location)?;
        if (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase()) {
            return Ok(Self(text));
        }
        let invalid = Invalid::new("a method", &text, "such as GET, in capitals");
        Err(broken_rule(location, &invalid))
    }
}

#[derive(Debug)]
struct Path(String);

impl Deserr<Faults> for Path {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let text = text(value, location)?;
        if text.starts_with('/') && !text.contains(['?', '#']) {
            return Ok(Self(text));
        }
        const ALLOWED: &str = "such as /orders/1, without the stage and without a query";
        Err(broken_rule(
            location,
            &Invalid::new("a path", &text, ALLOWED),
        ))
    }
}

#[derive(Debug)]
struct SourceIp(IpAddr);

impl Deserr<Faults> for SourceIp {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let text = text(value, location)?;
        text.parse().map(Self).map_err(|_| {
            let invalid = Invalid::new("an address", &text, "an IPv4 or IPv6 address");
            broken_rule(location, &invalid)
        })
    }
}

impl Call {
    /// The call in the words of the decision.
    ///
    /// # Errors
    /// Where API and stage are none, or more than one.
    pub(super) fn request(&self) -> Result<Request, Faults> {
        let mut faults = Faults::default();
        for (pointer, word) in [("/apiId", &self.api_id.0), ("/stage", &self.stage.0)] {
            if word == "*" {
                faults.push(Fault::at(
                    pointer,
                    "must name one: a call is made to one stage",
                ));
            }
        }
        faults.or(())?;
        Ok(Request {
            stage: ApiStage {
                api_id: self.api_id.0.clone(),
                stage: self.stage.0.clone(),
            },
            method: self.method.0.clone(),
            path: self.path.0.clone(),
            resource: None,
            source_ip: self.source_ip.as_ref().map(|SourceIp(address)| *address),
            // Only HTTP APIs, which have no usage plans, have this stage.
            has_native_plans: self.stage.0 != "$default",
        })
    }
}
