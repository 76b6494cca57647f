//! Import statements, as the text has them: which modules they name, not what they bind; and calls that
//! import a module by a name that is written there, as `import_module("x")`.

use ruff_python_ast::{Expr, ExprCall, StmtImport, StmtImportFrom};

/// Functions that import a module by its name, or look for it, by the last part of what they are called.
const IMPORTERS: &[&str] = &[
    "__import__",
    "find_loader",
    "find_spec",
    "import_module",
    "import_string",
    "importorskip",
    "locate",
    "resolve_name",
    "run_module",
];

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

    /// What `import_module("a.b")` and the like name; `None` for other calls, and where the name is
    /// no string.
    pub(super) fn of_call(call: &ExprCall) -> Option<Self> {
        let called = match &*call.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => return None,
        };
        if !IMPORTERS.contains(&called) {
            return None;
        }
        let text =
            |at: usize| Some(call.arguments.args.get(at)?.as_string_literal_expr()?.value.to_str());
        let name = text(0)?;
        let module = name.trim_start_matches('.');
        // `pkgutil.resolve_name` takes `module:attribute`.
        let module = module.split(':').next().unwrap_or(module);
        let level = u32::try_from(name.len() - name.trim_start_matches('.').len()).ok()?;
        let (level, module) = match (level, text(1)) {
            (1, Some(package)) => (0, format!("{package}.{module}")),
            (level, _) => (level, module.to_owned()),
        };
        let is_dotted = module.split('.').all(|part| {
            !part.is_empty() && part.chars().all(|letter| letter == '_' || letter.is_alphanumeric())
        });
        is_dotted.then(|| Self {
            level,
            module: Some(module.into()),
            names: Vec::new(),
            is_star: false,
        })
    }
}
