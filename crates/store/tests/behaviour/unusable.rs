//! Files that are no store of this version: set aside, named, never deleted, never believed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{
    Content, Random, Resolved, Scene, batch_of, contents, fact, names, open, resolve,
};
use rusqlite::Connection;
use testmonx_core::trace::{Batch, Outcome, SpanBody};
use testmonx_store::{
    EnvironmentId, Importer, Reader, SCHEMA_VERSION, SessionId, SetAside, Store, StoreError,
    Unusable,
};

/// Opens what is at `path`, requires that it was set aside and that the new store works.
fn set_aside(path: &Path) -> SetAside {
    let bytes = fs::read(path).unwrap();
    let why = Reader::open(path).unwrap_err();
    assert!(why.unusable().is_some(), "a reader says so too: {why:?}");
    let opened = Store::open(path).unwrap();
    let set_aside = opened.set_aside.unwrap();
    let mut store = opened.store;
    store.environment(&[]).unwrap();
    assert_eq!(store.totals().unwrap().environments, 1);
    assert_eq!(set_aside.from, path);
    assert!(fs::read(&set_aside.to).unwrap() == bytes, "the file is kept as it was");
    set_aside
}

fn filled() -> Scene {
    let mut scene = Scene::new();
    let mut batch = Batch::default();
    for test in 0..60_u32 {
        let facts: Vec<_> = (0..10).map(|at| fact(&format!("m{test}.py::f{at}"), test)).collect();
        let mut one = batch_of(&format!("t.py::test_{test}"), Outcome::Passed, &facts);
        one.traces[0].body.facts.iter_mut().for_each(|id| *id += test * 10);
        one.traces[0].body.spans = vec![test];
        batch.facts.append(&mut one.facts);
        batch.traces.append(&mut one.traces);
        batch.spans.push(SpanBody { facts: vec![test * 10], spans: (0..test.min(1)).collect() });
    }
    let (environment, session) = (scene.environment, scene.session);
    scene.store.record(environment, session, &mut Importer::new(), &batch, &[]).unwrap();
    scene
}

#[test]
fn a_later_schema() {
    let scene = filled();
    drop(scene.store);
    let connection = Connection::open(&scene.path).unwrap();
    connection.pragma_update(None, "user_version", SCHEMA_VERSION + 2).unwrap();
    drop(connection);
    let set_aside = set_aside(&scene.path);
    assert_eq!(set_aside.why, Unusable::Newer { found: SCHEMA_VERSION + 2 });
    assert_eq!(
        set_aside.why.to_string(),
        format!(
            "store schema {} is newer than {SCHEMA_VERSION}, which this version supports \
             (upgrade testmonx, or set another TESTMON_DATAFILE)",
            SCHEMA_VERSION + 2
        )
    );
    assert_eq!(names(scene.directory.path()), [".testmondata", ".testmondata.set-aside-1"]);
}

/// The tables of pytest-testmon 2.x, as a run of it leaves them, log and all.
#[test]
fn pytest_testmon() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".testmondata");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE metadata (dataid TEXT PRIMARY KEY, data TEXT);
             CREATE TABLE environment (id INTEGER PRIMARY KEY, environment_name TEXT);
             CREATE TABLE test_execution (id INTEGER PRIMARY KEY, test_name TEXT);
             CREATE TABLE file_fp (id INTEGER PRIMARY KEY, filename TEXT);
             CREATE TABLE test_execution_file_fp (test_execution_id, fingerprint_id);
             CREATE TABLE suite_execution_file_fsha (suite_execution_id, filename, fsha);
             PRAGMA user_version = 14;",
        )
        .unwrap();
    drop(connection);
    assert_eq!(set_aside(&path).why, Unusable::PytestTestmon);
    assert_eq!(names(directory.path()), [".testmondata", ".testmondata.set-aside-1"]);
}

#[test]
fn another_program_s_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE accounts (name)").unwrap();
    assert_eq!(set_aside(&path).why, Unusable::OtherDatabase);
    let kept = Connection::open(directory.path().join("data.set-aside-1")).unwrap();
    kept.prepare("SELECT name FROM accounts").unwrap();
}

#[test]
fn text_and_noise() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let mut random = Random(7);
    let noise: Vec<u8> = (0..10_000).map(|_| random.below(256) as u8).collect();
    for (n, bytes) in [b"notes to myself\n".as_slice(), b"x", &noise].into_iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        let set_aside = set_aside(&path);
        assert!(matches!(set_aside.why, Unusable::Damaged(_)));
        assert!(set_aside.to.to_string_lossy().ends_with(&format!("data.set-aside-{}", n + 1)));
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_file_of_no_bytes_is_a_store_to_be() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    fs::write(&path, "").unwrap();
    assert!(matches!(Reader::open(&path).unwrap_err(), StoreError::Missing { .. }));
    open(&path).environment(&[]).unwrap();
}

#[test]
fn a_file_cut_short() {
    let scene = filled();
    drop(scene.store);
    let bytes = fs::read(&scene.path).unwrap();
    for length in [1, 50, 100, 1_000, 4_096, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&scene.path, &bytes[..length]).unwrap();
        assert!(matches!(set_aside(&scene.path).why, Unusable::Damaged(_)), "{length}");
    }
}

