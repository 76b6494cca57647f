//! A tracer on its own, for `tests/tracer`: an observer that writes down what it is told.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use testmonx_engine::observer::{CodeId, Follow, Leaves, Observer, Receiver, SourceId};

/// Code that ran: file relative to the root, qualified name, first line, line of the import.
type Row = (String, String, u32, u32);

/// Starts and stops the tracer, and tells what it told.
#[pyclass(module = "testmonx._native", name = "_TracerProbe")]
#[derive(Default)]
pub(crate) struct TracerProbe {
    log: Option<Arc<Mutex<Log>>>,
}

#[pymethods]
impl TracerProbe {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Starts the tracer for all `.py` files below `root`.
    fn start(&mut self, py: Python<'_>, root: &str) -> PyResult<()> {
        let root = Path::new(root).canonicalize().map_err(|error| {
            PyOSError::new_err(format!("`{root}` is no root for a tracer: {error}"))
        })?;
        let log = Arc::new(Mutex::new(Log::new(root)));
        super::start(py, Arc::clone(&log) as Arc<Mutex<dyn Observer>>)
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        self.log = Some(log);
        Ok(())
    }

    /// Switches, and returns what ran since the last call, in order.
    fn switch(&self, py: Python<'_>) -> Vec<Row> {
        super::switch(py);
        self.with(|log| std::mem::take(&mut log.rows)).unwrap_or_default()
    }

    /// Switches only: what a session calls.
    fn tick(&self, py: Python<'_>) {
        super::switch(py);
    }

    /// What was told since the last call, one line each, in order.
    fn imports(&self) -> Vec<String> {
        self.with(|log| std::mem::take(&mut log.story)).unwrap_or_default()
    }

    /// The line of the innermost open import.
    fn import_line(&self, py: Python<'_>) -> u32 {
        super::import_line(py)
    }

    /// The words of the fault, if there is one.
    fn fault(&self) -> Option<String> {
        super::fault().map(|fault| fault.to_string())
    }

    /// Makes the observer panic when it is next asked about a file.
    fn panic_next(&self) {
        self.with(|log| log.panics = true);
    }

    /// Calls `function` while the observer is locked, as no session should.
    fn call_locked(&self, function: &Bound<'_, PyAny>) -> PyResult<()> {
        let _locked =
            self.log.as_ref().map(|log| log.lock().unwrap_or_else(PoisonError::into_inner));
        function.call0()?;
        Ok(())
    }

    /// Stops the tracer.
    fn stop(&self, py: Python<'_>) {
        super::stop(py);
    }
}

impl TracerProbe {
    fn with<T>(&self, action: impl FnOnce(&mut Log) -> T) -> Option<T> {
        let mut log = self.log.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        Some(action(&mut log))
    }
}

/// The observer.
struct Log {
    root: PathBuf,
    files: Vec<String>,
    codes: Vec<(SourceId, String, u32)>,
    ids: HashMap<(SourceId, String, u32), CodeId>,
    rows: Vec<Row>,
    story: Vec<String>,
    panics: bool,
    memos: usize,
}

/// How many calls of functions whose name begins with `memo` the observer has followed.
const MEMOS: usize = 4;

impl Log {
    fn new(root: PathBuf) -> Self {
        Self {
            root,
            files: Vec::new(),
            codes: Vec::new(),
            ids: HashMap::new(),
            rows: Vec::new(),
            story: Vec::new(),
            panics: false,
            memos: 0,
        }
    }

    fn row(&self, code: CodeId, line: u32) -> Row {
        let (source, qualname, first_line) = &self.codes[code as usize];
        (self.files[*source as usize].clone(), qualname.clone(), *first_line, line)
    }

    fn name(&self, code: CodeId) -> String {
        let (file, qualname, ..) = self.row(code, 0);
        format!("{file}::{qualname}")
    }
}

impl Observer for Log {
    fn source(&mut self, filename: &str) -> Option<SourceId> {
        assert!(!self.panics, "told to panic");
        let path = Path::new(filename);
        let file = path.strip_prefix(&self.root).ok()?;
        if file.extension()? != "py" {
            return None;
        }
        self.files.push(file.to_string_lossy().replace('\\', "/"));
        SourceId::try_from(self.files.len() - 1).ok()
    }

    fn code(&mut self, source: SourceId, qualname: &str, first_line: u32) -> CodeId {
        let code = (source, qualname.to_owned(), first_line);
        let next = self.codes.len() as CodeId;
        let id = *self.ids.entry(code.clone()).or_insert(next);
        if id == next {
            self.codes.push(code);
        }
        id
    }

    fn leaves(&mut self, code: CodeId, _suspends: bool) -> Leaves {
        let (_, qualname, _) = &self.codes[code as usize];
        match qualname.rsplit('.').next() {
            Some("memo_self") => Leaves::InReceiver,
            Some(name) if name.starts_with("memo") => Leaves::InNamed,
            _ => Leaves::Nothing,
        }
    }

    fn ran(&mut self, line: u32, codes: &[CodeId]) {
        for &code in codes {
            self.rows.push(self.row(code, line));
            self.story.push(format!("ran {} at {line}", self.name(code)));
        }
    }

    fn import_started(
        &mut self,
        module: CodeId,
        name: &str,
        package: &str,
        importer: Option<CodeId>,
        _line: u32,
    ) {
        let importer = importer.map_or("nobody".to_owned(), |code| self.name(code));
        let file = self.name(module).replace("::<module>", "");
        self.story.push(format!("started {file} as {name} in {package:?} for {importer}"));
    }

    fn import_found(
        &mut self,
        _source: SourceId,
        name: &str,
        _package: &str,
        importer: CodeId,
        _line: u32,
    ) {
        self.story.push(format!("found {name} for {}", self.name(importer)));
    }

    fn import_finished(&mut self, module: CodeId) {
        let file = self.name(module).replace("::<module>", "");
        self.story.push(format!("finished {file}"));
    }

    fn memo_met(&mut self, code: CodeId, receiver: Option<Receiver>, suspends: bool) -> Follow {
        if suspends {
            let receiver = receiver.map_or_else(String::new, |it| format!(" on {}", it.number));
            self.story.push(format!("memo {} goes on{receiver}", self.name(code)));
            return Follow::Loosely;
        }
        if self.name(code).ends_with("memo_loosely") {
            self.story.push(format!("memo {} met", self.name(code)));
            return Follow::Loosely;
        }
        self.memos += 1;
        if self.memos <= MEMOS { Follow::Closely } else { Follow::NoMore }
    }

    fn memo_started(&mut self, code: CodeId, receiver: Option<Receiver>) {
        let receiver = receiver.map_or_else(String::new, |it| format!(" on {}", it.number));
        self.story.push(format!("memo {} started{receiver}", self.name(code)));
    }

    fn memo_finished(&mut self, code: CodeId) {
        self.story.push(format!("memo {} finished", self.name(code)));
    }
}
