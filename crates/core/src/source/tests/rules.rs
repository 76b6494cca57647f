//! Each rule of the digests, by example.

use super::{model, outline};
use crate::source::Import;

/// The names of what differs between two sources: functions, `<module>`, docstrings as `"name"`.
fn changed(before: &str, after: &str) -> Vec<String> {
    let (before_model, after_model) = (model(before), model(after));
    let (before, after) = (before_model.outline(), after_model.outline());
    let mut names: Vec<String> = Vec::new();
    if before.module() != after.module() {
        names.push("<module>".into());
    }
    let functions = before_model.functions().iter().chain(after_model.functions());
    for name in functions.map(super::super::Function::name) {
        if before.block(name) != after.block(name) && !names.iter().any(|known| known == name) {
            names.push(name.into());
        }
    }
    if before.docstrings() != after.docstrings() {
        names.push("docstrings".into());
    }
    names
}

const NOTHING: [&str; 0] = [];

#[test]
fn comments_layout_and_parentheses_change_nothing() {
    let before = "import a\n\ndef f(x, y=1):\n    return (x + y)[1:2]\n";
    let after = "# a comment\nimport a\n\n\n\ndef f(\n    x,\n    y=1,  # why\n):\n\n    return ((x\n      + y))[1 : 2]\n";
    assert_eq!(changed(before, after), NOTHING);
    assert_eq!(changed(before, &before.replace('\n', "\r\n")), NOTHING);
    assert_eq!(changed(before, &before.replace("    ", "\t")), NOTHING);
}

#[test]
fn equal_values_are_spelt_alike() {
    for (a, b) in [
        ("'ab'", "\"ab\""),
        ("'ab'", "u'a' 'b'"),
        ("'a\\nb'", "'''a\nb'''"),
        ("b'ab'", "b'a' b'b'"),
        ("f'a{x}b'", "'a' f'{x}' 'b'"),
        ("1000", "1_000"),
        ("255", "0xff"),
        ("1.0", "1e0"),
        ("(1, 2)", "1, 2"),
        ("f(a, b)", "f(a, b,)"),
    ] {
        assert_eq!(changed(&format!("v = {a}"), &format!("v = {b}")), NOTHING, "{a} and {b}");
    }
}

#[test]
fn different_values_are_spelt_apart() {
    for (a, b) in [
        ("a[1:]", "a[:1]"),
        ("a[::1]", "a[:1]"),
        ("{**a, **b}", "{a: b}"),
        ("{a, b}", "[a, b]"),
        ("(a, b)", "[a, b]"),
        ("a < b <= c", "a <= b < c"),
        ("a + b * c", "(a + b) * c"),
        ("a and b or c", "a and (b or c)"),
        ("not a", "-a"),
        ("'1'", "1"),
        ("b'a'", "'a'"),
        ("'a'", "f'a'"),
        ("1", "1.0"),
        ("1", "True"),
        ("None", "False"),
        ("2j", "2.0"),
        ("0.0", "-0.0"),
        ("36893488147419103232", "36893488147419103233"),
        ("f(*a)", "f(**a)"),
        ("f(a=b)", "f(a, b)"),
        ("f'{x}'", "f'{x!r}'"),
        ("f'{x}'", "f'{x:}'"),
        ("f'{x:>{w}}'", "f'{x:<{w}}'"),
        ("f'{x}{y}'", "f'{x}' f'{y} '"),
        ("f'{a+b=}'", "f'{a + b=}'"),
        ("f'{x=}'", "f'{x = }'"),
        ("lambda a, b: 0", "lambda a, *b: 0"),
        ("lambda a, /, b: 0", "lambda a, b, /: 0"),
        ("lambda a, *, b: 0", "lambda a, b: 0"),
        ("lambda *a: 0", "lambda **a: 0"),
        ("lambda a=b: c", "lambda a, b: c"),
        ("[x for x in y if a if b]", "[x for x in y if a for b in c]"),
        ("'\\ud800'", "'\\ud801'"),
        ("f'\\ud800{x}'", "f'\\ud801{x}'"),
        ("(yield)", "(yield None)"),
    ] {
        let changed = changed(&format!("v = {a}"), &format!("v = {b}"));
        assert_eq!(changed, ["<module>"], "{a} and {b}");
    }
}

