//! The coordination state: what the controller tells its workers. Immutable, written once before a
//! worker starts; the same bytes travel through `workerinput` and lie in `controller_ready.json`.
//!
//! It is JSON, so that a person can read it when something is wrong; only the plan, which can be
//! long, is packed. `docs/xdist.md` describes each field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use testmonx_core::Digest;

use crate::error::StateError;
use crate::owner::Owner;
use crate::plan::{FORMAT, Plan};
use crate::settings::Settings;
use crate::site::Site;
use crate::wire::PROTOCOL_VERSION;

const CONTROLLER: &str = "controller";

/// How many changed files are named; the state must not grow with a large change.
const NAMED_FILES: usize = 50;

/// What the controller tells its workers.
#[derive(Clone, Debug, PartialEq)]
pub struct CoordinationState {
    /// Identifies the session; part of every observation sent back.
    pub session: String,
    /// The controller's process.
    pub owner: Owner,
    /// Where the controller runs.
    pub site: Site,
    /// Whether the workers are to record what they observe.
    pub is_recording: bool,
    /// The store; `None` if there is none to write to.
    pub store: Option<StoreRef>,
    /// The workers that xdist is about to start, by id.
    pub workers: Vec<String>,
    /// What changed since the tests ran last.
    pub changed: Changed,
    /// The environment variables that were written since pytest started, and that workers therefore inherit, with
    /// the digests of their values before; `None` for those that were not set.
    pub variables: BTreeMap<String, Option<Digest>>,
    /// How to wait for each other.
    pub settings: Settings,
    /// The directory of the handshake; `None` without one.
    pub directory: Option<String>,
    /// What to run.
    pub plan: Plan,
}

/// Which store the controller writes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRef {
    /// Where it is.
    pub path: String,
    /// The random bytes that tell it from any other, in hexadecimal.
    pub identity: String,
    /// The environment that the controller made sure of.
    pub environment: EnvironmentRef,
}

/// An environment of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentRef {
    /// Its number in the store.
    pub id: i64,
    /// What people call it.
    pub name: String,
}

/// What changed, as far as tests depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// How many files.
    pub count: usize,
    /// The first of them.
    pub files: Vec<String>,
}

impl Changed {
    /// Of all the changed files.
    #[must_use]
    pub fn of(files: &[String]) -> Self {
        Self { count: files.len(), files: files.iter().take(NAMED_FILES).cloned().collect() }
    }
}

/// What every version writes and reads.
#[derive(Serialize, Deserialize)]
struct Head {
    protocol: u32,
    session: String,
    owner: Owner,
    plan: PackedPlan,
}

#[derive(Serialize, Deserialize)]
struct PackedPlan {
    format: u32,
    data: String,
}

/// What this version writes besides.
#[derive(Serialize, Deserialize)]
struct Rest {
    testmonx: String,
    site: Site,
    is_recording: bool,
    store: Option<StoreRef>,
    workers: Vec<String>,
    changed: Changed,
    variables: BTreeMap<String, Option<Digest>>,
    settings: Settings,
    directory: Option<String>,
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    rest: Rest,
}

/// The session and its controller, of a state of any version; `None` if it is none at all.
pub(crate) fn whose(bytes: &[u8]) -> Option<(String, Owner)> {
    #[derive(Deserialize)]
    struct Whose {
        session: String,
        owner: Owner,
    }
    let whose: Whose = serde_json::from_slice(bytes).ok()?;
    Some((whose.session, whose.owner))
}

/// The plan of a state that this process cannot follow otherwise: all workers must leave out the
/// same tests, or xdist stops the run. `None` if not even the plan can be read.
#[must_use]
pub fn salvage_plan(bytes: &[u8]) -> Option<Plan> {
    #[derive(Deserialize)]
    struct Part {
        plan: PackedPlan,
    }
    let part: Part = serde_json::from_slice(bytes).ok()?;
    (part.plan.format == FORMAT).then(|| Plan::unpack(&part.plan.data).ok())?
}

