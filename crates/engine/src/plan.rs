//! From a selection to the plan that every process of a session follows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use testmonx_core::RelPath;
use testmonx_core::reason::Reason;
use testmonx_core::select::{Selection, Standing};
use testmonx_core::trace::NodeId;
use testmonx_xdist::Plan;

use crate::mode::Mode;

/// How a session's items are to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// Indices of the items that run, in the order in which they run.
    pub run: Vec<usize>,
    /// Indices of the items that are fresh and left out.
    pub deselected: Vec<usize>,
}

/// The plan for `selection` in `mode`. `last_micros` is how long each test took when it last ran.
#[must_use]
pub fn make_plan(selection: &Selection, mode: Mode, last_micros: &HashMap<NodeId, u64>) -> Plan {
    let mut plan = Plan::default();
    if mode.selects {
        let skippable = |file: &&RelPath| selection.skippable(file).is_some();
        plan.skipped_files = selection.files.keys().filter(skippable).cloned().collect();
        plan.fresh_tests = selection
            .tests
            .iter()
            .filter(|(test, standing)| {
                standing.is_fresh() && !plan.skipped_files.contains(&test.file())
            })
            .map(|(test, _)| test.clone())
            .collect();
    }
    if mode.reorders {
        let (ranks, new_rank) = rank(selection, last_micros);
        plan.ranks = Some(ranks);
        plan.new_rank = new_rank;
    }
    plan
}

/// Failing tests first, then affected and new ones, then the quickest.
fn rank(selection: &Selection, last_micros: &HashMap<NodeId, u64>) -> (BTreeMap<NodeId, u32>, u32) {
    let mut ranks = BTreeMap::new();
    let mut fresh = Vec::new();
    for (test, standing) in &selection.tests {
        match standing {
            Standing::Stale(Reason::FailedLastTime) => {
                ranks.insert(test.clone(), 0);
            }
            Standing::Stale(_) => {
                ranks.insert(test.clone(), 1);
            }
            Standing::Fresh => fresh.push((last_micros.get(test).copied().unwrap_or(0), test)),
        }
    }
    fresh.sort();
    for (rank, (_, test)) in (2..).zip(fresh) {
        ranks.insert(test.clone(), rank);
    }
    (ranks, 1)
}

/// Applies `plan` to the items that pytest collected.
#[must_use]
pub fn arrange(plan: &Plan, items: &[NodeId]) -> Arrangement {
    let is_fresh = |item: &NodeId| {
        plan.fresh_tests.contains(item) || plan.skipped_files.contains(&item.file())
    };
    let (deselected, mut run): (Vec<usize>, Vec<usize>) =
        (0..items.len()).partition(|index| is_fresh(&items[*index]));
    if let Some(ranks) = &plan.ranks {
        run.sort_by_key(|index| ranks.get(&items[*index]).copied().unwrap_or(plan.new_rank));
    }
    Arrangement { run, deselected }
}

/// The tests that a plan leaves out, as far as they are known.
#[must_use]
pub fn left_out<'a>(plan: &Plan, selection: &'a Selection) -> BTreeSet<&'a NodeId> {
    let skipped = plan.skipped_files.iter().filter_map(|file| selection.skippable(file)).flatten();
    let known = selection.known_tests().map(|(test, _)| test);
    skipped.chain(known.filter(|test| plan.fresh_tests.contains(test))).collect()
}

#[cfg(test)]
mod tests {
    use testmonx_core::select::FilePlan;

    use super::*;

    fn selection() -> Selection {
        let node = |name: &str| NodeId::new(&format!("test_a.py::{name}"));
        let mut selection = Selection::default();
        selection.tests.insert(node("slow"), Standing::Fresh);
        selection.tests.insert(node("quick"), Standing::Fresh);
        selection.tests.insert(node("bad"), Standing::Stale(Reason::FailedLastTime));
        selection.tests.insert(node("old"), Standing::Stale(Reason::Changed(vec![])));
        let fresh = NodeId::new("test_b.py::b");
        selection.tests.insert(fresh.clone(), Standing::Fresh);
        let plan = FilePlan { collection: Standing::Fresh, tests: vec![fresh] };
        selection.files.insert(RelPath::new("test_b.py"), plan);
        selection
    }

    fn items() -> Vec<NodeId> {
        ["slow", "quick", "old", "new", "bad"]
            .map(|n| NodeId::new(&format!("test_a.py::{n}")))
            .into()
    }

    #[test]
    fn selecting_leaves_fresh_tests_out_and_skips_fresh_files() {
        let mode = Mode { selects: true, records: true, reorders: false };
        let plan = make_plan(&selection(), mode, &HashMap::new());
        assert_eq!(plan.skipped_files, [RelPath::new("test_b.py")].into());
        let arranged = arrange(&plan, &items());
        assert_eq!(arranged.run, [2, 3, 4]);
        assert_eq!(arranged.deselected, [0, 1]);
        assert_eq!(left_out(&plan, &selection()).len(), 3);
    }

    #[test]
    fn reordering_runs_failing_then_affected_then_quick_tests() {
        let mode = Mode { selects: false, records: true, reorders: true };
        let micros = items().into_iter().zip([900, 10, 1, 1, 1]).collect();
        let plan = make_plan(&selection(), mode, &micros);
        let arranged = arrange(&plan, &items());
        assert_eq!(arranged.run, [4, 2, 3, 1, 0]);
        assert!(arranged.deselected.is_empty());
    }
}