#[test]
fn different_statements_are_spelt_apart() {
    for (a, b) in [
        ("x = y = 1", "x = (y, 1)"),
        ("x += 1", "x -= 1"),
        ("x: int", "x: int = 1"),
        ("x: int", "(x): int"),
        ("for x in y: a\nelse: b", "for x in y:\n  a\n  b"),
        ("while x: a\nelse: b", "while x:\n  a\n  b"),
        ("if x: a\nelif y: b", "if x: a\nelse:\n  if y: b\n  c"),
        ("if x: a\nelse: b", "if x: a\nb"),
        ("try: a\nexcept E: b\nelse: c", "try: a\nexcept E: b\nfinally: c"),
        ("try: a\nexcept E: b", "try: a\nexcept* E: b"),
        ("try: a\nexcept E: b", "try: a\nexcept E as b: b"),
        ("raise a", "raise a from b"),
        ("assert a", "assert a, b"),
        ("import a.b", "import a.b as c"),
        ("from a import b", "from .a import b"),
        ("from . import b", "from .. import b"),
        ("global x", "del x"),
        ("with a as b: c", "with a, b: c"),
        ("class C(a): x = 1", "class C(a=a): x = 1"),
        ("class C[T: int]: x = 1", "class C[T = int]: x = 1"),
        ("def f(): pass", "async def f(): pass"),
        ("def f(a): pass", "def f(b): pass"),
        ("def f(a=1): pass", "def f(a=2): pass"),
        ("def f(a: b): pass", "def f(a: c): pass"),
        ("def f() -> a: pass", "def f() -> b: pass"),
        ("@a\ndef f(): pass", "@b\ndef f(): pass"),
        ("@a\nclass C: x = 1", "class C: x = 1"),
        ("match x:\n  case [a, *b]: c", "match x:\n  case [a, b]: c"),
        ("match x:\n  case {'a': b, **c}: d", "match x:\n  case {'a': b}: d"),
        ("match x:\n  case a if b: c", "match x:\n  case a:\n    b\n    c"),
        ("match x:\n  case True: c", "match x:\n  case None: c"),
        ("type A = int", "type A[T] = int"),
    ] {
        assert_eq!(changed(a, b), ["<module>"], "{a} and {b}");
    }
}

#[test]
fn a_body_is_its_own_block() {
    let source = "def f():\n    return 1\n\nclass C:\n    def f(self):\n        return 2\n";
    assert_eq!(changed(source, &source.replace("return 1", "return 3")), ["f"]);
    assert_eq!(changed(source, &source.replace("return 2", "return 3")), ["C.f"]);
    assert_eq!(changed(source, &source.replace("def f()", "def g()")), ["<module>", "f", "g"]);
}

#[test]
fn a_nested_function_is_its_own_block_but_its_signature_is_not() {
    let source = "def f():\n    @dec\n    def g(a=1):\n        return a\n    return g\n";
    let g = "f.<locals>.g";
    assert_eq!(changed(source, &source.replace("return a", "return -a")), [g]);
    assert_eq!(changed(source, &source.replace("a=1", "a=2")), ["f"]);
    assert_eq!(changed(source, &source.replace("@dec", "@other")), ["f"]);
}

#[test]
fn a_nested_class_belongs_to_the_function_around_it() {
    let source = "def f():\n    class C(B):\n        x = 1\n        def m(self):\n            return 2\n    return C\n";
    assert_eq!(changed(source, &source.replace("x = 1", "x = 2")), ["f"]);
    assert_eq!(changed(source, &source.replace("C(B)", "C(A)")), ["f"]);
    assert_eq!(changed(source, &source.replace("return 2", "return 3")), ["f.<locals>.C.m"]);
}

