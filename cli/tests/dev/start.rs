//! Starting and ending: what is printed, what is refused and with which words.

use std::{net::TcpListener, process::Output};

use crate::support::{Dev, Scratch, Signal, command};

/// A start that must fail: its exit code and its only line.
fn refused(arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command(arguments)
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(stdout.is_empty(), "nothing is announced that is not served");
    assert_eq!(text.lines().count(), 1, "{text}");
    text.strip_prefix("latchkey: ")
        .unwrap()
        .trim_end()
        .to_owned()
}

#[test]
fn it_prints_lines_to_paste() {
    let dev = Dev::start(&["--in-memory"]);
    let first = dev.announcement().lines().next().unwrap();
    assert_eq!(
        first,
        format!(
            "Latchkey runs on {}, data in memory. Open that address in a browser; Ctrl-C ends it.",
            dev.base()
        )
    );
    let lines = dev.lines();
    let shell = |line: &str| {
        let output = std::process::Command::new("sh")
            .args(["-c", line])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for (line, expected) in lines.iter().zip([
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK",
        "200\n200\n429\n",
        r#""planIds":["demo"]"#,
        "HTTP/1.1 401 Unauthorized",
        "HTTP/1.1 200 OK",
    ]) {
        let printed = shell(line);
        assert!(printed.contains(expected), "{line}: {printed}");
    }
    assert_eq!(lines.len(), 6);
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_eq!(
        refused(&["--in-memory", "--port", &port], &[]),
        format!(
            "port {port} is taken: stop what listens there, or choose another with --port (0 takes a free one)"
        )
    );
    let line = refused(
        &["--in-memory", "--port", "0", "--dynamodb-port", &port],
        &[],
    );
    assert!(
        line.ends_with("choose another with --dynamodb-port (0 takes a free one)"),
        "{line}"
    );
}

#[test]
fn a_second_process_on_the_same_folder_is_told_of_the_first() {
    let scratch = Scratch::new();
    let folder = scratch.path().to_str().unwrap();
    let first = Dev::start(&["--data", folder]);
    let line = refused(&["--port", "0", "--data", folder], &[]);
    assert_eq!(
        line,
        format!(
            "another latchkey dev (process {}) uses the data folder {folder:?}: stop it, or choose another with --data",
            first.process()
        )
    );
    assert_eq!(
        first.get_with("/demo/x", first.demo_key()).status,
        200,
        "the first goes on"
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let scratch = Scratch::new();
    let file = scratch.path().join("file");
    std::fs::write(&file, "").unwrap();
    let at =
        |path: &std::path::Path| refused(&["--port", "0", "--data", path.to_str().unwrap()], &[]);
    assert_eq!(
        at(&file),
        format!("{file:?} is a file, not a folder: move it, or choose another with --data")
    );
    let under = at(&file.join("data"));
    assert!(
        under.starts_with("cannot use the data folder") && under.contains("Not a directory"),
        "{under}"
    );
    let broken = scratch.path().join("broken");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(
        broken.join("dynamodb.sqlite"),
        "this is no database, though it is long enough to look",
    )
    .unwrap();
    let line = at(&broken);
    assert!(
        line.starts_with(&format!("cannot open the database in {broken:?} (")),
        "{line}"
    );
    assert!(
        line.ends_with("): move it away, or choose another folder with --data"),
        "{line}"
    );
}

#[test]
fn a_wrong_setting_is_named_with_what_is_allowed() {
    let line = refused(&["--in-memory", "--port", "0"], &[("DENY_FOR", "some")]);
    assert_eq!(
        line,
        "DENY_FOR is \"some\", allowed is limits or all: change the variable, or unset it"
    );
}

#[test]
fn ctrl_c_and_sigterm_end_it_cleanly() {
    for signal in [Signal::INT, Signal::TERM] {
        let dev = Dev::start(&["--in-memory"]);
        assert_eq!(dev.get_with("/demo/x", dev.demo_key()).status, 200);
        dev.signal(signal);
        let (status, rest, log) = dev.ended();
        assert_eq!(status.code(), Some(0), "{signal:?}: {log}");
        assert!(
            rest.trim().is_empty() && !log.contains("ERROR"),
            "{rest}{log}"
        );
    }
}

#[test]
fn the_table_is_served_to_other_programs_where_that_is_asked_for() {
    let dev = Dev::start(&["--in-memory", "--dynamodb-port", "0"]);
    let lines: Vec<_> = dev.announcement().lines().take(3).collect();
    let export = format!("export LATCHKEY_URL={}/admin", dev.base());
    assert!(lines[1].ends_with(&export), "{lines:?}");
    let line = lines[2].to_owned();
    let endpoint = line.rsplit(' ').next().unwrap();
    let client = ureq::Agent::new_with_defaults();
    let call = |operation: &str, body: &str| {
        let request = client
            .post(endpoint)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=any/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=any")
            .header("x-amz-date", "20260101T000000Z");
        request
            .send(body)
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap()
    };
    assert!(call("ListTables", "{}").contains("\"latchkey\""));
    let items = call("Scan", r#"{"TableName": "latchkey"}"#);
    assert!(items.contains("PLAN#demo") && !items.contains(dev.demo_key()));
}
