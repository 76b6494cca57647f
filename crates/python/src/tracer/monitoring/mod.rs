//! CPython 3.12 and newer: two `sys.monitoring` tools.
//!
//! Two, because an event that is set for all code cannot be switched on again for one code object:
//! - the *discovery* tool hears of every code object that starts or goes on, once: its callback always
//!   returns `DISABLE`. It sets the local events of project code for the other tool;
//! - the *recording* tool hears of project code alone. It returns `DISABLE` for what it has heard often
//!   enough in this epoch, and sets the local events of just that code off and on again for the next.
//!
//! `restart_events()`, which would do the latter in one call, does it to every tool: it made a
//! coverage-like line tool fire 21,003 events a test instead of 0.5. It is called once, at the start.
//!
//! Two things have no local event. `PY_THROW` (an exception thrown into a suspended generator) is heard
//! of globally, which costs nothing but at a throw. `PY_UNWIND` would cost 60 ns for every frame that
//! any exception leaves: that a module body ended so is read off its frame, see [`ModuleFrame`].

mod callback;
mod callbacks;
mod events;
mod module_frame;

pub(super) use module_frame::ModuleFrame;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyWeakrefMethods, PyWeakrefReference};

use super::error::{Fault, StartError};
use super::gil::Owned;
use super::record::{Key, Kind};
use super::stack;
use events::Events;

/// Not 0, 1 and 2, which are set apart for debuggers, coverage and profilers, nor 6 and 7, which `sys.settrace` and
/// `sys.setprofile` use; and not 3, which hypothesis takes to trace what fails, with a warning if it cannot. Nobody
/// is known to use 5, which is set apart for optimizers.
const DISCOVERY: u8 = 5;
const RECORDING: u8 = 4;

/// The number of watched code objects below which it is not worth looking for dead ones.
const MIN_SWEEP: usize = 1024;

/// Code whose events are disabled.
struct Disabled {
    code: Owned,
    key: Key,
}

/// The two tools.
pub(super) struct Hook {
    set_local_events: Py<PyAny>,
    get_tool: Py<PyAny>,
    events: Events,
    names: [Py<PyString>; 2],
    /// Code whose events were disabled in this epoch; kept alive to have them set again for the next.
    disabled: Vec<Disabled>,
    /// All code with local events, to take them back at the end.
    watched: Vec<Py<PyWeakrefReference>>,
    sweep_at: usize,
}

impl Hook {
    /// Takes both tool ids and registers the callbacks; nothing is traced before `enable`.
    pub(super) fn install(py: Python<'_>) -> Result<Self, StartError> {
        module_frame::calibrate(py)?;
        stack::keep_names(py);
        let monitoring = monitoring(py)?;
        let discovery = PyString::new(py, "testmonx (discovery)");
        let recording = PyString::new(py, "testmonx (recording)");
        take_id(&monitoring, DISCOVERY, &discovery)?;
        if let Err(error) = take_id(&monitoring, RECORDING, &recording) {
            monitoring.call_method1("free_tool_id", (DISCOVERY,))?;
            return Err(error);
        }
        let hook = Self {
            set_local_events: monitoring.getattr("set_local_events")?.unbind(),
            get_tool: monitoring.getattr("get_tool")?.unbind(),
            events: Events::of(&monitoring)?,
            names: [discovery.unbind(), recording.unbind()],
            disabled: Vec::new(),
            watched: Vec::new(),
            sweep_at: MIN_SWEEP,
        };
        if let Err(error) = hook.events.register(&monitoring) {
            hook.uninstall(py)?;
            return Err(error.into());
        }
        Ok(hook)
    }

    /// Begins to trace, also code that an earlier run disabled and that did not start since.
    pub(super) fn enable(py: Python<'_>) -> PyResult<()> {
        let monitoring = monitoring(py)?;
        let events = Events::of(&monitoring)?.discovered();
        monitoring.call_method1("set_events", (DISCOVERY, events))?;
        monitoring.call_method0("restart_events")?;
        Ok(())
    }

