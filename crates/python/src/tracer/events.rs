//! What both hooks do when code starts: find its entry, and open an import if it is a module body.
//!
//! Called with the run not borrowed.

use pyo3::prelude::*;

use super::backend::ModuleFrame;
use super::code::{self, Identity, Mark};
use super::error::Fault;
use super::receivers::Receiver;
use super::record::Key;
use super::run::{self, ImportStart, Retired};
use super::stack;

/// The entry of project code that had no mark yet.
pub(super) fn discover(code: &Bound<'_, PyAny>) -> Option<Key> {
    if run::with(code.py(), |run| run.marks.get(code))? != Mark::None {
        return None;
    }
    look_up(code).unwrap_or_else(|error| {
        Fault::Refused(error.to_string()).keep();
        None
    })
}

fn look_up(code: &Bound<'_, PyAny>) -> PyResult<Option<Key>> {
    let py = code.py();
    let filename = code::filename(code)?;
    let Some(source) = run::with(py, |run| run.source(&filename)).flatten() else {
        run::with(py, |run| run.marks.set(code, None)).transpose()?;
        return Ok(None);
    };
    let identity = Identity::of(code)?;
    Ok(run::with(py, |run| run.add(code, source, &identity)).transpose()?.flatten())
}

/// Opens the import of the module whose body starts in `frame`, called by the code in `caller`.
pub(super) fn open_import(
    module: Key,
    frame: ModuleFrame,
    globals: &Bound<'_, PyAny>,
    caller: Option<Bound<'_, PyAny>>,
) {
    let py = globals.py();
    let (name, package) = stack::module_names(globals);
    let importer = stack::innermost_project_code(caller);
    let start = ImportStart { module, name: &name, package: &package, importer };
    let mut retired = Retired::default();
    run::with(py, |run| run.open_import(py, start, frame, &mut retired));
}

/// Follows the body of a class that starts in `frame`.
pub(super) fn open_class(py: Python<'_>, key: Key, frame: ModuleFrame) {
    let mut retired = Retired::default();
    run::with(py, |run| run.open_class(key, frame, &mut retired));
}

/// Follows the call that starts in `frame`, which leaves something behind, for one thing in `receiver`. Tells whether
/// it is to be followed to its end.
pub(super) fn open_memo(
    py: Python<'_>,
    key: Key,
    frame: ModuleFrame,
    receiver: Option<&Bound<'_, PyAny>>,
) -> bool {
    let receiver = match receiver {
        // It holds nothing.
        Some(object) if object.is_none() => return false,
        None => None,
        Some(object) => match run::with(py, |run| run.known(key, object)).flatten() {
            Some((_, true)) => return false,
            Some((known, false)) => Some(Receiver::Known(known)),
            None => Some(Receiver::of(object)),
        },
    };
    let mut retired = Retired::default();
    let opened = run::with(py, |run| run.open_memo(py, key, frame, receiver, &mut retired));
    matches!(opened, Some(Ok(())))
}
