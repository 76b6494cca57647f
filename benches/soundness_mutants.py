"""Makes mutants of a real project: one small change each, of a class that says where it is.

A place is a node of the syntax tree; what is changed there is a literal, an operator, a returned value, or that the
statement exists at all (imports are left alone: without one, nearly everything fails). Data files are changed by a
line. The choice depends on the seed and the sources alone, so that a run can be repeated and taken up again.
"""

from __future__ import annotations

import ast
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLASSES = ("body", "module", "class", "default", "decorator", "tests", "data")
"""Function bodies; module-level and class-level statements; defaults of parameters; arguments of decorators; fixtures
and helper functions of the tests; data files and templates."""

_DATA = {".html", ".txt", ".json", ".toml", ".md", ".http", ".env", ".flaskenv", ".yaml", ".cfg"}
_NO_TESTS = {"docs", "examples", "benchmark", "benchmarks", "build", "dist", "typing", "type_check"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One change of one file. `marked` is the changed file with a call that notes who runs the changed function."""

    kind: str
    path: str
    line: int
    what: str
    content: str
    marked: str | None

    @property
    def key(self) -> str:
        """Names the change, in whatever run it is made."""
        return hashlib.sha256(f"{self.path}\0{self.content}".encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return f"{self.kind:9} {self.path}:{self.line}: {self.what}"


@dataclass(frozen=True)
class _Place:
    """A node that can be changed, with the function it is in, if any."""

    kind: str
    node: ast.AST
    function: ast.FunctionDef | ast.AsyncFunctionDef | None = None


def mutants(tree: Path, source: str, wanted: int, seed: int) -> list[Mutant]:
    """At most `wanted` mutants of the project in `tree`, the classes taking turns."""
    pools = {kind: of_class(kind, tree, source, seed) for kind in CLASSES}
    chosen: dict[str, Mutant] = {}
    while pools and len(chosen) < wanted:
        for kind in list(pools):
            mutant = next(pools[kind], None)
            if mutant is None:
                del pools[kind]
            elif len(chosen) < wanted:
                chosen[mutant.key] = mutant
    return list(chosen.values())


def of_class(kind: str, tree: Path, source: str, seed: int) -> Iterator[Mutant]:
    """The mutants of one class in a random order."""
    dice = random.Random(f"{seed} {kind}")
    if kind == "data":
        files = list(_data_files(tree))
        dice.shuffle(files)
        for path in files:
            yield from _changed_data(tree, path, dice)
        return
    places = [
        (path, index)
        for path in _sources(kind, tree, source)
        for index, place in enumerate(_places(_parsed(path), of_tests=kind == "tests"))
        if place.kind == kind
    ]
    dice.shuffle(places)
    for path, index in places:
        mutant = _changed(tree, path, index, kind, dice)
        if mutant is not None:
            yield mutant


def _sources(kind: str, tree: Path, source: str) -> list[Path]:
    """The Python files that a class of mutants is made in, sorted."""
    root = tree if kind == "tests" else tree / source
    return [
        path
        for path in sorted(root.rglob("*.py"))
        if (_is_of_tests(path.relative_to(tree)) == (kind == "tests"))
        and not _NO_TESTS.intersection(path.relative_to(tree).parts)
        and path.name not in ("setup.py", "__main__.py")
    ]


def _is_of_tests(path: Path) -> bool:
    return "tests" in path.parts or path.name.startswith("test_") or path.name == "conftest.py"


def _data_files(tree: Path) -> Iterator[Path]:
    for path in sorted(tree.rglob("*")):
        relative = path.relative_to(tree)
        if path.is_file() and "tests" in relative.parts and not _NO_TESTS & set(relative.parts):
            is_data = path.suffix in _DATA or path.name in _DATA
            if is_data and path.stat().st_size < 300_000:
                yield path


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _places(module: ast.Module, *, of_tests: bool) -> list[_Place]:
    """All places of a module that can be changed, in the order of the syntax tree."""
    found: list[_Place] = []
    _visit(module.body, "module", None, found, of_tests=of_tests)
    return found


def _visit(
    body: list[ast.stmt],
    level: str,
    function: ast.FunctionDef | ast.AsyncFunctionDef | None,
    found: list[_Place],
    *,
    of_tests: bool,
) -> None:
    for statement in body:
        if _is_passive(statement):
            continue
        if isinstance(statement, _FUNCTIONS):
            if level != "body":
                _visit_function(statement, found, of_tests=of_tests)
        elif isinstance(statement, ast.ClassDef):
            if level != "body":
                found += _literals("decorator", statement.decorator_list)
                _visit(statement.body, "class", None, found, of_tests=of_tests)
        elif not of_tests or level == "body":
            kind = "tests" if of_tests else level
            found.append(_Place(kind, statement, function))
            found += [
                _Place(kind, node, function)
                for node in ast.walk(statement)
                if isinstance(node, (ast.Compare, ast.BoolOp, ast.BinOp, ast.Constant))
            ]


def _visit_function(
    function: ast.FunctionDef | ast.AsyncFunctionDef, found: list[_Place], *, of_tests: bool
) -> None:
    if of_tests:
        if not function.name.startswith("test"):
            _visit(function.body, "body", function, found, of_tests=True)
        return
    found += _literals("decorator", function.decorator_list)
    arguments = function.args
    defaults = [*arguments.defaults, *(node for node in arguments.kw_defaults if node is not None)]
    found += _literals("default", defaults)
    _visit(function.body, "body", function, found, of_tests=False)


def _literals(kind: str, expressions: list[ast.expr]) -> list[_Place]:
    return [
        _Place(kind, node)
        for expression in expressions
        for node in ast.walk(expression)
        if isinstance(node, ast.Constant)
    ]


def _is_passive(statement: ast.stmt) -> bool:
    """Docstrings, and what only a type checker reads."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    if isinstance(statement, (ast.Pass, ast.Global, ast.Nonlocal)):
        return True
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return True
    return isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test)


