//! `latchkey tail`: decisions as they happen.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Child,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    aws_server::AwsServer,
    support::Dev,
    typed::{Printed, latchkey, run},
};

fn tailed(dev: &Dev, more: &[&str]) -> Printed {
    let printed = run(latchkey(dev, &[&["tail"], more].concat()), "");
    assert_eq!(
        (printed.status, printed.err.as_str()),
        (0, ""),
        "{printed:?}"
    );
    printed
}

/// One that goes on; the child ends by its own.
fn following(dev: &Dev) -> Child {
    latchkey(dev, &["tail", "--follow"]).spawn().unwrap()
}

#[test]
fn each_decision_is_a_line_and_what_is_sought_is_shown() {
    let dev = Dev::start(&["--in-memory"]);
    let body = json!({"name": "a", "customerId": "acme", "planIds": ["demo-limited"]});
    let key = dev.admin("POST", "/v1/keys", &body);
    let (id, value) = (key["id"].as_str().unwrap(), key["value"].as_str().unwrap());
    for _ in 0..3 {
        dev.get_with("/demo-rest/orders/42?page=1", value);
    }
    dev.get("/demo/orders/42", &[]);
    let all = tailed(&dev, &[]);
    let lines: Vec<Vec<&str>> = all
        .out
        .lines()
        .map(|line| line.split_whitespace().skip(1).collect())
        .collect();
    let expected = |outcome: &str, left: &str| {
        format!("{outcome} GET /demo-rest/orders/42 {id} acme demo-limited {left} left")
    };
    assert_eq!(lines[0].join(" "), expected("200", "1"));
    assert_eq!(lines[2].join(" "), expected("429 quota_exceeded", "0"));
    assert_eq!(
        lines[3].join(" "),
        "401 missing_key GET /demo/orders/42 - - - -"
    );
    for (sought, count) in [
        (["--reason", "quota_exceeded"], 1),
        (["--reason", "allowed"], 2),
        (["--key", id], 3),
        (["--customer", "acme"], 3),
        (["--plan", "demo"], 0),
        (["--since", "10m"], 4),
    ] {
        assert_eq!(
            tailed(&dev, &sought).out.lines().count(),
            count,
            "{sought:?}"
        );
    }
    assert!(!all.all().contains(value));
}

#[test]
fn it_goes_on_until_it_is_interrupted() {
    let dev = Dev::start(&["--in-memory"]);
    let mut tail = following(&dev);
    let mut lines = BufReader::new(tail.stdout.take().unwrap());
    for path in ["/demo/first", "/demo/second"] {
        dev.get_with(path, dev.demo_key());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert!(line.contains(path), "{line}");
    }
    let process = Pid::from_raw(tail.id().cast_signed()).unwrap();
    kill_process(process, Signal::INT).unwrap();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!((tail.wait().unwrap().code(), rest.as_str()), (Some(0), ""));
}

#[test]
fn it_goes_on_with_a_dev_that_is_started_anew() {
    let dev = Dev::start(&["--in-memory"]);
    let mut tail = following(&dev);
    let mut lines = BufReader::new(tail.stdout.take().unwrap());
    let mut said = BufReader::new(tail.stderr.take().unwrap());
    let mut next = |dev: &Dev, path: &str| {
        dev.get(path, &[]);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert!(line.contains(path), "{line}");
    };
    next(&dev, "/demo/first");
    next(&dev, "/demo/second");
    let port = dev.base().rsplit(':').next().unwrap().to_owned();
    drop(dev);
    let mut line = String::new();
    while !line.contains("Waiting until it is back.") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0);
    }
    let dev = Dev::start(&["--in-memory", "--port", &port]);
    next(&dev, "/demo/third");
    tail.kill().unwrap();
    tail.wait().unwrap();
}

#[test]
fn it_ends_where_nobody_reads_on() {
    let dev = Dev::start(&["--in-memory"]);
    let mut tail = following(&dev);
    drop(tail.stdout.take());
    dev.get_with("/demo/x", dev.demo_key());
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}

