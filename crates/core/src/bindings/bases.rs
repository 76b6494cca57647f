//! What bases of the standard library have and call: where a class of the project binds one of these names, or begins
//! to, it takes the place of what the base does.
//!
//! Most bases outside of the project make a class open, which is reached whole. These are the ones that are harmless
//! otherwise. Two kinds of names matter: methods that the base's own code calls on `self` (those of `collections`,
//! `collections.abc` and `unittest` that are written in Python) count for whoever has the class; all others that the
//! base has count for who mentions them. Names that begin with an underscore do so anyway, or are not for others.

const CONTAINER: &str = "\
    add append clear copy count discard elements extend fromkeys get index insert isdisjoint \
    items keys most_common pop popitem remove reverse setdefault subtract update values";
const GENERATOR: &str = "aclose asend athrow close send throw";
const TEST_CASE_CALLS: &str = "\
    addCleanup addTypeEqualityFunc countTestCases debug defaultTestResult doClassCleanups \
    doCleanups fail failureException id longMessage maxDiff run shortDescription skipTest";
const TEST_CASE: &str = "\
    addAsyncCleanup addClassCleanup assertAlmostEqual assertAlmostEquals assertCountEqual \
    assertDictContainsSubset assertDictEqual assertEqual assertEquals assertFalse \
    assertGreater assertGreaterEqual assertIn assertIs assertIsInstance assertIsNone \
    assertIsNot assertIsNotNone assertLess assertLessEqual assertListEqual assertLogs \
    assertMultiLineEqual assertNoLogs assertNotAlmostEqual assertNotAlmostEquals \
    assertNotEqual assertNotEquals assertNotIn assertNotIsInstance assertNotRegex \
    assertNotRegexpMatches assertRaises assertRaisesRegex assertRaisesRegexp assertRegex \
    assertRegexpMatches assertSequenceEqual assertSetEqual assertTrue assertTupleEqual \
    assertWarns assertWarnsRegex assert_ asyncSetUp asyncTearDown enterAsyncContext \
    enterClassContext enterContext setUp setUpClass subTest tearDown tearDownClass";
const TEXT: &str = "\
    capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit \
    islower isspace istitle isupper join ljust lower lstrip maketrans partition removeprefix \
    removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines \
    startswith strip swapcase title translate upper zfill";
const BYTES: &str = "append clear copy decode extend fromhex hex insert pop remove reverse";
const STR: &str = "casefold encode format format_map isdecimal isidentifier isnumeric isprintable";
const DEQUE: &str = "\
    append appendleft clear copy count extend extendleft index insert maxlen pop popleft \
    remove reverse rotate";
const DICT: &str = "\
    clear copy default_factory fromkeys get items keys move_to_end pop popitem setdefault \
    update values";
const EXCEPTION: &str = "add_note args with_traceback";
const EXCEPTION_GROUP: &str = "derive exceptions message split subgroup";
const IMPORT_ERROR: &str = "msg name path";
const LIST: &str = "append clear copy count extend index insert pop remove reverse sort";
const NUMBER: &str = "\
    as_integer_ratio bit_count bit_length conjugate denominator from_bytes fromhex hex imag \
    is_integer numerator real to_bytes";
const OS_ERROR: &str = "characters_written errno filename filename2 strerror";
const SET: &str = "\
    add clear copy difference difference_update discard intersection intersection_update \
    isdisjoint issubset issuperset pop remove symmetric_difference symmetric_difference_update \
    union update";
const TUPLE: &str = "count index";

/// The methods that the code of a base with this name calls on its objects: lists with blanks between.
pub(super) fn called_by(base: &str) -> &'static [&'static str] {
    match base {
        "Counter" | "Mapping" | "MutableMapping" | "MutableSequence" | "MutableSet"
        | "OrderedDict" | "Sequence" | "Set" | "UserDict" | "UserList" | "UserString" => {
            &[CONTAINER]
        }
        "AsyncGenerator" | "Coroutine" | "Generator" => &[GENERATOR],
        "ExceptionGroup" => &["derive"],
        "IsolatedAsyncioTestCase" | "TestCase" => &[TEST_CASE_CALLS],
        _ => &[],
    }
}

/// The names that objects of a base with this name have, in the same way.
pub(super) fn members_of(base: &str) -> &'static [&'static str] {
    match base {
        "Counter" | "Mapping" | "MutableMapping" | "MutableSequence" | "MutableSet"
        | "Sequence" | "Set" | "UserDict" | "UserList" => &[CONTAINER],
        "IsolatedAsyncioTestCase" | "TestCase" => &[TEST_CASE_CALLS, TEST_CASE],
        "OrderedDict" | "defaultdict" | "dict" => &[DICT],
        "UserString" | "str" => &[TEXT, STR],
        "bool" | "complex" | "float" | "int" => &[NUMBER],
        "bytearray" | "bytes" => &[TEXT, BYTES],
        "deque" => &[DEQUE],
        "frozenset" | "set" => &[SET],
        "list" => &[LIST],
        "tuple" => &[TUPLE],
        "ExceptionGroup" => &[EXCEPTION, EXCEPTION_GROUP],
        "ImportError" | "ModuleNotFoundError" => &[EXCEPTION, IMPORT_ERROR],
        "BlockingIOError" | "ConnectionError" | "FileExistsError" | "FileNotFoundError"
        | "OSError" | "PermissionError" | "TimeoutError" => &[EXCEPTION, OS_ERROR],
        "BaseException" | "Exception" | "KeyboardInterrupt" | "StopAsyncIteration"
        | "StopIteration" | "SystemExit" => &[EXCEPTION],
        name if name.ends_with("Error") || name.ends_with("Warning") => &[EXCEPTION],
        _ => &[],
    }
}
