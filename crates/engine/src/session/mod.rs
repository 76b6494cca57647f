//! A session: one process's part in one run of pytest, as single process, controller or worker.
//!
//! | role | store | plan | recorder |
//! |---|---|---|---|
//! | single | reads and writes | made from the store | its own, into the store |
//! | controller | reads and writes | made from the store, sent to workers | none: the workers' observations go into the store |
//! | worker | none; looks into it with the handshake | the controller's | its own, sent to the controller |
//!
//! Trouble with records never reaches the tests: it becomes a warning, and the plan runs more.
//!
//! `leading` and `worker` begin a session, `controller` is what a controller does besides, `running`
//! is what happens while tests run, `sending` how a worker hands over, `reporting` what is said.

mod controller;
mod due;
mod leading;
mod reporting;
mod running;
mod sending;
mod share;
mod worker;
mod worker_store;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use testmonx_core::trace::NodeId;
use testmonx_core::{Digest, RelPath};
use testmonx_xdist::{Given, Log, Plan, SettingError, Settings, Site};

use self::controller::Controlling;
pub use self::controller::Planned;
use self::due::Due;
pub use self::share::Share;
use crate::environment::EnvironmentFacts;
use crate::keeper::Keeper;
use crate::mode::{Mode, SwitchError, Switches};
use crate::packages::Installation;
use crate::plan::{Arrangement, arrange};
use crate::recorder::{Recorder, SpanId};
use crate::run::Run;
use crate::survey::Survey;
use crate::variables::Variables;

/// pytest's exit status for "no tests ran".
const NO_TESTS_COLLECTED: i32 = 5;

/// Which part a process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The only process.
    Single,
    /// xdist's controller, which runs no test itself.
    Controller,
    /// One of xdist's workers.
    Worker,
}

/// What pytest was asked for.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The rootdir, absolute.
    pub root: PathBuf,
    /// The ini file, if there is one.
    pub ini_file: Option<PathBuf>,
    /// Where the interpreter is installed: `sys.prefix`.
    pub prefix: String,
    /// `TESTMON_DATAFILE`; empty for the default place.
    pub datafile: String,
    /// The options that say what to do.
    pub switches: Switches,
    /// The settings of the coordination.
    pub settings: Vec<Given>,
    /// What all tests depend on.
    pub environment: EnvironmentFacts,
    /// How the interpreter finds what is installed.
    pub installation: Installation,
    /// For a controller or a worker: a digest of what is installed, by names and versions.
    pub installed: Option<Digest>,
    /// The environment variables that pytest was started with.
    pub variables: Variables,
    /// Which part this process plays.
    pub role: Role,
    /// For a worker: what the controller told it; `None` if there is nothing.
    pub coordination: Option<WorkerInput>,
    /// For a worker: its id in xdist's words, e.g. `gw0`.
    pub worker: String,
}

/// What a controller tells one of its workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInput {
    /// The coordination state; the same for all.
    pub state: Vec<u8>,
    /// The files of which this worker says what was collected.
    pub share: Share,
}

/// Options or settings that cannot be satisfied.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// An option.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// A setting.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl Invocation {
    /// Where this process runs, as controllers and workers compare it.
    fn site(&self) -> Site {
        let ini_file = self.ini_file.as_ref().and_then(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some(format!("{name} {}", Digest::of(&fs::read(path).ok()?)))
        });
        Site {
            root: self.root.display().to_string(),
            ini_file,
            prefix: self.prefix.clone(),
            python: self.environment.interpreter.clone(),
            platform: self.environment.platform.clone(),
            pytest: self.environment.pytest.clone(),
            packages: self.installed.map(|digest| digest.to_string()).unwrap_or_default(),
        }
    }

    fn settings(&self) -> Result<Settings, SettingError> {
        let file = self.ini_file.as_ref().and_then(|path| path.file_name());
        let file = file.map_or("the ini options".into(), |name| format!("`{}`", name.display()));
        Settings::of(&self.settings, &file)
    }
}

