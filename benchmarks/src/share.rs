//! The share of a processor that Lambda gives by memory: a whole one at 1,769 MB, less in
//! proportion (AWS, "Configure Lambda function memory"). Linux's CFS bandwidth does the same:
//! of each period of 20 ms a group runs for its share and then waits.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::atomic::{AtomicU64, Ordering},
};

/// Memory, in MB, that has a whole processor.
const WHOLE_MB: u32 = 1_769;
const PERIOD_US: u32 = 20_000;
/// Where each version of cgroups has its processors' controller.
const FIRST: &str = "/sys/fs/cgroup/cpu";
const SECOND: &str = "/sys/fs/cgroup";

/// A group of processes with a share of one processor: one for each process, since what one owes
/// when it ends the next would pay. It is taken away when this is dropped.
#[derive(Debug)]
pub(crate) struct Group {
    directory: PathBuf,
    /// Of the first version: the group that this thread comes back to.
    home: Option<PathBuf>,
}

/// A share of a processor, and from when on.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) group: Group,
    /// The process starts with a whole processor, up to its first question for an event.
    pub(crate) after_start: bool,
}

/// Of each period, in µs.
fn quota_us(memory_mb: u32) -> u32 {
    (PERIOD_US * memory_mb).div_ceil(WHOLE_MB)
}

impl Group {
    /// The share that Lambda gives a function with so much memory, in MB.
    ///
    /// # Errors
    /// Where this machine lets nobody make such a group.
    pub(crate) fn of_memory(memory_mb: u32) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("latchkey-benchmark-{}-{count}", std::process::id());
        let quota_us = quota_us(memory_mb);
        if Path::new(FIRST).join("cpu.cfs_quota_us").exists() {
            let group = Self::made(Path::new(FIRST).join(name), Some(own_group()?))?;
            group.set("cpu.cfs_period_us", &PERIOD_US.to_string())?;
            group.set("cpu.cfs_quota_us", &quota_us.to_string())?;
            return Ok(group);
        }
        let group = Self::made(Path::new(SECOND).join(name), None)?;
        group.set("cpu.max", &format!("{quota_us} {PERIOD_US}"))?;
        Ok(group)
    }

    fn made(directory: PathBuf, home: Option<PathBuf>) -> io::Result<Self> {
        fs::create_dir(&directory)?;
        Ok(Self { directory, home })
    }

    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        fs::write(self.directory.join(file), value)
    }

    /// Takes in a process that is there already.
    pub(crate) fn take(&self, process: u32) -> io::Result<()> {
        self.set("cgroup.procs", &process.to_string())
    }

    /// Starts a process in the group. In the first version this thread goes into it and comes
    /// back, so that the process is in it from its first instruction; in the second, which moves
    /// whole processes only, it is moved right after its start.
    pub(crate) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        match &self.home {
            Some(home) => {
                self.set("tasks", "0")?;
                let child = command.spawn();
                fs::write(home.join("tasks"), "0")?;
                child
            }
            None => {
                let child = command.spawn()?;
                self.take(child.id())?;
                Ok(child)
            }
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its processes were waited for; where one is left the group stays too.
        drop(fs::remove_dir(&self.directory));
    }
}

/// The group of the first version that this process is in.
fn own_group() -> io::Result<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup")?;
    let mut lines = groups.lines();
    let own = lines.find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        controllers
            .split(',')
            .any(|name| name == "cpu")
            .then_some(path)
    });
    Ok(Path::new(FIRST).join(own.unwrap_or("/").trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_in_proportion_to_memory() {
        let quotas = [128, 512, 1_769].map(quota_us);
        assert_eq!(quotas, [1_448, 5_789, 20_000]);
    }
}
