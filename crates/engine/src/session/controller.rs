//! What a controller does besides: it publishes the state, tells workers, and takes what they send.

use std::collections::BTreeMap;
use std::path::Path;

use testmonx_xdist::{
    Changed, Claim, CoordinationError, CoordinationState, Owner, Settings, Site, StateError,
    StoreRef, Watch,
};

use super::{Session, Share, WorkerInput, with_causes};
use crate::variables::Variables;

/// What only a controller has.
#[derive(Debug, Default)]
pub(super) struct Controlling {
    pub(super) settings: Settings,
    pub(super) site: Site,
    pub(super) store: Option<StoreRef>,
    pub(super) changed: Vec<String>,
    /// The bytes of the state, once it was published.
    state: Option<Vec<u8>>,
    claim: Option<Claim>,
    watch: Option<Watch>,
    /// For each share of the files the worker that says what was collected in them, while it lives.
    speakers: Vec<Option<String>>,
    /// Warnings of workers, with the number of workers that sent each.
    worker_warnings: BTreeMap<String, usize>,
    /// Why workers ran their tests unrecorded, with the number of workers for each.
    troubles: BTreeMap<String, usize>,
}

/// A worker that xdist is about to start.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its id.
    pub id: String,
    /// Whether it is started on this host with this interpreter, in this directory.
    pub is_plain: bool,
}

/// Why no state can be published.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Controlling {
    /// The share of a worker: what was planned, or that of one that crashed. If no worker is plain, the first that starts
    /// has all.
    fn share_of(&mut self, worker: &str) -> Share {
        if self.speakers.is_empty() {
            self.speakers.push(None);
        }
        let is_its_own = |speaker: &Option<String>| speaker.as_deref() == Some(worker);
        let index = self.speakers.iter().position(is_its_own);
        let Some(index) = index.or_else(|| self.speakers.iter().position(Option::is_none)) else {
            return Share::NONE;
        };
        self.speakers[index] = Some(worker.to_owned());
        // There are never more workers than fit.
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        Share { index: number(index), of: number(self.speakers.len()) }
    }

    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let counted = |workers: usize| {
            format!("{workers} {}", if workers == 1 { "worker" } else { "workers" })
        };
        let sum: usize = self.troubles.values().sum();
        let unrecorded = (sum > 0).then(|| {
            let reasons: Vec<String> = match self.troubles.len() {
                1 => self.troubles.keys().cloned().collect(),
                _ => self
                    .troubles
                    .iter()
                    .map(|(why, of)| format!("{}: {why}", counted(*of)))
                    .collect(),
            };
            let given = if sum == 1 { "it was given" } else { "they were given" };
            format!("{} ran what {given} unrecorded: {}", counted(sum), reasons.join("; "))
        });
        let warnings = self.worker_warnings.iter();
        let warnings = warnings.map(move |(text, of)| format!("{}: {text}", counted(*of)));
        unrecorded.into_iter().chain(warnings)
    }
}

impl Session {
    /// Publishes the state, before the first of `workers` starts: in the coordination directory if
    /// the handshake is asked for, and for [`Session::worker_input`] in any case.
    pub fn publish(&mut self, workers: &[Planned]) {
        let plain = workers.iter().filter(|worker| worker.is_plain);
        self.controlling.speakers = plain.map(|worker| Some(worker.id.clone())).collect();
        let mut state = CoordinationState {
            session: self.name.clone(),
            owner: Owner::this_process(),
            site: self.controlling.site.clone(),
            is_recording: self.mode.records,
            store: self.controlling.store.clone(),
            workers: workers.iter().map(|worker| worker.id.clone()).collect(),
            changed: Changed::of(&self.controlling.changed),
            variables: self.variables.as_ref().map(Variables::written).unwrap_or_default(),
            settings: self.controlling.settings.clone(),
            directory: None,
            plan: self.plan.clone(),
        };
        let store = state.store.as_ref().map(|store| store.path.clone());
        if let Some(store) = store.filter(|_| self.mode.records && state.settings.precreation) {
            match self.shake_hands(Path::new(&store), &mut state) {
                Ok(()) => return,
                Err(error) => self.warnings.push(format!(
                    "workers are coordinated without a handshake: {}",
                    with_causes(&error)
                )),
            }
            state.directory = None;
        }
        match state.encode() {
            Ok(bytes) => self.published(bytes, "told to each worker"),
            Err(error) => self.warnings.push(error.to_string()),
        }
    }

    fn shake_hands(
        &mut self,
        store: &Path,
        state: &mut CoordinationState,
    ) -> Result<(), PublishError> {
        let mut bytes = Vec::new();
        let claim = Claim::publish(store, &self.name, |directory| {
            state.directory = Some(directory.display().to_string());
            bytes = state.encode()?;
            Ok::<_, PublishError>(bytes.clone())
        })?;
        let directory = claim.directory().to_owned();
        self.published(bytes, &format!("written to `{}`", directory.display()));
        self.controlling.watch =
            Some(Watch::start(directory, &self.name, &state.settings, self.log.clone()));
        self.controlling.claim = Some(claim);
        Ok(())
    }

    fn published(&mut self, bytes: Vec<u8>, how: &str) {
        self.log.note(|| format!("the state, {} bytes, is {how}", bytes.len()));
        self.controlling.state = Some(bytes);
    }

    /// What `worker` is told; `None` if there is nothing to tell. Also for one that replaces another.
    pub fn worker_input(&mut self, worker: &str) -> Option<WorkerInput> {
        let state = self.controlling.state.clone()?;
        if let Some(watch) = &self.controlling.watch {
            watch.expect(worker);
        }
        self.log.note(|| format!("{worker} is started"));
        Some(WorkerInput { state, share: self.controlling.share_of(worker) })
    }

    /// `worker` has ended; `has_crashed` if it was not asked to.
    pub fn worker_ended(&mut self, worker: &str, has_crashed: bool) {
        if let Some(watch) = &self.controlling.watch {
            watch.forget(worker);
        }
        self.log.note(|| format!("{worker} has {}", if has_crashed { "crashed" } else { "ended" }));
        if has_crashed {
            let mut speakers = self.controlling.speakers.iter_mut();
            if let Some(speaker) = speakers.find(|it| it.as_deref() == Some(worker)) {
                *speaker = None;
            }
        }
    }

    /// Takes what a worker sent.
    pub fn take_observations(&mut self, bytes: Vec<u8>) {
        if let Some(keeper) = &self.keeper {
            keeper.decode(bytes);
        }
    }

    /// Takes the warnings of a worker that has ended, and why it was not recorded, if it was not.
    pub fn take_warnings(&mut self, sent: Vec<String>, trouble: Option<String>) {
        for text in sent {
            *self.controlling.worker_warnings.entry(text).or_default() += 1;
        }
        if let Some(why) = trouble {
            *self.controlling.troubles.entry(why).or_default() += 1;
        }
    }

    /// Lets go of the coordination directory. Safe to call twice.
    pub fn end_coordination(&mut self) {
        if let Some(watch) = self.controlling.watch.take() {
            let report = watch.finish();
            for worker in report.missing {
                self.log.note(|| format!("{worker} has never acknowledged"));
            }
        }
        if self.controlling.claim.take().is_some() {
            self.log.note(|| "the coordination directory is removed".to_owned());
        }
    }
}
