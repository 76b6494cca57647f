//! The wire types: what a worker is told, and what it sends back.
//!
//! Encoded with postcard (varints, no field names): both ends are the same version of testmonx, and
//! the protocol version comes first so that any other version is told apart before the rest is read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use testmonx_core::RelPath;
use testmonx_core::trace::{Batch, NodeId};

/// Version of the wire types; grows with every change of them.
pub const PROTOCOL_VERSION: u32 = 1;

/// Which tests run and in which order; the same in every process of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Test files that need not be imported: all their tests are fresh.
    pub skipped_files: BTreeSet<RelPath>,
    /// Fresh tests of the files that are collected.
    pub fresh_tests: BTreeSet<NodeId>,
    /// The rank of known tests, lowest first, if the order is to be changed.
    pub ranks: Option<BTreeMap<NodeId, u32>>,
    /// The rank of tests that are not in `ranks`: new ones.
    pub new_rank: u32,
}

/// What the controller tells its workers. Immutable: written once, before a worker starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinationState {
    /// Identifies the session; part of every observation sent back.
    pub session: String,
    /// The rootdir as the controller sees it.
    pub root: String,
    /// Whether the workers are to record what they observe.
    pub is_recording: bool,
    /// What to run.
    pub plan: Plan,
}

/// Why a state or observations could not be taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum StateError {
    /// Written by another version of testmonx.
    #[error(
        "the {what} speaks protocol {found}, this process {PROTOCOL_VERSION} (install the same version of testmonx for all workers)"
    )]
    OtherProtocol {
        /// Who wrote it.
        what: &'static str,
        /// The version that it was written in.
        found: u32,
    },
    /// Not what it should be.
    #[error("the {what}'s message cannot be read: {reason} (run again; report it if it stays)")]
    Damaged {
        /// Who wrote it.
        what: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// Meant for a session with another rootdir.
    #[error(
        "the controller's rootdir is `{theirs}`, this worker's `{ours}` (run both in one project)"
    )]
    OtherRoot {
        /// The controller's.
        theirs: String,
        /// This process's.
        ours: String,
    },
    /// Sent by a worker of another session.
    #[error("observations of session `{found}` reached session `{expected}` (run again)")]
    OtherSession {
        /// The session that they belong to.
        found: String,
        /// The session that got them.
        expected: String,
    },
}

impl CoordinationState {
    /// The bytes that travel to a worker.
    ///
    /// # Errors
    /// If the encoder fails, which takes an allocation failure.
    pub fn encode(&self) -> Result<Vec<u8>, StateError> {
        encode("controller", self)
    }

    /// The state in `bytes`, checked for this version and `root`.
    ///
    /// # Errors
    /// If it is damaged, or was written for another version or rootdir.
    pub fn decode(bytes: &[u8], root: &str) -> Result<Self, StateError> {
        let state: Self = decode("controller", bytes)?;
        if state.root == root {
            Ok(state)
        } else {
            Err(StateError::OtherRoot { theirs: state.root, ours: root.to_owned() })
        }
    }
}

/// What a worker observed since it last sent something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// The session that the worker was started for.
    pub session: String,
    /// The worker's own number for its recorder, unique in the session.
    pub recorder: String,
    /// What it recorded.
    pub batch: Batch,
}

impl Observations {
    /// The bytes that travel to the controller.
    ///
    /// # Errors
    /// If the encoder fails, which takes an allocation failure.
    pub fn encode(&self) -> Result<Vec<u8>, StateError> {
        encode("worker", self)
    }

    /// The observations in `bytes`, checked for this version and `session`.
    ///
    /// # Errors
    /// If they are damaged, or come from another version or session.
    pub fn decode(bytes: &[u8], session: &str) -> Result<Self, StateError> {
        let observations: Self = decode("worker", bytes)?;
        if observations.session == session {
            Ok(observations)
        } else {
            Err(StateError::OtherSession {
                found: observations.session,
                expected: session.to_owned(),
            })
        }
    }
}

fn encode<T: Serialize>(what: &'static str, value: &T) -> Result<Vec<u8>, StateError> {
    postcard::to_stdvec(&(PROTOCOL_VERSION, value)).map_err(|error| damaged(what, &error))
}

fn decode<'a, T: Deserialize<'a>>(what: &'static str, bytes: &'a [u8]) -> Result<T, StateError> {
    let (found, rest) = postcard::take_from_bytes(bytes).map_err(|error| damaged(what, &error))?;
    if found != PROTOCOL_VERSION {
        return Err(StateError::OtherProtocol { what, found });
    }
    postcard::from_bytes(rest).map_err(|error| damaged(what, &error))
}

fn damaged(what: &'static str, error: &postcard::Error) -> StateError {
    StateError::Damaged { what, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> CoordinationState {
        CoordinationState {
            session: "s1".into(),
            root: "/p".into(),
            is_recording: true,
            plan: Plan {
                skipped_files: [RelPath::new("test_a.py")].into(),
                fresh_tests: [NodeId::new("test_b.py::test_x[é]")].into(),
                ranks: Some([(NodeId::new("test_b.py::test_y"), 3)].into()),
                new_rank: 1,
            },
        }
    }

    #[test]
    fn round_trip() {
        let bytes = state().encode().unwrap();
        assert_eq!(CoordinationState::decode(&bytes, "/p"), Ok(state()));
    }

    #[test]
    fn another_root_version_or_session_is_refused_by_name() {
        let bytes = state().encode().unwrap();
        let error = CoordinationState::decode(&bytes, "/q").unwrap_err();
        assert!(error.to_string().contains("`/p`") && error.to_string().contains("`/q`"));
        let newer = postcard::to_stdvec(&(PROTOCOL_VERSION + 1, 0u8)).unwrap();
        let error = CoordinationState::decode(&newer, "/p").unwrap_err();
        assert_eq!(
            error,
            StateError::OtherProtocol { what: "controller", found: PROTOCOL_VERSION + 1 }
        );
        let sent =
            Observations { session: "s1".into(), recorder: "gw0".into(), batch: Batch::default() };
        let error = Observations::decode(&sent.encode().unwrap(), "s2").unwrap_err();
        assert!(matches!(error, StateError::OtherSession { .. }));
    }

    #[test]
    fn damage_never_panics() {
        let bytes = state().encode().unwrap();
        for end in 0..bytes.len() {
            assert!(CoordinationState::decode(&bytes[..end], "/p").is_err());
        }
    }
}
