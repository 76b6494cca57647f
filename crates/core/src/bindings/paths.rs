//! The order in which the closures of many tests are worked out.
//!
//! The tests of a file run much the same functions. What they have in common is followed once; each then goes
//! on from there, and back, so that it costs what is its own. Which tests go on from where is a tree: of the
//! tests at a node, those that have the commonest root go down together, with all roots that they all have.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::modules::ModuleId;
use super::roots::{Body, Roots};

/// Something that a closure starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Root {
    /// A body that ran.
    Body(Body),
    /// Code of the module or class level that ran, in this line.
    Line(ModuleId, u32),
    /// A module whose import is depended upon.
    Module(ModuleId),
    /// A module all of which can be read.
    Whole(ModuleId),
}

/// A step of the walk through the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Down, with these roots.
    Down(Vec<Root>),
    /// To the end of the closure of the test with this index, with the rest of its roots.
    Test(usize, Vec<Root>),
    /// The closure of the test with the first index is that of the second, which came before.
    Like(usize, usize),
    /// Up again.
    Up,
}

/// The walk through the tree of all tests.
pub(super) fn walk(tests: &[Roots]) -> Vec<Step> {
    let mut numbers: FxHashMap<Root, u32> = FxHashMap::default();
    let mut roots: Vec<Root> = Vec::new();
    let mut left: Vec<Vec<u32>> = Vec::with_capacity(tests.len());
    for test in tests {
        let number = |root| {
            *numbers.entry(root).or_insert_with(|| {
                roots.push(root);
                roots.len() as u32 - 1
            })
        };
        let mut numbers: Vec<u32> = each(test).map(number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        left.push(numbers);
    }
    let tally = vec![0; roots.len()];
    let mut walk = Walk { tests, roots, left, steps: Vec::new(), tally };
    let all: Vec<usize> = (0..tests.len()).collect();
    let counts = walk.count(&all);
    walk.visit(all, counts);
    walk.steps
}

struct Walk<'a> {
    tests: &'a [Roots],
    roots: Vec<Root>,
    /// The numbers of the roots of each test that are not above it in the tree, ascending.
    left: Vec<Vec<u32>>,
    steps: Vec<Step>,
    /// Zeros, one for each root.
    tally: Vec<u32>,
}

impl Walk<'_> {
    /// Visits these tests; `counts` says how many of them have each root left, by root.
    fn visit(&mut self, mut tests: Vec<usize>, mut counts: Vec<(u32, u32)>) {
        loop {
            let most = counts.iter().max_by_key(|(root, count)| (*count, Reverse(*root))).copied();
            let Some((root, count)) = most.filter(|(_, count)| *count > 1) else {
                return self.end(&tests);
            };
            let has_it = |test: &usize| self.left[*test].binary_search(&root).is_ok();
            let (with, without): (Vec<usize>, Vec<usize>) = tests.into_iter().partition(has_it);
            debug_assert_eq!(with.len(), count as usize);
            let with_is_less = with.len() <= without.len();
            let of_less = self.count(if with_is_less { &with } else { &without });
            let of_more = difference(&counts, &of_less);
            let (mut of_these, of_others) =
                if with_is_less { (of_less, of_more) } else { (of_more, of_less) };
            counts = of_others;
            let is_shared = |(_, here): &mut (u32, u32)| *here == count;
            let shared: Vec<u32> =
                of_these.extract_if(.., is_shared).map(|(root, _)| root).collect();
            self.take_from(&with, &shared);
            self.steps.push(Step::Down(self.named(&shared)));
            self.visit(with, of_these);
            self.steps.push(Step::Up);
            tests = without;
        }
    }

    /// These roots are above these tests from now on.
    fn take_from(&mut self, tests: &[usize], roots: &[u32]) {
        let Self { left, tally, .. } = self;
        for root in roots {
            tally[*root as usize] = 1;
        }
        for test in tests {
            left[*test].retain(|root| tally[*root as usize] == 0);
        }
        for root in roots {
            tally[*root as usize] = 0;
        }
    }

    /// How many of these tests have each root left, by root.
    fn count(&mut self, tests: &[usize]) -> Vec<(u32, u32)> {
        let Self { left, tally, .. } = self;
        let mut found: Vec<u32> = Vec::new();
        for root in tests.iter().flat_map(|test| &left[*test]) {
            let count = &mut tally[*root as usize];
            if *count == 0 {
                found.push(*root);
            }
            *count += 1;
        }
        found.sort_unstable();
        found.into_iter().map(|root| (root, std::mem::take(&mut tally[root as usize]))).collect()
    }

    /// The tests have nothing more in common, unless they have nothing left.
    fn end(&mut self, tests: &[usize]) {
        let mut known: FxHashMap<_, usize> = FxHashMap::default();
        for test in tests {
            let roots = &self.tests[*test];
            let rest = self.named(&self.left[*test]);
            let like = rest.is_empty().then(|| known.get(&(&roots.test, &roots.names))).flatten();
            self.steps.push(match like {
                Some(like) => Step::Like(*test, *like),
                None => Step::Test(*test, rest),
            });
            if self.left[*test].is_empty() {
                known.entry((&roots.test, &roots.names)).or_insert(*test);
            }
        }
    }

    fn named(&self, roots: &[u32]) -> Vec<Root> {
        roots.iter().map(|root| self.roots[*root as usize]).collect()
    }
}

