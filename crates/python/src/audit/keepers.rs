//! Which functions of libraries keep what is read of the project: those on the stack, up to the project's own code.

use pyo3::prelude::*;
use testmonx_engine::Keeper;
use testmonx_engine::observer::Keeps;

use super::callers::{Frames, in_packages, keeps_files};
use crate::tracer::libraries::{self, Arguments, Owner};

/// Who will have what is read now without reading it: the innermost function of a library that keeps things, and those
/// around it that are called by a name. Others, such as one that answers requests, keep something else. Where a
/// cache is around a function, whoever calls it.
pub(super) fn on_stack(py: Python<'_>) -> Vec<Keeper> {
    let mut keepers = Vec::new();
    let mut is_cached = false;
    for frame in Frames::new(py) {
        let Some(owner) = libraries::owner(frame.code()) else { break };
        if let Owner::Project(code) = owner {
            if is_cached {
                keepers.push(Keeper::Project(code));
            }
            break;
        }
        let file = frame.file();
        let Some(file) = file.as_ref().and_then(|file| file.to_str().ok()) else { break };
        if file.starts_with("<frozen importlib") {
            // What is read to be imported is code.
            break;
        }
        if in_packages(file).is_none() && !keeps_files(file) {
            continue;
        }
        let Some(function) = libraries::function(frame.code()) else { continue };
        let is_keeper = is_cached || function.keeps == Keeps::Itself;
        is_cached = function.keeps == Keeps::ForIt;
        if !is_keeper {
            continue;
        }
        let arguments = if function.keeps_parameters {
            let locals = frame.locals();
            libraries::arguments(frame.code(), |_, name| locals.as_ref()?.get_item(name).ok())
        } else {
            Arguments::default()
        };
        if (keepers.is_empty() || arguments.has_text)
            && libraries::watch(frame.code(), function).is_ok()
        {
            keepers.push(Keeper::Library { function: function.id, key: arguments.key });
        }
    }
    keepers
}