#[test]
fn decisions_are_told_to_this_machine_alone() {
    let dev = Dev::start(&["--in-memory"]);
    dev.get_with("/demo/x", dev.demo_key());
    let told = dev.get("/dev/decisions", &[]).json();
    assert_eq!(told["next"], 1);
    assert_eq!(told["decisions"][0]["path"], "/demo/x");
    assert_eq!(
        dev.get("/dev/decisions?after=1", &[]).json(),
        json!({"decisions": [], "next": 1})
    );
    assert_eq!(dev.get("/dev/decisions?after=x", &[]).status, 400);
    for stranger in [("origin", "http://evil.example"), ("host", "evil.example")] {
        assert_eq!(
            dev.get("/dev/decisions", &[stranger]).status,
            403,
            "{stranger:?}"
        );
    }
}

#[test]
fn where_there_are_no_decisions_it_is_said_where_they_are() {
    let dev = Dev::start(&["--in-memory"]);
    for url in [dev.base().to_owned(), format!("{}/demo/open", dev.base())] {
        let mut command = latchkey(&dev, &["tail"]);
        command.env("LATCHKEY_URL", url);
        let printed = run(command, "");
        assert_eq!(printed.status, 2, "{printed:?}");
        assert!(printed.err.contains("--stack NAME"), "{printed:?}");
    }
}

/// CloudFormation and CloudWatch Logs, with a log of two pages.
pub(crate) fn logs() -> AwsServer {
    throttled_logs(0)
}

/// The same, which takes the call for the second page only when it was made so often.
fn throttled_logs(mut throttled: usize) -> AwsServer {
    AwsServer::start(move |operation, body| {
        if operation.is_empty() {
            let form = body.as_str().unwrap();
            assert!(form.contains("StackName=shop"), "{form}");
            return (
                200,
                json!(
                    "<R><StackResourceSummaries><member><LogicalResourceId>AuthorizerLogGroup</LogicalResourceId><PhysicalResourceId>/aws/lambda/shop/authorizer</PhysicalResourceId></member></StackResourceSummaries></R>"
                ),
            );
        }
        let now = std::process::Command::new("date")
            .arg("+%s")
            .output()
            .unwrap();
        let now: i64 = String::from_utf8(now.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let event = |id: &str, reason: &str| {
            let message = json!({"level": "INFO", "message": "decision", "decision": "deny", "reason": reason,
                "api_id": "a1", "stage": "prod", "method": "GET", "key_id": "key_1", "sample": 1});
            json!({"eventId": id, "timestamp": now * 1_000, "message": message.to_string()})
        };
        let page = match body.get("nextToken") {
            None => json!({"events": [event("1", "throttled")], "nextToken": "more"}),
            Some(_) if throttled > 0 => {
                throttled -= 1;
                return (
                    400,
                    json!({"__type": "ThrottlingException", "message": "Rate exceeded"}),
                );
            }
            Some(_) => json!({"events": [event("1", "throttled"), event("2", "key_disabled")]}),
        };
        (200, page)
    })
}

#[test]
fn what_aws_does_not_take_at_once_is_asked_again() {
    let dev = Dev::start(&["--in-memory"]);
    let aws = throttled_logs(1);
    let command = aws.with(latchkey(&dev, &["tail", "--stack", "shop"]));
    let printed = run(command, "");
    assert_eq!((printed.status, printed.err.as_str()), (0, ""));
    let lines: Vec<_> = printed.out.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains("key_disabled"), "{lines:?}");
    let tokens = aws.asked().into_iter();
    let tokens = tokens.filter(|(_, body)| body["nextToken"] == "more");
    assert_eq!(tokens.count(), 2);
}

#[test]
fn a_stack_s_decisions_come_from_its_authorizer_s_log() {
    let dev = Dev::start(&["--in-memory"]);
    let aws = logs();
    let mut command = aws.with(latchkey(
        &dev,
        &["tail", "--stack", "shop", "--key", "key_1"],
    ));
    command.env_remove("LATCHKEY_URL");
    let printed = run(command, "");
    assert_eq!(printed.status, 0, "{printed:?}");
    let outcomes: Vec<_> = printed
        .out
        .lines()
        .map(|line| line.split_whitespace().nth(2).unwrap())
        .collect();
    assert_eq!(
        outcomes,
        ["throttled", "key_disabled"],
        "each once: {printed:?}"
    );
    let (_, last) = aws.asked().pop().unwrap();
    assert_eq!(last["logGroupName"], "/aws/lambda/shop/authorizer");
    assert_eq!(
        last["filterPattern"],
        r#"{ ($.message = "decision") && ($.key_id = "key_1") }"#
    );
    assert_eq!(last["nextToken"], Value::from("more"));
}
