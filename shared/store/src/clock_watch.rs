//! The machine's clock beside the `Date` of the table's answers: windows, throttles and expiries
//! go by the machine's.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
        },
    },
    error::BoxError,
};
use aws_smithy_types::{
    DateTime,
    config_bag::{Storable, StoreReplace},
    date_time::Format,
};
use latchkey_domain::{Clock, Nanos};

use crate::Store;

const SECOND: Nanos = 1_000_000_000;
/// By how much a clock may be off before anybody is told.
const TOLERATED: Nanos = 2 * SECOND;

impl Store {
    /// From now on `tell` is told with each answer by how much `clock` is ahead of the table's clock
    /// where that is more than 2 s either way. Clones of a store have one watch, which stays.
    pub fn watch(&self, clock: Clock, tell: impl Fn(Nanos) + Send + Sync + 'static) {
        let tell = Box::new(tell);
        // Somebody watches already.
        drop(self.watch.0.set(Watch { clock, tell }));
    }
}

struct Watch {
    clock: Clock,
    tell: Box<dyn Fn(Nanos) + Send + Sync>,
}

/// A part of each client of a store from its beginning, since each configuration of a client
/// costs a start some time.
#[derive(Clone, Default)]
pub(crate) struct ClockWatch(Arc<OnceLock<Watch>>);

impl fmt::Debug for ClockWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockWatch")
    }
}

/// When an attempt was sent, by the wall clock.
#[derive(Debug)]
struct Sent(Nanos);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for ClockWatch {
    fn name(&self) -> &'static str {
        "ClockWatch"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Watch { clock, .. }) = self.0.get() {
            let sent = Sent(clock.now().wall);
            config.interceptor_state().store_put(sent);
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(Watch { clock, tell }), Some(Sent(sent))) = (self.0.get(), config.load::<Sent>())
        else {
            return Ok(());
        };
        let date = context.response().headers().get("date");
        if let Some(date) = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok()) {
            let ahead = ahead(*sent, clock.now().wall, date.secs());
            if ahead.saturating_abs() > TOLERATED {
                tell(ahead);
            }
        }
        Ok(())
    }
}

/// By how much a clock is ahead of who wrote a date in seconds between two of its readings.
/// What the second and the way leave open counts as right.
fn ahead(sent: Nanos, received: Nanos, date: i64) -> Nanos {
    let date = date.saturating_mul(SECOND);
    let ahead = sent.saturating_sub(date.saturating_add(SECOND)).max(0);
    let behind = date.saturating_sub(received).max(0);
    ahead - behind
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_sdk_dynamodb::{
        Client,
        config::{BehaviorVersion, Credentials, Region},
    };
    use aws_smithy_runtime_api::{
        client::{
            http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
            orchestrator::{HttpRequest, HttpResponse},
        },
        http::StatusCode,
    };
    use aws_smithy_types::body::SdkBody;
    use latchkey_domain::Reading;

    use super::*;
    use crate::Patience;

    /// Thu, 26 Nov 2026 12:00:00 GMT.
    const NOON: i64 = 1_795_694_400;

    /// Answers each request with nothing, and this `Date`.
    #[derive(Debug, Clone)]
    struct Answering(Option<&'static str>);

    impl HttpConnector for Answering {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let mut answer =
                HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from("{}"));
            if let Some(date) = self.0 {
                answer.headers_mut().insert("date", date);
            }
            HttpConnectorFuture::ready(Ok(answer))
        }
    }

    /// What is told by a store whose table says this date, on a machine whose clock says noon.
    async fn told(date: Option<&'static str>) -> Vec<Nanos> {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "in memory"))
            .endpoint_url("http://in-memory.invalid")
            .http_client(http_client_fn(move |_, _| {
                SharedHttpConnector::new(Answering(date))
            }))
            .build();
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = told.clone();
        let clock = Clock::new(|| Reading {
            wall: NOON * SECOND,
            steady: 0,
        });
        let store = Store::new(&Client::from_conf(config), "keys", Patience::Call);
        store.watch(clock, move |ahead| kept.lock().unwrap().push(ahead));
        assert_eq!(store.drift().await.unwrap(), None);
        let told = told.lock().unwrap();
        told.clone()
    }

    #[tokio::test]
    async fn a_clock_that_is_off_by_more_than_two_seconds_is_told() {
        for (date, ahead) in [
            ("Thu, 26 Nov 2026 11:59:50 GMT", 9),
            ("Thu, 26 Nov 2026 12:05:00 GMT", -300),
        ] {
            assert_eq!(told(Some(date)).await, [ahead * SECOND], "{date}");
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_right_and_an_answer_without_a_date_tell_nothing() {
        for date in [
            Some("Thu, 26 Nov 2026 12:00:00 GMT"),
            Some("Thu, 26 Nov 2026 11:59:58 GMT"),
            Some("Thu, 26 Nov 2026 12:00:02 GMT"),
            Some("yesterday"),
            None,
        ] {
            assert_eq!(told(date).await, [0; 0], "{date:?}");
        }
    }

    #[test]
    fn a_slow_answer_explains_what_lies_between_its_ends() {
        let at = |seconds: i64| (NOON + seconds) * SECOND;
        assert_eq!(ahead(at(0), at(30), NOON + 7), 0);
        assert_eq!(ahead(at(10), at(30), NOON + 7), 2 * SECOND);
        assert_eq!(ahead(at(0), at(3), NOON + 7), -4 * SECOND);
        assert_eq!(ahead(i64::MIN, i64::MAX, i64::MAX), 0, "no overflow");
        assert_eq!(ahead(i64::MAX, i64::MIN, i64::MIN), i64::MAX);
    }
}
