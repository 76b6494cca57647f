//! On whose behalf something is asked of the disk: what the import system, pytest or a reader of
//! sources looks at is no dependency of the test that happens to run.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use rustc_hash::FxHashMap;
use testmonx_engine::Looker;

/// Code that opens source files to compile, measure or show them, and pytest's own book-keeping: such a
/// read is no dependency by itself, since the code that then runs is one.
const SOURCE_READERS: &[&str] = &[
    LOADERS,
    "/linecache.py",
    "/tokenize.py",
    "/_pytest/assertion/rewrite.py",
    "/_pytest/cacheprovider.py",
    "/coverage/python.py",
    // It picks examples from the constants in all sources.
    "/hypothesis/internal/constants_ast.py",
];

/// Where the loaders of source files are.
const LOADERS: &str = "<frozen importlib._bootstrap_external>";

/// Modules of the standard library that ask for their own purposes: which file a module is, where its
/// source is, what is installed.
const LOOKING_FOR_CODE: &[&str] =
    &["linecache.py", "tokenize.py", "inspect.py", "importlib/metadata/"];

/// Installed packages that do.
const LOOKING_FOR_TESTS: &[&str] =
    &["_pytest/", "coverage/", "execnet/", "pkg_resources/", "testmonx/", "xdist/"];

/// Parts of them that run what a test file gives them: a generator of parameters, say.
const RUNNING_TESTS: &[&str] = &["_pytest/mark/", "_pytest/python.py"];

/// Modules of the standard library that look up environment variables to put them back, or to find a place for what
/// nobody has named.
const PUTTING_BACK: &[&str] = &["unittest/mock.py", "tempfile.py"];

/// The package that calls pytest's hooks.
const CALLING_HOOKS: &str = "pluggy/";

/// How the names of pytest's hooks begin.
const HOOK: &str = "pytest_";

/// The function in one of these that looks whether a directory is a package.
const COLLECTING: &str = "pytest_collect_directory";

/// `py.path.local`, which asks for whoever calls it, though it is pytest's.
const PY_PATH: &str = "/_pytest/_py/";

const SITE_PACKAGES: &str = "/site-packages/";

/// Functions whose answer depends on more than what kind of entry there is.
const MEASURES: &[&str] = &["getsize", "getmtime", "getatime", "getctime", "_sig"];

/// The directory of the standard library.
static STDLIB: OnceLock<String> = OnceLock::new();

/// Installed packages that look for tests and lie elsewhere: xdist copies pytest to where it starts a worker
/// in another directory.
static ELSEWHERE: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Finds out where the standard library is, and which of the `libraries` look for tests.
pub(super) fn prepare(py: Python<'_>, libraries: &[PathBuf]) -> PyResult<()> {
    let dirs = libraries.iter().filter_map(|dir| dir.to_str().map(|dir| format!("{dir}/")));
    let looks = |dir: &String| LOOKING_FOR_TESTS.iter().any(|part| name_in(dir, part).is_some());
    *ELSEWHERE.write().unwrap_or_else(PoisonError::into_inner) = dirs.filter(looks).collect();
    FILES.lock().unwrap_or_else(PoisonError::into_inner).take();
    if STDLIB.get().is_none() {
        let file: String = py.import("os")?.getattr("__file__")?.extract()?;
        let dir = file.rsplit_once('/').map_or(String::new(), |(dir, _)| format!("{dir}/"));
        let _ = STDLIB.set(dir);
    }
    Ok(())
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Nobody whose outcome depends on it.
    Machinery,
    /// Someone who wants to know whether something is there, and of which kind it is.
    Kind,
    /// Someone who may want to know the size or the time of the last change.
    Measure,
}

