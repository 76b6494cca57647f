//! What would run now, and why, told without pytest and without importing the project.

use std::collections::BTreeMap;
use std::path::Path;

use testmonx_core::RelPath;
use testmonx_core::reason::Reason;
use testmonx_core::select::Standing;
use testmonx_core::trace::NodeId;
use testmonx_store::{Reader, StoreError};

use crate::environment::ignored_distributions;
use crate::packages::{Installation, Packages};
use crate::session::with_causes;
use crate::survey::Survey;
use crate::variables::Variables;

/// What would run in the environment that was used last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The name of the environment; empty for the default.
    pub environment: String,
    /// Each known test file that exists, sorted.
    pub files: Vec<FileStatus>,
}

/// What would run of one test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// The file.
    pub path: RelPath,
    /// How many tests it is known to have.
    pub tests: usize,
    /// Those that would run, with the reason.
    pub stale: Vec<(NodeId, Reason)>,
    /// Why it would be collected though none of its known tests is stale; new ones may show up.
    pub collection: Option<Reason>,
}

impl FileStatus {
    /// The distinct reasons, with how many tests each applies to, the most frequent first.
    #[must_use]
    pub fn reasons(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (_, reason) in &self.stale {
            *counts.entry(reason.to_string()).or_default() += 1;
        }
        let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

impl Status {
    /// How many known tests would run.
    #[must_use]
    pub fn affected(&self) -> usize {
        self.files.iter().map(|file| file.stale.len()).sum()
    }

    /// How many tests are known.
    #[must_use]
    pub fn known(&self) -> usize {
        self.files.iter().map(|file| file.tests).sum()
    }
}

/// Why there is nothing to tell.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The store cannot be read.
    #[error("{}", with_causes(.0))]
    Store(#[from] StoreError),
    /// It holds no session.
    #[error("the store has recorded no run yet (run `pytest --testmon` once)")]
    NoSession,
}

/// What would run now in the project at `root`, by the store at `datafile`, in the environment that
/// was used last and with what is installed as `installation` finds it.
///
/// # Errors
/// If there is no store, or none that can be read.
pub fn status(
    root: &Path,
    datafile: &Path,
    installation: &Installation,
) -> Result<Status, StatusError> {
    let store = Reader::open(datafile)?;
    let environments = store.environments()?;
    let last = environments.into_iter().find(|environment| environment.last_session.is_some());
    let last = last.ok_or(StatusError::NoSession)?;
    let ignored = ignored_distributions(&last.components);
    let installation = Installation { ignored, ..installation.clone() };
    let packages = Packages::new(root, &installation);
    let survey = Survey::make(&store, last.id, root, packages, Variables::now())?;
    let name = last.components.iter().find(|(name, _)| name == "environment");
    Ok(Status {
        environment: name.map(|(_, value)| value.clone()).unwrap_or_default(),
        files: files(&survey, root),
    })
}

fn files(survey: &Survey, root: &Path) -> Vec<FileStatus> {
    let mut files: BTreeMap<RelPath, FileStatus> = BTreeMap::new();
    for (test, standing) in survey.tests(root) {
        let path = test.file();
        let file = files.entry(path.clone()).or_insert_with(|| FileStatus {
            path,
            tests: 0,
            stale: Vec::new(),
            collection: None,
        });
        file.tests += 1;
        if let Standing::Stale(reason) = standing {
            file.stale.push((test.clone(), reason.clone()));
        }
    }
    for file in files.values_mut().filter(|file| file.stale.is_empty()) {
        let plan = survey.selection.files.get(&file.path);
        if let Some(Standing::Stale(reason)) = plan.map(|plan| &plan.collection) {
            file.collection = Some(reason.clone());
        }
    }
    files.into_values().collect()
}
