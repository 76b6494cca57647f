//! The closure: everything that some roots can reach, as facts.

use std::sync::Arc;

use super::Widening;
use super::modules::ModuleId;
use super::parts::FactId;
use super::paths::{Root, Step, walk};
use super::program::{Index, Program};
use super::roots::{Body, PartId, Reached, Roots};
use super::scratch::{Checkpoint, Stretch};
use super::vertices::Item;
use crate::source::bindings::Dynamic;
use crate::world::Outlines;

/// A module with more facts than this in one step has them as a part of its own, which other closures that reach the
/// same of it share; so have the facts that were observed.
const FACTS_OF_ITS_OWN: usize = 32;

/// How far closures have come that go on from here.
#[derive(Debug, Default)]
struct Level {
    end: Checkpoint,
    part: Option<PartId>,
    modules: Vec<Arc<[ModuleId]>>,
    widenings: Vec<(Widening, ModuleId)>,
    /// Where those go on from here in which code was found that makes a difference to the closure as a whole
    /// (`dir(x)` reaches all attributes of all classes): each test in a file may have such code of its own,
    /// and reach the same by it.
    twins: Vec<Twin>,
}

/// A [`Level`] beside another one.
#[derive(Debug)]
struct Twin {
    can: Dynamic,
    /// The way to it from the other level.
    way: Stretch,
    level: Level,
}

impl Program {
    /// Everything that the roots of one test can reach.
    pub fn closure(&mut self, roots: &Roots, world: &dyn Outlines) -> Reached {
        self.closures(std::slice::from_ref(roots), world).pop().unwrap_or_default()
    }

    /// The closures of many tests, in their order. Those that run much the same functions cost far less
    /// than one by one. `world` is asked for sources that are not loaded.
    pub fn closures(&mut self, tests: &[Roots], world: &dyn Outlines) -> Vec<Reached> {
        self.prepare();
        let mut reached = vec![Reached::default(); tests.len()];
        let mut levels = vec![Level::default()];
        for step in walk(tests) {
            let Some(level) = levels.last_mut() else { break };
            match step {
                Step::Down(roots) => {
                    let below = self.go_on(level, &roots, None, world);
                    levels.push(below);
                }
                Step::Up => drop(levels.pop()),
                Step::Like(test, like) => reached[test] = reached[like].clone(),
                Step::Test(test, rest) => {
                    let end = self.go_on(level, &rest, Some(&tests[test]), world);
                    let Level { part, modules, widenings, .. } = end;
                    reached[test] = Reached { part, modules, widenings };
                }
            }
        }
        reached
    }

    /// Goes on from a level with more roots; with `test`, to the end of that test's closure.
    fn go_on(
        &mut self,
        mut from: &mut Level,
        roots: &[Root],
        test: Option<&Roots>,
        world: &dyn Outlines,
    ) -> Level {
        self.scratch.go_back(from.end);
        loop {
            for root in roots {
                self.start_at(*root);
            }
            if let Some(test) = test {
                self.start_at_names(test);
            }
            self.run();
            if let Some(test) = test.filter(|_| self.scratch.dynamic.asks_computed) {
                self.ask_for_strings(test);
                self.run();
            }
            let dynamic = self.scratch.dynamic.of_closures();
            if dynamic == from.end.dynamic.of_closures() {
                break;
            }
            from = self.go_to_twin(from, dynamic, world);
        }
        self.finish(from, test.map_or(&[], |test| &test.bodies), world)
    }