/// Whether the code that is running now reads `place` as a source file, for the interpreter or for pytest.
pub(super) fn reads_sources(py: Python<'_>, place: &Path) -> bool {
    // `Path.read_bytes` and the like open on behalf of their caller.
    let mut files =
        Frames::new(py).map_while(|frame| frame.file()?.to_str().ok().map(str::to_owned));
    let mut reader = files.find(|file| !file.contains("/pathlib"));
    if reader.as_deref() == Some(LOADERS) {
        // `loader.get_data(path)` of someone else, as by `pkgutil.get_data`, reads data.
        let caller = files.next();
        if caller.as_deref().is_some_and(|file| file != LOADERS) {
            reader = caller;
        }
    }
    if reader.as_deref().is_some_and(reads_lines) {
        // What code of the project reads line by line is data.
        let caller = files.find(|file| !reads_lines(file));
        if caller.is_some_and(|file| !is_stdlib(&file) && in_packages(&file).is_none()) {
            return false;
        }
    }
    match reader {
        // A script is looked at for whether it is an archive; an archive is data like any other.
        Some(file) if file == "<frozen zipimport>" => {
            place.extension().is_some_and(|extension| extension == "py")
        }
        Some(file) => SOURCE_READERS.iter().any(|reader| file.ends_with(reader)),
        // The interpreter itself, which opens the script that it is to run.
        None => true,
    }
}

/// Whether a file of code reads the lines of others, of sources mostly.
fn reads_lines(file: &str) -> bool {
    file.ends_with("/linecache.py") || file.ends_with("/tokenize.py")
}

/// Who asks what is at some place. The standard library asks for whoever calls it.
pub(super) fn asker(py: Python<'_>) -> Asker {
    let mut asker = Asker::Measure;
    for frame in Frames::new(py) {
        let Some(file) = frame.file().and_then(File::of) else { return asker };
        if file.has_own_purposes {
            return Asker::Machinery;
        }
        if !file.is_stdlib {
            // Which directories are packages matters to the tests in them, who are told by the engine.
            let is_collecting = file.collects && frame.name().as_deref() == Some(COLLECTING);
            return if is_collecting { Asker::Machinery } else { asker };
        }
        let name = frame.name().unwrap_or_default();
        if file.is_shutil && name.contains("rmtree") {
            return Asker::Machinery;
        }
        if MEASURES.contains(&&*name) {
            return Asker::Measure;
        }
        // `Path.stat` passes on all that there is to know.
        let passes_on = file.is_pathlib && matches!(&*name, "stat" | "lstat");
        if !passes_on {
            asker = Asker::Kind;
        }
    }
    asker
}

/// Whose code looks up an environment variable; `None` if nobody's whose outcome depends on it. The standard library
/// looks up for whoever calls it.
pub(super) fn looker(py: Python<'_>) -> Option<Looker> {
    // A thread may run nothing but the standard library.
    let mut looker = None;
    let mut outermost = None;
    for frame in Frames::new(py) {
        let file = frame.file().and_then(File::of)?;
        if file.looks_up_for_itself {
            looker?;
            break;
        }
        if !file.is_stdlib {
            let whose = if file.is_library { Looker::Library } else { Looker::Project };
            looker.get_or_insert(whose);
            outermost = frame.name();
        }
    }
    match looker {
        Some(Looker::Project) if outermost.is_some_and(|name| name.starts_with(HOOK)) => {
            Some(Looker::Hook)
        }
        looker => Some(looker.unwrap_or(Looker::Library)),
    }
}

/// Whether the code that is running is a `__getitem__` that a subscript has called, other than in the views behind
/// `items` and `values` of a mapping. What copies a mapping calls it without one.
pub(super) fn is_subscript(py: Python<'_>) -> bool {
    let mut frames = Frames::new(py);
    if frames.next().and_then(|frame| frame.name()).as_deref() != Some("__getitem__") {
        return false;
    }
    if frames.instruction().is_none_or(|instruction| Some(instruction) != subscript(py)) {
        return false;
    }
    frames.next().is_some_and(|caller| {
        let file = caller.file();
        let is_views = file.and_then(File::of).is_some_and(|file| file.is_collections);
        !(is_views && caller.name().as_deref() == Some("__iter__"))
    })
}

