//! Observation of this process, from before the first conftest file to the end of the session.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule};
use testmonx_engine::observer::Observer;
use testmonx_engine::{Packages, Project, Recorder, Variables, Witness};

use crate::invocation::Installation;
use crate::refusal::Refusal;
use crate::{audit, child, installed_files, tracer};

/// Observes this process. Only one can be on at a time; one that could not start says why.
#[pyclass(module = "testmonx._native")]
#[derive(Default)]
pub(crate) struct Recording {
    recorder: Option<Arc<Mutex<Recorder>>>,
    variables: Variables,
    error: Option<String>,
}

#[pymethods]
impl Recording {
    /// Starts to observe the project at `root`, less what is installed and the files in `own_dirs`.
    ///
    /// Raises only what is not for testmonx to keep, such as Ctrl-C.
    #[new]
    #[pyo3(signature = (*, root, installation, own_dirs))]
    fn new(
        py: Python<'_>,
        root: PathBuf,
        installation: Installation,
        own_dirs: Vec<PathBuf>,
    ) -> PyResult<Self> {
        // Before the first conftest file, which can write some.
        let variables = Variables::now();
        let installation = testmonx_engine::Installation::from(installation);
        let project = Project::new(&root, &installation.libraries, &own_dirs);
        let packages = Packages::new(&root, &installation);
        let mut recorder = Recorder::new(project).with_packages(packages);
        recorder.search_path(&installation.path);
        recorder.observe_variables(Some(variables.clone()));
        // A module that cannot be listed is one that nothing can be said of.
        let _ = note_loaded_modules(py, &mut recorder);
        let recorder = Arc::new(Mutex::new(recorder));
        let mut recording = Self { variables, ..Self::default() };
        match start(py, &recorder, &installation.libraries) {
            Ok(()) => recording.recorder = Some(recorder),
            Err(Refusal::Told(why)) => recording.error = Some(why),
            Err(Refusal::Raised(interrupt)) => return Err(interrupt),
        }
        Ok(recording)
    }
}

fn start(
    py: Python<'_>,
    recorder: &Arc<Mutex<Recorder>>,
    libraries: &[PathBuf],
) -> Result<(), Refusal> {
    // A pytest that a test runs is a session of its own.
    child::stop(py);
    tracer::start(py, Arc::clone(recorder) as Arc<Mutex<dyn Observer>>)?;
    let started = audit::start(py, Arc::clone(recorder) as Arc<Mutex<dyn Witness>>, libraries)
        .map_err(Refusal::from)
        .and_then(|()| child::start_session(py, recorder));
    installed_files::start(Arc::clone(recorder));
    started.inspect_err(|_| {
        installed_files::stop();
        audit::stop(py);
        tracer::stop(py);
    })
}

impl Recording {
    /// What observes, if something does.
    pub(crate) fn recorder(&self) -> Option<Arc<Mutex<Recorder>>> {
        self.recorder.clone()
    }

    /// The environment variables that there were when it started.
    pub(crate) fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Why nothing observes, if nothing could.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Ends the observation and gives the interpreter back what it took.
    pub(crate) fn stop(&mut self, py: Python<'_>) {
        if self.recorder.take().is_some() {
            child::stop(py);
            installed_files::stop();
            audit::stop(py);
            tracer::stop(py);
        }
    }
}

/// Tells the recorder of project modules that were imported before it was on.
fn note_loaded_modules(py: Python<'_>, recorder: &mut Recorder) -> PyResult<()> {
    let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    for (name, module) in modules.copy()? {
        let Ok(module) = module.cast_into::<PyModule>() else { continue };
        let namespace = module.dict();
        let text = |key: &str| -> Option<String> { namespace.get_item(key).ok()??.extract().ok() };
        if let (Ok(name), Some(file)) = (name.extract::<String>(), text("__file__")) {
            let package = text("__package__").unwrap_or_default();
            recorder.module_found(&name, &package, &PathBuf::from(file));
        }
    }
    Ok(())
}
