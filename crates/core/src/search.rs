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
    let extension =
        files().filter(is_extension).max_by_key(|entry| (entry.name.len(), &entry.name));
    extension.or_else(|| files().find(is_source)).map(|entry| entry.name.clone())
}

fn is_directory(entry: &Listed) -> bool {
    entry.target == Target::Directory
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Digest;
    use crate::world::Entry;

    /// A tree of these files, without content.
    pub(crate) struct Files<'a>(pub(crate) &'a [&'a str]);

    impl Tree for Files<'_> {
        fn content(&self, _path: &RelPath) -> Option<Digest> {
            None
        }
        fn read(&self, _path: &RelPath) -> Option<Vec<u8>> {
            None
        }
        fn exists(&self, _path: &RelPath) -> bool {
            false
        }
        fn entry(&self, _path: &RelPath) -> Option<Entry> {
            None
        }
        fn list(&self, path: &RelPath) -> Option<Vec<Listed>> {
            let prefix = if path.as_str() == "." { String::new() } else { format!("{path}/") };
            let mut found: Vec<Listed> = Vec::new();
            for rest in self.0.iter().filter_map(|file| file.strip_prefix(&*prefix)) {
                let (name, target) = match rest.split_once('/') {
                    Some((name, _)) => (name, Target::Directory),
                    None => (rest, Target::File),
                };
                found.push(Listed { name: name.to_owned(), is_link: false, target });
            }
            Some(found)
        }
    }

    fn found(files: &[&str], dirs: &[&str]) -> Found {
        let dirs: Vec<RelPath> = dirs.iter().map(|dir| RelPath::new(dir)).collect();
        find("x", &dirs, &Files(files))
    }

    #[test]
    fn within_a_directory_package_then_extension_then_source() {
        let package = Found::Package(RelPath::new("x/__init__.py"));
        assert_eq!(found(&["x.py", "x/__init__.py", "x.so"], &["."]), package);
        let extension = Found::Module(RelPath::new("x.cpython-311.so"));
        assert_eq!(found(&["x.py", "x.cpython-311.so", "x/y.py"], &["."]), extension);
        assert_eq!(found(&["x.py", "x/y.py"], &["."]), Found::Module(RelPath::new("x.py")));
        for nothing in [&["xx.py"][..], &["x.pyi"], &["x.txt"], &["x.y.py"], &["a/x.py"], &[]] {
            assert_eq!(found(nothing, &["."]), Found::Nothing, "{nothing:?}");
        }
    }

    #[test]
    fn the_first_directory_wins_but_for_portions() {
        let files = ["a/x/y.py", "b/x.py", "c/x.py", "d/x/z.py"];
        assert_eq!(found(&files, &["a", "b", "c"]), Found::Module(RelPath::new("b/x.py")));
        assert_eq!(found(&files, &["c", "b"]), Found::Module(RelPath::new("c/x.py")));
        let portions = Found::Portions(vec![RelPath::new("d/x"), RelPath::new("a/x")]);
        assert_eq!(found(&files, &["d", "a"]), portions);
        assert_eq!(portions.dirs(), [RelPath::new("d/x"), RelPath::new("a/x")]);
    }
}
