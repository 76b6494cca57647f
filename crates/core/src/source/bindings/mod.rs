//! What the module and class level of a source bind, what each piece of code mentions, and what is
//! remembered of that to check facts later.
//!
//! A source falls into *nodes*: one per import alias, one per statement (an `if` or `try` falls into
//! its parts, which its condition *guards*), the skeleton of a class and each of its statements, the
//! definition of a function. A node binds *symbols* (names of the module, attributes of a class) or
//! has an effect, or both. What a node, the defaults of a function, or a body mentions is its *unit*.
//!
//! Files: `collector` (scopes, references and bound names), and what it makes of the walk: `statements`, `visit`
//! (expressions), `calls` and `strings` (names that a program assembles), with `names`, `unit`, `words` and
//! `import` and `loaded` (`sys.modules`); `nodes` (where nodes begin and end); `finish` (symbols, effects, digests) with
//! `order` (what comes after a node); `summary` (the source as a whole) and `table` (what of it all is remembered).

mod asks;
mod calls;
mod collector;
mod definitions;
mod finish;
mod import;
mod loaded;
mod names;
mod nodes;
mod order;
mod scope;
mod statements;
mod strings;
mod summary;
mod table;
mod unit;
mod values;
mod visit;
mod words;

pub(crate) use asks::CONTENT;
pub(crate) use finish::{Binder, Bindings, Symbol};
pub(crate) use import::{ImportTarget, Imported};
pub(crate) use names::NameId;
pub(crate) use nodes::NodeKind;
pub(crate) use table::{
    ALL, HINT, acts_key, autouse_key, effects_key, effects_on_key, hint_key, owners_key,
    raising_key, signature_key, subclasses_key, unused_key,
};
pub(crate) use unit::{Chain, Dynamic, Unit};
pub(crate) use values::Value;
pub(crate) use words::is_implicit;

pub(super) use collector::Collector;
pub(super) use definitions::FunctionDigests;
pub(super) use loaded::told_places;
pub(super) use nodes::Place;
