//! Query parameters: each is read or refused, none is passed over. A filter that is ignored
//! would answer with everything.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use latchkey_domain::Invalid;

use crate::{
    faults::{Fault, Faults},
    problem::Problem,
};

/// What an operation takes from the query.
pub(crate) trait FromParameters: Sized {
    /// Takes its parameters. What is wrong with one is kept by `parameters`.
    fn read(parameters: &mut Parameters) -> Self;
}

/// Parameters not yet taken, and what was wrong with those that were.
#[derive(Debug)]
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    faults: Faults,
}

impl Parameters {
    fn of(query: &str) -> Self {
        Self {
            pairs: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            known: Vec::new(),
            faults: Faults::default(),
        }
    }

    /// Takes the parameter `name`, which `read` understands.
    pub(crate) fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(name);
        let (mine, others) = std::mem::take(&mut self.pairs)
            .into_iter()
            .partition::<Vec<_>, _>(|(given, _)| given == name);
        self.pairs = others;
        let read = match mine.as_slice() {
            [] => return None,
            [(_, value)] => read(value),
            _ => Err("is given twice".to_owned()),
        };
        read.map_err(|detail| self.faults.push(Fault::parameter(name, detail)))
            .ok()
    }

    /// Takes the parameter `name`, which is off unless it is `true`.
    pub(crate) fn take_flag(&mut self, name: &'static str) -> bool {
        let flag = self.take(name, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        });
        flag.unwrap_or(false)
    }

    fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in &self.pairs {
            let detail = match self.known.as_slice() {
                [] => "unknown parameter; none is known here".to_owned(),
                known => format!("unknown parameter; known here: {}", known.join(", ")),
            };
            self.faults.push(Fault::parameter(name, detail));
        }
        Ok(self.faults.or(())?)
    }
}

/// A word of the domain, or what is said of a text that is none.
pub(crate) fn parsed<T: FromStr<Err = Invalid>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|invalid: Invalid| invalid.to_sender())
}

/// The query, read as `T`.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Sync, T: FromParameters> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(parts.uri.query().unwrap_or_default());
        let value = T::read(&mut parameters);
        parameters.finish()?;
        Ok(Self(value))
    }
}

/// A query without parameters.
#[derive(Debug)]
pub(crate) struct NoParameters;

impl FromParameters for NoParameters {
    fn read(_: &mut Parameters) -> Self {
        Self
    }
}
