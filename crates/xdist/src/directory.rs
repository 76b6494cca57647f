//! The coordination directory: `.testmon_xdist/` beside the store.
//!
//! It belongs to one session at a time. Whoever comes while that session lives gets a directory of
//! its own inside, named after its session; so sessions over one store, or over two stores side by
//! side, never meet. A directory whose controller is gone is stale, and the next session clears it.
//!
//! Claiming and clearing happen under a lock on the directory that holds all this, so that two
//! sessions take turns; nobody holds it for longer than that takes. Only files that testmonx names
//! are ever removed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::acknowledgement::is_file_name;
use crate::error::CoordinationError;
use crate::state::whose;

/// The directory's name.
pub const DIRECTORY: &str = ".testmon_xdist";

/// The controller's signal: the coordination state.
pub const READY: &str = "controller_ready.json";

/// How the names of files that are still being written begin.
const UNFINISHED: &str = ".unfinished-";

/// How long another session may take for its turn; it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// A session's hold on a coordination directory, which goes with it.
#[derive(Debug)]
pub struct Claim {
    base: PathBuf,
    directory: PathBuf,
    session: String,
    /// A forked child inherits the value, but not the directory.
    pid: u32,
}

impl Claim {
    /// Makes the directory beside `store` and writes the state that `state` makes for it. `session`
    /// names it, and must be usable as a file's name.
    ///
    /// # Errors
    /// If something else is in its place, or it cannot be written. Then nothing of it remains.
    pub fn publish<E: From<CoordinationError>>(
        store: &Path,
        session: &str,
        state: impl FnOnce(&Path) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let base = base(store);
        let turn = Turn::take(&base);
        let directory = take_place(&base, session)?;
        let claim = Self { base, directory, session: session.to_owned(), pid: std::process::id() };
        let path = claim.directory.join(READY);
        let written = state(&claim.directory).and_then(|bytes| {
            write_atomically(&path, &bytes).map_err(CoordinationError::file(path, "written"))?;
            Ok(())
        });
        // Dropping the claim, which removes what was made, takes a turn of its own.
        drop(turn);
        written?;
        Ok(claim)
    }

    /// Where workers find the state.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            return;
        }
        let _turn = Turn::take(&self.base);
        // Somebody who thought this session dead, on another host say, may be there by now.
        if owner_of(&self.directory).is_none_or(|(session, _)| session == self.session) {
            clear(&self.directory);
        }
        let _ = fs::remove_dir(&self.base);
    }
}

/// Removes a coordination directory beside `store` whose controller is gone, if there is one.
pub fn sweep(store: &Path) {
    let base = base(store);
    if is_directory(&base) {
        let _turn = Turn::take(&base);
        clear_stale(&base);
        let _ = fs::remove_dir(&base);
    }
}

fn base(store: &Path) -> PathBuf {
    store.with_file_name(DIRECTORY)
}

/// Makes the directory for `session`: the base, if nobody alive has it, or one inside.
fn take_place(base: &Path, session: &str) -> Result<PathBuf, CoordinationError> {
    match fs::symlink_metadata(base) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(CoordinationError::file(base, "looked at")(error)),
        // Not a link either: it could lead to files of others.
        Ok(found) if !found.is_dir() => {
            let source = io::Error::new(ErrorKind::NotADirectory, "it is not a directory");
            return Err(CoordinationError::file(base, "used")(source));
        }
        Ok(_) => clear_stale(base),
    }
    let place = if owner_of(base).is_none() { base.to_owned() } else { base.join(session) };
    match fs::create_dir(&place) {
        // What others keep in it kept it from being cleared.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && place == base => Ok(place),
        made => made.map(|()| place.clone()).map_err(CoordinationError::file(place, "made")),
    }
}

