//! The installed distributions: what an import of a name gets from them, and the digests of that.
//!
//! Everything is read lazily and once. Checking a fact costs a listing of the site directories, and for
//! each distribution that the fact reaches its `METADATA`, its `RECORD` and a stat of each code file in
//! it. Digests hold names, versions and contents, no place: they are the same on another machine.

mod annotations;
mod metadata;
mod site;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use testmonx_core::Digest;
use testmonx_core::world::Installed;

use self::annotations::Readers;
pub use self::metadata::identity;
use self::metadata::{Requirement, contents, files, requirements, top_level_names};
use self::site::{Listing, importable_name, is_code, name_and_version, site_dirs};

pub(crate) use self::site::normalise;

/// Every test file may import it, and what it has extras for is what its own tests need.
const RUNNER: &str = "pytest";

/// testmonx itself makes no difference to a test.
const OURSELVES: &str = "testmonx";

/// How the interpreter finds what is installed.
#[derive(Clone, Debug, Default)]
pub struct Installation {
    /// Python's `sys.path`.
    pub path: Vec<PathBuf>,
    /// The directories of the interpreter and of what is installed for it.
    pub libraries: Vec<PathBuf>,
    /// Those of them that hold the standard library.
    pub standard: Vec<PathBuf>,
    /// The top-level names of the standard library's modules.
    pub standard_modules: BTreeSet<String>,
    /// Distributions whose version is to make no difference.
    pub ignored: Vec<String>,
}

/// What is installed, read as far as somebody asked.
#[derive(Debug, Default)]
pub struct Packages {
    dirs: Vec<PathBuf>,
    ignored: BTreeSet<String>,
    standard: BTreeSet<PathBuf>,
    standard_modules: BTreeSet<String>,
    listing: OnceCell<Listing>,
    /// Which distributions provide a top-level name.
    providers: OnceCell<HashMap<String, BTreeSet<String>>>,
    requirements: RefCell<HashMap<String, Arc<[Requirement]>>>,
    states: RefCell<HashMap<String, Digest>>,
    readers: Readers,
}

impl Packages {
    /// What `installation` has, seen from the project at `root`.
    #[must_use]
    pub fn new(root: &Path, installation: &Installation) -> Self {
        let Installation { path, libraries, standard, standard_modules, ignored } = installation;
        let ignored = ignored.iter().map(|name| normalise(name));
        Self {
            dirs: site_dirs(root, path, libraries, standard),
            ignored: ignored.chain([OURSELVES.to_owned()]).collect(),
            standard: standard.iter().cloned().collect(),
            standard_modules: standard_modules.clone(),
            ..Self::default()
        }
    }

    /// Whether the standard library has a module with this name.
    #[must_use]
    pub fn is_standard(&self, name: &str) -> bool {
        self.standard_modules.contains(name)
    }

    /// Whether `dir` holds the standard library's modules.
    #[must_use]
    pub fn is_standard_dir(&self, dir: &Path) -> bool {
        self.standard.contains(dir)
    }

    /// The version of a distribution; `None` if it is not installed or to be ignored.
    #[must_use]
    pub fn version(&self, distribution: &str) -> Option<&str> {
        if self.ignored.contains(distribution) {
            return None;
        }
        Some(&self.listing().distributions.get(distribution)?.version)
    }

    /// The normalised names of the installed distributions that `distribution` requires directly, whether or not it
    /// has extras.
    #[must_use]
    pub fn installed_requirements(&self, distribution: &str) -> Vec<String> {
        let required = self.requirements(distribution);
        let required = required.iter().filter(|it| it.extra.is_none()).map(|it| &it.name);
        required.filter(|name| self.version(name).is_some()).cloned().collect()
    }

    /// The distributions that provide what `import name` finds; `None` if it finds nothing.
    #[must_use]
    pub fn providers(&self, name: &str) -> Option<BTreeSet<String>> {
        let places = self.listing().importable.get(name)?;
        let namesake = normalise(name);
        if let [place] = &places[..]
            && is_regular(place)
            && let Some(of) = self.listing().distributions.get(&namesake)
            && top_level_names(of).contains(name)
        {
            return Some([namesake].into());
        }
        Some(self.all_providers().get(name).cloned().unwrap_or_default())
    }

