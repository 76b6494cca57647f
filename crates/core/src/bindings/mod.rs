//! What a test depends on of all that was bound at import.
//!
//! The tracer tells which function bodies ran; it cannot tell which constants, defaults, decorators
//! and base classes they read. The parser can: a body reads what its names resolve to, and what was
//! bound to them was made by statements that read names in their turn. A [`Program`] is the loaded
//! modules with all that is known of their import; [`Program::closures`] follows the names from what
//! ran ([`Roots`]) to every binding that it can reach, and returns them as facts, by module
//! ([`Part`]s, which many tests share). In doubt it reaches more ([`Widening`]).
//!
//! The rules, one by one and with what each is worth, are in `docs/design/bindings.md`. In short:
//!
//! | reached | reaches |
//! |---|---|
//! | a body that ran | its definition, defaults, class, the function around it, and the names in it |
//! | a name | all statements that bind it, or the fact that none does; through imports, what it stands for |
//! | a class | its bases, its dunders, and those of its statements whose name is mentioned as an attribute anywhere in the closure |
//! | a statement | the names in it, and the bodies that ran for it |
//! | a module, by import | the fact of its import effects, and the effects that could change any of its importers |
//! | what an effect can change | the effect, if its module is in the closure of the imports |
//!
//! Files: `modules` (what is loaded, and under which names), `vertices` (what can be reached, by
//! number), `resolve` (from names to vertices), `classes` (bases, openness, attributes by name),
//! `metaclasses` and `decorators` (which of them look at what they make),
//! `effects` (what statements at import can change), `expand` (what a vertex reaches by itself), `memo` (functions
//! that leave something behind), `ancestry` (what their classes inherit), `libraries` (functions of installed
//! libraries that do); `paths` (what tests have in common), `start` (from roots to vertices), `reach` and
//! `settle` (the closure), `closure` (all of them, for many tests), `parts` (facts, and sets of them), `widening`
//! (the rules for what cannot be told).

mod ancestry;
mod asking;
mod bases;
mod classes;
mod closure;
mod decorators;
mod effects;
mod expand;
mod found;
mod functions;

mod libraries;
mod memo;
mod metaclasses;
mod modules;
mod parts;
mod paths;
mod program;
mod reach;
mod resolve;
mod roots;
mod scratch;
mod settle;
mod stars;
mod start;
mod tables;
mod vertices;
mod widening;
mod words;

#[cfg(test)]
mod tests;

pub use libraries::Keeps;
pub use memo::PACKAGE_HOOKS;
pub use modules::ModuleId;
pub use parts::FactId;
pub use program::Program;
pub use roots::{Body, Charge, Part, PartId, Reached, Roots};
pub use widening::Widening;
