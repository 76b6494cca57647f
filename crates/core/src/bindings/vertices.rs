//! What can be reached, by number.

use rustc_hash::FxHashMap;

use super::Widening;
use super::modules::ModuleId;
use super::words::{Word, WordSet};
use crate::source::bindings::{Bindings, NameId};

/// Number of a vertex.
pub(super) type VertexId = u32;

/// Something of a module that can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Vertex {
    pub(super) module: ModuleId,
    pub(super) item: Item,
}

/// What a vertex is. Indices are those of the module's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Item {
    Node(u32),
    /// The body of a function.
    Body(u32),
    /// The defaults of a function.
    Signature(u32),
    /// The annotations of a function, for who looks at them.
    Annotations(u32),
    /// The annotation of the variable that a node binds, for who looks at it.
    Hint(u32),
    Symbol(u32),
    /// A name that is not bound, in the module or in one of its classes.
    Absent(Option<u32>, Word),
    /// A name that none of the many modules binds that the module takes all names of.
    Unstarred(Word),
    /// What these modules say is taken.
    Stars,
    /// Which classes of a module have an attribute.
    Owners(Word),
    /// Many names that one class lacks.
    Lacks(u32, WordSet),
    /// A class with all that stands in it.
    Class(u32),
    /// All attributes of a class that begin like this.
    Alike(u32, Word),
    /// Which classes of a module have attributes that begin like this.
    OwnersAlike(Word),
    /// What of the module's import could raise.
    Raising,
    /// All of the module.
    Whole(Widening),
    /// The effects of the module on something.
    Effects(Option<NameId>),
}

/// All vertices: those that a source has in any case, and those that come up on the way.
#[derive(Debug, Default)]
pub(super) struct Vertices {
    table: Vec<Vertex>,
    on_the_way: FxHashMap<Vertex, VertexId>,
}

impl Vertices {
    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        self.table.len() as u32
    }

    pub(super) fn get(&self, id: VertexId) -> Vertex {
        self.table[id as usize]
    }

    /// Adds those that a source has in any case, in the order that [`fixed`] counts on.
    pub(super) fn add_source(&mut self, module: ModuleId, bindings: &Bindings) {
        let functions = bindings.functions.len() as u32;
        let items = (0..bindings.nodes.len() as u32)
            .map(Item::Node)
            .chain((0..functions).map(Item::Body))
            .chain((0..functions).map(Item::Signature))
            .chain((0..functions).map(Item::Annotations))
            .chain((0..bindings.symbols.len() as u32).map(Item::Symbol));
        self.table.extend(items.map(|item| Vertex { module, item }));
    }

    /// The number of one that comes up on the way.
    pub(super) fn number(&mut self, module: ModuleId, item: Item) -> VertexId {
        let vertex = Vertex { module, item };
        let next = self.table.len() as u32;
        let table = &mut self.table;
        *self.on_the_way.entry(vertex).or_insert_with(|| {
            table.push(vertex);
            next
        })
    }
}

/// The number of a vertex that a source has in any case, its first having the number `first`.
pub(super) fn fixed(first: u32, bindings: &Bindings, item: Item) -> VertexId {
    let (nodes, functions) = (bindings.nodes.len() as u32, bindings.functions.len() as u32);
    first
        + match item {
            Item::Node(index) => index,
            Item::Body(index) => nodes + index,
            Item::Signature(index) => nodes + functions + index,
            Item::Annotations(index) => nodes + 2 * functions + index,
            Item::Symbol(index) => nodes + 3 * functions + index,
            // These have no number of their own.
            _ => 0,
        }
}
