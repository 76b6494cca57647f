//! Programs that are started: which files of the project they are told to use.
//!
//! A Python child of this interpreter says itself what it reads and runs. Of all others only their
//! command is known, so each word of it that names a file of the project counts as read, each that
//! names a directory as listed, and each that looks like a path and names nothing as missing.

use std::ffi::CStr;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use testmonx_engine::{Access, Sight};

use super::{paths, tell};
use crate::child;

/// Where an event has its parts; `None` for what it does not have.
#[derive(Clone, Copy)]
pub(super) struct Command {
    program: Option<usize>,
    words: usize,
    directory: Option<usize>,
    environment: Option<usize>,
}

pub(super) fn classify(name: &CStr) -> Option<Command> {
    let command = |program, words, directory, environment| {
        Some(Command { program, words, directory, environment })
    };
    match name.to_bytes() {
        b"subprocess.Popen" => command(Some(0), 1, Some(2), Some(3)),
        b"os.posix_spawn" | b"os.exec" => command(Some(0), 1, None, Some(2)),
        b"os.system" | b"pty.spawn" => command(None, 0, None, None),
        _ => None,
    }
}

/// Tells what the command of an event names.
pub(super) fn handle(command: Command, args: &Bound<'_, PyTuple>) -> PyResult<()> {
    let words = words(&args.get_item(command.words)?);
    let program = match command.program {
        Some(at) => paths::text(&args.get_item(at)?),
        None => words.first().map(PathBuf::from),
    };
    let directory = match command.directory.map(|at| args.get_item(at)).transpose()? {
        Some(directory) if !directory.is_none() => paths::place(&directory),
        _ => std::env::current_dir().ok(),
    };
    let Some(directory) = directory else { return Ok(()) };
    let environment = command.environment.map(|at| args.get_item(at)).transpose()?;
    let is_python = program.as_deref().is_some_and(is_python);
    if is_python && is_observed(args.py(), program.as_deref(), &words, environment.as_ref()) {
        return Ok(());
    }
    if is_python && let Some(module) = module(&words) {
        let path = directory.join(module.replace('.', "/"));
        for file in [path.with_extension("py"), path.join("__main__.py"), path.join("__init__.py")]
        {
            if file.is_file() {
                tell(Sight::Opened { place: file, access: Access::Read });
            }
        }
    }
    for word in
        program.iter().filter_map(|path| path.to_str()).chain(words.iter().map(String::as_str))
    {
        name(&directory, word);
    }
    Ok(())
}

/// Tells of what a word names; `--option=path` and `if=path` name a path as well.
fn name(directory: &Path, word: &str) {
    if let Some((_, value)) = word.split_once('=') {
        name_path(directory, value);
    }
    name_path(directory, word);
}

fn name_path(directory: &Path, path: &str) {
    if path.is_empty() || path.starts_with('-') || path.contains(['\n', '\0']) {
        return;
    }
    let place = directory.join(path);
    if place.is_file() {
        tell(Sight::Opened { place, access: Access::Read });
    } else if place.is_dir() {
        tell(Sight::Listed { place });
    } else if path.contains(['/', '.']) && !path.contains([' ', '*', ':', '=']) {
        tell(Sight::Asked { place });
    }
}

/// The words of a command: a list as it is, each word taken apart as a shell would if it is a script.
fn words(command: &Bound<'_, PyAny>) -> Vec<String> {
    let is_text = command.is_instance_of::<PyString>() || command.is_instance_of::<PyBytes>();
    let whole: Vec<String> = if is_text {
        text(command).into_iter().collect()
    } else {
        let Ok(items) = command.try_iter() else { return Vec::new() };
        items.filter_map(|item| text(&item.ok()?)).collect()
    };
    let mut words = Vec::new();
    for word in whole {
        let is_script = word.contains([' ', '\n', ';', '|', '<', '>']);
        if is_script {
            let parts = word.split(|c: char| c.is_whitespace() || ";|&<>()'\"`=".contains(c));
            words.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
        }
        words.push(word);
    }
    words
}

fn text(value: &Bound<'_, PyAny>) -> Option<String> {
    paths::text(value)?.into_os_string().into_string().ok()
}

/// Whether a program is called as a Python interpreter is.
fn is_python(program: &Path) -> bool {
    program
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with("python"))
}

/// Whether a Python child will find the session: it is an interpreter with this one's packages, reads
/// them at its start, and is given the environment.
fn is_observed(
    py: Python<'_>,
    program: Option<&Path>,
    words: &[String],
    environment: Option<&Bound<'_, PyAny>>,
) -> bool {
    let flags = words.iter().skip(1).take_while(|word| word.starts_with('-') && word.len() > 1);
    let reads_site = !flags
        .take_while(|flag| !matches!(flag.as_str(), "-c" | "-m"))
        .any(|flag| !flag.starts_with("--") && flag.contains('S'));
    let is_told = match environment {
        Some(environment) if !environment.is_none() => names_session(environment),
        _ => std::env::var_os(child::VARIABLE).is_some(),
    };
    reads_site && is_told && program.is_some_and(|program| is_this_python(py, program))
}

/// Whether an environment, a mapping or a list of `NAME=value`, names the session's directory.
fn names_session(environment: &Bound<'_, PyAny>) -> bool {
    let name = child::VARIABLE;
    if let Ok(environment) = environment.cast::<PyDict>() {
        let has = |key: &Bound<'_, PyAny>| environment.contains(key).unwrap_or(false);
        let py = environment.py();
        return has(PyString::new(py, name).as_any())
            || has(PyBytes::new(py, name.as_bytes()).as_any());
    }
    environment.contains(name).unwrap_or(false)
}

/// Whether `program` is in the directory of this interpreter.
fn is_this_python(py: Python<'_>, program: &Path) -> bool {
    let executable = py.import("sys").and_then(|sys| sys.getattr("executable"));
    let Some(executable) = executable.ok().and_then(|path| paths::text(&path)) else {
        return false;
    };
    if program.components().count() > 1 {
        return std::path::absolute(program).ok().as_deref().and_then(Path::parent)
            == executable.parent();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).find(|dir| dir.join(program).is_file());
    found.as_deref() == executable.parent()
}

/// The module that `python -m` is told to run.
fn module(words: &[String]) -> Option<&str> {
    let at = words.iter().position(|word| word == "-m")?;
    words.get(at + 1).map(String::as_str)
}
