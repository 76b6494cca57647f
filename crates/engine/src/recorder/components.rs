//! Spans that use each other in a circle.
//!
//! Mostly spans use others like a tree: a test its fixtures. But a fixture's teardown uses the test whose file it
//! removes, and that test the fixture; and tests that write one file after another use each other in a row, as
//! long as there are tests. So uses are followed without recursion, and those in a circle are told together.

use rustc_hash::{FxHashMap, FxHashSet};

use super::span::SpanId;

/// A span on the way.
struct Visit {
    span: SpanId,
    /// What it uses and was not looked at yet.
    rest: Vec<SpanId>,
    order: usize,
    /// The earliest on the way that it leads back to.
    earliest: usize,
}

/// The spans that lead from `start` over `uses`, in groups: each either a span alone or those of circles that hang
/// together (strongly connected components, by Tarjan's algorithm), ascending. Whatever a group uses beyond itself comes
/// before it.
pub(super) fn components(start: SpanId, uses: impl Fn(SpanId) -> Vec<SpanId>) -> Vec<Vec<SpanId>> {
    let mut found = Vec::new();
    let mut orders: FxHashMap<SpanId, usize> = FxHashMap::default();
    let mut waiting: Vec<SpanId> = Vec::new();
    let mut is_waiting: FxHashSet<SpanId> = FxHashSet::default();
    let mut visits: Vec<Visit> = Vec::new();
    let mut next = Some(start);
    loop {
        if let Some(span) = next.take() {
            let order = orders.len();
            orders.insert(span, order);
            waiting.push(span);
            is_waiting.insert(span);
            visits.push(Visit { span, rest: uses(span), order, earliest: order });
        }
        let Some(visit) = visits.last_mut() else { return found };
        if let Some(used) = visit.rest.pop() {
            match orders.get(&used) {
                None => next = Some(used),
                Some(order) if is_waiting.contains(&used) => {
                    visit.earliest = visit.earliest.min(*order);
                }
                Some(_) => {}
            }
            continue;
        }
        let Some(Visit { span, order, earliest, .. }) = visits.pop() else { return found };
        if let Some(around) = visits.last_mut() {
            around.earliest = around.earliest.min(earliest);
        }
        if order == earliest {
            let mut group = Vec::new();
            while let Some(member) = waiting.pop() {
                is_waiting.remove(&member);
                group.push(member);
                if member == span {
                    break;
                }
            }
            group.sort_unstable();
            found.push(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_comes_first() {
        let uses = |span: SpanId| match span {
            1 => vec![2, 3],
            2 => vec![4],
            3 => vec![4, 2],
            _ => vec![],
        };
        assert_eq!(components(1, uses), [[4], [2], [3], [1]]);
    }

    #[test]
    fn circles_are_told_together() {
        // 1 → 2 → 3 → 2, 3 → 4 ⇄ 5, 1 → 1.
        let uses = |span: SpanId| match span {
            1 => vec![1, 2],
            2 => vec![3],
            3 => vec![2, 4],
            4 => vec![5],
            5 => vec![4],
            _ => vec![],
        };
        assert_eq!(components(1, uses), [vec![4, 5], vec![2, 3], vec![1]]);
    }

    #[test]
    fn a_long_row_needs_no_deep_stack() {
        let last = 1_000_000;
        let uses = |span: SpanId| if span < last { vec![span + 1] } else { vec![] };
        assert_eq!(components(1, uses).len(), last as usize);
    }
}
