//! Questions that raise no audit event: `os.stat`, `os.lstat`, `os.access`, `os.readlink`, and with
//! them all of `os.path.exists`, `Path.is_file` and the like, which are Python code over these. Also
//! `os.open`, whose event does not tell `dir_fd`.
//!
//! A built-in function object refers to a `PyMethodDef`, a plain record of name, C function and
//! flags that the interpreter reads at every call, also from specialised bytecode. While a recording is
//! on, the objects refer to a copy of their record with another C function, which takes note and
//! calls the one before. So nothing changes for Python code: `os.stat` is the same object, with the same
//! name, signature and pickle, wherever it was imported to.
//!
//! Rejected: to replace `os.stat` (who has imported it already keeps the old one; who compares or pickles
//! it sees another); to trace the functions of `genericpath` and `pathlib` (does not see the arguments,
//! and not `os.stat` itself).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use testmonx_engine::{Access, Sight};

use super::callers::{self, Asker};
use super::events::{access, opened};
use super::{is_on, is_wanted, paths, tell};

type Function = ffi::PyCFunctionFastWithKeywords;

/// A built-in function that is listened to.
struct Listened {
    name: &'static str,
    function: Function,
    note: fn(&Call<'_>),
    /// The record that the function object had before; null while nothing is listened to.
    before: AtomicPtr<ffi::PyMethodDef>,
}

macro_rules! listened {
    ($($index:literal: $name:literal, $function:ident, $note:path;)*) => {
        static LISTENED: [Listened; [$($name),*].len()] = [$(Listened {
            name: $name,
            function: $function,
            note: $note,
            before: AtomicPtr::new(null_mut()),
        }),*];

        $(
            unsafe extern "C" fn $function(
                slf: *mut ffi::PyObject,
                args: *const *mut ffi::PyObject,
                count: ffi::Py_ssize_t,
                names: *mut ffi::PyObject,
            ) -> *mut ffi::PyObject {
                // SAFETY: the interpreter's own arguments, passed on as they are.
                unsafe { listen(&LISTENED[$index], slf, args, count, names) }
            }
        )*
    };
}

listened! {
    0: "stat", on_stat, note_question;
    1: "lstat", on_lstat, note_question;
    2: "access", on_access, note_question;
    3: "readlink", on_readlink, note_question;
    4: "open", on_open, note_open;
}

/// Starts to listen.
pub(super) fn install(py: Python<'_>) -> PyResult<()> {
    let posix = py.import("posix")?;
    for listened in &LISTENED {
        let object = posix.getattr(listened.name)?;
        // SAFETY: the interpreter's lock is held; the type is checked before the object is taken for
        // what it is. The copy of the record is never freed: a call may be on its way when it is
        // replaced.
        unsafe {
            let is_function = ffi::PyCFunction_CheckExact(object.as_ptr()) != 0;
            let object = object.as_ptr().cast::<ffi::PyCFunctionObject>();
            let expected = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
            if !is_function || (*(*object).m_ml).ml_flags != expected {
                return Err(PyRuntimeError::new_err(format!(
                    "`os.{}` is not the function that CPython has there (run without what replaces it)",
                    listened.name
                )));
            }
            let before = (*object).m_ml;
            let is_listening = (*before).ml_meth.PyCFunctionFastWithKeywords as usize
                == listened.function as usize;
            if !is_listening {
                let mut copy = *before;
                copy.ml_meth.PyCFunctionFastWithKeywords = listened.function;
                listened.before.store(before, Ordering::Relaxed);
                (*object).m_ml = Box::leak(Box::new(copy));
            }
        }
    }
    Ok(())
}

/// Stops listening. Records stay leaked: 32 bytes a function and recording.
pub(super) fn uninstall(py: Python<'_>) {
    let Ok(posix) = py.import("posix") else { return };
    for listened in &LISTENED {
        let before = listened.before.load(Ordering::Relaxed);
        let Ok(object) = posix.getattr(listened.name) else { continue };
        // SAFETY: as in `install`, which has set `before` for such an object only. `before` is kept,
        // since a call may be on its way; the object's own record says whether it is listened to.
        unsafe {
            if !before.is_null() && ffi::PyCFunction_CheckExact(object.as_ptr()) != 0 {
                (*object.as_ptr().cast::<ffi::PyCFunctionObject>()).m_ml = before;
            }
        }
    }
}

/// Takes note of a call, and makes it.
///
/// # Safety
/// The arguments are those of a call that the interpreter makes.
unsafe fn listen(
    listened: &Listened,
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if is_on() {
        // SAFETY: the interpreter calls with its lock held, and the arguments outlive the call.
        let call = unsafe { Call { py: Python::assume_attached(), args, count, names } };
        // What cannot be understood must not fail the call, nor may a panic cross it.
        let _ = catch_unwind(AssertUnwindSafe(|| (listened.note)(&call)));
    }
    // SAFETY: `install` has stored the record of a function with this calling convention.
    unsafe {
        let before = listened.before.load(Ordering::Relaxed);
        ((*before).ml_meth.PyCFunctionFastWithKeywords)(slf, args, count, names)
    }
}

/// A call, by the vectorcall protocol.
struct Call<'py> {
    py: Python<'py>,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
}

