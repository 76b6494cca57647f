"""Where a value comes from: each function draws a construct into the project, and notes the edits that change it."""

from __future__ import annotations

from collections.abc import Callable

from .sketch import Sketch, Value


def constant(sketch: Sketch) -> Value:
    """A constant beside another one."""
    n, name = sketch.number(), sketch.name("K")
    module = sketch.module(f"{name} = {n}\nBESIDE = 1\n")
    sketch.may("constant", module, f"= {n}", f"= -{n}")
    sketch.may("added neighbour", module, "", "NEIGHBOUR = 2\n")
    sketch.may("rebinding", module, "", f"{name} = {name} + 1\n")
    return Value(module, name, False)


def body(sketch: Sketch) -> Value:
    """A function's body."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(f"def {name}():\n    return {n}\n\n\ndef beside():\n    return 0\n")
    sketch.may("body", module, f"return {n}", f"return -{n}")
    sketch.may("function defined again", module, "", f"\n\ndef {name}():\n    return 'again'\n")
    sketch.may("body of a neighbour", module, "return 0", "return 1")
    return Value(module, name, True)


def default(sketch: Sketch) -> Value:
    """A parameter's default."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(f"def {name}(a={n}, *, b=None):\n    return a, b\n")
    sketch.may("default", module, f"a={n}", f"a=-{n}")
    sketch.may("keyword default", module, "b=None", "b=True")
    return Value(module, name, True)


def attribute(sketch: Sketch) -> Value:
    """A class attribute, read by a method."""
    n, name = sketch.number(), sketch.name("get")
    module = sketch.module(
        f"class Thing:\n    size = {n}\n    other = 1\n\n    def get(self):\n        return self.size\n\n\n"
        f"def {name}():\n    return Thing().get()\n"
    )
    sketch.may("class attribute", module, f"size = {n}", f"size = -{n}")
    sketch.may("attribute of a neighbour", module, "other = 1", "other = 2")
    sketch.may(
        "attribute becomes a property", module, f"size = {n}", "size = property(lambda self: 'p')"
    )
    return Value(module, name, True)


def inherited(sketch: Sketch) -> Value:
    """An attribute and a method from a base class in another module, which the class may override."""
    n, name = sketch.number(), sketch.name("get")
    base = sketch.module(
        f"class Base:\n    size = {n}\n\n    def get(self):\n        return self.size\n\n\n"
        "class Mixin:\n    def get(self):\n        return 'mixin'\n"
    )
    child = sketch.module(
        f"import {base}\n\n\nclass Child({base}.Base):\n    pass\n\n\ndef {name}():\n    return Child().get()\n"
    )
    sketch.may("attribute of the base", base, f"size = {n}", f"size = -{n}")
    sketch.may("attribute override appears", child, "    pass", "    size = 0")
    sketch.may("method override appears", child, "    pass", "    def get(self):\n        return 1")
    sketch.may("mixin added", child, f"Child({base}.Base)", f"Child({base}.Mixin, {base}.Base)")
    sketch.may("base replaced", child, f"Child({base}.Base)", f"Child({base}.Mixin)")
    return Value(child, name, True)


def enumeration(sketch: Sketch) -> Value:
    """Members of an enum."""
    n, name = sketch.number(), sketch.name("members")
    module = sketch.module(
        f"import enum\n\n\nclass Kind(enum.Enum):\n    ONE = {n}\n    TWO = 2\n\n\n"
        f"def {name}():\n    return [kind.value for kind in Kind]\n"
    )
    sketch.may("enum member", module, f"ONE = {n}", f"ONE = -{n}")
    sketch.may("enum member added", module, "    TWO = 2\n", "    TWO = 2\n    THREE = 3\n")
    return Value(module, name, True)


def dataclass(sketch: Sketch) -> Value:
    """A dataclass's default."""
    n, name = sketch.number(), sketch.name("make")
    module = sketch.module(
        f"import dataclasses\n\n\n@dataclasses.dataclass\nclass Row:\n    size: int = {n}\n\n\n"
        f"def {name}():\n    return dataclasses.astuple(Row())\n"
    )
    sketch.may("dataclass default", module, f"size: int = {n}", f"size: int = -{n}")
    sketch.may("dataclass field added", module, f"= {n}\n", f"= {n}\n    more: int = 1\n")
    sketch.may(
        "decorator argument",
        module,
        "@dataclasses.dataclass\n",
        "@dataclasses.dataclass(init=False)\n",
    )
    return Value(module, name, True)


