//! The callbacks.
//!
//! They run no Python code and raise nothing: neither an exception nor a signal that arrives
//! meanwhile can surface in the code that is traced. While one runs, the interpreter holds back
//! further events of its thread.

use pyo3::ffi;
use pyo3::prelude::*;

use super::super::events;
use super::super::gil::Kept;
use super::super::libraries;
use super::super::record::Key;
use super::super::run::{self, Heard, Retired};
use super::super::stack;
use super::module_frame::ModuleFrame;

/// `sys.monitoring.DISABLE`.
pub(super) static DISABLE: Kept = Kept::new();

/// Global `PY_START` and `PY_RESUME`: code starts or goes on in a place where it never did.
pub(super) unsafe extern "C" fn on_unknown_code(
    _callback: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    _names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: `args` and `nargsf` are as the vectorcall protocol has them.
    if let Some(code) = unsafe { first_argument(py, args, nargsf) }
        && let Some(key) = events::discover(&code)
    {
        // The recording tool was not yet listening when this event began.
        note(py, key);
    }
    disable(py)
}

/// Global `PY_THROW`: an exception is thrown into a suspended generator or coroutine.
pub(super) unsafe extern "C" fn on_throw(
    _callback: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    _names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: `args` and `nargsf` are as the vectorcall protocol has them.
    if let Some(code) = unsafe { first_argument(py, args, nargsf) } {
        let heard = hear(&code);
        if heard == Heard::Unknown
            && let Some(key) = events::discover(&code)
        {
            note(py, key);
        }
    }
    none(py)
}

/// Local `PY_START` and `PY_RESUME`: project code starts or goes on.
pub(super) unsafe extern "C" fn on_project_code(
    _callback: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    _names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: `args` and `nargsf` are as the vectorcall protocol has them.
    let Some(code) = (unsafe { first_argument(py, args, nargsf) }) else { return none(py) };
    let alone = run::with(py, |run| run.hear_alone(&code)).flatten();
    match alone.unwrap_or_else(|| hear(&code)) {
        Heard::Enough(key) => {
            run::with(py, |run| run.hook.disabled(&code, key));
            disable(py)
        }
        Heard::Module(module) => {
            open_import(py, module);
            none(py)
        }
        Heard::Memo(key) => {
            open_memo(py, key);
            none(py)
        }
        Heard::Class(key) => {
            open_class(py, key);
            none(py)
        }
        Heard::Birth => {
            note_birth(py);
            none(py)
        }
        Heard::Library { function, by_arguments } => {
            let frame = stack::current_frame(py);
            libraries::called(&code, function, by_arguments, |_, name| {
                stack::variable(frame.as_ref()?, name)
            });
            none(py)
        }
        Heard::Noted | Heard::Foreign | Heard::Unknown => none(py),
    }
}

/// Local `PY_RETURN` of a frame that may be followed.
pub(super) unsafe extern "C" fn on_return(
    _callback: *mut ffi::PyObject,
    _args: *const *mut ffi::PyObject,
    _nargsf: usize,
    _names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    if run::with(py, |run| run.frames.is_empty()) != Some(false) {
        return none(py);
    }
    if let Some(frame) = stack::current_frame(py).map(|frame| ModuleFrame::new(&frame)) {
        let mut retired = Retired::default();
        run::with(py, |run| {
            run.frames.end(|module| *module == frame);
            run.settle(py, &mut retired);
        });
    }
    none(py)
}

/// Takes note of the code of an event.
#[inline]
fn hear(code: &Bound<'_, PyAny>) -> Heard {
    let mut retired = Retired::default();
    run::with(code.py(), |run| run.hear(code, &mut retired)).unwrap_or(Heard::Foreign)
}

/// Takes note of code that was discovered in this event.
fn note(py: Python<'_>, key: Key) {
    let mut retired = Retired::default();
    let heard = run::with(py, |run| run.hit(py, key, &mut retired));
    drop(retired);
    match heard {
        Some(Heard::Module(module)) => open_import(py, module),
        Some(Heard::Memo(key)) => open_memo(py, key),
        Some(Heard::Class(key)) => open_class(py, key),
        _ => {}
    }
}

/// Follows the call that starts now, which leaves something behind.
fn open_memo(py: Python<'_>, key: Key) {
    let Some(current) = stack::current_frame(py) else { return };
    let frame = ModuleFrame::new(&current);
    let in_receiver = run::with(py, |run| run.record.is_in_receiver(key)) == Some(true);
    let receiver = if in_receiver { stack::receiver(&current) } else { None };
    // As for imports: a version could say it twice.
    if run::with(py, |run| run.frames.is_innermost(&frame)) == Some(false) {
        events::open_memo(py, key, frame, receiver.as_ref());
    }
}

/// Notes that the object is new whose `__init__` starts now.
fn note_birth(py: Python<'_>) {
    let Some(frame) = stack::current_frame(py) else { return };
    if let Some(object) = stack::receiver(&frame) {
        run::with(py, |run| run.receivers.born(&object));
    }
}

/// Follows the body of a class that starts now.
fn open_class(py: Python<'_>, key: Key) {
    let Some(frame) = stack::current_frame(py).map(|frame| ModuleFrame::new(&frame)) else {
        return;
    };
    // As for imports: a version could say it twice.
    if run::with(py, |run| run.frames.is_innermost(&frame)) == Some(false) {
        events::open_class(py, key, frame);
    }
}

/// Opens the import of the module whose body starts now.
fn open_import(py: Python<'_>, module: Key) {
    let Some(current) = stack::current_frame(py) else { return };
    let frame = ModuleFrame::new(&current);
    // A version that called the recording tool for the start that it was set for would say it twice.
    let is_open = run::with(py, |run| run.frames.is_innermost(&frame));
    if is_open == Some(false)
        && let Some(globals) = stack::globals(&current)
    {
        events::open_import(module, frame, &globals, stack::back(&current));
    }
}

/// The first argument of a call, `None` if there is none.
///
/// # Safety
/// The GIL is held, and `args` points to as many live objects as `nargsf` says.
#[inline]
unsafe fn first_argument<'py>(
    py: Python<'py>,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
) -> Option<Borrowed<'py, 'py, PyAny>> {
    // SAFETY: the caller's promise.
    unsafe {
        if ffi::PyVectorcall_NARGS(nargsf) < 1 {
            return None;
        }
        Some(Borrowed::from_ptr(py, *args))
    }
}

#[inline]
fn none(py: Python<'_>) -> *mut ffi::PyObject {
    py.None().into_ptr()
}

#[inline]
fn disable(_py: Python<'_>) -> *mut ffi::PyObject {
    // SAFETY: it is kept before any callback is registered.
    unsafe { ffi::Py_NewRef(DISABLE.as_ptr()) }
}