    /// What reading the file at `place` depends on, if it lies in a site directory.
    #[must_use]
    pub fn at(&self, place: &Path) -> Option<Place> {
        let inside = self.dirs.iter().find_map(|dir| place.strip_prefix(dir).ok())?;
        let mut parts = inside.iter().filter_map(|part| part.to_str());
        let first = parts.next()?;
        if first.ends_with(".dist-info") || first.ends_with(".egg-info") {
            // Entry points of one distribution are read for those of all.
            return Some(match name_and_version(first) {
                Some((name, _)) if parts.next() != Some("entry_points.txt") => {
                    Place::Metadata(name)
                }
                _ => Place::AllMetadata,
            });
        }
        let top = if first == "__pycache__" { parts.next()? } else { first };
        let name = top
            .strip_suffix(".pyc")
            .map_or_else(|| importable_name(top), |cached| cached.split('.').next());
        Some(Place::Package(name?.to_owned()))
    }

    fn listing(&self) -> &Listing {
        self.listing.get_or_init(|| Listing::read(&self.dirs))
    }

    fn all_providers(&self) -> &HashMap<String, BTreeSet<String>> {
        self.providers.get_or_init(|| {
            let mut found: HashMap<String, BTreeSet<String>> = HashMap::new();
            for (distribution, of) in &self.listing().distributions {
                for name in top_level_names(of) {
                    found.entry(name).or_default().insert(distribution.clone());
                }
            }
            found
        })
    }

    fn requirements(&self, distribution: &str) -> Arc<[Requirement]> {
        let mut known = self.requirements.borrow_mut();
        let required = known.entry(distribution.to_owned()).or_insert_with(|| {
            let of = self.listing().distributions.get(distribution);
            of.map(requirements).unwrap_or_default().into()
        });
        Arc::clone(required)
    }

    /// Name, version and files.
    fn state(&self, distribution: &str) -> Option<Digest> {
        let version = self.version(distribution)?;
        if let Some(known) = self.states.borrow().get(distribution) {
            return Some(*known);
        }
        let of = self.listing().distributions.get(distribution)?;
        let state = Digest::of_value("distribution", &(distribution, version, files(of)));
        self.states.borrow_mut().insert(distribution.to_owned(), state);
        Some(state)
    }

    /// The states of `distributions` and of all that they require, by name.
    fn closure(&self, distributions: &BTreeSet<String>) -> BTreeMap<String, Digest> {
        let mut found = BTreeMap::new();
        let mut queue: Vec<String> = distributions.iter().cloned().collect();
        while let Some(name) = queue.pop() {
            if found.contains_key(&name) {
                continue;
            }
            if let Some(state) = self.state(&name) {
                let required = self.requirements(&name);
                let required = required.iter().filter(|it| name != RUNNER || it.extra.is_none());
                queue.extend(required.map(|it| it.name.clone()));
                found.insert(name, state);
            }
        }
        found
    }
}

impl Installed for Packages {
    fn package(&self, name: &str, providers: &BTreeSet<String>) -> Option<Digest> {
        let places = self.listing().importable.get(name)?;
        let is_ignored = |provider: &String| self.ignored.contains(provider);
        if !providers.is_empty() && providers.iter().all(is_ignored) {
            return Some(Digest::of_value("ignored package", &()));
        }
        if providers.iter().any(|name| !self.listing().distributions.contains_key(name)) {
            return None;
        }
        let mut found = Vec::new();
        for place in places {
            let file = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if is_regular(place) {
                // Whatever lies in later directories is never imported.
                found.push((file, Vec::new()));
                break;
            }
            found.push((file, portions(place)));
        }
        let unowned: Vec<_> = if providers.is_empty() {
            places.iter().flat_map(|at| contents(at)).collect()
        } else {
            Vec::new()
        };
        Some(Digest::of_value("package", &(found, unowned, self.closure(providers))))
    }

    fn is_importable(&self, name: &str) -> bool {
        self.listing().importable.contains_key(name)
    }

    fn distribution(&self, name: &str) -> Option<Digest> {
        if self.ignored.contains(name) {
            return Some(Digest::of_value("ignored distribution", &()));
        }
        Some(Digest::of_value("metadata", &(name, self.version(name)?)))
    }

    fn distributions(&self) -> Digest {
        let names = self.listing().distributions.keys();
        let all: Vec<_> = names.filter_map(|name| Some((name, self.version(name)?))).collect();
        Digest::of_value("all metadata", &all)
    }
}

/// What a file in a site directory belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// What an import of this top-level name finds.
    Package(String),
    /// The metadata of the distribution with this normalised name.
    Metadata(String),
    /// Metadata that is read for those of all distributions.
    AllMetadata,
}

/// Whether an import ends here: a module, or a package that is no namespace.
fn is_regular(place: &Path) -> bool {
    place.is_file() || place.join("__init__.py").is_file()
}

/// The names in a namespace package's directory.
fn portions(place: &Path) -> Vec<String> {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name != "__pycache__")
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests;
