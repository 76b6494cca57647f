//! `testmonx status`: what would run now, and why, by file and in total.

use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use testmonx_engine::{DATAFILE, FileStatus, Installation, Status, StatusError, status};

use crate::arguments::StatusOptions;

/// Prints the status; returns the exit status.
pub(crate) fn run(options: &StatusOptions, installation: &Installation) -> u8 {
    match look(options, installation) {
        Ok(status) => {
            // A closed pipe is nobody's fault.
            let _ = std::io::stdout().write_all(render(&status, options.verbose).as_bytes());
            0
        }
        Err(error) => {
            eprintln!("testmonx: {error}");
            1
        }
    }
}

fn look(options: &StatusOptions, installation: &Installation) -> Result<Status, StatusError> {
    let here = env::current_dir().unwrap_or_default();
    let root = options.rootdir.as_ref().map_or_else(|| find_root(&here), |dir| here.join(dir));
    let datafile = options.datafile.clone().or_else(|| {
        env::var_os("TESTMON_DATAFILE").filter(|path| !path.is_empty()).map(PathBuf::from)
    });
    status(&root, &datafile.unwrap_or_else(|| root.join(DATAFILE)), installation)
}

/// The nearest directory, from `here` up, that has a store; `here` if none has.
fn find_root(here: &Path) -> PathBuf {
    let found = here.ancestors().find(|dir| dir.join(DATAFILE).is_file());
    found.unwrap_or(here).to_owned()
}

fn render(status: &Status, is_verbose: bool) -> String {
    let mut text = String::new();
    for file in &status.files {
        render_file(&mut text, file, is_verbose);
    }
    let environment = if status.environment.is_empty() { "default" } else { &status.environment };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} of {} known tests would run; environment: {environment}",
        status.affected(),
        status.known(),
    );
    text
}

fn render_file(text: &mut String, file: &FileStatus, is_verbose: bool) {
    if file.stale.is_empty() && file.collection.is_none() {
        return;
    }
    let _ = writeln!(text, "{}: {} of {}", file.path, file.stale.len(), file.tests);
    if let Some(reason) = &file.collection {
        let _ = writeln!(text, "    collected anew: {reason}");
    }
    if is_verbose {
        for (test, reason) in &file.stale {
            let _ = writeln!(text, "    {}: {reason}", test.as_str());
        }
        return;
    }
    for (reason, count) in file.reasons() {
        let _ = writeln!(text, "    {count} × {reason}");
    }
}
