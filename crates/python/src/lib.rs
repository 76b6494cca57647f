//! `testmonx._native`: the tracer and the audit hook, and a thin face of the engine for the plugin.
//!
//! The only crate that knows Python. It decides nothing: pytest's objects come in as plain values,
//! the engine's answers go out as plain values.

mod audit;
mod child;
mod command;
mod installed_files;
mod invocation;
mod recording;
mod refusal;
mod session;
mod tracer;

use pyo3::prelude::*;

pyo3::create_exception!(
    testmonx._native,
    UsageError,
    pyo3::exceptions::PyException,
    "Options or ini values that cannot be satisfied; the text carries the remedy."
);

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("UsageError", module.py().get_type::<UsageError>())?;
    module.add_class::<recording::Recording>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<tracer::testing::TracerProbe>()?;
    module.add_function(wrap_pyfunction!(child::observe_child, module)?)?;
    module.add_function(wrap_pyfunction!(command::run_command, module)?)?;
    Ok(())
}
