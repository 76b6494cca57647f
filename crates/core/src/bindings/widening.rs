//! The rules for what cannot be told from the source: reach more.

use std::fmt;

/// Why more was reached than names tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Widening {
    /// A module object is handed around: anything of it can be read.
    ModuleValue,
    /// `globals()`, `exec` or `eval`: any name of the module around it can be read.
    Namespace,
    /// `vars(module)` or `module.__dict__`: any name of that module can be read.
    ModuleDict,
    /// `from m import *` of a module that cannot be parsed.
    OpaqueStar,
    /// A module that was imported by a computed name: nothing tells which of its names are read.
    DynamicImport,
    /// A module that the caller names as wholly used.
    WholeModule,
    /// `sys.modules` by a key that is not told: any module that is loaded can be read.
    LoadedModules,
}

impl Widening {
    /// Every rule there is.
    pub const ALL: &'static [Self] = &[
        Self::ModuleValue,
        Self::Namespace,
        Self::ModuleDict,
        Self::OpaqueStar,
        Self::DynamicImport,
        Self::WholeModule,
        Self::LoadedModules,
    ];

    /// The name by which facts know it; never reused for another meaning.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ModuleValue => "module-value",
            Self::Namespace => "namespace",
            Self::ModuleDict => "module-dict",
            Self::OpaqueStar => "opaque-star",
            Self::DynamicImport => "dynamic-import",
            Self::WholeModule => "whole-module",
            Self::LoadedModules => "loaded-modules",
        }
    }

    /// The rule with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ModuleValue => "the module is passed around as a value",
            Self::Namespace => "`globals()`, `exec` or `eval` can read all of it",
            Self::ModuleDict => "its `__dict__` is read",
            Self::OpaqueStar => "`import *` of a module that cannot be parsed",
            Self::DynamicImport => "it is imported by a computed name",
            Self::WholeModule => "all of it is used",
            Self::LoadedModules => "`sys.modules` can give it away",
        })
    }
}
