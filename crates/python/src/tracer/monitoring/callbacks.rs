//! The callbacks.
//!
//! They run no Python code and raise nothing: neither an exception nor a signal that arrives
//! meanwhile can surface in the code that is traced. While one runs, the interpreter holds back
//! further events of its thread.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use super::super::code::Mark;
use super::super::events;
use super::super::record::{Key, Kind};
use super::super::run::{self, Retired};
use super::super::stack;
use super::module_frame::ModuleFrame;

static DISABLE: AtomicPtr<ffi::PyObject> = AtomicPtr::new(null_mut());

/// Keeps `sys.monitoring.DISABLE` at hand, for the life of the process.
pub(super) fn keep_disable(disable: Bound<'_, PyAny>) {
    DISABLE.store(disable.into_ptr(), Ordering::Relaxed);
}

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
    if let Some(code) = unsafe { first_argument(py, args, nargsf) }
        && let Some(key) = events::discover(&code).or_else(|| known(&code))
    {
        note(py, key);
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
    let mut retired = Retired::default();
    let mut module = None;
    let is_enough = run::with(py, |run| {
        let Mark::Entry(key) = run.marks.get(&code) else { return false };
        if run.record.kind(key) == Some(Kind::Module) {
            module = Some(key);
            return false;
        }
        let is_enough = run.hit(py, key, &mut retired);
        if is_enough {
            run.hook.disabled(&code);
        }
        is_enough
    });
    drop(retired);
    if let Some(module) = module {
        open_import(py, module);
    }
    if is_enough == Some(true) { disable(py) } else { none(py) }
}

/// Local `PY_RETURN` of a module body.
pub(super) unsafe extern "C" fn on_module_return(
    _callback: *mut ffi::PyObject,
    _args: *const *mut ffi::PyObject,
    _nargsf: usize,
    _names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    if let Some(frame) = stack::current_frame(py).map(|frame| ModuleFrame::new(&frame)) {
        let mut retired = Retired::default();
        run::with(py, |run| {
            run.imports.end(|module| *module == frame);
            run.settle(py, &mut retired);
        });
    }
    none(py)
}

/// The entry of a code object that has a mark.
fn known(code: &Bound<'_, PyAny>) -> Option<Key> {
    match run::with(code.py(), |run| run.marks.get(code))? {
        Mark::Entry(key) => Some(key),
        Mark::Foreign | Mark::None => None,
    }
}

/// Takes note of project code that runs now, without a right to disable anything.
fn note(py: Python<'_>, key: Key) {
    let mut retired = Retired::default();
    let is_module = run::with(py, |run| {
        let is_module = run.record.kind(key) == Some(Kind::Module);
        if !is_module {
            run.hit(py, key, &mut retired);
        }
        is_module
    });
    drop(retired);
    if is_module == Some(true) {
        open_import(py, key);
    }
}

/// Opens the import of the module whose body starts now.
fn open_import(py: Python<'_>, module: Key) {
    let Some(current) = stack::current_frame(py) else { return };
    let frame = ModuleFrame::new(&current);
    // A version that called the recording tool for the start that it was set for would say it twice.
    let is_open = run::with(py, |run| run.imports.is_innermost(&frame));
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
    // SAFETY: `keep_disable` was called before any callback was registered, and gave up a reference.
    unsafe { ffi::Py_NewRef(DISABLE.load(Ordering::Relaxed)) }
}