/// The number of the instruction by which a subscript is read, in this version of Python.
fn subscript(py: Python<'_>) -> Option<u8> {
    static NUMBER: OnceLock<Option<u8>> = OnceLock::new();
    let number = || {
        let numbers = py.import("opcode").ok()?.getattr("opmap").ok()?;
        // Since 3.14 it is an operator among others.
        let names = ["BINARY_SUBSCR", "BINARY_OP"];
        names.iter().find_map(|name| numbers.get_item(name).ok()?.extract().ok())
    };
    match NUMBER.get() {
        Some(number) => *number,
        // Not while others wait for it: the import can let go of the interpreter's lock.
        None => {
            let number = number();
            *NUMBER.get_or_init(|| number)
        }
    }
}

/// What there is to know of a file of code that asks.
#[derive(Clone, Copy, Debug)]
struct File {
    has_own_purposes: bool,
    is_stdlib: bool,
    collects: bool,
    is_shutil: bool,
    is_pathlib: bool,
    is_library: bool,
    is_collections: bool,
    looks_up_for_itself: bool,
}

/// The files that asked so far, by the string that names them, which is kept so that no other takes its address.
static FILES: Mutex<Option<Files>> = Mutex::new(None);

type Files = FxHashMap<usize, (Py<PyString>, File)>;

impl File {
    /// The file that a code object names; `None` if that is no text.
    fn of(name: Bound<'_, PyString>) -> Option<Self> {
        let address = name.as_ptr() as usize;
        let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
        let files = files.get_or_insert_default();
        if let Some((_, known)) = files.get(&address) {
            return Some(*known);
        }
        let file = Self::named(name.to_str().ok()?);
        files.insert(address, (name.unbind(), file));
        Some(file)
    }

    fn named(file: &str) -> Self {
        Self {
            has_own_purposes: has_own_purposes(file),
            is_stdlib: is_stdlib(file),
            collects: file.ends_with("/_pytest/python.py"),
            is_shutil: file.ends_with("/shutil.py"),
            is_pathlib: file.contains("/pathlib"),
            is_library: in_packages(file).is_some(),
            is_collections: file.contains("_collections_abc"),
            looks_up_for_itself: looks_up_for_itself(file),
        }
    }
}

/// Whether the code of this file asks for itself, and not for a test.
fn has_own_purposes(file: &str) -> bool {
    let begins = |path: &str, parts: &[&str]| parts.iter().any(|part| path.starts_with(part));
    if let Some(inside) = in_packages(file) {
        return begins(inside, LOOKING_FOR_TESTS)
            && !begins(inside, RUNNING_TESTS)
            && !file.contains(PY_PATH);
    }
    match in_stdlib(file) {
        Some(module) => begins(module, LOOKING_FOR_CODE),
        None => begins(file, &["<frozen importlib", "<frozen zipimport", "<frozen site"]),
    }
}

/// Whether the code of this file looks up environment variables for itself, and not for a test.
fn looks_up_for_itself(file: &str) -> bool {
    let begins = |path: &str, parts: &[&str]| parts.iter().any(|part| path.starts_with(part));
    match in_packages(file) {
        Some(inside) => begins(inside, LOOKING_FOR_TESTS) || inside.starts_with(CALLING_HOOKS),
        None => in_stdlib(file).is_some_and(|module| begins(module, PUTTING_BACK)),
    }
}

/// Whether the code of this file asks on behalf of its caller.
fn is_stdlib(file: &str) -> bool {
    in_stdlib(file).is_some() || file.starts_with("<frozen ") || file.contains(PY_PATH)
}

/// Modules of the standard library that keep what they read for whoever calls them.
const KEEPING_FILES: &[&str] = &["gettext.py", "mimetypes.py"];

/// Whether a file of code is one of those.
pub(super) fn keeps_files(file: &str) -> bool {
    in_stdlib(file).is_some_and(|module| KEEPING_FILES.contains(&module))
}

