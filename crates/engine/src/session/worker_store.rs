//! What a worker may do with the store: look whether its controller has prepared it.
//!
//! pytest-testmon's workers opened the database read-only and then tried to create their environment
//! in it. Here that cannot be written down: there is no method for it. The look costs half a
//! millisecond, and is taken only with the handshake; otherwise a worker opens no store at all.

use std::path::Path;

use testmonx_store::{Reader, StoreError};
use testmonx_xdist::StoreRef;

/// A store that can be looked at and nothing else.
pub(super) struct WorkerStore(Reader);

/// Why a store is not the one that the controller prepared.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkerStoreError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another file is in its place.
    #[error(
        "`{path}` is not the store that the controller opened (give both the same TESTMON_DATAFILE)"
    )]
    Other {
        /// Where it is.
        path: String,
    },
    /// The environment is missing.
    #[error(
        "environment `{name}` is not in the store, which this worker may only read (the controller should have created it: run with TESTMON_XDIST_DEBUG=1)"
    )]
    NoEnvironment {
        /// What people call it.
        name: String,
    },
}

impl WorkerStore {
    /// Opens the store that `expected` names.
    pub(super) fn open(expected: &StoreRef) -> Result<Self, WorkerStoreError> {
        let reader = Reader::open(Path::new(&expected.path))?;
        if reader.identity()? != expected.identity {
            return Err(WorkerStoreError::Other { path: expected.path.clone() });
        }
        Ok(Self(reader))
    }

    /// Makes sure that the environment is there.
    pub(super) fn require_environment(&self, expected: &StoreRef) -> Result<(), WorkerStoreError> {
        if self.0.has_environment(expected.environment.id)? {
            return Ok(());
        }
        Err(WorkerStoreError::NoEnvironment { name: expected.environment.name.clone() })
    }
}

#[cfg(test)]
mod tests {
    use testmonx_store::Store;
    use testmonx_xdist::EnvironmentRef;

    use super::*;

    fn prepared(directory: &Path) -> StoreRef {
        let path = directory.join("data");
        let mut store = Store::open(&path).unwrap().store;
        let id = store.environment(&[]).unwrap().number();
        StoreRef {
            path: path.display().to_string(),
            identity: store.identity().unwrap(),
            environment: EnvironmentRef { id, name: "default".into() },
        }
    }

    #[test]
    fn what_the_controller_prepared_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let expected = prepared(directory.path());
        let store = WorkerStore::open(&expected).unwrap();
        store.require_environment(&expected).unwrap();
    }

    #[test]
    fn an_environment_that_is_missing_is_named_and_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let mut expected = prepared(directory.path());
        expected.environment = EnvironmentRef { id: 7, name: "ci".into() };
        let before = std::fs::read(&expected.path).unwrap();
        let error = WorkerStore::open(&expected).unwrap().require_environment(&expected);
        assert_eq!(
            error.unwrap_err().to_string(),
            "environment `ci` is not in the store, which this worker may only read \
             (the controller should have created it: run with TESTMON_XDIST_DEBUG=1)"
        );
        assert_eq!(std::fs::read(&expected.path).unwrap(), before);
    }

    #[test]
    fn another_store_in_its_place_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let expected = prepared(directory.path());
        std::fs::remove_file(&expected.path).unwrap();
        drop(Store::open(Path::new(&expected.path)).unwrap());
        let error = WorkerStore::open(&expected).err().unwrap();
        assert!(matches!(error, WorkerStoreError::Other { .. }));
    }

    #[test]
    fn a_store_that_is_gone_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let expected = prepared(directory.path());
        std::fs::remove_file(&expected.path).unwrap();
        assert!(WorkerStore::open(&expected).is_err());
        assert!(!Path::new(&expected.path).exists());
    }
}