#[test]
fn lambdas_and_comprehensions_belong_to_the_block_they_stand_in() {
    let source = "k = lambda x: x + 1\ndef f(y):\n    return [lambda: z + 2 for z in y]\n";
    assert_eq!(changed(source, &source.replace("x + 1", "x - 1")), ["<module>"]);
    assert_eq!(changed(source, &source.replace("z + 2", "z - 2")), ["f"]);
    assert_eq!(changed(source, &source.replace("in y", "in x")), ["f"]);
}

#[test]
fn a_generator_is_one_by_definition() {
    // Calling `f()` runs nothing of a generator's body, so a test that only calls it has no other
    // way to notice.
    let source = "def f():\n    return g\n";
    assert_eq!(changed(source, "def f():\n    yield g\n"), ["<module>", "f"]);
    assert_eq!(changed(source, "def f():\n    return lambda: (yield)\n"), ["f"]);
    let nested = "def f():\n    def g():\n        yield\n    return 1\n";
    assert_eq!(changed(nested, &nested.replace("yield", "return")), ["f", "f.<locals>.g"]);
}

#[test]
fn docstrings_are_kept_apart() {
    let source = "'''M'''\ndef f():\n    '''F'''\nclass C:\n    '''C'''\n    x = 1\n";
    for doc in ["M", "F", "C"] {
        let after = source.replace(&format!("'''{doc}'''"), "'''Other.'''");
        assert_eq!(changed(source, &after), ["docstrings"]);
    }
    let (before, after) = (outline(source), outline(&source.replace("'''F'''", "'''G'''")));
    assert_ne!(before.docstring("f"), after.docstring("f"));
    assert_eq!(before.docstring("C"), after.docstring("C"));
    assert!(before.docstring("<module>").is_some());
    assert_eq!(outline("def f(): pass\n").docstring("f"), None);
    // Adding one is as good as changing one; `pass` goes, since it says nothing.
    assert_eq!(changed("def f():\n    pass\n", "def f():\n    'F'\n"), ["docstrings"]);
}

#[test]
fn a_decorator_can_read_the_docstring() {
    let source = "@command\ndef f():\n    '''F'''\n";
    assert_eq!(changed(source, &source.replace("'F'", "'G'")), ["<module>", "docstrings"]);
    for blind in ["@property", "@pytest.fixture(autouse=True)", "@pytest.mark.slow", "@x.setter"] {
        let source = source.replace("@command", blind);
        assert_eq!(changed(&source, &source.replace("'F'", "'G'")), ["docstrings"], "{blind}");
    }
    let nested = "def f():\n    @command\n    class C:\n        '''F'''\n";
    assert_eq!(changed(nested, &nested.replace("'F'", "'G'")), ["f", "docstrings"]);
}

#[test]
fn readers_of_docstrings_are_flagged() {
    for reader in [
        "f.__doc__",
        "getattr(f, '__doc__')",
        "inspect.getdoc(f)",
        "help(f)",
        "doctest.testmod()",
        "__doc__",
    ] {
        let model = model(&format!("def r():\n    return {reader}\ndef f(help): return help\n"));
        assert_eq!(
            model.functions().iter().map(|f| f.reads_docs()).collect::<Vec<_>>(),
            [true, false]
        );
        assert!(!model.module_reads_docs());
    }
    assert!(model("usage = __doc__").module_reads_docs());
    assert!(model("import doctest").module_reads_docs());
    assert!(!model("'''__doc__'''").module_reads_docs());
}

#[test]
fn pass_and_bare_constants_say_nothing() {
    assert_eq!(changed("x = 1\n", "x = 1\n'attribute docstring'\npass\n...\n"), NOTHING);
    assert_eq!(changed("def f():\n    g()\n", "def f():\n    g()\n    pass\n"), NOTHING);
    assert_eq!(changed("if x:\n    pass\n", "if x:\n    ...\n"), NOTHING);
    assert_eq!(changed("x = 1\n", "x = 1\nf'{x}'\n"), ["<module>"]);
}

