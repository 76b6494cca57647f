//! Python source, parsed: its blocks and their digests.

mod outline;

pub use outline::Outline;
