//! From what a span observed to what it depends on: its own facts, the spans that it uses, and the
//! closure of the bindings that all of these can reach ([`testmonx_core::bindings`]).
//!
//! The rules of the closure look at it as a whole (an attribute that a test mentions, of a class that its
//! fixture made), so its roots are those of a run with all spans that it uses. What comes out are *parts*, sets
//! of facts and of other parts, which many runs share as spans.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use testmonx_core::RelPath;
use testmonx_core::bindings::{
    FactId, ModuleId, PACKAGE_HOOKS, Part, PartId, Program, Reached, Roots,
};
use testmonx_core::source::Import;
use testmonx_core::trace::{NodeId, SpanBody};

use super::components::components;
use super::files::Files;
use super::intern::Interner;
use super::packages::PackageFacts;
use super::resolutions::{ImportPath, Lookup};
use super::source::{Block, Reads, Source, Sources};
use super::span::{Observed, Span, SpanId};
use crate::disk::Disk;
use crate::observer::{CodeId, SourceId};

/// Turns observations into span bodies, and remembers what many of them share.
#[derive(Debug, Default)]
pub(super) struct Closures {
    /// The facts of the program, by their numbers there.
    facts: Vec<Option<u32>>,
    /// The spans of the program's parts.
    parts: FxHashMap<PartId, u32>,
    /// What those depend on who reach a module, or all of some modules.
    outsides: FxHashMap<ModuleId, Option<u32>>,
    outsides_of_all: FxHashMap<Arc<[ModuleId]>, Outside>,
    /// The facts of code objects that are not in any closure, by code object.
    codes: Vec<Option<Box<[u32]>>>,
    /// How many facts were unsteady when `parts` was made.
    unsteady: usize,
    /// Spans that several runs of one batch use: fixtures, collections, the session.
    used: FxHashMap<SpanId, u32>,
    gathered: FxHashMap<SpanId, Arc<Gathered>>,
    /// The spans of all that runs of tests depend on that others may come to depend on.
    wholes: FxHashMap<SpanId, u32>,
}

/// What those depend on who reach some modules, apart from what these reach.
#[derive(Clone, Copy, Debug)]
struct Outside {
    span: Option<u32>,
    /// Whether the module level of one mentions one of the ways to read docstrings.
    reads_docs: bool,
}

/// What a span and those that it uses say about the roots of a closure.
#[derive(Debug, Default)]
struct Gathered {
    roots: Roots,
    reads: Reads,
}

/// What is borrowed to turn observations into bodies.
pub(super) struct Scene<'a> {
    pub(super) sources: &'a Sources,
    pub(super) spans: &'a [Span],
    pub(super) files: &'a Files,
    pub(super) packages: &'a PackageFacts,
    pub(super) import_path: &'a ImportPath,
    pub(super) disk: &'a Disk,
    pub(super) interner: &'a mut Interner,
}

/// What all runs of one test file stand on, whatever they observed.
#[derive(Debug, Default)]
pub(super) struct Ground {
    /// The modules that shape them: the file itself, the conftest files above.
    pub(super) modules: Vec<SourceId>,
    /// The packages that the file is in, in which pytest looks for set-ups and teardowns.
    pub(super) packages: Vec<SourceId>,
    /// Modules that plugins are, in which it looks for fixtures.
    pub(super) plugins: Vec<SourceId>,
    /// Facts about what is there and is not for pytest to find.
    pub(super) facts: Vec<u32>,
}

/// What a run stands on apart from what it observed.
#[derive(Debug, Default)]
pub(super) struct Standpoint {
    pub(super) ground: Arc<Ground>,
    /// The test; `None` for a collection.
    pub(super) test: Option<NodeId>,
    /// A file all of whose module level counts: that of a collection, since what that found is up to it.
    pub(super) whole: Option<SourceId>,
}

impl Closures {
    /// Starts a batch: spans may have observed more since the last one.
    pub(super) fn start_batch(&mut self, files: &Files) {
        self.used.clear();
        self.gathered.clear();
        // A module that was imported since can make a name one of the project's.
        self.outsides.clear();
        self.outsides_of_all.clear();
        self.codes.clear();
        if self.unsteady != files.unsteady() {
            // A part can hold a fact about a file that the session has overtaken since.
            self.parts.clear();
            self.unsteady = files.unsteady();
        }
    }

