//! How a command ends, and what it says then.

use std::process::{Command, Stdio};

use super::{
    recorder::Recorder,
    run::{command, run_with, shared},
};

#[test]
fn a_refusal_ends_with_1_and_says_what_to_do_next() {
    let dev = shared();
    let none = "key_0000000000000000";
    for (words, said) in [
        (&["plans", "show", "none"][..], "`latchkey plans list`"),
        (&["keys", "show", none], "`latchkey keys list`"),
        (&["keys", "attach", none, "demo"], "`latchkey keys list`"),
        (&["plans", "create", "--name", ""], "/name: "),
        (
            &["plans", "create", "--name", "x", "--quota", "5"],
            "/quota/period: ",
        ),
        (&["keys", "list", "--customer-id", "a b"], "customerId: "),
    ] {
        let ran = dev.run(words);
        assert!(ran.failed(1).contains(said), "{words:?}: {ran:?}");
        assert!(ran.stderr.contains("\nhint: "), "{ran:?}");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn what_cannot_be_used_ends_with_2() {
    let dev = shared();
    for (words, said) in [
        (&["plans", "update", "demo"][..], "nothing to change"),
        (&["keys", "update", "key_x"], "nothing to change"),
        (
            &["keys", "update", "key_x", "--clear", "value"],
            "customer-id",
        ),
        (&["plans", "delete", "demo"], "--yes"),
        (&["keys", "delete", "key_x"], "--yes"),
        (
            &["plans", "create", "--name", "x", "--quota", "DAY"],
            "1000/DAY",
        ),
        (
            &["plans", "create", "--name", "x", "--api-stage", "x"],
            "API:STAGE",
        ),
        (
            &["plans", "create", "--name", "x", "--rate-limit", "x"],
            "such as 10",
        ),
        (&["keys", "create", "--metadata", "x"], "NAME=TEXT"),
        (&["usage", "show"], "--plan"),
        (&["plans", "list", "--limit", "0"], "0"),
        (&["import", "/none.csv"], "/none.csv"),
        (
            &["keys", "create", "--value-file", "/none.key"],
            "/none.key",
        ),
        (
            &["verify", "GET", "/", "--api-stage", "a:b"],
            "LATCHKEY_KEY",
        ),
        (&["plans", "list", "--url", "nowhere"], "--url nowhere"),
        (
            &["plans", "list", "--url", "http://x", "--stack", "y"],
            "cannot be used with",
        ),
    ] {
        let ran = dev.run(words);
        assert!(ran.failed(2).contains(said), "{words:?}: {ran:?}");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn two_variables_that_say_where_are_told_as_such() {
    let dev = shared();
    let mut command = dev.command(&["plans", "list"]);
    command.env("LATCHKEY_STACK", "shop");
    let ran = run_with(command, "");
    assert!(ran.failed(2).contains("are both set"), "{ran:?}");
    let mut command = dev.command(&["plans", "list", "--url", &format!("{}/admin", dev.base())]);
    command
        .env("LATCHKEY_STACK", "shop")
        .env("LATCHKEY_URL", "http://nowhere");
    run_with(command, "").printed();
}

#[test]
fn no_answer_ends_with_3_and_says_how_to_get_one() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let url = format!("http://127.0.0.1:{port}/admin");
    let ran = run_with(command(&["plans", "list", "--url", &url]), "");
    assert!(ran.failed(3).contains("`latchkey dev`"), "{ran:?}");
    let ran = run_with(command(&["plans", "list", "--region", "eu-west-1"]), "");
    assert!(ran.failed(3).contains("aws configure"), "{ran:?}");
}

#[test]
fn another_server_s_answer_is_told_as_such() {
    let page = Recorder::answering(200, "<html>");
    let ran = page.run(&["plans", "list"]);
    assert!(ran.failed(3).contains("is the address right?"), "{ran:?}");
}

#[test]
fn a_fault_and_a_refusal_before_the_api_are_no_verdict() {
    let told = r#"{"type":"/problems/unavailable","title":"x","status":503,"detail":"x"}"#;
    let expired = r#"{"message":"The security token included in the request is expired"}"#;
    let verify = ["verify", "GET", "/", "--api-stage", "a:b"];
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/latchkey.yaml");
    for (status, body, said) in [
        (403, r#"{"message":"Forbidden"}"#, "execute-api:Invoke"),
        (403, expired, "`aws sso login`"),
        (404, "", "is the address the admin API's?"),
        (500, "", "run it once more"),
        (502, "<html>", "run it once more"),
        (503, told, "run it once more"),
        (
            504,
            r#"{"message":"Endpoint request timed out"}"#,
            "run it once more",
        ),
    ] {
        let gateway = Recorder::answering(status, body);
        let (try_call, diff) = (["try", "k", "GET", "/"], ["diff", "--file", file]);
        for words in [&["plans", "list"][..], &verify, &try_call, &diff] {
            let mut command = gateway.command(words);
            command.env("LATCHKEY_KEY", "k".repeat(20));
            let ran = run_with(command, "");
            assert!(ran.failed(3).contains(said), "{status} {words:?}: {ran:?}");
            assert_eq!(ran.stdout, "");
        }
    }
    let refusal = r#"{"type":"/problems/unknown-plan","title":"x","status":404,"detail":"x"}"#;
    let ran = Recorder::answering(404, refusal).run(&["plans", "show", "x"]);
    assert!(ran.failed(1).contains("`latchkey plans list`"), "{ran:?}");
}

#[test]
fn nobody_reading_on_is_an_end_like_any_other() {
    let dev = shared();
    for words in [
        &["plans", "list"][..],
        &["plans", "list", "-ojson"],
        &["export"],
        &["audit"],
        &["completions", "bash"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = dev.command(words);
        let output = command.stdout(writer).stderr(Stdio::piped()).output();
        let output = output.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {stderr}");
        assert_eq!(stderr, "", "{words:?}");
    }
}

#[test]
fn a_value_that_nobody_reads_is_told_as_lost() {
    let dev = shared();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = dev.command(&["keys", "create", "--name", "Lost"]);
    let output = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("`latchkey keys rotate key_"), "{stderr}");
}

#[test]
fn a_value_for_a_closed_standard_output_is_told_as_lost() {
    let dev = shared();
    let create = |redirected: &str| {
        let mut command = Command::new("/bin/sh");
        let line = format!("exec \"$0\" keys create --name Closed {redirected}");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_latchkey")]);
        command.env("LATCHKEY_URL", format!("{}/admin", dev.base()));
        run_with(command, "")
    };
    let ran = create(">&-");
    assert!(
        ran.failed(3).contains("`latchkey keys rotate key_"),
        "{ran:?}"
    );
    let ran = create("> /dev/null");
    assert_eq!(ran.printed(), "", "which is what was asked for");
}

#[test]
fn what_completes_the_command_is_there_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run_with(command(&["completions", shell]), "");
        assert!(ran.printed().contains("rotate"), "{shell}");
    }
}
