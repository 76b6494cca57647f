"""Imports: spans of their own, opened and closed in order, with the line that their body reached."""

from __future__ import annotations

import pytest
from conftest import Drive


def test_what_an_import_runs_is_told_line_by_line(drive: Drive) -> None:
    drive(
        """
        probe.start()
        import table
        assert probe.story() == [
            'started table.py as table in "" for nobody',
            "ran table.py::build at 4",
            "ran table.py::helper at 4",
            "ran table.py::Row at 5",
            "ran table.py::helper at 8",
            "finished table.py",
        ], probe.story()
        probe.stop()
        """,
        files={
            "table.py": """\
                def helper(): return 1
                def build(): return {1: helper()}
                # The import reads each line's calls off the frame of the module.
                TABLE = build()
                class Row:
                    def method(self): pass
                for _ in range(20):
                    X = helper()
            """
        },
    )


def test_what_the_body_of_a_class_runs_is_told_by_the_lines_in_it(drive: Drive) -> None:
    drive(
        """
        probe.start()
        import table
        ran = probe.ran()
        lines = ["call@10", "call@11", "call@5", "call@7", "call@9"]
        assert ran == ["Row.Cell@6", "Row@4", *lines], ran
        probe.stop()
        """,
        files={
            "table.py": """\
                def call(): return 1
                def made():
                    pass
                class Row(object):
                    FIRST = call()
                    class Cell:
                        INNER = call()

                    LAST = call()
                AFTER = made.__class__ and call()
                AGAIN = call()
            """
        },
    )


def test_a_class_body_that_raises_is_left_by_the_line(drive: Drive) -> None:
    drive(
        """
        probe.start()
        import table
        assert probe.ran() == ["Row@3", "call@4", "call@7"], probe.ran()
        probe.stop()
        """,
        files={
            "table.py": """\
                def call(): return 1
                try:
                    class Row:
                        FIRST = call()
                        1 / 0
                except ZeroDivisionError:
                    AFTER = call()
            """
        },
    )


def test_a_class_in_a_function_is_told_by_the_line_of_the_call(drive: Drive) -> None:
    drive(
        """
        probe.start()
        import table
        ran = set(probe.ran())
        assert "call@8" in ran and "call@5" not in ran, ran
        probe.stop()
        """,
        files={
            "table.py": """\
                def call(): return 1
                def make():
                    class Local:
                        # Lines of a function say nothing of the statement that calls it.
                        FIRST = call()
                    return Local
                class Apart: pass
                MADE = make()
            """,
        },
    )


def test_a_call_that_spans_lines_is_told_by_the_line_it_is_made_on(drive: Drive) -> None:
    drive(
        """
        probe.start()
        import table
        assert probe.ran() == ["f@3", "f@4"], probe.ran()
        probe.stop()
        """,
        files={"table.py": "def f(): return 1\nTABLE = [\n    f(),\n    f(),\n]\n"},
    )


def test_nothing_is_disabled_while_an_import_is_open(drive: Drive) -> None:
    drive(
        """
        import library
        probe.start()
        library.f()
        for _ in range(100): library.f()
        assert probe.ran() == ["f"]
        for _ in range(100): library.f()
        import busy
        assert probe.ran() == ["f", "f@2", "f@3", "f@5", "f@6"]
        for _ in range(100): library.f()
        assert probe.ran() == ["f"]
        probe.stop()
        """,
        files={
            "library.py": "def f(): return 1\n",
            "busy.py": """\
                from library import f
                for _ in range(100): f()
                f()
                for _ in range(100):
                    f()
                    f()
            """,
        },
    )


def test_imports_nest(drive: Drive) -> None:
    drive(
        """
        probe.start()
        import pkg.a
        story = probe.story()
        assert story == [
            'started pkg/__init__.py as pkg in "pkg" for nobody',
            "finished pkg/__init__.py",
            'started pkg/a.py as pkg.a in "pkg" for nobody',
            "ran pkg/a.py::before at 2",
            'started pkg/b.py as pkg.b in "pkg" for pkg/a.py::<module>',
            "ran pkg/b.py::f at 2",
            "finished pkg/b.py",
            "ran pkg/b.py::f at 4",
            "finished pkg/a.py",
        ], story
        assert probe.native.import_line() == 0
        probe.stop()
        """,
        files={
            "pkg/__init__.py": "",
            "pkg/a.py": "def before(): pass\nbefore()\nfrom . import b\nb.f()\n",
            "pkg/b.py": "def f(): pass\nf()\n",
        },
    )


