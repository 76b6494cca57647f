//! How string literals are spelt: by value, however they are quoted, prefixed or cut into pieces.

use ruff_python_ast::visitor::source_order::SourceOrderVisitor;
use ruff_python_ast::{
    ExprBytesLiteral, ExprFString, ExprStringLiteral, ExprTString, FStringPart,
    InterpolatedElement, InterpolatedStringElement, NodeKind, StringLiteral,
};
use ruff_text_size::{Ranged, TextRange};

use super::spell::Spelling;
use super::walk::Walk;

/// What the parser puts for an escape such as `\ud800`, which no Rust string can hold.
const REPLACEMENT: char = '\u{fffd}';

/// Literal text that is put together from pieces.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    text: String,
    /// Source of the pieces whose value the parser could not hold.
    lossy: String,
}

impl Pieces {
    /// Adds a piece with this value, whose literal stands at `range` in `source`.
    fn push(&mut self, value: &str, source: &str, range: TextRange) {
        self.text.push_str(value);
        if value.contains(REPLACEMENT) {
            self.lossy.push_str(source.get(range.to_std_range()).unwrap_or_default());
        }
    }

    /// Spells the text, and begins a new one.
    fn spell(&mut self, spelling: &mut Spelling) {
        spelling.text(&self.text);
        spelling.text(&self.lossy);
        self.text.clear();
        self.lossy.clear();
    }
}

impl<'a> Walk<'a> {
    /// Spells what a string literal says, without its begin and end.
    pub(super) fn spell_string(&mut self, literal: &ExprStringLiteral) {
        for part in &literal.value {
            self.push_literal(part);
        }
        self.pieces.spell(&mut self.block.spelling);
    }

    /// Spells what a bytes literal says, without its begin and end.
    pub(super) fn spell_bytes(&mut self, literal: &ExprBytesLiteral) {
        let spelling = &mut self.block.spelling;
        spelling.count(literal.value.iter().map(|part| part.value.len()).sum());
        literal.value.bytes().for_each(|byte| spelling.byte(byte));
    }

    /// Spells what an f-string says, without its begin and end: `f"a{x}" "b"` as `f"a{x}b"`.
    pub(super) fn spell_f_string(&mut self, literal: &'a ExprFString) {
        for part in &literal.value {
            match part {
                FStringPart::Literal(literal) => self.push_literal(literal),
                FStringPart::FString(part) => {
                    self.spell_elements(part.elements.iter(), /* keeps_source */ false);
                }
            }
        }
        self.flush_pieces();
    }

    /// Spells what a t-string says, without its begin and end.
    pub(super) fn spell_t_string(&mut self, literal: &'a ExprTString) {
        for part in &literal.value {
            self.spell_elements(part.elements.iter(), /* keeps_source */ true);
        }
        self.flush_pieces();
    }

    fn spell_elements(
        &mut self,
        elements: impl Iterator<Item = &'a InterpolatedStringElement>,
        keeps_source: bool,
    ) {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(piece) => {
                    self.pieces.push(&piece.value, self.text, piece.range);
                }
                InterpolatedStringElement::Interpolation(element) => {
                    self.flush_pieces();
                    self.spell_interpolation(element, keeps_source);
                }
            }
        }
    }

    fn spell_interpolation(&mut self, element: &'a InterpolatedElement, keeps_source: bool) {
        if !self.descend() {
            return;
        }
        let spelling = &mut self.block.spelling;
        spelling.open(NodeKind::InterpolatedElement);
        spelling.byte(element.conversion.to_byte().unwrap_or(0));
        // `f"{x = }"` shows its own source, and a template keeps it as an attribute.
        spelling.text(match &element.debug_text {
            Some(debug) => debug.as_str(),
            None if keeps_source => {
                self.text.get(element.expression.range().to_std_range()).unwrap_or_default()
            }
            None => "",
        });
        self.visit_expr(&element.expression);
        if let Some(format) = &element.format_spec {
            self.block.spelling.open(NodeKind::InterpolatedStringFormatSpec);
            self.spell_elements(format.elements.iter(), keeps_source);
            self.flush_pieces();
            self.block.spelling.close();
        }
        self.block.spelling.close();
        self.ascend();
    }

    fn push_literal(&mut self, literal: &StringLiteral) {
        self.pieces.push(&literal.value, self.text, literal.range());
    }

    /// Spells the literal text between two interpolations, if there is any.
    fn flush_pieces(&mut self) {
        if !self.pieces.text.is_empty() {
            self.block.spelling.open(NodeKind::InterpolatedStringLiteralElement);
            self.pieces.spell(&mut self.block.spelling);
            self.block.spelling.close();
        }
    }
}
