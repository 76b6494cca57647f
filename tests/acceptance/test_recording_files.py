"""Data files that tests read are dependencies; what tests write themselves is none."""

from __future__ import annotations

import pytest

from .project import Project, nodes


@pytest.mark.parametrize(
    "reading",
    [
        "open('data.txt').read()",
        "open('data.txt', 'rb').read()",
        "pathlib.Path('data.txt').read_text()",
        "(pathlib.Path(__file__).parent / 'data.txt').read_bytes()",
        "os.read(os.open('data.txt', os.O_RDONLY), 9)",
        "shutil.copy('data.txt', tmp_path) and (tmp_path / 'data.txt').read_text()",
        "list(fileinput.input('data.txt'))",
    ],
)
def test_a_file_that_a_test_opens(single: Project, reading: str) -> None:
    single.write("data.txt", "one")
    single.write(
        "test_m.py",
        f"""
        import fileinput
        import os
        import pathlib
        import shutil

        def test_reads(tmp_path):
            assert {reading}

        def test_unconcerned():
            pass
        """,
    )
    single.record()
    single.write("data.txt", "two")
    assert single.run().executed == nodes("test_m.py", "test_reads")
    single.touch("data.txt")
    assert single.run().executed == set()
    single.write("data.txt", "one")
    assert single.run().executed == set(), "read like this before"
    single.delete("data.txt")
    assert single.run().ended("failed") == nodes("test_m.py", "test_reads")


def test_files_that_fixtures_and_imports_read(project: Project) -> None:
    project.write_files(
        {
            "import.json": "[1]",
            "fixture.json": "[1]",
            "m.py": "import json\n\nwith open('import.json') as file:\n    DATA = json.load(file)\n",
            "test_m.py": """
                import json

                import pytest

                @pytest.fixture(scope="module")
                def data():
                    with open("fixture.json") as file:
                        return json.load(file)

                def test_import():
                    import m
                    assert m.DATA

                def test_fixture(data):
                    assert data

                def test_fixture_again(data):
                    assert data

                def test_unconcerned():
                    pass
                """,
        }
    )
    project.record()
    project.write("import.json", "[2]")
    assert project.run().executed == nodes("test_m.py", "test_import")
    project.write("fixture.json", "[2]")
    assert project.run().executed == nodes("test_m.py", "test_fixture", "test_fixture_again")


def test_a_file_that_is_the_test_s_own_work(project: Project) -> None:
    project.write("log.txt", "")
    project.write(
        "test_m.py",
        """
        from pathlib import Path

        def test_makes_and_reads(tmp_path):
            file = tmp_path / "made.txt"
            file.write_text("1")
            assert file.read_text() == "1"

        def test_in_the_tree():
            file = Path("made.txt")
            file.write_text("1")
            assert file.read_text() == "1"

        def test_in_a_new_directory():
            directory = Path("made")
            directory.mkdir(exist_ok=True)
            (directory / "made.txt").write_text("1")
            assert (directory / "made.txt").read_text() == "1"

        def test_appends():
            with open("log.txt", "a") as log:
                log.write("line\\n")
        """,
    )
    assert len(project.record().executed) == 4
    assert project.run().executed == set()
    project.write("made.txt", "something else")
    assert project.run().executed == set()


def test_a_file_that_an_import_or_a_fixture_writes_itself(project: Project) -> None:
    project.write_files(
        {
            "m.py": """
                with open("log.txt", "a") as log:
                    log.write("imported")
                """,
            "test_m.py": """
                from pathlib import Path

                import pytest

                import m

                @pytest.fixture(scope="session")
                def counter():
                    counter = Path("counter.txt")
                    count = int(counter.read_text()) if counter.exists() else 0
                    counter.write_text(str(count + 1))

                def test_one(counter): pass

                def test_two(): pass
                """,
        }
    )
    project.record()
    assert project.run().executed == set()


def test_a_file_that_was_not_there(project: Project) -> None:
    project.write_files(
        {
            "m.py": """
                def settings():
                    try:
                        with open("local.cfg") as file:
                            return file.read()
                    except FileNotFoundError:
                        return "default"
                """,
            "test_m.py": """
                import m

                def test_settings():
                    assert m.settings() == "default"

                def test_unconcerned():
                    pass
                """,
        }
    )
    project.record()
    project.write("local.cfg", "local")
    assert project.run().ended("failed") == nodes("test_m.py", "test_settings")
    project.delete("local.cfg")
    assert "test_m.py::test_unconcerned" not in project.run().executed
    assert project.run().executed == set()


def test_a_file_that_two_tests_read_counts_for_both(project: Project) -> None:
    project.write("data.txt", "one")
    project.write(
        "test_m.py",
        """
        def test_first():
            assert open("data.txt").read()

        def test_second():
            assert open("data.txt").read()
        """,
    )
    project.record()
    project.write("data.txt", "two")
    assert project.run().executed == nodes("test_m.py", "test_first", "test_second")