/// Clears the base and the directories inside of it, each if no session that may be alive has it.
fn clear_stale(base: &Path) {
    for entry in entries(base) {
        if is_directory(&entry) {
            if is_stale(&entry) {
                clear(&entry);
            }
            // The names of others are left alone; so is what they keep in a directory of ours.
            let _ = fs::remove_dir(&entry);
        }
    }
    if is_stale(base) {
        clear(base);
    }
}

/// Whether the session that wrote the state here has ended. What is no state was not written by one
/// that lives: it is there whole or not at all.
fn is_stale(directory: &Path) -> bool {
    owner_of(directory).is_none_or(|(_, owner)| owner.is_gone())
}

fn owner_of(directory: &Path) -> Option<(String, crate::Owner)> {
    let path = directory.join(READY);
    // A pipe would let the reader wait for ever.
    let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    is_file.then(|| whose(&fs::read(&path).ok()?))?
}

/// Removes the files that testmonx names, and the directory if nothing else is in it.
fn clear(directory: &Path) {
    for entry in entries(directory) {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if name == READY || is_file_name(&name) || name.starts_with(UNFINISHED) {
            let _ = fs::remove_file(&entry);
        }
    }
    let _ = fs::remove_dir(directory);
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Writes a file so that it is there whole or not at all, also after a power cut.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!("{UNFINISHED}{}-{name}", std::process::id()));
    let written = (|| {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// The right to change coordination directories in one place.
struct Turn {
    _lock: Option<File>,
}

impl Turn {
    /// Waits for it, but not for long: there are no turns where files cannot be locked, or where
    /// another program holds the lock. Then two sessions that start in the same moment can get into
    /// each other's way, and say so.
    fn take(base: &Path) -> Self {
        let parent = base.parent().filter(|parent| !parent.as_os_str().is_empty());
        let Ok(file) = File::open(parent.unwrap_or(Path::new("."))) else {
            return Self { _lock: None };
        };
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Self { _lock: Some(file) },
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(_) => return Self { _lock: None },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Owner;
    use crate::state::tests::state;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn store(&self) -> PathBuf {
            self.0.path().join(".testmondata")
        }

        fn base(&self) -> PathBuf {
            self.0.path().join(DIRECTORY)
        }

        fn publish(&self, session: &str) -> Result<Claim, CoordinationError> {
            Claim::publish(&self.store(), session, |_| Ok(state(session).encode().unwrap()))
        }

        /// What a session leaves that was killed.
        fn leave(&self, session: &str, owner: Owner) {
            fs::create_dir_all(self.base()).unwrap();
            let state = crate::CoordinationState { owner, ..state(session) };
            fs::write(self.base().join(READY), state.encode().unwrap()).unwrap();
            fs::write(self.base().join("worker_gw0_ready"), "{}").unwrap();
            fs::write(self.base().join(format!("{UNFINISHED}1-x")), "").unwrap();
        }

        fn is_clean(&self) -> bool {
            fs::read_dir(self.0.path()).unwrap().count() == 0
        }
    }

    fn gone() -> Owner {
        Owner { started: Some(1), ..Owner::this_process() }
    }

    fn session_in(directory: &Path) -> Option<String> {
        owner_of(directory).map(|(session, _)| session)
    }

    #[test]
    fn a_claim_makes_the_directory_and_takes_it_away() {
        let place = Place::new();
        let claim = place.publish("s1").unwrap();
        assert_eq!(claim.directory(), place.base());
        assert_eq!(session_in(&place.base()).as_deref(), Some("s1"));
        assert_eq!(entries(&place.base()).len(), 1, "nothing unfinished");
        fs::write(place.base().join("worker_gw0_ready"), "{}").unwrap();
        drop(claim);
        assert!(place.is_clean());
    }

    #[test]
    fn the_state_is_told_where_it_will_be() {
        let place = Place::new();
        let mut told = None;
        let claim = Claim::publish(&place.store(), "s1", |directory| {
            told = Some(directory.to_owned());
            Ok::<_, CoordinationError>(b"{}".to_vec())
        });
        assert_eq!(told.as_deref(), Some(claim.unwrap().directory()));
    }

    #[test]
    fn a_state_that_cannot_be_made_leaves_nothing() {
        let place = Place::new();
        let failed = Claim::publish(&place.store(), "s1", |_| {
            Err::<Vec<u8>, CoordinationError>(CoordinationError::Interrupted)
        });
        assert!(matches!(failed, Err(CoordinationError::Interrupted)));
        assert!(place.is_clean());
    }

    #[test]
    fn a_second_session_gets_a_directory_of_its_own() {
        let place = Place::new();
        let first = place.publish("s1").unwrap();
        let second = place.publish("s2").unwrap();
        assert_eq!(second.directory(), place.base().join("s2"));
        assert_eq!(session_in(&place.base()).as_deref(), Some("s1"));
        assert_eq!(session_in(second.directory()).as_deref(), Some("s2"));
        drop(first);
        assert_eq!(session_in(second.directory()).as_deref(), Some("s2"), "untouched");
        let third = place.publish("s3").unwrap();
        assert_eq!(third.directory(), place.base(), "free again");
        drop(second);
        assert!(place.base().join(READY).is_file());
        drop(third);
        assert!(place.is_clean());
    }

    #[test]
    fn stores_side_by_side_do_not_meet() {
        let place = Place::new();
        let other = place.0.path().join("other.db");
        let first = place.publish("s1").unwrap();
        let second = Claim::publish(&other, "s2", |_| {
            Ok::<_, CoordinationError>(state("s2").encode().unwrap())
        });
        assert_ne!(first.directory(), second.as_ref().unwrap().directory());
        drop((first, second));
        assert!(place.is_clean());
    }

    #[test]
    fn many_sessions_at_once_each_get_their_own() {
        let place = Place::new();
        std::thread::scope(|scope| {
            let sessions: Vec<_> = (0..6)
                .map(|at| {
                    let place = &place;
                    scope.spawn(move || {
                        for round in 0..6 {
                            let name = format!("s{at}-{round}");
                            let claim = place.publish(&name).unwrap();
                            assert_eq!(session_in(claim.directory()), Some(name));
                        }
                    })
                })
                .collect();
            for session in sessions {
                session.join().unwrap();
            }
        });
        assert!(place.is_clean());
    }

    #[test]
    fn what_a_killed_session_left_is_replaced() {
        let place = Place::new();
        place.leave("dead", gone());
        let claim = place.publish("s1").unwrap();
        assert_eq!(claim.directory(), place.base());
        assert!(!place.base().join("worker_gw0_ready").exists());
        drop(claim);
        assert!(place.is_clean());
    }

    #[test]
    fn a_pid_that_lives_again_does_not_save_a_stale_directory() {
        let place = Place::new();
        // This very process has the pid, but it did not start then.
        place.leave("dead", gone());
        sweep(&place.store());
        assert!(place.is_clean());
    }

    #[test]
    fn a_killed_second_session_is_cleared_while_the_first_lives() {
        let place = Place::new();
        let first = place.publish("s1").unwrap();
        let inside = place.base().join("dead");
        fs::create_dir(&inside).unwrap();
        let dead = crate::CoordinationState { owner: gone(), ..state("dead") };
        fs::write(inside.join(READY), dead.encode().unwrap()).unwrap();
        sweep(&place.store());
        assert!(!inside.exists());
        assert_eq!(session_in(&place.base()).as_deref(), Some("s1"));
        drop(first);
        assert!(place.is_clean());
    }

    #[test]
    fn a_session_that_may_live_elsewhere_is_left_alone() {
        let place = Place::new();
        let elsewhere = Owner { host: "another".into(), ..gone() };
        place.leave("there", elsewhere);
        sweep(&place.store());
        assert_eq!(session_in(&place.base()).as_deref(), Some("there"));
        let claim = place.publish("s1").unwrap();
        assert_eq!(claim.directory(), place.base().join("s1"));
        drop(claim);
        assert_eq!(session_in(&place.base()).as_deref(), Some("there"));
    }

    #[test]
    fn damaged_signals_are_replaced() {
        for content in ["", "{", "{}", "\0\0", "[1]", "{\"session\": 3}"] {
            let place = Place::new();
            fs::create_dir(place.base()).unwrap();
            fs::write(place.base().join(READY), content).unwrap();
            let claim = place.publish("s1").unwrap();
            assert_eq!(session_in(claim.directory()).as_deref(), Some("s1"), "{content:?}");
            drop(claim);
            assert!(place.is_clean(), "{content:?}");
        }
    }

    #[test]
    fn an_empty_directory_is_taken() {
        let place = Place::new();
        fs::create_dir(place.base()).unwrap();
        drop(place.publish("s1").unwrap());
        assert!(place.is_clean());
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let place = Place::new();
        fs::create_dir_all(place.base().join("theirs")).unwrap();
        let theirs = [place.base().join("notes.txt"), place.base().join("theirs/notes.txt")];
        for path in &theirs {
            fs::write(path, "keep").unwrap();
        }
        drop(place.publish("s1").unwrap());
        sweep(&place.store());
        for path in &theirs {
            assert_eq!(fs::read_to_string(path).unwrap(), "keep");
        }
        assert!(!place.base().join(READY).exists());
    }

    #[test]
    fn a_file_in_its_place_is_an_error_that_says_so() {
        let place = Place::new();
        fs::write(place.base(), "mine").unwrap();
        let error = place.publish("s1").unwrap_err().to_string();
        assert!(error.contains(".testmon_xdist` cannot be used: it is not a directory"), "{error}");
        assert!(error.ends_with("unset TESTMON_XDIST_CONTROLLER_PRECREATION)"), "{error}");
        sweep(&place.store());
        assert_eq!(fs::read_to_string(place.base()).unwrap(), "mine");
    }

    #[test]
    fn a_link_is_not_followed() {
        let place = Place::new();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join(READY), "theirs").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), place.base()).unwrap();
        assert!(place.publish("s1").is_err());
        sweep(&place.store());
        assert_eq!(fs::read_to_string(elsewhere.path().join(READY)).unwrap(), "theirs");
    }

    #[test]
    fn a_directory_in_the_signal_s_place_is_an_error() {
        let place = Place::new();
        fs::create_dir_all(place.base().join(READY)).unwrap();
        fs::write(place.base().join(READY).join("x"), "").unwrap();
        let error = place.publish("s1").unwrap_err().to_string();
        assert!(error.contains("controller_ready.json` cannot be written"), "{error}");
        let left = entries(&place.base());
        assert_eq!(left, [place.base().join(READY)], "nothing unfinished");
    }

    #[test]
    fn without_a_directory_for_the_store_nothing_is_made() {
        let place = Place::new();
        let store = place.0.path().join("gone/.testmondata");
        let failed = Claim::publish(&store, "s1", |_| Ok::<_, CoordinationError>(Vec::new()));
        assert!(matches!(failed, Err(CoordinationError::File { action: "made", .. })));
        sweep(&store);
        assert!(place.is_clean());
    }

    #[test]
    fn what_was_there_before_stays_whole_until_the_new_is() {
        let place = Place::new();
        let path = place.0.path().join("file");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(entries(place.0.path()), [path]);
    }

    #[test]
    fn the_files_times_do_not_matter() {
        let place = Place::new();
        let _first = place.publish("s1").unwrap();
        let signal = File::options().write(true).open(place.base().join(READY)).unwrap();
        // As if the clock had been set back by years after it was written.
        let future = std::time::SystemTime::now() + std::time::Duration::from_secs(1 << 28);
        signal.set_modified(future).unwrap();
        let second = place.publish("s2").unwrap();
        assert_ne!(second.directory(), place.base(), "the first session still lives");
    }
}
