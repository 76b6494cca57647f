//! The project's source files as this process imported them, and the code objects compiled from them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use testmonx_core::bindings::{Body, Charge, ModuleId, Program};
use testmonx_core::kinds::{
    docstrings_fact, file_fact, implied_fact, implied_of_tests_fact, module_fact,
};
use testmonx_core::source::{CodeBlock, Import, Outline, SourceModel};
use testmonx_core::{Digest, Fact, RelPath};

use crate::observer::{CodeId, SourceId};

/// A source file at the content that was imported.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: RelPath,
    /// Its number in the program of bindings.
    pub(super) module: ModuleId,
    content: Digest,
    /// The names that it was imported under.
    pub(super) names: Vec<Box<str>>,
    /// Where it is to be read again, if it was not parsed yet.
    waits_at: Option<PathBuf>,
    /// `None` if the parser could not read it, or has not: then the whole content is the fact.
    parsed: Option<(Arc<SourceModel>, Arc<Outline>)>,
}

impl Source {
    /// Reads the file at `place` and adds it to `program`; `None` if it cannot be read.
    pub(super) fn read(place: &Path, path: RelPath, program: &mut Program) -> Option<Self> {
        let bytes = fs::read(place).ok()?;
        let content = Digest::of(&bytes);
        let module = program.announce(path.clone(), content);
        let mut source =
            Self { path, module, content, names: Vec::new(), waits_at: None, parsed: None };
        source.take(&bytes, program);
        Some(source)
    }

    /// The same, but the parser is asked only in [`Source::fill`].
    pub(super) fn announce(place: &Path, path: RelPath, program: &mut Program) -> Option<Self> {
        let content = Digest::of(&fs::read(place).ok()?);
        let module = program.announce(path.clone(), content);
        Some(Self {
            path,
            module,
            content,
            names: Vec::new(),
            waits_at: Some(place.to_owned()),
            parsed: None,
        })
    }

    /// Whether the parser has not been asked yet.
    pub(super) fn waits(&self) -> bool {
        self.waits_at.is_some()
    }

    /// Asks the parser, if it has not been asked. What changed since it was imported cannot be known in parts.
    pub(super) fn fill(&mut self, program: &mut Program) {
        let Some(place) = self.waits_at.take() else { return };
        match fs::read(place) {
            Ok(bytes) if Digest::of(&bytes) == self.content => self.take(&bytes, program),
            _ => program.fill(self.module, None),
        }
    }

    fn take(&mut self, bytes: &[u8], program: &mut Program) {
        let model = SourceModel::parse(bytes).ok().map(Arc::new);
        program.fill(self.module, model.clone());
        self.parsed = model.zip(program.outline(self.module).cloned());
    }

    /// The fact of what pytest finds in it without being told.
    pub(super) fn implied(&self) -> Fact {
        match &self.parsed {
            Some((_, outline)) => implied_fact(&self.path, outline),
            None => self.whole(),
        }
    }

    /// The same of a conftest or test file.
    pub(super) fn implied_of_tests(&self) -> Fact {
        match &self.parsed {
            Some((_, outline)) => implied_of_tests_fact(&self.path, outline),
            None => self.whole(),
        }
    }

    /// The fact of all that it says outside of function bodies.
    pub(super) fn level(&self) -> Fact {
        match &self.parsed {
            Some((_, outline)) => module_fact(&self.path, outline.module()),
            None => self.whole(),
        }
    }

    /// The fact of all docstrings in the file.
    pub(super) fn docstrings(&self) -> Option<Fact> {
        let (_, outline) = self.parsed.as_ref()?;
        Some(docstrings_fact(&self.path, outline.docstrings()))
    }

    /// The import statements at its module level.
    pub(super) fn statements(&self) -> &[Import] {
        self.parsed.as_ref().map_or(&[], |(model, _)| model.imports())
    }

    /// The import statements at its module level, and those of each function.
    pub(super) fn all_statements(&self) -> impl Iterator<Item = &[Import]> {
        let parsed = self.parsed.iter();
        parsed.flat_map(|(model, _)| {
            let functions = model.functions().iter().map(|function| function.imports());
            std::iter::once(model.imports()).chain(functions)
        })
    }

    /// Whether a statement of its module level binds `name`.
    pub(super) fn binds(&self, name: &str) -> bool {
        self.parsed.as_ref().is_some_and(|(_, outline)| outline.binding(name).is_some())
    }

    /// Whether its module level mentions one of the ways to read docstrings.
    pub(super) fn reads_docs(&self) -> bool {
        self.parsed.as_ref().is_some_and(|(model, _)| model.module_reads_docs())
    }

    /// The fact of its content.
    pub(super) fn whole(&self) -> Fact {
        file_fact(&self.path, self.content)
    }
}

/// What of its source a code object was compiled from.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// The body of a function.
    Body(Body),
    /// The module or class level, at this line.
    Level(ModuleId, u32),
    /// Something that cannot be told; the fact is the file's.
    Unknown(Fact),
}

impl Block {
    /// What it means for what ran it at import, or under a memoised call.
    pub(super) fn charge(&self) -> Charge {
        match self {
            Self::Body(body) => Charge::Ran(*body),
            Self::Level(module, line) => Charge::RanAt(*module, *line),
            Self::Unknown(fact) => Charge::Observed(fact.clone()),
        }
    }
}

