//! Which traces of a subject are kept, and what a load says of them.

use crate::support::{Scene, batch_of, components, fact, subject};
use testmonx_core::RelPath;
use testmonx_core::trace::{Batch, NodeId, Outcome, SpanBody, Subject, Trace};
use testmonx_store::{Importer, KEPT_TRACES, TraceId};

const TEST: &str = "tests/test_a.py::test_a";

fn ids(scene: &Scene) -> Vec<TraceId> {
    scene.traces(TEST).iter().map(|trace| trace.id).collect()
}

#[test]
fn the_least_recently_used_goes_first() {
    let mut scene = Scene::new();
    let mut runs = Vec::new();
    for version in 0..KEPT_TRACES as u32 {
        scene.next_session();
        runs.push(scene.run(TEST, Outcome::Passed, &[fact("a.py::f", version)]));
    }
    let session = scene.next_session();
    scene.store.touch(session, &[runs[0]]).unwrap();
    let new = scene.run(TEST, Outcome::Skipped, &[fact("a.py::f", 99)]);
    let kept = ids(&scene);
    assert_eq!(kept.len(), KEPT_TRACES);
    assert_eq!(kept[..2], [new, runs[0]], "the most recently used come first");
    assert!(!kept.contains(&runs[1]), "it was used least recently");
}

#[test]
fn an_equal_run_takes_the_place_of_the_earlier_one() {
    let mut scene = Scene::new();
    let first = scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 1)]);
    let other = scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 2)]);
    let session = scene.next_session();
    let again = scene.run(TEST, Outcome::Skipped, &[fact("a.py::f", 1)]);
    assert_eq!(again, first);
    assert_eq!(ids(&scene), [first, other]);
    let loaded = scene.load();
    assert_eq!(loaded.subjects[0].last.outcome, Outcome::Skipped);
    assert_eq!(loaded.subjects[0].last.session, session);
    assert_eq!(loaded.subjects[0].last.micros, 1_500);
}

#[test]
fn of_failures_only_the_last_is_kept_and_only_while_it_is_the_last_run() {
    let mut scene = Scene::new();
    let passed = scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 1)]);
    scene.next_session();
    scene.run(TEST, Outcome::Failed, &[fact("a.py::f", 2)]);
    let failed = scene.run(TEST, Outcome::Failed, &[fact("a.py::f", 3)]);
    assert_eq!(ids(&scene), [failed, passed], "what passes in another tree still does");
    assert_eq!(scene.load().subjects[0].last.outcome, Outcome::Failed);
    let fixed = scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 4)]);
    assert_eq!(ids(&scene), [fixed, passed]);
}

#[test]
fn a_failed_run_drops_what_it_disproves() {
    let mut scene = Scene::new();
    let elsewhere = scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 1)]);
    let holds = scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 2)]);
    let equal = [fact("a.py::f", 2), fact("a.py::g", 2)];
    scene.run(TEST, Outcome::Passed, &equal);
    scene.next_session();
    let failed = scene.run_retiring(TEST, Outcome::Failed, &equal, &[holds]);
    assert_eq!(ids(&scene), [failed, elsewhere], "neither the retired nor the equal one is left");
}

#[test]
fn a_flaky_pass_does_not_survive_a_failure_in_the_same_session() {
    let mut scene = Scene::new();
    scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 1)]);
    let failed = scene.run(TEST, Outcome::Failed, &[fact("a.py::f", 1), fact("a.py::g", 1)]);
    assert_eq!(ids(&scene), [failed]);
}

#[test]
fn ids_are_never_used_again() {
    let mut scene = Scene::new();
    let first = scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 1)]);
    scene.store.forget(scene.environment, &[subject(TEST), subject("no::such")]).unwrap();
    assert_eq!(scene.load().subjects, []);
    let second = scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 1)]);
    assert_ne!(first, second);
    scene.store.touch(scene.session, &[first]).unwrap();
    scene.run_retiring("other", Outcome::Passed, &[], &[first]);
    assert_eq!(ids(&scene), [second]);
}

#[test]
fn environments_do_not_see_each_other() {
    let mut scene = Scene::new();
    scene.run(TEST, Outcome::Passed, &[fact("a.py::f", 1)]);
    let other = scene.store.environment(&components("3.12.0")).unwrap();
    assert_eq!(scene.store.load(other).unwrap(), Default::default());
    let batch = batch_of(TEST, Outcome::Failed, &[fact("a.py::g", 1)]);
    scene.store.record(other, scene.session, &mut Importer::new(), &batch, &[]).unwrap();
    assert_eq!(scene.load().facts, [fact("a.py::f", 1)]);
    assert_eq!(scene.store.load(other).unwrap().facts, [fact("a.py::g", 1)]);
}

#[test]
fn a_collection_remembers_its_tests_in_order() {
    let mut scene = Scene::new();
    let file = Subject::Collection(RelPath::new("tests/test_a.py"));
    let collected: Vec<_> =
        ["z", "a", "m[1]"].iter().map(|name| NodeId::new(&format!("t.py::{name}"))).collect();
    let trace = Trace {
        subject: file.clone(),
        outcome: Outcome::Passed,
        micros: 10,
        body: SpanBody::default(),
        collected: collected.clone(),
    };
    let mut fewer = trace.clone();
    fewer.collected.pop();
    let batch = Batch { traces: vec![trace, fewer.clone()], ..Batch::default() };
    let (environment, session) = (scene.environment, scene.session);
    scene.store.record(environment, session, &mut Importer::new(), &batch, &[]).unwrap();
    let subjects = scene.load().subjects;
    assert_eq!(subjects.len(), 1);
    assert_eq!(subjects[0].subject, file);
    assert_eq!(subjects[0].traces[0].collected, fewer.collected);
    assert_eq!(subjects[0].traces[1].collected, collected);
}

#[test]
fn a_batch_that_contradicts_itself_writes_nothing() {
    let mut scene = Scene::new();
    let mut batch = batch_of(TEST, Outcome::Passed, &[fact("a.py::f", 1)]);
    batch.traces[0].body.facts.push(7);
    let (environment, session) = (scene.environment, scene.session);
    let mut importer = Importer::new();
    let error = scene.store.record(environment, session, &mut importer, &batch, &[]).unwrap_err();
    assert!(error.to_string().starts_with("observations could not be recorded ("), "{error}");
    assert_eq!(scene.store.totals().unwrap().facts, 0);
    batch.traces[0].body.facts.pop();
    scene.store.record(environment, session, &mut importer, &batch, &[]).unwrap();
    assert_eq!(scene.load().facts, [fact("a.py::f", 1)]);
}
