//! What the system can refuse, and what the message then says.

use std::fs;
use std::path::Path;

use crate::support::{Scene, open};
use rusqlite::Connection;
use testmonx_store::{Reader, Store, StoreError};

fn refused(path: &Path) -> StoreError {
    Store::open(path).unwrap_err()
}

#[test]
fn a_directory_in_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    fs::create_dir(&path).unwrap();
    for error in [refused(&path), Reader::open(&path).unwrap_err()] {
        assert_eq!(
            error.to_string(),
            format!(
                "`{}` is a directory, not a store (move it away, or set another TESTMON_DATAFILE)",
                path.display()
            )
        );
    }
}

#[test]
fn no_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none/data");
    assert!(matches!(refused(&path), StoreError::NoDirectory { .. }));
    assert!(matches!(Reader::open(&path).unwrap_err(), StoreError::Missing { .. }));
}

#[test]
fn a_file_where_the_directory_should_be() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    assert!(matches!(refused(&directory.path().join("file/data")), StoreError::NoDirectory { .. }));
}

#[test]
fn a_lock_that_is_not_let_go() {
    let mut scene = Scene::new();
    let other = Connection::open(&scene.path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let started = std::time::Instant::now();
    let error = scene.store.environment(&[]).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("was locked by another process for 5 seconds (wait"));
    assert!(started.elapsed().as_secs() >= 4, "it waited");
    other.execute_batch("ROLLBACK").unwrap();
    scene.store.environment(&[]).unwrap();
}

/// Permission bits do not bind root, as whom tests run in many containers; so a child process gives
/// up root first, and is this test again.
#[cfg(unix)]
mod as_nobody {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const PATH: &str = "TESTMONX_TEST_STORE";

    #[test]
    fn child_opens_the_store() {
        let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
        let write = match Store::open(&path) {
            Ok(mut opened) => {
                let environment = opened.store.environments().unwrap()[0].id;
                opened.store.begin_session(environment, "child").map(|_| ())
            }
            Err(error) => Err(error),
        };
        let read = Reader::open(&path).and_then(|reader| reader.totals());
        let say = |result: Result<(), StoreError>| match result {
            Ok(()) => "fine".to_owned(),
            Err(error) => error.to_string(),
        };
        println!("\nwrite: {}\nread: {}", say(write), say(read.map(|_| ())));
    }

    /// What the child says of the store at `path`.
    fn ask(directory: &Path, path: &Path) -> [String; 2] {
        // Where nobody can run it.
        let program = directory.join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        set_mode(&program, 0o755);
        let mut command = Command::new(&program);
        command.args(["trouble::as_nobody::child_opens_the_store", "--exact", "--nocapture"]);
        command.env(PATH, path).current_dir("/");
        if fs::read("/etc/shadow").is_ok() {
            command.uid(65_534).gid(65_534);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        ["write: ", "read: "].map(|start| {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(start));
            lines.next().unwrap_or_else(|| panic!("{text}")).to_owned()
        })
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A store in a directory of its own, which anybody may reach.
    fn store() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        set_mode(directory.path(), 0o755);
        let inner = directory.path().join("project");
        fs::create_dir(&inner).unwrap();
        let path = inner.join("data");
        open(&path).environment(&[]).unwrap();
        (directory, inner, path)
    }

    #[test]
    fn a_read_only_file() {
        let (directory, inner, path) = store();
        set_mode(&inner, 0o777);
        set_mode(&path, 0o444);
        let [write, read] = ask(directory.path(), &path);
        assert!(write.starts_with("no permission to use the store `"), "{write}");
        assert!(write.contains("(change the permissions of the file and its directory"));
        assert_eq!(read, "fine");
    }

    #[test]
    fn a_read_only_directory() {
        let (directory, inner, path) = store();
        set_mode(&path, 0o666);
        set_mode(&inner, 0o555);
        let [write, read] = ask(directory.path(), &path);
        assert!(write.starts_with("no permission to use the store `"), "{write}");
        assert_eq!(read, "fine");
        fs::remove_file(&path).unwrap();
        let [write, read] = ask(directory.path(), &path);
        assert!(write.starts_with("no permission to use the store `"), "{write}");
        assert!(read.starts_with("there is no store `"), "{read}");
    }

    #[test]
    fn an_unreadable_file() {
        let (directory, inner, path) = store();
        set_mode(&inner, 0o777);
        set_mode(&path, 0o000);
        for said in ask(directory.path(), &path) {
            assert!(said.starts_with("no permission to use the store `"), "{said}");
        }
    }

    #[test]
    fn damage_that_cannot_be_set_aside() {
        let (directory, inner, path) = store();
        fs::write(&path, "noise").unwrap();
        set_mode(&path, 0o666);
        set_mode(&inner, 0o555);
        let [write, _] = ask(directory.path(), &path);
        assert!(write.starts_with("no permission to use the store `"), "{write}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "noise");
    }
}
