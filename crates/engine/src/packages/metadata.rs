//! What a distribution's metadata says: what it requires, which files it installed with which contents,
//! and which of these are no longer as they were installed.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

use testmonx_core::Digest;

use super::site::{Distribution, importable_name, is_code, normalise};

/// A distribution that another one requires.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Requirement {
    /// Its normalised name.
    pub(super) name: String,
    /// The extra for which alone it is required, normalised.
    pub(super) extra: Option<String>,
}

/// How the names of extras begin that are for work on the distribution itself: nothing of them is used by what it does.
const FOR_DEVELOPERS: &[&str] = &[
    "bench", "build", "check", "ci", "cov", "dev", "doc", "enabler", "format", "lint", "mypy",
    "release", "style", "test", "tox", "type", "typing",
];

/// What a distribution requires. Extras and what a marker rules out are among it: what is installed is likely to be
/// used, and what is not does not count. Extras for its developers are not.
pub(super) fn requirements(of: &Distribution) -> Vec<Requirement> {
    let read = |name: &str| fs::read_to_string(of.metadata.join(name)).ok();
    let text = read("METADATA").or_else(|| read("PKG-INFO"));
    let text = text.or_else(|| fs::read_to_string(&of.metadata).ok()).unwrap_or_default();
    let mut found: BTreeSet<Requirement> = text
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| requirement(line.strip_prefix("Requires-Dist:")?))
        .collect();
    let mut section = None;
    for line in read("requires.txt").unwrap_or_default().lines() {
        // `[extra]`, `[extra:marker]`, `[:marker]`.
        match line.strip_prefix('[').and_then(|rest| rest.split([':', ']']).next()) {
            Some(extra) => section = Some(normalise(extra)).filter(|extra| !extra.is_empty()),
            None => found
                .extend(requirement(line).map(|it| Requirement { extra: section.clone(), ..it })),
        }
    }
    let is_for_others = |it: &Requirement| {
        it.extra.as_ref().is_none_or(|it| !FOR_DEVELOPERS.iter().any(|name| it.starts_with(name)))
    };
    found.into_iter().filter(is_for_others).collect()
}

/// What a requirement says (PEP 508); `None` if it names nothing.
fn requirement(text: &str) -> Option<Requirement> {
    let (_, marker) = text.split_once(';').unwrap_or((text, ""));
    Some(Requirement { name: requirement_name(text)?, extra: extra(marker) })
}

/// The extra that a marker asks for: `extra == "dev"`.
fn extra(marker: &str) -> Option<String> {
    let (_, rest) = marker.split_once("extra")?;
    let quoted = rest.trim_start().strip_prefix("==")?.trim_start();
    let quote = quoted.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    quoted[1..].split(quote).next().map(normalise)
}

/// `name version` of the distribution whose metadata this is; `None` if it does not say
/// (<https://packaging.python.org/en/latest/specifications/core-metadata/>).
#[must_use]
pub fn identity(metadata: &str) -> Option<String> {
    let headers = || metadata.lines().take_while(|line| !line.is_empty());
    let value = |field: &str| headers().find_map(|line| line.strip_prefix(field)).map(str::trim);
    Some(format!("{} {}", value("Name:")?, value("Version:")?))
}

/// The name that a requirement (PEP 508) begins with.
fn requirement_name(requirement: &str) -> Option<String> {
    let text = requirement.trim_start();
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
    Some(normalise(&text[..end])).filter(|name| !name.is_empty())
}

/// The top-level names that the distribution lets one import.
pub(super) fn top_level_names(of: &Distribution) -> BTreeSet<String> {
    if let Some(record) = Record::read(of) {
        let firsts = record.files().map(|file| file.path.split('/').next().unwrap_or_default());
        return firsts.filter_map(importable_name).map(str::to_owned).collect();
    }
    let text = fs::read_to_string(of.metadata.join("top_level.txt")).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// The files of the distribution, each with the hash that `RECORD` has for it, or with its present
/// content where it is code that is not as it was installed: the same version can be built anew, or be
/// changed by hand.
///
/// An installer writes `RECORD` last. A file that is newer, or of another size than it says, was changed;
/// one without a hash was never vouched for. So a file that is as it was is never read.
pub(super) fn files(of: &Distribution) -> Vec<(String, State)> {
    let Some(record) = Record::read(of) else {
        let names = top_level_names(of);
        let entries = fs::read_dir(&of.dir).into_iter().flatten().flatten();
        let own = entries.filter(|entry| {
            let name = entry.file_name();
            name.to_str().and_then(importable_name).is_some_and(|name| names.contains(name))
        });
        let mut found: Vec<_> = own.flat_map(|entry| contents(&entry.path())).collect();
        found.sort();
        return found;
    };
    let state = |file: &Recorded<'_>| match is_code(file.path) && !record.vouches_for(file, &of.dir)
    {
        true => State::of_content(&of.dir.join(file.path)),
        false => State::AsInstalled(file.hash.to_owned()),
    };
    let mut found: Vec<_> = record
        .files()
        .filter(|file| is_own(file.path))
        .map(|file| (file.path.to_owned(), state(&file)))
        .collect();
    found.sort();
    found
}

/// What is known of a file of a distribution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum State {
    /// It is as it was installed, with this hash.
    AsInstalled(String),
    /// It may be anything; this is its content.
    Content(Digest),
    /// It cannot be read.
    Gone,
}

