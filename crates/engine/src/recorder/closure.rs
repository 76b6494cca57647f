//! From what a span observed to what it depends on: facts, and the closure of the imports behind
//! the code that ran.
//!
//! A function can reach whatever the module that defines it has imported, transitively; the module
//! level of all of these counts. The graph has the edges that the sources' own import statements
//! say, and those that were seen when a module's body started. Closures are shared: a *part* is the
//! span of one module's level and what its import did, a closure the span of its parts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use testmonx_core::Fact;
use testmonx_core::trace::SpanBody;

use super::files::Files;
use super::intern::Interner;
use super::packages::PackageFacts;
use super::source::Sources;
use super::span::{Observed, Span, SpanId};
use crate::observer::{CodeId, SourceId};

/// Turns observations into span bodies, and remembers the parts that many of them share.
#[derive(Debug, Default)]
pub(super) struct Closures {
    /// Modules whose import was seen to start while the function ran: every later run of it
    /// depends on them too, though it finds them cached.
    function_edges: HashMap<CodeId, BTreeSet<SourceId>>,
    edges: HashMap<SourceId, BTreeSet<SourceId>>,
    closures: HashMap<Vec<SourceId>, (u32, Arc<BTreeSet<SourceId>>)>,
    function_imports: HashMap<CodeId, BTreeSet<SourceId>>,
    /// Spans that several runs of one batch use: fixtures, collections, the session.
    used: HashMap<SpanId, u32>,
}

/// What is borrowed to turn observations into bodies.
pub(super) struct Scene<'a> {
    pub(super) sources: &'a Sources,
    pub(super) spans: &'a [Span],
    pub(super) files: &'a Files,
    pub(super) packages: &'a PackageFacts,
    pub(super) interner: &'a mut Interner,
}

impl Closures {
    /// Notes that `module` was imported while the function that `importer` runs was running.
    pub(super) fn add_function_edge(&mut self, importer: CodeId, module: SourceId) {
        self.function_edges.entry(importer).or_default().insert(module);
    }

    /// Forgets all that a new module, name or import edge could make wrong.
    pub(super) fn invalidate(&mut self) {
        self.edges.clear();
        self.closures.clear();
        self.function_imports.clear();
    }

    /// Starts a batch: spans may have observed more since the last one.
    pub(super) fn start_batch(&mut self) {
        self.used.clear();
    }

    /// The body of a span that observed this, and reaches whatever `base` reaches in any case: a
    /// test its own file. Most of what the test runs is in the closure of its file, which it shares
    /// with its neighbours; only the rest needs a closure of its own.
    pub(super) fn body(
        &mut self,
        scene: &mut Scene<'_>,
        observed: &Observed,
        base: BTreeSet<SourceId>,
    ) -> SpanBody {
        let mut facts = scene.files.standing(&observed.facts);
        let mut spans: BTreeSet<u32> = BTreeSet::new();
        facts.extend(self.block_facts(scene, observed));
        for used in &observed.uses {
            let span = self.used_span(scene, *used);
            spans.insert(span);
        }
        let roots = self.roots(scene, observed);
        if observed.codes.iter().any(|code| scene.sources.reads_docs(*code)) {
            for source in self.reach(scene, roots.union(&base).copied().collect()) {
                let docstrings = scene.sources.get(source).docstrings();
                facts.extend(docstrings.map(|fact| scene.interner.fact(fact)));
            }
        }
        let (shared, reached) = self.closure(scene, base);
        spans.extend(shared);
        let (own, _) = self.closure(scene, roots.difference(&reached).copied().collect());
        spans.extend(own);
        SpanBody { facts: facts.into_iter().collect(), spans: spans.into_iter().collect() }
    }

