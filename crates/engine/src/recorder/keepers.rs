//! What functions of installed libraries keep of the project's files: templates, translations, configurations.
//!
//! Such a file is read by the first test that needs it; later ones are given what was made of it. So calls of the
//! functions that read it, and that keep things by the look of their sources, are heard of from then on, and whoever
//! makes one with the same arguments depends on what was read for them.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use testmonx_core::bindings::{Body, ModuleId, Program};
use testmonx_core::source::{CodeBlock, SourceModel};
use testmonx_core::{Digest, RelPath};

use super::Seen;
use crate::observer::{CodeId, LibraryFunction, LibraryId};
use crate::witness::Keeper;

/// The functions of libraries that were on the stack while a file of the project was read.
#[derive(Debug, Default)]
pub(super) struct Keepers {
    /// Their files, each a program by itself; `None` for one that cannot be read.
    files: FxHashMap<Box<str>, Option<File>>,
    functions: FxHashMap<(Box<str>, Box<str>, u32), Option<LibraryFunction>>,
    left: FxHashMap<(LibraryId, u32), FxHashSet<Seen>>,
    /// Those that what is told now is read by.
    now: Vec<Keeper>,
}

#[derive(Debug)]
struct File {
    model: Arc<SourceModel>,
    program: Program,
    module: ModuleId,
}

impl File {
    fn read(path: &str) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let model = Arc::new(SourceModel::parse(&bytes).ok()?);
        let mut program = Program::new();
        let name = path.rsplit('/').next().unwrap_or(path);
        let module = program.add(RelPath::new(name), Digest::of(&bytes), Some(Arc::clone(&model)));
        Some(Self { model, program, module })
    }
}

impl Keepers {
    /// What there is to know of a function; `None` if its source is not there.
    pub(super) fn function(
        &mut self,
        path: &str,
        qualname: &str,
        line: u32,
    ) -> Option<LibraryFunction> {
        let key = (Box::from(path), Box::from(qualname), line);
        if let Some(known) = self.functions.get(&key) {
            return *known;
        }
        let id = LibraryId::try_from(self.functions.len()).unwrap_or(LibraryId::MAX);
        let file = self.files.entry(path.into()).or_insert_with(|| File::read(path));
        let function = file.as_mut().and_then(|File { model, program, module }| {
            let CodeBlock::Function(function) = model.block_of_code(qualname, line) else {
                return None;
            };
            let body = Body { module: *module, function };
            let keeps = program.keeps(body);
            Some(LibraryFunction { id, keeps, keeps_parameters: program.keeps_parameters(body) })
        });
        self.functions.insert(key, function);
        function
    }

    /// Notes who keeps what is told next.
    pub(super) fn begin(&mut self, keepers: Vec<Keeper>) {
        self.now = keepers;
    }

    /// What is told from now on is kept by nobody.
    pub(super) fn end(&mut self) {
        self.now.clear();
    }

    /// Notes what is read. Gives back who of the project keeps it.
    pub(super) fn leave(&mut self, seen: Seen) -> Vec<CodeId> {
        let mut project = Vec::new();
        for keeper in &self.now {
            match keeper {
                Keeper::Library { function, key } => {
                    self.left.entry((*function, *key)).or_default().insert(seen);
                }
                Keeper::Project(code) => project.push(*code),
            }
        }
        project
    }

    /// What was read for such a call.
    pub(super) fn left(&self, function: LibraryId, key: u32) -> Vec<Seen> {
        self.left.get(&(function, key)).into_iter().flatten().copied().collect()
    }
}
