//! The distributions that are installed, by the names of their metadata directories.
//!
//! `name-version.dist-info` (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/>)
//! and the older `name-version[-py3.x].egg-info` say enough, and listing a directory costs a hundredth
//! of reading each distribution's metadata.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// Name (normalised as PEP 503 has it) and version of each distribution found in `dirs`, sorted; of
/// two of the same name the one in the earlier directory, which Python would import.
#[must_use]
pub fn installed_distributions(dirs: &[PathBuf]) -> Vec<(String, String)> {
    let mut found = BTreeMap::new();
    for dir in dirs {
        let Ok(entries) = fs::read_dir(dir) else { continue };
        for entry in entries.flatten() {
            if let Some((name, version)) = entry.file_name().to_str().and_then(name_and_version) {
                found.entry(name).or_insert(version);
            }
        }
    }
    found.into_iter().collect()
}

fn name_and_version(entry: &str) -> Option<(String, String)> {
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
    fn the_earlier_directory_wins() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(a.path().join("x-1.dist-info")).unwrap();
        fs::create_dir(b.path().join("x-2.dist-info")).unwrap();
        fs::create_dir(b.path().join("y-3.dist-info")).unwrap();
        let dirs = [a.path().to_owned(), b.path().join("missing"), b.path().to_owned()];
        let found = installed_distributions(&dirs);
        assert_eq!(found, [("x".into(), "1".into()), ("y".into(), "3".into())]);
    }
}
