//! Calls that leave something behind: which were followed, how often, and what they left in objects.
//!
//! What is left in a module, a class or a decorator's cache is found by name, and kept by the program of
//! bindings. What a method leaves in its object (`if self._table is None: self._table = build()`) is found by
//! calling the method again: it is kept here, by object.
//!
//! Most objects that such methods fill are made by a test and gone with it. After a while a method of which no test
//! met another one's object is followed *loosely*: a call is only noted with the test that made it, which costs a
//! twentieth. If another test meets the object after all, everything that ran in the first one counts for it, and the
//! method is followed closely from then on.
//!
//! The same within another call that is followed: an object that was met first in it has what it holds from there. If it
//! is met in yet another one, that counts for the latter.

use std::time::{Duration, Instant};

use super::Seen;
use super::span::SpanId;
use crate::observer::{CodeId, Follow, Receiver};
use rustc_hash::{FxHashMap, FxHashSet};

/// How many calls of one function are followed in a session in any case, loosely or closely.
const MOST_CALLS: u32 = 10_000;

/// What following a call closely costs, about. Measured with sqlglot and tomlkit: 3 to 5 µs.
const COST: Duration = Duration::from_micros(4);

/// Beyond [`MOST_CALLS`] a function is followed as long as that has taken no more than one part in so many of the time
/// since the session began. A function that is called more often mostly finds what it left; but for one with a name
/// everything that runs along counts from then on, which makes tests run that have nothing to do with it.
const SHARE: u32 = 30;

/// How many calls on objects that no two tests met are followed closely.
const MOST_ALONE: u32 = 100;

/// Calls that find what each other left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct MemoId {
    /// The function.
    pub(super) code: CodeId,
    /// The object whose method it is, if it leaves things there.
    pub(super) receiver: Option<u32>,
}

impl MemoId {
    pub(super) fn of(code: CodeId, receiver: Option<Receiver>) -> Self {
        Self { code, receiver: receiver.map(|receiver| receiver.number) }
    }
}

/// What to do about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Met {
    /// How to follow it.
    pub(super) follow: Follow,
    /// Where everything counts that ran: what the object holds may be of it.
    pub(super) found: Option<SpanId>,
}

/// Where a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The test.
    pub(super) test: SpanId,
    /// The innermost call that is followed in it.
    pub(super) inside: Option<SpanId>,
}

/// The functions whose calls leave something behind.
#[derive(Debug)]
pub(super) struct Memos {
    began: Instant,
    calls: FxHashMap<CodeId, Calls>,
    /// The tests that were the first to call a method of an object.
    first: FxHashMap<MemoId, First>,
    /// The tests in which calls were followed loosely.
    loose: FxHashSet<SpanId>,
    spans: FxHashMap<MemoId, SpanId>,
    /// The functions that go on and off and leave something by different keys.
    keyed: FxHashSet<CodeId>,
    /// The functions with a name that are followed no more.
    crowded: FxHashSet<CodeId>,
    /// The spans in which one of those ran, and that are not accounted for.
    crowds: FxHashSet<(CodeId, SpanId)>,
    left: FxHashMap<MemoId, FxHashSet<Seen>>,
}

/// The calls of a function so far.
#[derive(Debug, Default)]
struct Calls {
    all: u32,
    /// Whether a test met an object of another one.
    is_shared: bool,
}

/// The first test that called a method of an object, and where in it calls were followed loosely.
#[derive(Clone, Copy, Debug)]
struct First {
    test: SpanId,
    /// Whether some were outside of calls that are followed.
    is_in_test: bool,
    /// In which followed call others were.
    inside: Option<SpanId>,
}

impl First {
    fn of(test: SpanId) -> Self {
        Self { test, is_in_test: false, inside: None }
    }

    /// Where all ran that calls that were followed loosely may have left.
    fn loosely_in(self) -> Option<SpanId> {
        if self.is_in_test { Some(self.test) } else { self.inside }
    }
}

