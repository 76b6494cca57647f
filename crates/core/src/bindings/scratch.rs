//! The state of a closure under way, and the base that several can begin with.

use super::found::Found;
use super::modules::ModuleId;
use super::parts::FactId;
use super::roots::{PartId, Roots};
use super::vertices::VertexId;
use crate::Fact;
use crate::source::bindings::Dynamic;

/// What a closure has found so far.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) vertices: Found,
    pub(super) modules: Found,
    pub(super) classes: Found,
    /// Words that are mentioned as attributes, asked for, or begin computed attributes.
    pub(super) attrs: Found,
    pub(super) probes: Found,
    pub(super) prefixes: Found,
    pub(super) dynamic: Dynamic,
    /// Facts that do not come from code.
    pub(super) observed: Vec<(ModuleId, Fact)>,
    /// Whether the subclasses of some class can be seen.
    pub(super) sees_subclasses: bool,
    /// How many of the vertices have been followed.
    followed: usize,
    pub(super) base: Base,
}

/// How far a closure had come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checkpoint {
    pub(super) vertices: usize,
    pub(super) modules: usize,
    classes: usize,
    attrs: usize,
    probes: usize,
    prefixes: usize,
    dynamic: Dynamic,
    observed: usize,
}

/// What several closures have in common.
///
/// The tests of a file run much the same functions. The closure of these is worked out once; each
/// test goes on from there, and then back, so that it costs what is its own.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub(super) end: Checkpoint,
    /// What the base alone comes to, by module.
    pub(super) facts: Vec<Vec<FactId>>,
    pub(super) parts: Vec<Option<PartId>>,
}

impl Scratch {
    /// Finds a vertex.
    #[inline]
    pub(super) fn reach(&mut self, vertex: VertexId) {
        self.vertices.add(vertex);
    }

    /// The next vertex to follow.
    pub(super) fn next(&mut self) -> Option<VertexId> {
        let next = self.vertices.list().get(self.followed).copied()?;
        self.followed += 1;
        Some(next)
    }

    /// Whether every vertex was followed.
    pub(super) fn is_done(&self) -> bool {
        self.followed == self.vertices.len()
    }

    /// How far it has come.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            vertices: self.vertices.len(),
            modules: self.modules.len(),
            classes: self.classes.len(),
            attrs: self.attrs.len(),
            probes: self.probes.len(),
            prefixes: self.prefixes.len(),
            dynamic: self.dynamic,
            observed: self.observed.len(),
        }
    }

    /// Goes back to where all vertices had been followed, as in a base.
    pub(super) fn go_back(&mut self, to: Checkpoint) {
        self.vertices.truncate(to.vertices);
        self.modules.truncate(to.modules);
        self.classes.truncate(to.classes);
        self.attrs.truncate(to.attrs);
        self.probes.truncate(to.probes);
        self.prefixes.truncate(to.prefixes);
        self.dynamic = to.dynamic;
        self.observed.truncate(to.observed);
        self.sees_subclasses = false;
        self.followed = to.vertices;
    }
}

/// How many of the first of `tests` are enough alike to share a base, and what they share.
pub(super) fn alike(tests: &[Roots]) -> (usize, Roots) {
    let mut tests = tests.iter();
    let Some(first) = tests.next() else { return (0, Roots::default()) };
    let mut shared = Roots { names: Vec::new(), test: None, ..first.clone() };
    let (mut count, mut most) = (1, first.bodies.len());
    for roots in tests {
        most = most.max(roots.bodies.len());
        let bodies = intersection(&shared.bodies, &roots.bodies);
        if bodies.len() * 2 < most {
            break;
        }
        shared.bodies = bodies;
        shared.lines = intersection(&shared.lines, &roots.lines);
        shared.modules = intersection(&shared.modules, &roots.modules);
        shared.whole = intersection(&shared.whole, &roots.whole);
        count += 1;
    }
    (count, shared)
}

/// What is in both of two sorted lists.
fn intersection<T: Ord + Copy>(a: &[T], b: &[T]) -> Vec<T> {
    let mut b = b.iter().peekable();
    let is_in_both = |one: &T| {
        while b.next_if(|other| *other < one).is_some() {}
        b.peek() == Some(&one)
    };
    a.iter().copied().filter(is_in_both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_lists_share() {
        assert_eq!(intersection(&[1, 3, 5, 6], &[0, 3, 4, 6, 9]), [3, 6]);
        assert_eq!(intersection(&[1], &[]), [0; 0]);
    }
}
