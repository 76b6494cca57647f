"""What code asks of the disk is a dependency: is something there, what is it, what is in a directory."""

from __future__ import annotations

import pytest

from .project import Project, nodes

IMPORTS = """
    import glob
    import os
    import pathlib
    import pkgutil
    import shutil
    """


def write_test(project: Project, expression: str) -> None:
    """Writes a test that passes whatever ``expression`` gives, and one that is not concerned."""
    project.write(
        "test_m.py",
        IMPORTS
        + f"""
    def test_asks(tmp_path, monkeypatch):
        {expression}

    def test_unconcerned():
        pass
    """,
    )


ASKS = nodes("test_m.py", "test_asks")


@pytest.mark.parametrize(
    "question",
    [
        "os.path.exists('flag')",
        "os.path.isfile('flag')",
        "os.path.lexists('flag')",
        "os.path.exists(b'flag')",
        "os.access('flag', os.R_OK)",
        "os.access(path='flag', mode=os.F_OK)",
        "pathlib.Path('flag').exists()",
        "pathlib.Path('flag').is_file()",
        "pathlib.Path('flag').resolve()",
        "os.path.realpath('flag')",
        "os.path.exists(pathlib.Path('flag'))",
        "glob.glob('flag')",
        "monkeypatch.chdir('sub') or os.path.exists('../flag')",
        "os.path.exists(os.path.join(os.path.dirname(__file__), 'flag'))",
    ],
)
def test_something_that_is_not_there_and_comes(single: Project, question: str) -> None:
    single.write("sub/x", "")
    write_test(single, question)
    single.record()
    assert single.run().executed == set()
    single.write("flag", "1")
    assert single.run().executed == ASKS
    single.delete("flag")
    assert single.run().executed == set(), "as it was before"


def test_a_directory_that_is_asked_for_by_its_descriptor(single: Project) -> None:
    single.write("sub/x", "")
    write_test(
        single,
        """fd = os.open('sub', os.O_RDONLY)
        try:
            os.stat('flag', dir_fd=fd)
        except FileNotFoundError:
            pass
        finally:
            os.close(fd)""",
    )
    single.record()
    single.write("sub/flag", "1")
    assert single.run().executed == ASKS


def test_a_file_that_is_opened_by_its_directory_s_descriptor(single: Project) -> None:
    single.write("sub/data", "1")
    write_test(
        single,
        """fd = os.open('sub', os.O_RDONLY)
        data = os.open('data', os.O_RDONLY, dir_fd=fd)
        os.close(data)
        os.close(fd)""",
    )
    single.record()
    assert single.run().executed == set()
    single.write("sub/data", "2")
    assert single.run().executed == ASKS


@pytest.mark.parametrize("question", ["os.path.exists('flag')", "pathlib.Path('flag').is_file()"])
def test_who_asks_whether_a_file_is_there_does_not_depend_on_its_content(
    project: Project, question: str
) -> None:
    project.write("flag", "1")
    write_test(project, question)
    project.record()
    project.write("flag", "other")
    assert project.run().executed == set()
    project.delete("flag")
    assert project.run().executed == ASKS


@pytest.mark.parametrize(
    "question",
    ["os.path.getsize('data')", "os.stat('data').st_size", "pathlib.Path('data').stat().st_size"],
)
def test_who_asks_for_the_size_depends_on_the_content(single: Project, question: str) -> None:
    single.write("data", "1")
    write_test(single, question)
    single.record()
    single.touch("data")
    assert single.run().executed == set()
    single.write("data", "other")
    assert single.run().executed == ASKS


def test_a_file_that_becomes_a_directory_or_a_program(single: Project) -> None:
    single.write("thing", "1")
    write_test(single, "os.access('thing', os.X_OK)")
    single.record()
    (single.path / "thing").chmod(0o755)
    assert single.run().executed == ASKS
    single.delete("thing")
    (single.path / "thing").mkdir()
    assert single.run().executed == ASKS


@pytest.mark.parametrize(
    "question",
    [
        "os.readlink('link')",
        "os.path.islink('link')",
        "os.path.realpath('link')",
        "open('link').read()",
    ],
)
def test_a_link_that_leads_elsewhere(single: Project, question: str) -> None:
    single.write("one", "1")
    single.write("two", "2")
    link = single.path / "link"
    link.symlink_to("one")
    write_test(single, question)
    single.record()
    assert single.run().executed == set()
    link.unlink()
    link.symlink_to("two")
    assert single.run().executed == ASKS


@pytest.mark.parametrize(
    "listing",
    [
        "os.listdir('data')",
        "os.listdir(b'data')",
        "list(os.scandir('data'))",
        "list(os.walk('data'))",
        "glob.glob('data/*.txt')",
        "glob.glob('**/*.txt', recursive=True)",
        "list(pathlib.Path('data').iterdir())",
        "list(pathlib.Path('data').glob('*.txt'))",
        "list(pathlib.Path().rglob('*.txt'))",
        "shutil.copytree('data', tmp_path / 'copy')",
        "monkeypatch.chdir('data') or os.listdir()",
    ],
)
def test_a_listing(single: Project, listing: str) -> None:
    single.write("data/a.txt", "")
    write_test(single, listing)
    single.record()
    assert single.run().executed == set()
    single.write("data/b.txt", "")
    assert single.run().executed == ASKS
    single.delete("data/a.txt")
    assert single.run().executed == ASKS


def test_a_listing_of_a_new_nested_directory(single: Project) -> None:
    single.write("data/a/x.txt", "")
    write_test(single, "list(pathlib.Path('data').rglob('*.txt'))")
    single.record()
    single.write("data/b/c/y.txt", "")
    assert single.run().executed == ASKS