    /// The roots of what a run can reach that observed this and stands on that; and what it can read of
    /// the text of sources.
    pub(super) fn roots(
        &mut self,
        scene: &Scene<'_>,
        program: &Program,
        observed: &Observed,
        standpoint: &Standpoint,
    ) -> (Roots, Reads) {
        let Gathered { mut roots, reads } = self.gather(scene, observed);
        let module = |source: &SourceId| scene.sources.get(*source).module;
        roots.modules.extend(standpoint.ground.modules.iter().map(module));
        roots.whole.extend(standpoint.whole.iter().map(module));
        for source in &standpoint.ground.modules {
            let module = scene.sources.get(*source).module;
            roots.names.push((module, "pytestmark".into()));
            let names = observed.fixtures.iter().map(|name| (module, name.clone()));
            roots.names.extend(names);
        }
        for package in &standpoint.ground.packages {
            let module = scene.sources.get(*package).module;
            // pytest imports it, whatever the file is.
            roots.modules.push(module);
            roots.names.extend(PACKAGE_HOOKS.map(|name| (module, name.into())));
        }
        for plugin in &standpoint.ground.plugins {
            let module = scene.sources.get(*plugin).module;
            roots.names.extend(observed.fixtures.iter().map(|name| (module, name.clone())));
        }
        if let Some(test) = &standpoint.test
            && let Some(source) = scene.sources.at(&test.file())
            && let Some(name) = qualified_name(test)
        {
            let module = scene.sources.get(source).module;
            if let Some((class, _)) = name.rsplit_once('.') {
                let in_class = |name| (module, format!("{class}.{name}").into());
                roots.names.extend(observed.fixtures.iter().map(in_class));
            }
            match program.asked_of_test_module(&roots.bodies) {
                Some(asked) => roots.names.extend(asked.into_iter().map(|name| (module, name))),
                None => roots.whole.push(module),
            }
            roots.test = Some((module, name.into()));
        }
        (roots, reads)
    }

    /// What `observed` and the spans that it uses say, each span once.
    fn gather(&mut self, scene: &Scene<'_>, observed: &Observed) -> Gathered {
        let mut all = Gathered::default();
        add_roots(scene.sources, observed, &mut all);
        let mut seen = FxHashSet::default();
        let mut waiting: Vec<SpanId> = observed.uses.iter().copied().collect();
        while let Some(used) = waiting.pop() {
            if !seen.insert(used) {
                continue;
            }
            let used_observed = &scene.spans[used as usize].observed;
            waiting.extend(&used_observed.uses);
            let own = self.gathered.entry(used).or_insert_with(|| {
                let mut own = Gathered::default();
                add_roots(scene.sources, used_observed, &mut own);
                Arc::new(own)
            });
            let own = Arc::clone(own);
            all.roots.bodies.extend(&own.roots.bodies);
            all.roots.lines.extend(&own.roots.lines);
            all.roots.modules.extend(&own.roots.modules);
            all.roots.whole.extend(&own.roots.whole);
            all.reads.merge(own.reads);
        }
        all
    }

    /// The body of a run that observed this, stands on that, and reaches so much.
    pub(super) fn body(
        &mut self,
        scene: &mut Scene<'_>,
        program: &Program,
        observed: &Observed,
        standpoint: &Standpoint,
        reached: &Reached,
        reads: Reads,
    ) -> SpanBody {
        let mut body = self.own_body(scene, observed);
        body.facts.extend(&standpoint.ground.facts);
        let mut looked_into: Vec<&Arc<[ModuleId]>> = Vec::new();
        for modules in &reached.modules {
            let outside = self.outside_of_all(scene, modules);
            body.spans.extend(outside.span);
            let is_looked_into = standpoint.whole.is_some() || reads.source || reads.docs;
            looked_into.extend((is_looked_into || outside.reads_docs).then_some(modules));
        }
        for module in looked_into.into_iter().flat_map(|modules| &**modules) {
            let Some(source) = scene.sources.of_module(*module) else { continue };
            if standpoint.whole.is_some() {
                // A statement that changed could raise, which shows where the file is imported.
                body.facts.push(scene.interner.fact(source.level()));
            }
            if reads.source {
                body.facts.push(scene.interner.fact(source.whole()));
            }
            if reads.docs || source.reads_docs() {
                body.facts.extend(source.docstrings().map(|fact| scene.interner.fact(fact)));
            }
        }
        body.spans.extend(self.reached(scene, program, reached));
        ordered(body)
    }

    /// The span of what a closure reached.
    pub(super) fn reached(
        &mut self,
        scene: &mut Scene<'_>,
        program: &Program,
        reached: &Reached,
    ) -> Option<u32> {
        reached.part.map(|part| self.part(scene, program, part))
    }

