//! A small project in memory: its modules, what ran, and what an edit makes of its facts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::bindings::{Body, Charge, ModuleId, Program, Reached, Roots};
use crate::source::{Outline, SourceModel};
use crate::world::{Entry, Installed, Listed, Outlines, Surroundings, Tree};
use crate::{Digest, Fact, RelPath};

/// The files of a project, by path.
pub(super) type Files = BTreeMap<String, String>;

/// A loaded project.
pub(super) struct Project {
    pub(super) program: Program,
    modules: BTreeMap<String, (ModuleId, Option<Arc<SourceModel>>)>,
    world: InMemory,
}

impl Project {
    pub(super) fn load(files: &Files) -> Self {
        let (program, modules) = (Program::new(), BTreeMap::new());
        let mut project = Self { program, modules, world: InMemory::of(files) };
        for (path, text) in files {
            let model = SourceModel::parse(text.as_bytes()).ok().map(Arc::new);
            let content = Digest::of(text.as_bytes());
            let id = project.program.add(RelPath::new(path), content, model.clone());
            let (name, package) = dotted(path);
            project.program.name(id, &name, &package);
            project.modules.insert(path.clone(), (id, model));
        }
        project
    }

    pub(super) fn module(&self, path: &str) -> ModuleId {
        self.modules.get(path).unwrap_or_else(|| panic!("no file {path}")).0
    }

    pub(super) fn body(&self, path: &str, name: &str) -> Body {
        let (module, model) = &self.modules[path];
        let model = model.as_ref().unwrap_or_else(|| panic!("{path} is no Python"));
        let function = model.functions().iter().position(|function| function.name() == name);
        let function = function.unwrap_or_else(|| panic!("no function {name} in {path}"));
        Body { module: *module, function }
    }

    /// All function bodies, in order.
    pub(super) fn bodies(&self) -> Vec<Body> {
        let modules = self.modules.values().filter_map(|(id, model)| Some((*id, model.as_ref()?)));
        let bodies = modules.flat_map(|(module, model)| {
            (0..model.functions().len()).map(move |function| Body { module, function })
        });
        bodies.collect()
    }

    pub(super) fn charge(&mut self, path: &str, line: u32, charge: Charge) {
        let module = self.module(path);
        self.program.charge(module, line, charge);
    }

    /// The facts of what was reached.
    pub(super) fn facts_of(&self, reached: &Reached) -> Vec<Fact> {
        let facts = reached.part.map(|part| self.program.facts(part)).unwrap_or_default();
        facts.into_iter().cloned().collect()
    }

    /// The closures of several tests, worked out together.
    pub(super) fn together(&mut self, tests: &[Roots]) -> Vec<Reached> {
        self.program.closures(tests, &self.world)
    }

    /// All facts of a test with these roots, those of its own bodies included.
    pub(super) fn facts(&mut self, roots: &Roots) -> (Vec<Fact>, Reached) {
        let reached = self.program.closure(roots, &self.world);
        (self.facts_of(&reached), reached)
    }
}

/// `pkg.a` and `pkg` of `pkg/a.py`.
fn dotted(path: &str) -> (String, String) {
    let stem = path.strip_suffix(".py").unwrap_or(path).replace('/', ".");
    match stem.strip_suffix("__init__") {
        Some(package) => {
            let package = package.trim_end_matches('.').to_owned();
            (package.clone(), package)
        }
        None => {
            let package = stem.rsplit_once('.').map_or("", |(package, _)| package).to_owned();
            (stem, package)
        }
    }
}

/// The facts that hold no longer, in words.
pub(super) fn broken(facts: &[Fact], files: &Files) -> Vec<String> {
    let tree = InMemory::of(files);
    let mut broken = Vec::new();
    for fact in facts {
        let now = fact.kind.rule().digest_now(&fact.key, &tree);
        if now != Some(fact.digest) {
            broken.push(fact.kind.rule().describe(&fact.key, now.is_none()));
        }
    }
    broken.sort();
    broken.dedup();
    broken
}

struct InMemory {
    outlines: BTreeMap<String, Arc<Outline>>,
    files: Files,
}

impl InMemory {
    fn of(files: &Files) -> Self {
        let outline =
            |text: &String| SourceModel::parse(text.as_bytes()).ok().map(|it| it.outline());
        let outlines = files
            .iter()
            .filter_map(|(path, text)| Some((path.clone(), Arc::new(outline(text)?))))
            .collect();
        Self { outlines, files: files.clone() }
    }
}

impl Tree for InMemory {
    fn content(&self, path: &RelPath) -> Option<Digest> {
        self.read(path).map(|bytes| Digest::of(&bytes))
    }
    fn read(&self, path: &RelPath) -> Option<Vec<u8>> {
        self.files.get(path.as_str()).map(|text| text.as_bytes().to_vec())
    }
    fn exists(&self, path: &RelPath) -> bool {
        self.files.contains_key(path.as_str())
    }
    fn entry(&self, _path: &RelPath) -> Option<Entry> {
        None
    }
    fn list(&self, _path: &RelPath) -> Option<Vec<Listed>> {
        None
    }
}

impl Installed for InMemory {
    fn package(&self, _name: &str, _providers: &BTreeSet<String>) -> Option<Digest> {
        None
    }
    fn is_importable(&self, _name: &str) -> bool {
        false
    }
    fn distribution(&self, _name: &str) -> Option<Digest> {
        None
    }
    fn distributions(&self) -> Digest {
        Digest::of(b"")
    }
}

impl Surroundings for InMemory {
    fn variable(&self, _name: &str) -> Option<Digest> {
        None
    }
}

impl Outlines for InMemory {
    fn outline(&self, path: &RelPath) -> Option<Arc<Outline>> {
        self.outlines.get(path.as_str()).cloned()
    }
}
