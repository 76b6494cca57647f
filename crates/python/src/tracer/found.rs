//! Imports by name that find their module imported already: `import_module("backends." + name)`.
//!
//! No body starts then, and no audit event is raised, so nothing tells that the code has the module in its hands. All
//! of them end in one function of the import system, `_gcd_import`, which is replaced while a run is on. Nobody else
//! sees that: it is private to `importlib`, and called by name. The one in its place is a built-in function, which
//! adds no frame to tracebacks. `__import__` does not come by here: the parser widens where it is called with a computed
//! name and its result is taken.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyModule;

use super::code::{self, Mark};
use super::events;
use super::gil::GilCell;
use super::record::Key;
use super::run::{self, Found, Retired};
use super::stack;

const MODULE: &str = "_frozen_importlib";
const FUNCTION: &str = "_gcd_import";

/// Files of functions that import a module for whoever calls them.
const IMPORTERS: &[&str] = &["/importlib/__init__.py", "/pkgutil.py"];

/// The function that was there before.
static BEFORE: GilCell<Option<Py<PyAny>>> = GilCell::new(None);

/// Begins to listen.
pub(super) fn install(py: Python<'_>) -> PyResult<()> {
    let module = py.import(MODULE)?;
    let before = module.getattr(FUNCTION)?.unbind();
    module.setattr(FUNCTION, wrap_pyfunction!(gcd_import, &module)?)?;
    let earlier = BEFORE.borrow(py).and_then(|mut slot| slot.replace(before));
    drop(earlier);
    Ok(())
}

/// Puts the function back that was there before.
pub(super) fn uninstall(py: Python<'_>) -> PyResult<()> {
    let before = BEFORE.borrow(py).and_then(|mut slot| slot.take());
    match before {
        Some(before) => py.import(MODULE)?.setattr(FUNCTION, before),
        None => Ok(()),
    }
}

/// Import and return the module based on its name, the package it is being called from, and the level adjustment.
#[pyfunction]
#[pyo3(name = "_gcd_import", signature = (name, package=None, level=0))]
fn gcd_import(
    name: Bound<'_, PyAny>,
    package: Option<Bound<'_, PyAny>>,
    level: i64,
) -> PyResult<Py<PyAny>> {
    let py = name.py();
    let before = BEFORE.borrow(py).and_then(|slot| slot.as_ref().map(|it| it.clone_ref(py)));
    let Some(before) = before else {
        // The run ended while this call was on its way.
        return Ok(py.import(MODULE)?.getattr(FUNCTION)?.call1((name, package, level))?.unbind());
    };
    let module = before.bind(py).call1((name, package, level))?;
    if let Some(caller) = project_caller(py) {
        note(&module, caller);
    }
    Ok(module.unbind())
}

/// The project code that has called, itself or by a function that imports for others. What libraries import by name
/// they were told in a text, which the parser follows.
fn project_caller(py: Python<'_>) -> Option<Key> {
    let mut frame = stack::current_frame(py);
    while let Some(current) = frame {
        let code = stack::code_of(&current)?;
        match run::with(py, |run| run.project_mark(&code))? {
            Mark::Entry(key) => return Some(key),
            Mark::Foreign => {}
            Mark::None => {
                if let Some(key) = events::discover(&code) {
                    return Some(key);
                }
            }
        }
        let file = code::filename(&code).ok()?;
        if !IMPORTERS.iter().any(|importer| file.ends_with(importer)) {
            return None;
        }
        frame = stack::back(&current);
    }
    None
}

fn note(module: &Bound<'_, PyAny>, caller: Key) {
    let Ok(module) = module.cast::<PyModule>() else { return };
    let globals = module.dict();
    let file = globals.get_item(intern!(module.py(), "__file__")).ok().flatten();
    let Some(file) = file.and_then(|file| file.extract::<String>().ok()) else { return };
    let (name, package) = stack::module_names(&globals);
    let found = Found { file: &file, name: &name, package: &package };
    let mut retired = Retired::default();
    run::with(module.py(), |run| run.found(module.py(), found, caller, &mut retired));
}