    /// What those depend on who reach all of these modules.
    fn outside_of_all(&mut self, scene: &mut Scene<'_>, modules: &Arc<[ModuleId]>) -> Outside {
        if let Some(known) = self.outsides_of_all.get(modules) {
            return *known;
        }
        let mut spans: Vec<u32> =
            modules.iter().filter_map(|module| self.outside(scene, *module)).collect();
        let span = match spans.len() {
            0 | 1 => spans.pop(),
            _ => Some(scene.interner.span(ordered(SpanBody { facts: Vec::new(), spans }))),
        };
        let sources = modules.iter().filter_map(|module| scene.sources.of_module(*module));
        let outside = Outside { span, reads_docs: sources.into_iter().any(Source::reads_docs) };
        self.outsides_of_all.insert(Arc::clone(modules), outside);
        outside
    }

    /// The span of what finds a module, and of what its imports find: which packages, which files of the project.
    fn outside(&mut self, scene: &mut Scene<'_>, module: ModuleId) -> Option<u32> {
        if let Some(known) = self.outsides.get(&module) {
            return *known;
        }
        let sources = scene.sources;
        let facts =
            sources.of_module(module).map_or_else(BTreeSet::new, |source| scene.found(source));
        let span = (!facts.is_empty()).then(|| {
            scene.interner.span(SpanBody { facts: facts.into_iter().collect(), spans: Vec::new() })
        });
        self.outsides.insert(module, span);
        span
    }

    fn part(&mut self, scene: &mut Scene<'_>, program: &Program, part: PartId) -> u32 {
        if let Some(span) = self.parts.get(&part) {
            return *span;
        }
        let Part { facts, parts } = program.part(part);
        let facts = facts.iter().map(|fact| self.fact(scene.interner, program, *fact)).collect();
        let facts = scene.files.standing(facts);
        let spans = parts.iter().map(|part| self.part(scene, program, *part)).collect();
        let span = scene.interner.span(ordered(SpanBody { facts, spans }));
        self.parts.insert(part, span);
        span
    }

    fn fact(&mut self, interner: &mut Interner, program: &Program, fact: FactId) -> u32 {
        let at = fact as usize;
        if self.facts.len() <= at {
            self.facts.resize(at + 1, None);
        }
        *self.facts[at].get_or_insert_with(|| interner.fact(program.fact(fact).clone()))
    }

    /// The id of the span that others share under the recorder's number `used`: what it observed
    /// itself. What that can reach is in the closures of those who use it.
    pub(super) fn used_span(&mut self, scene: &mut Scene<'_>, used: SpanId) -> u32 {
        if let Some(span) = self.known_span(used) {
            return span;
        }
        let spans = scene.spans;
        let unknown_uses = |span: SpanId| {
            let uses = spans[span as usize].observed.uses.iter().copied();
            uses.filter(|used| self.known_span(*used).is_none()).collect()
        };
        let mut last = None;
        for group in components(used, unknown_uses) {
            let mut body = SpanBody::default();
            for member in &group {
                let observed = &spans[*member as usize].observed;
                body.facts.append(&mut self.own_facts(scene, observed));
                let beyond = observed.uses.iter().filter(|used| group.binary_search(used).is_err());
                body.spans.extend(beyond.filter_map(|used| self.known_span(*used)));
            }
            let span = scene.interner.span(ordered(body));
            self.used.extend(group.into_iter().map(|member| (member, span)));
            last = Some(span);
        }
        // The group that `used` itself is in comes last, and there always is one.
        last.unwrap_or_else(|| scene.interner.span(SpanBody::default()))
    }

    fn known_span(&self, used: SpanId) -> Option<u32> {
        self.wholes.get(&used).or_else(|| self.used.get(&used)).copied()
    }

    /// Makes the `body` of a run one span, which who uses the run uses from now on.
    pub(super) fn share(&mut self, scene: &mut Scene<'_>, run: SpanId, body: SpanBody) -> SpanBody {
        let span = scene.interner.span(body);
        self.wholes.insert(run, span);
        SpanBody { facts: Vec::new(), spans: vec![span] }
    }

    /// The facts of a code object that runs, apart from what its closure has: what the import statements
    /// in it find, the packages that it uses, its source if no block of it is known.
    fn of_code(&mut self, scene: &mut Scene<'_>, code: CodeId) -> &[u32] {
        let at = code as usize;
        if self.codes.len() <= at {
            self.codes.resize(at + 1, None);
        }
        if self.codes[at].is_none() {
            let sources = scene.sources;
            let source = sources.get(sources.code(code).source);
            let mut facts: Vec<u32> =
                scene.imported(source, sources.function_statements(code)).into_iter().collect();
            let used = scene.packages.used_by(code);
            facts.extend(used.map(|fact| scene.interner.fact(fact.clone())));
            if let Block::Unknown(fact) = &sources.code(code).block {
                facts.push(scene.interner.fact(fact.clone()));
            }
            self.codes[at] = Some(facts.into());
        }
        self.codes[at].as_deref().unwrap_or_default()
    }