    /// Hears of this project code from now on.
    pub(super) fn watch(&mut self, code: &Bound<'_, PyAny>, kind: Kind) -> PyResult<()> {
        self.set_local_events(code, self.events.recorded(kind))?;
        if self.watched.len() >= self.sweep_at {
            self.watched.retain(|watched| watched.bind(code.py()).upgrade().is_some());
            self.sweep_at = MIN_SWEEP.max(2 * self.watched.len());
        }
        self.watched.push(PyWeakrefReference::new(code)?.unbind());
        Ok(())
    }

    /// Notes that a callback returned `DISABLE` for a place in this code, which has the entry `key`.
    pub(super) fn disabled(&mut self, code: &Bound<'_, PyAny>, key: Key) {
        // A generator can be disabled at each of its resumptions, mostly one after the other.
        let is_noted = self.disabled.last().is_some_and(|last| last.code.as_ptr() == code.as_ptr());
        if !is_noted {
            self.disabled.push(Disabled { code: Owned::from(code), key });
        }
    }

    /// Hears again of all that was disabled.
    pub(super) fn watch_again(&mut self, py: Python<'_>, retired: &mut Vec<Owned>) {
        self.watch_if(py, |_| true, retired);
    }

    /// Hears again of the code of these entries, if it was disabled.
    pub(super) fn watch_if(
        &mut self,
        py: Python<'_>,
        mut is_wanted: impl FnMut(Key) -> bool,
        retired: &mut Vec<Owned>,
    ) {
        let Self { disabled, set_local_events, events, .. } = self;
        for Disabled { code, .. } in disabled.extract_if(.., |disabled| is_wanted(disabled.key)) {
            let set = |events: i32| {
                set_local_events.bind(py).call1((RECORDING, code.bind(py), events)).map(drop)
            };
            let again = set(Events::NONE).and_then(|()| set(events.recorded(Kind::Function)));
            if let Err(error) = again {
                Fault::Refused(error.to_string()).keep();
            }
            retired.push(code);
        }
    }

    /// Keeps a fault if another tool has taken over one of the ids.
    pub(super) fn check(&self, py: Python<'_>) {
        for (id, name) in [DISCOVERY, RECORDING].into_iter().zip(&self.names) {
            match self.get_tool.bind(py).call1((id,)) {
                Ok(tool) if tool.is(name) => {}
                Ok(tool) => Fault::Replaced { by: tool.to_string() }.keep(),
                Err(error) => Fault::Refused(error.to_string()).keep(),
            }
        }
    }

    /// Takes back all events, and gives the tool ids back.
    pub(super) fn uninstall(self, py: Python<'_>) -> PyResult<()> {
        let monitoring = monitoring(py)?;
        for (id, name) in [DISCOVERY, RECORDING].into_iter().zip(&self.names) {
            if !self.get_tool.bind(py).call1((id,))?.is(name) {
                // Someone took it over: it is theirs now.
                continue;
            }
            monitoring.call_method1("set_events", (id, Events::NONE))?;
            self.events.unregister(&monitoring, id)?;
            if id == RECORDING {
                // 3.12 and 3.13 leave local events behind for the next user of the id.
                for code in self.watched.iter().filter_map(|code| code.bind(py).upgrade()) {
                    self.set_local_events(&code, Events::NONE)?;
                }
            }
            monitoring.call_method1("free_tool_id", (id,))?;
        }
        Ok(())
    }

    fn set_local_events(&self, code: &Bound<'_, PyAny>, events: i32) -> PyResult<()> {
        self.set_local_events.bind(code.py()).call1((RECORDING, code, events))?;
        Ok(())
    }
}

fn monitoring(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import("sys")?.getattr("monitoring")
}

fn take_id(
    monitoring: &Bound<'_, PyAny>,
    id: u8,
    name: &Bound<'_, PyString>,
) -> Result<(), StartError> {
    let owner = monitoring.call_method1("get_tool", (id,))?;
    if !owner.is_none() {
        return Err(StartError::ToolTaken { id, owner: owner.to_string() });
    }
    monitoring.call_method1("use_tool_id", (id, name))?;
    Ok(())
}
