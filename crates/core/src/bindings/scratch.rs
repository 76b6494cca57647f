//! The state of a closure under way, and how far back it can go for the next one.

use super::found::Found;
use super::vertices::VertexId;
use crate::source::bindings::Dynamic;

/// What a closure has found so far.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) vertices: Found,
    pub(super) modules: Found,
    pub(super) classes: Found,
    /// Classes all of whose members are read, with those of the classes derived from them.
    pub(super) families: Found,
    /// Words that are mentioned as attributes, asked for, or begin computed attributes.
    pub(super) attrs: Found,
    pub(super) probes: Found,
    pub(super) prefixes: Found,
    pub(super) dynamic: Dynamic,
    /// Facts that do not come from code.
    pub(super) observed: Found,
    /// Whether the subclasses of some class can be seen.
    pub(super) sees_subclasses: bool,
    /// Classes through which their subclasses can be seen.
    pub(super) seers: Found,
    /// How far these were looked for, and their subclasses.
    pub(super) sought: Sought,
    /// How many of the vertices have been followed.
    followed: usize,
    /// How many of the vertices were seen by the rule of signatures.
    pub(super) signed: usize,
    /// How many by that of annotations.
    pub(super) hinted: usize,
}

/// How far subclasses that can be seen were looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sought {
    /// Whether every class counted as one that sees its own.
    pub(super) all_see: bool,
    /// How many of the classes were asked whether they see theirs.
    pub(super) classes: usize,
    /// For how many of the seers they were looked for in all modules.
    pub(super) seers: usize,
    /// In how many of the modules they were looked for, for those seers.
    pub(super) modules: usize,
}

/// How far a closure had come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checkpoint {
    pub(super) vertices: usize,
    pub(super) modules: usize,
    pub(super) classes: usize,
    families: usize,
    attrs: usize,
    pub(super) probes: usize,
    prefixes: usize,
    pub(super) dynamic: Dynamic,
    pub(super) observed: usize,
    pub(super) sees_subclasses: bool,
    seers: usize,
    sought: Sought,
    signed: usize,
    hinted: usize,
}

/// What a closure found between two points, so that another can be put where it was.
#[derive(Debug)]
pub(super) struct Stretch {
    end: Checkpoint,
    vertices: Vec<VertexId>,
    modules: Vec<u32>,
    classes: Vec<u32>,
    families: Vec<u32>,
    words: [Vec<u32>; 3],
    seers: Vec<u32>,
    observed: Vec<u32>,
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
            families: self.families.len(),
            attrs: self.attrs.len(),
            probes: self.probes.len(),
            prefixes: self.prefixes.len(),
            dynamic: self.dynamic,
            observed: self.observed.len(),
            sees_subclasses: self.sees_subclasses,
            seers: self.seers.len(),
            sought: self.sought,
            signed: self.signed,
            hinted: self.hinted,
        }
    }

    /// What was found since `from`.
    pub(super) fn stretch(&self, from: Checkpoint) -> Stretch {
        Stretch {
            end: self.checkpoint(),
            vertices: self.vertices.list()[from.vertices..].to_vec(),
            modules: self.modules.list()[from.modules..].to_vec(),
            classes: self.classes.list()[from.classes..].to_vec(),
            families: self.families.list()[from.families..].to_vec(),
            words: [
                self.attrs.list()[from.attrs..].to_vec(),
                self.probes.list()[from.probes..].to_vec(),
                self.prefixes.list()[from.prefixes..].to_vec(),
            ],
            observed: self.observed.list()[from.observed..].to_vec(),
            seers: self.seers.list()[from.seers..].to_vec(),
        }
    }

    /// Goes from where a stretch begins to its end.
    pub(super) fn go_along(&mut self, stretch: &Stretch) {
        let Stretch {
            end,
            vertices,
            modules,
            classes,
            families,
            words: [attrs, probes, prefixes],
            observed,
            seers,
        } = stretch;
        self.vertices.extend(vertices);
        self.modules.extend(modules);
        self.classes.extend(classes);
        self.families.extend(families);
        self.attrs.extend(attrs);
        self.probes.extend(probes);
        self.prefixes.extend(prefixes);
        self.observed.extend(observed);
        self.seers.extend(seers);
        self.go_back(*end);
    }

    /// Goes back to where all vertices had been followed, on the way here.
    pub(super) fn go_back(&mut self, to: Checkpoint) {
        debug_assert!(to.vertices <= self.vertices.len(), "that is no way back");
        self.vertices.truncate(to.vertices);
        self.modules.truncate(to.modules);
        self.classes.truncate(to.classes);
        self.families.truncate(to.families);
        self.attrs.truncate(to.attrs);
        self.probes.truncate(to.probes);
        self.prefixes.truncate(to.prefixes);
        self.dynamic = to.dynamic;
        self.observed.truncate(to.observed);
        self.sees_subclasses = to.sees_subclasses;
        self.seers.truncate(to.seers);
        self.sought = to.sought;
        self.signed = to.signed;
        self.hinted = to.hinted;
        self.followed = to.vertices;
    }
}