impl CoordinationState {
    /// The bytes that travel to a worker.
    ///
    /// # Errors
    /// If the encoder fails, which takes an allocation failure.
    pub fn encode(&self) -> Result<Vec<u8>, StateError> {
        let data = self.plan.pack().map_err(|error| StateError::damaged(CONTROLLER, &error))?;
        let whole = Whole {
            head: Head {
                protocol: PROTOCOL_VERSION,
                session: self.session.clone(),
                owner: self.owner.clone(),
                plan: PackedPlan { format: FORMAT, data },
            },
            rest: Rest {
                testmonx: env!("CARGO_PKG_VERSION").to_owned(),
                site: self.site.clone(),
                is_recording: self.is_recording,
                store: self.store.clone(),
                workers: self.workers.clone(),
                changed: self.changed.clone(),
                variables: self.variables.clone(),
                settings: self.settings.clone(),
                directory: self.directory.clone(),
            },
        };
        serde_json::to_vec_pretty(&whole).map_err(|error| StateError::damaged(CONTROLLER, &error))
    }

    /// The state in `bytes`, checked for this version.
    ///
    /// # Errors
    /// If it is damaged, or was written by another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        #[derive(Deserialize)]
        struct Version {
            protocol: u32,
        }
        let damaged = |error: serde_json::Error| StateError::damaged(CONTROLLER, &error);
        let Version { protocol } = serde_json::from_slice(bytes).map_err(damaged)?;
        if protocol != PROTOCOL_VERSION {
            return Err(StateError::OtherProtocol { what: CONTROLLER, found: protocol });
        }
        let head: Head = serde_json::from_slice(bytes).map_err(damaged)?;
        let rest: Rest = serde_json::from_slice(bytes).map_err(damaged)?;
        let plan = Plan::unpack(&head.plan.data)
            .map_err(|error| StateError::damaged(CONTROLLER, &error))?;
        Ok(Self {
            session: head.session,
            owner: head.owner,
            site: rest.site,
            is_recording: rest.is_recording,
            store: rest.store,
            workers: rest.workers,
            changed: rest.changed,
            variables: rest.variables,
            settings: rest.settings,
            directory: rest.directory,
            plan,
        })
    }

    /// The same, checked for `session` as well.
    ///
    /// # Errors
    /// As for [`CoordinationState::decode`], and if it is of another session.
    pub fn decode_for(bytes: &[u8], session: &str) -> Result<Self, StateError> {
        let state = Self::decode(bytes)?;
        if state.session == session {
            return Ok(state);
        }
        let (found, expected) = (state.session, session.to_owned());
        Err(StateError::OtherSession { what: CONTROLLER, found, expected })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use testmonx_core::RelPath;
    use testmonx_core::trace::NodeId;

    use super::*;
    use crate::plan::tests::plans;

    pub(crate) fn state(session: &str) -> CoordinationState {
        CoordinationState {
            session: session.into(),
            owner: Owner::this_process(),
            site: Site { root: "/p".into(), ..Site::default() },
            is_recording: true,
            store: Some(StoreRef {
                path: "/p/.testmondata".into(),
                identity: "0f".into(),
                environment: EnvironmentRef { id: 3, name: "default".into() },
            }),
            workers: vec!["gw0".into(), "gw1".into()],
            changed: Changed::of(&["a.py".into()]),
            variables: [("MODE".into(), Some(Digest::of(b"fast"))), ("NEW".into(), None)].into(),
            settings: Settings::default(),
            directory: None,
            plan: Plan {
                skipped_files: [RelPath::new("test_a.py")].into(),
                fresh_tests: [NodeId::new("test_b.py::test_x[é]")].into(),
                ranks: Some([(NodeId::new("test_b.py::test_y"), 3)].into()),
                new_rank: 1,
            },
        }
    }

    /// The bytes of `state`, as another version would have written them.
    fn of_protocol(protocol: u32, format: u32) -> Vec<u8> {
        let text = String::from_utf8(state("s1").encode().unwrap()).unwrap();
        let text = text.replace(
            &format!("\"protocol\": {PROTOCOL_VERSION}"),
            &format!("\"protocol\": {protocol}"),
        );
        text.replace(&format!("\"format\": {FORMAT}"), &format!("\"format\": {format}"))
            .into_bytes()
    }

    #[test]
    fn what_is_told_is_what_is_heard() {
        let bytes = state("s1").encode().unwrap();
        assert_eq!(CoordinationState::decode(&bytes), Ok(state("s1")));
        assert_eq!(CoordinationState::decode_for(&bytes, "s1"), Ok(state("s1")));
    }

    #[test]
    fn a_person_can_read_it() {
        let text = String::from_utf8(state("s1").encode().unwrap()).unwrap();
        for part in
            ["\"protocol\": 3", "\"session\": \"s1\"", "\"root\": \"/p\"", "\"gw1\"", "\"a.py\""]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn another_session_is_refused_by_name() {
        let error =
            CoordinationState::decode_for(&state("s1").encode().unwrap(), "s2").unwrap_err();
        let text = "the controller's message is of session `s1`, not of `s2` (run again)";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn another_version_is_refused_by_name_and_its_plan_is_still_followed() {
        let bytes = of_protocol(7, FORMAT);
        let error = CoordinationState::decode(&bytes).unwrap_err();
        assert_eq!(error, StateError::OtherProtocol { what: "controller", found: 7 });
        assert_eq!(salvage_plan(&bytes), Some(state("s1").plan));
        assert_eq!(whose(&bytes).map(|(session, _)| session).as_deref(), Some("s1"));
        assert_eq!(
            salvage_plan(&of_protocol(7, FORMAT + 1)),
            None,
            "nor is a plan in a form not known"
        );
    }

    #[test]
    fn a_version_that_says_nothing_else_is_told_apart() {
        let error = CoordinationState::decode(b"{\"protocol\": 9, \"new\": []}").unwrap_err();
        assert_eq!(error, StateError::OtherProtocol { what: "controller", found: 9 });
        assert_eq!(whose(b"{\"protocol\": 9}"), None);
    }

    #[test]
    fn what_was_cut_short_is_refused() {
        let bytes = state("s1").encode().unwrap();
        for end in 0..bytes.len() {
            assert!(CoordinationState::decode(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_plan_that_was_damaged_is_refused() {
        let text = String::from_utf8(state("s1").encode().unwrap()).unwrap();
        let (head, tail) = text.split_once("\"data\": \"").unwrap();
        let damaged = format!("{head}\"data\": \"!{tail}");
        let error = CoordinationState::decode(damaged.as_bytes()).unwrap_err();
        assert!(matches!(error, StateError::Damaged { .. }), "{error}");
    }

    #[test]
    fn only_the_first_changed_files_are_named() {
        let files: Vec<String> = (0..200).map(|at| format!("m{at}.py")).collect();
        let changed = Changed::of(&files);
        assert_eq!((changed.count, changed.files.len()), (200, 50));
    }

    proptest! {
        #[test]
        fn any_plan_arrives(plan in plans(), workers in prop::collection::vec("\\PC{0,9}", 0..5)) {
            let sent = CoordinationState { plan, workers, ..state("s") };
            prop_assert_eq!(CoordinationState::decode(&sent.encode().unwrap()), Ok(sent));
        }

        #[test]
        fn noise_is_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(CoordinationState::decode(&bytes).is_err());
            prop_assert_eq!(salvage_plan(&bytes), None);
        }

        #[test]
        fn a_byte_that_was_changed_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = state("s1").encode().unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = (CoordinationState::decode(&bytes), salvage_plan(&bytes), whose(&bytes));
        }
    }
}
