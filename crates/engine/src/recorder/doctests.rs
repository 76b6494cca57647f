//! Doctests: examples are code that no source holds, so nothing tells what they read. All of the modules counts that
//! they stand in, or import by a statement.

use std::fs;
use std::sync::Arc;

use testmonx_core::RelPath;

use super::Recorder;

impl Recorder {
    /// Charges what a doctest in the file `path` can read: the docstrings of a source file and all of its module level,
    /// and the modules that examples import.
    pub fn docstrings_read(&mut self, path: &RelPath) {
        let top = self.top() as usize;
        let named = Arc::clone(self.named_in_doctests.entry(path.clone()).or_insert_with(|| {
            // Who cannot read it runs no doctest of it either.
            let bytes = fs::read(path.under(self.project.root())).unwrap_or_default();
            imported(&String::from_utf8_lossy(&bytes)).into()
        }));
        self.spans[top].observed.named.extend(named.iter().cloned());
        let Some(source) = self.sources.at(path) else { return };
        self.sources.fill(source, &mut self.program);
        self.spans[top].observed.whole.insert(source);
        if let Some(fact) = self.sources.get(source).docstrings() {
            self.charge(fact);
        }
    }
}

/// The modules that import statements in examples may name: of `from a import b` both `a` and `a.b`.
fn imported(text: &str) -> Vec<Box<str>> {
    let mut found: Vec<Box<str>> = Vec::new();
    let prompts = [">>> ", "... "];
    let code = text.lines().map(str::trim_start);
    for line in code.filter_map(|line| prompts.iter().find_map(|prompt| line.strip_prefix(prompt)))
    {
        let line = line.trim();
        let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
        if let Some(names) = line.strip_prefix("import ") {
            found.extend(names.split(',').map(|name| first(name).into()));
        } else if let Some((module, names)) =
            line.strip_prefix("from ").and_then(|rest| rest.split_once(" import "))
        {
            let module = module.trim();
            let names = names.trim_matches(['(', ')', '\\']).split(',').map(first);
            found.extend(names.map(|name| format!("{module}.{name}").into()));
            found.push(module.into());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_examples_import() {
        let text = "
Text: import no, really.
    >>> import a.b as c, d
    >>> from e import (f, g as h)
    ...     from i import *
    >>> important = 1
";
        let found = imported(text);
        let found: Vec<&str> = found.iter().map(|name| &**name).collect();
        assert_eq!(found, ["a.b", "d", "e.f", "e.g", "e", "i.*", "i"]);
    }
}
