//! What a worker sends back.

use serde::{Deserialize, Serialize};
use testmonx_core::trace::Batch;

use crate::error::StateError;
use crate::wire::{decode, encode};

const WORKER: &str = "worker";

/// What a worker observed since it last sent something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// The session that the worker was started for.
    pub session: String,
    /// The worker's id, which names its recorder: unique in the session.
    pub recorder: String,
    /// What it recorded.
    pub batch: Batch,
}

impl Observations {
    /// The bytes that travel to the controller.
    ///
    /// # Errors
    /// If the encoder fails, which takes an allocation failure.
    pub fn encode(&self) -> Result<Vec<u8>, StateError> {
        encode(WORKER, self)
    }

    /// The observations in `bytes`, checked for this version and `session`.
    ///
    /// # Errors
    /// If they are damaged, or come from another version or session.
    pub fn decode(bytes: &[u8], session: &str) -> Result<Self, StateError> {
        let observations: Self = decode(WORKER, bytes)?;
        if observations.session == session {
            return Ok(observations);
        }
        let (found, expected) = (observations.session, session.to_owned());
        Err(StateError::OtherSession { what: WORKER, found, expected })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testmonx_core::trace::{NodeId, Outcome, SpanBody, Subject, Trace};
    use testmonx_core::{Digest, Fact, Kind};

    use super::*;
    use crate::wire::PROTOCOL_VERSION;

    fn sent(batch: Batch) -> Observations {
        Observations { session: "s1".into(), recorder: "gw0".into(), batch }
    }

    fn batches() -> impl Strategy<Value = Batch> {
        let facts = prop::collection::vec("\\PC{0,20}", 0..5);
        let ids = || prop::collection::vec(any::<u32>(), 0..6);
        let traces = prop::collection::vec(("\\PC{0,30}", any::<u64>(), ids(), ids()), 0..4);
        (any::<u32>(), any::<u32>(), facts, traces).prop_map(|(fact, span, facts, traces)| Batch {
            first_fact: fact,
            first_span: span,
            facts: facts
                .into_iter()
                .map(|key| Fact::new(Kind::File, key, Digest::of(b"x")))
                .collect(),
            spans: traces
                .iter()
                .map(|(_, _, facts, spans)| SpanBody { facts: facts.clone(), spans: spans.clone() })
                .collect(),
            traces: traces
                .into_iter()
                .map(|(name, micros, facts, spans)| Trace {
                    subject: Subject::Test(NodeId::new(&name)),
                    outcome: Outcome::Skipped,
                    micros,
                    body: SpanBody { facts, spans },
                    collected: vec![NodeId::new("t.py::é")],
                })
                .collect(),
        })
    }

    proptest! {
        #[test]
        fn what_is_sent_arrives(batch in batches()) {
            let sent = sent(batch);
            prop_assert_eq!(Observations::decode(&sent.encode().unwrap(), "s1"), Ok(sent));
        }

        #[test]
        fn noise_is_refused_or_read_but_never_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let _ = Observations::decode(&bytes, "s1");
        }

        #[test]
        fn what_was_cut_short_is_refused(batch in batches(), part in 0.0..1.0f64) {
            let bytes = sent(batch).encode().unwrap();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
            #[expect(clippy::cast_precision_loss, reason = "short")]
            let end = (bytes.len() as f64 * part) as usize;
            prop_assert!(Observations::decode(&bytes[..end], "s1").is_err());
        }
    }

    #[test]
    fn observations_of_another_session_are_refused_by_name() {
        let error = Observations::decode(&sent(Batch::default()).encode().unwrap(), "s2");
        let text = error.unwrap_err().to_string();
        assert_eq!(text, "the worker's message is of session `s1`, not of `s2` (run again)");
    }

    #[test]
    fn observations_of_another_version_are_refused_by_name() {
        let newer = postcard::to_stdvec(&(PROTOCOL_VERSION + 1, 0u8)).unwrap();
        let error = Observations::decode(&newer, "s1").unwrap_err();
        let found = PROTOCOL_VERSION + 1;
        assert_eq!(error, StateError::OtherProtocol { what: "worker", found });
        assert!(
            error.to_string().ends_with("(install the same version of testmonx for all workers)")
        );
    }

    #[test]
    fn what_follows_the_end_is_damage() {
        let mut bytes = sent(Batch::default()).encode().unwrap();
        bytes.push(0);
        assert!(matches!(Observations::decode(&bytes, "s1"), Err(StateError::Damaged { .. })));
    }
}
