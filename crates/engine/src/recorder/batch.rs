//! From runs that ended to traces: what was observed becomes facts only now, when imports that happened
//! later, inside the same functions, are known too.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use testmonx_core::RelPath;
use testmonx_core::bindings::{ModuleId, Reached, Roots};
use testmonx_core::kinds::missing_fact;
use testmonx_core::trace::{Batch, Subject, Trace};

use super::closure::{Ground, Scene, Standpoint, conftest_places};
use super::source::{Reads, Source};
use super::span::Observed;
use super::{Finished, Recorder, SESSION, scene};
use crate::observer::SourceId;

impl Recorder {
    /// Makes traces of all runs that ended since the last call.
    pub fn take_batch(&mut self) -> Batch {
        let finished = std::mem::take(&mut self.finished);
        self.files.settle(&mut self.interner);
        for run in &finished {
            let file = match &run.subject {
                Subject::Test(test) => test.file(),
                Subject::Collection(file) => file.clone(),
            };
            if let Some(source) = self.sources.at(&file) {
                self.sources.fill(source, &mut self.program);
            }
        }
        self.start_batch();
        let mut grounds = FxHashMap::default();
        let standpoints: Vec<Standpoint> =
            finished.iter().map(|run| self.standpoint(&run.subject, &mut grounds)).collect();
        let scene = scene!(self);
        let roots: Vec<(Roots, Reads)> = finished
            .iter()
            .zip(&standpoints)
            .map(|(run, standpoint)| {
                let observed = &self.spans[run.span as usize].observed;
                self.closures.roots(&scene, &self.program, observed, standpoint)
            })
            .collect();
        let (roots, reads): (Vec<Roots>, Vec<Reads>) = roots.into_iter().unzip();
        let reached = self.program.closures(&roots, &self.disk);
        let mut traces = std::mem::take(&mut self.amended);
        for (((run, standpoint), reached), reads) in
            finished.into_iter().zip(&standpoints).zip(&reached).zip(reads)
        {
            traces.push(self.trace(run, standpoint, reached, reads));
        }
        self.interner.take_batch(traces)
    }

    /// To be called before closures are worked out.
    pub(super) fn start_batch(&mut self) {
        self.charge_crowds();
        self.closures.start_batch(&self.files);
        let new = self.sources.fill_imported(&mut self.program);
        let Self { sources, packages, .. } = self;
        let is_project = |name: &str| sources.has_module(name);
        let reads = |source: &Source| {
            source.all_statements().any(|imports| packages.reads_annotations(imports, is_project))
        };
        let is_first = !std::mem::replace(&mut self.has_looked, true);
        if (is_first && packages.watches_annotations())
            || new.iter().any(|source| reads(sources.get(*source)))
        {
            self.program.count_annotations();
        }
    }

    fn trace(
        &mut self,
        run: Finished,
        standpoint: &Standpoint,
        reached: &Reached,
        reads: Reads,
    ) -> Trace {
        let mut scene = scene!(self);
        let observed = &self.spans[run.span as usize].observed;
        let mut body =
            self.closures.body(&mut scene, &self.program, observed, standpoint, reached, reads);
        if self.memos.is_loose(run.span) || self.left.is_by(run.span) {
            body = self.closures.share(&mut scene, run.span, body);
        }
        let trace = Trace {
            subject: run.subject,
            outcome: run.outcome,
            micros: run.micros,
            body,
            collected: run.collected,
        };
        if matches!(trace.subject, Subject::Test(_)) {
            self.teardowns.keep(&trace, &observed.uses, &self.spans);
            self.spans[run.span as usize].observed = Observed::default();
        }
        trace
    }

    /// What a subject stands on apart from what it observed.
    fn standpoint(
        &mut self,
        subject: &Subject,
        grounds: &mut FxHashMap<RelPath, Arc<Ground>>,
    ) -> Standpoint {
        let (file, test) = match subject {
            Subject::Test(test) => (test.file(), Some(test.clone())),
            Subject::Collection(file) => (file.clone(), None),
        };
        let source = self.sources.at(&file);
        let ground = match grounds.get(&file) {
            Some(ground) => Arc::clone(ground),
            None => {
                let ground = Arc::new(self.ground(&file));
                grounds.insert(file, Arc::clone(&ground));
                ground
            }
        };
        // Of a file that is no Python nothing is imported to collect it, but its package is to run its tests.
        let whole = match source {
            Some(_) => source.filter(|_| test.is_none()),
            None => ground.packages.first().copied(),
        };
        Standpoint { ground, test, whole }
    }

    /// What runs of a test file stand on: the file, the conftest files above that were imported, and the facts
    /// that there are none in the other directories; and what these, and plugins of the project, have for
    /// pytest to find.
    fn ground(&mut self, file: &RelPath) -> Ground {
        let mut modules: Vec<SourceId> = self.sources.at(file).into_iter().collect();
        let mut missing: Vec<RelPath> = Vec::new();
        let mut packages: Vec<SourceId> = Vec::new();
        let root = self.project.root();
        for conftest in conftest_places(file) {
            // A directory that becomes a package changes the names of the modules in it.
            let init = conftest.parent().map(|dir| dir.join("__init__.py"));
            if let Some(init) = init {
                match self.sources.at(&init) {
                    Some(source) => packages.push(source),
                    None if !init.under(root).exists() => missing.push(init),
                    None => {}
                }
            }
            match self.sources.at(&conftest) {
                Some(source) => modules.push(source),
                None if !conftest.under(root).exists() => missing.push(conftest),
                // There, but not in use: `--noconftest`, or a rootdir above `confcutdir`.
                None => {}
            }
        }
        let plugins = self.spans[SESSION as usize].observed.imported.iter();
        let plugins: Vec<SourceId> = plugins.copied().filter(|it| !modules.contains(it)).collect();
        let of_tests = modules.iter().map(|it| self.sources.get(*it));
        let of_plugins = plugins.iter().map(|it| self.sources.get(*it));
        let searched = of_tests.clone().chain(of_plugins.clone());
        let of_program: Vec<ModuleId> = searched.map(|source| source.module).collect();
        let imported = self.program.imported_for_names(&of_program);
        let imported = imported.iter().filter_map(|module| self.sources.of_module(*module));
        let implied = of_plugins.chain(imported).map(Source::implied);
        let implied = of_tests.map(Source::implied_of_tests).chain(implied);
        let facts = missing.iter().map(missing_fact).chain(implied);
        let facts = facts.map(|fact| self.interner.fact(fact)).collect();
        Ground { modules, packages, plugins, facts }
    }
}
