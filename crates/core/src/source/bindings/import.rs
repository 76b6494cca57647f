//! What an import statement imports, name by name.

use ruff_python_ast::{Alias, Stmt, StmtImportFrom};

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

/// The aliases of an import statement, each with the name that it binds.
pub(super) fn aliases(stmt: &Stmt) -> Vec<(ImportTarget, Option<&str>)> {
    match stmt {
        Stmt::Import(stmt) => stmt.names.iter().map(of_module).collect(),
        Stmt::ImportFrom(stmt) => stmt.names.iter().map(|alias| of_name(stmt, alias)).collect(),
        _ => Vec::new(),
    }
}

fn of_module(alias: &Alias) -> (ImportTarget, Option<&str>) {
    let (what, name) = match &alias.asname {
        Some(name) => (Imported::Module, name.as_str()),
        None => (Imported::Top, alias.name.split('.').next().unwrap_or_default()),
    };
    (ImportTarget { level: 0, module: alias.name.as_str().into(), what }, Some(name))
}

fn of_name<'a>(stmt: &StmtImportFrom, alias: &'a Alias) -> (ImportTarget, Option<&'a str>) {
    let (what, name) = match alias.name.as_str() {
        "*" => (Imported::Star, None),
        name => {
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            (Imported::Name(name.into()), Some(bound.as_str()))
        }
    };
    let module = stmt.module.as_ref().map_or("", |module| module.as_str());
    (ImportTarget { level: stmt.level, module: module.into(), what }, name)
}
