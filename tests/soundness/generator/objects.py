"""More sources: what Python looks up by itself, or code looks up without naming it."""

from __future__ import annotations

from collections.abc import Callable

from .sketch import Sketch, Value


def special_methods(sketch: Sketch) -> Value:
    """An operator finds a special method, or does not."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(
        f"class Bag:\n    def __len__(self):\n        return {n}\n\n    # More.\n\n\ndef {name}():\n"
        "    return len(Bag()), bool(Bag()), Bag() == Bag(), str(Bag())[:4]\n"
    )
    sketch.may("special method", module, f"return {n}", f"return {n} + 1")
    for label, text in (
        ("truth", "__bool__(self):\n        return False"),
        ("equality", "__eq__(self, other):\n        return True"),
        ("text", "__str__(self):\n        return 'text'"),
    ):
        sketch.may(
            f"special method for {label} appears", module, "    # More.\n", f"    def {text}\n"
        )
    return Value(module, name, True)


def dispatched(sketch: Sketch) -> Value:
    """`singledispatch`, with implementations in another module."""
    n, name = sketch.number(), sketch.name("show")
    generic = sketch.module(
        f"import functools\n\n\n@functools.singledispatch\ndef {name}(value=0):\n    return 'any'\n"
    )
    special = sketch.module(
        f"from {generic} import {name}\n\n\n@{name}.register\ndef _(value: int):\n    return {n}\n"
    )
    front = sketch.module(
        f"import {special}\nfrom {generic} import {name}\n\n\ndef get_{name}():\n"
        f"    return {name}(1), {name}('a')\n"
    )
    sketch.may("registered implementation", special, f"return {n}", f"return -{n}")
    sketch.may("implementation for another type", special, "value: int", "value: str")
    sketch.may(
        "implementation added",
        special,
        "",
        f"\n\n@{name}.register\ndef _(value: str):\n    return 'text'\n",
    )
    sketch.may("general implementation", generic, "'any'", "'other'")
    return Value(front, f"get_{name}", True)


def named_tuple(sketch: Sketch) -> Value:
    """A NamedTuple's fields and defaults."""
    n, name = sketch.number(), sketch.name("make")
    module = sketch.module(
        f"import typing\n\n\nclass Row(typing.NamedTuple):\n    size: int = {n}\n\n\ndef {name}():\n"
        f"    return tuple(Row()), Row._fields\n"
    )
    sketch.may("default of a NamedTuple", module, f"= {n}", f"= -{n}")
    sketch.may("field of a NamedTuple", module, f"= {n}\n", f"= {n}\n    more: int = 0\n")
    return Value(module, name, True)


def descriptor(sketch: Sketch) -> Value:
    """A descriptor that learns its name."""
    name, attribute = sketch.name("get"), sketch.name("title")
    desc = sketch.module(
        "class Field:\n    def __set_name__(self, owner, name):\n        self.name = name\n\n"
        "    def __get__(self, instance, owner):\n        return f'<{self.name}>'\n"
    )
    module = sketch.module(
        f"from {desc} import Field\n\n\nclass Row:\n    {attribute} = Field()\n\n\ndef {name}():\n"
        f"    return Row().{attribute}\n"
    )
    sketch.may("body of __set_name__", desc, "self.name = name", "self.name = name * 2")
    sketch.may("body of __get__", desc, "<{self.name}>", "[{self.name}]")
    sketch.may("descriptor replaced", module, "Field()", "'plain'")
    return Value(module, name, True)


def type_hints(sketch: Sketch) -> Value:
    """Annotations in quotes, and their names."""
    name, alias = sketch.name("hints"), sketch.name("Alias")
    module = sketch.module(
        f"import typing\n\n{alias} = int\n\n\ndef _target(first: '{alias}', second: str):\n"
        f"    pass\n\n\ndef {name}():\n"
        "    return [kind.__name__ for kind in typing.get_type_hints(_target).values()]\n"
    )
    sketch.may("alias behind a quoted annotation", module, f"{alias} = int", f"{alias} = float")
    sketch.may("annotation of a parameter", module, "second: str", "second: bytes")
    return Value(module, name, True)


def subclasses(sketch: Sketch) -> Value:
    """`__subclasses__`."""
    name = sketch.name("names")
    base = sketch.module(
        f"class Base:\n    pass\n\n\ndef {name}():\n"
        f"    return [cls.__name__ for cls in Base.__subclasses__()]\n"
    )
    more = sketch.module(f"import {base}\n\n\nclass One({base}.Base):\n    pass\n")
    front = sketch.module(f"import {more}\nfrom {base} import {name}\n")
    sketch.may("subclass added", more, "", f"\n\nclass Two({base}.Base):\n    pass\n")
    sketch.may(
        "subclass made conditional", more, "class One", "if 0:\n    import math\n\n\nclass Uno"
    )
    return Value(front, name, True)


