"""More sources: the less usual statements that bind a name while a module is imported."""

from __future__ import annotations

from collections.abc import Callable

from .sketch import Sketch, Value


def augmented(sketch: Sketch) -> Value:
    """`+=` on a name and on a list."""
    n, name = sketch.number(), sketch.name("K")
    module = sketch.module(f"{name} = [1]\n{name} += [{n}]\n{name}.append(2)\n")
    sketch.may("augmented assignment", module, f"[{n}]", f"[-{n}]")
    sketch.may("call on a constant", module, ".append(2)", ".append(3)")
    sketch.may("first assignment", module, "= [1]", "= [0]")
    return Value(module, name, False)


def unpacked(sketch: Sketch) -> Value:
    """Several names from one tuple, and from one call."""
    n, name = sketch.number(), sketch.name("K")
    module = sketch.module(
        f"def _pair():\n    return {n}, 1\n\n\n{name}, _other = _pair()\n(_a, [_b, *_c]) = 1, [2, 3]\n\n\n"
        f"def get_{name}():\n    return {name}, _b, _c\n"
    )
    sketch.may("body run at import", module, f"return {n}, 1", f"return -{n}, 1")
    sketch.may("nested unpacking", module, "1, [2, 3]", "1, [2, 4]")
    return Value(module, f"get_{name}", True)


def looped(sketch: Sketch) -> Value:
    """A dictionary that a loop fills, and the loop's variable."""
    n, name = sketch.number(), sketch.name("TABLE")
    module = sketch.module(f"{name} = {{}}\nfor item in (1, {n}):\n    {name}[item] = item\n")
    sketch.may("what a loop runs over", module, f"(1, {n})", f"(1, {n}, 2)")
    sketch.may("body of a loop", module, "[item] = item", "[item] = -item")
    return Value(module, name, False)


def deleted(sketch: Sketch) -> Value:
    """`del` uncovers a builtin."""
    name = sketch.name("f")
    module = sketch.module(
        f"def len(items):\n    return 'own'\n\n\ndel len\n\n\ndef {name}():\n    return len('ab')\n"
    )
    sketch.may("del removed", module, "del len\n", "")
    return Value(module, name, True)


def opened(sketch: Sketch) -> Value:
    """A `with` and a `try` at module level."""
    n, name = sketch.number(), sketch.name("K")
    module = sketch.module(
        f"import contextlib\n\nwith contextlib.nullcontext({n}) as held:\n    {name} = [held]\n"
        f"try:\n    {name}.append(int('x'))\n"
        f"except ValueError:\n    {name}.append('no')\nfinally:\n    {name}.append('end')\n"
    )
    sketch.may("expression of a with", module, f"({n})", f"(-{n})")
    sketch.may("handler at module level", module, "'no'", "'none'")
    sketch.may("failing expression", module, "int('x')", "int('3')")
    return Value(module, name, False)


def configured(sketch: Sketch) -> Value:
    """A global that a function sets, called by another module."""
    n, name = sketch.number(), sketch.name("get")
    state = sketch.module(
        f"_state = None\n\n\ndef configure(value):\n    global _state\n    _state = value\n\n\n"
        f"def {name}():\n    return _state\n"
    )
    caller = sketch.module(f"import {state}\n\n{state}.configure({n})\n")
    front = sketch.module(f"import {caller}\nfrom {state} import {name}\n")
    sketch.may("call at import", caller, f"({n})", f"(-{n})")
    sketch.may("call added", caller, "", f"{state}.configure('last')\n")
    sketch.may("body of what is called at import", state, "_state = value\n", "_state = [value]\n")
    return Value(front, name, True)


def executed(sketch: Sketch) -> Value:
    """`exec` of a text."""
    n, name = sketch.number(), sketch.name("made")
    module = sketch.module(f"exec('''def {name}(): return {n}''')\n")
    sketch.may("text of an exec", module, f"return {n}", f"return -{n}")
    return Value(module, name, True)


def walrus(sketch: Sketch) -> Value:
    """Names bound inside expressions."""
    n, name = sketch.number(), sketch.name("K")
    module = sketch.module(
        f"_all = [{name} := {n}, 1]\n_chained = _more = {name}\n\n\ndef get_{name}():\n"
        f"    return _more\n"
    )
    sketch.may("name in an expression", module, f":= {n}", f":= -{n}")
    sketch.may("chained assignment", module, f"_more = {name}", f"_more = {name}, 0")
    return Value(module, f"get_{name}", True)


def all_extended(sketch: Sketch) -> Value:
    """`__all__` of a package is put together from its parts."""
    n, name = sketch.number(), sketch.name("K")
    part = sketch.module(f"__all__ = ['{name}']\n{name} = {n}\n_hidden = 1\n")
    whole = sketch.module(
        f"from {part} import *\nimport {part}\n\n__all__ = ['x'] + {part}.__all__\nx = 1\n"
    )
    module = sketch.module(
        f"from {whole} import *\n\n\ndef get_{name}():\n"
        f"    return {name}, sorted(globals().keys() & {{'y', 'x'}})\n"
    )
    sketch.may("constant behind two stars", part, f"= {n}", f"= -{n}")
    sketch.may("name added to a summed __all__", whole, "['x'] + ", "['x', 'y'] + ")
    sketch.may(
        "name bound for a summed __all__", whole, "['x'] + ", "y = 2\n__all__ = ['x', 'y'] + "
    )
    return Value(module, f"get_{name}", True)


ALL: list[Callable[[Sketch], Value]] = [
    augmented, unpacked, looped, deleted, opened, configured, executed, walrus, all_extended,
]  # fmt: skip
