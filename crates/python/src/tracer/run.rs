//! One run of the tracer, from `start` to `stop`: the meeting of events and observer.
//!
//! Everything here runs under the GIL, with the run borrowed, and executes no Python code: neither do
//! the observer's methods, by contract, nor the few calls into the interpreter (reading a frame's
//! position, setting a code object's events). Nor may anything make an object that the collector tracks, since
//! that can run finalizers, nor let go of the GIL, as PyO3's once-cells (`intern!`) do when they are filled. Objects that are let go of can run finalizers, so they
//! are put into [`Retired`], which the callers drop after the borrow has ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, TryLockError};

use pyo3::prelude::*;
use testmonx_engine::observer::{
    CodeId, Follow, Leaves, LibraryId, Observer, Receiver as Numbered, SourceId,
};

use super::backend::{Hook, ModuleFrame};
use super::code::{Identity, Mark, Marks};
use super::error::Fault;
use super::frames::{Followed, OpenFrame, OpenFrames};
use super::gil::{GilCell, Owned};
use super::loose::Loose;
use super::names::FileNames;
use super::receivers::{Receiver, Receivers};
use super::record::{Key, Kind, Record};
use crate::child::Clock;

/// What the qualified names of what is inside of a function have behind that function's.
const LOCALS: &str = "<locals>";

/// The run that is on, if any.
pub(super) static RUN: GilCell<Option<Run>> = GilCell::new(None);

/// What is to be dropped once the run is no longer borrowed.
#[derive(Debug, Default)]
pub(super) struct Retired {
    frames: Vec<OpenFrame>,
    unopened: Vec<ModuleFrame>,
    codes: Vec<Owned>,
    references: Vec<Owned>,
}

/// The state of a run.
pub(super) struct Run {
    pub(super) marks: Marks,
    pub(super) record: Record,
    pub(super) frames: OpenFrames,
    pub(super) hook: Hook,
    pub(super) receivers: Receivers,
    loose: Loose,
    names: FileNames,
    pub(super) observer: Arc<Mutex<dyn Observer>>,
    /// In a child process: what is noted is handed over at once, and again in each epoch of the session.
    live: Option<Live>,
}

/// The epoch that a child process is in, and where the session tells it.
struct Live {
    clock: Clock,
    epoch: u64,
}

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It was noted.
    Noted,
    /// It was noted, and is the last of this code object that is worth hearing in this epoch.
    Enough(Key),
    /// A module body starts.
    Module(Key),
    /// It was noted, and is a call that leaves something behind.
    Memo(Key),
    /// It was noted, and is the body of a class in the module that is being imported.
    Class(Key),
    /// It was noted, and says that an object is new.
    Birth,
    /// A function of a library starts that keeps what it read.
    Library {
        /// Which.
        function: LibraryId,
        /// Whether it is its arguments that tell what it gives out.
        by_arguments: bool,
    },
    /// It is not project code.
    Foreign,
    /// It is code that has no mark yet.
    Unknown,
}

/// Calls `action` with the run that is on; `None` if there is none.
///
/// A run that is borrowed already means that Python code ran under a borrow: only an observer that breaks its
/// contract can bring that about. The event is then lost, and the fault kept.
#[inline]
pub(super) fn with<T>(py: Python<'_>, action: impl FnOnce(&mut Run) -> T) -> Option<T> {
    match RUN.borrow(py) {
        Some(mut run) => run.as_mut().map(action),
        None => {
            Fault::ObserverBusy.keep();
            None
        }
    }
}

impl Run {
    pub(super) fn new(marks: Marks, hook: Hook, observer: Arc<Mutex<dyn Observer>>) -> Self {
        Self {
            marks,
            hook,
            observer,
            record: Record::new(),
            frames: OpenFrames::default(),
            receivers: Receivers::default(),
            loose: Loose::new(),
            names: FileNames::default(),
            live: None,
        }
    }

    /// The mark of a code object; [`Mark::Foreign`] of a function of a library.
    pub(super) fn project_mark(&self, code: &Bound<'_, PyAny>) -> Mark {
        match self.marks.get(code) {
            Mark::Entry(key) if self.record.code(key).is_none() => Mark::Foreign,
            mark => mark,
        }
    }

    /// Whether nothing is to be noted of a code object that starts or goes on now, as of most.
    #[cfg(not(Py_3_12))]
    #[inline]
    pub(super) fn is_no_news(&self, code: &Bound<'_, PyAny>) -> bool {
        match self.marks.get(code) {
            Mark::Entry(key) => {
                self.frames.is_quiet(code.py()) && self.live.is_none() && self.record.has_plain(key)
            }
            Mark::Foreign => true,
            Mark::None => false,
        }
    }

