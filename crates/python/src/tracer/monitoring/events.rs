//! Which events each tool asks for, and which callback hears of them.

use pyo3::ffi;
use pyo3::prelude::*;

use super::super::record::Kind;
use super::callback::{callback, callback_type};
use super::callbacks::{self, on_project_code, on_return, on_throw, on_unknown_code};
use super::{DISCOVERY, RECORDING};

/// The bits of the events, as this interpreter numbers them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Events {
    start: i32,
    resume: i32,
    returned: i32,
    throw: i32,
}

impl Events {
    pub(super) const NONE: i32 = 0;

    pub(super) fn of(monitoring: &Bound<'_, PyAny>) -> PyResult<Self> {
        let events = monitoring.getattr("events")?;
        let bit = |name: &str| events.getattr(name)?.extract();
        Ok(Self {
            start: bit("PY_START")?,
            resume: bit("PY_RESUME")?,
            returned: bit("PY_RETURN")?,
            throw: bit("PY_THROW")?,
        })
    }

    /// The global events of the discovery tool. A generator that started before the tracer did is
    /// discovered where it goes on.
    pub(super) fn discovered(self) -> i32 {
        self.start | self.resume | self.throw
    }

    /// The local events of the recording tool. A generator or coroutine that goes on in a later
    /// test has no start there.
    pub(super) fn recorded(self, kind: Kind) -> i32 {
        match kind {
            Kind::Function | Kind::Birth | Kind::Memo { suspends: true, .. } => {
                self.start | self.resume
            }
            Kind::Library { .. } => self.start,
            Kind::Module(_) | Kind::Class(_) | Kind::Memo { .. } => self.start | self.returned,
        }
    }

    /// Registers the callbacks of both tools.
    pub(super) fn register(self, monitoring: &Bound<'_, PyAny>) -> PyResult<()> {
        callbacks::DISABLE.keep(monitoring.getattr("DISABLE")?);
        let callback_type = callback_type(monitoring.py())?;
        let rows: [(u8, i32, ffi::vectorcallfunc); 6] = [
            (DISCOVERY, self.start, on_unknown_code),
            (DISCOVERY, self.resume, on_unknown_code),
            (DISCOVERY, self.throw, on_throw),
            (RECORDING, self.start, on_project_code),
            (RECORDING, self.resume, on_project_code),
            (RECORDING, self.returned, on_return),
        ];
        for (tool, event, function) in rows {
            let callback = callback(&callback_type, function)?;
            monitoring.call_method1("register_callback", (tool, event, callback))?;
        }
        Ok(())
    }

    /// Takes the callbacks of a tool back.
    pub(super) fn unregister(self, monitoring: &Bound<'_, PyAny>, tool: u8) -> PyResult<()> {
        for event in [self.start, self.resume, self.returned, self.throw] {
            monitoring.call_method1("register_callback", (tool, event, monitoring.py().None()))?;
        }
        Ok(())
    }
}
