//! Why nothing can be observed: what the session says at its end, and what it must let through.

use pyo3::PyErr;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::tracer::StartError;

/// Why an observation did not start.
pub(crate) enum Refusal {
    /// Tests run all the same, and this is said at the end.
    Told(String),
    /// Ctrl-C, or another end of the process, arrived on the way: it is pytest's.
    Raised(PyErr),
}

impl From<PyErr> for Refusal {
    fn from(error: PyErr) -> Self {
        if ends_process(&error) { Self::Raised(error) } else { Self::Told(error.to_string()) }
    }
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Refused(cause) if ends_process(&cause) => Self::Raised(cause),
            other => Self::Told(other.to_string()),
        }
    }
}

fn ends_process(error: &PyErr) -> bool {
    Python::attach(|py| !error.is_instance_of::<PyException>(py))
}
