//! Cases as Markdown: a heading, files as fenced blocks under their path, and lines that say what
//! happened and what must follow.
//!
//! ```text
//! ran: PATH FUNCTION                        the roots
//! test: PATH QUALNAME                       the test's own name
//! name: PATH DOTTED                         a name that pytest looks up
//! import: PATH LINE ran PATH FUNCTION       while PATH stood at LINE
//! import: PATH LINE imported PATH
//! dynamic: PATH FUNCTION imported PATH
//! memo: PATH FUNCTION ran PATH FUNCTION     under a memoised call
//! stale: PATH | OLD | NEW                   an edit that the test must notice; OLD empty: append
//! fresh: PATH | OLD | NEW
//! ```
//!
//! In edits, `\n` is a newline. A fourth field of `stale` is a reason that must be among those given.

use super::project::{Files, Project, broken};
use crate::bindings::{Charge, Roots};

pub(super) struct Case {
    title: String,
    files: Files,
    happened: Vec<(String, String)>,
    pub(super) edits: Vec<Edit>,
}

pub(super) struct Edit {
    path: String,
    old: String,
    new: String,
    reason: Option<String>,
    is_stale: bool,
}

impl Case {
    pub(super) fn all(text: &str) -> Vec<Self> {
        let mut cases: Vec<Self> = Vec::new();
        let mut path = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(title) = line.strip_prefix("## ") {
                let (files, happened, edits) = Default::default();
                cases.push(Self { title: title.into(), files, happened, edits });
            }
            let Some(case) = cases.last_mut() else { continue };
            if let Some(name) = line.strip_prefix('`').and_then(|line| line.strip_suffix('`')) {
                path = name.into();
            } else if line.starts_with("```") {
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                case.files.insert(path.clone(), body.join("\n") + "\n");
            } else if let Some((verb @ ("stale" | "fresh"), rest)) = line.split_once(": ") {
                let text = |field: &str| field.trim().replace("\\n", "\n");
                let fields: Vec<&str> = rest.split(" | ").collect();
                let [path, old, new, ..] = fields[..] else { panic!("not an edit: {line}") };
                case.edits.push(Edit {
                    path: path.trim().into(),
                    old: text(old),
                    new: text(new),
                    reason: fields.get(3).map(|reason| reason.trim().into()),
                    is_stale: verb == "stale",
                });
            } else if let Some((verb, rest)) = line.split_once(": ")
                && ["ran", "test", "name", "import", "dynamic", "memo", "annotations"]
                    .contains(&verb)
            {
                case.happened.push((verb.into(), rest.into()));
            }
        }
        cases
    }

    /// What does not come out as the case says.
    pub(super) fn failures(&self) -> Vec<String> {
        let mut project = Project::load(&self.files);
        let roots = self.roots(&mut project);
        let (facts, _) = project.facts(&roots);
        let mut failures = Vec::new();
        let at_rest = broken(&facts, &self.files);
        if !at_rest.is_empty() {
            failures.push(format!("{}: does not hold at rest: {at_rest:?}", self.title));
        }
        for edit in &self.edits {
            let mut files = self.files.clone();
            let text = files.get_mut(&edit.path).unwrap_or_else(|| panic!("{}", edit.path));
            if edit.old.is_empty() {
                text.push_str(&edit.new);
                text.push('\n');
            } else if !text.contains(&edit.old) {
                failures.push(format!("{}: there is no `{}`", self.title, edit.old));
            } else {
                *text = text.replacen(&edit.old, &edit.new, 1);
            }
            let broken = broken(&facts, &files);
            let what = format!("{}: {} | {} | {}", self.title, edit.path, edit.old, edit.new);
            if broken.is_empty() == edit.is_stale {
                failures.push(format!("{what}: stale because {broken:?}"));
            }
            if let Some(reason) = edit.reason.as_ref().filter(|reason| !broken.contains(reason)) {
                failures.push(format!("{what}: `{reason}` is not in {broken:?}"));
            }
        }
        failures
    }

    fn roots(&self, project: &mut Project) -> Roots {
        let mut roots = Roots::default();
        for path in self.files.keys() {
            let name = path.rsplit('/').next().unwrap_or(path);
            if name.starts_with("test_") || name == "conftest.py" {
                roots.modules.push(project.module(path));
            }
        }
        for (verb, rest) in &self.happened {
            let words: Vec<&str> = rest.split_whitespace().collect();
            match (&**verb, &words[..]) {
                ("ran", [path, name]) => roots.bodies.push(project.body(path, name)),
                ("test", [path, name]) => roots.test = Some((project.module(path), (*name).into())),
                ("name", [path, name]) => roots.names.push((project.module(path), (*name).into())),
                ("annotations", ["counted"]) => project.program.count_annotations(),
                ("import", [path, line, "ran", other, name]) => {
                    let body = project.body(other, name);
                    project.charge(path, line.parse().unwrap(), Charge::Ran(body));
                }
                ("import", [path, line, "imported", other]) => {
                    let module = project.module(other);
                    project.charge(path, line.parse().unwrap(), Charge::Imported(module));
                }
                ("dynamic", [path, name, "imported", other]) => {
                    let body = project.body(path, name);
                    let module = project.module(other);
                    project.program.imported_by(body, module);
                }
                ("memo", [path, name, "ran", other, inner]) => {
                    let (body, inner) = (project.body(path, name), project.body(other, inner));
                    assert!(project.program.memoises(body, false), "{name} is not seen to memoise");
                    project.program.memoised(body, Charge::Ran(inner));
                }
                other => panic!("{}: {other:?}", self.title),
            }
        }
        roots
    }
}
