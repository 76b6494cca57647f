//! What a child process observes, on its way to the session that started it.
//!
//! The session makes a private directory and names it in one environment variable. Each child writes a
//! *journal* there: notes, each in one `write(2)` as soon as there is something to note, so that a child
//! that is killed or ends by `os._exit` loses nothing but what it had not done yet. The session reads
//! what is new whenever its open spans change.
//!
//! A note is wanted once in an *epoch*, the time between two changes of the session's spans, so that
//! the worker of a pool, which lives on, notes again what it runs for the next test. Children learn the
//! epoch from memory that they share with the session.

mod note;
mod reader;
mod writer;

pub use reader::Journals;
pub use writer::{Journal, JournalError};

pub(crate) use note::{CodeRef, Note};
pub(crate) use reader::News;

use serde::{Deserialize, Serialize};

/// How a child came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// By `fork`: it has the session's modules, and its code.
    Forked,
    /// By `multiprocessing`, as a new interpreter that is given calls to make.
    Spawned,
    /// As a program.
    Program,
}

/// The ids that a child gives start here: lower ones are those of the session that it was forked from.
pub(crate) const FIRST_OWN: u32 = 1 << 30;
