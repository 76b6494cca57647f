//! Functions of installed libraries that keep what they read of the project: of their calls it is told with which
//! arguments they are made.

use std::hash::{Hash, Hasher};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString, PyTuple};
use rustc_hash::FxHasher;
use testmonx_engine::observer::{CodeId, LibraryFunction, LibraryId};

use super::code::{self, Identity, Mark};
use super::events;
use super::record::Kind;
use super::run::{self, Retired, Run, ask};

/// Whose a code object is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner {
    /// The project's.
    Project(CodeId),
    /// A library's, or the interpreter's.
    Other,
}

/// The arguments of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arguments {
    /// Stands for the values of those that are text or numbers.
    pub(crate) key: u32,
    /// Whether one of them is text.
    pub(crate) has_text: bool,
}

/// Whose the code of a frame is; `None` if no tracer is on.
pub(crate) fn owner(code: &Bound<'_, PyAny>) -> Option<Owner> {
    let key = match run::with(code.py(), |run| run.project_mark(code))? {
        Mark::Entry(key) => Some(key),
        Mark::Foreign => None,
        Mark::None => events::discover(code),
    };
    let code = key.and_then(|key| run::with(code.py(), |run| run.record.code(key))?);
    Some(code.map_or(Owner::Other, Owner::Project))
}

/// What there is to know of the code of a library; `None` if it is no function with a source.
pub(crate) fn function(code: &Bound<'_, PyAny>) -> Option<LibraryFunction> {
    let file = code::filename(code).ok()?;
    let identity = Identity::of(code).ok()?;
    run::with(code.py(), |run| run.library(&file, &identity)).flatten()
}

/// Tells of all further calls of the code of a library.
pub(crate) fn watch(code: &Bound<'_, PyAny>, function: LibraryFunction) -> PyResult<()> {
    run::with(code.py(), |run| match run.marks.get(code) {
        Mark::Entry(_) => Ok(()),
        Mark::Foreign | Mark::None => run.watch_library(code, function),
    })
    .unwrap_or(Ok(()))
}

/// The arguments of a call of `code`; `value` gives that of a parameter, by its place and name.
pub(crate) fn arguments<'py>(
    code: &Bound<'py, PyAny>,
    mut value: impl FnMut(usize, &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>>,
) -> Arguments {
    let count = |name: &str| code.getattr(name).and_then(|it| it.extract::<usize>()).unwrap_or(0);
    let names = code.getattr("co_varnames").ok().and_then(|it| it.cast_into::<PyTuple>().ok());
    let mut found = Arguments::default();
    let mut hasher = FxHasher::default();
    let count = count("co_argcount") + count("co_kwonlyargcount");
    for (at, name) in names.iter().flatten().take(count).enumerate() {
        let Some(value) = name.cast::<PyString>().ok().and_then(|name| value(at, name)) else {
            continue;
        };
        if let Ok(text) = value.cast::<PyString>() {
            (at, text.to_string_lossy()).hash(&mut hasher);
            found.has_text = true;
        } else if let Ok(bytes) = value.cast::<PyBytes>() {
            (at, bytes.as_bytes()).hash(&mut hasher);
        } else if value.is_exact_instance_of::<PyInt>() {
            (at, value.extract::<i64>().unwrap_or(0)).hash(&mut hasher);
        }
    }
    let hash = hasher.finish();
    found.key = (hash ^ (hash >> 32)) as u32;
    found
}

/// Tells of a call of a function of a library that starts now.
pub(super) fn called<'py>(
    code: &Bound<'py, PyAny>,
    function: LibraryId,
    by_arguments: bool,
    value: impl FnMut(usize, &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>>,
) {
    let key = if by_arguments { arguments(code, value).key } else { 0 };
    let mut retired = Retired::default();
    run::with(code.py(), |run| run.library_called(code.py(), function, key, &mut retired));
}

impl Run {
    /// What there is to know of a function of a library.
    fn library(&self, file: &str, identity: &Identity) -> Option<LibraryFunction> {
        let Identity { qualname, first_line, .. } = identity;
        ask(&self.observer, |o| o.library_function(file, qualname, *first_line)).flatten()
    }

    /// Hears of the calls of a function of a library from now on.
    fn watch_library(
        &mut self,
        code: &Bound<'_, PyAny>,
        function: LibraryFunction,
    ) -> PyResult<()> {
        let key = self.record.add_library(function.id, function.keeps_parameters);
        self.marks.set(code, Some(key))?;
        let kind = Kind::Library { function: function.id, by_arguments: function.keeps_parameters };
        self.hook.watch(code, kind)
    }

    /// Takes note of a call of a function of a library; `key` stands for its arguments.
    fn library_called(
        &mut self,
        py: Python<'_>,
        function: LibraryId,
        key: u32,
        retired: &mut Retired,
    ) {
        self.settle(py, retired);
        ask(&self.observer, |o| o.library_called(function, key));
    }
}
