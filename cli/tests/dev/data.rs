//! The data folder: what was acknowledged is there again, and only its owner reads it.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::{Dev, Scratch, Signal};

#[test]
fn a_restart_keeps_everything_but_the_demo_keys() {
    let scratch = Scratch::new();
    let folder = scratch.path().join("data");
    let data = ["--data", folder.to_str().unwrap()];
    let first = Dev::start(&data);
    let plan = json!({"name": "Gold", "quota": {"limit": 5, "period": "LIFETIME"}, "apiStages": [{"apiId": "demorest", "stage": "dev"}]});
    let plan = first.admin("POST", "/v1/plans", &plan)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (id, value) = first.new_key(&[&plan]);
    assert_eq!(first.get_with("/demo-rest/x", &value).status, 200);
    let (demo, limited) = (first.demo_key().to_owned(), first.limited_key().to_owned());
    let (_, on_demo) = first.new_key(&["demo"]);
    first.signal(Signal::TERM);
    assert!(first.ended().0.success());

    let second = Dev::start(&data);
    assert_ne!(second.demo_key(), demo);
    for former in [&demo, &limited] {
        assert_eq!(
            second.get_with("/demo-rest/x", former).status,
            401,
            "the former demo key is deleted"
        );
    }
    assert_eq!(
        second.get_with("/demo-rest/x", &on_demo).status,
        200,
        "the owner's keys on the demo plan stay"
    );
    assert_eq!(
        second.get_with("/demo-rest/x", &value).json()["context"]["quotaRemaining"],
        "3"
    );
    let usage = second.admin("GET", &format!("/v1/keys/{id}/usage"), &Value::Null);
    assert_eq!(usage["values"][&plan], json!([[2, 3]]));
    let keys = second.admin("GET", "/v1/plans/demo/keys", &Value::Null);
    assert_eq!(
        keys["items"].as_array().unwrap().len(),
        2,
        "one fresh demo key and the owner's"
    );
    assert_eq!(
        [(); 3].map(|()| second.get_with("/demo-rest/x", second.limited_key()).status),
        [200, 200, 429]
    );
}

#[test]
fn after_kill_9_all_that_was_acknowledged_is_there() {
    let scratch = Scratch::new();
    let data = ["--data", scratch.path().to_str().unwrap()];
    let first = Dev::start(&data);
    let made: Vec<_> = std::thread::scope(|scope| {
        let make = || (0..5).map(|_| first.new_key(&["demo"])).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    for (_, value) in &made {
        assert_eq!(first.get_with("/demo/x", value).status, 200);
    }
    first.signal(Signal::KILL);
    assert_eq!(first.ended().0.code(), None);

    let second = Dev::start(&data);
    assert_eq!(made.len(), 20);
    for (id, value) in &made {
        let usage = second.admin("GET", &format!("/v1/keys/{id}/usage"), &Value::Null);
        assert_eq!(usage["values"]["demo"], json!([[1, 999_999]]));
        assert_eq!(second.get_with("/demo/x", value).status, 200);
    }
}

#[test]
fn a_new_folder_and_its_files_are_for_their_owner_only() {
    let scratch = Scratch::new();
    let folder = scratch.path().join("new/data");
    let dev = Dev::start(&["--data", folder.to_str().unwrap()]);
    assert_eq!(dev.get_with("/demo/x", dev.demo_key()).status, 200);
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut files = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&file.unwrap().path()) & 0o077, 0);
        files += 1;
    }
    assert!(files >= 2);
}

#[test]
fn in_memory_nothing_is_written() {
    let scratch = Scratch::new();
    let mut command = crate::support::command(&["--in-memory"]);
    command.current_dir(scratch.path());
    let dev = Dev::start_with(command);
    assert_eq!(dev.get_with("/demo/x", dev.demo_key()).status, 200);
    dev.admin("GET", "/v1/keys", &Value::Null);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}
