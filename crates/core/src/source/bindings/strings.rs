//! Names in strings: an attribute for `getattr`, a dotted path, the beginning of a computed name.

use ruff_python_ast::ExprFString;

use super::collector::Collector;
use super::scope::Role;
use super::unit::Chain;
use super::words;

impl<'a> Collector<'a> {
    pub(super) fn string(&mut self, text: &'a str) {
        if text.len() > words::LONGEST {
            return;
        }
        if self.is_silent() {
            return self.quoted_annotation(text);
        }
        match words::Word::of(text) {
            words::Word::Identifier => {
                self.mention(text);
                let id = self.names.id(text);
                self.unit().strings.push(id);
                if text.ends_with('_') && !text.ends_with("__") {
                    self.prefix(text);
                }
            }
            words::Word::Dotted => {
                let id = self.names.id(text);
                self.unit().dotted.push(id);
                // `attrgetter("inner.value")` goes by all of them.
                text.split(['.', ':']).for_each(|part| self.mention(part));
            }
            words::Word::Template(prefix) => {
                self.prefix(prefix);
                for word in words::identifiers(text) {
                    self.mention(word);
                }
            }
            words::Word::Other => {}
        }
    }

    /// An annotation in quotes: who evaluates it reads the names in it.
    fn quoted_annotation(&mut self, text: &'a str) {
        let is_name = |char: char| char.is_alphanumeric() || matches!(char, '_' | '.');
        for dotted in text.split(|char| !is_name(char)) {
            if !dotted.split('.').all(words::is_identifier) {
                continue;
            }
            let start = self.pool.len();
            for part in dotted.split('.') {
                let name = self.names.id(part);
                self.pool.push(name);
            }
            let (start, len) = (start as u32, (self.pool.len() - start) as u32);
            self.refer(Chain { start, len, import: Chain::NO_IMPORT }, Role::Load);
        }
    }

    pub(super) fn f_string(&mut self, literal: &'a ExprFString) {
        if let Some(beginning) = words::f_string_beginning(literal) {
            self.prefix(beginning);
        }
    }

    pub(super) fn prefix(&mut self, text: &'a str) {
        if text.len() > 1 && !self.is_silent() {
            let id = self.names.id(text);
            self.unit().prefixes.push(id);
        }
    }
}