def _changed(tree: Path, path: Path, index: int, kind: str, dice: random.Random) -> Mutant | None:
    """The mutant at one place; None if nothing can be changed there."""
    text = path.read_text(encoding="utf-8")
    module = ast.parse(text)
    place = _places(module, of_tests=kind == "tests")[index]
    node = place.node
    replacement = _replacement(node, dice)
    if replacement is None:
        return None
    old = ast.get_source_segment(text, node) or ""
    content = _replaced(text, node, replacement)
    try:
        if ast.dump(ast.parse(content)) == ast.dump(module):
            return None
    except SyntaxError:
        return None
    return Mutant(
        kind=kind,
        path=path.relative_to(tree).as_posix(),
        line=getattr(node, "lineno", 0),
        what=f"{_short(old)} → {_short(replacement)}",
        content=content,
        marked=_with_mark(content, place.function) if place.function is not None else None,
    )


def _replacement(node: ast.AST, dice: random.Random) -> str | None:
    """What stands in the place of the node; None for what is left alone."""
    match node:
        case ast.Constant(value=bool() as value):
            return repr(not value)
        case ast.Constant(value=int() | float() as value):
            return repr(value + 1)
        case ast.Constant(value=str() as value):
            return repr(value[:-1] if len(value) > 1 and dice.random() < 0.5 else value + "x")
        case ast.Constant(value=bytes() as value):
            return repr(value + b"x")
        case ast.Constant():
            return None
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARED:
            changed: ast.expr = ast.Compare(
                node.left, [_COMPARED[type(operator)]()], node.comparators
            )
            return f"({ast.unparse(changed)})"
        case ast.BoolOp(op=operator):
            other = ast.And() if isinstance(operator, ast.Or) else ast.Or()
            return f"({ast.unparse(ast.BoolOp(other, node.values))})"
        case ast.BinOp(op=computed) if type(computed) in _COMPUTED:
            changed = ast.BinOp(node.left, _COMPUTED[type(computed)](), node.right)
            return f"({ast.unparse(changed)})"
        case ast.Return(value=ast.expr()):
            return "return None"
        case ast.Assign() | ast.AugAssign() | ast.Expr() | ast.Delete():
            return "pass"
        case ast.AnnAssign(value=ast.expr()):
            return "pass"
    return None


def _replaced(text: str, node: ast.AST, replacement: str) -> str:
    """`text` with the node's part replaced; columns of the syntax tree count bytes."""
    assert isinstance(node, (ast.stmt, ast.expr))
    lines = text.encode().splitlines(keepends=True)
    assert node.end_lineno is not None and node.end_col_offset is not None
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    whole = b"".join(lines)
    return (whole[:start] + replacement.encode() + whole[end:]).decode()


def _with_mark(content: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """The changed file with a first statement in the function that calls the outcome log's `mark`."""
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        if len(function.body) == 1:
            return None
        first = function.body[1]
    if first.lineno == function.lineno:
        return None
    lines = content.splitlines(keepends=True)
    first_line = min(
        [first.lineno, *(node.lineno for node in getattr(first, "decorator_list", ()))]
    )
    mark = "getattr(__import__('sys').modules.get('outcome_log'), 'mark', int)()\n"
    lines.insert(first_line - 1, " " * first.col_offset + mark)
    marked = "".join(lines)
    try:
        ast.parse(marked)
    except SyntaxError:
        return None
    return marked


def _changed_data(tree: Path, path: Path, dice: random.Random) -> Iterator[Mutant]:
    """One mutant: a line of the file repeated, left out, or with its last word changed."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except UnicodeDecodeError:
        return
    filled = [index for index, line in enumerate(lines) if line.strip()]
    if not filled:
        return
    index = dice.choice(filled)
    line = lines[index]
    stripped = line.rstrip("\r\n")
    changed = dice.choice([line + line, "", f"{stripped}x{line[len(stripped) :]}"])
    yield Mutant(
        kind="data",
        path=path.relative_to(tree).as_posix(),
        line=index + 1,
        what=f"{_short(line)} → {_short(changed)}",
        content="".join([*lines[:index], changed, *lines[index + 1 :]]),
        marked=None,
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:37]}…"
