"""How tests get at a value: each function draws a test file (and a conftest, perhaps) with users and one bystander."""

from __future__ import annotations

from collections.abc import Callable

from .sketch import Sketch, Value

_SEEN = "from soundness_probe import seen\n"
_BYSTANDER = "\n\ndef test_bystander():\n    seen(0)\n"


def functions(sketch: Sketch, value: Value) -> None:
    """Two test functions; the second finds what the first one left cached."""
    file = _tests(
        sketch,
        value,
        f"\n\ndef test_first():\n    seen({_got(value)})\n\n\ndef test_second():\n    seen([{_got(value)}])\n",
    )
    sketch.may("body of a test", file, f"seen([{_got(value)}])", f"seen(({_got(value)},))")
    sketch.may("test added", file, "", "\n\ndef test_added():\n    seen(1)\n")
    sketch.may("test renamed", file, "def test_bystander", "def test_bystander_too")


def methods(sketch: Sketch, value: Value) -> None:
    """Test classes that inherit a test."""
    n = sketch.number()
    file = _tests(
        sketch,
        value,
        f"\n\nclass Contract:\n    factor = {n}\n\n    def test_it(self):\n"
        f"        seen(self.factor, {_got(value)})\n\n\n"
        "class TestOne(Contract):\n    pass\n\n\nclass TestTwo(Contract):\n    factor = 0\n",
    )
    sketch.may("attribute of a test class", file, f"factor = {n}", f"factor = -{n}")
    sketch.may(
        "override in a test class",
        file,
        "class TestOne(Contract):\n    pass",
        "class TestOne(Contract):\n    factor = 7",
    )


def unittest_class(sketch: Sketch, value: Value) -> None:
    """`setUpClass` and `setUp`."""
    n = sketch.number()
    file = _tests(
        sketch,
        value,
        f"\nimport unittest\n\n\nclass TestCase(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n"
        f"        cls.held = {_got(value)}\n\n    def setUp(self):\n        self.n = {n}\n\n"
        f"    def test_first(self):\n"
        "        seen(self.held)\n\n    def test_second(self):\n        seen(self.held, self.n)\n",
    )
    sketch.may("setUp", file, f"self.n = {n}", f"self.n = -{n}")


def fixture(scope: str, where: str) -> Callable[[Sketch, Value], None]:
    """A fixture of one scope, in the test file or in a conftest, which another fixture uses."""

    def draw(sketch: Sketch, value: Value) -> None:
        n, name = sketch.number(), sketch.name("fix")
        # A wider scope's teardown belongs to the last test that runs, which is another one in a selection.
        down = 'seen("down")' if scope == "function" else "pass"
        fixtures = (
            f'\nimport pytest\n\n\n@pytest.fixture(scope="{scope}")\ndef {name}():\n    yield {_got(value)}\n'
            f"    {down}\n\n\n"
            f"@pytest.fixture\ndef {name}_list({name}):\n    return [{name}, {n}]\n"
        )
        tests = (
            f"\n\ndef test_direct({name}):\n    seen({name})\n\n\ndef test_through({name}_list):\n"
            f"    seen({name}_list)\n\n\n"
            f"def test_later({name}):\n    seen([{name}])\n"
        )
        file = _tests(sketch, value, (fixtures if where == "file" else "") + tests, where != "file")
        if where == "conftest":
            conftest = sketch.write("conftest.py", f"{_SEEN}import {value.module}\n{fixtures}")
            sketch.may("conftest deleted", conftest, None, None)
        holder = file if where == "file" else f"{sketch.package}/conftest.py"
        sketch.may("body of a fixture", holder, f"{name}, {n}]", f"{name}, -{n}]")
        if scope == "function":
            sketch.may("teardown", holder, down, 'seen("torn")')
        override = f'\n\nimport pytest\n\n\n@pytest.fixture\ndef {name}():\n    return "override"\n'
        sketch.may("fixture override appears", file, "", override)
        sketch.may(
            "new autouse fixture",
            holder,
            "",
            "\n\n@pytest.fixture(autouse=True)\ndef extra():\n    seen('auto')\n",
        )

    draw.__name__ = f"fixture_{scope}_{where}"
    return draw


