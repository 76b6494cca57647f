//! Code objects: what identifies them, and the mark that says which entry they belong to.
//!
//! The mark is a number in the code object's own extra slot (PEP 523), so looking it up costs 2 ns, a
//! code object that dies takes its mark along, and another one at the same address has none. Marks of
//! an earlier run of the tracer are recognised by being smaller than all marks of the present one.

use std::ffi::c_void;
#[cfg(not(Py_3_12))]
use std::ffi::{c_int, c_short};
use std::sync::OnceLock;

use pyo3::ffi;
use pyo3::prelude::*;

use super::error::StartError;
use super::record::Key;

/// What the mark of a code object says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing: this run sees it for the first time.
    None,
    /// It is not project code.
    Foreign,
    /// It belongs to that entry.
    Entry(Key),
}

/// Reads and writes the marks of one run of the tracer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    index: ffi::Py_ssize_t,
    /// The mark of foreign code; those of the entries follow it.
    foreign: usize,
}

impl Marks {
    /// Marks that are greater than `used`, the number of marks that earlier runs have used.
    pub(super) fn new(_py: Python<'_>, used: usize) -> Result<Self, StartError> {
        // One index for the process: CPython hands out 255 in all, and takes none back.
        static INDEX: OnceLock<ffi::Py_ssize_t> = OnceLock::new();
        // SAFETY: the GIL is held; `keep` ignores what it is given, as marks own nothing.
        let request = || unsafe { ffi::PyUnstable_Eval_RequestCodeExtraIndex(keep) };
        match *INDEX.get_or_init(request) {
            index if index >= 0 => Ok(Self { index, foreign: used + 1 }),
            _ => Err(StartError::Unsupported { reason: "all 255 code-extra slots are in use" }),
        }
    }

    /// How many marks have been used, with those of `entries` entries of this run.
    pub(super) fn used(self, entries: usize) -> usize {
        self.foreign + entries
    }

    /// The mark of `code`; [`Mark::Foreign`] for what is not a code object.
    #[inline]
    pub(super) fn get(self, code: &Bound<'_, PyAny>) -> Mark {
        // SAFETY: the GIL is held, and the index was given out by the interpreter.
        let Some(mark) = (unsafe { extra(code, self.index) }) else { return Mark::Foreign };
        match (mark as usize).checked_sub(self.foreign) {
            None => Mark::None,
            Some(0) => Mark::Foreign,
            Some(n) => Mark::Entry(Key(n - 1)),
        }
    }

    /// Marks `code`. `None` marks it as foreign.
    pub(super) fn set(self, code: &Bound<'_, PyAny>, key: Option<Key>) -> PyResult<()> {
        let mark = self.foreign + key.map_or(0, |key| key.0 + 1);
        // SAFETY: the GIL is held, and the function itself refuses what is not a code object.
        let failed = unsafe {
            ffi::PyUnstable_Code_SetExtra(code.as_ptr(), self.index, mark as *mut c_void)
        };
        if failed != 0 { Err(PyErr::fetch(code.py())) } else { Ok(()) }
    }
}

/// What the extra slot `index` of `code` holds; `None` if that is no code object.
///
/// # Safety
/// The GIL is held, and the index was given out by the interpreter.
#[cfg(Py_3_12)]
#[inline]
unsafe fn extra(code: &Bound<'_, PyAny>, index: ffi::Py_ssize_t) -> Option<*mut c_void> {
    let mut mark: *mut c_void = std::ptr::null_mut();
    // SAFETY: the caller's promise.
    let failed = unsafe { ffi::PyUnstable_Code_GetExtra(code.as_ptr(), index, &raw mut mark) };
    if failed != 0 {
        // SAFETY: the GIL is held. Reached only if Python code gets hold of a callback and calls it with
        // something else than a code object.
        unsafe { ffi::PyErr_Clear() };
        return None;
    }
    Some(mark)
}

