//! Objects that methods leave something in, told apart for as long as the run lasts.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;
use rustc_hash::{FxHashMap, FxHashSet};
use testmonx_engine::observer::Receiver as Numbered;

use super::code;
use super::gil::{Kept, Owned};

/// How many objects may be known before the dead ones are looked for.
const MIN_SWEEP: usize = 1024;

unsafe extern "C" {
    /// What a type or the first of its bases has under a name, without the help of descriptors; borrowed, and null without
    /// an exception if there is none (`cpython/object.h`).
    fn _PyType_Lookup(of: *mut ffi::PyTypeObject, name: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

static INIT: Kept = Kept::new();

/// Makes the name that [`Receivers::birth`] looks up: nothing may be made while the run is borrowed.
pub(super) fn keep_names(py: Python<'_>) {
    INIT.keep(PyString::intern(py, "__init__"));
}

/// What an object is told apart by.
#[derive(Debug)]
pub(super) enum Receiver {
    /// It has a number already.
    Known(Numbered),
    /// Its weak reference, of which an object has one without a callback.
    Reference(Owned),
    /// Its address, if there can be no weak reference to it (a `tuple`, an `int`, `__slots__`): it may be taken
    /// for one that is gone, which makes too much count rather than too little. Where its `__init__` was seen to start
    /// the address is as good as a reference: nothing older can be there.
    Address(usize),
}

impl Receiver {
    /// Must not be called while the run is borrowed: the reference is an object that is made, and so can have the
    /// interpreter collect garbage, which runs finalizers.
    pub(super) fn of(object: &Bound<'_, PyAny>) -> Self {
        // An error that is made and dropped costs 3,000 instructions, and the nodes of many a parser have slots.
        // SAFETY: the GIL is held, and a live object has a type.
        if unsafe { (*ffi::Py_TYPE(object.as_ptr())).tp_weaklistoffset } == 0 {
            return Self::Address(object.as_ptr() as usize);
        }
        // SAFETY: the GIL is held and the object alive.
        let reference = unsafe {
            let made = ffi::PyWeakref_NewRef(object.as_ptr(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_opt(object.py(), made)
        };
        match reference {
            Some(reference) => Self::Reference(Owned::from(&reference)),
            None => {
                // SAFETY: the GIL is held; the call above has set a `TypeError`.
                unsafe { ffi::PyErr_Clear() };
                Self::Address(object.as_ptr() as usize)
            }
        }
    }
}

/// Numbers for objects. An address is not enough: the next test's object is often made where the last
/// one's was.
#[derive(Debug, Default)]
pub(super) struct Receivers {
    /// By address of the object's weak reference. It is kept alive, so that no other object's can have the
    /// address.
    known: FxHashMap<usize, (Owned, u32)>,
    by_address: FxHashMap<usize, Numbered>,
    /// The types of objects without weak references whose `__init__` was looked for.
    types: FxHashSet<usize>,
    next: u32,
    sweep_at: usize,
}

impl Receivers {
    /// The number of an object that has one and is told apart for sure, found without making anything.
    #[inline]
    pub(super) fn known(&self, object: &Bound<'_, PyAny>) -> Option<Numbered> {
        let Some(reference) = first_reference(object) else {
            let known = self.by_address.get(&(object.as_ptr() as usize));
            return known.copied().filter(|known| known.is_sure);
        };
        let (_, number) = self.known.get(&reference)?;
        Some(Numbered { number: *number, is_sure: true })
    }

    /// The number of an object; `None` if there are no more. References that are no longer needed go to `retired`.
    pub(super) fn number(
        &mut self,
        py: Python<'_>,
        receiver: Receiver,
        retired: &mut Vec<Owned>,
    ) -> Option<Numbered> {
        let reference = match receiver {
            Receiver::Known(known) => return Some(known),
            Receiver::Reference(reference) => reference,
            Receiver::Address(address) => return self.at(address),
        };
        let address = reference.as_ptr() as usize;
        if let Some((_, number)) = self.known.get(&address) {
            retired.push(reference);
            return Some(Numbered { number: *number, is_sure: true });
        }
        if self.known.len() >= self.sweep_at.max(MIN_SWEEP) {
            self.sweep(py, retired);
        }
        self.next = self.next.checked_add(1)?;
        self.known.insert(address, (reference, self.next));
        Some(Numbered { number: self.next, is_sure: true })
    }

    fn at(&mut self, address: usize) -> Option<Numbered> {
        if let Some(known) = self.by_address.get(&address) {
            return Some(*known);
        }
        self.number_at(address, false)
    }

    fn number_at(&mut self, address: usize, is_sure: bool) -> Option<Numbered> {
        self.next = self.next.checked_add(1)?;
        let numbered = Numbered { number: self.next, is_sure };
        self.by_address.insert(address, numbered);
        Some(numbered)
    }

    /// Notes that an object is new: what was known of its address was about another one.
    pub(super) fn born(&mut self, object: &Bound<'_, PyAny>) {
        let address = object.as_ptr() as usize;
        if self.number_at(address, true).is_none() {
            self.by_address.remove(&address);
        }
    }

    /// The code of the `__init__` that objects of this one's type are born by, if there can be no weak references to them
    /// and it is a Python function with a first parameter. Each type is looked at once.
    pub(super) fn birth<'py>(&mut self, object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: the GIL is held; the type is alive as the object is, and looking a name up in it runs no Python code.
        unsafe {
            let of = ffi::Py_TYPE(object.as_ptr());
            if (*of).tp_weaklistoffset != 0 || !self.types.insert(of as usize) {
                return None;
            }
            let init = _PyType_Lookup(of, INIT.as_ptr());
            if init.is_null() || ffi::PyFunction_Check(init) == 0 {
                return None;
            }
            let code = Bound::from_borrowed_ptr_or_opt(object.py(), ffi::PyFunction_GetCode(init));
            code.filter(code::has_parameter)
        }
    }

    fn sweep(&mut self, _py: Python<'_>, retired: &mut Vec<Owned>) {
        let dead = self.known.extract_if(|_, (reference, _)| is_dead(reference));
        retired.extend(dead.map(|(_, (reference, _))| reference));
        self.sweep_at = 2 * self.known.len();
    }
}

/// Whether the object of a weak reference is gone. Called under the GIL.
fn is_dead(reference: &Owned) -> bool {
    #[cfg(Py_3_13)]
    // SAFETY: the GIL is held, and this is a weak reference. An object that is alive has another owner than this one.
    unsafe {
        let mut object = std::ptr::null_mut();
        let found = ffi::PyWeakref_GetRef(reference.as_ptr(), &raw mut object);
        ffi::Py_XDECREF(object);
        found == 0
    }
    #[cfg(not(Py_3_13))]
    // SAFETY: the GIL is held, and this is a weak reference; the result is borrowed.
    unsafe {
        ffi::PyWeakref_GetObject(reference.as_ptr()) == ffi::Py_None()
    }
}

/// The address of the first of an object's weak references, if there can be any: the one without a callback, once
/// that was made (`PyObject_GET_WEAKREFS_LISTPTR` in CPython, which keeps the list in that order).
#[inline]
fn first_reference(object: &Bound<'_, PyAny>) -> Option<usize> {
    // SAFETY: the GIL is held, and a live object has a type, which says where in it the list begins.
    unsafe {
        match (*ffi::Py_TYPE(object.as_ptr())).tp_weaklistoffset {
            0 => None,
            offset => Some(object.as_ptr().byte_offset(offset).cast::<usize>().read()),
        }
    }
}
