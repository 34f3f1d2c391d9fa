//! The prices as a table of docs/cost.md.

use super::{
    prices::{Listed, PRICE_LIST, Prices, REGIONS, Unit},
    tables::{head, table},
};

/// The prices, with the day of each.
pub(super) fn prices() -> String {
    type Named = (&'static str, &'static str, fn(&Prices) -> Option<Listed>);
    let items: [Named; 8] = [
        ("a call of a REST API", "AmazonApiGateway", |p| Some(p.rest)),
        ("a call of an HTTP API", "AmazonApiGateway", |p| {
            Some(p.http)
        }),
        ("a message of a WebSocket API", "AmazonApiGateway", |p| {
            p.websocket
        }),
        ("a call of a function, arm64", "AWSLambda", |p| {
            Some(p.invocation)
        }),
        ("a GB-second of a function, arm64", "AWSLambda", |p| {
            Some(p.gb_second)
        }),
        ("a write unit, on demand", "AmazonDynamoDB", |p| {
            Some(p.write)
        }),
        ("a read unit, on demand", "AmazonDynamoDB", |p| Some(p.read)),
        ("a GB into CloudWatch Logs", "AmazonCloudWatch", |p| {
            Some(p.log_gb)
        }),
    ];
    let regions = REGIONS.iter().map(|prices| prices.region.to_owned());
    let rows = items.map(|(what, service, of)| {
        let told = REGIONS.map(|prices| of(&prices).map_or_else(not_looked_up, listed));
        head(&[what, service], told.into_iter())
    });
    format!(
        "{}\nThe lists: <{PRICE_LIST}>.\n",
        table(&head(&["what", "list"], regions), &rows)
    )
}

fn listed(price: Listed) -> String {
    let known = price.known;
    match price.unit {
        Unit::One => format!("${} ({known})", price.dollars),
        Unit::Million => format!(
            "{} a million ({known})",
            price.price().times(1_000_000).exact()
        ),
    }
}

fn not_looked_up() -> String {
    "not looked up: see the list".to_owned()
}
