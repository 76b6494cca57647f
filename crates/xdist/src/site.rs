//! Where a process runs: its rootdir and its installation. What a worker observes belongs to the
//! controller's environment only if both run the same interpreter with the same packages, and it
//! belongs to the controller's project only if both rootdirs hold it.
//!
//! Facts are about contents, under paths relative to the rootdir. So a worker in another copy of the
//! project may record: where its copy differs, its facts do not hold in the controller's, and the
//! tests run again. That it is a copy is shown by the ini file, which settles the rootdir, the ini
//! options (a part of the environment) and what node IDs are relative to.

use serde::{Deserialize, Serialize};

use crate::error::StateError;

/// Where a process runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The rootdir.
    pub root: String,
    /// The ini file's name and the digest of its content; `None` if there is none.
    pub ini_file: Option<String>,
    /// Where the interpreter is installed: `sys.prefix`.
    pub prefix: String,
    /// Implementation and version of the interpreter.
    pub python: String,
    /// Operating system and machine.
    pub platform: String,
    /// pytest's version.
    pub pytest: String,
    /// A digest of the names and versions of the installed packages.
    pub packages: String,
}

impl Site {
    /// Whether what is observed here holds for the controller at `theirs`, on this host or another.
    ///
    /// # Errors
    /// What differs, if not.
    pub fn stands_for(&self, theirs: &Self, is_same_host: bool) -> Result<(), StateError> {
        let is_same_root = is_same_host && self.root == theirs.root;
        if !is_same_root && (self.ini_file.is_none() || self.ini_file != theirs.ini_file) {
            let (theirs, ours) = (theirs.root.clone(), self.root.clone());
            return Err(StateError::OtherRoot { theirs, ours });
        }
        let interpreter = |site: &Self| {
            format!("{} with pytest {} on {}", site.python, site.pytest, site.platform)
        };
        let (their_interpreter, our_interpreter) = (interpreter(theirs), interpreter(self));
        if their_interpreter != our_interpreter {
            let (theirs, ours) = (their_interpreter, our_interpreter);
            return Err(StateError::OtherInterpreter { theirs, ours });
        }
        // One installation is not looked through twice: `sys.path` can differ for a moment.
        let is_same_installation = is_same_host && self.prefix == theirs.prefix;
        if !is_same_installation && self.packages != theirs.packages {
            let (theirs, ours) = (theirs.prefix.clone(), self.prefix.clone());
            return Err(StateError::OtherPackages { theirs, ours });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site {
            root: "/p".into(),
            ini_file: Some("pytest.ini abc".into()),
            prefix: "/venv".into(),
            python: "CPython 3.12.1".into(),
            platform: "linux x86_64".into(),
            pytest: "9.0.0".into(),
            packages: "123".into(),
        }
    }

    #[test]
    fn a_worker_beside_its_controller() {
        assert_eq!(site().stands_for(&site(), true), Ok(()));
        let bare = Site { ini_file: None, ..site() };
        assert_eq!(bare.stands_for(&bare, true), Ok(()), "one root needs no ini file");
        let moved = Site { packages: "124".into(), ..site() };
        assert_eq!(moved.stands_for(&site(), true), Ok(()), "one installation");
    }

    #[test]
    fn a_copy_of_the_project_is_known_by_its_ini_file() {
        let copy = Site { root: "/copy".into(), ..site() };
        assert_eq!(copy.stands_for(&site(), true), Ok(()));
        let edited = Site { ini_file: Some("pytest.ini abd".into()), ..copy.clone() };
        let error = edited.stands_for(&site(), true).unwrap_err().to_string();
        assert!(
            error.starts_with("the controller's rootdir is `/p`, this worker's `/copy`"),
            "{error}"
        );
        let bare = Site { ini_file: None, ..copy };
        assert!(bare.stands_for(&Site { ini_file: None, ..site() }, true).is_err());
    }

    #[test]
    fn the_same_path_on_another_host_shows_nothing() {
        assert_eq!(site().stands_for(&site(), false), Ok(()), "the ini file does");
        let bare = Site { ini_file: None, ..site() };
        assert!(bare.stands_for(&bare, false).is_err());
    }

    #[test]
    fn another_interpreter_is_another_environment() {
        let newer = Site { python: "CPython 3.13.0".into(), ..site() };
        let error = newer.stands_for(&site(), true).unwrap_err().to_string();
        assert!(error.starts_with("the worker runs CPython 3.13.0 with pytest 9.0.0"), "{error}");
        for other in [
            Site { platform: "linux aarch64".into(), ..site() },
            Site { pytest: "8.0.0".into(), ..site() },
        ] {
            assert!(other.stands_for(&site(), true).is_err());
        }
    }

    #[test]
    fn another_installation_must_have_the_same_packages() {
        let twin = Site { prefix: "/other".into(), ..site() };
        assert_eq!(twin.stands_for(&site(), true), Ok(()));
        let other = Site { packages: "124".into(), ..twin };
        let error = other.stands_for(&site(), true).unwrap_err().to_string();
        assert!(error.contains("`/other`") && error.contains("`/venv`"), "{error}");
        let elsewhere = Site { packages: "124".into(), ..site() };
        assert!(elsewhere.stands_for(&site(), false).is_err(), "the same path on another host");
    }
}
