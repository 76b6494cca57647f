//! The audit hook: which files are opened, and which directories and files the session makes.
//!
//! An audit hook cannot be taken out again (PEP 578), so there is one for the life of the process,
//! and it does nothing unless a recording is on. The events and their arguments are those of
//! <https://docs.python.org/3/library/audit_events.html>.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use testmonx_engine::{Access, Recorder};

use crate::recording::lock;
use crate::tracer;

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

/// Code that opens source files to compile, measure or show them, and pytest's own book-keeping: such a
/// read is no dependency by itself, since the code that then runs is one.
const SOURCE_READERS: &[&str] = &[
    "<frozen importlib._bootstrap_external>",
    "<frozen zipimport>",
    "/linecache.py",
    "/tokenize.py",
    "/_pytest/assertion/rewrite.py",
    "/_pytest/cacheprovider.py",
    "/coverage/python.py",
];

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

/// What an event says about files.
#[derive(Clone, Copy)]
enum Event {
    Open,
    MakeDirectory,
    Rename,
    /// The event's second argument is a file that is written.
    WriteSecond,
}

fn classify(name: &CStr) -> Option<Event> {
    match name.to_bytes() {
        b"open" => Some(Event::Open),
        b"os.mkdir" => Some(Event::MakeDirectory),
        b"os.rename" => Some(Event::Rename),
        b"os.link" | b"os.symlink" | b"shutil.copyfile" | b"shutil.copytree" | b"shutil.move" => {
            Some(Event::WriteSecond)
        }
        _ => None,
    }
}

extern "C" fn hook(name: *const c_char, args: *mut ffi::PyObject, _data: *mut c_void) -> c_int {
    if !IS_ON.load(Ordering::Relaxed) || name.is_null() || args.is_null() {
        return 0;
    }
    // SAFETY: CPython passes a NUL-terminated name that outlives the call.
    let Some(event) = classify(unsafe { CStr::from_ptr(name) }) else {
        return 0;
    };
    // SAFETY: audit events are raised with the interpreter's lock held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: `args` is a borrowed tuple that outlives the call.
    let args = unsafe { Bound::from_borrowed_ptr(py, args) };
    if let Ok(args) = args.cast::<PyTuple>() {
        // An event that cannot be understood must not fail the operation that raised it.
        let _ = handle(event, args);
    }
    0
}

fn handle(event: Event, args: &Bound<'_, PyTuple>) -> PyResult<()> {
    let recorder = RECORDER.read().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(recorder) = recorder else {
        return Ok(());
    };
    lock(&recorder).stands_at(tracer::import_line(args.py()));
    match event {
        Event::Open => {
            let Some(path) = path_of(&args.get_item(0)?) else { return Ok(()) };
            let access = access(args)?;
            let is_low_level = args.get_item(1)?.is_none();
            if access == Access::Read
                && (reads_sources(args.py())
                    || (is_low_level && !path.is_absolute() && !path.exists()))
            {
                // A relative path given to `os.open` may be relative to a directory that the event
                // does not tell (`dir_fd`): if nothing is there, it most likely is.
                return Ok(());
            }
            if let Some(place) = absolute(&path) {
                lock(&recorder).file_opened(&place, access);
            }
        }
        Event::MakeDirectory => {
            // The event comes before the attempt, which fails if something is there already.
            let path = args.get_item(0)?;
            if path_of(&path).is_some_and(|path| !path.exists()) {
                note_made(&recorder, &path);
            }
        }
        Event::Rename | Event::WriteSecond => note_made(&recorder, &args.get_item(1)?),
    }
    Ok(())
}

fn note_made(recorder: &Mutex<Recorder>, path: &Bound<'_, PyAny>) {
    if let Some(place) = path_of(path).and_then(|path| absolute(&path)) {
        lock(recorder).made(&place);
    }
}

/// `(path, mode, flags)`: `mode` is a string from `open`, `None` from `os.open`; `flags` are those
/// of `open(2)` in both cases.
fn access(args: &Bound<'_, PyTuple>) -> PyResult<Access> {
    let flags: c_int = args.get_item(2)?.extract()?;
    Ok(match flags & libc::O_ACCMODE {
        libc::O_RDONLY => Access::Read,
        libc::O_RDWR if flags & (libc::O_TRUNC | libc::O_EXCL) == 0 => Access::Update,
        _ => Access::Write,
    })
}

fn path_of(value: &Bound<'_, PyAny>) -> Option<PathBuf> {
    if let Ok(text) = value.cast::<PyString>() {
        return Some(PathBuf::from(text.to_str().ok()?));
    }
    let bytes = value.cast::<PyBytes>().ok()?;
    Some(PathBuf::from(std::str::from_utf8(bytes.as_bytes()).ok()?))
}

fn absolute(path: &Path) -> Option<PathBuf> {
    std::path::absolute(path).ok()
}

/// Whether the code that is running now reads source files for the interpreter or for pytest.
fn reads_sources(py: Python<'_>) -> bool {
    // SAFETY: the interpreter's lock is held; the frame is borrowed and may be null.
    let frame = unsafe { ffi::PyEval_GetFrame() }.cast::<ffi::PyObject>();
    // SAFETY: a borrowed frame or null, which `Bound` takes a reference to.
    let mut frame = unsafe { Bound::from_borrowed_ptr_or_opt(py, frame) };
    while let Some(caller) = frame {
        let Some(filename) = file_of(&caller) else { return false };
        // `Path.read_bytes` and the like open on behalf of their caller.
        if !filename.contains("/pathlib") {
            return SOURCE_READERS.iter().any(|reader| filename.ends_with(reader));
        }
        frame = caller.getattr("f_back").ok().filter(|back| !back.is_none());
    }
    false
}

/// The name of the file whose code runs in `frame`.
fn file_of(frame: &Bound<'_, PyAny>) -> Option<String> {
    frame.getattr("f_code").ok()?.getattr("co_filename").ok()?.extract().ok()
}
