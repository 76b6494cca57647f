//! The project's source files as this process imported them: content, blocks, names, imports.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use testmonx_core::kinds::{block_fact, docstrings_fact, file_fact, module_fact};
use testmonx_core::source::{CodeBlock, Import, SourceModel};
use testmonx_core::{Digest, Fact, RelPath};

use super::span::Observed;
use crate::observer::{CodeId, SourceId};

/// A source file at the content that was imported.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: RelPath,
    content: Digest,
    /// `None` if the parser could not read it: then the whole content is the fact.
    model: Option<SourceModel>,
    /// What its body did while it was imported.
    pub(super) import: Observed,
    /// Its `__name__` and `__package__`, as far as it was imported under a name.
    names: BTreeSet<(String, String)>,
}

impl Source {
    /// Reads the file at `place`; `None` if it cannot be read.
    pub(super) fn read(place: &Path, path: RelPath) -> Option<Self> {
        let bytes = fs::read(place).ok()?;
        Some(Self {
            path,
            content: Digest::of(&bytes),
            model: SourceModel::parse(&bytes).ok(),
            import: Observed::default(),
            names: BTreeSet::new(),
        })
    }

    /// The facts that the body of the module stands for.
    pub(super) fn module_facts(&self) -> Vec<Fact> {
        let Some(model) = &self.model else {
            return vec![file_fact(&self.path, self.content)];
        };
        let mut facts = vec![module_fact(&self.path, model.outline().module())];
        if model.module_reads_docs() {
            facts.extend(self.docstrings());
        }
        facts
    }

    /// The fact of all docstrings in the file.
    pub(super) fn docstrings(&self) -> Option<Fact> {
        let model = self.model.as_ref()?;
        Some(docstrings_fact(&self.path, model.outline().docstrings()))
    }
}

/// A code object, resolved to the block that it was compiled from.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) source: SourceId,
    /// `None` for code that belongs to the module level.
    pub(super) fact: Option<Fact>,
    /// Index of the function in the source's model, if it is one.
    function: Option<usize>,
}

/// All sources and code objects that were seen.
#[derive(Debug, Default)]
pub(super) struct Sources {
    sources: Vec<Source>,
    codes: Vec<Code>,
    /// By source, qualified name and first line: the same function may be compiled more than once.
    code_ids: HashMap<(SourceId, Box<str>, u32), CodeId>,
    by_module: HashMap<String, SourceId>,
    by_path: HashMap<RelPath, SourceId>,
}

impl Sources {
    pub(super) fn add(&mut self, source: Source) -> SourceId {
        let id = SourceId::try_from(self.sources.len()).unwrap_or(SourceId::MAX);
        self.by_path.insert(source.path.clone(), id);
        self.sources.push(source);
        id
    }

    pub(super) fn add_code(&mut self, source: SourceId, qualname: &str, line: u32) -> CodeId {
        let next = CodeId::try_from(self.codes.len()).unwrap_or(CodeId::MAX);
        let id = *self.code_ids.entry((source, qualname.into(), line)).or_insert(next);
        if id != next {
            return id;
        }
        let at = &self.sources[source as usize];
        let whole = || Some(file_fact(&at.path, at.content));
        let (fact, function) =
            match at.model.as_ref().map(|model| (model, model.block_of_code(qualname, line))) {
                None => (whole(), None),
                Some((_, CodeBlock::Unknown)) => (whole(), None),
                Some((_, CodeBlock::ModuleLevel)) => (None, None),
                Some((model, CodeBlock::Function(index))) => {
                    let function = &model.functions()[index];
                    (Some(block_fact(&at.path, function.name(), function.digest())), Some(index))
                }
            };
        self.codes.push(Code { source, fact, function });
        id
    }

