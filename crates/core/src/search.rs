//! Which file an import finds: what Python's path finder does, for the directories of the project.
//!
//! In each directory of the path a regular package comes before an extension module, that before a
//! source file. A directory without `__init__` counts only if no later directory has one of these; then all
//! such directories are portions of one namespace package
//! (<https://docs.python.org/3/reference/import.html#path-entry-finders>).

use crate::RelPath;
use crate::world::{Listed, Target, Tree};

/// What an import of one name finds in some directories.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    /// A package with this `__init__` file.
    Package(RelPath),
    /// An extension module or a source file.
    Module(RelPath),
    /// A namespace package of these directories, in their order.
    Portions(Vec<RelPath>),
    /// Nothing.
    Nothing,
}

impl Found {
    /// The file that the import runs, if it runs one.
    #[must_use]
    pub fn file(&self) -> Option<&RelPath> {
        match self {
            Self::Package(file) | Self::Module(file) => Some(file),
            Self::Portions(_) | Self::Nothing => None,
        }
    }

    /// The directories that submodules are looked for in, if it is a package.
    #[must_use]
    pub fn dirs(&self) -> Vec<RelPath> {
        match self {
            Self::Package(file) => file.parent().into_iter().collect(),
            Self::Portions(dirs) => dirs.clone(),
            Self::Module(_) | Self::Nothing => Vec::new(),
        }
    }
}

/// What an import of `name`, a part of a dotted name, finds in `dirs`.
#[must_use]
pub fn find(name: &str, dirs: &[RelPath], tree: &dyn Tree) -> Found {
    let mut portions = Vec::new();
    for dir in dirs {
        let candidates = tree.importable(dir, name);
        let has_directory = |entry: &Listed| entry.name == name && is_directory(entry);
        if candidates.iter().any(has_directory) {
            let at = dir.join(name);
            if let Some(file) = code_file(&tree.importable(&at, "__init__"), "__init__") {
                return Found::Package(at.join(&file));
            }
            portions.push(at);
        }
        if let Some(file) = code_file(&candidates, name) {
            return Found::Module(dir.join(&file));
        }
    }
    if portions.is_empty() { Found::Nothing } else { Found::Portions(portions) }
}

/// The name that the import system knows an entry of a directory by.
#[must_use]
pub fn stem(entry: &str) -> &str {
    entry.split_once('.').map_or(entry, |(stem, _)| stem)
}

/// The file among `entries` that holds the code of `name`: an extension module, or the source.
fn code_file(entries: &[Listed], name: &str) -> Option<String> {
    let is_file = |entry: &&Listed| !matches!(entry.target, Target::Directory | Target::Nothing);
    let files = || entries.iter().filter(is_file);
    let suffix = |entry: &Listed| entry.name.strip_prefix(name).map(str::to_owned);
    let is_extension = |entry: &&Listed| {
        suffix(entry).is_some_and(|suffix| suffix.ends_with(".so") || suffix.ends_with(".pyd"))
    };
    let is_source = |entry: &&Listed| suffix(entry).is_some_and(|suffix| suffix == ".py");
    // Of several extension modules the interpreter takes the one that it was built for; that is the
    // longest name, and it is the same one each time.
    let extension = files().filter(is_extension).max_by_key(|entry| (entry.name.len(), &entry.name));
    extension.or_else(|| files().find(is_source)).map(|entry| entry.name.clone())
}

fn is_directory(entry: &Listed) -> bool {
    entry.target == Target::Directory
}
