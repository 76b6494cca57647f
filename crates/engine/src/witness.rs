//! What an audit hook tells the engine: what code asks and does of the world outside of Python.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use testmonx_core::Digest;

use crate::observer::{CodeId, LibraryId};

/// How a file was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Access {
    /// Its content was to be read.
    Read,
    /// Its content was to be changed without being read.
    Write,
    /// It may be read and may be changed.
    Update,
}

/// One thing that was asked or done. Places are absolute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sight {
    /// A file was opened. One that was not there and is opened for writing is [`Sight::Made`].
    Opened {
        /// Which.
        place: PathBuf,
        /// How.
        access: Access,
    },
    /// A file, directory or link was made that was not there before.
    Made {
        /// Which.
        place: PathBuf,
    },
    /// The names in a directory were listed.
    Listed {
        /// Which directory.
        place: PathBuf,
    },
    /// It was asked what is at a place, or whether anything is.
    Asked {
        /// Which place.
        place: PathBuf,
    },
}

impl Sight {
    /// The place that it is about.
    #[must_use]
    pub fn place(&self) -> &PathBuf {
        match self {
            Self::Opened { place, .. }
            | Self::Made { place }
            | Self::Listed { place }
            | Self::Asked { place } => place,
        }
    }
}

/// Who has what was read once, whenever it is called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// A function of an installed library, where it is called with arguments that this key stands for.
    Library {
        /// Which.
        function: LibraryId,
        /// The arguments.
        key: u32,
    },
    /// Code of the project, which asks a cache of a library.
    Project(CodeId),
}

/// Whose code looks up an environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Looker {
    /// The project's.
    Project,
    /// That of a hook of pytest, whether in a conftest file or in a plugin.
    Hook,
    /// That of an installed distribution.
    Library,
}

/// The receiving end of an audit hook.
///
/// The methods are called with the interpreter's lock held, and must not call back into Python.
pub trait Witness: Send {
    /// Whether it would make a difference to tell this: asked first, where finding out who asked costs
    /// more than asking.
    fn wants(&mut self, sight: &Sight) -> bool;

    /// What is told next happens while the body of the module being imported stands at this line; 0 if
    /// none is being imported.
    fn stands_at(&mut self, line: u32);

    /// What is told next is read by these, which will have it without reading it. By default that makes no difference.
    fn kept_by(&mut self, _keepers: Vec<Keeper>) {}

    /// It happens now, or is about to.
    fn saw(&mut self, sight: Sight);

    /// An environment variable is looked up, and has a value with this digest; `None` if it is not set.
    fn looked_up(&mut self, name: &str, value: Option<Digest>, looker: Looker);

    /// An environment variable is set or removed. By default that makes no difference.
    fn variable_set(&mut self, _name: &str) {}
}
