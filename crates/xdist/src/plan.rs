//! The plan: which tests run and in which order; the same in every process of a session.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use testmonx_core::RelPath;
use testmonx_core::trace::NodeId;

use crate::compact::{Names, Numbers, pack, unpack};

/// The format of a packed plan. It changes less often than the protocol, so that a worker of another
/// version can still leave out what the others leave out: xdist stops a run whose workers differ.
pub(crate) const FORMAT: u32 = 2;

/// Which tests run and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Test files that need not be imported: all their tests are fresh.
    pub skipped_files: BTreeSet<RelPath>,
    /// Fresh tests of the files that are collected.
    pub fresh_tests: BTreeSet<NodeId>,
    /// The rank of known tests, lowest first, if the order is to be changed.
    pub ranks: Option<BTreeMap<NodeId, u32>>,
    /// The rank of tests that are not in `ranks`: new ones.
    pub new_rank: u32,
}

/// A plan as it travels.
#[derive(Serialize, Deserialize)]
struct Packed {
    skipped_files: Names,
    fresh_tests: Names,
    ranks: Option<(Names, Numbers)>,
    new_rank: u32,
}

impl Plan {
    /// The plan as text.
    pub(crate) fn pack(&self) -> Result<String, String> {
        let names =
            |tests: &mut dyn Iterator<Item = &str>| Names(tests.map(str::to_owned).collect());
        pack(&Packed {
            skipped_files: names(&mut self.skipped_files.iter().map(RelPath::as_str)),
            fresh_tests: names(&mut self.fresh_tests.iter().map(NodeId::as_str)),
            ranks: self.ranks.as_ref().map(|ranks| {
                let of_tests = Numbers(ranks.values().copied().collect());
                (names(&mut ranks.keys().map(NodeId::as_str)), of_tests)
            }),
            new_rank: self.new_rank,
        })
    }

    /// The plan that [`Plan::pack`] made `text` of.
    pub(crate) fn unpack(text: &str) -> Result<Self, String> {
        let packed: Packed = unpack(text)?;
        let tests = |names: Names| names.0.into_iter().map(|name| NodeId::new(&name));
        let ranks = match packed.ranks {
            Some((names, ranks)) if names.0.len() == ranks.0.len() => {
                Some(tests(names).zip(ranks.0).collect())
            }
            Some(_) => return Err("ranks without tests".to_owned()),
            None => None,
        };
        Ok(Self {
            skipped_files: packed.skipped_files.0.iter().map(|name| RelPath::new(name)).collect(),
            fresh_tests: tests(packed.fresh_tests).collect(),
            ranks,
            new_rank: packed.new_rank,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn plans() -> impl Strategy<Value = Plan> {
        let names = || prop::collection::btree_set("[a-zé/]{1,8}(::[a-z\\[\\]é0-9]{1,8})?", 0..12);
        let ranks =
            prop::option::of(prop::collection::btree_map("[a-z:é]{1,9}", any::<u32>(), 0..9));
        (names(), names(), ranks, any::<u32>()).prop_map(|(files, tests, ranks, new_rank)| Plan {
            skipped_files: files.iter().map(|name| RelPath::new(name)).collect(),
            fresh_tests: tests.iter().map(|name| NodeId::new(name)).collect(),
            ranks: ranks.map(|ranks| {
                ranks.into_iter().map(|(name, rank)| (NodeId::new(&name), rank)).collect()
            }),
            new_rank,
        })
    }

    proptest! {
        #[test]
        fn every_process_follows_the_same_plan(plan in plans()) {
            prop_assert_eq!(Plan::unpack(&plan.pack().unwrap()), Ok(plan));
        }
    }

    #[test]
    fn ranks_must_be_as_many_as_tests() {
        let packed = Packed {
            skipped_files: Names::default(),
            fresh_tests: Names::default(),
            ranks: Some((Names(vec!["a".into()]), Numbers(vec![1, 2]))),
            new_rank: 0,
        };
        assert_eq!(Plan::unpack(&pack(&packed).unwrap()), Err("ranks without tests".to_owned()));
    }

    /// Node IDs such as people write: no two alike, 20,000 of them in 400 files, 57 bytes on average.
    fn large(is_ranked: bool) -> Plan {
        const WORDS: [&str; 20] = [
            "parse",
            "render",
            "empty",
            "nested",
            "unicode",
            "missing",
            "default",
            "invalid",
            "cache",
            "timeout",
            "retry",
            "order",
            "merge",
            "filter",
            "schema",
            "header",
            "token",
            "stream",
            "config",
            "roundtrip",
        ];
        let word = |at: usize| WORDS[at % WORDS.len()];
        let mut plan = Plan::default();
        let mut ranks = BTreeMap::new();
        for at in 0..20_000usize {
            let (file, test) = (at / 50, at % 50);
            // A step that is prime to 400 mixes the words.
            let mixed = file * 7 + test * 13;
            let name = format!(
                "tests/{}/test_{}_{}.py::Test{}::test_{}_{}_{}_{}",
                word(file),
                word(file * 3 + 1),
                file,
                word(test / 10),
                word(mixed),
                word(mixed / 3 + file),
                word(mixed / 7),
                test,
            );
            if is_ranked {
                // Times are in no order.
                ranks.insert(NodeId::new(&name), u32::try_from(at * 7919 % 20_000).unwrap());
            } else {
                plan.fresh_tests.insert(NodeId::new(&name));
            }
        }
        plan.ranks = is_ranked.then_some(ranks);
        plan
    }

    #[test]
    fn the_plan_for_20_000_tests_is_small() {
        for is_ranked in [false, true] {
            let plan = large(is_ranked);
            let names = plan.fresh_tests.iter().map(|test| test.as_str().len()).sum::<usize>();
            let size = plan.pack().unwrap().len();
            println!("ranked {is_ranked}: {names} bytes of names, {size} packed");
            // Twice the aim of docs/xdist.md: this is about growth, not about a byte more or less.
            assert!(size < 200_000, "{size} bytes");
        }
    }
}