/// The rest of the path of a file of an installed package, from the package's name on.
pub(super) fn in_packages(file: &str) -> Option<&str> {
    if let Some((_, inside)) = file.rsplit_once(SITE_PACKAGES) {
        return Some(inside);
    }
    let elsewhere = ELSEWHERE.read().unwrap_or_else(PoisonError::into_inner);
    let dir = elsewhere.iter().find(|dir| file.starts_with(*dir))?;
    let parts = LOOKING_FOR_TESTS.iter();
    parts.filter_map(|part| name_in(dir, part)).next().map(|at| &file[at..])
}

/// Where the name of the package in `dir` begins, if it is `part`; both end with a slash.
fn name_in(dir: &str, part: &str) -> Option<usize> {
    dir.strip_suffix(part).filter(|parent| parent.ends_with('/')).map(str::len)
}

/// The rest of the path of a file of the standard library.
fn in_stdlib(file: &str) -> Option<&str> {
    let inside = file.strip_prefix(STDLIB.get()?.as_str())?;
    (!inside.starts_with("site-packages/")).then_some(inside)
}

/// The code of the frames of this thread, from the innermost on.
pub(super) struct Frames<'py>(Option<Bound<'py, PyAny>>);

/// A frame, and its code object.
pub(super) struct Frame<'py> {
    frame: Bound<'py, PyAny>,
    code: Bound<'py, PyAny>,
}

impl<'py> Frames<'py> {
    pub(super) fn new(py: Python<'py>) -> Self {
        // SAFETY: the interpreter's lock is held; the frame is borrowed and may be null.
        let frame = unsafe { ffi::PyEval_GetFrame() }.cast::<ffi::PyObject>();
        // SAFETY: a borrowed frame or null, which `Bound` takes a reference to.
        Self(unsafe { Bound::from_borrowed_ptr_or_opt(py, frame) })
    }
}

impl Frames<'_> {
    /// The number of the instruction at which the code of the next frame stands.
    fn instruction(&self) -> Option<u8> {
        let frame = self.0.as_ref()?;
        // SAFETY: `frame` is a frame object, as `new` and `next` have it.
        let at = unsafe { ffi::PyFrame_GetLasti(frame.as_ptr().cast()) };
        let code = frame.getattr(intern!(frame.py(), "f_code")).ok()?;
        let code =
            code.getattr(intern!(frame.py(), "co_code")).ok()?.cast_into::<PyBytes>().ok()?;
        let upto = code.as_bytes().get(..=usize::try_from(at).ok()?)?;
        // Two bytes each; after one that calls it can stand in the zeros that are kept free for a cache.
        upto.iter().step_by(2).rfind(|number| **number != 0).copied()
    }
}

impl<'py> Iterator for Frames<'py> {
    type Item = Frame<'py>;

    fn next(&mut self) -> Option<Self::Item> {
        let frame = self.0.take()?;
        let py = frame.py();
        // SAFETY: `frame` is a frame object; the result is a new reference or null.
        let code = unsafe {
            let code = ffi::PyFrame_GetCode(frame.as_ptr().cast());
            Bound::from_owned_ptr_or_opt(py, code.cast::<ffi::PyObject>())
        }?;
        // SAFETY: as above.
        self.0 = unsafe {
            let back = ffi::PyFrame_GetBack(frame.as_ptr().cast());
            Bound::from_owned_ptr_or_opt(py, back.cast::<ffi::PyObject>())
        };
        Some(Frame { frame, code })
    }
}

impl<'py> Frame<'py> {
    pub(super) fn code(&self) -> &Bound<'py, PyAny> {
        &self.code
    }

    pub(super) fn file(&self) -> Option<Bound<'py, PyString>> {
        self.code.getattr(intern!(self.code.py(), "co_filename")).ok()?.cast_into().ok()
    }

    fn name(&self) -> Option<String> {
        self.code.getattr(intern!(self.code.py(), "co_name")).ok()?.extract().ok()
    }

    /// The local variables, by their names.
    pub(super) fn locals(&self) -> Option<Bound<'py, PyAny>> {
        self.frame.getattr(intern!(self.frame.py(), "f_locals")).ok()
    }
}
