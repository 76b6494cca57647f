//! The recorder, told what a tracer and pytest's hooks would tell it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use testmonx_core::trace::SpanBody;
use testmonx_core::{Digest, Kind};

use super::*;
use crate::witness::{Sight, Witness};

/// A project on disk, and a recorder of it.
struct Scenario {
    dir: TempDir,
    recorder: Recorder,
    facts: Vec<Fact>,
    spans: Vec<SpanBody>,
}

impl Scenario {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let place = dir.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        let recorder = Recorder::new(Project::new(dir.path(), &[], &[]));
        Self { dir, recorder, facts: Vec::new(), spans: Vec::new() }
    }

    fn place(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn code(&mut self, path: &str, name: &str, line: u32) -> CodeId {
        let place = self.place(path);
        let source = self.recorder.source(place.to_str().unwrap()).unwrap();
        self.recorder.code(source, name, line)
    }

    /// Imports a module: its body starts and ends, and `body` happens in between.
    fn import(&mut self, path: &str, importer: Option<CodeId>, body: impl FnOnce(&mut Self)) {
        let name = path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
        let package = match name.rsplit_once('.') {
            _ if path.ends_with("/__init__.py") => name.clone(),
            Some((package, _)) => package.to_owned(),
            None => String::new(),
        };
        let module = self.code(path, "<module>", 1);
        self.recorder.import_started(module, &name, &package, importer, 1);
        body(self);
        self.recorder.import_finished(module);
    }

    fn collect(&mut self, path: &str, body: impl FnOnce(&mut Self)) {
        let span = self.recorder.open_collection(&RelPath::new(path));
        self.import(path, None, body);
        self.recorder.close(span);
    }

    fn test(&mut self, node: &str, body: impl FnOnce(&mut Self)) {
        let span = self.recorder.open_test(&NodeId::new(node));
        body(self);
        self.recorder.close(span);
        self.recorder.finish_test(span, Outcome::Passed, 1);
    }

    fn opened(&mut self, place: &Path, access: Access) {
        self.recorder.saw(Sight::Opened { place: place.to_owned(), access });
    }

    fn ran(&mut self, path: &str, name: &str, line: u32) -> CodeId {
        let code = self.code(path, name, line);
        self.recorder.ran(0, &[code]);
        code
    }

    /// Takes a batch; returns each trace's subject with the keys of all its facts.
    fn traces(&mut self) -> Vec<(String, BTreeSet<String>)> {
        let batch = self.recorder.take_batch();
        assert_eq!(batch.first_fact as usize, self.facts.len(), "ids go on from batch to batch");
        self.facts.extend(batch.facts);
        self.spans.extend(batch.spans);
        let keys = |body: &SpanBody| {
            let mut ids = BTreeSet::new();
            self.gather(body, &mut ids);
            ids.into_iter().map(|id| self.facts[id as usize].key.to_string()).collect()
        };
        batch
            .traces
            .iter()
            .map(|trace| match &trace.subject {
                Subject::Test(test) => (test.as_str().to_owned(), keys(&trace.body)),
                Subject::Collection(file) => (file.to_string(), keys(&trace.body)),
            })
            .collect()
    }

    fn gather(&self, body: &SpanBody, ids: &mut BTreeSet<u32>) {
        ids.extend(&body.facts);
        for span in &body.spans {
            self.gather(&self.spans[*span as usize], ids);
        }
    }
}

