//! Functions of installed libraries, each of whose files is looked at as a program by itself.

use super::modules::Source;
use super::program::Program;
use super::roots::Body;

/// What a function of an installed library does with what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing that later calls find.
    Nothing,
    /// It keeps what it made of it, for later calls.
    Itself,
    /// A cache around it does, so that later calls do not run it.
    ForIt,
}

impl Program {
    /// What `body`, of an installed library, does with what it reads.
    #[must_use]
    pub fn keeps(&mut self, body: Body) -> Keeps {
        if self.keeps_results(body) {
            return Keeps::ForIt;
        }
        if !self.memoises(body, false) && !self.fills_receiver(body) {
            return Keeps::Nothing;
        }
        Keeps::Itself
    }

    /// Whether the parameters of `body` have the values that it was called with all along.
    #[must_use]
    pub fn keeps_parameters(&self, body: Body) -> bool {
        let source = self.modules.source(body.module);
        let Some(bindings) = source.map(Source::bindings) else { return false };
        let units = bindings.functions.get(body.function);
        units.is_some_and(|units| !bindings.units[units.body as usize].rebinds)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::SourceModel;
    use crate::{Digest, RelPath};

    /// What the first function of a library's module does with what it reads, and whether its parameters stay.
    fn keeps(text: &str) -> (Keeps, bool) {
        let model = Arc::new(SourceModel::parse(text.as_bytes()).unwrap());
        let mut program = Program::new();
        let module = program.add(RelPath::new("m.py"), Digest::of(b""), Some(model));
        let body = Body { module, function: 0 };
        (program.keeps(body), program.keeps_parameters(body))
    }

    #[test]
    fn what_functions_of_libraries_keep() {
        for (text, expected) in [
            ("def f(path):\n    return open(path).read()\n", (Keeps::Nothing, true)),
            (
                "def f(path):\n    path = str(path)\n    return open(path)\n",
                (Keeps::Nothing, false),
            ),
            (
                "import functools\n@functools.lru_cache\ndef f(path):\n    return open(path)\n",
                (Keeps::ForIt, true),
            ),
            (
                "SEEN = {}\ndef f(path):\n    if path not in SEEN:\n        SEEN[path] = open(path)\n    return SEEN[path]\n",
                (Keeps::Itself, true),
            ),
            (
                "class C:\n    def f(self, path, *, kind=None):\n        found = self.seen.get(path)\n        if found is None:\n            kind = kind or 1\n            found = self.seen[path] = open(path)\n        return found\n",
                (Keeps::Itself, false),
            ),
        ] {
            assert_eq!(keeps(text), expected, "{text}");
        }
    }
}
