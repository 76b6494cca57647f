//! A Python callable that is nothing but a C function.
//!
//! The interpreter calls it without building a tuple and, unlike a built-in function
//! (`METH_FASTCALL`), without counting it as a level of recursion: a callback that the interpreter
//! refused to enter would raise its `RecursionError` in the function that is being traced, which may
//! have had just enough room for itself.

use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::null_mut;

use pyo3::ffi;
use pyo3::prelude::*;

#[repr(C)]
struct Callback {
    ob_base: ffi::PyObject,
    vectorcall: ffi::vectorcallfunc,
}

/// The type of callbacks.
pub(super) fn callback_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let mut members = [
        ffi::PyMemberDef {
            name: c"__vectorcalloffset__".as_ptr(),
            type_code: ffi::Py_T_PYSSIZET,
            offset: offset_of!(Callback, vectorcall) as ffi::Py_ssize_t,
            flags: ffi::Py_READONLY,
            doc: std::ptr::null(),
        },
        ffi::PyMemberDef::default(),
    ];
    let mut slots = [
        ffi::PyType_Slot { slot: ffi::Py_tp_members, pfunc: members.as_mut_ptr().cast() },
        ffi::PyType_Slot { slot: ffi::Py_tp_call, pfunc: ffi::PyVectorcall_Call as *mut c_void },
        ffi::PyType_Slot { slot: 0, pfunc: null_mut() },
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT
        | ffi::Py_TPFLAGS_HAVE_VECTORCALL
        | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION
        | ffi::Py_TPFLAGS_IMMUTABLETYPE;
    let mut spec = ffi::PyType_Spec {
        name: c"testmonx._native._Callback".as_ptr(),
        basicsize: size_of::<Callback>() as i32,
        itemsize: 0,
        flags: flags as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the GIL is held. The type copies members and name; the layout described is that of
    // `Callback`, whose first field is a `PyObject`.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec)) }
}

/// A callable that runs `function`.
pub(super) fn callback<'py>(
    callback_type: &Bound<'py, PyAny>,
    function: ffi::vectorcallfunc,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the type comes from `callback_type`, so its instances are `Callback`s, in which the
    // allocator has set the head; the function is set before anyone can call it.
    unsafe {
        let callback = ffi::PyType_GenericAlloc(callback_type.as_ptr().cast(), 0);
        if !callback.is_null() {
            (*callback.cast::<Callback>()).vectorcall = function;
        }
        Bound::from_owned_ptr_or_err(callback_type.py(), callback)
    }
}
