//! Several sessions at once, and sessions that are killed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{Random, Scene, batch_of, components, fact, names, open, subject};
use testmonx_core::Fact;
use testmonx_core::trace::Outcome;
use testmonx_store::{Importer, Loaded, Reader, Store};

const PATH: &str = "TESTMONX_TEST_STORE";
const WRITER: &str = "TESTMONX_TEST_WRITER";
const BATCHES: &str = "TESTMONX_TEST_BATCHES";

/// The facts of a writer's test: some shared by all writers, some its own.
fn facts_of(writer: &str, number: u32) -> Vec<Fact> {
    let shared = (0..40).map(|at| fact(&format!("shared.py::f{at}"), number));
    let own = (0..40).map(|at| fact(&format!("{writer}.py::f{at}"), number));
    shared.chain(own).collect()
}

/// Records tests, one in each batch, and says so after each.
fn write(path: &Path, writer: &str, batches: u32, mut say: impl FnMut(u32)) {
    let mut store = open(path);
    let environment = store.environment(&components("3.13.1")).unwrap();
    let session = store.begin_session(environment, writer).unwrap();
    for number in 0..batches {
        let facts = facts_of(writer, number);
        let batch = batch_of(&format!("{writer}::{number}"), Outcome::Passed, &facts);
        store.record(environment, session, &mut Importer::new(), &batch, &[]).unwrap();
        say(number);
    }
    store.finish_session(session).unwrap();
}

/// Not a test by itself: what [`start_writer`] starts.
#[test]
fn child_writes() {
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let writer = std::env::var(WRITER).unwrap();
    let batches = std::env::var(BATCHES).unwrap().parse().unwrap();
    println!();
    write(&path, &writer, batches, |number| println!("wrote {number}"));
}

fn start_writer(path: &Path, writer: &str, batches: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["together::child_writes", "--exact", "--nocapture"])
        .env(PATH, path)
        .env(WRITER, writer)
        .env(BATCHES, batches.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The numbers of `writer`'s tests, each of which must have all its facts.
fn whole_tests(loaded: &Loaded, writer: &str) -> BTreeSet<u32> {
    let prefix = format!("{writer}::");
    let number_of = |subject: &testmonx_core::trace::Subject| match subject {
        testmonx_core::trace::Subject::Test(test) => {
            test.as_str().strip_prefix(&prefix)?.parse().ok()
        }
        _ => None,
    };
    let mut numbers = BTreeSet::new();
    for found in &loaded.subjects {
        let Some(number) = number_of(&found.subject) else { continue };
        let body = &found.traces[0].body;
        let facts: BTreeSet<_> = body.facts.iter().map(|&id| &loaded.facts[id as usize]).collect();
        assert_eq!(facts, facts_of(writer, number).iter().collect());
        numbers.insert(number);
    }
    numbers
}

fn load(path: &Path) -> Loaded {
    let reader = Reader::open(path).unwrap();
    let environment = reader.find_environment(&components("3.13.1")).unwrap().unwrap();
    reader.load(environment).unwrap()
}

#[test]
fn two_stores_take_turns() {
    let mut scene = Scene::new();
    let mut other = open(&scene.path);
    let session = other.begin_session(scene.environment, "other").unwrap();
    assert!(session > scene.session);
    let mut importers = [Importer::new(), Importer::new()];
    for number in 0..10 {
        for (which, store) in [&mut scene.store, &mut other].into_iter().enumerate() {
            let facts = [fact("shared", number), fact(&format!("own {which}"), number)];
            let mut batch = batch_of(&format!("{which}::{number}"), Outcome::Passed, &facts);
            batch.first_fact = number * 2;
            batch.traces[0].body.facts = vec![number * 2, number * 2 + 1];
            let environment = scene.environment;
            store.record(environment, session, &mut importers[which], &batch, &[]).unwrap();
        }
    }
    let loaded = scene.load();
    assert_eq!(loaded, other.load(scene.environment).unwrap());
    assert_eq!(loaded.subjects.len(), 20);
    assert_eq!(loaded.facts.len(), 30, "what both observed is stored once");
    let both = loaded
        .subjects
        .iter()
        .filter(|found| [subject("0::3"), subject("1::3")].contains(&found.subject));
    let shared: BTreeSet<_> = both.flat_map(|found| found.traces[0].body.facts.clone()).collect();
    assert_eq!(shared.len(), 3);
}

#[test]
fn threads_and_processes_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    // Nobody has made the store yet: they also meet in making it.
    let mut children = [start_writer(&path, "p", 30), start_writer(&path, "q", 30)];
    let threads = ["s", "t"].map(|writer| {
        let path = path.clone();
        thread::spawn(move || write(&path, writer, 30, |_| {}))
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let loaded = load(&path);
    for writer in ["p", "q", "s", "t"] {
        assert_eq!(whole_tests(&loaded, writer).len(), 30, "{writer}");
    }
    assert_eq!(loaded.facts.len(), 30 * 40 * 5);
    assert_eq!(names(directory.path()), ["data"], "nothing is left beside the store");
}

#[test]
fn many_find_the_same_damaged_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    std::fs::write(&path, "notes").unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || {
                let mut opened = Store::open(&path).unwrap();
                opened.store.environment(&components("3.13.1")).unwrap();
                usize::from(opened.set_aside.is_some())
            })
        })
        .collect();
    let set_aside: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(set_aside, 1);
    assert_eq!(names(directory.path()), ["data", "data.set-aside-1"]);
    assert_eq!(open(&path).environments().unwrap().len(), 1);
}

/// SIGKILL at any moment: whatever the writer was told is written is there, whole, and nothing else
/// than whole tests; the next session finds a store, not damage.
#[test]
fn a_killed_writer_loses_at_most_its_last_batch() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let mut random = Random(0xdead);
    let mut journals = 0;
    for round in 0..12 {
        let writer = format!("w{round}");
        let mut child = start_writer(&path, &writer, 1_000_000);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = BTreeSet::new();
        let wait_for = 1 + random.below(6) as u32;
        let mut note = |line: &str| {
            told.extend(line.strip_prefix("wrote ").map(|number| number.parse::<u32>().unwrap()));
            told.last().copied()
        };
        while note(&lines.next().unwrap().unwrap()) < Some(wait_for) {}
        thread::sleep(Duration::from_micros(random.below(5_000) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.map_while(Result::ok).for_each(|line| {
            note(&line);
        });
        journals += usize::from(directory.path().join("data-journal").exists());
        // Every other time it is a reader that comes first.
        if round % 2 == 0 {
            let found = whole_tests(&load(&path), &writer);
            assert!(found.is_superset(&told), "{told:?} was told, {found:?} is there");
        }
        let mut store = open(&path);
        let environment = store.find_environment(&components("3.13.1")).unwrap().unwrap();
        let found = whole_tests(&store.load(environment).unwrap(), &writer);
        assert!(found.is_superset(&told), "{told:?} was told, {found:?} is there");
        assert!(found.len() <= told.len() + 1, "{told:?} was told, {found:?} is there");
        // A journal that had not yet begun to matter stays until the next write.
        store.begin_session(environment, "after").unwrap();
        assert_eq!(names(directory.path()), ["data"]);
    }
    println!("{journals} of 12 writers left a journal");
}
