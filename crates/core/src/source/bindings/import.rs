//! What an import statement imports, name by name.

use ruff_python_ast::{Alias, StmtImportFrom};

/// One alias of an import statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ImportTarget {
    /// How many dots lead: 0 for an absolute import.
    pub(crate) level: u32,
    /// The module after the dots; empty for `from . import x`.
    pub(crate) module: Box<str>,
    pub(crate) what: Imported,
}

/// What of the module is bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Imported {
    /// The package at its beginning: `import a.b` binds `a`.
    Top,
    /// The module itself: `import a.b as c`.
    Module,
    /// A name of it, or a submodule.
    Name(Box<str>),
    /// All public names.
    Star,
}

impl ImportTarget {
    /// The target of an alias of `import …`.
    pub(super) fn of_module(alias: &Alias) -> Self {
        let what = if alias.asname.is_some() { Imported::Module } else { Imported::Top };
        Self { level: 0, module: alias.name.as_str().into(), what }
    }

    /// The target of an alias of `from … import …`.
    pub(super) fn of_name(stmt: &StmtImportFrom, alias: &Alias) -> Self {
        let what = match alias.name.as_str() {
            "*" => Imported::Star,
            name => Imported::Name(name.into()),
        };
        let module = stmt.module.as_ref().map_or("", |module| module.as_str());
        Self { level: stmt.level, module: module.into(), what }
    }
}