/// `PyCodeObject` in CPython 3.11 (`cpython/code.h`), as far as its extra slots.
#[cfg(not(Py_3_12))]
#[repr(C)]
struct Code {
    ob_base: ffi::PyVarObject,
    consts_names_exceptions: [*mut c_void; 3],
    flags: c_int,
    warmup: c_short,
    linearray_entry_size: c_short,
    counts: [c_int; 10],
    objects: [*mut c_void; 9],
    first_traceable: c_int,
    extras: *mut Extras,
}

/// `_PyCodeObjectExtra`, which has `size` slots.
#[cfg(not(Py_3_12))]
#[repr(C)]
struct Extras {
    size: ffi::Py_ssize_t,
    slots: [*mut c_void; 1],
}

/// The same, read where CPython 3.11 keeps it (`Objects/codeobject.c`), since it is asked for at every call.
///
/// # Safety
/// The GIL is held, `code` is a code object, and the index was given out by the interpreter.
#[cfg(not(Py_3_12))]
#[inline]
unsafe fn extra(code: &Bound<'_, PyAny>, index: ffi::Py_ssize_t) -> Option<*mut c_void> {
    // SAFETY: the caller's promise; the slots are only read if there are so many.
    unsafe {
        let extras = (*code.as_ptr().cast::<Code>()).extras;
        if extras.is_null() || (*extras).size <= index {
            return Some(std::ptr::null_mut());
        }
        Some((&raw const (*extras).slots).cast::<*mut c_void>().offset(index).read())
    }
}

unsafe extern "C" fn keep(_mark: *mut c_void) {}

// `intern!` would save 30 ns a code object, but PyO3 lets go of the GIL while it fills the cell.

/// `co_filename`.
///
/// Bytes that are no UTF-8 are replaced, so a project below such a directory is not recognised.
pub(super) fn filename(code: &Bound<'_, PyAny>) -> PyResult<String> {
    text(&code.getattr("co_filename")?)
}

/// Whether a call of the code has a first argument, other than those of `*args`.
pub(super) fn has_parameter(code: &Bound<'_, PyAny>) -> bool {
    let count = code.getattr("co_argcount").and_then(|count| count.extract::<i32>());
    count.is_ok_and(|count| count > 0)
}

/// What there is to know about project code.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// `co_qualname`.
    pub(super) qualname: String,
    /// `co_firstlineno`; 0 for the negative ones that made-up code may have.
    pub(super) first_line: u32,
    /// The length of the code in code units, the interpreter's measure of instructions.
    pub(super) size: usize,
    /// Whether a call of it makes a generator or coroutine, and runs nothing of it.
    pub(super) makes_generator: bool,
    /// Whether it is the body of a class, or of a module.
    pub(super) is_class_body: bool,
}

/// `co_flags` of generators, coroutines and asynchronous generators
/// (<https://docs.python.org/3/library/inspect.html#code-objects-bit-flags>).
pub(super) const MAKES_GENERATOR: i32 =
    ffi::CO_GENERATOR | ffi::CO_COROUTINE | ffi::CO_ASYNC_GENERATOR;

/// `co_flags` that a function has and the body of a class has not: its names are in fast slots and in a namespace of
/// its own.
const OF_FUNCTIONS: i32 = ffi::CO_OPTIMIZED | ffi::CO_NEWLOCALS;

impl Identity {
    /// Reads the attributes of a code object.
    pub(super) fn of(code: &Bound<'_, PyAny>) -> PyResult<Self> {
        let first_line: i64 = code.getattr("co_firstlineno")?.extract()?;
        let flags: i32 = code.getattr("co_flags")?.extract()?;
        Ok(Self {
            qualname: text(&code.getattr("co_qualname")?)?,
            first_line: u32::try_from(first_line).unwrap_or(0),
            makes_generator: flags & MAKES_GENERATOR != 0,
            is_class_body: flags & OF_FUNCTIONS == 0,
            // SAFETY: callers pass code objects, whose variable part is their code.
            size: usize::try_from(unsafe { ffi::Py_SIZE(code.as_ptr()) }).unwrap_or(0),
        })
    }
}

fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(value.cast::<pyo3::types::PyString>()?.to_string_lossy().into_owned())
}
