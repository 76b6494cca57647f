//! Which files of installed distributions are opened: modules that are imported, in whatever way, and
//! metadata. The project code that this happens in uses the distribution.
//!
//! The audit event `import` would not do: `importlib.import_module` does not raise it. Opening the
//! module's file raises `open` in every case.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use testmonx_engine::Recorder;
use testmonx_engine::observer::{CodeId, Observer};

use crate::recording::lock;

// SAFETY: as in CPython's `cpython/sysmodule.h`; pyo3-ffi has no declaration of it.
unsafe extern "C" {
    fn PySys_AddAuditHook(
        hook: extern "C" fn(*const c_char, *mut ffi::PyObject, *mut c_void) -> c_int,
        user_data: *mut c_void,
    ) -> c_int;
}

static IS_INSTALLED: AtomicBool = AtomicBool::new(false);
static IS_ON: AtomicBool = AtomicBool::new(false);
static RECORDER: RwLock<Option<Arc<Mutex<Recorder>>>> = RwLock::new(None);

/// Starts telling `recorder` of files.
pub(crate) fn start(recorder: Arc<Mutex<Recorder>>) -> PyResult<()> {
    *RECORDER.write().unwrap_or_else(PoisonError::into_inner) = Some(recorder);
    if !IS_INSTALLED.swap(true, Ordering::AcqRel) {
        // SAFETY: the interpreter runs and its lock is held; `hook` lives as long as the process
        // and takes no user data.
        let status = unsafe { PySys_AddAuditHook(hook, std::ptr::null_mut()) };
        if status != 0 {
            return Err(PyRuntimeError::new_err("another audit hook refuses new ones"));
        }
    }
    IS_ON.store(true, Ordering::Release);
    Ok(())
}

/// Stops telling.
pub(crate) fn stop() {
    IS_ON.store(false, Ordering::Release);
    *RECORDER.write().unwrap_or_else(PoisonError::into_inner) = None;
}

extern "C" fn hook(name: *const c_char, args: *mut ffi::PyObject, _data: *mut c_void) -> c_int {
    if !IS_ON.load(Ordering::Relaxed) || name.is_null() || args.is_null() {
        return 0;
    }
    // SAFETY: CPython passes a NUL-terminated name that outlives the call.
    if unsafe { CStr::from_ptr(name) } != c"open" {
        return 0;
    }
    // SAFETY: audit events are raised with the interpreter's lock held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: `args` is a borrowed tuple that outlives the call.
    let args = unsafe { Bound::from_borrowed_ptr(py, args) };
    if let Ok(args) = args.cast::<PyTuple>() {
        // An event that cannot be understood must not fail the operation that raised it.
        let _ = opened(args);
    }
    0
}

fn opened(args: &Bound<'_, PyTuple>) -> PyResult<()> {
    let Ok(path) = args.get_item(0)?.extract::<PathBuf>() else { return Ok(()) };
    let recorder = RECORDER.read().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(recorder) = recorder else { return Ok(()) };
    let place = lock(&recorder).installed_at(&path);
    if let Some(place) = place {
        let reader = reader(args.py(), &recorder);
        lock(&recorder).installed_read(&place, reader);
    }
    Ok(())
}

/// The innermost project code on the stack.
fn reader(py: Python<'_>, recorder: &Mutex<Recorder>) -> Option<CodeId> {
    // SAFETY: the interpreter's lock is held; the frame is borrowed and may be null.
    let frame = unsafe { ffi::PyEval_GetFrame() }.cast::<ffi::PyObject>();
    // SAFETY: a borrowed frame or null, which `Bound` takes a reference to.
    let mut frame = unsafe { Bound::from_borrowed_ptr_or_opt(py, frame) };
    while let Some(at) = frame {
        let code = at.getattr("f_code").ok()?;
        let filename: String = code.getattr("co_filename").ok()?.extract().ok()?;
        if !filename.starts_with('<') {
            let qualname: String = code.getattr("co_qualname").ok()?.extract().ok()?;
            let first_line: u32 = code.getattr("co_firstlineno").ok()?.extract().unwrap_or(0);
            let mut recorder = lock(recorder);
            if let Some(source) = recorder.source(&filename) {
                return Some(recorder.code(source, &qualname, first_line));
            }
        }
        frame = at.getattr("f_back").ok().filter(|back| !back.is_none());
    }
    None
}
