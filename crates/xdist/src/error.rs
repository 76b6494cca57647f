//! What can go wrong between controller and workers: a small family, each with its remedy.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::wire::PROTOCOL_VERSION;

/// Why a process could not coordinate. Its tests run all the same.
#[derive(Debug, thiserror::Error)]
pub enum CoordinationError {
    /// The controller's signal did not come in time.
    #[error(
        "no `{}` after {} s (raise TESTMON_XDIST_WORKER_TIMEOUT, or see to it that the workers see the controller's directory)",
        .path.display(),
        .waited.as_secs_f64()
    )]
    Timeout {
        /// What was waited for.
        path: PathBuf,
        /// For how long, as the setting says.
        waited: Duration,
    },
    /// The controller that should have given the signal is gone.
    #[error("the controller of session `{session}` ended before it was ready (run again)")]
    NotReady {
        /// The session that it was to lead.
        session: String,
    },
    /// A coordination file or directory could not be used.
    #[error(
        "the coordination file `{}` cannot be {action}: {source} (see to its directory, or unset TESTMON_XDIST_CONTROLLER_PRECREATION)",
        .path.display()
    )]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What was tried: `read`, `written`, …
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The state is not one that this process can follow.
    #[error(transparent)]
    InvalidState(#[from] StateError),
    /// The waiting was broken off, usually by Ctrl-C.
    #[error("the wait for the controller was interrupted (run again)")]
    Interrupted,
}

impl CoordinationError {
    pub(crate) fn file(
        path: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, action, source }
    }
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
    /// Meant for a session with another rootdir, and nothing shows that it is the same project.
    #[error(
        "the controller's rootdir is `{theirs}`, this worker's `{ours}`, and they are not seen to be the same project (give both the same ini file)"
    )]
    OtherRoot {
        /// The controller's.
        theirs: String,
        /// This process's.
        ours: String,
    },
    /// Meant for, or sent by a worker of, another session.
    #[error("the {what}'s message is of session `{found}`, not of `{expected}` (run again)")]
    OtherSession {
        /// Who wrote it.
        what: &'static str,
        /// The session that it belongs to.
        found: String,
        /// The session that got it.
        expected: String,
    },
    /// The worker's interpreter, platform or pytest is another one.
    #[error(
        "the worker runs {ours}, the controller {theirs} (what it observes holds in another environment; run it with the controller's interpreter)"
    )]
    OtherInterpreter {
        /// The controller's.
        theirs: String,
        /// This process's.
        ours: String,
    },
    /// The worker's installation has other packages.
    #[error(
        "other packages are installed for the worker, in `{ours}`, than for the controller, in `{theirs}` (what it observes holds in another environment; install the same ones)"
    )]
    OtherPackages {
        /// The controller's installation.
        theirs: String,
        /// This process's.
        ours: String,
    },
}

impl StateError {
    pub(crate) fn damaged(what: &'static str, reason: &dyn std::fmt::Display) -> Self {
        Self::Damaged { what, reason: reason.to_string() }
    }
}