def test_a_listing_does_not_depend_on_contents(project: Project) -> None:
    project.write("data/a.txt", "1")
    write_test(project, "os.listdir('data')")
    project.record()
    project.write("data/a.txt", "2")
    assert project.run().executed == set()


def test_a_package_that_lists_its_modules(project: Project) -> None:
    project.write_files(
        {
            "plugins/__init__.py": """
                import importlib
                import pkgutil

                NAMES = [info.name for info in pkgutil.iter_modules(__path__)]

                for name in NAMES:
                    importlib.import_module("." + name, __name__)
                """,
            "plugins/a.py": "",
            "test_m.py": """
                import plugins

                def test_asks():
                    assert "b" not in plugins.NAMES
                """,
            "test_o.py": "def test_unconcerned(): pass",
        }
    )
    project.record()
    assert project.run().executed == set()
    project.write("plugins/b.py", "")
    assert project.run().ended("failed") == ASKS


def test_what_tools_and_the_session_leave_behind_changes_no_listing(single: Project) -> None:
    single.write_files(
        {
            "pkg/__init__.py": "",
            "pkg/m.py": "X = 1",
            "test_m.py": """
                import os
                from pathlib import Path

                def test_lists():
                    import pkg.m
                    assert "m.py" in os.listdir("pkg") and os.listdir(".")

                def test_leaves_files():
                    Path("left.txt").write_text("1")
                    Path("pkg/left").mkdir(exist_ok=True)

                def test_lists_again():
                    assert "m.py" in os.listdir("pkg") and os.listdir(".")
                """,
        }
    )
    single.record()
    assert single.run().executed == set()
    (single.path / ".coverage").touch()
    (single.path / "pkg" / "__pycache__").mkdir(exist_ok=True)
    (single.path / "pkg" / "__pycache__" / "x.pyc").touch()
    (single.path / ".mypy_cache").mkdir()
    assert single.run().executed == set()
    single.delete("left.txt")
    assert single.run().executed == set()
    single.write("pkg/new.py", "")
    assert single.run().executed == nodes("test_m.py", "test_lists", "test_lists_again")


def test_what_pytest_asks_for_itself_is_no_dependency(project: Project) -> None:
    project.write(
        "test_m.py", "def test_asks(tmp_path, tmp_path_factory): tmp_path_factory.mktemp('x')"
    )
    project.record()
    assert project.run().executed == set()
    project.write("other.txt", "")
    assert project.run().executed == set()


def test_questions_at_import_in_fixtures_and_in_parameters(project: Project) -> None:
    project.write_files(
        {
            "m.py": "import os\n\nHAS_LOCAL = os.path.exists('local.cfg')",
            "cases/1.txt": "1",
            "test_import.py": "import m\n\ndef test_m(): assert not m.HAS_LOCAL",
            "test_fixture.py": """
                import pathlib

                import pytest

                @pytest.fixture(scope="module")
                def schema():
                    return pathlib.Path("schema.json").exists()

                def test_one(schema): pass

                def test_two(schema): pass

                def test_three(): pass
                """,
            "test_parameters.py": """
                import pathlib

                import pytest

                @pytest.mark.parametrize("case", pathlib.Path("cases").glob("*.txt"), ids=str)
                def test_case(case):
                    assert case.read_text()
                """,
        }
    )
    project.record()
    assert project.run().executed == set()
    project.write("local.cfg", "")
    assert project.run().ended("failed") == nodes("test_import.py", "test_m")
    project.delete("local.cfg")
    project.write("schema.json", "{}")
    ran = project.run().executed - nodes("test_import.py", "test_m")
    assert ran == nodes("test_fixture.py", "test_one", "test_two")
    project.write("cases/2.txt", "2")
    assert "test_parameters.py::test_case[cases/2.txt]" in project.run().executed


def test_nothing_about_the_functions_that_are_listened_to_can_be_seen(single: Project) -> None:
    single.write(
        "test_m.py",
        """
        import inspect
        import os
        import pickle
        import posix

        NAMES = ["stat", "lstat", "access", "readlink", "open"]

        def test_identity():
            for name in NAMES:
                function = getattr(os, name)
                assert function is getattr(posix, name)
                assert function.__name__ == name and function.__module__ == "posix"
                assert pickle.loads(pickle.dumps(function)) is function
                assert str(inspect.signature(function)).startswith("(path")
                assert name in repr(function) and function.__doc__

        def test_errors():
            for _ in range(200):
                try:
                    os.stat("nothing")
                except FileNotFoundError as error:
                    assert error.filename == "nothing"
                try:
                    os.stat()
                except TypeError as error:
                    assert "path" in str(error)

        def test_path_like_objects():
            class Path:
                def __fspath__(self): return "test_m.py"
            assert os.stat(Path()).st_size == os.stat(b"test_m.py").st_size
            class Broken:
                def __fspath__(self): raise KeyError("no path")
            try:
                os.stat(Broken())
            except KeyError as error:
                assert error.args == ("no path",)
        """,
    )
    single.record()
    assert single.run().executed == set()


def test_the_directory_for_temporary_files(
    single: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = single.path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    single.write(
        "test_m.py",
        """
        import os
        import tempfile

        def test_lists():
            with tempfile.TemporaryDirectory() as own:
                assert os.path.basename(own) in os.listdir(tempfile.gettempdir())
        """,
    )
    single.record()
    single.write("scratch/of-another-program", "")
    assert single.run().executed == set()