    /// Takes note of a code object that starts or goes on now, if nothing has to be done before: no module body is on its
    /// way, and no call that is followed has ended.
    #[cfg(Py_3_12)]
    #[inline]
    pub(super) fn hear_alone(&mut self, code: &Bound<'_, PyAny>) -> Option<Heard> {
        if !self.frames.is_quiet(code.py()) || self.live.is_some() {
            return None;
        }
        Some(match self.marks.get(code) {
            Mark::Entry(key) => self.note_alone(key),
            Mark::Foreign => Heard::Foreign,
            Mark::None => Heard::Unknown,
        })
    }

    /// Takes note of a code object that starts or goes on now.
    #[inline]
    pub(super) fn hear(&mut self, code: &Bound<'_, PyAny>, retired: &mut Retired) -> Heard {
        match self.marks.get(code) {
            Mark::Entry(key) => self.hit(code.py(), key, retired),
            Mark::Foreign => Heard::Foreign,
            Mark::None => Heard::Unknown,
        }
    }

    /// Hands over to `observer` from now on, at once: this process is a child of a session with `clock`.
    pub(super) fn live(
        &mut self,
        py: Python<'_>,
        observer: Arc<Mutex<dyn Observer>>,
        clock: Clock,
        retired: &mut Retired,
    ) {
        // A forked child has a copy of the session's observer, which nobody may use.
        std::mem::forget(std::mem::replace(&mut self.observer, observer));
        self.record.forget();
        self.hook.watch_again(py, &mut retired.codes);
        self.live = Some(Live { clock, epoch: clock.epoch() });
    }

    /// Takes note of code of an entry that starts or goes on now.
    #[inline]
    pub(super) fn hit(&mut self, py: Python<'_>, key: Key, retired: &mut Retired) -> Heard {
        let Some(live) = &mut self.live else { return self.note(py, key, retired) };
        let epoch = live.clock.epoch();
        if live.epoch != epoch {
            live.epoch = epoch;
            self.record.forget();
        }
        let heard = self.note(py, key, retired);
        self.tell();
        // In the next epoch it is news again, and nothing would say so to code that is switched off.
        if heard == Heard::Enough(key) { Heard::Noted } else { heard }
    }

    fn note(&mut self, py: Python<'_>, key: Key, retired: &mut Retired) -> Heard {
        let kind = self.record.kind(key);
        match kind {
            Some(Kind::Module(_)) => return Heard::Module(key),
            Some(Kind::Library { function, by_arguments }) => {
                return Heard::Library { function, by_arguments };
            }
            _ => {}
        }
        if !self.frames.is_empty() {
            self.settle(py, retired);
            if self.frames.has_import() {
                // Which statement of the module made the call is read off its frame at each call, so
                // none is the last worth hearing of.
                let line = self.frames.line(py);
                self.record.hit_at(line, key);
                return match kind {
                    Some(Kind::Memo { .. }) => Heard::Memo(key),
                    Some(Kind::Class(source)) if self.frames.is_in(source) => Heard::Class(key),
                    Some(Kind::Birth) => Heard::Birth,
                    _ => Heard::Noted,
                };
            }
        }
        self.note_alone(key)
    }

    /// Takes note of code of an entry that no import stands around.
    #[inline]
    fn note_alone(&mut self, key: Key) -> Heard {
        match self.record.hit(key) {
            (Some(Kind::Module(_)), _) => Heard::Module(key),
            (Some(Kind::Memo { .. }), _) => Heard::Memo(key),
            (Some(Kind::Birth), _) => Heard::Birth,
            (Some(Kind::Library { function, by_arguments }), _) => {
                Heard::Library { function, by_arguments }
            }
            (_, true) => Heard::Enough(key),
            (_, false) => Heard::Noted,
        }
    }

    /// The source that a file name stands for, if it is one of the project's.
    pub(super) fn source(&mut self, filename: &str) -> Option<SourceId> {
        let observer = &self.observer;
        self.names.source(filename, |name| ask(observer, |o| o.source(name)))
    }

