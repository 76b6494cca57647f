//! A frame that is followed, and whether it has ended.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use super::super::error::StartError;
use super::super::gil::Owned;
use super::super::stack;

/// The frame object of a module body or a followed call, kept until that is closed.
///
/// While a frame executes, its data lies on its thread's stack, and the frame object points there. When
/// it ends, by whichever way, and its frame object lives on, the data moves into the frame object. So
/// one comparison tells whether a module body is still on its way, on whichever thread or greenlet.
#[derive(Debug)]
pub(in super::super) struct ModuleFrame(Owned);

/// The head of `PyFrameObject`, the same in all of CPython 3.11 to 3.14.
#[repr(C)]
struct FrameHead {
    ob_base: ffi::PyObject,
    back: *mut c_void,
    data: *const c_void,
}

/// Where in the frame object its own data lies; it differs between versions, so it is measured.
static OWN_DATA: AtomicUsize = AtomicUsize::new(0);

impl ModuleFrame {
    pub(super) fn new(frame: &Bound<'_, PyAny>) -> Self {
        Self(Owned::from(frame))
    }

    /// Whether the body has ended, by return or by exception.
    pub(in super::super) fn has_ended(&self, py: Python<'_>) -> bool {
        own_data(&self.0.bind(py)) == Some(OWN_DATA.load(Ordering::Relaxed))
    }

    /// The instruction that the body has reached.
    pub(in super::super) fn position(&self, _py: Python<'_>) -> i32 {
        // SAFETY: the GIL is held, and this is a frame object.
        unsafe { ffi::PyFrame_GetLasti(self.0.as_ptr().cast()) }
    }

    /// The line of that instruction, 0 if it has none.
    pub(in super::super) fn line(&self, _py: Python<'_>) -> u32 {
        // SAFETY: the GIL is held, and this is a frame object.
        let line = unsafe { ffi::PyFrame_GetLineNumber(self.0.as_ptr().cast()) };
        u32::try_from(line).unwrap_or(0)
    }
}

impl PartialEq for ModuleFrame {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ptr() == other.0.as_ptr()
    }
}

/// Finds out where ended frames keep their data, and that running ones keep theirs elsewhere.
pub(super) fn calibrate(py: Python<'_>) -> Result<(), StartError> {
    let ended = py.eval(c"(lambda: __import__('sys')._getframe())()", None, None)?;
    let place = own_data(&ended);
    let running = stack::current_frame(py);
    match place {
        Some(place) if running.is_none_or(|frame| own_data(&frame) != Some(place)) => {
            OWN_DATA.store(place, Ordering::Relaxed);
            Ok(())
        }
        _ => Err(StartError::Unsupported { reason: "frame objects have an unknown layout" }),
    }
}

/// The distance of a frame's data from its frame object, if it lies inside.
fn own_data(frame: &Bound<'_, PyAny>) -> Option<usize> {
    // SAFETY: callers pass frame objects, which begin with a `FrameHead`.
    let data = unsafe { (*frame.as_ptr().cast::<FrameHead>()).data };
    let place = (data as usize).checked_sub(frame.as_ptr() as usize)?;
    // SAFETY: a type object is alive as long as its instances.
    let size = unsafe { (*ffi::Py_TYPE(frame.as_ptr())).tp_basicsize };
    (place >= size_of::<FrameHead>() && place < usize::try_from(size).ok()?).then_some(place)
}
