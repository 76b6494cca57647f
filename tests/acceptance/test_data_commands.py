"""Files that a program which is no Python is told to use are dependencies of the test that starts it."""

from __future__ import annotations

import sys

import pytest

from .project import Project, nodes


@pytest.mark.parametrize(
    "command",
    [
        "subprocess.run(['cat', 'data.txt'], check=True)",
        "subprocess.run(['cat', '../data.txt'], check=True, cwd='sub')",
        "subprocess.run(['cat', pathlib.Path('data.txt').resolve()], check=True)",
        "subprocess.run(['cat', b'data.txt'], check=True)",
        "subprocess.run('cat <data.txt | wc -l', shell=True, check=True)",
        "subprocess.run(['sh', '-c', 'cat data.txt'], check=True)",
        "subprocess.run(['dd', 'if=data.txt', 'of=/dev/null'], check=True)",
        "subprocess.run(['grep', '--file=data.txt', '-q', '.', 'data.txt'], check=True)",
        "os.system('cat data.txt')",
        "os.waitpid(os.posix_spawn('/bin/cat', ['cat', 'data.txt'], os.environ), 0)",
    ],
)
def test_a_file_that_a_command_names(single: Project, command: str) -> None:
    single.write_files({"data.txt": "1", "sub/x": ""})
    single.write(
        "test_m.py",
        f"""
        import os
        import pathlib
        import subprocess

        def test_starts():
            {command}

        def test_unconcerned():
            pass
        """,
    )
    single.record()
    assert single.run().executed == set()
    single.write("data.txt", "2")
    assert single.run().executed == nodes("test_m.py", "test_starts")


def test_a_script_of_the_shell(project: Project) -> None:
    project.write("tool.sh", "exit 0")
    project.write(
        "test_m.py",
        """
        import subprocess

        def test_starts():
            assert subprocess.run(["sh", "tool.sh"]).returncode == 0

        def test_unconcerned():
            pass
        """,
    )
    project.record()
    project.write("tool.sh", "exit 1")
    assert project.run().ended("failed") == nodes("test_m.py", "test_starts")


@pytest.mark.parametrize(
    "how",
    [
        "[sys.executable, 'script.py'], env={}",
        "[sys.executable, '-S', 'script.py']",
        "[sys.executable, '-m', 'script'], env={}",
        f"[{sys._base_executable!r}, 'script.py']",  # type: ignore[attr-defined]
    ],
)
def test_a_python_that_cannot_be_observed(single: Project, how: str) -> None:
    single.write("script.py", "print(1)")
    single.write(
        "test_m.py",
        f"""
        import subprocess
        import sys

        def test_starts():
            assert subprocess.check_output({how}) == b"1\\n"

        def test_unconcerned():
            pass
        """,
    )
    single.record()
    assert single.run().executed == set()
    single.write("script.py", "print(2)")
    assert single.run().ended("failed") == nodes("test_m.py", "test_starts")
