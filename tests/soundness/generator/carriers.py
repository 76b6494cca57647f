"""How a value gets from one module to the next: each function draws a module that has the value in another way."""

from __future__ import annotations

from collections.abc import Callable

from .sketch import Sketch, Value


def call(sketch: Sketch, value: Value) -> Value:
    """A function that reads the other module."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(
        f"import {value.module}\n\n\ndef {name}():\n    return {value.module}.{value.name}{value.suffix}, {n}\n"
    )
    sketch.may("body", module, f", {n}", f", -{n}")
    return Value(module, name, True)


def alias(sketch: Sketch, value: Value) -> Value:
    """A re-export under another name."""
    name = sketch.name("name")
    module = sketch.module(f"from {value.module} import {value.name} as {name}\n")
    sketch.may(
        "rebinding of an alias",
        module,
        "",
        f"\n\ndef {name}():\n    return 'own'\n" if value.is_called else f"{name} = 'own'\n",
    )
    return Value(module, name, value.is_called)


def star(sketch: Sketch, value: Value) -> Value:
    """A star import."""
    module = sketch.module(f"from {value.module} import *\n")
    if value.is_called:
        sketch.may("star name shadowed", module, "", f"\n\ndef {value.name}():\n    return 'own'\n")
    return Value(module, value.name, value.is_called)


def package(sketch: Sketch, value: Value) -> Value:
    """A package that re-exports."""
    name = sketch.name("sub")
    path = sketch.write(f"{name}/__init__.py", f"from {value.module} import {value.name}\n")
    sketch.may("comment", path, "", "# nothing\n")
    return Value(f"{sketch.package}.{name}", value.name, value.is_called)


def at_import(sketch: Sketch, value: Value) -> Value:
    """A constant that is computed from it."""
    n, name = sketch.number(), sketch.name("T")
    module = sketch.module(
        f"from {value.module} import {value.name}\n\n{name} = [{value.name}{value.suffix}, {n}]\n"
    )
    sketch.may("computed constant", module, f", {n}]", f", -{n}]")
    return Value(module, name, False)


def lazily(sketch: Sketch, value: Value) -> Value:
    """An import in a function."""
    name = sketch.name("f")
    module = sketch.module(
        f"def {name}():\n    from {value.module} import {value.name}\n\n    return {value.name}{value.suffix}\n"
    )
    return Value(module, name, True)


def by_name(sketch: Sketch, value: Value) -> Value:
    """`import_module` with a name put together."""
    name = sketch.name("f")
    parent, _, last = value.module.rpartition(".")
    module = sketch.module(
        f"import importlib\n\n\ndef {name}(last='{last}'):\n"
        f"    module = importlib.import_module('{parent}.' + last)\n    return module.{value.name}{value.suffix}\n"
    )
    return Value(module, name, True)


def lru_cache(sketch: Sketch, value: Value) -> Value:
    """A memoised function."""
    name = sketch.name("f")
    module = sketch.module(
        f"import functools\nimport {value.module}\n\n\n@functools.lru_cache\ndef {name}():\n"
        f"    return {value.module}.{value.name}{value.suffix}\n"
    )
    return Value(module, name, True)


def dictionary_cache(sketch: Sketch, value: Value) -> Value:
    """A dictionary that a function fills."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(
        f"from {value.module} import {value.name}\n\n_CACHE = {{}}\n\n\ndef _fill():\n"
        f"    return {value.name}{value.suffix}, {n}\n\n\ndef {name}():\n    if 'key' not in _CACHE:\n"
        "        _CACHE['key'] = _fill()\n    return _CACHE['key']\n"
    )
    sketch.may("body behind a cache", module, f", {n}", f", -{n}")
    return Value(module, name, True)


def singleton(sketch: Sketch, value: Value) -> Value:
    """A global that is set once."""
    name = sketch.name("f")
    module = sketch.module(
        f"import {value.module}\n\n_one = None\n\n\ndef {name}():\n    global _one\n    if _one is None:\n"
        f"        _one = [{value.module}.{value.name}{value.suffix}]\n    return _one\n"
    )
    return Value(module, name, True)


def cached_property(sketch: Sketch, value: Value) -> Value:
    """A cached property of an object that the module holds."""
    name = sketch.name("f")
    module = sketch.module(
        f"import functools\nfrom {value.module} import {value.name}\n\n\nclass Service:\n"
        f"    @functools.cached_property\n"
        f"    def table(self):\n        return [{value.name}{value.suffix}]\n\n\n_service = Service()\n\n\n"
        f"def {name}():\n    return _service.table\n"
    )
    return Value(module, name, True)


