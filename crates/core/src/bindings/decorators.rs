//! Whether a decorator can look at the parameters of what it decorates.
//!
//! One of the project mostly hands a function on, or keeps it somewhere. That it looks at its parameters
//! itself would show in its code (`inspect.signature`), which ran for whoever it decorates; so what counts is
//! whether it hands the function to something outside of the project that could.

use super::modules::ModuleId;
use super::resolve::{End, Resolver};
use crate::source::bindings::{Chain, NodeKind};

/// Functions outside of the project that take a function and do not look at its parameters; and what else
/// decorators use.
const BLIND: &[&str] = &[
    "Any",
    "Callable",
    "TypeVar",
    "cast",
    "functools",
    "inspect",
    "isasyncgenfunction",
    "iscoroutinefunction",
    "isfunction",
    "isgeneratorfunction",
    "ismethod",
    "logging",
    "overload",
    "partial",
    "partialmethod",
    "sys",
    "time",
    "types",
    "typing",
    "update_wrapper",
    "warn",
    "warnings",
    "wraps",
];

/// How many functions are looked through. After that one of them does, in doubt.
const PATIENCE: usize = 16;

impl Resolver<'_> {
    /// Whether a decorator, mentioned in `module`, can look at the parameters of a function; `None` for one that no
    /// name tells.
    pub(super) fn looks_at_function(&mut self, module: ModuleId, decorator: Option<Chain>) -> bool {
        let Some(chain) = decorator else { return true };
        let mut functions = Vec::new();
        let ends = self.chain(module, chain).ends;
        if ends.is_empty() || !ends.iter().all(|end| self.is_function(*end, &mut functions)) {
            return true;
        }
        let mut at = 0;
        while let Some((module, function)) = functions.get(at).copied() {
            if at >= PATIENCE || self.hands_out(module, function, &mut functions) {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Whether it is a function of the project; adds it to those that are to be looked through.
    fn is_function(&self, end: End, functions: &mut Vec<(ModuleId, u32)>) -> bool {
        let End::Bound { module, symbol, rest: 0 } = end else { return false };
        let Some(source) = self.modules.source(module) else { return false };
        let bindings = source.bindings();
        let binders = bindings.binders(&bindings.symbols[symbol as usize]).iter();
        let found: Option<Vec<u32>> = binders
            .map(|binder| match bindings.nodes[binder.node as usize].kind {
                NodeKind::Function(function) => Some(function),
                _ => None,
            })
            .collect();
        for function in found.iter().flatten().map(|function| (module, *function)) {
            if !functions.contains(&function) {
                functions.push(function);
            }
        }
        found.is_some()
    }

    /// Whether a function, or one inside of it, uses something that a function could be handed to. Adds functions of
    /// the project that it could be handed to.
    fn hands_out(
        &mut self,
        module: ModuleId,
        function: u32,
        functions: &mut Vec<(ModuleId, u32)>,
    ) -> bool {
        let Some(source) = self.modules.source(module) else { return true };
        let bindings = source.bindings();
        let is_inside = |mut at: u32| loop {
            if at == function {
                break true;
            }
            match bindings.functions[at as usize].outer {
                Some(outer) => at = outer,
                None => break false,
            }
        };
        let inside = (0..bindings.functions.len() as u32).filter(|at| is_inside(*at));
        let units = inside.map(|at| &bindings.units[bindings.functions[at as usize].body as usize]);
        let loads = units.flat_map(|unit| unit.loads.iter().copied());
        for chain in loads.collect::<Vec<_>>() {
            for end in self.chain(module, chain).ends {
                let is_harmless = match end {
                    End::Unbound { is_attribute, .. } => !is_attribute,
                    End::External(Some(name)) => BLIND.contains(&self.words.text(name)),
                    End::External(None) | End::Module(_) | End::Dict(_) => false,
                    End::Bound { .. } => {
                        self.is_function(end, functions) || self.is_constant(end, module, chain)
                    }
                };
                if !is_harmless {
                    return true;
                }
            }
        }
        false
    }

    /// Whether a chain that `reader` has ends in a plain name, or a plain attribute of a class, that a statement binds.
    fn is_constant(&self, end: End, reader: ModuleId, chain: Chain) -> bool {
        let End::Bound { module, symbol, rest } = end else { return false };
        let (Some(source), Some(reader)) =
            (self.modules.source(module), self.modules.source(reader))
        else {
            return false;
        };
        let bindings = source.bindings();
        let is_statement = |symbol: usize| {
            let mut binders = bindings.binders(&bindings.symbols[symbol]).iter();
            binders.all(|it| bindings.nodes[it.node as usize].kind == NodeKind::Statement)
        };
        let last = reader.bindings().chain(chain).last();
        let is_last = |symbol: &usize| {
            last.is_some_and(|last| {
                reader.words[last.0 as usize]
                    == source.words[bindings.symbols[*symbol].name.0 as usize]
            })
        };
        bindings.binders(&bindings.symbols[symbol as usize]).iter().all(|binder| {
            match (&bindings.nodes[binder.node as usize].kind, rest) {
                (NodeKind::Statement, 0) => true,
                (NodeKind::Class(class), 1) => {
                    let attribute = bindings.symbols_of(Some(*class)).find(is_last);
                    attribute.is_some_and(is_statement)
                }
                _ => false,
            }
        })
    }
}
