//! A worker's word that it follows the state: the file `worker_<id>_ready`.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::directory::write_atomically;
use crate::error::CoordinationError;

/// What such a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acknowledgement {
    /// The session that the worker joined.
    pub(crate) session: String,
    /// The worker's id.
    pub(crate) worker: String,
    /// Its process.
    pub(crate) pid: u32,
}

const PREFIX: &str = "worker_";
const SUFFIX: &str = "_ready";

/// The name of the file of `worker`. An id can hold any character (`--tx popen//id=…`): those that
/// could lead elsewhere are written as hexadecimal bytes.
pub(crate) fn file_name(worker: &str) -> String {
    let mut name = PREFIX.to_owned();
    for byte in worker.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-.".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    name + SUFFIX
}

/// Whether `name` is one of those.
pub(crate) fn is_file_name(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

impl Acknowledgement {
    /// Writes it into `directory`.
    pub(crate) fn write(&self, directory: &Path) -> Result<(), CoordinationError> {
        let path = directory.join(file_name(&self.worker));
        let bytes = serde_json::to_vec(self).map_err(io::Error::other);
        bytes
            .and_then(|bytes| write_atomically(&path, &bytes))
            .map_err(CoordinationError::file(path, "written"))
    }

    /// Whether `worker` has joined `session`. Whatever else is in the file is no word of it.
    pub(crate) fn is_given(directory: &Path, worker: &str, session: &str) -> bool {
        let Ok(bytes) = fs::read(directory.join(file_name(worker))) else { return false };
        let Ok(found) = serde_json::from_slice::<Self>(&bytes) else { return false };
        found.session == session && found.worker == worker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_s_word_counts_for_its_session_alone() {
        let directory = tempfile::tempdir().unwrap();
        let word = Acknowledgement { session: "s1".into(), worker: "gw0".into(), pid: 1 };
        assert!(!Acknowledgement::is_given(directory.path(), "gw0", "s1"));
        word.write(directory.path()).unwrap();
        assert!(directory.path().join("worker_gw0_ready").is_file());
        assert!(Acknowledgement::is_given(directory.path(), "gw0", "s1"));
        assert!(!Acknowledgement::is_given(directory.path(), "gw0", "s2"));
        assert!(!Acknowledgement::is_given(directory.path(), "gw1", "s1"));
    }

    #[test]
    fn a_damaged_word_is_none() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("worker_gw0_ready"), "{").unwrap();
        assert!(!Acknowledgement::is_given(directory.path(), "gw0", "s1"));
    }

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        assert_eq!(file_name("gw12"), "worker_gw12_ready");
        assert_eq!(file_name("../a b"), "worker_..%2Fa%20b_ready");
        assert!(is_file_name(&file_name("x/y")));
        assert!(!is_file_name("controller_ready.json"));
    }

    #[test]
    fn without_a_directory_the_error_says_which_file() {
        let directory = tempfile::tempdir().unwrap();
        let word = Acknowledgement { session: "s1".into(), worker: "gw0".into(), pid: 1 };
        let error = word.write(&directory.path().join("gone")).unwrap_err().to_string();
        assert!(error.contains("worker_gw0_ready` cannot be written: "), "{error}");
    }
}
