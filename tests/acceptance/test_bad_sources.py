"""Sources that cannot be read, and files that change or go while the tests run."""

from __future__ import annotations

from .project import Project, nodes

OTHER = {"test_other.py": "def test_other(): pass\n"}


def test_a_syntax_error_in_a_module_that_a_test_imports(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "m.py": "def f(:\n",
            "test_m.py": """
                import pytest

                def test_m():
                    with pytest.raises(SyntaxError):
                        import m
                """,
        }
    )
    assert project.run().status == 0
    assert project.run().status == 0
    project.write("m.py", "def f(): pass\n")
    assert project.run().ended("failed") == nodes("test_m.py", "test_m")


def test_a_source_that_is_not_utf8(project: Project) -> None:
    project.write_files({**OTHER, "test_m.py": "import m\n\ndef test_m(): assert m.NAME\n"})
    project.write_bytes("m.py", "# coding: latin-1\nNAME = 'größe'\n".encode("latin-1"))
    project.record()
    assert project.run().executed == set()
    project.write_bytes("m.py", "# coding: latin-1\nNAME = 'güte'\n".encode("latin-1"))
    assert project.run().executed == nodes("test_m.py", "test_m")


def test_a_source_in_no_encoding_at_all(project: Project) -> None:
    project.write_files({**OTHER, "test_m.py": "import m\n\ndef test_m(): pass\n"})
    project.write_bytes("m.py", b"NAME = '\xff\xfe'\n")
    assert "Traceback" not in project.run().err
    project.write("m.py", "NAME = ''\n")
    assert project.run().ended("passed") >= nodes("test_m.py", "test_m")
    assert project.run().executed == set()


def test_a_data_file_that_is_no_text(single: Project) -> None:
    single.write_bytes("data.bin", bytes(range(256)))
    single.write("test_m.py", "def test_m(): assert open('data.bin', 'rb').read()\n")
    single.record()
    single.write_bytes("data.bin", bytes(range(255)))
    assert single.run().executed == nodes("test_m.py", "test_m")


def test_a_source_that_changes_during_the_run(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "m.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n",
            "edit.sh": "printf 'def f():\\n    return 2\\n\\n\\ndef g():\\n    return 1\\n' > m.py\n",
            "test_m.py": """
                import subprocess

                import m

                def test_before(): assert m.f()

                def test_changes():
                    subprocess.run(["sh", "edit.sh"], check=True)

                def test_f(): assert m.f()

                def test_g(): assert m.g()
                """,
        }
    )
    assert project.run().status == 0
    executed = project.run().executed
    assert executed == nodes("test_m.py", "test_before", "test_f"), (
        "what was imported is what counts"
    )
    assert project.run().executed == set()


def test_a_source_that_goes_during_the_run(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "m.py": "def f():\n    return 1\n",
            "test_m.py": """
                import os
                from pathlib import Path

                import m

                def test_removes():
                    if "REMOVE" in dict(os.environ):
                        Path(m.__file__).unlink()

                def test_f(): assert m.f()
                """,
        }
    )
    ran = project.run(env={"REMOVE": "1"})
    assert (ran.status, ran.warnings) == (0, [])
    assert project.run().status != 0, "it cannot be imported"
    project.write("m.py", "def f():\n    return 1\n")
    assert "test_other.py::test_other" not in project.run().executed
    assert project.run().executed == set()


def test_a_test_file_that_goes_during_the_run(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "test_m.py": """
                from pathlib import Path

                def test_removes():
                    Path(__file__).unlink(missing_ok=True)

                def test_stays(): pass
                """,
        }
    )
    assert project.run().status == 0
    ran = project.run()
    assert (ran.status, ran.executed, ran.deselected) == (0, set(), 1)


def test_a_data_file_that_changes_during_the_run(project: Project) -> None:
    project.write_files(
        {
            **OTHER,
            "data.txt": "one",
            "test_m.py": """
                import subprocess

                def test_reads():
                    assert open("data.txt").read()
                    subprocess.run(["sh", "-c", "printf two > data.txt"], check=True)
                """,
        }
    )
    project.record()
    assert project.run().executed == nodes("test_m.py", "test_reads")
    assert project.run().executed == set()
