//! Line numbers of offsets that come in the order of the text.

use ruff_text_size::TextSize;

/// A place in a text that moves forward and knows its line.
///
/// Asked for ever later offsets, it reads the text once in all; an earlier offset is answered too,
/// by starting over.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a [u8],
    offset: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), offset: 0, line: 1 }
    }

    /// The line, counted from 1, that the character at `offset` stands in.
    pub(super) fn line_at(&mut self, offset: TextSize) -> u32 {
        let offset = offset.to_usize().min(self.text.len());
        if offset < self.offset {
            (self.offset, self.line) = (0, 1);
        }
        let passed = self.text[self.offset..offset].iter().filter(|byte| **byte == b'\n');
        self.line += u32::try_from(passed.count()).unwrap_or(u32::MAX);
        self.offset = offset;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forward_and_back() {
        let mut lines = Lines::new("a\nb\n\nc");
        let at = [0, 1, 2, 4, 5, 2, 99].map(|offset| lines.line_at(TextSize::new(offset)));
        assert_eq!(at, [1, 1, 2, 3, 4, 2, 4]);
    }
}