impl<'py> Call<'py> {
    fn positional(&self, index: usize) -> Option<Borrowed<'_, 'py, PyAny>> {
        // SAFETY: there are `count` positional arguments, which live as long as the call.
        (index < usize::try_from(self.count).ok()?)
            .then(|| unsafe { Borrowed::from_ptr(self.py, *self.args.add(index)) })
    }

    fn keyword(&self, wanted: &str) -> Option<Borrowed<'_, 'py, PyAny>> {
        // SAFETY: null or a tuple of names, which live as long as the call.
        let names = unsafe { Borrowed::from_ptr_or_opt(self.py, self.names)? };
        let names = names.cast::<PyTuple>().ok()?;
        let at = names.iter().position(|name| name.eq(wanted).unwrap_or(false))?;
        // SAFETY: the values of keywords follow the positional arguments, in the order of the names.
        let value = unsafe {
            Borrowed::from_ptr(self.py, *self.args.add(usize::try_from(self.count).ok()? + at))
        };
        (!value.is_none()).then_some(value)
    }

    fn argument(&self, index: usize, name: &str) -> Option<Borrowed<'_, 'py, PyAny>> {
        self.positional(index).or_else(|| self.keyword(name))
    }

    /// The place that the argument `path` names.
    fn place(&self) -> Option<PathBuf> {
        let dir = self.keyword("dir_fd");
        paths::place_in(&*self.argument(0, "path")?, dir.as_deref())
    }
}

/// Tells of a question what is at a place.
fn note_question(call: &Call<'_>) {
    // Nearly all questions are pytest's and the import system's, so this comes first.
    let asker = callers::asker(call.py);
    if asker == Asker::Machinery {
        return;
    }
    let Some(place) = call.place() else { return };
    let sight = Sight::Asked { place };
    if !is_wanted(&sight) {
        return;
    }
    let place = (asker == Asker::Measure).then(|| sight.place().clone());
    tell(sight);
    if let Some(place) = place.filter(|place| place.is_file()) {
        tell(Sight::Opened { place, access: Access::Read });
    }
}

/// Tells of a relative path that is opened, perhaps in a directory that the audit event does not tell.
fn note_open(call: &Call<'_>) {
    let Some(path) = call.argument(0, "path") else { return };
    if paths::text(&path).is_none_or(|path| path.is_absolute()) {
        return;
    }
    if let Some(place) = call.place()
        && let Some(flags) = call.argument(1, "flags").and_then(|flags| flags.extract().ok())
    {
        let access = access(flags);
        if access != Access::Read || !callers::reads_sources(call.py, &place) {
            opened(place, access);
        }
    }
}
