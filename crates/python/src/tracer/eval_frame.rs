//! CPython 3.11: the frame evaluation hook of PEP 523.
//!
//! The interpreter calls it in place of its own evaluation loop for every function call, resumed
//! generator and module body, on every thread. It sees them all exactly, begin and end, so there is
//! nothing to disable and nothing to guess. With a hook set, calls from Python to Python nest on the
//! C stack, as they did before 3.11.
//!
//! The hook is process-wide and there is one: the one that was set before is called in its turn.

use std::ffi::{c_char, c_int, c_void};
use std::mem::transmute;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use super::code::MAKES_GENERATOR;
use super::error::{Fault, StartError};
use super::events;
use super::gil::Owned;
use super::libraries;
use super::record::{Key, Kind};
use super::run::{self, Heard, Retired};
use super::stack;

/// `_PyFrameEvalFunction`, declared as one through which a thread can be unwound: a daemon thread that
/// wants the GIL during shutdown is ended by `pthread_exit` wherever it stands, which is inside of
/// the hook. Nothing may be waiting to be dropped there.
type EvalFrame = unsafe extern "C-unwind" fn(
    *mut ffi::PyThreadState,
    *mut InterpreterFrame,
    c_int,
) -> *mut ffi::PyObject;

/// The head of `_PyInterpreterFrame` in CPython 3.11, which is final.
#[repr(C)]
struct InterpreterFrame {
    func: *mut c_void,
    globals: *mut ffi::PyObject,
    builtins: *mut ffi::PyObject,
    locals: *mut ffi::PyObject,
    code: *mut ffi::PyObject,
    frame_object: *mut c_void,
    previous: *mut c_void,
    /// The code unit before the next instruction.
    prev_instr: *const u16,
    stack_top: c_int,
    is_entry: bool,
    /// [`OWNED_BY_THREAD`], or what owns it otherwise.
    owner: c_char,
    /// The first of the local variables: the first argument, if there is one.
    first_local: *mut ffi::PyObject,
}

/// The frame lies on its thread's stack: it is not that of a generator or coroutine that was made.
const OWNED_BY_THREAD: c_char = 0;

/// The head of `PyCodeObject` in CPython 3.11.
#[repr(C)]
struct CodeHead {
    ob_base: ffi::PyVarObject,
    consts: *mut ffi::PyObject,
    names: *mut ffi::PyObject,
    exception_table: *mut ffi::PyObject,
    flags: c_int,
}

/// The function that the hook passes each frame on to.
static NEXT: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// The hook.
pub(super) struct Hook;

impl Hook {
    pub(super) fn install(_py: Python<'_>) -> Result<Self, StartError> {
        // It is still in place if another tool set a hook above it and keeps it as its next.
        if !NEXT.load(Ordering::Relaxed).is_null() {
            return Err(StartError::Unsupported {
                reason: "another tool has kept the frame evaluation hook of an earlier run",
            });
        }
        Ok(Self)
    }

    pub(super) fn enable(py: Python<'_>) -> PyResult<()> {
        NEXT.store(installed(py) as *mut c_void, Ordering::Relaxed);
        set(py, eval_frame);
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "the face of the 3.12 hook")]
    pub(super) fn watch(&self, _code: &Bound<'_, PyAny>, _kind: Kind) -> PyResult<()> {
        Ok(())
    }

    pub(super) fn watch_again(&self, _py: Python<'_>, _retired: &mut Vec<Owned>) {}

    pub(super) fn watch_if(
        &self,
        _py: Python<'_>,
        _is_wanted: impl FnMut(Key) -> bool,
        _retired: &mut Vec<Owned>,
    ) {
    }

    /// Keeps a fault if another tool has put its hook above this one, which it then may not call.
    pub(super) fn check(&self, py: Python<'_>) {
        if !is_installed(py) {
            Fault::Replaced { by: "another frame evaluation hook (PEP 523)".to_owned() }.keep();
        }
    }

    /// Restores the function that was there before, unless another tool has put its own above.
    pub(super) fn uninstall(self, py: Python<'_>) -> PyResult<()> {
        if is_installed(py) {
            let next = NEXT.swap(null_mut(), Ordering::Relaxed);
            // SAFETY: `enable` stored an evaluation function.
            set(py, unsafe { transmute::<*mut c_void, EvalFrame>(next) });
        }
        Ok(())
    }
}

