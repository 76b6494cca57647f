//! What the recorder makes of things seen of the disk: facts, charged to the open span.

use std::path::PathBuf;

use rustc_hash::FxHashSet;

use super::files::asked_fact;
use super::span::{SpanId, SpanKind};
use super::{Access, Recorder};
use crate::witness::{Sight, Witness};

/// What was seen already while the present span was open: most questions are asked many times.
#[derive(Debug, Default)]
pub(super) struct Sights {
    span: SpanId,
    seen: FxHashSet<Sight>,
    /// Places that are none of the project's business, and stay so.
    foreign: FxHashSet<PathBuf>,
}

/// How many foreign places are remembered: tests that make files ask about new ones without end.
const MOST_FOREIGN: usize = 10_000;

impl Recorder {
    /// Whether this was seen before, or is none of the project's business.
    fn is_old(&mut self, sight: &Sight) -> bool {
        let top = self.top();
        if self.sights.span != top {
            self.sights.span = top;
            self.sights.seen.clear();
        }
        if self.sights.seen.contains(sight) {
            return true;
        }
        let place = sight.place();
        if self.sights.foreign.contains(place) {
            return true;
        }
        // The rootdir and what is above it is there, whatever happens to the project.
        if matches!(sight, Sight::Asked { .. }) && self.project.root().starts_with(place) {
            self.sights.seen.insert(sight.clone());
            return true;
        }
        let is_foreign = self.files.is_own(place) || self.project.relative(place).is_none();
        if is_foreign {
            if self.sights.foreign.len() >= MOST_FOREIGN {
                self.sights.foreign.clear();
            }
            self.sights.foreign.insert(place.clone());
        }
        is_foreign
    }

    fn opened(&mut self, sight: &Sight, access: Access) {
        let place = sight.place();
        if access != Access::Write
            && !self.files.is_own(place)
            && let Some(path) = self.project.relative(place)
            && let Some(fact) = self.files.read_fact(&path, place)
        {
            let id = self.charge(fact);
            self.files.observed(id, place.clone());
        }
        match access {
            Access::Read => {}
            Access::Update => self.files.suspect(place),
            // A directory is opened for writing to make a nameless file in it (`O_TMPFILE`).
            Access::Write if place.is_dir() => {}
            Access::Write => self.files.wrote(place),
        }
    }

    fn listed(&mut self, sight: &Sight) {
        let place = sight.place();
        if let Some(path) = self.project.relative(place)
            && let Some(id) = self.files.listing(&path, place, &mut self.interner)
        {
            self.note(self.line, super::Seen::Fact(id));
            self.files.observed(id, place.clone());
        }
    }

    fn asked(&mut self, sight: &Sight) {
        let place = sight.place();
        if let Some(path) = self.project.relative(place)
            && let Some(fact) = asked_fact(&path, place)
        {
            let id = self.charge(fact);
            self.files.observed(id, place.clone());
        }
    }
}

impl Witness for Recorder {
    fn stands_at(&mut self, line: u32) {
        self.line = line;
    }

    fn wants(&mut self, sight: &Sight) -> bool {
        !self.is_old(sight)
    }

    fn saw(&mut self, sight: Sight) {
        match &sight {
            Sight::Opened { access, .. } => self.opened(&sight, *access),
            Sight::Made { place } => self.files.made(place),
            Sight::Listed { .. } if !self.is_old(&sight) => self.listed(&sight),
            Sight::Asked { .. } if !self.is_old(&sight) => self.asked(&sight),
            Sight::Listed { .. } | Sight::Asked { .. } => {}
        }
        // A module's statements are told apart, so that one may ask what another has asked.
        let is_import = matches!(self.spans[self.top() as usize].kind, SpanKind::Import(_));
        if !is_import && matches!(sight, Sight::Listed { .. } | Sight::Asked { .. }) {
            self.sights.seen.insert(sight);
        }
    }
}
