//! Objects that methods leave something in, told apart for as long as the run lasts.

use std::collections::HashMap;

use pyo3::ffi;
use pyo3::prelude::*;

use super::gil::Owned;

/// How many objects may be known before the dead ones are looked for.
const MIN_SWEEP: usize = 1024;

/// Numbers for objects. An address is not enough: the next test's object is often made where the last
/// one's was.
#[derive(Debug, Default)]
pub(super) struct Receivers {
    /// By address of the object's weak reference, of which an object has one without a callback. It is kept
    /// alive, so that no other object's can have the address.
    known: HashMap<usize, (Owned, u32)>,
    by_address: HashMap<usize, u32>,
    next: u32,
    sweep_at: usize,
}

impl Receivers {
    /// The number of `object`. Of one that there can be no weak reference to (a `tuple`, an `int`, `__slots__`)
    /// it is that of its address: it may be taken for one that is gone, which makes too much count rather
    /// than too little. References that are no longer needed go to `retired`.
    pub(super) fn number(
        &mut self,
        object: &Bound<'_, PyAny>,
        retired: &mut Vec<Owned>,
    ) -> Option<u32> {
        let py = object.py();
        // SAFETY: the GIL is held and the object alive. No Python code runs: a type that supports weak
        // references has a slot for them.
        let reference = unsafe {
            let made = ffi::PyWeakref_NewRef(object.as_ptr(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_opt(py, made)
        };
        let Some(reference) = reference else {
            // SAFETY: the GIL is held; the call above has set a `TypeError`.
            unsafe { ffi::PyErr_Clear() };
            return self.at(object.as_ptr() as usize);
        };
        if let Some((_, number)) = self.known.get(&(reference.as_ptr() as usize)) {
            return Some(*number);
        }
        if self.known.len() >= self.sweep_at.max(MIN_SWEEP) {
            self.sweep(py, retired);
        }
        self.next = self.next.checked_add(1)?;
        self.known.insert(reference.as_ptr() as usize, (Owned::from(&reference), self.next));
        Some(self.next)
    }

    fn at(&mut self, address: usize) -> Option<u32> {
        if let Some(number) = self.by_address.get(&address) {
            return Some(*number);
        }
        self.next = self.next.checked_add(1)?;
        self.by_address.insert(address, self.next);
        Some(self.next)
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