/// One process's part in a run of pytest.
#[derive(Debug)]
pub struct Session {
    root: PathBuf,
    role: Role,
    mode: Mode,
    name: String,
    worker: String,
    header: String,
    plan: Plan,
    survey: Survey,
    recorder: Option<Arc<Mutex<Recorder>>>,
    /// Those that tests can depend on; `None` if that cannot be told.
    variables: Option<Variables>,
    keeper: Option<Keeper>,
    controlling: Controlling,
    /// Why this worker's tests are not recorded, if they ought to be.
    trouble: Option<String>,
    /// The files of which this process says what was collected.
    share: Share,
    /// Whether the rootdir is a copy of the controller's.
    is_elsewhere: bool,
    log: Log,
    warnings: Vec<String>,
    /// Whether no option makes pytest find fewer tests in a file than there are.
    collects_whole_files: bool,
    /// Whether files may be skipped: not one that a node ID names something in.
    skips_files: bool,
    collected: BTreeMap<RelPath, Vec<NodeId>>,
    failed_collections: HashSet<RelPath>,
    current: Option<(SpanId, Run)>,
    ran: BTreeSet<NodeId>,
    failed: BTreeSet<NodeId>,
    deselected: BTreeSet<NodeId>,
    due: Due,
}

impl Session {
    /// Starts a session; `None` if the options ask for nothing. `recorder` is what observes this
    /// process so far, if anything does. `sleep` waits, and returns whether to give up waiting.
    ///
    /// # Errors
    /// If options or settings cannot be satisfied.
    pub fn start(
        invocation: &Invocation,
        recorder: Option<Arc<Mutex<Recorder>>>,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<Option<Self>, UsageError> {
        let Some((mode, note)) = invocation.switches.mode()? else {
            return Ok(None);
        };
        let mut session = match invocation.role {
            // The controller has checked the settings, and tells them.
            Role::Worker => Self::following(invocation, mode, sleep),
            Role::Single | Role::Controller => {
                Self::leading(invocation, mode, invocation.settings()?, note.as_deref())
            }
        };
        if session.mode.records && session.role != Role::Controller {
            session.recorder = recorder;
            let variables = session.variables.clone();
            if let Some(mut recorder) = session.recorder() {
                recorder.observe_variables(variables);
            }
        }
        Ok(Some(session))
    }

    fn new(invocation: &Invocation, mode: Mode, log: Log) -> Self {
        let narrowed_by = &invocation.switches.narrowed_by;
        let narrows_files = |option: &String| option == "--lf" || option == "a node ID";
        Self {
            root: invocation.root.clone(),
            role: invocation.role,
            mode,
            name: String::new(),
            worker: invocation.worker.clone(),
            header: String::new(),
            plan: Plan::default(),
            survey: Survey::default(),
            recorder: None,
            variables: Some(invocation.variables.clone()),
            keeper: None,
            controlling: Controlling::default(),
            trouble: None,
            share: Share::ALL,
            is_elsewhere: false,
            log,
            warnings: Vec::new(),
            collects_whole_files: !narrowed_by.iter().any(narrows_files),
            skips_files: !narrowed_by.iter().any(|option| option == "a node ID"),
            collected: BTreeMap::new(),
            failed_collections: HashSet::new(),
            current: None,
            ran: BTreeSet::new(),
            failed: BTreeSet::new(),
            deselected: BTreeSet::new(),
            due: Due::first(),
        }
    }

    /// Which part this process plays.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether this process observes what its tests do.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.recorder.is_some()
    }

    /// Whether this session's tests are to be recorded, by this process or by its workers.
    #[must_use]
    pub fn records(&self) -> bool {
        self.mode.records && self.role != Role::Controller
    }

    /// Whether the file at the absolute `place` need not be collected.
    #[must_use]
    pub fn skips_file(&self, place: &Path) -> bool {
        let is_skipped = |file| self.plan.skipped_files.contains(&file);
        self.skips_files && RelPath::from_absolute(&self.root, place).is_some_and(is_skipped)
    }

    /// Whether any items are left out, or run in another order.
    #[must_use]
    pub fn arranges(&self) -> bool {
        self.plan != Plan::default()
    }

    /// Which of the collected items run, and in which order.
    #[must_use]
    pub fn arrange(&mut self, items: &[NodeId]) -> Arrangement {
        let arrangement = arrange(&self.plan, items);
        let deselected = arrangement.deselected.iter().map(|index| items[*index].clone());
        self.deselected.extend(deselected);
        arrangement
    }

    /// Gives up recording: what is observed from here on would be incomplete.
    pub fn give_up(&mut self, why: &str) {
        self.recorder = None;
        self.current = None;
        self.mode.records &= self.role == Role::Controller;
        self.warnings.push(format!("nothing more is recorded, and what ran runs again: {why}"));
    }

    fn recorder(&self) -> Option<MutexGuard<'_, Recorder>> {
        let recorder = self.recorder.as_ref()?;
        Some(recorder.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An error with the chain of its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