/// A code object, resolved to the block that it was compiled from.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) source: SourceId,
    pub(super) block: Block,
    /// What of the text of sources it can read, if it is a function.
    pub(super) reads: Reads,
}

/// What of the text of sources code can read that no digest of theirs has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reads {
    /// Docstrings.
    pub(super) docs: bool,
    /// Everything: `inspect.getsource`.
    pub(super) source: bool,
}

impl Reads {
    /// Adds what other code can read.
    pub(super) fn merge(&mut self, other: Self) {
        self.docs |= other.docs;
        self.source |= other.source;
    }
}

/// All sources and code objects that were seen.
#[derive(Debug, Default)]
pub(super) struct Sources {
    sources: Vec<Source>,
    codes: Vec<Code>,
    /// By source, qualified name and first line: the same function may be compiled more than once.
    code_ids: FxHashMap<(SourceId, Box<str>, u32), CodeId>,
    by_path: FxHashMap<RelPath, SourceId>,
    by_module: FxHashMap<ModuleId, SourceId>,
    names: FxHashMap<Box<str>, SourceId>,
    /// Those that the parser has not been asked about, if nobody has filled them since.
    waiting: Vec<SourceId>,
    /// Those that it has, and that were not looked at since.
    new: Vec<SourceId>,
    /// The last parts of all names in import statements of those that were looked at.
    imported: FxHashSet<Box<str>>,
}

impl Sources {
    pub(super) fn add(&mut self, source: Source) -> SourceId {
        let id = SourceId::try_from(self.sources.len()).unwrap_or(SourceId::MAX);
        if source.waits() {
            self.waiting.push(id);
        } else {
            self.new.push(id);
        }
        self.by_path.insert(source.path.clone(), id);
        self.by_module.insert(source.module, id);
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
        if at.waits() {
            // As long as nothing else of it has run.
            let block = Block::Level(at.module, line);
            self.codes.push(Code { source, block, reads: Reads::default() });
            return id;
        }
        let model = at.parsed.as_ref().map(|(model, _)| model);
        let (block, reads) = match model.map(|model| (model, model.block_of_code(qualname, line))) {
            None | Some((_, CodeBlock::Unknown)) => (Block::Unknown(at.whole()), Reads::default()),
            Some((_, CodeBlock::ModuleLevel)) => (Block::Level(at.module, line), Reads::default()),
            Some((model, CodeBlock::Function(index))) => {
                let function = &model.functions()[index];
                let body = Body { module: at.module, function: index };
                let reads = Reads { docs: function.reads_docs(), source: function.reads_source() };
                (Block::Body(body), reads)
            }
        };
        self.codes.push(Code { source, block, reads });
        id
    }

    /// Asks the parser about a source, if it has not been asked.
    pub(super) fn fill(&mut self, id: SourceId, program: &mut Program) {
        let source = &mut self.sources[id as usize];
        if source.waits() {
            source.fill(program);
            self.new.push(id);
        }
    }

    /// Asks the parser about the sources that others which it has been asked about may import, and gives out those that
    /// are new since the last call.
    pub(super) fn fill_imported(&mut self, program: &mut Program) -> Vec<SourceId> {
        let (mut looked_at, mut given) = (0, Vec::new());
        loop {
            given.append(&mut self.new);
            for id in &given[looked_at..] {
                for import in self.sources[*id as usize].all_statements().flatten() {
                    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().into();
                    self.imported.extend(import.module.iter().map(|module| last(module)));
                    self.imported.extend(import.names.iter().cloned());
                }
            }
            looked_at = given.len();
            let Self { sources, waiting, imported, .. } = self;
            waiting.retain(|id| sources[*id as usize].waits());
            let is_imported = |id: &SourceId| imported.contains(sources[*id as usize].path.stem());
            let found: Vec<SourceId> = waiting.iter().copied().filter(is_imported).collect();
            if found.is_empty() {
                return given;
            }
            for id in found {
                self.fill(id, program);
            }
        }
    }

    pub(super) fn get(&self, id: SourceId) -> &Source {
        &self.sources[id as usize]
    }

    pub(super) fn code(&self, id: CodeId) -> &Code {
        &self.codes[id as usize]
    }

    pub(super) fn at(&self, path: &RelPath) -> Option<SourceId> {
        self.by_path.get(path).copied()
    }

    /// Notes that a source was imported under `name`.
    pub(super) fn name(&mut self, id: SourceId, name: &str) {
        self.names.insert(name.into(), id);
        let names = &mut self.sources[id as usize].names;
        if name != "__main__" && !names.iter().any(|known| &**known == name) {
            names.push(name.into());
        }
    }

    /// The source that was imported under `name`.
    pub(super) fn named(&self, name: &str) -> Option<SourceId> {
        self.names.get(name).copied()
    }

    /// Whether a source was imported under `name`.
    pub(super) fn has_module(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The import statements in the function that `code` runs.
    pub(super) fn function_statements(&self, code: CodeId) -> &[Import] {
        let code = self.code(code);
        match (&self.get(code.source).parsed, &code.block) {
            (Some((model, _)), Block::Body(body)) => model.functions()[body.function].imports(),
            _ => &[],
        }
    }

    /// The source that is this module of the program.
    pub(super) fn of_module(&self, module: ModuleId) -> Option<&Source> {
        self.by_module.get(&module).map(|id| self.get(*id))
    }
}