    /// Goes to a level with code in it that can do this, from `level` or where closures went on from there.
    fn go_to_twin<'a>(
        &mut self,
        level: &'a mut Level,
        can: Dynamic,
        world: &dyn Outlines,
    ) -> &'a mut Level {
        self.scratch.go_back(level.end);
        if let Some(at) = level.twins.iter().position(|twin| twin.can == can) {
            let twin = &mut level.twins[at];
            self.scratch.go_along(&twin.way);
            return &mut twin.level;
        }
        self.scratch.dynamic.merge(can);
        let twin = self.finish(level, &[], world);
        let way = self.scratch.stretch(level.end);
        level.twins.push(Twin { can, way, level: twin });
        let at = level.twins.len() - 1;
        &mut level.twins[at].level
    }

    /// Follows all that was found, to its end; `ran` are the bodies of a test whose closure ends here.
    fn finish(&mut self, from: &Level, ran: &[Body], world: &dyn Outlines) -> Level {
        loop {
            self.run();
            self.settle();
            self.find_makers(ran);
            if self.scratch.is_done() {
                break;
            }
        }
        Level {
            end: self.scratch.checkpoint(),
            part: self.part_since(from, world),
            modules: self.modules_since(from),
            widenings: self.widenings_since(from),
            twins: Vec::new(),
        }
    }

    /// All facts so far: those of `from`, and of what was found since.
    fn part_since(&mut self, from: &Level, world: &dyn Outlines) -> Option<PartId> {
        let mut own = self.facts_since(&from.end, world);
        own.extend(self.lacks_since(&from.end));
        own.sort_unstable_by_key(by_module);
        own.dedup();
        let parts = &mut self.parts;
        let (mut facts, mut of_modules) = (Vec::new(), Vec::from_iter(from.part));
        let mut take = |group: &mut dyn ExactSizeIterator<Item = FactId>| {
            if group.len() > FACTS_OF_ITS_OWN {
                of_modules.push(parts.part(group.collect(), Vec::new()));
            } else {
                facts.extend(group);
            }
        };
        for of_module in own.chunk_by(|a, b| a.0 == b.0) {
            take(&mut of_module.iter().map(|(_, fact)| *fact));
        }
        let mut observed = self.scratch.observed.list()[from.end.observed..].to_vec();
        observed.sort_unstable();
        take(&mut observed.into_iter());
        if facts.is_empty() && of_modules.len() < 2 {
            return of_modules.pop();
        }
        facts.sort_unstable();
        facts.dedup();
        of_modules.sort_unstable();
        Some(parts.part(facts, of_modules))
    }

    /// The facts of what was found since, with their modules.
    fn facts_since(&mut self, from: &Checkpoint, world: &dyn Outlines) -> Vec<(ModuleId, FactId)> {
        let Self { index: Some(index), modules, words, vertices, parts, scratch, .. } = self else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut absences = Vec::new();
        for id in &scratch.vertices.list()[from.vertices..] {
            let vertex = vertices.get(*id);
            if let Item::Absent(..) = vertex.item {
                absences.push((vertex.module, *id));
                continue;
            }
            let fact = parts.of_vertex(*id, vertex, modules, words);
            found.extend(fact.map(|fact| (vertex.module, fact)));
        }
        absences.sort_unstable_by_key(by_module);
        for of_module in absences.chunk_by(|a, b| a.0 == b.0) {
            let module = of_module[0].0;
            let ids = of_module.iter().map(|(_, id)| *id);
            let facts = parts.of_absences(module, ids, vertices, modules, words);
            found.extend(facts.into_iter().map(|fact| (module, fact)));
        }
        let Index { imports, known_imports, .. } = index;
        let mut imports = |module, counts_derived, parts: &mut super::parts::Parts| {
            *imports.entry((module, counts_derived)).or_insert_with(|| {
                parts.of_imports(module, counts_derived, modules, known_imports, world)
            })
        };
        for module in &scratch.modules.list()[from.modules..] {
            let module = ModuleId(*module);
            found.push((module, parts.of_import(module, modules)));
            found.extend(imports(module, false, parts).map(|fact| (module, fact)));
        }
        if scratch.sees_subclasses {
            let new = if from.sees_subclasses { from.modules } else { 0 };
            for module in &scratch.modules.list()[new..] {
                let module = ModuleId(*module);
                found.push((module, parts.of_subclasses(module, modules)));
                found.extend(imports(module, true, parts).map(|fact| (module, fact)));
            }
        }
        found
    }

    /// All modules so far: those of `from`, and those that were found since.
    fn modules_since(&self, from: &Level) -> Vec<Arc<[ModuleId]>> {
        let mut modules = from.modules.clone();
        let new = self.scratch.modules.list()[from.end.modules..].iter().copied();
        let mut new: Vec<ModuleId> = new.map(ModuleId).collect();
        if !new.is_empty() {
            new.sort_unstable();
            modules.push(new.into());
        }
        modules
    }

    fn widenings_since(&self, from: &Level) -> Vec<(Widening, ModuleId)> {
        let mut widenings = from.widenings.clone();
        for id in &self.scratch.vertices.list()[from.end.vertices..] {
            let vertex = self.vertices.get(*id);
            if let Item::Whole(rule) = vertex.item {
                widenings.push((rule, vertex.module));
            }
        }
        widenings.sort_unstable();
        widenings
    }
}

/// What orders numbers of something by module: one comparison, where a pair takes two.
fn by_module((module, number): &(ModuleId, u32)) -> u64 {
    u64::from(module.0) << 32 | u64::from(*number)
}
