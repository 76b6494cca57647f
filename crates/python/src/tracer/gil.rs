//! Process-wide state that the GIL guards, and owned references that need no token.

use std::cell::{RefCell, RefMut};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

/// A value that only the thread holding the GIL touches.
///
/// A mutex would do the same at 10 ns a call, which is as much as all else that the tracer does in
/// one. Borrows are checked all the same: they last only while no Python code can run, and a
/// breach of that must show as a refused borrow, not as two mutable references.
pub(super) struct GilCell<T>(RefCell<T>);

// SAFETY: `borrow` asks for the proof that the GIL is held, which makes the accesses of different
// threads follow one another; free-threaded interpreters are refused before anything is stored.
unsafe impl<T: Send> Sync for GilCell<T> {}

impl<T> GilCell<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    /// The value, or `None` while it is borrowed further up this thread's stack.
    #[inline]
    pub(super) fn borrow(&self, _py: Python<'_>) -> Option<RefMut<'_, T>> {
        self.0.try_borrow_mut().ok()
    }
}

/// A Python object that is kept at hand for the life of the process: one that is needed where nothing may be made, or at
/// every call.
pub(super) struct Kept(AtomicPtr<ffi::PyObject>);

impl Kept {
    /// A place with nothing in it.
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// Puts an object there, unless there is one.
    pub(super) fn keep<T>(&self, object: Bound<'_, T>) {
        if self.as_ptr().is_null() {
            self.0.store(object.into_ptr(), Ordering::Relaxed);
        }
    }

    /// The object, borrowed; null if there is none yet.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.load(Ordering::Relaxed)
    }
}

/// An owned reference to a Python object.
///
/// Unlike `Py<T>` it gives the reference back at once when dropped, also inside a callback that
/// the interpreter made without PyO3's knowledge; `Py<T>` would queue it until PyO3 is next entered.
/// It must be dropped with the GIL held: all of them live in the run, which [`GilCell`] guards.
#[derive(Debug)]
pub(super) struct Owned(NonNull<ffi::PyObject>);

// SAFETY: the reference count is touched in `from` and `drop` only, both under the GIL.
unsafe impl Send for Owned {}

impl Owned {
    pub(super) fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    /// The object, for as long as the GIL is known to be held.
    #[cfg(Py_3_12)]
    pub(super) fn bind<'a, 'py>(&'a self, py: Python<'py>) -> Borrowed<'a, 'py, PyAny> {
        // SAFETY: the object lives as long as `self`.
        unsafe { Borrowed::from_ptr(py, self.as_ptr()) }
    }
}

impl From<&Bound<'_, PyAny>> for Owned {
    fn from(object: &Bound<'_, PyAny>) -> Self {
        // SAFETY: a `Bound` is the proof that the object is alive and the GIL held, and is never null.
        Self(unsafe { NonNull::new_unchecked(ffi::Py_NewRef(object.as_ptr())) })
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference is owned, and the GIL held, see the type.
        unsafe { ffi::Py_DECREF(self.as_ptr()) }
    }
}
