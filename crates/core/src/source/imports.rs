//! Import statements, as the text has them: which modules they name, not what they bind.

use ruff_python_ast::{StmtImport, StmtImportFrom};

/// One module that an import statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// How many dots lead: 0 for an absolute import.
    pub level: u32,
    /// The module after the dots; `None` for `from . import x`.
    pub module: Option<Box<str>>,
    /// The names taken from it, which may be submodules; none for `import a.b` and for `*`.
    pub names: Vec<Box<str>>,
    /// Whether all its public names are taken (`from m import *`).
    pub is_star: bool,
}

impl Import {
    /// What `import a, b.c` names: a module each.
    pub(super) fn of_import(stmt: &StmtImport) -> impl Iterator<Item = Self> {
        stmt.names.iter().map(|alias| Self {
            level: 0,
            module: Some(alias.name.as_str().into()),
            names: Vec::new(),
            is_star: false,
        })
    }

    /// What `from m import x, y` names: the module, and perhaps submodules of it.
    pub(super) fn of_import_from(stmt: &StmtImportFrom) -> Self {
        let names = stmt.names.iter().map(|alias| alias.name.as_str());
        Self {
            level: stmt.level,
            module: stmt.module.as_ref().map(|module| module.as_str().into()),
            is_star: names.clone().any(|name| name == "*"),
            names: names.filter(|name| *name != "*").map(Into::into).collect(),
        }
    }
}
