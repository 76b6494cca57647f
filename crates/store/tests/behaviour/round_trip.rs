//! What goes in comes out: random sessions against a model that keeps whole values and no ids.

use std::collections::BTreeMap;

use crate::support::{Resolved, Scene, components, fact, open, resolve};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use testmonx_core::trace::{Batch, NodeId, Outcome, SpanBody, Subject, Trace};
use testmonx_core::{Fact, RelPath};
use testmonx_store::{Importer, KEPT_TRACES, Loaded, StoredTrace, TraceId};

/// Something that a session does. Numbers are taken modulo what there is to choose from.
#[derive(Clone, Debug)]
enum Step {
    NextSession { environment: usize },
    NewRecorder,
    Record { facts: Vec<(u8, u8)>, spans: Vec<Body>, runs: Vec<Run>, retire: Vec<usize> },
    Touch(Vec<usize>),
    Forget(u8),
    CollectGarbage,
    OpenAgain,
}

/// Facts and spans, as positions among those that the recorder has sent.
#[derive(Clone, Debug)]
struct Body {
    facts: Vec<usize>,
    spans: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Run {
    subject: u8,
    outcome: Outcome,
    micros: u32,
    body: Body,
}

fn body() -> impl Strategy<Value = Body> {
    let places = || btree_set(0..1_000_usize, 0..4).prop_map(|set| set.into_iter().collect());
    (places(), places()).prop_map(|(facts, spans)| Body { facts, spans })
}

fn run() -> impl Strategy<Value = Run> {
    use Outcome::{Failed, Passed, Skipped, Xfailed};
    let outcome =
        prop_oneof![4 => Just(Passed), 1 => Just(Skipped), 1 => Just(Xfailed), 2 => Just(Failed)];
    (0..4_u8, outcome, 0..5_u32, body()).prop_map(|(subject, outcome, micros, body)| Run {
        subject,
        outcome,
        micros,
        body,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let record = (vec((0..8_u8, 0..3_u8), 0..6), vec(body(), 0..3), vec(run(), 0..6))
        .prop_flat_map(|(facts, spans, runs)| {
            let retire = vec(any::<usize>(), 0..2);
            retire.prop_map(move |retire| Step::Record {
                facts: facts.clone(),
                spans: spans.clone(),
                runs: runs.clone(),
                retire,
            })
        });
    prop_oneof![
        12 => record,
        2 => (0..2_usize).prop_map(|environment| Step::NextSession { environment }),
        1 => Just(Step::NewRecorder),
        2 => vec(any::<usize>(), 1..4).prop_map(Step::Touch),
        1 => (0..4_u8).prop_map(Step::Forget),
        1 => Just(Step::CollectGarbage),
        1 => Just(Step::OpenAgain),
    ]
}

/// A trace as the model keeps it.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    content: Resolved,
    collected: Vec<NodeId>,
    outcome: Outcome,
    micros: u64,
    used: usize,
    ran: usize,
    recorded: usize,
    id: TraceId,
}

#[derive(Default)]
struct Model {
    traces: BTreeMap<(usize, Subject), Vec<Kept>>,
    runs: usize,
}

impl Model {
    fn record(&mut self, environment: usize, subject: Subject, mut new: Kept) {
        self.runs += 1;
        new.ran = self.runs;
        let kept = self.traces.entry((environment, subject)).or_default();
        kept.retain(|old| old.outcome != Outcome::Failed);
        let is_equal = |old: &Kept| old.content == new.content && old.collected == new.collected;
        if new.outcome == Outcome::Failed {
            kept.retain(|old| !is_equal(old) && old.recorded != new.recorded);
        } else if let Some(at) = kept.iter().position(is_equal) {
            kept.remove(at);
        } else if kept.len() == KEPT_TRACES {
            let oldest = kept.iter().map(|old| (old.used, old.ran)).min();
            kept.retain(|old| Some((old.used, old.ran)) != oldest);
        }
        kept.push(new);
    }

    fn ids(&self) -> Vec<TraceId> {
        self.traces.values().flatten().map(|kept| kept.id).collect()
    }

    fn check(&self, environment: usize, loaded: &Loaded) {
        let mut expected: BTreeMap<&Subject, Vec<Kept>> = BTreeMap::new();
        for ((_, subject), kept) in self.traces.iter().filter(|((at, _), _)| *at == environment) {
            let mut kept = kept.clone();
            kept.sort_by_key(|trace| std::cmp::Reverse((trace.used, trace.ran)));
            if !kept.is_empty() {
                expected.insert(subject, kept);
            }
        }
        assert_eq!(loaded.subjects.len(), expected.len());
        for found in &loaded.subjects {
            let kept = &expected[&found.subject];
            let same = |trace: &StoredTrace, kept: &Kept| {
                let content = resolve(&trace.body, &loaded.facts, &loaded.spans);
                assert_eq!((content, trace.id), (kept.content.clone(), kept.id));
                assert_eq!(trace.collected, kept.collected);
                assert_eq!((trace.outcome, trace.micros), (kept.outcome, kept.micros));
            };
            assert_eq!(found.traces.len(), kept.len());
            found.traces.iter().zip(kept).for_each(|(trace, kept)| same(trace, kept));
            let last = kept.iter().max_by_key(|kept| kept.ran).unwrap();
            assert_eq!((found.last.outcome, found.last.micros), (last.outcome, last.micros));
        }
        assert_eq!(loaded.unusable_traces, 0);
    }
}

/// One recorder's side: all that it has sent.
#[derive(Default)]
struct Recorder {
    importer: Importer,
    facts: Vec<Fact>,
    spans: Vec<SpanBody>,
}

impl Recorder {
    fn place(&self, body: &Body) -> SpanBody {
        let choose = |places: &[usize], among: usize| {
            let mut ids: Vec<u32> =
                places.iter().filter(|_| among > 0).map(|at| (at % among) as u32).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        SpanBody {
            facts: choose(&body.facts, self.facts.len()),
            spans: choose(&body.spans, self.spans.len()),
        }
    }

    fn batch(&mut self, facts: &[(u8, u8)], spans: &[Body], runs: &[Run]) -> Batch {
        let (first_fact, first_span) = (self.facts.len() as u32, self.spans.len() as u32);
        for (key, version) in facts {
            let fact = fact(&format!("a.py::f{key}"), u32::from(*version));
            if !self.facts.contains(&fact) {
                self.facts.push(fact);
            }
        }
        for span in spans {
            let span = self.place(span);
            self.spans.push(span);
        }
        let trace = |run: &Run| Trace {
            subject: subject_of(run.subject),
            outcome: run.outcome,
            micros: run.micros.into(),
            body: self.place(&run.body),
            collected: collected_by(run),
        };
        Batch {
            first_fact,
            facts: self.facts[first_fact as usize..].to_vec(),
            first_span,
            spans: self.spans[first_span as usize..].to_vec(),
            traces: runs.iter().map(trace).collect(),
        }
    }
}

fn subject_of(number: u8) -> Subject {
    match number {
        0 => Subject::Collection(RelPath::new("t.py")),
        _ => Subject::Test(NodeId::new(&format!("t.py::test_{number}"))),
    }
}

fn collected_by(run: &Run) -> Vec<NodeId> {
    let names = if run.subject == 0 { 0..run.micros } else { 0..0 };
    names.map(|name| NodeId::new(&format!("t.py::test_{name}"))).collect()
}

fn play(steps: Vec<Step>) {
    let mut scene = Scene::new();
    let other = scene.store.environment(&components("3.12.0")).unwrap();
    let environments = [scene.environment, other];
    let (mut environment, mut session) = (0, 0);
    let (mut model, mut recorder) = (Model::default(), Recorder::default());
    for step in steps {
        match step {
            Step::NextSession { environment: next } => {
                (environment, session) = (next, session + 1);
                scene.environment = environments[next];
                scene.next_session();
            }
            Step::NewRecorder => recorder = Recorder::default(),
            Step::Record { facts, spans, runs, retire } => {
                let ids = model.ids();
                let retired: Vec<_> =
                    retire.iter().filter_map(|at| ids.get(at % ids.len().max(1))).collect();
                let retired: Vec<TraceId> = retired.into_iter().copied().collect();
                model.traces.values_mut().for_each(|kept| {
                    kept.retain(|trace| !retired.contains(&trace.id));
                });
                let batch = recorder.batch(&facts, &spans, &runs);
                let importer = &mut recorder.importer;
                let (at, now) = (scene.environment, scene.session);
                let recorded = scene.store.record(at, now, importer, &batch, &retired).unwrap();
                for (trace, id) in batch.traces.iter().zip(recorded.traces) {
                    let kept = Kept {
                        content: resolve(&trace.body, &recorder.facts, &recorder.spans),
                        collected: trace.collected.clone(),
                        outcome: trace.outcome,
                        micros: trace.micros,
                        used: session,
                        ran: 0,
                        recorded: session,
                        id,
                    };
                    model.record(environment, trace.subject.clone(), kept);
                }
            }
            Step::Touch(places) => {
                let ids = model.ids();
                let touched: Vec<_> = places
                    .iter()
                    .filter_map(|at| ids.get(at % ids.len().max(1)).copied())
                    .collect();
                scene.store.touch(scene.session, &touched).unwrap();
                let traces = model.traces.values_mut().flatten();
                traces.filter(|kept| touched.contains(&kept.id)).for_each(|kept| {
                    kept.used = session;
                });
            }
            Step::Forget(number) => {
                let subject = subject_of(number);
                scene.store.forget(scene.environment, std::slice::from_ref(&subject)).unwrap();
                model.traces.remove(&(environment, subject));
            }
            Step::CollectGarbage => {
                scene.store.collect_garbage().unwrap();
            }
            Step::OpenAgain => scene.store = open(&scene.path),
        }
        model.check(0, &scene.store.load(environments[0]).unwrap());
        model.check(1, &scene.store.load(environments[1]).unwrap());
    }
    scene.store.collect_garbage().unwrap();
    let loaded = scene.load();
    model.check(environment, &loaded);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_store_keeps_what_a_model_keeps(steps in vec(step(), 1..25)) {
        play(steps);
    }
}
