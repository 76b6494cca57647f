//! Which distributions can look at annotations.
//!
//! A library can read the annotations of whatever it is given: of a function that is handed to it, of a class that it
//! makes an object of. It must say so, in one of few words. So annotations count for nothing as long as a project
//! uses libraries only whose files have none of these words, compiled ones included.

use std::cell::RefCell;
use std::collections::HashMap;

use memchr::memmem::find_iter;

/// Distributions that look at the annotations of modules by their name, which no code needs to import.
const WATCHERS: &[&str] = &["beartype", "jaxtyping", "typeguard"];

/// Distributions that say the words, but only look at what they decorate, which counts in any case (attrs), give
/// them to others, who must say them too (typing-extensions), or highlight them (Pygments, which pytest requires).
const HARMLESS: &[&str] = &["attrs", "pygments", "typing-extensions"];

/// The number of files above which a distribution is not looked through: one of them will.
const MOST_FILES: usize = 1_000;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Readers {
    /// By top-level name, whether what an import finds can look at annotations.
    names: RefCell<HashMap<String, bool>>,
    /// By distribution, whether its files say one of the words.
    distributions: RefCell<HashMap<String, bool>>,
}

impl super::Packages {
    /// Whether something that is installed looks at annotations without being asked to by the project's code.
    #[must_use]
    pub fn watches_annotations(&self) -> bool {
        WATCHERS.iter().any(|name| self.listing().distributions.contains_key(*name))
    }

    /// Whether what `import name` finds, or something that it requires, can look at annotations.
    #[must_use]
    pub fn reads_annotations(&self, name: &str) -> bool {
        if let Some(known) = self.readers.names.borrow().get(name) {
            return *known;
        }
        let reads = self.finds_reader(name);
        self.readers.names.borrow_mut().insert(name.to_owned(), reads);
        reads
    }

    fn finds_reader(&self, name: &str) -> bool {
        let Some(providers) = self.providers(name) else {
            // Nothing is there, unless a distribution finds it in a way of its own.
            return self.all_providers().contains_key(name);
        };
        let mut queue: Vec<String> = providers.into_iter().collect();
        let is_untold = queue.is_empty();
        let mut seen: Vec<String> = Vec::new();
        while let Some(distribution) = queue.pop() {
            if seen.contains(&distribution) {
                continue;
            }
            if !HARMLESS.contains(&&*distribution) && self.says_annotations(&distribution) {
                return true;
            }
            queue.extend(self.installed_requirements(&distribution));
            seen.push(distribution);
        }
        is_untold
    }

    fn says_annotations(&self, distribution: &str) -> bool {
        if let Some(known) = self.readers.distributions.borrow().get(distribution) {
            return *known;
        }
        let says = self.listing().distributions.get(distribution).is_none_or(|of| {
            let files = super::files(of);
            let is_test = |part: &str| matches!(part, "test" | "tests" | "_test" | "_tests");
            let runs = |file: &str| super::is_code(file) && !file.split('/').any(is_test);
            let mut code = files.iter().filter(|(file, _)| runs(file));
            files.len() > MOST_FILES
                || code.any(|(file, _)| {
                    std::fs::read(of.dir.join(file)).is_ok_and(|bytes| says_annotations(&bytes))
                })
        });
        self.readers.distributions.borrow_mut().insert(distribution.to_owned(), says);
        says
    }
}

/// Whether code says one of the words that are needed to look at annotations.
fn says_annotations(code: &[u8]) -> bool {
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_');
    find_iter(code, b"get_type_hints").next().is_some()
        || find_iter(code, b"annot").any(|at| {
            let (before, after) = (&code[..at], &code[at..]);
            (before.ends_with(b"__")
                && (after.starts_with(b"annotations__") || after.starts_with(b"annotate__")))
                || (before.ends_with(b"get_") && after.starts_with(b"annotations"))
                || ((before.ends_with(b".") || before.ends_with(b"return_"))
                    && after.starts_with(b"annotation")
                    && !is_part(after.get(b"annotation".len())))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_annotations_are_told_from_other_words() {
        for code in [
            "f.__annotations__",
            "f.__annotate__(1)",
            "typing.get_type_hints(f)",
            "inspect.get_annotations(f)",
            "parameter.annotation is int",
            "signature.return_annotation",
            "x = p.annotation",
        ] {
            assert!(says_annotations(code.as_bytes()), "{code}");
        }
        for code in [
            "from __future__ import annotations",
            "# an annotation",
            "node.annotations",
            "annotated",
        ] {
            assert!(!says_annotations(code.as_bytes()), "{code}");
        }
    }
}
