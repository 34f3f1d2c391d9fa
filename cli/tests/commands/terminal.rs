//! What is another on a terminal: a question before what cannot be taken back, and colours.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    process::Command,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use super::run::shared;

/// Runs a command on a terminal of 100 columns on which `typed` is typed: how it ended, and
/// what was seen.
fn on_terminal(mut command: Command, typed: &str) -> (i32, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let size = Winsize {
        ws_row: 40,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).unwrap();
    let name = ptsname(&terminal, Vec::new())
        .unwrap()
        .into_string()
        .unwrap();
    let end = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name)
        .unwrap();
    command
        .env_remove("COLUMNS")
        .env("TERM", "xterm-256color")
        .stdin(end.try_clone().unwrap())
        .stdout(end.try_clone().unwrap())
        .stderr(end);
    let mut child = command.spawn().unwrap();
    // The command alone holds the other end now: when it ends, so does reading here.
    drop(command);
    let mut terminal = File::from(terminal);
    terminal.write_all(typed.as_bytes()).unwrap();
    let mut seen = Vec::new();
    // The end of a terminal is an error to its reader (EIO).
    drop(terminal.read_to_end(&mut seen));
    let status = child.wait().unwrap().code().unwrap();
    (status, String::from_utf8(seen).unwrap())
}

#[test]
fn what_cannot_be_taken_back_is_asked_for() {
    let dev = shared();
    let key = dev.key("Asked", &[]);
    let delete = ["keys", "delete", &key];
    for no in ["n\n", "\n"] {
        let (status, seen) = on_terminal(dev.command(&delete), no);
        assert_eq!(status, 1, "{seen}");
        assert!(
            seen.contains(&format!("Delete key {key} (\"Asked\")?")),
            "{seen}"
        );
        assert!(seen.contains("nothing was deleted"), "{seen}");
    }
    let (status, seen) = on_terminal(dev.command(&delete), "y\n");
    assert_eq!(status, 0, "{seen}");
    dev.run(&["keys", "show", &key]).failed(1);
    dev.plan("asked", &[]);
    let delete = ["plans", "delete", "asked", "--force"];
    let (status, seen) = on_terminal(dev.command(&delete), "yes\n");
    assert_eq!(status, 0, "{seen}");
    assert!(seen.contains("Its keys are taken off"), "{seen}");
    dev.run(&["plans", "show", "asked"]).failed(1);
}

#[test]
fn a_table_fits_the_terminal_and_has_colours_where_they_are_wanted() {
    let dev = shared();
    let name = "words ".repeat(40);
    dev.key(&name, &["--customer-id", "cus_wide"]);
    let list = ["keys", "list", "--customer-id", "cus_wide"];
    let (_, seen) = on_terminal(dev.command(&list), "");
    assert!(seen.contains("\u{1b}["), "{seen}");
    let mut plain = dev.command(&list);
    plain.env("NO_COLOR", "1");
    let (status, seen) = on_terminal(plain, "");
    assert_eq!(status, 0);
    assert!(!seen.contains('\u{1b}'), "{seen}");
    assert!(
        seen.lines()
            .all(|line| line.trim_end().chars().count() <= 100),
        "{seen}"
    );
    assert!(seen.lines().count() > 3, "the name is wrapped: {seen}");
}