def decorated(sketch: Sketch) -> Value:
    """A decorator with an argument, in another module."""
    n, name = sketch.number(), sketch.name("f")
    deco = sketch.module(
        "import functools\n\n\ndef times(n):\n    def decorate(function):\n        @functools.wraps(function)\n"
        "        def wrapper():\n            return n, function()\n\n        return wrapper\n\n"
        "    return decorate\n"
    )
    module = sketch.module(
        f"from {deco} import times\n\n\n@times({n})\ndef {name}():\n    return 1\n"
    )
    sketch.may("decorator argument", module, f"@times({n})", f"@times(-{n})")
    sketch.may("decorator removed", module, f"@times({n})\n", "")
    sketch.may("decorator's inner body", deco, "return n, function()", "return n, function(), 0")
    sketch.may(
        "decorator's outer body", deco, "    def decorate(", "    n = -n\n\n    def decorate("
    )
    return Value(module, name, True)


def annotations(sketch: Sketch) -> Value:
    """Annotations that code reads."""
    name = sketch.name("kinds")
    module = sketch.module(
        f"class Schema:\n    key: int\n    text: str\n\n\ndef {name}():\n"
        "    return {key: kind.__name__ for key, kind in Schema.__annotations__.items()}\n"
    )
    sketch.may("annotation", module, "key: int", "key: float")
    sketch.may("annotation added", module, "    text: str\n", "    text: str\n    more: bytes\n")
    return Value(module, name, True)


def conditional(sketch: Sketch) -> Value:
    """An `if` at module level, over another module's flag."""
    name = sketch.name("f")
    flags = sketch.module("FLAG = True\n")
    module = sketch.module(
        f"from {flags} import FLAG\n\nif FLAG:\n\n    def {name}():\n        return 'yes'\n\nelse:\n\n"
        f"    def {name}():\n        return 'no'\n"
    )
    sketch.may("flag", flags, "True", "False")
    sketch.may("condition", module, "if FLAG:", "if not FLAG:")
    return Value(module, name, True)


