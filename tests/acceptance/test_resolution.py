"""Which file an import finds: a file that changes that runs who imports it, any other runs nothing."""

from __future__ import annotations

import pytest

from .project import Project, nodes

OTHER = {"test_other.py": "def test_other(): pass\n"}
USER = nodes("test_user.py", "test_user")


def _user(body: str) -> dict[str, str]:
    """A module with one function, a test that calls it, and one that does not."""
    lines = "\n    ".join(body.splitlines())
    return {
        **OTHER,
        "user.py": f"def use():\n    {lines}\n",
        "test_user.py": "import user\n\ndef test_user(): user.use()\n",
    }


TRY = "try:\n    import extra\nexcept ImportError:\n    pass"


@pytest.mark.parametrize(
    ("body", "new"),
    [
        (TRY, "extra.py"),
        (TRY, "extra/__init__.py"),
        (TRY, "extra/data.txt"),
        ("from importlib.util import find_spec\nfind_spec('extra')", "extra.py"),
        ("import pytest\npytest.importorskip('extra')", "extra.py"),
        (TRY.replace("import extra", "__import__('extra')"), "extra.py"),
        (
            "import importlib\n" + TRY.replace("import extra", "importlib.import_module('extra')"),
            "extra.py",
        ),
    ],
)
def test_what_failed_is_tried_again_once_there_is_something(
    single: Project, body: str, new: str
) -> None:
    single.write_files(_user(body))
    single.record()
    single.write(new, "")
    assert single.run().executed == USER
    assert single.run().executed == set()


def test_new_files_that_change_no_import_run_nothing(project: Project) -> None:
    project.write_files(
        {
            **_user(f"{TRY}\nimport tool, pkg.part, json"),
            "tool.py": "",
            "pkg/__init__.py": "NAME = 1\n",
            "pkg/part.py": "from . import NAME\n",
        }
    )
    project.record()
    # A name that the package binds comes before a submodule, a module before a bare directory, and
    # so does what is found elsewhere.
    project.write_files(
        {
            "unrelated.py": "",
            "extras.py": "",
            "extra.txt": "",
            "pkg/extra.py": "",
            "pkg/NAME.py": "",
            "tool/data.txt": "",
            "json/data.txt": "",
            "lib/json.py": "",
        }
    )
    assert project.run().executed == set()


def test_at_the_module_level_it_concerns_who_imports_the_module(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "user.py": f"{TRY}\n",
            "test_user.py": "import user\n\ndef test_user(): assert user\n",
        }
    )
    project.record()
    project.write("extra.py", "")
    assert project.run().executed == USER
    project.delete("extra.py")
    assert project.run().executed == set(), "the trace from before holds again"


@pytest.mark.parametrize(
    ("statement", "new"),
    [
        ("from pkg import part", "pkg/part/__init__.py"),
        ("from pkg.part import X", "pkg/part/__init__.py"),
        ("import tool", "tool/__init__.py"),
        ("import space.part", "space/__init__.py"),
        ("from space import part", "space/part/__init__.py"),
        ("import colorsys", "colorsys.py"),
    ],
)
def test_what_wins_over_the_file_that_was_found(single: Project, statement: str, new: str) -> None:
    single.write_files(
        {
            **_user(statement),
            "pkg/__init__.py": "",
            "pkg/part.py": "X = 1\n",
            "tool.py": "",
            "space/part.py": "",
        }
    )
    single.record()
    single.write(new, "X = 1\n")
    assert single.run().executed == USER


def test_relative_imports_are_looked_up_in_their_package(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "pkg/__init__.py": "",
            "pkg/user.py": """
                def use():
                    try:
                        from . import extra
                    except ImportError:
                        return 0
                    return 1
                """,
            "test_user.py": "from pkg.user import use\n\ndef test_user(): use()\n",
        }
    )
    project.record()
    project.write("extra.py", "")
    assert project.run().executed == set()
    project.write("pkg/extra.py", "")
    assert project.run().executed == USER


def test_directories_count_in_the_order_of_the_path(project: Project) -> None:
    project.write_files(
        {
            **_user("import shared\nimport colorsys"),
            "pytest.ini": "[pytest]\npythonpath = first second third\n",
            "first/nothing.txt": "",
            "second/shared.py": "",
            "third/nothing.txt": "",
        }
    )
    project.record()
    project.write("third/shared.py", "")
    project.write("second/first/shared.py", "")
    assert project.run().executed == set()
    project.write("first/shared.py", "")
    assert project.run().executed == USER


def test_modules_of_one_name_beside_the_tests_of_each_directory(single: Project) -> None:
    """Each of them was first on the path when it was imported, and a path of its own is left."""
    test = """
        import sys
        sys.modules.pop("near", None)
        import near

        def test_it(): assert near
        """
    single.write_files({"a/near.py": "", "a/test_a.py": test, "b/near.py": "", "b/test_b.py": test})
    single.record()
    assert single.run().executed == set()
    single.write("b/near/__init__.py", "")
    assert nodes("b/test_b.py", "test_it") <= single.run().executed


def test_a_module_that_the_test_makes_itself_is_no_dependency(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "test_user.py": """
                import sys
                from pathlib import Path

                def test_user():
                    made = Path(__file__).parent / "made.py"
                    made.write_text("X = 1")
                    import made as module
                    made.unlink()
                    del sys.modules["made"]
                    assert module.X == 1
                """,
        }
    )
    project.record()
    assert project.run().executed == set()


def test_the_reason_names_the_import(single: Project) -> None:
    single.write_files(_user(TRY))
    single.record()
    single.write("extra.py", "")
    assert "an import of `extra` finds something else" in single.testmonx("status").text


def test_a_directory_of_tests_that_becomes_a_package(project: Project) -> None:
    project.write_files({**OTHER, "tests/test_in.py": "def test_in(): assert __name__\n"})
    project.record()
    project.write("tests/__init__.py", "")
    assert project.run().executed == nodes("tests/test_in.py", "test_in")
    project.delete("tests/__init__.py")
    assert project.run().executed == set()