impl Default for Memos {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            calls: FxHashMap::default(),
            first: FxHashMap::default(),
            loose: FxHashSet::default(),
            spans: FxHashMap::default(),
            keyed: FxHashSet::default(),
            crowded: FxHashSet::default(),
            crowds: FxHashSet::default(),
            left: FxHashMap::default(),
        }
    }
}

impl Memos {
    /// What to do about a call of the function; `place` is where a test makes it, if one does.
    ///
    /// Of a function that leaves something with a name, more calls than can be followed are accounted for in another
    /// way ([`Memos::take_crowds`]); a method that is called so often is no cache.
    pub(super) fn meet(
        &mut self,
        code: CodeId,
        receiver: Option<Receiver>,
        place: Option<Place>,
    ) -> Met {
        let calls = self.calls.entry(code).or_default();
        calls.all += 1;
        if calls.all > MOST_CALLS && COST * calls.all > self.began.elapsed() / SHARE {
            if receiver.is_none() {
                self.crowded.insert(code);
            }
            return Met { follow: Follow::NoMore, found: None };
        }
        let closely = Met { follow: Follow::Closely, found: None };
        // An object that is not told apart for sure can look like another test's.
        let is_sure = receiver.is_some_and(|it| it.is_sure);
        let Some(Place { test, inside }) = place.filter(|_| is_sure) else { return closely };
        let first = self.first.entry(MemoId::of(code, receiver)).or_insert(First::of(test));
        if first.test != test {
            calls.is_shared = true;
            return Met { found: first.loosely_in(), ..closely };
        }
        let found = inside.and(first.loosely_in()).filter(|it| Some(*it) != inside);
        if found.is_some() || calls.is_shared || calls.all <= MOST_ALONE {
            return Met { found, ..closely };
        }
        match inside {
            Some(call) => first.inside = Some(call),
            None => {
                first.is_in_test = true;
                self.loose.insert(test);
            }
        }
        Met { follow: Follow::Loosely, found: None }
    }

    /// Notes that the calls of a function that goes on and off leave something by different keys.
    pub(super) fn fills_by_key(&mut self, code: CodeId) {
        self.keyed.insert(code);
    }

    /// Where all ran that may be in what a call finds that goes on and off in a span. What it leaves there itself may be of
    /// anything that runs in the span; unless it has keys, that is what the first call leaves.
    pub(super) fn pass(
        &mut self,
        code: CodeId,
        receiver: Option<Receiver>,
        span: SpanId,
    ) -> Option<SpanId> {
        let is_unsure = receiver.is_some_and(|receiver| !receiver.is_sure);
        let memo = MemoId::of(code, receiver.filter(|_| !is_unsure));
        let first = self.first.get(&memo).copied();
        if first.is_none() || is_unsure || self.keyed.contains(&code) {
            self.leaves_of_test(memo, span);
        }
        if first.is_none() && memo.receiver.is_none() {
            self.first.insert(memo, First::of(span));
        }
        first.filter(|first| first.test != span).and_then(First::loosely_in)
    }

    /// Notes that what a call leaves may be of anything that ran in the test around it.
    pub(super) fn leaves_of_test(&mut self, memo: MemoId, test: SpanId) {
        if memo.receiver.is_none() {
            self.crowds.insert((memo.code, test));
        } else {
            // If another test met the object before, this one has found what it left.
            self.first.insert(memo, First { is_in_test: true, ..First::of(test) });
            self.loose.insert(test);
        }
    }

    /// Whether all that ran in a test can count for another one that meets its objects.
    pub(super) fn is_loose(&self, test: SpanId) -> bool {
        self.loose.contains(&test)
    }

    /// Notes that these functions ran in a span: for those that were called too often to be followed on, all that
    /// runs along counts.
    pub(super) fn ran(&mut self, codes: &[CodeId], span: SpanId) {
        if !self.crowded.is_empty() {
            let crowded = codes.iter().filter(|code| self.crowded.contains(code));
            self.crowds.extend(crowded.map(|code| (*code, span)));
        }
    }

