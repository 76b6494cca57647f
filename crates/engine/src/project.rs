//! Which files are the project's, and what their facts call them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use testmonx_core::RelPath;
use testmonx_core::path::{fold, is_byproduct_name};

/// The project as a set of files: all that belongs neither to the interpreter nor to installed
/// distributions nor to the machine.
///
/// Code beside the rootdir counts (a sibling checkout installed as editable, `../src` of a rootdir
/// `tests/`): it can change under the developer's hands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Project {
    root: PathBuf,
    libraries: Vec<PathBuf>,
    ignored: Vec<PathBuf>,
    /// Directories whose real place is known; most files share a few of them.
    #[serde(skip)]
    real_dirs: RefCell<HashMap<PathBuf, Option<PathBuf>>>,
    /// Answers of [`Project::relative`]: the same few places are asked about all the time.
    #[serde(skip)]
    known: RefCell<FxHashMap<Box<OsStr>, Option<RelPath>>>,
}

/// How many answers are kept: tests that make files ask about new ones without end.
const MOST_KNOWN: usize = 10_000;

/// Directories of the machine whose files describe it and not the project.
const MACHINE_DIRS: &[&str] = &["/dev", "/proc", "/sys", "/run"];

impl Project {
    /// The project at `root`, less the `libraries` (the interpreter's and the installed
    /// distributions' directories) and `ignored` (what pytest and testmonx themselves write).
    #[must_use]
    pub fn new(root: &Path, libraries: &[PathBuf], ignored: &[PathBuf]) -> Self {
        let folded = |paths: &[PathBuf]| paths.iter().map(|path| fold(path)).collect();
        Self {
            root: fold(root),
            libraries: folded(libraries),
            ignored: folded(ignored),
            real_dirs: RefCell::default(),
            known: RefCell::default(),
        }
    }

    /// The rootdir, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directories of the interpreter and of what is installed for it.
    #[must_use]
    pub fn libraries(&self) -> &[PathBuf] {
        &self.libraries
    }

    /// What facts call the file at the absolute `path`; `None` if it is not the project's.
    #[must_use]
    pub fn relative(&self, path: &Path) -> Option<RelPath> {
        if let Some(known) = self.known.borrow().get(path.as_os_str()) {
            return known.clone();
        }
        let relative = self.work_out_relative(path);
        let mut known = self.known.borrow_mut();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(path.as_os_str().into(), relative.clone());
        relative
    }

    /// Whether this is the directory for temporary files, and not the project itself.
    #[must_use]
    pub fn is_scratch(&self, place: &Path) -> bool {
        place != self.root && place == std::env::temp_dir()
    }

    fn work_out_relative(&self, path: &Path) -> Option<RelPath> {
        let path = fold(path);
        if let Ok(inside) = path.strip_prefix(&self.root) {
            return (!self.is_foreign(&path) && !is_byproduct(inside))
                .then(|| RelPath::from_absolute(&self.root, &path))
                .flatten();
        }
        // Perhaps a link leads there: compare real places.
        let real = self.real_dir(path.parent()?)?.join(path.file_name()?);
        if self.is_foreign(&path) || self.is_foreign(&real) || is_byproduct(&real) {
            return None;
        }
        let real_root = self.real_dir(&self.root)?;
        if real.starts_with(&real_root) {
            return RelPath::from_absolute(&real_root, &real);
        }
        RelPath::from_absolute(&self.root, &path)
    }

    fn is_foreign(&self, path: &Path) -> bool {
        let inside = |dirs: &[PathBuf]| {
            dirs.iter().any(|dir| path.starts_with(dir) && !self.root.starts_with(dir))
        };
        inside(&self.libraries)
            || inside(&self.ignored)
            || MACHINE_DIRS.iter().any(|dir| path.starts_with(dir))
            || path.components().any(|part| part.as_os_str() == "site-packages")
    }

    fn real_dir(&self, dir: &Path) -> Option<PathBuf> {
        let mut known = self.real_dirs.borrow_mut();
        known.entry(dir.to_owned()).or_insert_with(|| fs::canonicalize(dir).ok()).clone()
    }
}

/// Files that tools write beside the sources and that say nothing which the sources do not say.
fn is_byproduct(path: &Path) -> bool {
    path.components().any(|part| is_byproduct_name(&part.as_os_str().to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_projects() {
        let project = Project::new(
            Path::new("/home/me/proj"),
            &["/usr/lib/python3.11".into(), "/home/me/proj/.venv".into(), "/home".into()],
            &["/home/me/proj/.cache".into()],
        );
        let relative = |path: &str| project.relative(Path::new(path)).map(|p| p.to_string());
        assert_eq!(relative("/home/me/proj/a.py").as_deref(), Some("a.py"));
        assert_eq!(relative("/home/me/proj/.venv/lib/x.py"), None);
        assert_eq!(relative("/home/me/proj/.cache/x"), None);
        assert_eq!(relative("/home/me/proj/__pycache__/a.pyc"), None);
        assert_eq!(relative("/home/me/proj/.testmondata"), None);
        assert_eq!(relative("/usr/lib/python3.11/os.py"), None);
        assert_eq!(relative("/proc/self/maps"), None);
    }

    #[test]
    fn a_link_to_the_root_is_the_root() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("real");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("a.py"), "").unwrap();
        std::os::unix::fs::symlink(&root, dir.path().join("link")).unwrap();
        let project = Project::new(&root, &[], &[]);
        let linked = project.relative(&dir.path().join("link/a.py"));
        assert_eq!(linked, Some(RelPath::new("a.py")));
    }
}
