//! A command at work: calls of the admin API, each the way that kind of call is made.

use http::Method;
use latchkey_admin::Random;
use latchkey_domain::Clock;
use serde_json::Value;

use super::{
    Machine, Options,
    options::Condition,
    output::{Printer, Screen},
};
use crate::{
    client::{Answer, Client, ClientError, Path},
    failure::{Failure, Status},
};

const JSON: (&str, &str) = ("content-type", "application/json");

/// The admin API, and where what it says is printed.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) printer: Printer,
    pub(crate) clock: Clock,
    random: Random,
}

impl Session {
    /// # Errors
    /// Where it is not known where the admin API is, or as whom it is called.
    pub(crate) async fn open(options: &Options, machine: Machine) -> Result<Self, Failure> {
        let Machine { clock, random } = machine;
        Ok(Self {
            client: options.target.client(clock.clone()).await?,
            printer: Printer {
                output: options.output,
                screen: Screen::of_this_process(),
            },
            clock,
            random,
        })
    }

    /// # Errors
    /// The client's.
    pub(crate) async fn get(&self, path: &Path) -> Result<Answer, Failure> {
        Ok(self.client.send(Method::GET, path, None).await?)
    }

    /// A change that another one before it may stand in the way of.
    ///
    /// # Errors
    /// The client's.
    pub(crate) async fn change(
        &self,
        method: Method,
        path: &Path,
        condition: &Condition,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let condition = condition.if_match.as_deref();
        let condition = condition.map(|etag| ("if-match", etag));
        Ok(self.send(method, path, condition, body).await?)
    }

    /// A POST that can be repeated: the client does so, where its answer was lost.
    ///
    /// # Errors
    /// The client's.
    pub(crate) async fn post(
        &self,
        path: &Path,
        condition: &Condition,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let headers = body.map(|_| JSON).into_iter();
        let condition = condition.if_match.as_deref();
        let headers = headers.chain(condition.map(|etag| ("if-match", etag)));
        let body = body.map(Value::to_string).unwrap_or_default();
        self.post_with(path, &headers.collect::<Vec<_>>(), body)
            .await
    }

    /// The same with any body.
    ///
    /// # Errors
    /// The client's.
    pub(crate) async fn post_with(
        &self,
        path: &Path,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, Failure> {
        let once = self.idempotency_key()?;
        let mut headers = headers.to_vec();
        headers.push(("idempotency-key", &once));
        let answer = self.client.send_with(Method::POST, path, &headers, body);
        Ok(answer.await?)
    }

    /// # Errors
    /// The client's.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &Path,
        header: Option<(&str, &str)>,
        body: Option<&Value>,
    ) -> Result<Answer, ClientError> {
        let headers: Vec<_> = body.map(|_| JSON).into_iter().chain(header).collect();
        let body = body.map(Value::to_string).unwrap_or_default();
        self.client.send_with(method, path, &headers, body).await
    }

    /// The ETag of an answer alone, for `--if-match`.
    ///
    /// # Errors
    /// Where it has none, or it cannot be printed.
    pub(crate) fn print_etag(&self, answer: &Answer) -> Result<(), Failure> {
        let none = || Failure::new(Status::NoAnswer, "the answer has no ETag");
        let etag = answer.etag.as_deref().ok_or_else(none)?;
        super::print(&format!("{etag}\n"))
    }

    /// 128 random bits, in hex.
    fn idempotency_key(&self) -> Result<String, Failure> {
        let bytes = self.random.bytes::<16>();
        let bytes = bytes.map_err(|error| Failure::new(Status::NoAnswer, error))?;
        Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
    }
}
