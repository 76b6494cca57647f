//! Digests of what imports get from directories of distributions.

use std::time::{Duration, SystemTime};

use super::*;

/// A directory of distributions.
struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("site-packages")
    }

    fn write(&self, name: &str, text: &str) {
        let place = self.dir().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// Installs a distribution of these files, each with its path as content.
    fn install(&self, name: &str, version: &str, files: &[&str], requires: &[&str]) {
        self.uninstall(name);
        let mut record = String::new();
        for file in files {
            self.write(file, file);
            record.push_str(&format!("{file},sha256=of-{version},{}\n", file.len()));
        }
        let requires: String =
            requires.iter().map(|name| format!("Requires-Dist: {name}\n")).collect();
        let info = format!("{}-{version}.dist-info", name.replace('-', "_"));
        self.write(&format!("{info}/METADATA"), &format!("Name: {name}\n{requires}\nText\n"));
        self.write(&format!("{info}/RECORD"), &record);
    }

    fn uninstall(&self, name: &str) {
        let name = name.replace('-', "_");
        for entry in fs::read_dir(self.dir()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&format!("{name}-")) {
                fs::remove_dir_all(entry.path()).unwrap();
            }
        }
    }

    fn packages(&self, ignored: &[&str]) -> Packages {
        let ignored = ignored.iter().map(ToString::to_string).collect();
        let installation =
            Installation { path: vec![self.dir()], ignored, ..Installation::default() };
        Packages::new(&self.0.path().join("project"), &installation)
    }

    /// What an import gets, its providers being those that provide it now.
    fn digest(&self, name: &str) -> Option<Digest> {
        let packages = self.packages(&[]);
        packages.package(name, &packages.providers(name)?)
    }
}

#[test]
fn a_version_counts_for_all_that_require_it() {
    let site = Site::new();
    site.install("a", "1", &["a/__init__.py"], &["B_x[more]>=1; python_version > '2'"]);
    site.install("b-x", "1", &["b.py"], &["c", "not-there"]);
    site.install("c", "1", &["c.py"], &["a"]);
    site.install("d", "1", &["d.py"], &[]);
    let (a, d) = (site.digest("a"), site.digest("d"));
    site.install("c", "2", &["c.py"], &["a"]);
    let upgraded = site.digest("a");
    assert!(a.is_some() && d.is_some());
    assert_ne!(upgraded, a);
    assert_eq!(site.digest("d"), d);
    site.uninstall("c");
    assert_ne!(site.digest("a"), upgraded);
    site.install("c", "1", &["c.py"], &["a"]);
    assert_eq!(site.digest("a"), a, "back where it was");
}

#[test]
fn the_same_version_with_other_files_is_another() {
    let site = Site::new();
    site.install("a", "1", &["a.py"], &[]);
    let installed = site.digest("a");
    let file = fs::File::options().write(true).open(site.dir().join("a.py")).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(9)).unwrap();
    assert_ne!(site.digest("a"), installed, "younger than its installation");
    site.install("a", "1", &["a.py", "a_more.py"], &[]);
    assert_ne!(site.digest("a"), installed, "built anew");
}

#[test]
fn names_that_differ_from_the_distributions() {
    let site = Site::new();
    site.install("PyYAML", "6", &["yaml/__init__.py", "_yaml.py"], &[]);
    let packages = site.packages(&[]);
    assert_eq!(packages.providers("yaml"), Some(["pyyaml".to_owned()].into()));
    assert_eq!(packages.providers("pyyaml"), None);
    assert!(!packages.is_importable("pyyaml") && packages.is_importable("_yaml"));
}

#[test]
fn all_that_share_a_namespace_count() {
    let site = Site::new();
    site.install("ns-one", "1", &["ns/one.py"], &[]);
    site.install("ns-two", "1", &["ns/two.py"], &[]);
    let packages = site.packages(&[]);
    let providers = packages.providers("ns").unwrap();
    assert_eq!(providers, ["ns-one".to_owned(), "ns-two".to_owned()].into());
    let before = site.packages(&[]).package("ns", &providers);
    site.install("ns-three", "1", &["ns/three.py"], &[]);
    assert_ne!(site.packages(&[]).package("ns", &providers), before);
}

#[test]
fn what_no_distribution_owns_counts_by_content() {
    let site = Site::new();
    site.write("loose/__init__.py", "1");
    let before = site.digest("loose");
    site.write("loose/deep/x.py", "1");
    assert!(before.is_some() && site.digest("loose") != before);
}

#[test]
fn ignored_distributions_make_no_difference() {
    let site = Site::new();
    site.install("a", "1", &["a.py"], &["b"]);
    site.install("b", "1", &["b.py"], &[]);
    let of = |name: &str| site.packages(&["B"]).package(name, &[name.to_owned()].into());
    let (a, b) = (of("a"), of("b"));
    site.install("b", "2", &["b.py"], &[]);
    assert!(a.is_some() && b.is_some());
    assert_eq!((of("a"), of("b")), (a, b));
    assert_eq!(site.packages(&["b"]).version("b"), None);
}

#[test]
fn metadata_is_a_name_and_a_version() {
    let site = Site::new();
    site.install("a", "1", &["a.py"], &[]);
    let (a, all) = (site.packages(&[]).distribution("a"), site.packages(&[]).distributions());
    site.install("b", "1", &["b.py"], &[]);
    assert_eq!(site.packages(&[]).distribution("a"), a);
    assert_ne!(site.packages(&[]).distributions(), all);
    assert_eq!(site.packages(&[]).distribution("c"), None);
}

#[test]
fn files_are_told_apart_by_their_place() {
    let site = Site::new();
    site.install("a", "1", &["a/__init__.py"], &[]);
    let packages = site.packages(&[]);
    let at = |name: &str| packages.at(&site.dir().join(name));
    let package = |name: &str| Some(Place::Package(name.to_owned()));
    assert_eq!(at("a/__pycache__/__init__.cpython-311.pyc"), package("a"));
    assert_eq!(at("__pycache__/six.cpython-311.pyc"), package("six"));
    assert_eq!(at("certifi/cacert.pem"), package("certifi"));
    assert_eq!(at("a-1.dist-info/METADATA"), Some(Place::Metadata("a".to_owned())));
    assert_eq!(at("a-1.dist-info/entry_points.txt"), Some(Place::AllMetadata));
    assert_eq!(packages.at(Path::new("/elsewhere/a.py")), None);
}
