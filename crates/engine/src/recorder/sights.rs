//! What the recorder makes of things seen of the disk, and of environment variables: facts, charged to the open span.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};
use testmonx_core::Digest;
use testmonx_core::kinds::variable_fact;

use super::files::asked_fact;
use super::left::is_of_one_test;
use super::span::{SpanId, SpanKind};
use super::{Access, Recorder, SESSION};
use crate::witness::{Keeper, Looker, Sight, Witness};

/// What was seen already while the present span was open: most questions are asked many times.
///
/// By the text of places: to hash a path takes it into its components, which costs more than all the rest.
#[derive(Debug, Default)]
pub(super) struct Sights {
    span: SpanId,
    seen: FxHashMap<OsString, Ways>,
    /// Places that are none of the project's business, and stay so.
    foreign: FxHashSet<OsString>,
}

/// In which ways a place was seen.
#[derive(Clone, Copy, Debug, Default)]
struct Ways {
    is_asked: bool,
    is_listed: bool,
}

impl Ways {
    /// Whether it was seen like this.
    fn has(self, sight: &Sight) -> bool {
        match sight {
            Sight::Asked { .. } => self.is_asked,
            Sight::Listed { .. } => self.is_listed,
            Sight::Opened { .. } | Sight::Made { .. } => false,
        }
    }

    fn add(&mut self, sight: &Sight) {
        self.is_asked |= matches!(sight, Sight::Asked { .. });
        self.is_listed |= matches!(sight, Sight::Listed { .. });
    }
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
        let place = sight.place();
        let text = place.as_os_str();
        if self.is_left_by_other(place) {
            return false;
        }
        if self.sights.foreign.contains(text) {
            return true;
        }
        if self.sights.seen.get(text).is_some_and(|seen| seen.has(sight)) {
            return true;
        }
        // The rootdir and what is above it is there, whatever happens to the project.
        let root = self.project.root();
        if matches!(sight, Sight::Asked { .. })
            && text.len() <= root.as_os_str().len()
            && root.starts_with(place)
        {
            self.sights.seen.entry(text.to_owned()).or_default().add(sight);
            return true;
        }
        if matches!(sight, Sight::Opened { .. }) && self.behind(place).is_some() {
            return false;
        }
        let is_foreign = self.files.is_own(place) || self.project.relative(place).is_none();
        if is_foreign {
            if self.sights.foreign.len() >= MOST_FOREIGN {
                self.sights.foreign.clear();
            }
            self.sights.foreign.insert(text.to_owned());
        }
        is_foreign
    }

    /// The innermost open span of a test or a fixture.
    fn at_work(&self) -> Option<SpanId> {
        let is_work = |span: &&SpanId| {
            matches!(self.spans[**span as usize].kind, SpanKind::Test(_) | SpanKind::Fixture)
        };
        self.open.iter().rev().find(is_work).copied()
    }

    /// Whether what is at `place` was left there by another test or fixture than the one at work.
    fn is_left_by_other(&self, place: &Path) -> bool {
        self.left.who_wrote(place).is_some_and(|who| !self.open.contains(&who))
    }

    /// What is found may be of anything that ran in the span that left it.
    fn find_left(&mut self, who: Option<SpanId>) {
        if let (Some(who), Some(finder)) = (who, self.at_work())
            && !self.open.contains(&who)
        {
            self.spans[finder as usize].observed.uses.insert(who);
        }
    }

    fn leave_file(&mut self, place: &Path) {
        let is_for_one = || self.project.relative(place).is_none() && is_of_one_test(place);
        if let Some(span) = self.at_work()
            && !is_for_one()
        {
            self.left.file(place, span);
        }
    }

    /// The file of the project that is read where a test made a link to it, or to a directory above it.
    fn behind(&self, place: &Path) -> Option<PathBuf> {
        if !self.files.is_own(place) {
            return None;
        }
        let real = fs::canonicalize(place).ok().filter(|real| real != place)?;
        (!self.files.is_own(&real) && self.project.relative(&real).is_some()).then_some(real)
    }

    fn opened(&mut self, sight: &Sight, access: Access) {
        let real = self.behind(sight.place());
        let place = real.as_ref().unwrap_or(sight.place());
        if access != Access::Write {
            self.find_left(self.left.who_wrote(place));
        }
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
            Access::Write => {
                self.files.wrote(place);
                self.leave_file(place);
            }
        }
    }

    fn listed(&mut self, sight: &Sight) {
        let place = sight.place();
        // What is in the directory for temporary files is up to the whole machine.
        if self.project.is_scratch(place) {
            return;
        }
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

    fn kept_by(&mut self, keepers: Vec<Keeper>) {
        self.keepers.begin(keepers);
    }

    fn saw(&mut self, sight: Sight) {
        match &sight {
            Sight::Opened { access, .. } => self.opened(&sight, *access),
            Sight::Made { place } => {
                self.files.made(place);
                self.leave_file(place);
            }
            Sight::Listed { place } | Sight::Asked { place } if self.is_left_by_other(place) => {
                self.find_left(self.left.who_wrote(place));
            }
            Sight::Listed { .. } if !self.is_old(&sight) => self.listed(&sight),
            Sight::Asked { .. } if !self.is_old(&sight) => self.asked(&sight),
            Sight::Listed { .. } | Sight::Asked { .. } => {}
        }
        self.keepers.end();
        // A module's statements are told apart, so that one may ask what another has asked.
        let is_import = matches!(self.spans[self.top() as usize].kind, SpanKind::Import(_));
        if !is_import && matches!(sight, Sight::Listed { .. } | Sight::Asked { .. }) {
            let text = sight.place().as_os_str();
            self.sights.seen.entry(text.to_owned()).or_default().add(&sight);
        }
    }

    fn looked_up(&mut self, name: &str, value: Option<Digest>, looker: Looker) {
        let Some(variables) = self.variables.as_ref() else { return };
        if !variables.tells(name, value) {
            return self.find_left(self.left.who_set(name));
        }
        // Hooks and plugins also look for where to write and what tells one build from another, whatever is tested.
        let is_around = looker == Looker::Hook || self.top() == SESSION;
        if is_around && (looker == Looker::Library || !variables.is_switch(name)) {
            return;
        }
        let fact = variable_fact(name, variables);
        let id = self.charge(fact);
        self.looked_up.insert(name.into(), id);
    }

    fn variable_set(&mut self, name: &str) {
        if let Some(span) = self.at_work() {
            self.left.variable(name, span);
        }
    }
}
