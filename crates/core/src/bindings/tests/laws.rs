//! Laws of the closure, over generated projects.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::project::{Files, Project, broken};
use crate::bindings::Roots;

/// A module of constants, functions and classes that read what came before, there or in the module
/// before it.
#[derive(Clone, Debug)]
struct Item {
    kind: u8,
    reads: Index,
    from_other: bool,
}

fn item() -> impl Strategy<Value = Item> {
    (0..5u8, any::<Index>(), any::<bool>()).prop_map(|(kind, reads, from_other)| Item {
        kind,
        reads,
        from_other,
    })
}

fn modules() -> impl Strategy<Value = Vec<Vec<Item>>> {
    vec(vec(item(), 1..7), 2..4)
}

/// The text of the module with this number; each item `i` binds `n{module}_{i}`.
fn text(modules: &[Vec<Item>], number: usize) -> String {
    let mut text = String::new();
    if number > 0 {
        let _ = writeln!(text, "import m{}", number - 1);
    }
    for (at, item) in modules[number].iter().enumerate() {
        let read = if item.from_other && number > 0 {
            let other = item.reads.index(modules[number - 1].len());
            format!("m{}.n{}_{other}", number - 1, number - 1)
        } else if at > 0 {
            format!("n{number}_{}", item.reads.index(at))
        } else {
            "1".to_owned()
        };
        let name = format!("n{number}_{at}");
        let _ = match item.kind {
            0 => writeln!(text, "{name} = {read}"),
            1 => writeln!(text, "def {name}(x=1):\n    return {read}"),
            2 => writeln!(text, "class {name}:\n    attr = {read}\n    def m(self): return 1"),
            3 => writeln!(text, "if {read}:\n    {name} = 2\nelse:\n    {name} = 3"),
            _ => writeln!(text, "{name} = [{read} for _ in ()]\n{name}.append({read})"),
        };
    }
    text
}

fn project(modules: &[Vec<Item>]) -> Files {
    let last = modules.len() - 1;
    let mut files: Files =
        (0..modules.len()).map(|at| (format!("m{at}.py"), text(modules, at))).collect();
    let names: Vec<String> =
        (0..modules[last].len()).step_by(2).map(|at| format!("m{last}.n{last}_{at}")).collect();
    let test = format!("import m{last}\ndef test():\n    return [{}]\n", names.join(", "));
    files.insert("test_a.py".into(), test);
    files
}

fn facts(files: &Files) -> Vec<crate::Fact> {
    let mut project = Project::load(files);
    let roots = Roots {
        bodies: vec![project.body("test_a.py", "test")],
        modules: vec![project.module("test_a.py")],
        ..Roots::default()
    };
    project.facts(&roots).0
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 64, ..ProptestConfig::default()
    })]

    #[test]
    fn comments_blank_lines_and_strangers_break_nothing(
        modules in modules(), which in any::<Index>(), what in 0..5usize,
    ) {
        let files = project(&modules);
        let facts = facts(&files);
        prop_assert_eq!(broken(&facts, &files), Vec::<String>::new());
        let mut edited = files.clone();
        let path = edited.keys().nth(which.index(files.len())).cloned().unwrap();
        let text = edited.get_mut(&path).unwrap();
        match what {
            0 => *text = text.replace('\n', "  # why\n"),
            1 => *text = text.replace("\nn", "\n\n\nn"),
            2 => text.push_str("stranger = 1\n"),
            3 => text.push_str("def stranger(x=1):\n    return x\n"),
            _ => text.insert_str(0, "import json\n"),
        }
        prop_assert_eq!(broken(&facts, &edited), Vec::<String>::new());
    }

    #[test]
    fn the_renaming_of_anything_that_is_read_breaks_a_fact(modules in modules()) {
        let files = project(&modules);
        let facts = facts(&files);
        let last = modules.len() - 1;
        for at in (0..modules[last].len()).step_by(2) {
            let name = format!("n{last}_{at}");
            let mut edited = files.clone();
            let text = edited.get_mut(&format!("m{last}.py")).unwrap();
            *text = text.replace(&name, "renamed");
            prop_assert!(!broken(&facts, &edited).is_empty(), "{}", name);
        }
    }

    #[test]
    fn more_roots_reach_more(modules in modules(), which in any::<Index>()) {
        let files = project(&modules);
        let mut project = Project::load(&files);
        let test = project.body("test_a.py", "test");
        let other = project.module(&format!("m{}.py", which.index(modules.len())));
        let few = Roots { bodies: vec![test], ..Roots::default() };
        let many = Roots { whole: vec![other], ..few.clone() };
        let (few, many) = (project.facts(&few).0, project.facts(&many).0);
        prop_assert!(few.iter().all(|fact| many.contains(fact)));
    }

    #[test]
    fn closures_that_are_worked_out_together_are_those_that_they_are_alone(
        modules in modules(), tests in vec(vec(any::<Index>(), 1..6), 1..8),
    ) {
        let mut files = project(&modules);
        // Rules that look at the whole closure.
        files.insert("m0.py".into(), files["m0.py"].clone() + WHOLE);
        let mut project = Project::load(&files);
        let bodies = project.bodies();
        let tests: Vec<Roots> = tests
            .iter()
            .map(|ran| Roots {
                bodies: ran.iter().map(|index| bodies[index.index(bodies.len())]).collect(),
                modules: vec![project.module("test_a.py")],
                ..Roots::default()
            })
            .collect();
        let together = project.together(&tests);
        for (roots, together) in tests.iter().zip(together) {
            let alone = Project::load(&files).facts(roots).0;
            let said = |facts: Vec<crate::Fact>| {
                let facts = facts.into_iter().map(|it| (it.kind, it.key, it.digest));
                facts.collect::<std::collections::BTreeSet<_>>()
            };
            prop_assert_eq!(said(project.facts_of(&together)), said(alone));
        }
    }
}

/// Functions whose closures grow at their ends (signatures, subclasses, members, all modules), several of each:
/// what one of them reaches, another one may go on from.
const WHOLE: &str = "
import inspect, sys
class Base:
    def __init_subclass__(cls): pass
class Sub(Base):
    attr = 1
def signatures(): return inspect.signature(subclasses)
def signatures_too(): return inspect.signature(members), Sub
def subclasses(x=1): return Base
def subclasses_too(x=2): return Base.__subclasses__()
def members(x): return dir(x), Sub
def members_too(x): return dir(x), loaded
def loaded(): return sys.modules
def loaded_too(): return sys.modules, members
";