    /// The functions that were called too often to be followed on, each with a span that it ran in, and whose
    /// observations count for it. Those of spans that are open stay.
    pub(super) fn take_crowds(&mut self, open: &[SpanId]) -> Vec<(CodeId, SpanId)> {
        let crowds: Vec<_> = self.crowds.iter().copied().collect();
        self.crowds.retain(|(_, span)| open.contains(span));
        crowds
    }

    /// The span of these calls, if there was one.
    pub(super) fn span(&self, memo: MemoId) -> Option<SpanId> {
        self.spans.get(&memo).copied()
    }

    /// Notes which span that is.
    pub(super) fn opened(&mut self, memo: MemoId, span: SpanId) {
        self.spans.insert(memo, span);
    }

    /// Notes what happened under a call that leaves things in its object.
    pub(super) fn leave(&mut self, memo: MemoId, seen: Seen) {
        self.left.entry(memo).or_default().insert(seen);
    }

    /// What happened under earlier calls on the same object.
    pub(super) fn left(&self, memo: MemoId) -> Vec<Seen> {
        self.left.get(&memo).into_iter().flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::SESSION;
    use super::*;

    fn sure(number: u32) -> Option<Receiver> {
        Some(Receiver { number, is_sure: true })
    }

    /// In a test, outside of calls that are followed.
    fn at(test: SpanId) -> Option<Place> {
        Some(Place { test, inside: None })
    }

    fn inside(test: SpanId, call: SpanId) -> Option<Place> {
        Some(Place { test, inside: Some(call) })
    }

    /// Calls of function 0 in test 1, each on an object of its own, until they are followed loosely.
    fn loosened() -> Memos {
        let mut memos = Memos::default();
        for number in 0..MOST_ALONE {
            assert_eq!(memos.meet(0, sure(number), at(1)).follow, Follow::Closely);
        }
        memos
    }

    #[test]
    fn calls_on_objects_that_no_two_tests_meet_are_soon_followed_loosely() {
        let mut memos = loosened();
        let met = memos.meet(0, sure(1_000), at(1));
        assert_eq!(met, Met { follow: Follow::Loosely, found: None });
        assert!(memos.is_loose(1));
        assert!(!memos.is_loose(2));
        assert_eq!(memos.meet(9, sure(1_000), at(1)).follow, Follow::Closely);
    }

    #[test]
    fn who_meets_the_object_of_a_loose_call_finds_all_of_its_test() {
        let mut memos = loosened();
        memos.meet(0, sure(1_000), at(1));
        for later in [2, 3] {
            let met = memos.meet(0, sure(1_000), at(later));
            assert_eq!(met, Met { follow: Follow::Closely, found: Some(1) });
        }
        // Objects are shared after all.
        assert_eq!(memos.meet(0, sure(1_001), at(3)).follow, Follow::Closely);
    }

    #[test]
    fn calls_that_are_followed_closely_leave_what_they_left() {
        let mut memos = loosened();
        let met = memos.meet(0, sure(0), at(2));
        assert_eq!(met, Met { follow: Follow::Closely, found: None });
    }

    #[test]
    fn an_object_that_is_met_first_in_a_call_holds_what_ran_there() {
        let mut memos = loosened();
        let loosely = Met { follow: Follow::Loosely, found: None };
        let closely = |found| Met { follow: Follow::Closely, found };
        for _ in 0..2 {
            assert_eq!(memos.meet(0, sure(1_000), inside(1, 10)), loosely);
        }
        assert!(!memos.is_loose(1));
        // What another call makes of the object is of the first.
        assert_eq!(memos.meet(0, sure(1_000), inside(1, 11)), closely(Some(10)));
        // The test has all that ran in the first; what runs now is its own, and no call's.
        assert_eq!(memos.meet(0, sure(1_000), at(1)), loosely);
        assert!(memos.is_loose(1));
        for call in [10, 11] {
            assert_eq!(memos.meet(0, sure(1_000), inside(1, call)), closely(Some(1)));
        }
        assert_eq!(memos.meet(0, sure(1_000), at(2)), closely(Some(1)));
    }

    #[test]
    fn another_test_that_meets_such_an_object_finds_what_ran_in_the_call() {
        let mut memos = loosened();
        memos.meet(0, sure(1_000), inside(1, 10));
        let met = memos.meet(0, sure(1_000), at(2));
        assert_eq!(met, Met { follow: Follow::Closely, found: Some(10) });
    }

    #[test]
    fn what_a_call_leaves_may_be_of_all_its_test() {
        let mut memos = loosened();
        let memo = MemoId::of(0, sure(7));
        memos.leaves_of_test(memo, 3);
        assert!(memos.is_loose(3));
        assert_eq!(memos.meet(0, sure(7), at(4)).found, Some(3));
        memos.leaves_of_test(MemoId::of(5, None), 3);
        assert_eq!(memos.take_crowds(&[]), [(5, 3)]);
    }

    #[test]
    fn calls_that_go_on_and_off_hand_what_they_leave_from_test_to_test() {
        for is_keyed in [false, true] {
            let mut memos = Memos::default();
            if is_keyed {
                memos.fills_by_key(0);
            }
            assert_eq!(memos.pass(0, sure(1), 1), None);
            assert_eq!(memos.pass(0, sure(1), 1), None);
            assert_eq!(memos.pass(0, sure(2), 2), None);
            assert_eq!(memos.pass(0, sure(1), 2), Some(1));
            assert_eq!(memos.pass(0, sure(1), 3), Some(if is_keyed { 2 } else { 1 }));
            assert!(memos.is_loose(1) && memos.is_loose(2) && memos.is_loose(3) == is_keyed);
        }
    }

    #[test]
    fn calls_that_go_on_and_off_leave_something_with_a_name() {
        let crowds = |memos: &mut Memos| {
            let mut crowds = memos.take_crowds(&[]);
            crowds.sort_unstable();
            crowds
        };
        let mut memos = Memos::default();
        for test in [1, 2] {
            assert_eq!(memos.pass(5, None, test), None);
        }
        assert_eq!(crowds(&mut memos), [(5, 1)]);
        memos.fills_by_key(5);
        let unsure = Some(Receiver { number: 9, is_sure: false });
        for test in [3, 4] {
            assert_eq!((memos.pass(5, None, test), memos.pass(6, unsure, test)), (None, None));
        }
        assert_eq!(crowds(&mut memos), [(5, 3), (5, 4), (6, 3), (6, 4)]);
    }

    #[test]
    fn outside_of_tests_and_where_objects_are_not_sure_calls_are_followed_closely() {
        let mut memos = loosened();
        let unsure = Some(Receiver { number: 1_000, is_sure: false });
        for (receiver, place) in [(sure(1_001), None), (unsure, at(1)), (None, at(1))] {
            assert_eq!(memos.meet(0, receiver, place).follow, Follow::Closely);
        }
    }

    #[test]
    fn a_function_is_not_followed_for_ever() {
        let mut memos = Memos::default();
        let follow: Vec<_> = (0..=MOST_CALLS).map(|_| memos.meet(0, None, at(1)).follow).collect();
        assert_eq!(follow.last(), Some(&Follow::NoMore));
        assert_eq!(follow[follow.len() - 2], Follow::Closely);
        memos.ran(&[0, 1], 1);
        memos.ran(&[0], 2);
        let crowds = |memos: &mut Memos, open: &[SpanId]| {
            let mut crowds = memos.take_crowds(open);
            crowds.sort_unstable();
            crowds
        };
        assert_eq!(crowds(&mut memos, &[SESSION, 2]), [(0, 1), (0, 2)]);
        assert_eq!(crowds(&mut memos, &[SESSION]), [(0, 2)]);
        assert!(crowds(&mut memos, &[SESSION]).is_empty());
    }

    #[test]
    fn in_a_long_session_it_is_followed_longer() {
        let hour = Duration::from_secs(3600);
        let Some(began) = Instant::now().checked_sub(hour) else { return };
        let mut memos = Memos { began, ..Memos::default() };
        let all_closely =
            (0..5 * MOST_CALLS).all(|_| memos.meet(0, None, at(1)).follow == Follow::Closely);
        memos.ran(&[0], 1);
        assert!(all_closely && memos.take_crowds(&[]).is_empty());
    }
}
