//! What the Python stack says about an import: the module's names, and who imports it.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::code::Mark;
use super::events;
#[cfg(Py_3_12)]
use super::gil::Kept;
use super::record::Key;
use super::run;

/// `__name__` and `__package__` of a module's globals; empty where they are unset or no strings.
pub(super) fn module_names(globals: &Bound<'_, PyAny>) -> (String, String) {
    let text = |key: &str| {
        let globals = globals.cast::<PyDict>().ok()?;
        let value = globals.get_item(key).ok()??;
        Some(value.cast::<PyString>().ok()?.to_string_lossy().into_owned())
    };
    (text("__name__").unwrap_or_default(), text("__package__").unwrap_or_default())
}

/// The innermost project code among `frame` and its callers.
///
/// Code that was running before the tracer started has no mark yet: it is looked up, as it can
/// well be the importer. Called with the run not borrowed, because frame objects are made on the
/// way, which on 3.11 can start the garbage collector and with it any finalizer.
pub(super) fn innermost_project_code(mut frame: Option<Bound<'_, PyAny>>) -> Option<Key> {
    while let Some(current) = frame {
        let code = code_of(&current)?;
        match run::with(code.py(), |run| run.project_mark(&code))? {
            Mark::Entry(key) => return Some(key),
            Mark::Foreign => {}
            Mark::None => {
                if let Some(key) = events::discover(&code) {
                    return Some(key);
                }
            }
        }
        frame = back(&current);
    }
    None
}

/// The frame that the present thread executes, if it executes any.
pub(super) fn current_frame(py: Python<'_>) -> Option<Bound<'_, PyAny>> {
    // SAFETY: the GIL is held; the result is null or a borrowed reference to a live frame object.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PyEval_GetFrame().cast()) }
}

/// The globals of a frame.
#[cfg(Py_3_12)]
pub(super) fn globals<'py>(frame: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    // SAFETY: as in `code_of`.
    unsafe {
        let globals = ffi::PyFrame_GetGlobals(frame.as_ptr().cast());
        Bound::from_owned_ptr_or_opt(frame.py(), globals)
    }
}

#[cfg(Py_3_12)]
static SELF: Kept = Kept::new();

/// Makes the name that [`receiver`] looks up.
#[cfg(Py_3_12)]
pub(super) fn keep_names(py: Python<'_>) {
    SELF.keep(PyString::intern(py, "self"));
}

/// The value of `self` in a frame. [`keep_names`] was called before.
#[cfg(Py_3_12)]
pub(super) fn receiver<'py>(frame: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    // SAFETY: `keep_names` has kept a string there, for as long as the process lives.
    let name = unsafe { Borrowed::from_ptr(frame.py(), SELF.as_ptr()) };
    variable(frame, &name.to_owned().cast_into::<PyString>().ok()?)
}

/// The value of a local variable in a frame.
#[cfg(Py_3_12)]
pub(super) fn variable<'py>(
    frame: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    // SAFETY: as in `code_of`; the name is a string.
    let value = unsafe {
        let value = ffi::PyFrame_GetVar(frame.as_ptr().cast(), name.as_ptr());
        Bound::from_owned_ptr_or_opt(frame.py(), value)
    };
    if value.is_none() {
        // SAFETY: the GIL is held; the call above has set a `NameError`.
        unsafe { ffi::PyErr_Clear() };
    }
    value
}

/// The code object that a frame executes.
pub(super) fn code_of<'py>(frame: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    // SAFETY: the frames come from `PyEval_GetFrame` and `PyFrame_GetBack`; the result is owned.
    unsafe {
        Bound::from_owned_ptr_or_opt(frame.py(), ffi::PyFrame_GetCode(frame.as_ptr().cast()).cast())
    }
}

/// The caller's frame.
pub(super) fn back<'py>(frame: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    // SAFETY: as in `code_of`.
    unsafe {
        Bound::from_owned_ptr_or_opt(frame.py(), ffi::PyFrame_GetBack(frame.as_ptr().cast()).cast())
    }
}
