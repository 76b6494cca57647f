//! Audit events, and what they say about files. The events and their arguments are those of
//! <https://docs.python.org/3/library/audit_events.html>.

use std::ffi::{CStr, c_int};
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use testmonx_engine::{Access, Sight};

use super::callers::{self, Asker};
use super::commands::{self, Command};
use super::{is_wanted, paths, tell, with_witness};
use crate::installed_files;

/// What an event says about files.
#[derive(Clone, Copy)]
pub(super) enum Event {
    Open,
    List,
    MakeDirectory,
    Rename,
    /// The event's second argument is a file that is written.
    WriteSecond,
    /// The first argument is a database.
    Database,
    /// The first argument is a library that is loaded.
    Library,
    /// A program is started.
    Command(Command),
    /// The first argument gets the second as another name.
    Link,
    /// An environment variable is set or removed.
    Variable,
    /// An extension module, with its file as second argument, among other imports.
    Import,
}

pub(super) fn classify(name: &CStr) -> Option<Event> {
    match name.to_bytes() {
        b"open" => Some(Event::Open),
        b"os.listdir" | b"os.scandir" => Some(Event::List),
        b"os.mkdir" => Some(Event::MakeDirectory),
        b"os.rename" => Some(Event::Rename),
        b"os.link" => Some(Event::Link),
        b"os.symlink" | b"shutil.copyfile" | b"shutil.copytree" | b"shutil.move" => {
            Some(Event::WriteSecond)
        }
        b"sqlite3.connect" => Some(Event::Database),
        b"os.putenv" | b"os.unsetenv" => Some(Event::Variable),
        b"ctypes.dlopen" => Some(Event::Library),
        b"import" => Some(Event::Import),
        _ => commands::classify(name).map(Event::Command),
    }
}

pub(super) fn handle(event: Event, args: &Bound<'_, PyTuple>) -> PyResult<()> {
    let py = args.py();
    match event {
        Event::Open => {
            installed_files::opened(args)?;
            open(args)?;
        }
        Event::List => {
            let dir = args.get_item(0)?;
            let place =
                if dir.is_none() { std::env::current_dir().ok() } else { paths::place(&dir) };
            // The event comes before the attempt, which fails if nothing is there.
            let sight = |place: PathBuf| match paths::is_missing(&place) {
                true => Sight::Asked { place },
                false => Sight::Listed { place },
            };
            if let Some(sight) = place.map(sight)
                && is_wanted(&sight)
                && callers::asker(py) != Asker::Machinery
            {
                tell(sight);
            }
        }
        Event::MakeDirectory => {
            // The event comes before the attempt, which fails if something is there already.
            if let Some(place) = paths::place(&args.get_item(0)?).filter(|at| paths::is_missing(at))
            {
                tell(Sight::Made { place });
            }
        }
        Event::Link => {
            // Whoever reads the new name reads the same file.
            if let Some(place) = paths::place(&args.get_item(0)?) {
                opened(place, Access::Read);
            }
            if let Some(place) = paths::place(&args.get_item(1)?) {
                tell_written(place);
            }
        }
        Event::Rename | Event::WriteSecond => {
            if let Some(place) = paths::place(&args.get_item(1)?) {
                tell_written(place);
            }
        }
        Event::Database => {
            if let Some(place) = database(&args.get_item(0)?) {
                opened(place, Access::Update);
            }
        }
        Event::Command(command) => commands::handle(command, args)?,
        Event::Variable => {
            if let Ok(name) = args.get_item(0)?.extract::<&[u8]>()
                && let Ok(name) = std::str::from_utf8(name)
            {
                with_witness(|witness| witness.variable_set(name));
            }
        }
        Event::Library => read_library(&args.get_item(0)?),
        Event::Import => read_library(&args.get_item(1)?),
    }
    Ok(())
}

/// `(path, mode, flags)`: `mode` is a string from `open`, `None` from `os.open`; `flags` are those
/// of `open(2)` in both cases.
fn open(args: &Bound<'_, PyTuple>) -> PyResult<()> {
    let Some(place) = paths::place(&args.get_item(0)?) else { return Ok(()) };
    let access = access(args.get_item(2)?.extract()?);
    let is_low_level = args.get_item(1)?.is_none();
    if is_low_level && paths::text(&args.get_item(0)?).is_none_or(|path| path.is_relative()) {
        // It may be relative to a directory that the event does not tell: `questions` sees that.
        return Ok(());
    }
    if access != Access::Read || !callers::reads_sources(args.py(), &place) {
        opened(place, access);
    }
    Ok(())
}

/// How `open(2)` opens a file with these flags.
pub(super) fn access(flags: c_int) -> Access {
    match flags & libc::O_ACCMODE {
        libc::O_RDONLY => Access::Read,
        libc::O_RDWR if flags & (libc::O_TRUNC | libc::O_EXCL) == 0 => Access::Update,
        _ => Access::Write,
    }
}

/// Tells that a file is about to be opened.
pub(super) fn opened(place: PathBuf, access: Access) {
    if access == Access::Read || !paths::is_missing(&place) {
        tell(Sight::Opened { place, access });
    } else {
        tell(Sight::Made { place });
    }
}

/// Tells that something is about to be put where something else may be.
fn tell_written(place: PathBuf) {
    opened(place, Access::Write);
}

/// The file that SQLite opens: a path, or a URI if it begins so. What is in memory has none.
fn database(name: &Bound<'_, PyAny>) -> Option<PathBuf> {
    let path = paths::text(name)?;
    let text = path.to_str()?;
    let text = match text.strip_prefix("file:") {
        Some(uri) => uri.split(['?', '#']).next()?.trim_start_matches("//"),
        None => text,
    };
    let is_file = !text.is_empty() && text != ":memory:";
    is_file.then(|| std::path::absolute(text).ok()).flatten()
}

/// A shared library or extension module by its path; a bare name is the system's.
fn read_library(name: &Bound<'_, PyAny>) {
    if let Some(path) = paths::text(name).filter(|path| path.components().count() > 1)
        && let Ok(place) = std::path::absolute(path)
    {
        tell(Sight::Opened { place, access: Access::Read });
    }
}
