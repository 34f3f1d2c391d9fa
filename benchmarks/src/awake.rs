//! Keeps the processors awake while a run measures. One that has nothing to do is put to sleep,
//! and on a virtual machine given back to its host: to wake it takes some 50 µs, which is more
//! than a call takes, and hits one row and not another. So on each of them a process spins at
//! the lowest priority there is (`SCHED_IDLE`), which gives way to whatever else wants to run.

use std::{
    env, hint,
    os::unix::process::parent_id,
    process::{Child, Command, Stdio},
    thread,
};

use crate::outcome::Outcome;

/// Turns between two looks at the parent: some milliseconds.
const TURNS: u32 = 1_000_000;

/// The spinning processes; they end when this is dropped.
pub(crate) struct Awake(Vec<Child>);

impl Awake {
    /// # Errors
    /// Where `chrt` (of util-linux) is missing.
    pub(crate) fn start() -> Outcome<Self> {
        let own = env::current_exe()?;
        let processors = thread::available_parallelism()?.get();
        let mut awake = Self(Vec::new());
        for _ in 0..processors {
            let child = Command::new("chrt")
                .args(["--idle", "0"])
                .arg(&own)
                .arg("spin")
                .stdin(Stdio::null())
                .spawn()
                .map_err(|error| format!("chrt: {error}"))?;
            awake.0.push(child);
        }
        Ok(awake)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Spins until the process that started this one is gone.
pub(crate) fn spin() {
    let parent = parent_id();
    while parent_id() == parent {
        for _ in 0..TURNS {
            hint::spin_loop();
        }
    }
}