    /// Makes an entry for project code, unless its like has one, marks the code, and watches it.
    pub(super) fn add(
        &mut self,
        code: &Bound<'_, PyAny>,
        source: SourceId,
        identity: &Identity,
    ) -> PyResult<Option<Key>> {
        let Identity { qualname, first_line, size, makes_generator, is_class_body } = identity;
        let is_module = qualname == "<module>";
        let is_level = is_module || (*is_class_body && !qualname.contains(LOCALS));
        let asked = ask(&self.observer, |o| {
            if is_level {
                return (o.level_code(source, qualname, *first_line), Leaves::Nothing);
            }
            let id = o.code(source, qualname, *first_line);
            let is_call = !is_class_body && !qualname.ends_with("<genexpr>");
            (id, if is_call { o.leaves(id, *makes_generator) } else { Leaves::Nothing })
        });
        let Some((id, leaves)) = asked else { return Ok(None) };
        let kind = match leaves {
            _ if is_module => Kind::Module(source),
            _ if is_level => Kind::Class(source),
            Leaves::Nothing => Kind::Function,
            Leaves::InNamed => Kind::Memo { in_receiver: false, suspends: *makes_generator },
            Leaves::InReceiver => Kind::Memo { in_receiver: true, suspends: *makes_generator },
        };
        let key = self.record.add(id, kind, *size);
        self.marks.set(code, Some(key))?;
        self.hook.watch(code, kind)?;
        Ok(Some(key))
    }

    /// Closes the frames that have ended, before anything else is charged.
    pub(super) fn settle(&mut self, py: Python<'_>, retired: &mut Retired) {
        while let Some(open) = self.frames.pop_ended(py) {
            self.finish(py, open, retired);
        }
    }

    /// Ends all calls that are followed and that no import is open in: the open spans are about to
    /// change, and a call that goes on in another thread must not be followed for ever.
    pub(super) fn end_memos(&mut self, py: Python<'_>, retired: &mut Retired) {
        self.loose.clear();
        while let Some(open) = self.frames.pop_memo() {
            self.finish(py, open, retired);
        }
    }

    fn finish(&mut self, py: Python<'_>, open: OpenFrame, retired: &mut Retired) {
        match open.what {
            Followed::Import(_) => {
                self.hand_over(py, retired);
                ask(&self.observer, |o| o.import_finished(open.code));
            }
            Followed::Memo => {
                self.tell_of_call(py, retired);
                self.record.unfollow();
                ask(&self.observer, |o| o.memo_finished(open.code));
            }
            // It only said where its module stands.
            Followed::Class(_) => {}
        }
        retired.frames.push(open);
    }

    /// The number of an object that is told apart for sure, and whether a call of the entry on it was followed loosely
    /// since the open spans changed last: there is nothing more to say about another one then, unless a call around it is
    /// followed closely. Of an object that can be told by its address alone, the births are noted from now on.
    pub(super) fn known(
        &mut self,
        key: Key,
        object: &Bound<'_, PyAny>,
    ) -> Option<(Numbered, bool)> {
        if let Some(known) = self.receivers.known(object) {
            let is_alone = self.frames.is_empty() && self.live.is_none();
            return Some((known, is_alone && self.loose.has(key, known.number)));
        }
        if let Some(birth) = self.receivers.birth(object)
            && let Mark::Entry(init) = self.marks.get(&birth)
        {
            self.record.make_birth(init);
        }
        None
    }

    /// Follows a call that leaves something behind, which starts in `frame`, as closely as is wanted. A frame that is
    /// not followed to its end is given back.
    pub(super) fn open_memo(
        &mut self,
        py: Python<'_>,
        key: Key,
        frame: ModuleFrame,
        receiver: Option<Receiver>,
        retired: &mut Retired,
    ) -> Result<(), ModuleFrame> {
        let receiver =
            receiver.and_then(|it| self.receivers.number(py, it, &mut retired.references));
        let Some(code) = self.record.code(key) else { return Err(frame) };
        self.settle(py, retired);
        let suspends = self.record.suspends(key);
        if suspends && receiver.is_none() && self.record.is_in_receiver(key) {
            // Of an object that is not known, it would count for everybody.
            return Err(frame);
        }
        let follow = ask(&self.observer, |o| o.memo_met(code, receiver, suspends));
        if follow == Some(Follow::Closely) {
            self.tell_of_call(py, retired);
            ask(&self.observer, |o| o.memo_started(code, receiver));
            self.frames.open(Followed::Memo, code, frame);
            self.record.follow(receiver.is_none().then_some(key));
            let record = &mut self.record;
            self.hook.watch_if(py, |key| record.awaits(key), &mut retired.codes);
            return Ok(());
        }
        match (follow, receiver) {
            // In another call it is not remembered: outside of it there is something to say.
            (Some(Follow::Loosely), Some(receiver)) if self.frames.is_empty() => {
                self.loose.add(key, receiver.number);
            }
            (Some(Follow::Loosely), _) => {}
            _ => self.record.make_plain(key),
        }
        Err(frame)
    }

