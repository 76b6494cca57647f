//! What testmonx knows: facts, spans, traces, snapshots, and the one rule that selects tests.
//!
//! Pure by construction: no SQL, no Python, no network; the working tree is reached only through
//! [`world::World`]. The rule is `fresh iff some passing trace ⊆ snapshot` ([`select`]); everything
//! else here decides which facts a trace holds, and how a fact is checked and put into words.

pub mod bindings;
pub mod digest;
pub mod fact;
pub mod kinds;
pub mod path;
pub mod reason;
pub mod search;
pub mod select;
pub mod snapshot;
pub mod source;
pub mod trace;
pub mod world;

pub use digest::Digest;
pub use fact::Fact;
pub use kinds::Kind;
pub use path::RelPath;
