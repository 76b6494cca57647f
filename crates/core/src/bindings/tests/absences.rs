//! Many classes that lack many attributes of a common base.

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