def autouse(sketch: Sketch, value: Value) -> None:
    """An autouse fixture of the module fills a list."""
    n = sketch.number()
    file = _tests(
        sketch,
        value,
        f'\nimport pytest\n\nHELD = []\n\n\n@pytest.fixture(autouse=True, scope="module")\ndef filled():\n'
        f"    HELD[:] = [{_got(value)}, {n}]\n\n\ndef test_first():\n    seen(HELD)\n\n\n"
        f"def test_second():\n    seen(HELD[0])\n",
    )
    sketch.may("body of an autouse fixture", file, f", {n}]", f", -{n}]")


def by_name(sketch: Sketch, value: Value) -> None:
    """`getfixturevalue`."""
    name = sketch.name("fix")
    file = _tests(
        sketch,
        value,
        f'\nimport pytest\n\n\n@pytest.fixture(scope="session")\ndef {name}():\n    return {_got(value)}\n\n\n'
        f'@pytest.mark.parametrize("name", ["{name}", "tmp_path"])\ndef test_named(request, name):\n'
        f'    found = request.getfixturevalue(name)\n    seen(found if name == "{name}" else 0)\n\n\n'
        f'def test_later(request):\n    seen([request.getfixturevalue("{name}")])\n',
    )
    sketch.may("body of a fixture", file, f"return {_got(value)}", "return 'other'")


def parameters(sketch: Sketch, value: Value) -> None:
    """Parameters that are computed while the file is collected."""
    n = sketch.number()
    file = _tests(
        sketch,
        value,
        f'\nimport pytest\n\n\n@pytest.mark.parametrize("got", [{_got(value)}, {n}], ids=["a", "b"])\n'
        "def test_got(got):\n    seen(got)\n",
    )
    sketch.may("parameter", file, f"{n}], ids", f"-{n}], ids")
    sketch.may("parameter added", file, f'{n}], ids=["a", "b"]', f'{n}, 5], ids=["a", "b", "c"]')


def parametrised_fixture(sketch: Sketch, value: Value) -> None:
    """The same for a fixture."""
    n, name = sketch.number(), sketch.name("fix")
    file = _tests(
        sketch,
        value,
        f'\nimport pytest\n\n\n@pytest.fixture(params=[{_got(value)}, {n}], ids=["a", "b"], scope="module")\n'
        f"def {name}(request):\n    return request.param\n\n\ndef test_one({name}):\n    seen({name})\n\n\n"
        f"def test_two({name}):\n    seen([{name}])\n",
    )
    sketch.may("parameter of a fixture", file, f"{n}], ids", f"-{n}], ids")


def generated(sketch: Sketch, value: Value) -> None:
    """`pytest_generate_tests` in a conftest."""
    n = sketch.number()
    conftest = sketch.write(
        "conftest.py",
        f"import {value.module}\n\n\ndef pytest_generate_tests(metafunc):\n"
        f"    if 'made' in metafunc.fixturenames:\n"
        f"        metafunc.parametrize('made', [{_got(value)}, {n}], ids=['a', 'b'])\n",
    )
    _tests(sketch, value, "\n\ndef test_made(made):\n    seen(made)\n", True)
    sketch.may("hook in a conftest", conftest, f", {n}]", f", -{n}]")


def xunit(sketch: Sketch, value: Value) -> None:
    """`setup_module` and `setup_method`."""
    n = sketch.number()
    file = _tests(
        sketch,
        value,
        f"\n\ndef setup_module(module):\n    module.held = {_got(value)}\n\n\ndef test_first():\n"
        f"    seen(held)\n\n\n"
        f"class TestIt:\n    def setup_method(self):\n        self.n = {n}\n\n"
        f"    def test_second(self):\n        seen(held, self.n)\n",
    )
    sketch.may("setup_method", file, f"self.n = {n}", f"self.n = -{n}")


ALL: list[Callable[[Sketch, Value], None]] = [
    functions,
    methods,
    unittest_class,
    *(fixture(scope, where) for scope in ("function", "class", "module", "session") for where in ("file", "conftest")),
    autouse,
    by_name,
    parameters,
    parametrised_fixture,
    generated,
    xunit,
]  # fmt: skip


def _got(value: Value) -> str:
    return f"{value.module}.{value.name}{value.suffix}"


def _tests(sketch: Sketch, value: Value, text: str, is_apart: bool = False) -> str:
    """Writes the test file; one that is apart has no import of its own."""
    imports = "" if is_apart else f"import {value.module}\n"
    return sketch.write("test_it.py", f"{_SEEN}{imports}{text}{_BYSTANDER}")