def thread(sketch: Sketch, value: Value) -> Value:
    """A thread."""
    name = sketch.name("f")
    module = sketch.module(
        f"import threading\nimport {value.module}\n\n\ndef {name}():\n    found = []\n"
        f"    thread = threading.Thread(\n"
        f"        target=lambda: found.append({value.module}.{value.name}{value.suffix})\n    )\n"
        f"    thread.start()\n"
        "    thread.join()\n    return found\n"
    )
    return Value(module, name, True)


def coroutine(sketch: Sketch, value: Value) -> Value:
    """A task."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(
        f"import asyncio\nfrom {value.module} import {value.name}\n\n\nasync def _part():\n"
        f"    await asyncio.sleep(0)\n"
        f"    return {value.name}{value.suffix}, {n}\n\n\nasync def _whole():\n"
        f"    return await asyncio.gather(_part())\n\n\n"
        f"def {name}():\n    return asyncio.run(_whole())\n"
    )
    sketch.may("body of a coroutine", module, f", {n}", f", -{n}")
    return Value(module, name, True)


def generator(sketch: Sketch, value: Value) -> Value:
    """A generator of the module: each test resumes it where the one before left it."""
    name = sketch.name("f")
    module = sketch.module(
        f"import {value.module}\n\n\ndef _numbers():\n    while True:\n"
        f"        yield {value.module}.{value.name}{value.suffix}\n\n\n_stream = _numbers()\n\n\n"
        f"def {name}():\n    return next(_stream)\n"
    )
    return Value(module, name, True)


def class_body(sketch: Sketch, value: Value) -> Value:
    """A class attribute that is computed, inherited by a class in between."""
    name = sketch.name("f")
    module = sketch.module(
        f"from {value.module} import {value.name}\n\n\nclass Base:\n    held = [{value.name}{value.suffix}]\n\n\n"
        f"class Child(Base):\n    pass\n\n\ndef {name}():\n    return Child().held\n"
    )
    sketch.may("attribute override appears", module, "    pass", "    held = 'own'")
    return Value(module, name, True)


def default(sketch: Sketch, value: Value) -> Value:
    """A default that is computed."""
    name = sketch.name("f")
    module = sketch.module(
        f"import {value.module}\n\n\ndef {name}(held={value.module}.{value.name}{value.suffix}):\n"
        f"    return [held]\n"
    )
    sketch.may("body", module, "[held]", "[held, held]")
    return Value(module, name, True)


def table(sketch: Sketch, value: Value) -> Value:
    """A lambda in a table."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(
        f"from {value.module} import {value.name}\n\n"
        f"OPS = {{'get': lambda: ({value.name}{value.suffix}, {n})}}\n\n\n"
        f"def {name}():\n    return OPS['get']()\n"
    )
    sketch.may("lambda", module, f", {n})", f", -{n})")
    return Value(module, name, True)


def closure(sketch: Sketch, value: Value) -> Value:
    """A function made at import by another one."""
    n, name = sketch.number(), sketch.name("f")
    module = sketch.module(
        f"from {value.module} import {value.name}\n\n\ndef _make(n):\n    offset = {n}\n\n    def inner():\n"
        f"        return {value.name}{value.suffix}, n, offset\n\n    return inner\n\n\n{name} = _make(1)\n"
    )
    sketch.may("body of a function that made another", module, f"offset = {n}", f"offset = -{n}")
    sketch.may("argument at import", module, "_make(1)", "_make(2)")
    return Value(module, name, True)


def handler(sketch: Sketch, value: Value) -> Value:
    """A registry of handlers, asked by name."""
    name = sketch.name("f")
    store = sketch.module(
        "HANDLERS = {}\n\n\ndef on(key):\n    return lambda function: HANDLERS.setdefault(key, function)\n"
    )
    module = sketch.module(
        f"import {value.module}\nimport {store}\n\n\n@{store}.on('go')\ndef _go():\n"
        f"    return {value.module}.{value.name}{value.suffix}\n\n\n"
        f"def {name}():\n    return {store}.HANDLERS['go']()\n"
    )
    sketch.may("setdefault finds an entry", store, "", "\n\nHANDLERS['go'] = lambda: 'first'\n")
    return Value(module, name, True)


ALL: list[Callable[[Sketch, Value], Value]] = [
    call, alias, star, package, at_import, lazily, by_name, lru_cache, dictionary_cache, singleton, cached_property,
    thread, coroutine, generator, class_body, default, table, closure, handler,
]  # fmt: skip