def test_a_lazy_import_names_the_function_that_makes_it(drive: Drive) -> None:
    drive(
        """
        import lazy
        probe.start()
        lazy.load()
        lazy.load()
        assert probe.story() == [
            "ran lazy.py::load at 0",
            "ran lazy.py::inner at 0",
            'started loaded.py as loaded in "" for lazy.py::inner',
            "finished loaded.py",
            "found loaded for lazy.py::inner",
            "found loaded for lazy.py::inner",
            "ran lazy.py::load at 0",
            "ran lazy.py::inner at 0",
        ]
        probe.stop()
        """,
        files={
            "lazy.py": """
                import importlib
                def inner(): return importlib.import_module("loaded")
                def load(): return inner()
            """,
            "loaded.py": "X = 1\n",
        },
    )


def test_an_importer_that_was_running_before_the_start_is_named(drive: Drive) -> None:
    drive(
        """
        import early
        early.run(probe)
        assert probe.story() == [
            'started late.py as late in "" for early.py::run',
            "finished late.py",
        ]
        probe.stop()
        """,
        files={"early.py": "def run(probe):\n    probe.start()\n    import late\n", "late.py": ""},
    )


def test_an_import_that_fails_is_closed_before_anything_else_is_charged(drive: Drive) -> None:
    drive(
        """
        import library
        probe.start()
        try:
            import outer
        except ValueError:
            library.f()
        story = probe.story()
        assert story == [
            'started outer.py as outer in "" for nobody',
            'started inner.py as inner in "" for outer.py::<module>',
            "ran library.py::f at 2",
            "finished inner.py",
            "finished outer.py",
            "ran library.py::f at 0",
        ], story
        probe.stop()
        """,
        files={
            "library.py": "def f(): return 1\n",
            "outer.py": "import inner\n",
            "inner.py": "import library\nlibrary.f()\nraise ValueError\n",
        },
    )


def test_an_import_that_fails_is_closed_at_the_switch_and_seen_as_closed_by_the_line(
    drive: Drive,
) -> None:
    drive(
        """
        probe.start()
        try:
            import broken
        except ValueError:
            pass
        assert probe.native.import_line() == 0
        assert probe.story() == ['started broken.py as broken in "" for nobody', "finished broken.py"]
        probe.stop()
        """,
        files={"broken.py": "raise ValueError\n"},
    )


def test_an_optional_import_that_fails_inside_of_another(drive: Drive) -> None:
    drive(
        """
        probe.start()
        import tolerant
        assert probe.story() == [
            'started tolerant.py as tolerant in "" for nobody',
            'started broken.py as broken in "" for tolerant.py::<module>',
            "finished broken.py",
            "ran tolerant.py::f at 5",
            "finished tolerant.py",
        ]
        probe.stop()
        """,
        files={
            "tolerant.py": "def f(): pass\ntry:\n    import broken\nexcept ValueError:\n    f()\n",
            "broken.py": "raise ValueError\n",
        },
    )


def test_a_reload_is_an_import(drive: Drive) -> None:
    drive(
        """
        import importlib
        probe.start()
        import again
        probe.story()
        for _ in range(30):
            importlib.reload(again)
            assert probe.story() == [
                'started again.py as again in "" for nobody',
                "ran again.py::f at 2",
                "finished again.py",
            ]
        probe.stop()
        """,
        files={"again.py": "def f(): pass\nf()\n"},
    )


def test_one_code_object_executed_again_and_again_is_an_import_each_time(drive: Drive) -> None:
    drive(
        """
        import pathlib
        path = pathlib.Path(probe.root, "script.py")
        code = compile(path.read_text(), str(path), "exec")
        probe.start()
        for _ in range(30):
            exec(code, {"__name__": "made.up"})
            assert probe.story() == [
                'started script.py as made.up in "" for nobody',
                "ran script.py::f at 2",
                "finished script.py",
            ]
        exec(code, {"__name__": 3, "__package__": None})
        assert probe.story()[0] == 'started script.py as  in "" for nobody'
        probe.stop()
        """,
        files={"script.py": "def f(): pass\nf()\n"},
    )


