//! Environments, sessions, outlines, file stats, totals and garbage.

use crate::support::{Scene, batch_of, components, contents, fact, open, resolve, subject};
use testmonx_core::source::{Outline, SourceModel};
use testmonx_core::trace::{Batch, Outcome, SpanBody};
use testmonx_core::{Digest, RelPath};
use testmonx_store::{FileStat, Importer, Reader, StatRecord};

#[test]
fn an_environment_is_its_components_in_any_order() {
    let mut scene = Scene::new();
    let mut shuffled = components("3.13.1");
    shuffled.reverse();
    assert_eq!(scene.store.environment(&shuffled).unwrap(), scene.environment);
    let other = scene.store.environment(&components("3.12.0")).unwrap();
    assert_ne!(other, scene.environment);
    let reader = Reader::open(&scene.path).unwrap();
    assert_eq!(reader.find_environment(&shuffled).unwrap(), Some(scene.environment));
    assert_eq!(reader.find_environment(&components("2.7")).unwrap(), None);
    let environments = reader.environments().unwrap();
    assert_eq!(environments[0].id, scene.environment, "the last used comes first");
    assert_eq!(environments[0].last_session, Some(scene.session));
    shuffled.sort();
    assert_eq!(environments[0].components, shuffled);
    assert_eq!(environments[1].last_session, None);
}

#[test]
fn sessions_count_up_whatever_becomes_of_them() {
    let mut scene = Scene::new();
    let mut last = scene.session;
    for _ in 0..300 {
        let next = scene.next_session();
        assert!(next > last);
        last = next;
    }
    let totals = scene.store.totals().unwrap();
    assert_eq!(totals.sessions, 301);
    let session = totals.last_session.unwrap();
    assert_eq!((session.id, session.name.as_str(), session.finished_at), (last, "next", None));
    scene.store.finish_session(last).unwrap();
    let session = scene.store.totals().unwrap().last_session.unwrap();
    assert!(session.finished_at.unwrap() >= session.started_at);
}

fn outline(name: &str) -> Outline {
    SourceModel::parse(format!("def {name}(): return 1").as_bytes()).unwrap().outline()
}

#[test]
fn outlines_are_found_by_content_and_version() {
    let mut scene = Scene::new();
    let contents = ["a", "b", "c"].map(|text| Digest::of(text.as_bytes()));
    let (a, b) = (outline("a"), outline("b"));
    scene.store.put_outlines(1, [(contents[0], &a), (contents[1], &b)]).unwrap();
    let found = scene.store.outlines(1, &[contents[2], contents[1], contents[0]]).unwrap();
    assert_eq!(found, [None, Some(b.clone()), Some(a)]);
    assert_eq!(scene.store.outlines(2, &contents[..1]).unwrap(), [None]);
    scene.store.put_outlines(1, [(contents[0], &b)]).unwrap();
    assert_eq!(scene.store.outlines(1, &contents[..1]).unwrap(), [Some(b)]);
}

fn stat(path: &str, inode: u64) -> StatRecord {
    StatRecord {
        path: RelPath::new(path),
        stat: FileStat { size: 3, mtime_ns: -5, ctime_ns: i64::MAX, inode },
        content: Digest::of(path.as_bytes()),
        recorded_at_ns: 1_700_000_000_000_000_000,
    }
}

#[test]
fn stats_are_replaced_and_struck_off() {
    let mut scene = Scene::new();
    scene.store.put_stats(&[stat("b.py", 1), stat("a.py", u64::MAX)], &[]).unwrap();
    assert_eq!(scene.store.stats().unwrap(), [stat("a.py", u64::MAX), stat("b.py", 1)]);
    scene.store.put_stats(&[stat("b.py", 2)], &[RelPath::new("a.py")]).unwrap();
    assert_eq!(open(&scene.path).stats().unwrap(), [stat("b.py", 2)]);
}

#[test]
fn garbage_is_what_no_trace_uses() {
    let mut scene = Scene::new();
    let inner = SpanBody { facts: vec![0], spans: vec![] };
    let outer = SpanBody { facts: vec![1], spans: vec![0] };
    let unused = SpanBody { facts: vec![2], spans: vec![0] };
    let mut batch = batch_of("kept", Outcome::Passed, &[]);
    batch.facts = vec![fact("in inner", 1), fact("in outer", 1), fact("unused", 1)];
    batch.spans = vec![inner, outer, unused];
    batch.traces[0].body.spans = vec![1];
    let (environment, session) = (scene.environment, scene.session);
    scene.store.record(environment, session, &mut Importer::new(), &batch, &[]).unwrap();
    scene.run("forgotten", Outcome::Passed, &[fact("of the forgotten", 1)]);
    let before = contents(&scene.load());
    scene.store.forget(environment, &[subject("forgotten")]).unwrap();

    let collected = scene.store.collect_garbage().unwrap();
    assert_eq!((collected.facts, collected.spans, collected.subjects), (2, 1, 1));
    let after = contents(&scene.load());
    assert_eq!(after.len(), 1);
    assert!(after.is_subset(&before));
    assert_eq!(scene.store.collect_garbage().unwrap(), Default::default());
}