/// Whatever byte is changed: the store is set aside, or says later that it is damaged, or what it
/// still says is true. Never is there a trace that no run observed.
#[test]
fn a_changed_byte_makes_nothing_up() {
    let scene = filled();
    let (environment, session) = (scene.environment, scene.session);
    let truth = contents(&scene.load());
    let directory = scene.directory;
    drop(scene.store);
    let bytes = fs::read(&scene.path).unwrap();
    let mut random = Random(0x5eed);
    let (mut noticed, mut later) = (0, 0);
    for _ in 0..300 {
        let mut changed = bytes.clone();
        // One in three in the header and the schema, where most harm is done.
        let end = if random.below(3) == 0 { 100 } else { bytes.len() };
        let at = random.below(end);
        changed[at] ^= 1 << random.below(8);
        let path = directory.path().join("copy");
        fs::write(&path, &changed).unwrap();
        let opened = Store::open(&path).unwrap();
        if opened.set_aside.is_some() {
            noticed += 1;
        } else {
            later += usize::from(!tells_the_truth(opened.store, environment, session, &truth));
        }
        for name in names(directory.path()).iter().filter(|name| name.starts_with("copy")) {
            fs::remove_file(directory.path().join(name)).unwrap();
        }
    }
    assert!(noticed > 20 && later > 20, "{noticed} noticed at once, {later} later");
}

/// Reads and writes; `false` if the store said at some point that it is damaged.
fn tells_the_truth(
    mut store: Store,
    environment: EnvironmentId,
    session: SessionId,
    truth: &BTreeSet<Content>,
) -> bool {
    let mut work = || -> Result<(), StoreError> {
        let found = contents(&store.load(environment)?);
        assert!(found.is_subset(truth), "{:?}", found.difference(truth).collect::<Vec<_>>());
        let batch = batch_of("t.py::test_new", Outcome::Passed, &[fact("m0.py::f0", 0)]);
        store.record(environment, session, &mut Importer::new(), &batch, &[])?;
        store.collect_garbage()?;
        let found = contents(&store.load(environment)?);
        let of_new = contents_of(&batch);
        assert!(found.iter().all(|trace| truth.contains(trace) || of_new == trace.2));
        Ok(())
    };
    let Err(error) = work() else { return true };
    let why = error.unusable().unwrap_or_else(|| panic!("{error:?}")).clone();
    let opened = store.replace(why.clone()).unwrap();
    assert_eq!(opened.set_aside.unwrap().why, why);
    assert_eq!(opened.store.load(environment).unwrap().subjects, []);
    false
}

fn contents_of(batch: &Batch) -> Resolved {
    resolve(&batch.traces[0].body, &batch.facts, &batch.spans)
}

#[test]
fn damage_met_later_is_set_aside_once() {
    let scene = filled();
    let [first, second] = [open(&scene.path), open(&scene.path)];
    let why = Unusable::Damaged("met while reading".into());
    let opened = first.replace(why.clone()).unwrap();
    assert!(opened.set_aside.is_some());
    let mut second = second;
    let error = second.environment(&[]).unwrap_err();
    assert!(matches!(error, StoreError::Replaced { .. }), "{error:?}");
    let opened = second.replace(why).unwrap();
    assert_eq!(opened.set_aside, None, "the new store is not in the way");
    assert_eq!(names(scene.directory.path()), [".testmondata", ".testmondata.set-aside-1"]);
}

#[test]
fn a_recorder_goes_on_in_the_new_store() {
    let scene = filled();
    let mut store = scene.store;
    let mut importer = Importer::new();
    let mut batch = batch_of("t.py::a", Outcome::Passed, &[fact("a", 1), fact("b", 1)]);
    store.record(scene.environment, scene.session, &mut importer, &batch, &[]).unwrap();
    let mut store = store.replace(Unusable::Damaged("by a test".into())).unwrap().store;
    let environment = store.environment(&[]).unwrap();
    let session = store.begin_session(environment, "again").unwrap();
    (batch.first_fact, batch.facts) = (2, vec![fact("c", 1)]);
    batch.traces[0].body.facts = vec![0, 2];
    store.record(environment, session, &mut importer, &batch, &[]).unwrap();
    assert_eq!(store.load(environment).unwrap().facts, [fact("a", 1), fact("c", 1)]);
}

#[test]
fn a_fact_of_an_unknown_kind_makes_its_traces_unusable() {
    let mut scene = Scene::new();
    let known = scene.run("known", Outcome::Passed, &[fact("a", 1)]);
    let mut batch = batch_of("by span", Outcome::Passed, &[fact("b", 1)]);
    batch.spans = vec![SpanBody { facts: vec![0], spans: vec![] }];
    batch.traces[0].body = SpanBody { facts: vec![], spans: vec![0] };
    let (environment, session) = (scene.environment, scene.session);
    scene.store.record(environment, session, &mut Importer::new(), &batch, &[]).unwrap();
    // As a later minor version writes it: the kind by name, the row's hash over that name.
    let connection = Connection::open(&scene.path).unwrap();
    let hash = {
        let mut hasher = crc32fast::Hasher::new();
        let digest = *fact("b", 1).digest.as_bytes();
        for field in [b"quark".as_slice(), b"b", &digest] {
            hasher.update(field);
            hasher.update(&(field.len() as u64).to_le_bytes());
        }
        hasher.finalize()
    };
    connection.execute("INSERT INTO kinds (name) VALUES ('quark')", ()).unwrap();
    let update = "UPDATE facts SET kind = (SELECT id FROM kinds WHERE name = 'quark'), hash = ?1
                  WHERE key = 'b'";
    assert_eq!(connection.execute(update, [hash]).unwrap(), 1);

    let loaded = scene.load();
    assert_eq!(loaded.unusable_traces, 1);
    assert_eq!(loaded.facts, [fact("a", 1)]);
    let traces: Vec<_> = loaded.subjects.iter().map(|subject| subject.traces.len()).collect();
    assert_eq!(traces, [1, 0], "the subject is known, its trace is not believed");
    assert_eq!(loaded.subjects[0].traces[0].id, known);
}