fn keys(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const PAIR: &[(&str, &str)] = &[
    ("a.py", "import b\ndef f():\n    return b.g()\n"),
    ("b.py", "def g():\n    return 1\ndef h():\n    return 2\n"),
    ("test_a.py", "import a\ndef test_f():\n    a.f()\ndef test_n():\n    pass\n"),
];

/// Collects `test_a.py` of [`PAIR`], which imports `a`, which imports `b`.
fn collected() -> Scenario {
    let mut scenario = Scenario::new(PAIR);
    scenario.collect("test_a.py", |s| s.import("a.py", None, |s| s.import("b.py", None, |_| ())));
    scenario
}

#[test]
fn a_test_depends_on_what_ran_and_on_the_imports_behind_it() {
    let mut scenario = collected();
    scenario.test("test_a.py::test_f", |s| {
        s.ran("test_a.py", "test_f", 2);
        s.ran("a.py", "f", 2);
        s.ran("b.py", "g", 1);
    });
    scenario.test("test_a.py::test_n", |s| {
        s.ran("test_a.py", "test_n", 4);
    });
    let traces = scenario.traces();
    // The import of each module could do something; names are reached from what ran.
    let imports = keys(&["a.py", "b.py", "test_a.py", "conftest.py"]);
    let ran = keys(&["test_a.py::test_f", "a.py::f", "b.py::g", "a.py::b"]);
    assert!(traces[0].1.is_superset(&imports) && traces[0].1.is_superset(&ran), "{traces:?}");
    assert!(traces[1].1.is_superset(&imports) && traces[1].1.contains("test_a.py::test_n"));
    assert!(traces[1].1.is_disjoint(&ran), "{traces:?}");
}

#[test]
fn imports_that_were_cached_count_all_the_same() {
    let mut scenario = collected();
    fs::write(scenario.place("test_b.py"), "from a import f\ndef test_g():\n    pass\n").unwrap();
    scenario.collect("test_b.py", |_| ());
    scenario.test("test_b.py::test_g", |_| ());
    assert!(scenario.traces()[0].1.is_superset(&keys(&["a.py", "b.py", "test_b.py"])));
}

#[test]
fn whoever_runs_a_function_that_imported_depends_on_the_module() {
    let files = [
        ("lazy.py", "X = 1\n"),
        ("m.py", "import importlib\ndef load(name):\n    return importlib.import_module(name)\n"),
        ("test_m.py", "import m\ndef test_1():\n    pass\ndef test_2():\n    pass\n"),
    ];
    let mut scenario = Scenario::new(&files);
    scenario.collect("test_m.py", |s| s.import("m.py", None, |_| ()));
    scenario.test("test_m.py::test_1", |s| {
        let load = s.ran("m.py", "load", 2);
        s.import("lazy.py", Some(load), |_| ());
    });
    scenario.test("test_m.py::test_2", |s| {
        s.ran("m.py", "load", 2);
    });
    for (test, facts) in scenario.traces() {
        assert!(facts.contains("lazy.py"), "{test}: {facts:?}");
    }
}

#[test]
fn what_runs_while_a_module_is_imported_belongs_to_the_module() {
    let mut scenario = Scenario::new(PAIR);
    scenario.collect("test_a.py", |s| {
        s.import("a.py", None, |s| {
            s.import("b.py", None, |s| {
                s.ran("b.py", "h", 3);
            });
        });
    });
    scenario.test("test_a.py::test_n", |_| ());
    assert!(scenario.traces()[0].1.contains("b.py::h"));
}

#[test]
fn fixtures_count_for_those_who_use_them_and_their_teardown_too() {
    let mut scenario = collected();
    let mut fixture = 0;
    scenario.test("test_a.py::test_f", |s| {
        fixture = s.recorder.open_fixture();
        s.ran("b.py", "g", 1);
        s.recorder.close(fixture);
    });
    // Handed over before the teardown is known.
    let first = scenario.traces();
    assert!(first[0].1.contains("b.py::g") && !first[0].1.contains("b.py::h"));
    scenario.test("test_a.py::test_n", |s| {
        s.recorder.open_teardown(fixture);
        s.ran("b.py", "h", 3);
        s.recorder.close_teardown(fixture);
    });
    let second = scenario.traces();
    assert_eq!(second[0].0, "test_a.py::test_f", "the trace is handed over once more");
    assert!(second[0].1.is_superset(&first[0].1) && second[0].1.contains("b.py::h"));
    assert_eq!(second[1].0, "test_a.py::test_n");
    assert!(!second[1].1.contains("b.py::h"), "it only happened to come last");
}

#[test]
fn data_files_count_unless_the_session_made_them() {
    let mut scenario = collected();
    fs::write(scenario.place("data.txt"), "1").unwrap();
    fs::write(scenario.place("log.txt"), "1").unwrap();
    scenario.test("test_a.py::test_n", |s| {
        let place = |name: &str| s.dir.path().join(name);
        let [data, log, flag, made] = ["data.txt", "log.txt", "flag", "made"].map(place);
        s.opened(&data, Access::Read);
        s.opened(&flag, Access::Read);
        s.opened(&log, Access::Update);
        fs::write(&log, "1, 2").unwrap();
        s.recorder.saw(Sight::Made { place: made.clone() });
        fs::create_dir(&made).unwrap();
        fs::write(made.join("x"), "1").unwrap();
        s.opened(&made.join("x"), Access::Read);
    });
    let facts = &scenario.traces()[0].1;
    assert!(facts.is_superset(&keys(&["data.txt", "flag"])), "{facts:?}");
    assert!(facts.is_disjoint(&keys(&["log.txt", "made/x"])), "{facts:?}");
}

#[test]
fn conftest_files_count_below_their_directory_only() {
    let files = [
        ("conftest.py", "X = 1\n"),
        ("sub/conftest.py", "Y = 1\n"),
        ("sub/test_s.py", "def test_s():\n    pass\n"),
        ("test_t.py", "def test_t():\n    pass\n"),
    ];
    let mut scenario = Scenario::new(&files);
    scenario.import("conftest.py", None, |_| ());
    scenario.import("sub/conftest.py", None, |_| ());
    scenario.collect("sub/test_s.py", |_| ());
    scenario.collect("test_t.py", |_| ());
    scenario.test("sub/test_s.py::test_s", |_| ());
    scenario.test("test_t.py::test_t", |_| ());
    let traces = scenario.traces();
    assert!(traces[0].1.is_superset(&keys(&["conftest.py", "sub/conftest.py"])));
    assert!(traces[1].1.contains("conftest.py"));
    assert!(!traces[1].1.contains("sub/conftest.py"));
}

#[test]
fn a_collection_says_which_tests_it_found() {
    let mut scenario = collected();
    let found = vec![NodeId::new("test_a.py::test_f"), NodeId::new("test_a.py::test_n")];
    scenario.recorder.finish_collection(&RelPath::new("test_a.py"), found.clone());
    let batch = scenario.recorder.take_batch();
    assert_eq!(batch.traces[0].subject, Subject::Collection(RelPath::new("test_a.py")));
    assert_eq!(batch.traces[0].collected, found);
}

#[test]
fn imports_are_looked_up_as_far_as_the_file_that_wins() {
    let text = "import near, lost, pkg.part\nfrom pkg import NAME, other\n";
    let mut scenario = Scenario::new(&[
        ("test_a.py", text),
        ("b/near.py", ""),
        ("pkg/__init__.py", "NAME = 1\n"),
        ("pkg/part.py", ""),
    ]);
    let path = ["a", "b", "", "c"].map(|dir| scenario.place(dir));
    scenario.recorder.search_path(&path);
    scenario.collect("test_a.py", |scenario| {
        scenario.import("pkg/__init__.py", None, |_| ());
    });
    scenario.test("test_a.py::test_a", |_| ());
    let (_, facts) = scenario.traces().remove(0);
    let resolved: Vec<&str> =
        facts.iter().filter(|key| key.contains('@')).map(String::as_str).collect();
    let of_imports = ["lost@a,b,.,c", "near@a,b", "other@pkg", "part@pkg", "pkg@a,b,."];
    assert_eq!(resolved, [&of_imports[..], &["test_a@a,b,."]].concat());
}

#[test]
fn a_module_that_no_lookup_explains_has_no_such_fact() {
    let mut scenario = Scenario::new(&[("test_a.py", "import odd, made\n"), ("x/other.py", "")]);
    let path = [scenario.place("")];
    let made = scenario.place("made.py");
    scenario.recorder.saw(Sight::Made { place: made.clone() });
    fs::write(made, "").unwrap();
    scenario.recorder.search_path(&path);
    scenario.collect("test_a.py", |scenario| {
        let module = scenario.code("x/other.py", "<module>", 1);
        scenario.recorder.import_started(module, "odd", "", None, 1);
        scenario.recorder.import_finished(module);
    });
    scenario.test("test_a.py::test_a", |_| ());
    let (_, facts) = scenario.traces().remove(0);
    let resolved: Vec<&str> =
        facts.iter().filter(|key| key.contains('@')).map(String::as_str).collect();
    assert_eq!(resolved, ["test_a@."]);
}

/// Three test files, collected; one takes a constant of another.
fn three_collected() -> Scenario {
    let files = [
        ("test_a.py", "from test_b import SIZE\ndef test_1():\n    assert SIZE\n"),
        ("test_b.py", "SIZE = 1\nSPARE = 2\ndef test_2():\n    pass\n"),
        ("test_c.py", "class TestC:\n    def test_3(self):\n        pass\n"),
    ];
    let mut scenario = Scenario::new(&files);
    for (path, _) in files {
        scenario.collect(path, |_| ());
    }
    scenario
}

fn waits(scenario: &Scenario, path: &str) -> bool {
    let sources = &scenario.recorder.sources;
    sources.get(sources.at(&RelPath::new(path)).unwrap()).waits()
}

#[test]
fn a_test_file_is_parsed_once_its_tests_run_or_others_import_it() {
    let mut scenario = three_collected();
    assert!(["test_a.py", "test_b.py", "test_c.py"].iter().all(|path| waits(&scenario, path)));
    scenario.test("test_a.py::test_1", |s| {
        s.ran("test_a.py", "test_1", 2);
    });
    assert!(!waits(&scenario, "test_a.py") && waits(&scenario, "test_b.py"));
    let facts = &scenario.traces()[0].1;
    assert!(facts.contains("test_b.py::SIZE") && !facts.contains("test_b.py::SPARE"), "{facts:?}");
    assert!(!waits(&scenario, "test_b.py") && waits(&scenario, "test_c.py"));
    scenario.test("test_c.py::TestC::test_3", |_| ());
    assert!(scenario.traces()[0].1.contains("test_c.py::TestC.test_3"));
}

#[test]
fn a_test_file_that_changed_before_it_was_parsed_counts_as_it_was_imported() {
    let mut scenario = three_collected();
    let imported = Digest::of(&fs::read(scenario.place("test_c.py")).unwrap());
    fs::write(scenario.place("test_c.py"), "def test_3():\n    pass\n").unwrap();
    scenario.test("test_c.py::TestC::test_3", |_| ());
    scenario.traces();
    let file = |fact: &&Fact| fact.kind == Kind::File && &*fact.key == "test_c.py";
    let digests: Vec<_> = scenario.facts.iter().filter(file).map(|fact| fact.digest).collect();
    assert_eq!(digests, [imported]);
}
