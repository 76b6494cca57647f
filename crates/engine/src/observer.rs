//! What a tracer tells the engine. Plain values only: the engine knows no Python.

pub use testmonx_core::bindings::Keeps;

/// A source file that the recorder knows.
pub type SourceId = u32;
/// A code object that the recorder knows.
pub type CodeId = u32;

/// A function of an installed library that the recorder knows.
pub type LibraryId = u32;

/// What there is to know of a function of an installed library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LibraryFunction {
    /// Its number.
    pub id: LibraryId,
    /// What it does with what it reads.
    pub keeps: Keeps,
    /// Whether its parameters have the values that it was called with as long as it runs.
    pub keeps_parameters: bool,
}

/// Where calls of a function leave something that later calls find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// Nowhere.
    Nothing,
    /// In something that has a name: a module, a class, a cache that a decorator keeps.
    InNamed,
    /// In the object whose method it is, its parameter `self`.
    InReceiver,
}

/// The object that a call leaves something in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Its number.
    pub number: u32,
    /// Whether no other object has had the number; else another one may have, that is gone.
    pub is_sure: bool,
}

/// How to follow a call that leaves something behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// [`Observer::memo_started`] is to be told, and then what runs until it ends.
    Closely,
    /// Not; but of further calls.
    Loosely,
    /// Not, and neither of further calls.
    NoMore,
}

/// The receiving end of a tracer.
///
/// All methods are called while the interpreter's lock is held, and must not call back into Python.
pub trait Observer: Send {
    /// A file name was seen for the first time: is it project code, and if so, which source is it?
    fn source(&mut self, filename: &str) -> Option<SourceId>;

    /// A code object of a project source was seen for the first time.
    ///
    /// `qualname` and `first_line` are `co_qualname` and `co_firstlineno`.
    fn code(&mut self, source: SourceId, qualname: &str, first_line: u32) -> CodeId;

    /// The same of the body of a module, or of a class that no function is around.
    fn level_code(&mut self, source: SourceId, qualname: &str, first_line: u32) -> CodeId {
        self.code(source, qualname, first_line)
    }

    /// Where a call of this function leaves something that later calls find, if it does:
    /// [`Observer::memo_met`] is then to be asked about each. Those of a generator or coroutine `suspend`.
    fn leaves(&mut self, code: CodeId, suspends: bool) -> Leaves;

    /// These code objects ran since the last call, while the present span was open.
    ///
    /// `line` is the line that the body of the module being imported has reached, if the present
    /// span is an import; else 0. `codes` has no duplicates, and leaves out what ran before: in the span, in a call
    /// that was followed in it, and in an earlier call of the function that is followed, if all of its calls leave things in
    /// one place ([`Leaves::InNamed`]).
    fn ran(&mut self, line: u32, codes: &[CodeId]);

    /// The body of a project module starts: opens a span.
    ///
    /// `name` is the module's `__name__`, `package` its `__package__` (empty if unset), `importer`
    /// the innermost project code on the stack. `line` is the line that the body of the module has
    /// reached whose import was open already, 0 if none was.
    fn import_started(
        &mut self,
        module: CodeId,
        name: &str,
        package: &str,
        importer: Option<CodeId>,
        line: u32,
    );

    /// Code of the project imported a module by a name, and was given it: a body need not have started.
    ///
    /// `name` and `package` are as in [`Observer::import_started`], `importer` is the code that called, `line` the
    /// line that the body has reached of the module whose import is open, 0 if none is.
    fn import_found(
        &mut self,
        source: SourceId,
        name: &str,
        package: &str,
        importer: CodeId,
        line: u32,
    );

    /// The body of a module ended that had started, by return or by exception: closes the span.
    fn import_finished(&mut self, module: CodeId);

    /// A call of a function starts that leaves something behind: how to follow it?
    ///
    /// `receiver` is the object that it leaves it in, for [`Leaves::InReceiver`]; `None` if there are no
    /// more numbers. One that `suspends`, of a generator or coroutine, is told each time that it goes on, and cannot be
    /// followed closely.
    fn memo_met(&mut self, code: CodeId, receiver: Option<Receiver>, suspends: bool) -> Follow;

    /// A call starts that is followed closely: opens a span.
    fn memo_started(&mut self, code: CodeId, receiver: Option<Receiver>);

    /// The innermost such call of the function ended, by return or by exception: closes the span.
    fn memo_finished(&mut self, code: CodeId);

    /// A function of an installed library reads something: what is there to know of it? By default, nothing is.
    ///
    /// `file`, `qualname` and `first_line` are what its code object has.
    fn library_function(
        &mut self,
        _file: &str,
        _qualname: &str,
        _first_line: u32,
    ) -> Option<LibraryFunction> {
        None
    }

    /// A call of a function of a library starts that kept what it read. `key` stands for its arguments: calls with
    /// another key find something else.
    fn library_called(&mut self, _function: LibraryId, _key: u32) {}
}