/// What is left of `counts` without `part`; all by root, ascending.
fn difference(counts: &[(u32, u32)], part: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut part = part.iter().peekable();
    let left = counts.iter().map(|(root, count)| {
        let taken = part.next_if(|(other, _)| other == root).map_or(0, |(_, taken)| *taken);
        (*root, count - taken)
    });
    left.filter(|(_, count)| *count > 0).collect()
}

fn each(roots: &Roots) -> impl Iterator<Item = Root> {
    let bodies = roots.bodies.iter().map(|body| Root::Body(*body));
    let lines = roots.lines.iter().map(|(module, line)| Root::Line(*module, *line));
    let modules = roots.modules.iter().map(|module| Root::Module(*module));
    bodies.chain(lines).chain(modules).chain(roots.whole.iter().map(|module| Root::Whole(*module)))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn body(function: usize) -> Body {
        Body { module: ModuleId(0), function }
    }

    fn roots(functions: &[usize]) -> Roots {
        let bodies = functions.iter().copied().map(body).collect();
        Roots { bodies, ..Roots::default() }
    }

    fn named(functions: &[usize]) -> Vec<Root> {
        functions.iter().copied().map(body).map(Root::Body).collect()
    }

    #[test]
    fn what_tests_share_is_above_them() {
        let tests = [roots(&[4, 1, 7]), roots(&[9]), roots(&[7, 2, 7, 1]), roots(&[4, 7, 1])];
        let steps = [
            Step::Down(named(&[1, 7])),
            Step::Down(named(&[4])),
            Step::Test(0, vec![]),
            Step::Like(3, 0),
            Step::Up,
            Step::Test(2, named(&[2])),
            Step::Up,
            Step::Test(1, named(&[9])),
        ];
        assert_eq!(walk(&tests), steps);
    }

    proptest! {
        #[test]
        fn every_test_has_its_roots_on_its_way(
            tests in vec(vec(0..12usize, 0..10), 0..12),
        ) {
            let tests: Vec<Roots> = tests.iter().map(|test| roots(test)).collect();
            let mut found: Vec<Option<Vec<Root>>> = vec![None; tests.len()];
            let mut way: Vec<Vec<Root>> = Vec::new();
            for step in walk(&tests) {
                match step {
                    Step::Down(roots) => way.push(roots),
                    Step::Up => drop(way.pop()),
                    Step::Like(test, like) => found[test] = found[like].clone(),
                    Step::Test(test, rest) => {
                        let mut roots: Vec<Root> = way.iter().flatten().copied().chain(rest).collect();
                        roots.sort_unstable();
                        found[test] = Some(roots);
                    }
                }
            }
            prop_assert!(way.is_empty());
            for (roots, found) in tests.iter().zip(found) {
                let mut expected: Vec<Root> = each(roots).collect();
                expected.sort_unstable();
                expected.dedup();
                prop_assert_eq!(found, Some(expected));
            }
        }
    }
}
