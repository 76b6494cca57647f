//! What code asks classes for that may lack it (`hasattr`, `getattr` with a computed name): that they do counts.

use rustc_hash::{FxHashMap, FxHashSet};

use super::classes::{ClassId, ClassInfo, absence, are_many};
use super::modules::{ModuleId, Modules};
use super::parts::FactId;
use super::program::{Index, Program};
use super::resolve::Resolver;
use super::scratch::Checkpoint;
use super::words::Word;
use crate::RelPath;
use crate::kinds::asked_fact;

/// Of more classes and names than this, multiplied, it is told all at once.
const FEW_PAIRS: usize = 512;

/// What was worked out about classes that lack names.
#[derive(Debug)]
pub(super) struct Asking {
    facts: FxHashMap<(ClassId, Word), Option<FactId>>,
    /// The names that any class of a module binds.
    owned: FxHashMap<ModuleId, FxHashSet<Word>>,
    /// Where a module stands in the order of paths.
    ranks: Vec<u32>,
}

impl Asking {
    pub(super) fn of(modules: &Modules) -> Self {
        let mut by_path: Vec<ModuleId> = modules.ids().collect();
        by_path.sort_unstable_by_key(|module| &modules.get(*module).path);
        let mut ranks = vec![0; by_path.len()];
        for (rank, module) in (0..).zip(by_path) {
            ranks[module.index()] = rank;
        }
        Self { facts: FxHashMap::default(), owned: FxHashMap::default(), ranks }
    }

    fn owned(&mut self, module: ModuleId, modules: &Modules) -> &FxHashSet<Word> {
        self.owned.entry(module).or_insert_with(|| {
            let Some(source) = modules.source(module) else { return FxHashSet::default() };
            let bindings = source.bindings();
            let classes = 0..bindings.classes.len() as u32;
            let symbols = classes.flat_map(|class| bindings.symbols_of(Some(class)));
            symbols.map(|at| source.words[bindings.symbols[at].name.0 as usize]).collect()
        })
    }
}

/// Classes of one module: one alone, or all that count of a module that has many.
#[derive(Debug)]
struct Group {
    module: ModuleId,
    is_of_many: bool,
    classes: Vec<ClassId>,
}

impl Program {
    /// The facts that classes lack what they are asked for, of what was found since.
    pub(super) fn lacks_since(&mut self, from: &Checkpoint) -> Vec<(ModuleId, FactId)> {
        if self.scratch.probes.len() == 0 {
            return Vec::new();
        }
        let classes = self.scratch.classes.list().to_vec();
        let probes: Vec<Word> = self.scratch.probes.list().iter().copied().map(Word).collect();
        let (old_probes, new_probes) = probes.split_at(from.probes);
        let mut found = self.lacks(&classes, new_probes);
        found.extend(self.lacks(&classes[from.classes..], old_probes));
        found
    }

    fn lacks(&mut self, classes: &[ClassId], names: &[Word]) -> Vec<(ModuleId, FactId)> {
        let mut found = Vec::new();
        if names.is_empty() || classes.is_empty() {
            return found;
        }
        let groups = self.grouped(classes);
        let is_much = groups.len() * names.len() > FEW_PAIRS;
        let mut of_all: Vec<Group> = Vec::new();
        for group in groups {
            if is_much && self.lacks_all(&group, names) {
                of_all.push(group);
                continue;
            }
            for name in names {
                let lack = group.classes.iter().find_map(|class| self.lack(*class, *name));
                found.extend(lack.map(|fact| (group.module, fact)));
            }
        }
        found.extend(self.lack_all(of_all, names));
        found
    }

    fn grouped(&self, classes: &[ClassId]) -> Vec<Group> {
        let Some(index) = &self.index else { return Vec::new() };
        let mut groups: Vec<Group> = Vec::new();
        let mut of_many: FxHashMap<ModuleId, usize> = FxHashMap::default();
        for class in classes {
            let module = index.classes.get(*class).module;
            let is_of_many = are_many(&self.modules, module);
            let known = is_of_many.then(|| *of_many.entry(module).or_insert(groups.len()));
            match known.and_then(|at| groups.get_mut(at)) {
                Some(group) => group.classes.push(*class),
                None => groups.push(Group { module, is_of_many, classes: vec![*class] }),
            }
        }
        groups
    }

    /// Whether none of these classes has one of these names; if it is told of all classes of their module at once,
    /// whether none of those has.
    fn lacks_all(&mut self, group: &Group, names: &[Word]) -> bool {
        let Self { index: Some(index), modules, words, vertices, .. } = self else { return false };
        let Index { classes, asking, .. } = index;
        if group.is_of_many
            && names.iter().any(|it| asking.owned(group.module, modules).contains(it))
        {
            return false;
        }
        group.classes.iter().all(|class| {
            let table = classes.table(*class, &mut Resolver { modules, words, vertices });
            !names.iter().any(|name| table.has(*name))
        })
    }

    /// The fact that a class lacks this name, if it does, which is worked out once.
    fn lack(&mut self, class: ClassId, name: Word) -> Option<FactId> {
        let Self { index: Some(index), modules, words, vertices, parts, .. } = self else {
            return None;
        };
        let Index { asking, classes, .. } = index;
        *asking.facts.entry((class, name)).or_insert_with(|| {
            let table = classes.table(class, &mut Resolver { modules, words, vertices });
            if table.has(name) {
                return None;
            }
            let ClassInfo { module, class, .. } = *classes.get(class);
            let id = vertices.number(module, absence(modules, module, class, name));
            parts.of_vertex(id, vertices.get(id), modules, words)
        })
    }

    /// The one fact that all of these classes lack all of these names.
    fn lack_all(&mut self, mut groups: Vec<Group>, names: &[Word]) -> Option<(ModuleId, FactId)> {
        let Self { index: Some(index), modules, words, parts, .. } = self else { return None };
        let Index { asking, classes, .. } = index;
        let class = |group: &Group| classes.get(group.classes[0]).class;
        groups.sort_unstable_by_key(|it| (asking.ranks[it.module.index()], class(it)));
        let places: Vec<(&RelPath, &str)> = groups
            .iter()
            .filter_map(|group| {
                let at = modules.get(group.module);
                let name = &*at.source.as_ref()?.bindings().classes[class(group) as usize].name;
                Some((&at.path, if group.is_of_many { "*" } else { name }))
            })
            .collect();
        let mut names: Vec<&str> = names.iter().map(|name| words.text(*name)).collect();
        names.sort_unstable();
        Some((groups.first()?.module, parts.number(asked_fact(&places, &names))))
    }
}
