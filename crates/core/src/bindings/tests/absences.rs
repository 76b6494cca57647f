//! What is not there in many places: attributes of classes, names that modules take over.

use super::project::{Files, Project, broken};
use crate::bindings::Roots;

/// A base with 20 methods, 12 classes that override none of them, and tests that call two of them.
fn files() -> Files {
    let methods: String = (0..20).map(|at| format!("    def m{at}(self): pass\n")).collect();
    let classes: String =
        (0..12).map(|at| format!("class C{at}(Base):\n    own = {at}\n")).collect();
    let all: Vec<String> = (0..12).map(|at| format!("C{at}()")).collect();
    let calls: Vec<String> = (0..20).map(|at| format!("m{at}")).collect();
    let body = |names: &[String]| {
        names.iter().map(|name| format!("        it.{name}()\n")).collect::<String>()
    };
    let test = format!(
        "import m\ndef many():\n    for it in m.ALL:\n{}\ndef few():\n    for it in m.ALL:\n{}\n",
        body(&calls[..19]),
        body(&calls[..1]),
    );
    let module = format!("class Base:\n{methods}{classes}ALL = [{}]\n", all.join(", "));
    Files::from([("m.py".into(), module), ("test_a.py".into(), test)])
}

fn broken_by(test: &str, old: &str, new: &str) -> usize {
    let files = files();
    let mut project = Project::load(&files);
    let bodies = vec![project.body("test_a.py", test)];
    let facts = project.facts(&Roots { bodies, ..Roots::default() }).0;
    assert_eq!(broken(&facts, &files), Vec::<String>::new());
    let edit = |(path, text): (String, String)| (path, text.replacen(old, new, 1));
    let edited: Files = files.clone().into_iter().map(edit).collect();
    assert_ne!(edited, files);
    broken(&facts, &edited).len()
}

#[test]
fn an_override_that_appears_counts_for_who_calls_it() {
    for (test, count) in [("many", 1), ("few", 0)] {
        let own = "    own = 7\n";
        let found = broken_by(test, own, &format!("{own}    def m5(self): pass\n"));
        assert_eq!(found, count, "{test}");
    }
    for (test, count) in [("many", 0), ("few", 0)] {
        let own = "    own = 7\n";
        let found = broken_by(test, own, &format!("{own}    def m19(self): pass\n"));
        assert_eq!(found, count, "{test}: nobody calls that");
    }
}

#[test]
fn there_are_fewer_facts_than_pairs() {
    let files = files();
    let mut project = Project::load(&files);
    let bodies = vec![project.body("test_a.py", "many")];
    let facts = project.facts(&Roots { bodies, ..Roots::default() }).0;
    let absent = facts.iter().filter(|fact| fact.kind.rule().name() == "absent").count();
    assert!(absent <= 12, "{absent} facts");
}

/// The project with one more line at the end of a file.
fn with_line(files: &Files, file: &str, line: &str) -> Files {
    let mut files = files.clone();
    files.entry(file.into()).and_modify(|text| *text += &format!("{line}\n"));
    files
}

/// A base with 40 methods, and a class in a file of its own that overrides none of them.
fn heirs() -> Files {
    let methods: String = (0..40).map(|at| format!("    def m{at}(self): pass\n")).collect();
    Files::from([
        ("base.py".into(), format!("class Base:\n{methods}")),
        ("heir.py".into(), "import base\nclass Heir(base.Base):\n    own = 1\n".into()),
        ("test_a.py".into(), "import heir\ndef calls():\n    heir.Heir().m7()\n".into()),
    ])
}

#[test]
fn that_many_inherited_names_are_not_overridden_is_one_fact() {
    let files = heirs();
    let edit = |new: &str| with_line(&files, "heir.py", new);
    let mut project = Project::load(&files);
    let bodies = vec![project.body("test_a.py", "calls")];
    let facts = project.facts(&Roots { bodies, ..Roots::default() }).0;
    assert_eq!(broken(&facts, &edit("    def m7(self): pass")).len(), 1);
    assert_eq!(broken(&facts, &edit("    def not_inherited(self): pass")), Vec::<String>::new());
}