def test_an_import_opened_twice_by_recursion(drive: Drive) -> None:
    drive(
        """
        import pathlib
        path = pathlib.Path(probe.root, "script.py")
        code = compile(path.read_text(), str(path), "exec")
        probe.start()
        exec(code, {"depth": 0, "code": code})
        started = [line for line in probe.story() if line.startswith("started")]
        assert started == ['started script.py as  in "" for nobody'] + [
            'started script.py as  in "" for script.py::<module>'
        ] * 2, started
        probe.stop()
        """,
        files={"script.py": "if depth < 2:\n    exec(code, {'depth': depth + 1, 'code': code})\n"},
    )


def test_the_line_of_an_import_can_be_asked_for(drive: Drive) -> None:
    drive(
        """
        probe.start()
        assert probe.native.import_line() == 0
        sys.line = probe.native.import_line
        import asks
        assert asks.FIRST == 2 and asks.SECOND == 4, vars(asks)
        probe.stop()
        """,
        files={
            "asks.py": "import sys\nFIRST = sys.line()\ndef f(): return sys.line()\nSECOND = f()\n"
        },
    )


def test_a_switch_during_an_import_leaves_it_open(drive: Drive) -> None:
    drive(
        """
        probe.start()
        sys.probe = probe
        import switches
        assert switches.FIRST == ["f@3"], switches.FIRST
        assert probe.ran() == ["f@3", "f@4"]
        probe.stop()
        """,
        files={
            "switches.py": """\
                import sys
                def f(): pass
                f(); FIRST = sys.probe.ran(); f()
                f()
            """
        },
    )


def test_imports_of_two_threads_that_end_out_of_order_are_closed_inside_out(drive: Drive) -> None:
    drive(
        """
        import threading
        sys.first, sys.second = threading.Event(), threading.Event()
        probe.start()
        def other():
            import second
        thread = threading.Thread(target=other)
        sys.thread = thread
        import first
        sys.second.set()
        thread.join()
        story = [line.split(" as ")[0] for line in probe.story()]
        assert story == [
            "started first.py", "started second.py",
            "ran second.py::f at 5", "finished second.py", "finished first.py",
        ], story
        probe.stop()
        """,
        files={
            "first.py": "import sys\nsys.thread.start()\nsys.first.wait()\n",
            "second.py": "import sys\ndef f(): pass\nsys.first.set()\nsys.second.wait()\nf()\n",
        },
    )


@pytest.mark.parametrize("name", ["conftest", "test_it"])
def test_modules_rewritten_by_pytest_are_imports_of_their_files(drive: Drive, name: str) -> None:
    drive(
        f"""
        import pytest
        probe.start()
        assert pytest.main(["-q", "-p", "no:cacheprovider", probe.root]) == 0
        story = probe.story()
        assert 'started {name}.py as {name} in "" for nobody' in story, story
        assert "finished {name}.py" in story
        assert "ran {name}.py::helper at 3" in story
        assert "ran test_it.py::test_it at 0" in story
        probe.stop()
        """,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        files={
            "conftest.py": "def helper():\n    pass\nhelper()\n",
            "test_it.py": "def helper():\n    pass\nhelper()\ndef test_it():\n    assert 1\n",
        },
    )


def test_a_module_that_is_found_by_its_name(drive: Drive) -> None:
    """No body starts, whoever imported it; what a library is told by name is not the project's to find."""
    drive(
        """
        import importlib, pkgutil
        import finder, m
        before = importlib._bootstrap._gcd_import
        probe.start()
        assert finder.find("m") is m
        assert finder.resolve("m:f") is m.f
        found = [line for line in probe.story() if line.startswith("found")]
        assert found == [
            "found m for finder.py::find", "found m for finder.py::resolve"
        ], found
        importlib.import_module("m")
        try:
            finder.find("no_such_module")
        except ModuleNotFoundError as error:
            assert error.name == "no_such_module"
        else:
            raise AssertionError("found")
        assert not [line for line in probe.story() if line.startswith("found")]
        probe.stop()
        assert importlib._bootstrap._gcd_import is before
        assert importlib.import_module("m") is m
        """,
        files={
            "finder.py": """\
                import importlib, pkgutil
                def find(name): return importlib.import_module(name)
                def resolve(name): return pkgutil.resolve_name(name)
            """,
            "m.py": "def f(): pass\n",
        },
    )