    /// The span of the modules that `roots` reach by import, roots included, and which those are;
    /// no span if there are none.
    fn closure(
        &mut self,
        scene: &mut Scene<'_>,
        roots: BTreeSet<SourceId>,
    ) -> (Option<u32>, Arc<BTreeSet<SourceId>>) {
        if roots.is_empty() {
            return (None, Arc::default());
        }
        let key: Vec<SourceId> = roots.iter().copied().collect();
        if let Some((span, reached)) = self.closures.get(&key) {
            return (Some(*span), Arc::clone(reached));
        }
        let reached = Arc::new(self.reach(scene, roots));
        let parts: BTreeSet<u32> = reached.iter().map(|source| self.part(scene, *source)).collect();
        let span =
            scene.interner.span(SpanBody { facts: vec![], spans: parts.into_iter().collect() });
        self.closures.insert(key, (span, Arc::clone(&reached)));
        (Some(span), reached)
    }

    /// The id of the span that others share under the recorder's number `used`.
    pub(super) fn used_span(&mut self, scene: &mut Scene<'_>, used: SpanId) -> u32 {
        if let Some(span) = self.used.get(&used) {
            return *span;
        }
        let spans = scene.spans;
        let body = self.body(scene, &spans[used as usize].observed, BTreeSet::new());
        let span = scene.interner.span(body);
        self.used.insert(used, span);
        span
    }

    fn block_facts(&self, scene: &mut Scene<'_>, observed: &Observed) -> Vec<u32> {
        let facts = observed.codes.iter().filter_map(|code| scene.sources.code(*code).fact.clone());
        let mut facts: BTreeSet<Fact> = facts.collect();
        for code in &observed.codes {
            let statements = scene.sources.function_statements(*code);
            let is_project = |name: &str| scene.sources.has_module(name);
            facts.extend(scene.packages.imported(statements, is_project));
            facts.extend(scene.packages.used_by(*code).cloned());
        }
        facts.into_iter().map(|fact| scene.interner.fact(fact)).collect()
    }

    /// The modules that these observations lead to at once.
    fn roots(&mut self, scene: &Scene<'_>, observed: &Observed) -> BTreeSet<SourceId> {
        let mut roots = observed.imported.clone();
        for code in &observed.codes {
            roots.insert(scene.sources.code(*code).source);
            roots.extend(self.function_edges.get(code).into_iter().flatten());
            let imports = self
                .function_imports
                .entry(*code)
                .or_insert_with(|| scene.sources.function_imports(*code));
            roots.extend(imports.iter());
        }
        roots
    }

    fn reach(&mut self, scene: &Scene<'_>, roots: BTreeSet<SourceId>) -> BTreeSet<SourceId> {
        let mut reached = BTreeSet::new();
        let mut queue: Vec<SourceId> = roots.into_iter().collect();
        while let Some(source) = queue.pop() {
            if reached.insert(source) {
                queue.extend(self.edges_of(scene, source).iter());
            }
        }
        reached
    }

    fn edges_of(&mut self, scene: &Scene<'_>, source: SourceId) -> &BTreeSet<SourceId> {
        if !self.edges.contains_key(&source) {
            let mut edges = scene.sources.static_imports(source);
            edges.extend(self.roots(scene, &scene.sources.get(source).import));
            self.edges.insert(source, edges);
        }
        &self.edges[&source]
    }

    /// The span of one module's level and what its own import did.
    fn part(&mut self, scene: &mut Scene<'_>, source: SourceId) -> u32 {
        let at = scene.sources.get(source);
        let mut facts = scene.files.standing(&at.import.facts);
        for fact in at.module_facts() {
            facts.insert(scene.interner.fact(fact));
        }
        let is_project = |name: &str| scene.sources.has_module(name);
        for fact in scene.packages.imported(scene.sources.module_statements(source), is_project) {
            facts.insert(scene.interner.fact(fact));
        }
        facts.extend(self.block_facts(scene, &at.import));
        scene.interner.span(SpanBody { facts: facts.into_iter().collect(), spans: vec![] })
    }
}