    /// Follows the body of a class that starts in `frame`, in a module that is being imported.
    pub(super) fn open_class(&mut self, key: Key, frame: ModuleFrame, retired: &mut Retired) {
        match (self.record.code(key), self.record.kind(key)) {
            (Some(code), Some(Kind::Class(source))) => {
                self.frames.open(Followed::Class(source), code, frame);
            }
            _ => retired.unopened.push(frame),
        }
    }

    /// Opens the import of a module whose body starts in `frame`.
    pub(super) fn open_import(
        &mut self,
        py: Python<'_>,
        start: ImportStart<'_>,
        frame: ModuleFrame,
        retired: &mut Retired,
    ) {
        let (Some(module), Some(Kind::Module(source))) =
            (self.record.code(start.module), self.record.kind(start.module))
        else {
            return retired.unopened.push(frame);
        };
        self.settle(py, retired);
        self.hand_over(py, retired);
        let importer = start.importer.and_then(|key| self.record.code(key));
        let line = self.frames.line(py);
        ask(&self.observer, |o| {
            o.import_started(module, start.name, start.package, importer, line);
        });
        self.frames.open(Followed::Import(source), module, frame);
    }

    /// Takes note that the code of an entry has a module in its hands, if that is one of the project's.
    pub(super) fn found(
        &mut self,
        py: Python<'_>,
        found: Found<'_>,
        caller: Key,
        retired: &mut Retired,
    ) {
        let source = self.source(found.file);
        let (Some(source), Some(importer)) = (source, self.record.code(caller)) else { return };
        self.settle(py, retired);
        let line = self.frames.line(py);
        ask(&self.observer, |o| {
            o.import_found(source, found.name, found.package, importer, line);
        });
    }

    /// Hands over what ran so far, and begins a new epoch.
    pub(super) fn hand_over(&mut self, py: Python<'_>, retired: &mut Retired) {
        self.tell();
        self.record.begin_epoch();
        self.hook.watch_again(py, &mut retired.codes);
    }

    /// Hands over what ran so far, since a followed call is about to begin or has ended. The record knows what is news in
    /// one, but not what is while a module body is on its way.
    fn tell_of_call(&mut self, py: Python<'_>, retired: &mut Retired) {
        if self.frames.has_import() {
            self.hand_over(py, retired);
        } else {
            self.tell();
        }
    }

    fn tell(&mut self) {
        if !self.record.is_empty() {
            let record = &mut self.record;
            ask(&self.observer, |o| {
                record.drain(|line: u32, codes: &[CodeId]| o.ran(line, codes));
            });
        }
    }
}

/// A module that code imported by a name, and that was there already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    /// Its `__file__`.
    pub(super) file: &'a str,
    pub(super) name: &'a str,
    pub(super) package: &'a str,
}

/// What there is to say about an import that starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImportStart<'a> {
    pub(super) module: Key,
    pub(super) name: &'a str,
    pub(super) package: &'a str,
    pub(super) importer: Option<Key>,
}

/// Calls the observer; `None` if it could not be called, with the fault kept.
///
/// `try_lock` is right because whoever locks the observer does so with the GIL held and runs no Python
/// code: the lock is then never found taken. Should someone break that rule, to wait would
/// deadlock (the holder is either this thread, or one that waits for the GIL), where the fault makes the
/// session run more tests and say why.
pub(super) fn ask<T>(
    observer: &Mutex<dyn Observer>,
    question: impl FnOnce(&mut dyn Observer) -> T,
) -> Option<T> {
    match observer.try_lock() {
        Ok(observer) => {
            // A panic must not cross the interpreter's frames. The guard is dropped by it, so that
            // the lock is poisoned and the observer not called again.
            let answer = catch_unwind(AssertUnwindSafe(|| {
                let mut observer = observer;
                question(&mut *observer)
            }));
            answer.map_err(|_| Fault::ObserverPanicked.keep()).ok()
        }
        Err(TryLockError::WouldBlock) => {
            Fault::ObserverBusy.keep();
            None
        }
        Err(TryLockError::Poisoned(_)) => {
            Fault::ObserverPanicked.keep();
            None
        }
    }
}