#[test]
fn a_collection_between_two_batches_voids_no_ids() {
    let mut scene = Scene::new();
    let (environment, session) = (scene.environment, scene.session);
    let mut importer = Importer::new();
    let first = Batch {
        facts: vec![fact("a", 1), fact("b", 1)],
        spans: vec![SpanBody { facts: vec![0], spans: vec![] }],
        ..Batch::default()
    };
    scene.store.record(environment, session, &mut importer, &first, &[]).unwrap();
    assert_eq!(open(&scene.path).collect_garbage().unwrap().facts, 2);
    // Rows that now have the ids which the facts had.
    scene.run("other", Outcome::Passed, &[fact("x", 1), fact("y", 1), fact("z", 1)]);
    let mut second = batch_of("t", Outcome::Passed, &[]);
    (second.first_fact, second.first_span) = (2, 1);
    second.traces[0].body = SpanBody { facts: vec![1], spans: vec![0] };
    scene.store.record(environment, session, &mut importer, &second, &[]).unwrap();
    let loaded = scene.load();
    let trace = &loaded.subjects.iter().find(|found| found.subject == subject("t")).unwrap();
    let resolved = resolve(&trace.traces[0].body, &loaded.facts, &loaded.spans);
    assert_eq!(resolved.facts.into_iter().collect::<Vec<_>>(), [fact("b", 1)]);
    assert_eq!(resolved.spans.len(), 1);
}

#[test]
fn a_collection_becomes_worthwhile_and_shrinks_the_file() {
    let mut scene = Scene::new();
    assert!(!scene.store.is_collection_worthwhile().unwrap());
    let mut batch = Batch::default();
    for test in 0..2_000_u32 {
        let facts: Vec<_> = (0..20).map(|at| fact(&format!("m{test}.py::f{at}"), 1)).collect();
        let mut one = batch_of(&format!("test {test}"), Outcome::Passed, &facts);
        one.traces[0].body.facts.iter_mut().for_each(|id| *id += test * 20);
        batch.facts.append(&mut one.facts);
        batch.traces.append(&mut one.traces);
    }
    let (environment, session) = (scene.environment, scene.session);
    scene.store.record(environment, session, &mut Importer::new(), &batch, &[]).unwrap();
    assert!(!scene.store.is_collection_worthwhile().unwrap());
    let gone: Vec<_> = (100..2_000).map(|test| subject(&format!("test {test}"))).collect();
    scene.store.forget(environment, &gone).unwrap();
    assert!(scene.store.is_collection_worthwhile().unwrap());
    let before = std::fs::metadata(&scene.path).unwrap().len();
    scene.store.collect_garbage().unwrap();
    let after = std::fs::metadata(&scene.path).unwrap().len();
    assert!(after < before / 5, "{before} bytes became {after}");
    assert!(!scene.store.is_collection_worthwhile().unwrap());
    assert_eq!(scene.load().subjects.len(), 100);
}

#[test]
fn old_environments_and_outlines_go() {
    let mut scene = Scene::new();
    scene.run("t", Outcome::Passed, &[fact("a", 1)]);
    let contents = ["old", "of a file", "young"].map(|text| Digest::of(text.as_bytes()));
    let a = outline("a");
    scene.store.put_outlines(1, [(contents[0], &a), (contents[1], &a)]).unwrap();
    let mut record = stat("a.py", 1);
    record.content = contents[1];
    scene.store.put_stats(&[record], &[]).unwrap();
    for minor in 0..120 {
        let other = scene.store.environment(&components(&format!("4.{minor}"))).unwrap();
        scene.store.begin_session(other, "other").unwrap();
    }
    scene.store.put_outlines(1, [(contents[2], &a)]).unwrap();
    assert!(scene.store.is_collection_worthwhile().unwrap());
    let collected = scene.store.collect_garbage().unwrap();
    assert_eq!((collected.outlines, collected.facts), (1, 1));
    let found = scene.store.outlines(1, &contents).unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(scene.store.environments().unwrap().len(), 16);
    assert_eq!(scene.store.find_environment(&components("3.13.1")).unwrap(), None);
}

#[test]
fn totals_count() {
    let mut scene = Scene::new();
    scene.run("t", Outcome::Passed, &[fact("a", 1), fact("b", 1)]);
    scene.run("t", Outcome::Passed, &[fact("a", 2), fact("b", 1)]);
    scene.run("u", Outcome::Failed, &[fact("b", 1)]);
    let totals = scene.store.totals().unwrap();
    assert_eq!((totals.environments, totals.sessions), (1, 1));
    assert_eq!((totals.tests, totals.collections, totals.traces), (2, 0, 3));
    assert_eq!((totals.facts, totals.spans, totals.outlines), (3, 0, 0));
    assert_eq!(totals.bytes, std::fs::metadata(&scene.path).unwrap().len());
}
