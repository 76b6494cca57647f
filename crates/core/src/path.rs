//! Paths as facts carry them: relative to the rootdir, with `/`, the same on every machine.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A path relative to the rootdir, written with `/`.
///
/// A file beside the rootdir has leading `..` parts; `.` is the rootdir itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RelPath(Box<str>);

impl RelPath {
    /// Takes `text` as it is; it must already be relative, normal and written with `/`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// `path` relative to `root`; both absolute, compared as text after `.` and `..` are folded.
    ///
    /// Returns `None` if `path` is not absolute, is not UTF-8, or shares nothing with `root` but
    /// the filesystem's root: such a file belongs to the machine, not to the project.
    #[must_use]
    pub fn from_absolute(root: &Path, path: &Path) -> Option<Self> {
        if !path.is_absolute() {
            return None;
        }
        let path = fold(path);
        if let Ok(inside) = path.strip_prefix(root) {
            return Self::from_parts(0, inside);
        }
        let shared = root.components().zip(path.components()).take_while(|(a, b)| a == b).count();
        if shared < 2 {
            return None;
        }
        let up = root.components().count() - shared;
        Self::from_parts(up, &path.components().skip(shared).collect::<PathBuf>())
    }

    fn from_parts(up: usize, rest: &Path) -> Option<Self> {
        let mut parts = vec![".."; up];
        for component in rest.components() {
            parts.push(component.as_os_str().to_str()?);
        }
        Some(if parts.is_empty() { Self::new(".") } else { Self(parts.join("/").into()) })
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The last part of the path without its extension; that of the directory for `__init__.py`.
    #[must_use]
    pub fn stem(&self) -> &str {
        let path = self.0.strip_suffix("/__init__.py").unwrap_or(&self.0);
        let name = path.rsplit('/').next().unwrap_or(path);
        crate::search::stem(name)
    }

    /// The directory that holds it: `.` for what lies in the rootdir; `None` for the rootdir itself
    /// and for the directories above it.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if matches!(self.name(), "." | "..") {
            return None;
        }
        Some(self.0.rsplit_once('/').map_or(Self::new("."), |(head, _)| Self::new(head)))
    }

    /// `name` inside this directory.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        if &*self.0 == "." { Self::new(name) } else { Self(format!("{}/{name}", self.0).into()) }
    }

    /// Where it is on this machine.
    #[must_use]
    pub fn under(&self, root: &Path) -> PathBuf {
        fold(&root.join(&*self.0))
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `path` with `.` and `..` folded away, as text (links are not followed).
#[must_use]
pub fn fold(path: &Path) -> PathBuf {
    if is_folded(path) {
        return path.to_owned();
    }
    let mut folded = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                folded.pop();
            }
            other => folded.push(other),
        }
    }
    folded
}

/// Whether a path has nothing to fold, as far as its text shows.
fn is_folded(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let inside = text.strip_prefix(b"/").unwrap_or(text);
    inside.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
}

/// Whether a file or directory of this name is what tools write beside the sources, and says nothing
/// that the sources do not say: caches, records of coverage, of hypothesis and of testmonx itself.
#[must_use]
pub fn is_byproduct_name(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "__pycache__",
        ".coverage",
        ".git",
        ".hg",
        ".hypothesis",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".testmon_xdist",
    ];
    NAMES.contains(&name)
        || name.starts_with(".testmondata")
        || name.starts_with(".coverage.")
        // Where child processes tell what they do, in the directory for temporary files.
        || name.starts_with(".testmonx-")
        // pytest makes its cache under such a name and then renames it.
        || name.starts_with("pytest-cache-files-")
        || Path::new(name).extension().is_some_and(|ext| ext == "pyc" || ext == "pyo")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rel(path: &str) -> Option<String> {
        RelPath::from_absolute(Path::new("/home/me/proj"), Path::new(path)).map(|p| p.to_string())
    }

    #[test]
    fn inside_beside_and_elsewhere() {
        assert_eq!(rel("/home/me/proj/a/b.py").as_deref(), Some("a/b.py"));
        assert_eq!(rel("/home/me/proj/a/../b.py").as_deref(), Some("b.py"));
        assert_eq!(rel("/home/me/proj").as_deref(), Some("."));
        assert_eq!(rel("/home/me/lib/c.py").as_deref(), Some("../lib/c.py"));
        assert_eq!(rel("/etc/passwd"), None);
        assert_eq!(rel("a/b.py"), None);
    }

    #[test]
    fn folding_goes_by_the_text() {
        for (path, folded) in [
            ("/a/b.c/..d", "/a/b.c/..d"),
            ("/a/./b//c/", "/a/b/c"),
            ("/a/b/../c", "/a/c"),
            ("./a/..", ""),
            ("/..", "/"),
            ("/", "/"),
            ("a", "a"),
        ] {
            // As text: paths that differ in a slash are equal.
            assert_eq!(fold(Path::new(path)).as_os_str(), folded);
        }
    }

    #[test]
    fn byproducts_have_names_of_their_own() {
        for name in [
            "__pycache__",
            "a.pyc",
            ".coverage",
            ".coverage.host.1",
            ".testmondata-journal",
            ".testmonx-7-1",
        ] {
            assert!(is_byproduct_name(name), "{name}");
        }
        for name in ["a.py", ".coveragerc", "pyc", ".github", "coverage", "testmonx-1"] {
            assert!(!is_byproduct_name(name), "{name}");
        }
    }

    #[test]
    fn parents_end_at_the_rootdir() {
        let path = RelPath::new("a/b.py");
        assert_eq!(path.parent(), Some(RelPath::new("a")));
        assert_eq!(RelPath::new("a").parent(), Some(RelPath::new(".")));
        assert_eq!(RelPath::new(".").parent(), None);
        assert_eq!(RelPath::new("../x.py").parent(), Some(RelPath::new("..")));
        assert_eq!(RelPath::new("..").parent(), None);
        assert_eq!(RelPath::new(".").join("x"), RelPath::new("x"));
        assert_eq!(RelPath::new("../lib/c.py").under(Path::new("/r/p")), Path::new("/r/lib/c.py"));
    }
}
