//! What the digests, names and code objects of a source are held to.

mod code_objects;
mod hostile;
mod laws;
mod rules;

use super::{Outline, SourceModel};

fn model(text: &str) -> SourceModel {
    SourceModel::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

fn outline(text: &str) -> Outline {
    model(text).outline()
}