    pub(super) fn get(&self, id: SourceId) -> &Source {
        &self.sources[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: SourceId) -> &mut Source {
        &mut self.sources[id as usize]
    }

    pub(super) fn code(&self, id: CodeId) -> &Code {
        &self.codes[id as usize]
    }

    pub(super) fn at(&self, path: &RelPath) -> Option<SourceId> {
        self.by_path.get(path).copied()
    }

    /// The source that was imported under `name`.
    pub(super) fn named(&self, name: &str) -> Option<SourceId> {
        self.by_module.get(name).copied()
    }

    /// Notes that the source was imported under `name`.
    pub(super) fn name(&mut self, id: SourceId, name: &str, package: &str) {
        self.by_module.insert(name.to_owned(), id);
        self.get_mut(id).names.insert((name.to_owned(), package.to_owned()));
    }

    /// The sources that the module level of `id` imports by its own text, and the packages that it
    /// is part of.
    pub(super) fn static_imports(&self, id: SourceId) -> BTreeSet<SourceId> {
        let source = self.get(id);
        let mut found = BTreeSet::new();
        for (name, _) in &source.names {
            found.extend(prefixes(name).filter_map(|name| self.by_module.get(name)));
        }
        if let Some(model) = &source.model {
            self.resolve(source, model.imports(), &mut found);
        }
        found
    }

    /// The sources that the function that `code` runs imports by its own text.
    pub(super) fn function_imports(&self, code: CodeId) -> BTreeSet<SourceId> {
        let mut found = BTreeSet::new();
        let code = self.code(code);
        let source = self.get(code.source);
        if let (Some(model), Some(index)) = (&source.model, code.function) {
            self.resolve(source, model.functions()[index].imports(), &mut found);
        }
        found
    }

    /// Whether the function that `code` runs can read docstrings.
    pub(super) fn reads_docs(&self, code: CodeId) -> bool {
        let code = self.code(code);
        match (&self.get(code.source).model, code.function) {
            (Some(model), Some(index)) => model.functions()[index].reads_docs(),
            _ => false,
        }
    }

    fn resolve(&self, source: &Source, imports: &[Import], found: &mut BTreeSet<SourceId>) {
        for import in imports {
            if import.level == 0 {
                self.resolve_absolute(import.module.as_deref().unwrap_or(""), import, found);
                continue;
            }
            for (_, package) in &source.names {
                let base = ancestor(package, import.level - 1);
                let module = match (base, import.module.as_deref()) {
                    (Some(base), Some(module)) => format!("{base}.{module}"),
                    (Some(base), None) => base.to_owned(),
                    (None, _) => continue,
                };
                self.resolve_absolute(&module, import, found);
            }
        }
    }

    fn resolve_absolute(&self, module: &str, import: &Import, found: &mut BTreeSet<SourceId>) {
        found.extend(prefixes(module).filter_map(|name| self.by_module.get(name)));
        for name in &import.names {
            // `from package import submodule`; any other name is bound by the module itself.
            found.extend(self.by_module.get(&format!("{module}.{name}")));
        }
    }
}

/// `a`, `a.b`, `a.b.c` of `a.b.c`.
fn prefixes(dotted: &str) -> impl Iterator<Item = &str> {
    let dots = dotted.match_indices('.').map(|(at, _)| at);
    dots.chain([dotted.len()]).map(|end| &dotted[..end]).filter(|name| !name.is_empty())
}

/// The package `up` levels above `package`.
fn ancestor(package: &str, up: u32) -> Option<&str> {
    let mut package = package;
    for _ in 0..up {
        package = package.rsplit_once('.')?.0;
    }
    (!package.is_empty()).then_some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_names() {
        assert_eq!(prefixes("a.b.c").collect::<Vec<_>>(), ["a", "a.b", "a.b.c"]);
        assert_eq!(prefixes("").count(), 0);
        assert_eq!(ancestor("a.b.c", 0), Some("a.b.c"));
        assert_eq!(ancestor("a.b.c", 2), Some("a"));
        assert_eq!(ancestor("a", 1), None);
    }
}
