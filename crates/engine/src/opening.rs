//! Opening the ground for a session: the store, the environment, the look at the tree; and what is
//! left of it when the store is of no use.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use testmonx_core::source::OUTLINE_VERSION;
use testmonx_store::{EnvironmentId, Opened, Reader, SessionId, Store, StoreError};
use testmonx_xdist::{EnvironmentRef, StoreRef, sweep};

use crate::environment::differences;
use crate::keeper::{Assignment, Keeper};
use crate::mode::Mode;
use crate::packages::Packages;
use crate::session::{Invocation, with_causes};
use crate::survey::Survey;
use crate::texts::{Records, environment_name};

/// The name of the store in the rootdir.
pub const DATAFILE: &str = ".testmondata";

/// What a session stands on.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) name: String,
    pub(crate) survey: Survey,
    /// `None` if nothing is to be, or can be, written.
    pub(crate) keeper: Option<Keeper>,
    /// The store to write to.
    pub(crate) store: Option<StoreRef>,
    pub(crate) records: Records,
    pub(crate) warnings: Vec<String>,
}

/// Where the store is: `datafile`, relative to the current directory, or the default in `root`.
#[must_use]
pub fn store_path(root: &Path, datafile: &str) -> PathBuf {
    if datafile.is_empty() { root.join(DATAFILE) } else { PathBuf::from(datafile) }
}

/// Opens the store and looks at the tree. Never fails: without a store that it can use, all tests
/// run, with a warning that says why.
pub(crate) fn prepare(invocation: &Invocation, mode: Mode) -> Ground {
    let mut ground = Ground {
        name: session_name(),
        survey: Survey::default(),
        keeper: None,
        store: None,
        records: Records::Unusable,
        warnings: Vec::new(),
    };
    let prepared =
        if mode.records { ground.with_store(invocation) } else { ground.with_reader(invocation) };
    if let Err(error) = prepared {
        ground.warnings.push(format!("all tests run, unrecorded: {}", with_causes(&error)));
    }
    ground
}

impl Ground {
    fn with_store(&mut self, invocation: &Invocation) -> Result<(), StoreError> {
        let path = store_path(&invocation.root, &invocation.datafile);
        let mut store = self.take(Store::open(&path)?);
        let survey = match self.survey_and_begin(&mut store, invocation) {
            Ok(begun) => begun,
            // Damage that shows only when it is read.
            Err(StoreError::Unusable(why)) => {
                store = self.take(store.replace(why)?);
                self.survey_and_begin(&mut store, invocation)?
            }
            Err(error) => return Err(error),
        };
        let (environment, session) = survey;
        // Whatever a killed run left beside the store.
        sweep(store.path());
        self.store = Some(StoreRef {
            path: store.path().display().to_string(),
            identity: store.identity()?,
            environment: EnvironmentRef {
                id: environment.number(),
                name: environment_name(&invocation.environment.name).to_owned(),
            },
        });
        let assignment = Assignment {
            environment,
            session,
            holding: self.survey.holding.clone(),
            relied_on: self.survey.relied_on(),
        };
        self.keeper = Some(Keeper::start(store, assignment, &self.name));
        Ok(())
    }

    /// Selects without writing: what the store knows of this very environment counts.
    fn with_reader(&mut self, invocation: &Invocation) -> Result<(), StoreError> {
        let path = store_path(&invocation.root, &invocation.datafile);
        let store = match Reader::open(&path) {
            Err(StoreError::Missing { .. }) => {
                self.records = Records::NewStore;
                return Ok(());
            }
            opened => opened?,
        };
        let components = invocation.environment.components();
        match store.find_environment(&components)? {
            Some(environment) => self.survey(&store, environment, invocation),
            None => {
                self.records = new_environment(&store, &components)?;
                Ok(())
            }
        }
    }

    fn survey_and_begin(
        &mut self,
        store: &mut Store,
        invocation: &Invocation,
    ) -> Result<(EnvironmentId, SessionId), StoreError> {
        let components = invocation.environment.components();
        let known = store.find_environment(&components)?;
        match known {
            Some(environment) => self.survey(store, environment, invocation)?,
            None => self.records = new_environment(store, &components)?,
        }
        let environment = store.environment(&components)?;
        let session = store.begin_session(environment, &self.name)?;
        let learned = &self.survey.learned;
        store.put_stats(&learned.stats, &learned.gone)?;
        let outlines = learned.outlines.iter().map(|(content, outline)| (*content, outline));
        store.put_outlines(OUTLINE_VERSION, outlines)?;
        Ok((environment, session))
    }

    fn survey(
        &mut self,
        store: &Reader,
        environment: EnvironmentId,
        invocation: &Invocation,
    ) -> Result<(), StoreError> {
        let packages = Packages::new(&invocation.root, &invocation.installation);
        self.survey = Survey::make(
            store,
            environment,
            &invocation.root,
            packages,
            invocation.variables.clone(),
        )?;
        let tests = self.survey.tests(&invocation.root);
        self.records = Records::Compared {
            changed: self.survey.changed().into_iter().collect(),
            affected: tests.iter().filter(|(_, standing)| !standing.is_fresh()).count(),
            failed: self.survey.failed(&invocation.root),
            known: tests.len(),
        };
        Ok(())
    }

    fn take(&mut self, opened: Opened) -> Store {
        if let Some(set_aside) = opened.set_aside {
            self.warnings.push(format!(
                "`{}` was set aside as `{}`, since {}",
                set_aside.from.display(),
                set_aside.to.display(),
                set_aside.why,
            ));
        }
        opened.store
    }
}

/// What differs from the environment that was used last, if there was one.
fn new_environment(store: &Reader, components: &[(String, String)]) -> Result<Records, StoreError> {
    Ok(match store.environments()?.first() {
        None => Records::NewStore,
        Some(last) => Records::NewEnvironment(differences(&last.components, components)),
    })
}

/// A name that no other session has: two may start at once, and a pid comes back.
fn session_name() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), since.as_nanos())
}