impl State {
    fn of_content(place: &Path) -> Self {
        fs::read(place).map_or(Self::Gone, |bytes| Self::Content(Digest::of(&bytes)))
    }
}

/// Whether a recorded file is part of what is imported: metadata and scripts are not; bytecode says
/// nothing new, and what finds an editable install says where it is on this machine.
fn is_own(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let is_beside =
        first == ".." || first.ends_with(".dist-info") || first.starts_with("__editable__");
    !is_beside && !path.ends_with(".pyc") && !path.ends_with(".pth")
}

/// All code in a file or directory, with its content: what no distribution vouches for.
pub(super) fn contents(place: &Path) -> Vec<(String, State)> {
    let mut found = Vec::new();
    collect(place, &name_of(place), &mut found);
    found.sort();
    found
}

fn collect(place: &Path, name: &str, found: &mut Vec<(String, State)>) {
    if place.is_dir() {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            // A link could lead in a circle.
            if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) || entry.path().is_file() {
                collect(&entry.path(), &format!("{name}/{}", name_of(&entry.path())), found);
            }
        }
    } else if is_code(name) {
        found.push((name.to_owned(), State::of_content(place)));
    }
}

fn name_of(place: &Path) -> String {
    place.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A distribution's `RECORD`: a line `path,hash,size` for each file.
struct Record {
    text: String,
    written: SystemTime,
}

/// One line of it.
struct Recorded<'a> {
    path: &'a str,
    hash: &'a str,
    size: Option<u64>,
}

impl Record {
    fn read(of: &Distribution) -> Option<Self> {
        let place = of.metadata.join("RECORD");
        let written = fs::metadata(&place).and_then(|meta| meta.modified()).ok()?;
        Some(Self { text: fs::read_to_string(place).ok()?, written })
    }

    fn files(&self) -> impl Iterator<Item = Recorded<'_>> {
        self.text.lines().filter_map(|line| {
            let (line, size) = line.rsplit_once(',')?;
            let (path, hash) = line.rsplit_once(',')?;
            let path = path.trim_matches('"');
            Some(Recorded { path, hash, size: size.trim().parse().ok() })
        })
    }

    fn vouches_for(&self, file: &Recorded<'_>, dir: &Path) -> bool {
        let is_untouched = |meta: &Metadata| {
            let is_older = meta.modified().is_ok_and(|modified| modified <= self.written);
            is_older && file.size.is_none_or(|size| size == meta.len())
        };
        !file.hash.is_empty()
            && fs::metadata(dir.join(file.path)).is_ok_and(|meta| is_untouched(&meta))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_version_are_among_the_headers() {
        let text = "Metadata-Version: 2.1\nName: pytest-xdist\nVersion: 3.8.0\n\nName: no header\n";
        assert_eq!(identity(text).as_deref(), Some("pytest-xdist 3.8.0"));
        assert_eq!(identity("Name: nameless\n\nVersion: 1\n"), None);
    }

    #[test]
    fn names_of_requirements() {
        let name = |text| requirement_name(text);
        assert_eq!(name(" Jinja2 (>=3)").as_deref(), Some("jinja2"));
        assert_eq!(name(" zope.interface[extra]>=5 ; python_version<'3'").as_deref(), {
            Some("zope-interface")
        });
        assert_eq!(name("x@ https://example.org/x.whl").as_deref(), Some("x"));
        assert_eq!(name(""), None);
    }

    fn is_as_installed(state: &State) -> bool {
        matches!(state, State::AsInstalled(_))
    }

    #[test]
    fn a_file_changed_by_hand_deviates() {
        let dir = tempfile::tempdir().unwrap();
        let metadata = dir.path().join("x-1.dist-info");
        fs::create_dir(&metadata).unwrap();
        fs::create_dir(dir.path().join("x")).unwrap();
        for name in ["x/a.py", "x/b.py", "x/data.txt"] {
            fs::write(dir.path().join(name), "one").unwrap();
        }
        let lines = "x/a.py,sha256=1,3\nx/b.py,,\nx/data.txt,sha256=1,9\n";
        fs::write(metadata.join("RECORD"), lines).unwrap();
        let of = Distribution { version: "1".into(), dir: dir.path().into(), metadata };
        let deviating = || -> Vec<String> {
            let changed = files(&of).into_iter().filter(|(_, state)| !is_as_installed(state));
            changed.map(|(path, _)| path).collect()
        };
        assert_eq!(deviating(), ["x/b.py"], "nobody vouches for it");
        fs::write(dir.path().join("x/a.py"), "three").unwrap();
        assert_eq!(deviating(), ["x/a.py", "x/b.py"], "its size is another");
        fs::remove_file(dir.path().join("x/a.py")).unwrap();
        assert_eq!(files(&of)[0], ("x/a.py".to_owned(), State::Gone));
    }
}
