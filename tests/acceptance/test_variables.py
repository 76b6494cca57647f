"""An environment variable that code looks up is a dependency, as long as nothing in the run has written it."""

from __future__ import annotations

import pytest

from .project import PARALLEL, Project, nodes

LOOKS = nodes("test_m.py", "test_looks")

TEST = """
    import os
    import subprocess
    import sys
    from unittest import mock

    def test_looks(monkeypatch):
        {expression}

    def test_unconcerned(monkeypatch):
        monkeypatch.setenv("OTHER", "1")
        assert os.environ["OTHER"] == "1"
    """


@pytest.mark.parametrize(
    "expression",
    [
        "os.environ.get('MODE')",
        "os.getenv('MODE', 'none')",
        "'MODE' in os.environ",
        "os.environb.get(b'MODE')",
        "os.getenvb(b'MODE')",
        "os.environ.pop('MODE', None)",
        "os.path.expandvars('$MODE')",
        "{**os.environ} and os.environ.get('MODE')",
        "[os.environ[name] for name in os.environ if name.startswith('MOD')]",
        "__import__('threading').Thread(target=os.getenv, args=['MODE']).start()",
    ],
)
def test_a_look_up(single: Project, monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    single.write("test_m.py", TEST.format(expression=expression))
    monkeypatch.setenv("MODE", "a")
    single.record()
    assert single.run().executed == set()
    monkeypatch.setenv("MODE", "b")
    assert single.run().executed == LOOKS
    monkeypatch.setenv("MODE", "a")
    assert single.run().executed == set(), "as it was before"
    if "[os.environ" not in expression:
        monkeypatch.delenv("MODE")
        assert single.run().executed == LOOKS
        monkeypatch.setenv("MODE", "")
        assert single.run().executed == LOOKS, "empty is another value than none"


@pytest.mark.parametrize(
    "expression",
    [
        "dict(os.environ)",
        "os.environ.copy()",
        "monkeypatch.setenv('MODE', '1') or os.environ['MODE']",
        "monkeypatch.delenv('MODE') or os.getenv('MODE')",
        "mock.patch.dict(os.environ, {'MODE': '1'}).start() and os.getenv('MODE')",
        "os.environ.update(MODE='1') or os.getenv('MODE')",
        "subprocess.run([sys.executable, '-c', ''], env={**os.environ, 'MODE': '1'}, check=True)",
        "os.getenv('PYTEST_CURRENT_TEST') and os.getenv('PYTEST_VERSION')",
    ],
)
def test_what_is_none(single: Project, monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    single.write("test_m.py", TEST.format(expression=expression))
    monkeypatch.setenv("MODE", "a")
    single.record()
    monkeypatch.setenv("MODE", "b")
    assert single.run().executed == set()


def test_a_variable_that_is_read_at_import(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        "settings.py",
        "import os\n\nMODE = os.environ.get('MODE', 'none')\nSIZE = os.getenv('SIZE')\n",
    )
    project.write(
        "test_m.py",
        """
        import settings

        def test_mode():
            assert settings.MODE

        def test_size():
            assert settings.SIZE is None or settings.SIZE

        def test_unconcerned():
            pass
        """,
    )
    project.record()
    assert project.run().executed == set()
    monkeypatch.setenv("MODE", "b")
    ran = project.run()
    assert ran.executed == nodes("test_m.py", "test_mode")
    assert "MODE (environment variable)" in ran.header
    assert project.run().executed == set()
    monkeypatch.setenv("SIZE", "1")
    assert project.run().executed == nodes("test_m.py", "test_size")


def test_what_a_conftest_file_writes_is_no_dependency(
    single: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    single.write("conftest.py", "import os\n\nos.environ['MODE'] = 'set'\n")
    single.write("test_m.py", TEST.format(expression="assert os.environ['MODE'] == 'set'"))
    single.record()
    monkeypatch.setenv("MODE", "b")
    assert single.run().executed == set()
    # A worker cannot tell whether what its controller wrote went by what was there.
    assert single.run(*PARALLEL).executed == set()
    monkeypatch.setenv("MODE", "c")
    single.mode = PARALLEL
    single.write("test_m.py", TEST.format(expression="assert os.environ.get('MODE') == 'set'"))
    assert single.run().executed >= LOOKS
    monkeypatch.setenv("MODE", "d")
    assert single.run().executed == LOOKS


def test_a_default_of_a_conftest_file_gives_way(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("conftest.py", "import os\n\nMODE = os.environ.setdefault('MODE', 'set')\n")
    project.write("test_m.py", TEST.format(expression="assert os.environ['MODE'] in ('set', 'b')"))
    project.record()
    assert project.run().executed == set()
    monkeypatch.setenv("MODE", "b")
    assert project.run().executed >= LOOKS
    assert project.run().executed == set()


def test_what_the_controller_writes_is_no_dependency_of_its_workers(
    single: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    single.mode = PARALLEL
    single.write(
        "conftest.py",
        """
        import os

        def pytest_configure(config):
            if not hasattr(config, "workerinput"):
                os.environ["STAMP"] = str(os.getpid())
        """,
    )
    single.write("test_m.py", TEST.format(expression="assert os.environ['STAMP']"))
    single.record()
    assert single.run().executed == set(), "each run has a stamp of its own"


@pytest.mark.parametrize("start", ["subprocess", "fork"])
def test_a_variable_that_a_child_looks_up(
    single: Project, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    single.write(
        "child.py", "import os\n\n\ndef look():\n    return os.getenv('MODE')\n\n\nlook()\n"
    )
    call = {
        "subprocess": "subprocess.run([sys.executable, 'child.py'], check=True)",
        "fork": "(pid := os.fork()) or os._exit(bool(__import__('child') and 0)); os.waitpid(pid, 0)",
    }[start]
    single.write("test_m.py", TEST.format(expression=call))
    single.record()
    assert single.run().executed == set()
    monkeypatch.setenv("MODE", "b")
    assert single.run().executed == LOOKS


HOOKS = """
    import os

    import pytest

    def pytest_configure(config):
        config.out = os.environ.get("OUT")

    def pytest_collection_modifyitems(items):
        for item in items if "SKIP" in os.environ else []:
            item.add_marker(pytest.mark.skip)

    def pytest_runtest_setup(item):
        look(item)

    def look(item):
        assert os.getenv("OUT") == item.config.out
    """


def test_a_hook_that_looks_for_a_switch_or_for_a_place(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("conftest.py", HOOKS)
    project.write("test_m.py", TEST.format(expression="assert os.getenv('OUT')"))
    monkeypatch.setenv("OUT", "/tmp/out-1.json")
    project.record()
    assert project.run().executed == set()
    # Where a hook writes is up to each run; who looks in the test itself wants to know.
    monkeypatch.setenv("OUT", "/tmp/out-2.json")
    assert project.run().executed == LOOKS
    monkeypatch.setenv("SKIP", "1")
    assert project.run().ended("skipped") == LOOKS | nodes("test_m.py", "test_unconcerned")
    monkeypatch.delenv("SKIP")
    assert project.run().executed == set(), "as it was before"


def test_the_status_names_the_variable(single: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    single.write("test_m.py", TEST.format(expression="os.getenv('MODE')"))
    single.record()
    monkeypatch.setenv("MODE", "b")
    said = single.testmonx("status").out
    assert "environment variable `MODE` changed" in said
    assert "1 of 2 known tests would run" in said


def test_os_environ_is_left_as_it_is(single: Project) -> None:
    single.write(
        "test_m.py",
        """
        import os

        import pytest

        def test_it():
            assert type(os.environ) is os._Environ
            assert os.environ.copy() == dict(os.environ)
            with pytest.raises(KeyError) as error:
                os.environ["NO_SUCH_VARIABLE"]
            assert error.value.args == ("NO_SUCH_VARIABLE",)
            with pytest.raises(TypeError, match="str expected, not int"):
                os.environ[1]
        """,
    )
    single.record()