fn installed(_py: Python<'_>) -> ffi::_PyFrameEvalFunction {
    // SAFETY: the GIL is held.
    unsafe { ffi::_PyInterpreterState_GetEvalFrameFunc(ffi::PyInterpreterState_Get()) }
}

fn is_installed(py: Python<'_>) -> bool {
    std::ptr::eq(installed(py) as *const c_void, eval_frame as *const c_void)
}

fn set(_py: Python<'_>, function: EvalFrame) {
    // SAFETY: the GIL is held. The types differ in name and unwinding alone.
    unsafe {
        let function = transmute::<EvalFrame, ffi::_PyFrameEvalFunction>(function);
        ffi::_PyInterpreterState_SetEvalFrameFunc(ffi::PyInterpreterState_Get(), Some(function));
    }
}

/// The hook function.
unsafe extern "C-unwind" fn eval_frame(
    thread: *mut ffi::PyThreadState,
    frame: *mut InterpreterFrame,
    throw: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with the GIL held and a frame to be evaluated, and `enable` stored the
    // next function. No value with a destructor is alive across the call.
    unsafe {
        let is_followed = before(frame);
        let next = transmute::<*mut c_void, EvalFrame>(NEXT.load(Ordering::Relaxed));
        let result = next(thread, frame, throw);
        if is_followed {
            after(frame);
        }
        result
    }
}

/// Takes note of the code that is about to run, and tells whether the frame is followed to its end.
///
/// `extern "C"`, so that a panic, which would be a bug here, ends the process in place of unwinding into
/// the interpreter.
///
/// # Safety
/// As for [`eval_frame`].
unsafe extern "C" fn before(frame: *mut InterpreterFrame) -> bool {
    // SAFETY: the caller's promise.
    if unsafe { only_makes_generator(frame) } {
        return false;
    }
    // SAFETY: the caller's promise; the frame keeps its code alive.
    let (py, code) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, (*frame).code))
    };
    if run::with(py, |run| run.is_no_news(&code)) == Some(true) {
        return false;
    }
    let mut retired = Retired::default();
    let mut heard = run::with(py, |run| run.hear(&code, &mut retired));
    if heard == Some(Heard::Unknown)
        && let Some(key) = with_exception_set_aside(py, || events::discover(&code))
    {
        heard = run::with(py, |run| run.hit(py, key, &mut retired));
    }
    let module = match heard {
        Some(Heard::Module(module)) => module,
        Some(Heard::Memo(key)) => {
            let in_receiver = run::with(py, |run| run.record.is_in_receiver(key)) == Some(true);
            // SAFETY: the code has a first parameter, `self`, and the frame keeps its arguments alive.
            let receiver = in_receiver.then(|| unsafe { first_argument(py, frame) }).flatten();
            // SAFETY: the frame has not begun.
            let frame = unsafe { ModuleFrame::new(frame) };
            return events::open_memo(py, key, frame, receiver.as_ref());
        }
        Some(Heard::Birth) => {
            // SAFETY: as for the receiver above: the `__init__` has a first parameter, and has not begun.
            let object = unsafe { first_argument(py, frame) };
            if let Some(object) = object {
                run::with(py, |run| run.receivers.born(&object));
            }
            return false;
        }
        Some(Heard::Library { function, by_arguments }) => {
            // SAFETY: a parameter that is told by its place has that place in the frame, which has not begun.
            let value = |at, _: &Bound<'_, _>| unsafe { argument(py, frame, at) };
            libraries::called(&code, function, by_arguments, value);
            return false;
        }
        Some(Heard::Class(key)) => {
            // SAFETY: the frame has not begun.
            events::open_class(py, key, unsafe { ModuleFrame::new(frame) });
            return true;
        }
        _ => return false,
    };
    // SAFETY: the frame keeps its globals alive.
    let globals = unsafe { Borrowed::from_ptr(py, (*frame).globals) };
    // SAFETY: the frame has not begun.
    let frame = unsafe { ModuleFrame::new(frame) };
    // The frame is not on the stack yet: the current one is the caller's.
    events::open_import(module, frame, &globals, stack::current_frame(py));
    true
}

