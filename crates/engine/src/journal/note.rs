//! Notes, and their frames: the length in four bytes, then the note.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use testmonx_core::Digest;

use super::Origin;
use crate::observer::{CodeId, SourceId};
use crate::witness::{Looker, Sight};

/// A code object, so that the session knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CodeRef {
    /// By the id that the session gave it before the child was forked.
    Known(CodeId),
    /// In a source that the session gave an id.
    In(SourceId, Box<str>, u32),
    /// In a file that the child saw first: with its qualified name and first line.
    At(PathBuf, Box<str>, u32),
}

/// One thing that a child notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Note {
    /// The first note of a journal.
    Began(Origin),
    /// Another epoch has begun.
    Turned,
    /// Code ran.
    Ran(CodeRef),
    /// The body of a module started.
    Imported { module: CodeRef, name: Box<str>, package: Box<str>, importer: Option<CodeRef> },
    /// Something was asked or done.
    Saw(Sight),
    /// An environment variable was looked up.
    LookedUp { name: Box<str>, value: Option<Digest>, looker: Looker },
    /// The child cannot be observed.
    Failed(String),
}

impl Note {
    /// The note in its frame; `None` if it holds a path that is no UTF-8, which no fact can hold either.
    pub(crate) fn framed(&self) -> Option<Vec<u8>> {
        let body = postcard::to_stdvec(self).ok()?;
        let mut frame = u32::try_from(body.len()).ok()?.to_le_bytes().to_vec();
        frame.extend(body);
        Some(frame)
    }

    /// The notes at the start of `bytes`, and the length of their frames. What follows is not
    /// whole yet, or was never finished.
    pub(crate) fn read_all(bytes: &[u8]) -> (Vec<Self>, usize) {
        let (mut notes, mut at) = (Vec::new(), 0);
        while let Some((head, rest)) = bytes[at..].split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*head) as usize;
            let Some(note) = rest.get(..length).and_then(|body| postcard::from_bytes(body).ok())
            else {
                break;
            };
            notes.push(note);
            at += 4 + length;
        }
        (notes, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_note_is_left_for_later() {
        let notes = [
            Note::Began(Origin::Program),
            Note::Ran(CodeRef::At("/p/a.py".into(), "f".into(), 3)),
            Note::Saw(Sight::Listed { place: "/p".into() }),
        ];
        let frames: Vec<Vec<u8>> = notes.iter().map(|note| note.framed().unwrap()).collect();
        let bytes = frames.concat();
        assert_eq!(Note::read_all(&bytes), (notes.to_vec(), bytes.len()));
        let whole = frames[0].len() + frames[1].len();
        for end in whole..bytes.len() {
            assert_eq!(Note::read_all(&bytes[..end]), (notes[..2].to_vec(), whole));
        }
    }
}
