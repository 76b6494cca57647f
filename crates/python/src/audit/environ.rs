//! Who looks up environment variables: `os.environ[name]`, and with it `os.getenv`, `get`, `in`, `pop` and the like,
//! which are Python code over it; the same of `os.environb`.
//!
//! `os.environ` keeps its values in a dictionary, and has the function that turns a name into the dictionary's key as
//! an attribute, `encodekey`. While a recording is on, that is a function which takes note and calls the one before.
//! The object and its type stay what they are.
//!
//! Who makes a copy of it all (`dict(os.environ)`, `{**os.environ, …}`, for the environment of a command) depends on
//! none of it in particular. So what counts is a subscript, and not that of the views behind `items` and `values`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyDict, PyTuple};
use testmonx_engine::value_digest;

use super::{callers, is_on, with_witness};
use crate::tracer;

const ATTRIBUTE: &str = "encodekey";

/// A function of `os.environ` or `os.environb` that stands in for another one.
struct Replaced {
    owner: Py<PyAny>,
    before: Py<PyAny>,
    ours: Py<PyAny>,
}

static REPLACED: Mutex<Vec<Replaced>> = Mutex::new(Vec::new());

/// Starts to listen. What stands in for `os.environ` itself is left alone.
pub(super) fn install(py: Python<'_>) -> PyResult<()> {
    let mut replaced = REPLACED.lock().unwrap_or_else(PoisonError::into_inner);
    if !replaced.is_empty() {
        return Ok(());
    }
    let os = py.import("os")?;
    let kind = os.getattr("_Environ")?;
    for name in ["environ", "environb"] {
        let Some(owner) = os.getattr_opt(name)? else { continue };
        if !owner.get_type().is(&kind) {
            continue;
        }
        let Ok(values) = owner.getattr("_data")?.cast_into::<PyDict>() else { continue };
        let before = owner.getattr(ATTRIBUTE)?;
        let ours = standing_in(&before, &values)?.into_any();
        owner.setattr(ATTRIBUTE, &ours)?;
        let (owner, before, ours) = (owner.unbind(), before.unbind(), ours.unbind());
        replaced.push(Replaced { owner, before, ours });
    }
    Ok(())
}

/// Stops listening.
pub(super) fn uninstall(py: Python<'_>) {
    let all = std::mem::take(&mut *REPLACED.lock().unwrap_or_else(PoisonError::into_inner));
    for Replaced { owner, before, ours } in all {
        let owner = owner.bind(py);
        if owner.getattr(ATTRIBUTE).is_ok_and(|present| present.is(&ours)) {
            // It was set before, so it can be set.
            let _ = owner.setattr(ATTRIBUTE, before);
        }
    }
}

/// A function that calls `before`, and takes note of what is looked up in `values`.
fn standing_in<'py>(
    before: &Bound<'py, PyAny>,
    values: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyCFunction>> {
    let (function, values) = (before.clone().unbind(), values.clone().unbind());
    let call = move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        let py = args.py();
        let key = function.bind(py).call1(args)?;
        if is_on() {
            // What cannot be understood must not fail the look-up, nor may a panic cross it.
            let _ = catch_unwind(AssertUnwindSafe(|| note(&key, values.bind(py))));
        }
        Ok::<_, PyErr>(key.unbind())
    };
    PyCFunction::new_closure(before.py(), None, None, call)
}

fn note(key: &Bound<'_, PyAny>, values: &Bound<'_, PyDict>) {
    let py = key.py();
    if !callers::is_subscript(py) {
        return;
    }
    let Some(looker) = callers::looker(py) else { return };
    let Ok(key) = key.cast::<PyBytes>() else { return };
    let Ok(name) = std::str::from_utf8(key.as_bytes()) else { return };
    let value = values.get_item(key).ok().flatten();
    let value = value.and_then(|value| value.cast_into::<PyBytes>().ok());
    let value = value.map(|value| value_digest(OsStr::from_bytes(value.as_bytes())));
    let line = tracer::import_line(py);
    with_witness(|witness| {
        witness.stands_at(line);
        witness.looked_up(name, value, looker);
    });
}