def builtin(sketch: Sketch) -> Value:
    """A builtin that the module may shadow."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(f"def {name}():\n    return max({n}, 2)\n")
    sketch.may("builtin is shadowed", module, "", "\n\ndef max(*values):\n    return 'shadow'\n")
    sketch.may(
        "builtin is shadowed by an import",
        module,
        f"def {name}",
        f"from math import hypot as max\n\n\ndef {name}",
    )
    return Value(module, name, True)


def stars(sketch: Sketch) -> Value:
    """Two star imports, of which the second may take the name, or let it go."""
    n, name, pick = sketch.number(), sketch.name("f"), sketch.name("pick")
    first = sketch.module(f"def {pick}():\n    return {n}\n")
    second = sketch.module("__all__ = ['other']\nother = 1\n")
    module = sketch.module(
        f"from {first} import *\nfrom {second} import *\n\n\ndef {name}():\n    return {pick}()\n"
    )
    sketch.may("body", first, f"return {n}", f"return -{n}")
    sketch.may(
        "star name shadowed",
        second,
        "__all__ = ['other']\n",
        f"def {pick}():\n    return 'second'\n\n\n",
    )
    sketch.may(
        "name added to __all__", second, "['other']\n", f"['other', '{pick}']\n{pick} = int\n"
    )
    sketch.may("name hidden by __all__", first, "", "\n\n__all__ = []\n")
    return Value(module, name, True)


def module_getattr(sketch: Sketch) -> Value:
    """A name that a module makes up."""
    n, name, made = sketch.number(), sketch.name("f"), sketch.name("made")
    lazy = sketch.module(
        f"def __getattr__(name):\n    if name == '{made}':\n        return {n}\n    raise AttributeError(name)\n"
    )
    module = sketch.module(f"import {lazy}\n\n\ndef {name}():\n    return {lazy}.{made}\n")
    sketch.may("body of __getattr__", lazy, f"return {n}", f"return -{n}")
    sketch.may("name bound after all", lazy, "", f"\n\n{made} = 'bound'\n")
    return Value(module, name, True)


def file_read(sketch: Sketch) -> Value:
    """A file that a function opens."""
    n, name, data = sketch.number(), sketch.name("read"), sketch.name("d")
    path = sketch.write(f"{data}.txt", f"{n}\n")
    module = sketch.module(
        f"import os\n\n\ndef {name}():\n"
        f"    with open(os.path.join(os.path.dirname(__file__), '{data}.txt')) as file:\n"
        "        return file.read()\n"
    )
    sketch.may("data file", path, None, f"-{n}\n")
    return Value(module, name, True)


def file_at_import(sketch: Sketch) -> Value:
    """A JSON file that is read while the module is imported."""
    n, name, data = sketch.number(), sketch.name("TABLE"), sketch.name("d")
    path = sketch.write(f"{data}.json", f'{{"key": {n}}}\n')
    module = sketch.module(
        f"import json\nimport pathlib\n\n"
        f"{name} = json.loads(pathlib.Path(__file__).with_name('{data}.json').read_text())\n"
    )
    sketch.may("data file read at import", path, None, f'{{"key": -{n}}}\n')
    return Value(module, name, False)


def listing(sketch: Sketch) -> Value:
    """The names in a directory."""
    name, data = sketch.name("names"), sketch.name("dir")
    path = sketch.write(f"{data}/a.txt", "a\n")
    module = sketch.module(
        f"import pathlib\n\n\ndef {name}():\n"
        f"    return sorted(path.name for path in (pathlib.Path(__file__).parent / '{data}').glob('*.txt'))\n"
    )
    sketch.may("file added to a directory", path.replace("a.txt", "b.txt"), None, "b\n")
    sketch.may("file removed from a directory", path, None, None)
    return Value(module, name, True)


def existence(sketch: Sketch) -> Value:
    """Whether a file is there."""
    name, data = sketch.name("has"), sketch.name("d")
    module = sketch.module(
        f"import os\n\n\ndef {name}():\n"
        f"    return os.path.exists(os.path.join(os.path.dirname(__file__), '{data}.cfg'))\n"
    )
    sketch.may("file appears", f"{sketch.package}/{data}.cfg", None, "x\n")
    return Value(module, name, True)


def optional_import(sketch: Sketch) -> Value:
    """An import that fails, until the module is there."""
    name, missing = sketch.name("PART"), sketch.name("missing")
    module = sketch.module(
        f"try:\n    from {sketch.package}.{missing} import PART as {name}\nexcept ImportError:\n    {name} = None\n"
    )
    sketch.may("module appears", f"{sketch.package}/{missing}.py", None, "PART = 1\n")
    return Value(module, name, False)


def optional_import_in_function(sketch: Sketch) -> Value:
    """The same in a function."""
    name, missing = sketch.name("has"), sketch.name("missing")
    module = sketch.module(
        f"def {name}():\n    try:\n        import {sketch.package}.{missing}\n    except ImportError:\n"
        "        return False\n    return True\n"
    )
    sketch.may("module appears", f"{sketch.package}/{missing}.py", None, "")
    return Value(module, name, True)


def shadowed_module(sketch: Sketch) -> Value:
    """A module that a package of the same name can take the place of."""
    n = sketch.number()
    module = sketch.module(f"KIND = {n}\n")
    package = sketch.file(module).removesuffix(".py")
    sketch.may("package shadows a module", f"{package}/__init__.py", None, "KIND = 'package'\n")
    sketch.may("constant", module, f"= {n}", f"= -{n}")
    return Value(module, "KIND", False)


def registry(sketch: Sketch) -> Value:
    """A registry that a decorator fills, in a module that is imported for that."""
    n, name = sketch.number(), sketch.name("names")
    store = sketch.module(
        f"KNOWN = {{}}\n\n\ndef known(key):\n    def register(thing):\n        KNOWN[key] = thing\n"
        f"        return thing\n\n"
        f"    return register\n\n\ndef {name}():\n"
        f"    return {{key: thing() for key, thing in sorted(KNOWN.items())}}\n"
    )
    filler = sketch.module(
        f"from {store} import known\n\n\n@known('k')\ndef entry():\n    return {n}\n"
    )
    front = sketch.module(f"import {filler}\nfrom {store} import {name}\n")
    sketch.may("registry key", filler, "@known('k')", "@known('q')")
    sketch.may(
        "registry entry added", filler, "", "\n\n@known('more')\ndef another():\n    return 2\n"
    )
    sketch.may("registered body", filler, f"return {n}", f"return -{n}")
    sketch.may("side-effect import removed", front, f"import {filler}\n", "")
    return Value(front, name, True)


def subclass_registry(sketch: Sketch) -> Value:
    """`__init_subclass__` keeps a list."""
    name, key = sketch.name("names"), sketch.name("k")
    base = sketch.module(
        "class Plugin:\n    known = []\n\n    def __init_subclass__(cls, key=''):\n"
        f"        Plugin.known.append(key + cls.__name__)\n\n\ndef {name}():\n    return list(Plugin.known)\n"
    )
    filler = sketch.module(
        f"from {base} import Plugin\n\n\nclass Red(Plugin, key='{key}'):\n    pass\n"
    )
    front = sketch.module(f"import {filler}\nfrom {base} import {name}\n")
    sketch.may("class keyword", filler, f"key='{key}'", "key='other'")
    sketch.may("subclass added", filler, "", "\n\nclass Blue(Plugin):\n    pass\n")
    sketch.may("body of __init_subclass__", base, "append(key + ", "append(key * 2 + ")
    return Value(front, name, True)


def metaclass(sketch: Sketch) -> Value:
    """A metaclass looks at a class's body."""
    name, attribute = sketch.name("fields"), sketch.name("x")
    meta = sketch.module(
        "class Meta(type):\n    def __init__(cls, name, bases, space):\n"
        "        cls.fields = sorted(key for key in space if not key.startswith('_'))\n"
    )
    module = sketch.module(
        f"from {meta} import Meta\n\n\nclass Model(metaclass=Meta):\n    {attribute} = 1\n\n\ndef {name}():\n"
        "    return Model.fields\n"
    )
    sketch.may(
        "attribute under a metaclass",
        module,
        f"    {attribute} = 1\n",
        f"    {attribute} = 1\n    more = 2\n",
    )
    sketch.may("body of a metaclass", meta, "sorted(key for", "sorted(key * 2 for")
    return Value(module, name, True)


