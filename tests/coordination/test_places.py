"""Workers in other directories and installations: recorded where that can be shown to be sound."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from acceptance.project import Project, nodes

from .conftest import HANDSHAKE

BOTH = nodes("test_m.py", "test_f", "test_g")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose tests run where ``mode`` says."""
    found = Project(pytester, monkeypatch)
    found.write_files(
        {
            "m.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n",
            "test_m.py": "import m\n\ndef test_f(): assert m.f()\n\ndef test_g(): assert m.g()\n",
        }
    )
    return found


def copied(project: Project, place: Path) -> Path:
    """A copy of the project at ``place``; all workers run there from now on."""
    copy = place / "copy"
    shutil.copytree(project.path, copy)
    project.mode = ("--tx", f"2*popen//chdir={copy}", "--dist", "load")
    return copy


@pytest.mark.parametrize("handshake", [False, True])
def test_a_copy_of_the_project(project: Project, tmp_path: Path, handshake: bool) -> None:
    copied(project, tmp_path)
    env = HANDSHAKE if handshake else {}
    ran = project.run(env=env)
    assert (ran.status, ran.executed, ran.warnings) == (0, BOTH, [])
    assert project.run(env=env).executed == set()
    project.mode = ()
    assert project.run().executed == set(), "the records are the controller's too"
    project.replace("m.py", "def f():\n    return 1", "def f():\n    return 2")
    assert project.run().executed == nodes("test_m.py", "test_f")


def test_a_copy_that_differs_makes_nothing_fresh(project: Project, tmp_path: Path) -> None:
    copy = copied(project, tmp_path)
    (copy / "m.py").write_text("def f():\n    return 7\n\n\ndef g():\n    return 1\n")
    assert project.run().executed == BOTH
    project.mode = ()
    assert project.run().executed == nodes("test_m.py", "test_f")


def test_another_project_is_not_recorded(project: Project, tmp_path: Path) -> None:
    copy = copied(project, tmp_path)
    (copy / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:asyncio -p no:cov -p no:hypothesispytest -p no:logging\n"
    )
    ran = project.run()
    assert (ran.status, ran.executed) == (0, BOTH)
    [warning] = ran.warnings
    assert warning.startswith(
        "2 workers ran what they were given unrecorded: the controller's rootdir"
    )
    project.mode = ()
    assert project.run().executed == BOTH


def test_a_copy_whose_tests_look_outside(project: Project, tmp_path: Path) -> None:
    project.write(
        "test_out.py",
        "import os\n\ndef test_out():\n    open(os.path.join(os.getcwd(), '../beside.txt')).close()\n",
    )
    copied(project, tmp_path)
    for parent in (tmp_path, project.path.parent):
        (parent / "beside.txt").write_text("")
    ran = project.run()
    assert (ran.status, ran.executed) == (0, BOTH | nodes("test_out.py", "test_out"))
    assert any(
        "its tests use `../beside.txt`, outside of its copy" in text for text in ran.warnings
    )
    assert "test_out.py::test_out" in project.run().executed


def twin(place: Path) -> Path:
    """Another installation of this interpreter, with all packages of this one."""
    environment = place / "twin"
    command = (sys.executable, "-m", "venv", "--without-pip", str(environment))
    subprocess.run(command, check=True)
    [site_packages] = environment.glob("lib/python*/site-packages")
    (site_packages / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin" / "python"


def test_another_installation_with_the_same_packages(project: Project, tmp_path: Path) -> None:
    project.mode = ("--tx", f"2*popen//python={twin(tmp_path)}", "--dist", "load")
    ran = project.run(env=HANDSHAKE)
    assert (ran.status, ran.executed, ran.warnings) == (0, BOTH, [])
    project.mode = ()
    assert project.run().executed == set()


def test_one_worker_of_two_has_other_packages(project: Project, tmp_path: Path) -> None:
    project.write(
        "test_n.py",
        "import pytest\n\n@pytest.mark.parametrize('n', range(8))\ndef test_n(n): pass\n",
    )
    packages = tmp_path / "site-packages"
    (packages / "other-1.0.dist-info").mkdir(parents=True)
    # xdist gives its workers the controller's sys.path, which the twin then adds to.
    project.write(
        "conftest.py",
        f"import sys\n\nif sys.prefix.endswith('twin'):\n    sys.path.append({str(packages)!r})\n",
    )
    python = twin(tmp_path)
    project.mode = ("--tx", f"popen//python={python}", "--tx", "popen", "--dist", "load")
    ran = project.run(env=HANDSHAKE)
    assert ran.status == 0
    [warning] = ran.warnings
    assert warning.startswith("1 worker ran what it was given unrecorded: other packages are inst")
    project.mode = ()
    again = project.run()
    assert 0 < len(again.executed) < len(ran.executed), "the plain worker's tests are recorded"
