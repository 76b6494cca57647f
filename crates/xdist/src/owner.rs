//! Who a coordination directory belongs to, and whether that process is still there.
//!
//! A pid comes back; the time at which the process started does not. Both are read from Linux's
//! `/proc`, together with what says whether a pid means anything here: the host's name, its boot and
//! the pid namespace (containers have their own).

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A process, told apart from any other one that has or had its pid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// When it started, in the kernel's ticks since boot; `None` where that cannot be told.
    pub started: Option<u64>,
    /// The host's name.
    pub host: String,
    /// The host's boot and the pid namespace.
    pub boot: String,
    /// The pid namespace.
    pub namespace: String,
}

const PROC: &str = "/proc";

impl Owner {
    /// This process.
    #[must_use]
    pub fn this_process() -> Self {
        Self::read(Path::new(PROC), std::process::id())
    }

    fn read(proc: &Path, pid: u32) -> Self {
        let line = |path: &str| {
            fs::read_to_string(proc.join(path))
                .map(|text| text.trim().to_owned())
                .unwrap_or_default()
        };
        let namespace = fs::read_link(proc.join("self/ns/pid"));
        Self {
            pid,
            started: started(proc, pid),
            host: line("sys/kernel/hostname"),
            boot: line("sys/kernel/random/boot_id"),
            namespace: namespace.map(|path| path.display().to_string()).unwrap_or_default(),
        }
    }

    /// Whether both are processes of one host, which share its disks.
    #[must_use]
    pub fn shares_host_with(&self, other: &Self) -> bool {
        self.host == other.host && self.boot == other.boot
    }

    /// Whether the process is known to have ended. One of another host or container may live on.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_gone_in(Path::new(PROC))
    }

    fn is_gone_in(&self, proc: &Path) -> bool {
        let here = Self::read(proc, self.pid);
        if self.host != here.host {
            return false;
        }
        if self.boot != here.boot {
            return true;
        }
        if self.namespace != here.namespace {
            return false;
        }
        here.started.is_none() || here.started != self.started
    }
}

/// When the process `pid` started; `None` if there is none, or only what its parent has not yet
/// been told of (a zombie does nothing any more).
fn started(proc: &Path, pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(proc.join(pid.to_string()).join("stat")).ok()?;
    // The second field is the program's name, which can hold anything: count from its end.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `/proc` with one process in it.
    fn proc(pid: u32, state: &str, started: u64) -> tempfile::TempDir {
        let proc = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = proc.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("sys/kernel/hostname", "here\n");
        write("sys/kernel/random/boot_id", "boot-1\n");
        let zeros = "0 ".repeat(18);
        write(&format!("{pid}/stat"), &format!("{pid} (a ) b) {state} {zeros}{started} 0 0"));
        fs::create_dir_all(proc.path().join("self/ns")).unwrap();
        std::os::unix::fs::symlink("pid:[1]", proc.path().join("self/ns/pid")).unwrap();
        proc
    }

    #[test]
    fn this_process_is_there() {
        let owner = Owner::this_process();
        assert!(owner.started.is_some() && !owner.host.is_empty());
        assert!(!owner.is_gone());
        assert!(owner.shares_host_with(&owner.clone()));
    }

    #[test]
    fn a_process_that_runs_is_not_gone() {
        let proc = proc(7, "S", 100);
        let owner = Owner::read(proc.path(), 7);
        assert_eq!(owner.started, Some(100), "the name holds a parenthesis and a space");
        assert!(!owner.is_gone_in(proc.path()));
    }

    #[test]
    fn a_process_that_ended_is_gone() {
        let proc = proc(7, "S", 100);
        let owner = Owner { pid: 8, ..Owner::read(proc.path(), 7) };
        assert!(owner.is_gone_in(proc.path()));
    }

    #[test]
    fn a_zombie_is_gone() {
        let owner = Owner::read(proc(7, "R", 100).path(), 7);
        assert!(owner.is_gone_in(proc(7, "Z", 100).path()));
    }

    #[test]
    fn a_pid_that_was_given_to_another_process_is_told_apart() {
        let owner = Owner::read(proc(7, "S", 100).path(), 7);
        assert!(owner.is_gone_in(proc(7, "S", 101).path()));
    }

    #[test]
    fn a_reboot_ends_every_process() {
        let proc = proc(7, "S", 100);
        let owner = Owner { boot: "boot-0".into(), ..Owner::read(proc.path(), 7) };
        assert!(owner.is_gone_in(proc.path()));
    }

    #[test]
    fn nothing_is_said_of_processes_elsewhere() {
        let proc = proc(7, "S", 100);
        let here = Owner::read(proc.path(), 7);
        let elsewhere = Owner { host: "there".into(), pid: 8, ..here.clone() };
        assert!(!elsewhere.is_gone_in(proc.path()));
        let contained = Owner { namespace: "pid:[2]".into(), pid: 8, ..here };
        assert!(!contained.is_gone_in(proc.path()));
    }
}