    /// What a span observed, apart from what its closure has. In no order.
    fn own_body(&mut self, scene: &mut Scene<'_>, observed: &Observed) -> SpanBody {
        let facts = self.own_facts(scene, observed);
        let spans = observed.uses.iter().map(|used| self.used_span(scene, *used)).collect();
        SpanBody { facts, spans }
    }

    /// The facts of that, other than those of the spans that it uses.
    fn own_facts(&mut self, scene: &mut Scene<'_>, observed: &Observed) -> Vec<u32> {
        let mut facts = scene.files.standing(observed.facts.iter().copied().collect());
        for code in &observed.codes {
            facts.extend(self.of_code(scene, *code));
        }
        facts
    }
}

impl Scene<'_> {
    /// The facts of what finds a module by its name, whoever imports it and how, and of what its imports find.
    fn found(&mut self, source: &Source) -> BTreeSet<u32> {
        let mut facts = self.imported(source, source.statements());
        // pytest imports a conftest file by its place, and several go by one name.
        let is_searched = source.path.name() != "conftest.py";
        for name in source.names.iter().filter(|_| is_searched) {
            let own =
                Import { level: 0, module: Some(name.clone()), names: Vec::new(), is_star: false };
            facts.append(&mut self.imported(source, &[own]));
        }
        facts
    }

    /// The facts behind import statements of `source`.
    fn imported(&mut self, source: &Source, statements: &[Import]) -> BTreeSet<u32> {
        let is_project = |name: &str| self.sources.has_module(name);
        let mut facts = self.packages.imported(statements, is_project);
        let Self { import_path: path, sources, packages, files, disk, .. } = *self;
        let lookup = Lookup { path, sources, packages, files, disk };
        facts.append(&mut lookup.facts(source, statements));
        facts.into_iter().map(|fact| self.interner.fact(fact)).collect()
    }
}

/// The body with its facts and spans ascending, each once.
fn ordered(mut body: SpanBody) -> SpanBody {
    for ids in [&mut body.facts, &mut body.spans] {
        ids.sort_unstable();
        ids.dedup();
    }
    body
}

fn add_roots(sources: &Sources, observed: &Observed, all: &mut Gathered) {
    for code in &observed.codes {
        let code = sources.code(*code);
        all.reads.merge(code.reads);
        match &code.block {
            Block::Body(body) => all.roots.bodies.push(*body),
            Block::Level(module, line) => all.roots.lines.push((*module, *line)),
            Block::Unknown(_) => all.roots.modules.push(sources.get(code.source).module),
        }
    }
    let module = |source: &SourceId| sources.get(*source).module;
    all.roots.modules.extend(observed.imported.iter().map(module));
    all.roots.whole.extend(observed.whole.iter().map(module));
    let named = observed.named.iter().filter_map(|name| sources.named(name));
    all.roots.whole.extend(named.map(|source| module(&source)));
}

/// `TestC.test_x` of `a/test_a.py::TestC::test_x[1]`; `None` if the test has no name in its file.
fn qualified_name(test: &NodeId) -> Option<String> {
    let name = test.as_str().strip_prefix(test.file().as_str())?.strip_prefix("::")?;
    let name = name.split('[').next()?;
    (!name.is_empty()).then(|| name.replace("::", "."))
}

/// Where the conftest files of a test file can be: its directory and those above it.
pub(super) fn conftest_places(file: &RelPath) -> Vec<RelPath> {
    let mut places = Vec::new();
    let mut dir = file.parent();
    while let Some(at) = dir {
        places.push(at.join("conftest.py"));
        dir = at.parent();
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_in_their_files() {
        let name = |node: &str| qualified_name(&NodeId::new(node));
        assert_eq!(name("a/t.py::TestC::test_x[a::b]").as_deref(), Some("TestC.test_x"));
        assert_eq!(name("t.py::test_x").as_deref(), Some("test_x"));
        assert_eq!(name("t.py"), None);
    }

    #[test]
    fn conftest_files_are_looked_for_up_to_the_rootdir() {
        let places = conftest_places(&RelPath::new("a/b/t.py"));
        let places: Vec<&str> = places.iter().map(RelPath::as_str).collect();
        assert_eq!(places, ["a/b/conftest.py", "a/conftest.py", "conftest.py"]);
    }
}