def looked_up(sketch: Sketch) -> Value:
    """Names of a module by `vars`, `dir`, `getattr` and `globals`."""
    n, name = sketch.number(), sketch.name("f")
    names = sketch.module(f"AB = {n}\nCD = 2\n")
    module = sketch.module(
        f"import {names}\n\nEF = 3\n\n\ndef {name}(first='A', second='B'):\n"
        f"    total = sorted(key for key in vars({names}) if key.isupper())\n"
        f"    return getattr({names}, first + second), total, globals()['E' + 'F']\n"
    )
    sketch.may("constant found by getattr", names, f"AB = {n}", f"AB = -{n}")
    sketch.may("constant found by vars", names, "", "GH = 4\n")
    sketch.may("constant found by globals", module, "EF = 3", "EF = 4")
    return Value(module, name, True)


def class_space(sketch: Sketch) -> Value:
    """Names of a class by `dir`, and attributes by a computed name."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(
        f"class Commands:\n    go_fast = {n}\n\n    def go_slow(self):\n        return 2\n\n\n"
        f"def {name}(prefix='go_'):\n"
        "    return {key: getattr(Commands(), key) for key in dir(Commands) if key.startswith(prefix + 'f')}, [\n"
        "        key for key in Commands.__dict__ if key.startswith(prefix)\n    ]\n"
    )
    sketch.may("class attribute found by dir", module, f"go_fast = {n}", f"go_fast = -{n}")
    sketch.may(
        "class attribute added", module, f"go_fast = {n}\n", f"go_fast = {n}\n    go_far = 3\n"
    )
    sketch.may(
        "method added",
        module,
        "    def go_slow",
        "    def go_up(self):\n        return 3\n\n    def go_slow",
    )
    return Value(module, name, True)


def loaded_modules(sketch: Sketch) -> Value:
    """`sys.modules`, and a submodule that another module imported."""
    n, name = sketch.number(), sketch.name("f")
    hidden = sketch.module(f"VALUE = {n}\n")
    opener = sketch.module(f"import {hidden}\n")
    last = hidden.rpartition(".")[2]
    front = sketch.module(
        f"import sys\nimport {sketch.package}\nimport {opener}\n\n\ndef {name}():\n"
        f"    return sys.modules['{sketch.package}.' + '{last}'].VALUE, {sketch.package}.{last}.VALUE\n"
    )
    sketch.may("constant of a module found in sys.modules", hidden, f"= {n}", f"= -{n}")
    sketch.may("import that loaded a submodule", opener, f"import {hidden}\n", "")
    return Value(front, name, True)


def patched_method(sketch: Sketch) -> Value:
    """A module replaces a method of another one's class."""
    n, name = sketch.number(), sketch.name("speak")
    robot = sketch.module(
        f"class Robot:\n    def speak(self):\n        return 'beep'\n\n\ndef {name}():\n"
        f"    return Robot().speak()\n"
    )
    voice = sketch.module(
        f"import {robot}\n\n\ndef _speak(self):\n    return {n}\n\n\n{robot}.Robot.speak = _speak\n"
    )
    front = sketch.module(f"import {voice}\nfrom {robot} import {name}\n")
    sketch.may("body of a patch", voice, f"return {n}", f"return -{n}")
    sketch.may("patch of another name", voice, "Robot.speak =", "Robot.talk =")
    sketch.may(
        "patch by setattr", voice, "", f"setattr({robot}.Robot, 'speak', lambda self: 'set')\n"
    )
    return Value(front, name, True)


def matched(sketch: Sketch) -> Value:
    """`match` over a class, `isinstance` over a registered one, and an exception's base."""
    name = sketch.name("f")
    kinds = sketch.module(
        "import abc\n\n\nclass Base(abc.ABC):\n    pass\n\n\nclass Other:\n"
        "    __match_args__ = ('a', 'b')\n    a = 1\n    b = 2\n\n\n"
        "class Problem(ValueError):\n    pass\n"
    )
    module = sketch.module(
        f"import {kinds} as kinds\n\n\ndef {name}():\n    try:\n        raise kinds.Problem\n"
        f"    except LookupError:\n"
        "        caught = 'lookup'\n    except ValueError:\n        caught = 'value'\n    match kinds.Other():\n"
        "        case kinds.Other(first):\n            return caught, first, issubclass(kinds.Other, kinds.Base)\n"
    )
    sketch.may("base of an exception", kinds, "Problem(ValueError)", "Problem(KeyError)")
    sketch.may("__match_args__", kinds, "('a', 'b')", "('b', 'a')")
    sketch.may("class registered with an ABC", kinds, "", "\n\nBase.register(Other)\n")
    return Value(module, name, True)


ALL: list[Callable[[Sketch], Value]] = [
    special_methods, dispatched, named_tuple, descriptor, type_hints, subclasses, looked_up, class_space,
    loaded_modules, patched_method, matched,
]  # fmt: skip
