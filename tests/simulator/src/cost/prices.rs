//! The price lists: each price as AWS writes it, with where it stands and of which day it is.
//!
//! AWS's pages build their tables in the browser; the same prices stand, for machines, in the
//! price list that [`PRICE_LIST`] names. Those of the first tier are taken throughout, without any
//! free tier.

use super::money::Price;

/// Where AWS publishes them, for each service and Region.
pub(super) const PRICE_LIST: &str =
    "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/SERVICE/current/REGION/index.json";

/// One price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    /// Dollars for one, as the list has them.
    pub(super) dollars: &'static str,
    /// For how many it is told.
    pub(super) unit: Unit,
    /// The day of the list, or on which the page was read.
    pub(super) known: &'static str,
    price: Price,
}

/// For how much a price is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A million of something.
    Million,
    /// One of something.
    One,
}

impl Listed {
    #[expect(clippy::panic, reason = "it stops the compiler: prices are constants")]
    const fn new(dollars: &'static str, unit: Unit, known: &'static str) -> Self {
        let Some(price) = Price::of_one(dollars) else {
            panic!("a price of this file is no number");
        };
        Self {
            dollars,
            unit,
            known,
            price,
        }
    }

    /// What it costs.
    pub(super) fn price(&self) -> Price {
        self.price
    }
}

/// A Region's prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prices {
    /// The Region.
    pub(super) region: &'static str,
    /// A call of a REST API.
    pub(super) rest: Listed,
    /// A call of an HTTP API.
    pub(super) http: Listed,
    /// A message of a WebSocket API. Not in the lists that were read, for eu-west-1.
    pub(super) websocket: Option<Listed>,
    /// A call of a Lambda function, arm64.
    pub(super) invocation: Listed,
    /// A GB-second of a Lambda function, arm64.
    pub(super) gb_second: Listed,
    /// A write request unit, on demand.
    pub(super) write: Listed,
    /// A read request unit, on demand.
    pub(super) read: Listed,
    /// A GB taken into CloudWatch Logs, standard class.
    pub(super) log_gb: Listed,
}

/// US East (N. Virginia).
pub(super) const US_EAST_1: Prices = Prices {
    region: "us-east-1",
    rest: Listed::new("0.0000035", Unit::Million, "2026-09-20"),
    http: Listed::new("0.000001", Unit::Million, "2026-09-20"),
    websocket: Some(Listed::new("0.000001", Unit::Million, "2026-09-20")),
    invocation: Listed::new("0.0000002", Unit::Million, "2025-10-01"),
    gb_second: Listed::new("0.0000133334", Unit::One, "2025-10-01"),
    write: Listed::new("0.000000625", Unit::Million, "2026-08-15"),
    read: Listed::new("0.000000125", Unit::Million, "2026-08-15"),
    log_gb: Listed::new("0.50", Unit::One, "2026-08-06"),
};

/// Europe (Ireland).
pub(super) const EU_WEST_1: Prices = Prices {
    region: "eu-west-1",
    rest: Listed::new("0.0000035", Unit::Million, "2026-09-21"),
    http: Listed::new("0.00000111", Unit::Million, "2026-09-21"),
    websocket: None,
    invocation: Listed::new("0.0000002", Unit::Million, "2026-10-01"),
    gb_second: Listed::new("0.0000133334", Unit::One, "2026-10-01"),
    write: Listed::new("0.000000705", Unit::Million, "2026-08-15"),
    read: Listed::new("0.0000001415", Unit::Million, "2026-08-15"),
    log_gb: Listed::new("0.57", Unit::One, "2026-09-22"),
};

/// All of them, in the page's order.
pub(super) const REGIONS: [Prices; 2] = [US_EAST_1, EU_WEST_1];
