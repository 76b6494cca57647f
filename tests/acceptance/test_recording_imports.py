"""What happens while modules are imported, and what is bound at their top level."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .project import Project, nodes

OTHER = {"test_other.py": "def test_other(): pass\n"}


@pytest.mark.parametrize(
    ("module", "edit", "use"),
    [
        ("X = 1", ("1", "2"), "m.X"),
        ("f = lambda x: x + 1", ("+ 1", "+ 2"), "m.f(1)"),
        ("def f(x=1):\n    return x", ("=1", "=2"), "m.f()"),
        ("class C:\n    x = 1", ("1", "2"), "m.C.x"),
        ("X = [n + 1 for n in range(3)]", ("+ 1", "+ 2"), "m.X"),
        ("if 1 < 2:\n    X = 1\nelse:\n    X = 2", ("<", ">"), "m.X"),
        ("def f():\n    class C:\n        x = 1\n    return C.x", ("1", "2"), "m.f()"),
        (
            "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int = 1",
            ("1", "2"),
            "m.D()",
        ),
        ("import enum\nclass E(enum.Enum):\n    A = 1", ("1", "2"), "m.E.A.value"),
    ],
)
def test_the_top_level_of_a_module_affects_its_users(
    single: Project, module: str, edit: tuple[str, str], use: str
) -> None:
    single.write("m.py", f"{module}\n")
    single.write("test_m.py", f"import m\n\n\ndef test_m():\n    assert {use}\n")
    single.write_files(OTHER)
    single.record()
    single.replace("m.py", *edit)
    assert single.run().executed == nodes("test_m.py", "test_m")


def test_a_constant_reaches_its_users_through_other_modules(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "pkg/__init__.py": "from pkg.api import LIMIT\n",
            "pkg/api.py": "from pkg.config import *\n",
            "pkg/config.py": "LIMIT = 1\n",
            "m.py": "import pkg\n\n\ndef limit():\n    return pkg.LIMIT\n",
            "test_m.py": "import m\n\n\ndef test_limit():\n    assert m.limit()\n",
        }
    )
    project.record()
    project.replace("pkg/config.py", "1", "2")
    assert project.run().executed == nodes("test_m.py", "test_limit")


@pytest.mark.parametrize(
    "module",
    [
        "import deco\n\n\n@deco.deco\ndef f():\n    return 3\n",
        "from deco import build\n\n\ndef f(x=build()):\n    return x\n",
        "from deco import build\n\nX = build()\n\n\ndef f():\n    return X\n",
        "import deco\n\n\nclass C(deco.Base):\n    pass\n\n\ndef f():\n    return C.name\n",
    ],
    ids=["decorator", "default", "constant", "init_subclass"],
)
def test_a_function_that_runs_during_an_import_affects_the_importers(
    single: Project, module: str
) -> None:
    single.write_files(
        {
            **OTHER,
            "deco.py": """
                def build():
                    return [1]


                def deco(function):
                    def wrapper():
                        return build() + [function()]
                    return wrapper


                class Base:
                    def __init_subclass__(cls):
                        cls.name = build()
                """,
            "m.py": module,
            "test_m.py": "import m\n\n\ndef test_f():\n    assert m.f()\n",
        }
    )
    single.record()
    single.replace("deco.py", "[1]", "[2]")
    assert single.run().executed == nodes("test_m.py", "test_f")


LAZY = """
    def use():
        import lazy
        return lazy.X


    def by_name(name):
        import importlib
        return importlib.import_module(name).X


    def unconcerned():
        return 1
    """


def test_a_module_that_is_imported_late_and_then_cached(project: Project) -> None:
    project.write_files(
        {
            "lazy.py": "X = 1\n",
            "named.py": "X = 1\n",
            "m.py": LAZY,
            "test_m.py": """
                import m


                def test_first():
                    assert m.use()


                def test_second():
                    assert m.use()


                def test_named():
                    assert m.by_name("named")


                def test_named_again():
                    assert m.by_name("named")


                def test_unconcerned():
                    assert m.unconcerned()
                """,
        }
    )
    project.record()
    project.replace("lazy.py", "1", "2")
    assert project.run().executed == nodes("test_m.py", "test_first", "test_second")
    project.replace("named.py", "1", "2")
    assert project.run().executed >= nodes("test_m.py", "test_named", "test_named_again")


def test_an_import_in_the_test_itself(project: Project) -> None:
    project.write_files(
        {
            "lazy.py": "X = 1\n\n\ndef f():\n    return 1\n",
            "test_m.py": """
                def test_first():
                    from lazy import X
                    assert X


                def test_second():
                    import lazy
                    assert lazy.f()


                def test_unconcerned():
                    pass
                """,
        }
    )
    project.record()
    project.replace("lazy.py", "X = 1", "X = 2")
    assert project.run().executed == nodes("test_m.py", "test_first")
    project.replace("lazy.py", "return 1", "return 2")
    assert project.run().executed == nodes("test_m.py", "test_second")


def test_reloading_a_module(project: Project) -> None:
    project.write_files(
        {
            "m.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n",
            "test_m.py": """
                import importlib

                import m


                def test_before():
                    assert m.f()


                def test_reloads():
                    importlib.reload(m)
                    assert m.f()


                def test_after():
                    assert m.f() and m.g()
                """,
        }
    )
    project.record()
    project.replace("m.py", "def f():\n    return 1", "def f():\n    return 2")
    assert project.run().executed == nodes("test_m.py", "test_before", "test_reloads", "test_after")
    project.replace("m.py", "def g():\n    return 1", "def g():\n    return 2")
    assert project.run().executed == nodes("test_m.py", "test_after")


def test_code_objects_that_die_and_are_made_anew(project: Project) -> None:
    project.write_files(
        {
            "script.py": "def f():\n    return 1\n\n\ndef g():\n    return 2\n\n\nRESULT = f()\n",
            "test_m.py": """
                import gc
                import runpy
                from pathlib import Path

                import pytest

                SCRIPT = Path(__file__).with_name("script.py")


                @pytest.mark.parametrize("name", ["f", "g"])
                def test_executes(name):
                    for _ in range(50):
                        names = {"__name__": "script"}
                        exec(compile(SCRIPT.read_text(), str(SCRIPT), "exec"), names)
                        assert names[name]()
                        del names
                        gc.collect(0)


                def test_runs():
                    assert runpy.run_path(str(SCRIPT))["RESULT"]


                def test_unconcerned():
                    assert SCRIPT.exists()
                """,
        }
    )
    project.record()
    project.replace("script.py", "return 1", "return 3")
    executed = project.run().executed
    assert executed == nodes("test_m.py", "test_executes[f]", "test_executes[g]", "test_runs")
    assert project.run().executed == set()


@pytest.mark.parametrize("filename", ["<string>", "<template>", "made/up.py", "notes.txt"])
def test_code_with_a_made_up_file_name(single: Project, filename: str) -> None:
    single.write("notes.txt", "Not Python.\n")
    single.write(
        "m.py",
        f"""
        def make():
            names = {{}}
            exec(compile("def made(): return 1", {filename!r}, "exec"), names)
            return names["made"]


        MADE = make()
        """,
    )
    single.write(
        "test_m.py",
        """
        import m


        def test_made():
            assert m.make()()


        def test_made_at_import():
            assert m.MADE()


        def test_unconcerned():
            pass
        """,
    )
    single.record()
    assert single.run().executed == set()
    single.replace("m.py", "return 1", "return 2")
    assert single.run().executed >= nodes("test_m.py", "test_made", "test_made_at_import")


def test_a_script_of_the_project_that_calls_pytest(single: Project) -> None:
    """Its function is on the stack of all imports, and imports nothing itself."""
    single.write(
        "runtests.py",
        """
        import sys

        import pytest


        def main():
            return pytest.main(["--testmon", *sys.argv[1:]])


        if __name__ == "__main__":
            sys.exit(main())
        """,
    )
    single.write("plugin.py", "import pytest\n")
    single.write("conftest.py", "pytest_plugins = ['plugin']\n")
    single.write("test_m.py", "def test_path(tmp_path):\n    assert tmp_path.exists()\n")
    run = (sys.executable, "runtests.py", "-q")
    assert subprocess.run(run, cwd=single.path).returncode == 0
    single.write(
        "plugin.py", "import pytest\n\n\n@pytest.fixture\ndef tmp_path():\n    return None\n"
    )
    assert subprocess.run(run, cwd=single.path).returncode == 1
