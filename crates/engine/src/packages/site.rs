//! What lies in the directories that distributions are installed into, by names alone.
//!
//! `name-version.dist-info` (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/>)
//! and the older `name-version[-py3.x].egg-info` say which distribution it is. Listing a directory costs
//! a hundredth of reading each distribution's metadata.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use testmonx_core::RelPath;

/// A distribution, as the name of its metadata has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Distribution {
    pub(super) version: String,
    /// Where its files lie.
    pub(super) dir: PathBuf,
    /// Its `.dist-info` or `.egg-info`.
    pub(super) metadata: PathBuf,
}

/// What there is to import and which distributions there are.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// By normalised name; of two of the same name the one in the earlier directory, which Python finds.
    pub(super) distributions: BTreeMap<String, Distribution>,
    /// Files and directories by the top-level name that an import finds them under, in the order of
    /// the directories.
    pub(super) importable: HashMap<String, Vec<PathBuf>>,
}

impl Listing {
    /// Reads the directories.
    pub(super) fn read(dirs: &[PathBuf]) -> Self {
        let mut listing = Self::default();
        for dir in dirs {
            let Ok(entries) = fs::read_dir(dir) else { continue };
            let mut names: Vec<String> = entries
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect();
            names.sort_unstable();
            for entry in names {
                listing.add(dir, &entry);
            }
        }
        listing
    }

    fn add(&mut self, dir: &Path, entry: &str) {
        if let Some((name, version)) = name_and_version(entry) {
            let metadata = dir.join(entry);
            let found = Distribution { version, dir: dir.to_owned(), metadata };
            self.distributions.entry(name).or_insert(found);
        } else if let Some(name) = importable_name(entry) {
            self.importable.entry(name.to_owned()).or_default().push(dir.join(entry));
        }
    }
}

/// Those directories of `path` (Python's `sys.path`) that hold installed distributions, in its order: not
/// the project's own, and not the standard library's.
pub(super) fn site_dirs(
    root: &Path,
    path: &[PathBuf],
    libraries: &[PathBuf],
    standard: &[PathBuf],
) -> Vec<PathBuf> {
    let is_site = |dir: &PathBuf| {
        let named = |part: &str| part == "site-packages" || part == "dist-packages";
        dir.is_dir()
            && !standard.contains(dir)
            && dir.file_name().is_none_or(|name| name != "lib-dynload")
            && (libraries.iter().any(|at| dir.starts_with(at) && !root.starts_with(at))
                || dir.components().any(|part| part.as_os_str().to_str().is_some_and(named))
                || RelPath::from_absolute(root, dir).is_none())
    };
    path.iter().filter(|dir| is_site(dir)).cloned().collect()
}

/// The name that an import statement says to get at a file or directory with this name.
pub(super) fn importable_name(entry: &str) -> Option<&str> {
    let (name, suffix) = entry.split_once('.').unwrap_or((entry, ""));
    let is_code = suffix.is_empty() || is_code(entry);
    (is_code && !name.is_empty() && name != "__pycache__").then_some(name)
}

/// Whether a file with this name holds code that an import runs.
pub(super) fn is_code(file: &str) -> bool {
    [".py", ".so", ".pyd"].iter().any(|suffix| file.ends_with(suffix))
}

/// Name and version of the distribution whose metadata has this file name.
pub(super) fn name_and_version(entry: &str) -> Option<(String, String)> {
    let stem = entry.strip_suffix(".dist-info").or_else(|| entry.strip_suffix(".egg-info"))?;
    let (name, version) = stem.split_once('-')?;
    let version = version.split("-py").next().unwrap_or(version);
    Some((normalise(name), version.to_owned()))
}

/// The name as PEP 503 has it: lowercase, with `-` for every run of `-`, `_` and `.`.
pub(crate) fn normalise(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions() {
        let read =
            |entry| name_and_version(entry).map(|(name, version)| format!("{name} {version}"));
        assert_eq!(read("MarkupSafe-3.0.3.dist-info").as_deref(), Some("markupsafe 3.0.3"));
        assert_eq!(read("zope.interface-7.2.dist-info").as_deref(), Some("zope-interface 7.2"));
        assert_eq!(read("old_one-1.0-py3.11.egg-info").as_deref(), Some("old-one 1.0"));
        assert_eq!(read("markupsafe"), None);
        assert_eq!(read("develop.egg-info"), None);
    }

    #[test]
    fn what_an_import_finds() {
        assert_eq!(importable_name("attr"), Some("attr"));
        assert_eq!(importable_name("six.py"), Some("six"));
        assert_eq!(importable_name("_cffi.cpython-311-x86_64-linux-gnu.so"), Some("_cffi"));
        assert_eq!(importable_name("distutils-precedence.pth"), None);
        assert_eq!(importable_name("__pycache__"), None);
    }

    #[test]
    fn the_earlier_directory_wins() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(a.path().join("x-1.dist-info")).unwrap();
        fs::create_dir(b.path().join("x-2.dist-info")).unwrap();
        fs::create_dir(b.path().join("y-3.dist-info")).unwrap();
        let dirs = [a.path().to_owned(), b.path().join("missing"), b.path().to_owned()];
        let listing = Listing::read(&dirs);
        let found = listing.distributions.iter().map(|(name, at)| format!("{name} {}", at.version));
        assert_eq!(found.collect::<Vec<_>>(), ["x 1", "y 3"]);
    }

    #[test]
    fn the_projects_own_directories_are_no_sites() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["proj/src", "proj/.venv/lib/site-packages", "std", "std/lib-dynload"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        let path = [at("proj"), at("proj/src"), at("std"), at("std/lib-dynload"), at("gone")]
            .into_iter()
            .chain([at("proj/.venv/lib/site-packages")]);
        let found = site_dirs(
            &at("proj"),
            &path.collect::<Vec<_>>(),
            &[at("std"), at("proj/.venv")],
            &[at("std")],
        );
        assert_eq!(found, [at("proj/.venv/lib/site-packages")]);
    }
}
