//! As whom the admin API is called, and what is sent again.

use std::os::unix::fs::PermissionsExt as _;

use super::{recorder::Recorder, run::run_with};
use crate::support::Scratch;

const EMPTY: &str = r#"{"items":[]}"#;

#[test]
fn a_call_of_this_machine_is_not_signed() {
    let server = Recorder::answering(200, EMPTY);
    server.run(&["plans", "list"]).printed();
    assert_eq!(server.requests()[0].header("authorization"), None);
}

#[test]
fn a_call_with_a_region_is_signed_with_the_environment_s_credentials() {
    let server = Recorder::answering(200, EMPTY);
    let mut command = server.command(&["keys", "list", "--region", "eu-west-1", "--name", "a b"]);
    command
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_SESSION_TOKEN", "token");
    run_with(command, "").printed();
    let request = &server.requests()[0];
    let signature = request.header("authorization").unwrap();
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
        "{signature}"
    );
    assert!(
        signature.contains("/eu-west-1/execute-api/aws4_request"),
        "{signature}"
    );
    assert_eq!(request.header("x-amz-security-token"), Some("token"));
    assert!(request.line.contains("name=a%20b"), "{}", request.line);
}

#[test]
fn a_profile_s_credentials_are_the_aws_cli_s_answer() {
    let folder = Scratch::new();
    let aws = folder.path().join("aws");
    let script = "#!/bin/sh\ncase \"$*\" in\n\
        'configure export-credentials --format process --profile prod') \
        echo '{\"Version\":1,\"AccessKeyId\":\"AKIDPROFILE\",\"SecretAccessKey\":\"s\"}';;\n\
        'configure get region --profile prod') echo us-east-2;;\n\
        *) exit 9;;\nesac\n";
    std::fs::write(&aws, script).unwrap();
    std::fs::set_permissions(&aws, std::fs::Permissions::from_mode(0o700)).unwrap();
    let server = Recorder::answering(200, EMPTY);
    let mut command = server.command(&["audit", "--profile", "prod"]);
    command.env("PATH", folder.path());
    run_with(command, "").printed();
    let request = &server.requests()[0];
    let signature = request.header("authorization").unwrap();
    assert!(signature.contains("=AKIDPROFILE/"), "{signature}");
    assert!(signature.contains("/us-east-2/execute-api/"), "{signature}");
}

#[test]
fn a_lost_answer_is_asked_for_once_more_under_the_same_idempotency_key() {
    let key = r#"{"value":"lk_live_x","id":"key_1","enabled":true,"createdDate":"","lastUpdatedDate":""}"#;
    let server = Recorder::losing(1, 201, key);
    let made = server.run(&["keys", "create", "--name", "Once"]);
    assert_eq!(made.printed(), "lk_live_x\n");
    server.run(&["keys", "rotate", "key_1"]).printed();
    let once: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            (
                request.header("idempotency-key").unwrap().to_owned(),
                request.body.clone(),
            )
        })
        .collect();
    assert_eq!(once.len(), 3);
    assert_eq!(once[0], once[1]);
    assert_eq!(once[0].0.len(), 32);
    assert_ne!(once[0].0, once[2].0);
    let server = Recorder::losing(2, 201, key);
    server.run(&["keys", "create", "--name", "Never"]).failed(3);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_fault_before_the_api_is_a_lost_answer() {
    let key = r#"{"value":"lk_live_x","id":"key_1","enabled":true,"createdDate":"","lastUpdatedDate":""}"#;
    for fault in [502, 503, 504] {
        let server = Recorder::failing(1, fault, 201, key);
        let made = server.run(&["keys", "create", "--name", "Once"]);
        assert_eq!(made.printed(), "lk_live_x\n");
        let requests = server.requests();
        let once = |at: usize| requests[at].header("idempotency-key").unwrap();
        assert_eq!((requests.len(), once(0)), (2, once(1)), "{fault}");
    }
    let server = Recorder::failing(1, 500, 201, key);
    server.run(&["keys", "create", "--name", "Told"]).failed(3);
    let server = Recorder::failing(1, 503, 200, "{}");
    server.run(&["plans", "list"]).failed(3);
    assert_eq!(server.requests().len(), 1, "nothing to repeat under");
}