/// The first argument of the call that a frame evaluates. A generator's is in a cell if a function inside of it uses it.
///
/// # Safety
/// As for [`eval_frame`]; the code has a parameter.
unsafe fn first_argument(py: Python<'_>, frame: *mut InterpreterFrame) -> Option<Bound<'_, PyAny>> {
    // SAFETY: the caller's promise: the first local variable is null, an object or a cell.
    unsafe {
        let object = (*frame).first_local;
        if !object.is_null() && ffi::PyCell_Check(object) != 0 {
            return Bound::from_owned_ptr_or_opt(py, ffi::PyCell_Get(object));
        }
        Bound::from_borrowed_ptr_or_opt(py, object)
    }
}

/// An argument of the call that a frame evaluates, by its place among the parameters.
///
/// # Safety
/// As for [`eval_frame`]; the code has so many parameters.
unsafe fn argument(
    py: Python<'_>,
    frame: *mut InterpreterFrame,
    at: usize,
) -> Option<Bound<'_, PyAny>> {
    // SAFETY: the caller's promise: the local variables are in a row, null, an object or a cell.
    unsafe {
        let object = *(&raw const (*frame).first_local).add(at);
        Bound::from_borrowed_ptr_or_opt(py, object)
    }
}

/// Whether the frame evaluates a call that makes a generator or coroutine: nothing of the body runs
/// then, and whoever starts or resumes it evaluates another frame, which the generator owns.
///
/// # Safety
/// As for [`eval_frame`].
unsafe fn only_makes_generator(frame: *mut InterpreterFrame) -> bool {
    // SAFETY: the caller's promise; the frame keeps its code alive.
    unsafe {
        (*frame).owner == OWNED_BY_THREAD
            && (*(*frame).code.cast::<CodeHead>()).flags & MAKES_GENERATOR != 0
    }
}

/// Closes a followed frame that has ended.
///
/// # Safety
/// The GIL is held.
unsafe extern "C" fn after(frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise.
    let py = unsafe { Python::assume_attached() };
    let mut retired = Retired::default();
    run::with(py, |run| {
        run.frames.end(|module| module.frame == frame);
        run.settle(py, &mut retired);
    });
}

/// Calls `action` without the exception that is being thrown into a generator, and sets it again.
fn with_exception_set_aside<T>(_py: Python<'_>, action: impl FnOnce() -> T) -> T {
    let (mut class, mut value, mut traceback) = (null_mut(), null_mut(), null_mut());
    // SAFETY: the GIL is held.
    unsafe { ffi::PyErr_Fetch(&raw mut class, &raw mut value, &raw mut traceback) };
    let result = action();
    // SAFETY: the GIL is held, and the references are those that were fetched.
    unsafe { ffi::PyErr_Restore(class, value, traceback) };
    result
}

/// A frame that is followed, from its start to its end.
#[derive(Debug)]
pub(super) struct ModuleFrame {
    frame: *mut InterpreterFrame,
    /// `prev_instr` of the frame that has not begun: one code unit before the code.
    before_first: *const u16,
}

// SAFETY: the pointers are followed with the GIL held only, see `position`.
unsafe impl Send for ModuleFrame {}

impl ModuleFrame {
    /// # Safety
    /// `frame` is about to be evaluated, and `Imports::end` is called for it as soon as it was.
    unsafe fn new(frame: *mut InterpreterFrame) -> Self {
        // SAFETY: the caller's promise.
        Self { frame, before_first: unsafe { (*frame).prev_instr } }
    }

    /// Never: the hook itself says when a body has ended.
    pub(super) fn has_ended(&self, _py: Python<'_>) -> bool {
        false
    }

    /// The offset of the instruction that the body has reached, in bytes.
    pub(super) fn position(&self, _py: Python<'_>) -> i32 {
        // SAFETY: the GIL is held, and a body that has not ended has a live frame.
        let units = unsafe { (*self.frame).prev_instr.offset_from(self.before_first) } - 1;
        i32::try_from(units * 2).unwrap_or(-1)
    }

    /// The line of that instruction, 0 if it has none.
    pub(super) fn line(&self, py: Python<'_>) -> u32 {
        // SAFETY: as in `position`; the frame keeps its code alive.
        let line = unsafe { ffi::PyCode_Addr2Line((*self.frame).code.cast(), self.position(py)) };
        u32::try_from(line).unwrap_or(0)
    }
}

impl PartialEq for ModuleFrame {
    fn eq(&self, other: &Self) -> bool {
        self.frame == other.frame
    }
}
