//! A worker: it follows the controller's state. Whatever goes wrong, it leaves out what the other
//! workers leave out (xdist stops a run whose workers collect differently) and runs what it is given;
//! only what it observes is then not recorded.

use std::path::Path;
use std::time::Duration;

use testmonx_xdist::{
    CoordinationError, CoordinationState, Joining, Log, Owner, StateError, salvage_plan,
};

use super::worker_store::{WorkerStore, WorkerStoreError};
use super::{Invocation, Session, with_causes};
use crate::mode::Mode;

/// Why a worker's observations are not to be recorded.
#[derive(Debug, thiserror::Error)]
enum JoinError {
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Store(#[from] WorkerStoreError),
}

impl Session {
    pub(super) fn following(
        invocation: &Invocation,
        mode: Mode,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Self {
        let mut session = Self::new(invocation, mode, Log::start(&invocation.worker, false));
        session.mode.records = false;
        let Some(input) = &invocation.coordination else { return session };
        match CoordinationState::decode(&input.state) {
            Ok(state) => {
                session.log = Log::start(&invocation.worker, state.settings.debug);
                session.share = input.share;
                session.follow(state, invocation, mode, sleep);
            }
            Err(error) => {
                session.plan = salvage_plan(&input.state).unwrap_or_default();
                session.trouble = Some(error.to_string());
            }
        }
        session
    }

    fn follow(
        &mut self,
        state: CoordinationState,
        invocation: &Invocation,
        mode: Mode,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) {
        if state.is_recording && mode.records {
            match self.join(&state, invocation, sleep) {
                Ok(()) => self.mode.records = true,
                Err(error) => {
                    let text = with_causes(&error);
                    self.log.note(|| format!("is not recorded: {text}"));
                    self.trouble = Some(text);
                }
            }
        }
        self.name = state.session;
        self.plan = state.plan;
    }

    /// Finds out whether this process may record for the controller, and makes the handshake.
    fn join(
        &mut self,
        state: &CoordinationState,
        invocation: &Invocation,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<(), JoinError> {
        let site = invocation.site();
        let shares_host = Owner::this_process().shares_host_with(&state.owner);
        self.is_elsewhere = !shares_host || site.root != state.site.root;
        site.stands_for(&state.site, shares_host)?;
        // Another host's environment is another one in any case.
        let before = || state.variables.clone();
        self.variables = shares_host.then(|| invocation.variables.inherited(before()));
        self.log.note(|| {
            let session = &state.session;
            if self.is_elsewhere {
                format!("has the state of session {session}, in a copy of the project")
            } else {
                format!("has the state of session {session}")
            }
        });
        // A worker on another host shares no directory.
        let Some(directory) = state.directory.as_deref().filter(|_| shares_host) else {
            return Ok(());
        };
        let joining = Joining {
            directory: Path::new(directory),
            session: &state.session,
            controller: &state.owner,
            worker: &self.worker,
            settings: &state.settings,
        };
        let joined = joining.join(sleep, |found| match &found.store {
            Some(store) => {
                WorkerStore::open(store)?.require_environment(store)?;
                Ok::<_, JoinError>(())
            }
            None => Ok(()),
        })?;
        self.log.note(|| {
            let waited = joined.waited.as_secs_f64();
            format!("acknowledged after {} looks and {waited:.3} s", joined.looks)
        });
        Ok(())
    }
}
