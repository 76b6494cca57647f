//! What a metaclass does: read the classes that it makes, or only answer questions about them.
//!
//! `__instancecheck__` and the like look at nothing of a class but what they name, unless they list its members.

use super::classes::{ClassId, ClassInfo, Classes};
use super::modules::ModuleId;
use super::resolve::{End, Resolver};
use crate::source::bindings::Chain;

/// What a metaclass may have that only answers questions about its classes.
const IS_CHECK: &[&str] = &[
    "__doc__",
    "__eq__",
    "__hash__",
    "__instancecheck__",
    "__module__",
    "__qualname__",
    "__repr__",
    "__slots__",
    "__str__",
    "__subclasscheck__",
];

impl Classes {
    /// Whether a metaclass, mentioned in `module`, can do something with the classes that it makes, beyond what
    /// is asked of them.
    pub(super) fn acts(
        &self,
        module: ModuleId,
        metaclass: Option<Chain>,
        resolver: &mut Resolver<'_>,
    ) -> bool {
        let Some(chain) = metaclass else { return true };
        let ends = resolver.chain(module, chain).ends;
        ends.is_empty() || ends.into_iter().any(|end| self.acts_at(end, resolver))
    }

    fn acts_at(&self, end: End, resolver: &mut Resolver<'_>) -> bool {
        let (module, symbol) = match end {
            End::Bound { module, symbol, rest: 0 } => (module, symbol),
            End::External(Some(name)) | End::Unbound { name, .. } => {
                return !matches!(resolver.words.text(name), "ABCMeta" | "type");
            }
            _ => return true,
        };
        let found: Vec<ClassId> = self.at_symbol(resolver.modules, module, symbol).collect();
        found.is_empty()
            || found.into_iter().any(|class| self.does_more_than_check(class, resolver))
    }

    /// Whether a metaclass of the project has more than answers to questions about its classes.
    fn does_more_than_check(&self, metaclass: ClassId, resolver: &mut Resolver<'_>) -> bool {
        self.get(metaclass).order.iter().any(|base| {
            let ClassInfo { module, class, .. } = *self.get(*base);
            let Some(source) = resolver.modules.source(module) else { return true };
            let bindings = source.bindings();
            let is_check = |at: usize| IS_CHECK.contains(&bindings.name(bindings.symbols[at].name));
            let mut methods = bindings.functions.iter().filter(|it| it.class == Some(class));
            !bindings.symbols_of(Some(class)).all(is_check)
                // `dir(cls)`: a class that says by its members what is an instance of it.
                || methods.any(|it| bindings.units[it.body as usize].dynamic.own_members)
                || bindings.classes[class as usize].bases.iter().any(|base| {
                    let Some(chain) = base else { return true };
                    let mut ends = resolver.chain(module, *chain).ends.into_iter();
                    ends.any(|end| match end {
                        // It is in the order.
                        End::Bound { .. } => false,
                        other => self.acts_at(other, resolver),
                    })
                })
        })
    }
}