def patch(sketch: Sketch) -> Value:
    """A module sets another one's variable while it is imported."""
    n, name = sketch.number(), sketch.name("f")
    target = sketch.module(f"MODE = 'plain'\n\n\ndef {name}():\n    return MODE\n")
    patcher = sketch.module(f"import {target}\n\n{target}.MODE = {n}\n")
    front = sketch.module(f"import {patcher}\nfrom {target} import {name}\n")
    sketch.may("patched value", patcher, f"MODE = {n}", f"MODE = -{n}")
    sketch.may("patch removed", front, f"import {patcher}\n", "")
    return Value(front, name, True)


def subprocess(sketch: Sketch) -> Value:
    """A child that runs a module of the project."""
    n, name = sketch.number(), sketch.name("run")
    child = sketch.module(f"print({n})\n")
    script = sketch.file(child).rpartition("/")[2]
    module = sketch.module(
        f"import os\nimport subprocess\nimport sys\n\n\ndef {name}():\n"
        f"    script = os.path.join(os.path.dirname(__file__), '{script}')\n"
        "    return subprocess.check_output([sys.executable, script], text=True)\n"
    )
    sketch.may("script of a child", child, f"({n})", f"(-{n})")
    return Value(module, name, True)


COMMON: list[Callable[[Sketch], Value]] = [
    constant, body, default, attribute, inherited, enumeration, dataclass, decorated, annotations, conditional,
    builtin, stars, module_getattr, file_read, file_at_import, listing, existence, optional_import,
    optional_import_in_function, shadowed_module, registry, subclass_registry, metaclass, patch,
]  # fmt: skip
RARE: list[Callable[[Sketch], Value]] = [subprocess]
