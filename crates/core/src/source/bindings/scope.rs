//! Scopes under way, and the references that wait in them.

use ruff_text_size::TextSize;

use super::names::NameId;
use super::unit::Chain;

/// What a reference is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Load,
    /// Only to compare it with something.
    Compare,
    Annotation,
    Write,
    /// A store to the attribute that a chain ends in.
    Set,
    /// The same by `+=` and the like, or of `None`: it fills nothing.
    Augment,
    /// The same of something else that is empty.
    Empty,
    /// The same of `False`.
    Flag,
    Call,
    Handed,
    Given,
}

impl Role {
    /// Whether it binds an attribute, or a name.
    pub(super) fn sets_attribute(self) -> bool {
        matches!(self, Self::Set | Self::Augment | Self::Empty | Self::Flag)
    }

    /// Whether something is stored.
    pub(super) fn stores(self) -> bool {
        self == Self::Write || self.sets_attribute()
    }
}

/// A reference whose first name may yet turn out to be local.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) unit: u32,
    pub(super) chain: Chain,
    pub(super) role: Role,
    /// Whether it stands in a function inside of the one whose scope it waits in.
    pub(super) is_nested: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    /// With its index, if its statements are nodes.
    Class(Option<u32>),
    Function,
    Lambda,
    Comprehension,
}

#[derive(Debug)]
pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    pub(super) binds: Vec<NameId>,
    /// How many of them are parameters, the first ones.
    pub(super) parameters: usize,
    /// Local names of imported things, with the import.
    pub(super) imports: Vec<(NameId, u32)>,
    pub(super) globals: Vec<NameId>,
    /// Local names of things that have a name elsewhere: `table = REGISTRY`.
    pub(super) aliases: Vec<(NameId, Chain)>,
    /// The first parameter of a method.
    pub(super) receiver: Option<NameId>,
    /// Local names of its class: `cls = type(self)`.
    pub(super) classes: Vec<NameId>,
    /// Local names of the classes of other things.
    pub(super) types: Vec<NameId>,
    /// The first parameter of another function.
    pub(super) holder: Option<NameId>,
    /// Whether the receiver is the class itself.
    pub(super) receives_class: bool,
    /// Its attributes that each call binds, with the end of the statement that does.
    pub(super) sets: Vec<(NameId, TextSize)>,
    /// Names that are bound to what others may have, too.
    pub(super) shared: Vec<NameId>,
    /// Parameters whose default is mutable: it lives as long as the function.
    pub(super) kept: Vec<NameId>,
    pub(super) pending: Vec<Pending>,
}

impl Scope {
    pub(super) fn new(kind: ScopeKind) -> Self {
        Self {
            kind,
            binds: Vec::new(),
            parameters: 0,
            imports: Vec::new(),
            globals: Vec::new(),
            aliases: Vec::new(),
            receiver: None,
            classes: Vec::new(),
            types: Vec::new(),
            holder: None,
            receives_class: false,
            sets: Vec::new(),
            shared: Vec::new(),
            kept: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Whether a name is that of the first parameter, whose attributes are told apart, or of its class.
    pub(super) fn holds_attributes(&self, name: NameId) -> bool {
        self.receiver == Some(name) || self.holder == Some(name) || self.classes.contains(&name)
    }

    /// Whether it is a function's, and binds the name to something that it does not import.
    pub(super) fn binds_object(&self, name: NameId) -> bool {
        self.kind == ScopeKind::Function
            && self.binds.contains(&name)
            && !self.imports.iter().any(|(import, _)| *import == name)
    }
}

/// Whether such a reference to a name of this scope changes something that the function has not made: what belongs to
/// `self` is told apart.
pub(super) fn changes_unnamed(scope: &Scope, root: NameId, chain: Chain, role: Role) -> bool {
    // How many names of the chain lead to what is changed.
    let length = match role {
        Role::Write => chain.len,
        Role::Set | Role::Augment | Role::Empty | Role::Flag | Role::Call => chain.len - 1,
        Role::Load | Role::Compare | Role::Annotation | Role::Handed | Role::Given => 0,
    };
    if scope.receiver == Some(root) {
        let own = if role == Role::Write { 2 } else { 1 };
        return length > own;
    }
    length > 0 && scope.shared.binary_search(&root).is_ok()
}