#[test]
fn type_checking_bodies_say_nothing() {
    let plain = "import a\nx = 1\n";
    for guard in ["TYPE_CHECKING", "t.TYPE_CHECKING"] {
        let guarded = format!("import a\nif {guard}:\n    import b\n    def g(): ...\nx = 1\n");
        assert_eq!(changed(plain, &guarded), NOTHING);
        assert!(model(&guarded).functions().is_empty());
        assert_eq!(model(&guarded).imports().len(), 1);
    }
    let either = "if TYPE_CHECKING:\n    import b\nelse:\n    b = 1\n";
    assert_eq!(changed(either, "b = 1\n"), NOTHING);
    assert_eq!(changed(either, "if not TYPE_CHECKING:\n    b = 1\n"), NOTHING);
    assert_eq!(changed(either, "b = 2\n"), ["<module>"]);
    let chain = "if a:\n    x\nelif TYPE_CHECKING:\n    y\nelse:\n    z\n";
    assert_eq!(changed(chain, "if a:\n    x\nelse:\n    z\n"), NOTHING);
}

#[test]
fn annotations_count_where_they_are_evaluated() {
    assert_eq!(changed("def f():\n    x: int = 1\n", "def f():\n    x = 1\n"), NOTHING);
    assert_eq!(changed("def f():\n    x: int\n", "def f():\n    x: str\n"), NOTHING);
    assert_eq!(changed("def f():\n    x: int\n", "def f():\n    g()\n"), ["f"]);
    assert_eq!(changed("x: int = 1", "x: str = 1"), ["<module>"]);
    let class = "def f():\n    class C:\n        x: int\n";
    assert_eq!(changed(class, &class.replace("int", "str")), ["f"]);
}

#[test]
fn names_are_qualified_as_cpython_does_and_made_unique() {
    let source = "\
def f():
    def g():
        class C:
            async def __m(self): pass
    global h
    def h(): pass
class f:
    @property
    def x(self): pass
    @x.setter
    def x(self, v): pass
if f:
    def k(): pass
else:
    def k(): pass
";
    let model = model(source);
    let names: Vec<_> = model.functions().iter().map(|function| function.name()).collect();
    assert_eq!(
        names,
        ["f", "f.<locals>.g", "f.<locals>.g.<locals>.C.__m", "h", "f.x", "f.x#2", "k", "k#2"]
    );
    let lines: Vec<_> = model.functions().iter().map(|f| (f.first_line(), f.last_line())).collect();
    assert_eq!(lines, [(1, 6), (2, 4), (4, 4), (6, 6), (8, 9), (10, 11), (13, 13), (15, 15)]);
}

#[test]
fn imports_are_listed_by_block() {
    let source = "\
import a, b.c as d
try:
    from .e import f, g as h
except ImportError:
    from . import i
class C:
    from j import *
def k():
    import l
    def m():
        from ..n.o import p
        pytest.importorskip('q.r', reason='s')
        import_module('.t', 'u')
        import_module('.v', __package__)
        find_spec(w)
        print('x')
";
    let model = model(source);
    let show = |imports: &[Import]| -> Vec<String> {
        let show = |import: &Import| {
            let module = import.module.as_deref().unwrap_or("");
            let names = if import.is_star { "*".into() } else { import.names.join(",") };
            format!("{}{module}:{names}", ".".repeat(import.level as usize))
        };
        imports.iter().map(show).collect()
    };
    assert_eq!(show(model.imports()), ["a:", "b.c:", ".e:f,g", ".:i", "j:*"]);
    assert_eq!(show(model.functions()[0].imports()), ["l:"]);
    assert_eq!(show(model.functions()[1].imports()), ["..n.o:p", "q.r:", "u.t:", ".v:"]);
}

/// Digests are kept and shared: a change of the rules, or of the parser's kinds of node, must be
/// answered by new versions of the domains and of the outline.
#[test]
fn digests_are_what_they_were() {
    let outline = outline("x = [1, 'a']\ndef f(a=2):\n    '''Doc.'''\n    return f'{a!r:>3}'\n");
    assert_eq!(outline.module().to_string(), "e7ac97697bd0184a5a6ddaccee78f7a8");
    assert_eq!(outline.block("f").unwrap().to_string(), "0dc4b2b96a66846b3bc9f128f5493b99");
    assert_eq!(outline.docstrings().to_string(), "d6fcc23c928597a33f1fe7e5262360b2");
}
