//! Objects that methods leave something in, told apart for as long as the run lasts.

use std::collections::HashMap;

use pyo3::ffi;
use pyo3::prelude::*;
use testmonx_engine::observer::Receiver as Numbered;

use super::gil::Owned;

/// How many objects may be known before the dead ones are looked for.
const MIN_SWEEP: usize = 1024;

/// What an object is told apart by.
#[derive(Debug)]
pub(super) enum Receiver {
    /// Its weak reference, of which an object has one without a callback.
    Reference(Owned),
    /// Its address, if there can be no weak reference to it (a `tuple`, an `int`, `__slots__`): it may be taken
    /// for one that is gone, which makes too much count rather than too little.
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
    known: HashMap<usize, (Owned, u32)>,
    by_address: HashMap<usize, u32>,
    next: u32,
    sweep_at: usize,
}

impl Receivers {
    /// The number of an object; `None` if there are no more. References that are no longer needed go to `retired`.
    pub(super) fn number(
        &mut self,
        py: Python<'_>,
        receiver: Receiver,
        retired: &mut Vec<Owned>,
    ) -> Option<Numbered> {
        let reference = match receiver {
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
        let number = match self.by_address.get(&address) {
            Some(number) => *number,
            None => {
                self.next = self.next.checked_add(1)?;
                self.by_address.insert(address, self.next);
                self.next
            }
        };
        Some(Numbered { number, is_sure: false })
    }

    fn sweep(&mut self, _py: Python<'_>, retired: &mut Vec<Owned>) {
        let is_dead = |_: &usize, (reference, _): &mut (Owned, u32)| {
            // SAFETY: the GIL is held, and this is a weak reference; the result is borrowed.
            unsafe { ffi::PyWeakref_GetObject(reference.as_ptr()) == ffi::Py_None() }
        };
        let dead = self.known.extract_if(is_dead);
        retired.extend(dead.map(|(_, (reference, _))| reference));
        self.sweep_at = 2 * self.known.len();
    }
}
