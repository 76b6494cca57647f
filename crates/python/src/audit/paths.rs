//! Paths as Python code gives them: text, bytes, path-like objects, descriptors; relative to the
//! working directory or to another one.

use std::path::{Path, PathBuf};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString};

/// The absolute place that `value` names; `None` if it is none, or one that is no UTF-8.
pub(super) fn place(value: &Bound<'_, PyAny>) -> Option<PathBuf> {
    place_in(value, None)
}

/// The same for a path that is relative to the directory with the descriptor `dir`, if that is given.
pub(super) fn place_in(
    value: &Bound<'_, PyAny>,
    dir: Option<&Bound<'_, PyAny>>,
) -> Option<PathBuf> {
    if value.is_instance_of::<PyInt>() {
        return of_descriptor(value);
    }
    let path = text(value)?;
    if path.is_relative()
        && let Some(dir) = dir
    {
        return Some(of_descriptor(dir)?.join(path));
    }
    std::path::absolute(path).ok()
}

/// The path that `value` spells, relative or not.
pub(super) fn text(value: &Bound<'_, PyAny>) -> Option<PathBuf> {
    if let Ok(text) = value.cast::<PyString>() {
        return Some(PathBuf::from(text.to_str().ok()?));
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Some(PathBuf::from(std::str::from_utf8(bytes.as_bytes()).ok()?));
    }
    let spelled = value.getattr(intern!(value.py(), "__fspath__")).ok()?.call0().ok()?;
    if spelled.is_instance_of::<PyString>() || spelled.is_instance_of::<PyBytes>() {
        return text(&spelled);
    }
    None
}

/// Where the open file or directory with this descriptor is.
fn of_descriptor(value: &Bound<'_, PyAny>) -> Option<PathBuf> {
    let descriptor: i32 = value.extract().ok()?;
    let target = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
    // Others are `pipe:[…]` and the like; what was deleted has a suffix, and no place.
    (target.is_absolute() && target.exists()).then_some(target)
}

/// Whether nothing is at `place`, not even a link that leads nowhere.
pub(super) fn is_missing(place: &Path) -> bool {
    place.symlink_metadata().is_err()
}