/// A package that takes all names of six modules, two of them by way of another one.
fn stars() -> Files {
    let module = |name: &str| (format!("pkg/{name}.py"), format!("def of_{name}(): pass\n"));
    let mut files: Files = ["a", "b", "c", "d", "e"].into_iter().map(module).collect();
    let init = "from .a import *\nfrom .b import *\nfrom .c import *\nfrom .inner import *\n";
    files.insert("pkg/__init__.py".into(), init.into());
    files.insert("pkg/inner.py".into(), "from .d import *\nfrom .e import *\n".into());
    let test = "import pkg\ndef uses():\n    pkg.of_d()\ndef asks():\n    pkg.missing\n";
    files.insert("test_a.py".into(), test.into());
    files
}

#[test]
fn that_none_of_many_modules_binds_a_name_is_one_fact() {
    let files = stars();
    for (test, name) in [("uses", "of_d"), ("asks", "missing")] {
        let mut project = Project::load(&files);
        let bodies = vec![project.body("test_a.py", test)];
        let facts = project.facts(&Roots { bodies, ..Roots::default() }).0;
        assert_eq!(broken(&facts, &files), Vec::<String>::new());
        let stars = facts.iter().filter(|fact| fact.kind.rule().name() == "star").count();
        assert_eq!(stars, 1, "{test}");
        for file in ["pkg/b.py", "pkg/e.py"] {
            let add = |name: &str| broken(&facts, &with_line(&files, file, &format!("{name} = 1")));
            assert_eq!(add(name).len(), 1, "{test}: {name} in {file}");
            assert_eq!(add("other"), Vec::<String>::new(), "{test}: other in {file}");
        }
    }
}

#[test]
fn the_definition_is_found_through_many_stars() {
    let files = stars();
    let mut project = Project::load(&files);
    let bodies = vec![project.body("test_a.py", "uses")];
    let facts = project.facts(&Roots { bodies, ..Roots::default() }).0;
    let mut edited = files.clone();
    edited.insert("pkg/d.py".into(), "def of_d(x=1): pass\n".into());
    assert!(!broken(&facts, &edited).is_empty());
    edited = files.clone();
    let hidden = "__all__ = []\ndef of_d(): pass\n";
    edited.insert("pkg/d.py".into(), hidden.into());
    assert!(!broken(&facts, &edited).is_empty(), "what is taken counts");
}

/// Code that computes the names of attributes, and a test with many strings that can be some; eleven classes.
fn asking() -> Files {
    let strings: Vec<String> = (0..90).map(|at| format!("'name_{at}'")).collect();
    let many: String = (0..5).map(|at| format!("class Many{at}:\n    own = 1\n")).collect();
    let mut files: Files = (0..6)
        .map(|at| (format!("c{at}.py"), format!("class C{at}:\n    own = 1\n")))
        .chain([("many.py".into(), many)])
        .collect();
    let imports: String = (0..6).map(|at| format!("import c{at}\n")).collect();
    let made: Vec<String> = (0..6).map(|at| format!("c{at}.C{at}()")).collect();
    let all: Vec<String> = (0..5).map(|at| format!("many.Many{at}()")).collect();
    let test = format!(
        "{imports}import many\ndef get(it, name):\n    return getattr(it, name, None)\n\
         def test_it():\n    for it in [{}, {}]:\n        for name in [{}]:\n            get(it, name)\n",
        made.join(", "),
        all.join(", "),
        strings.join(", "),
    );
    files.insert("test_a.py".into(), test);
    files
}

#[test]
fn that_many_classes_lack_what_is_asked_for_is_one_fact() {
    let files = asking();
    let mut project = Project::load(&files);
    let bodies = ["test_it", "get"].map(|name| project.body("test_a.py", name)).into();
    let test = Some((project.module("test_a.py"), "test_it".into()));
    let facts = project.facts(&Roots { bodies, test, ..Roots::default() }).0;
    assert_eq!(broken(&facts, &files), Vec::<String>::new());
    assert_eq!(facts.iter().filter(|fact| fact.kind.rule().name() == "asked").count(), 1);
    for file in ["c3.py", "many.py"] {
        let add = |name: &str| broken(&facts, &with_line(&files, file, &format!("    {name} = 1")));
        assert_eq!(add("name_41").len(), 1, "{file}");
        assert_eq!(add("other"), Vec::<String>::new(), "{file}");
    }
}
