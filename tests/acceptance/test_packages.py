"""Installed distributions: what is upgraded, removed or added re-runs the tests that use it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from .project import Project, nodes

OTHER = nodes("test_other.py", "test_other")
USER = nodes("test_user.py", "test_user")
BOTH = USER | OTHER

RETURNS = "def f():\n    return {value}\n"


class Site:
    """A venv of a project's own, into which tiny distributions are written."""

    def __init__(self, project: Project) -> None:
        self._project = project
        home = project.path.parent / f"{project.path.name}-venv"
        venv.create(home, symlinks=True)
        self.python = home / "bin" / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.path = home / "lib" / version / "site-packages"
        outer = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        lines = (f"import site; site.addsitedir({path!r})\n" for path in sorted(outer))
        (self.path / "zz_outer.pth").write_text("".join(lines))

    def install(
        self,
        name: str,
        version: str,
        files: dict[str, str],
        *,
        requires: tuple[str, ...] = (),
        entry_points: str = "",
    ) -> None:
        """Installs a distribution in the place of any other version of it."""
        self.uninstall(name)
        info = f"{_escaped(name)}-{version}.dist-info"
        required = "".join(f"Requires-Dist: {other}\n" for other in requires)
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}"
        written = {**files, f"{info}/METADATA": metadata}
        if entry_points:
            written[f"{info}/entry_points.txt"] = entry_points
        for file, text in written.items():
            self.write(file, text)
        record = "".join(
            f"{file},sha256=x{hash(text)},{len(text)}\n" for file, text in written.items()
        )
        (self.path / info / "RECORD").write_text(f"{record}{info}/RECORD,,\n")

    def uninstall(self, name: str) -> None:
        """Removes what the distribution's ``RECORD`` lists."""
        for info in self.path.glob(f"{_escaped(name)}-*.dist-info"):
            for line in (info / "RECORD").read_text().splitlines():
                (self.path / line.split(",")[0]).unlink(missing_ok=True)
            shutil.rmtree(info)

    def write(self, file: str, text: str) -> None:
        """Writes a file as an installer does, with an mtime that no ``.pyc`` was made for."""
        path = self.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self._project.stamp(path)


def _escaped(name: str) -> str:
    """The name as file names have it."""
    return name.replace("-", "_")


@pytest.fixture
def site(project: Project) -> Site:
    """The venv that the project's tests run in."""
    project.write("test_other.py", "def test_other(): pass\n")
    site = Site(project)
    project.python = site.python
    return site


def user_of(project: Project, text: str) -> None:
    """Writes the test file that uses a package."""
    project.write("test_user.py", text)


def test_upgraded_and_downgraded(project: Project, site: Site) -> None:
    user_of(project, "import tiny\ndef test_user(): assert tiny.f() in (1, 2)\n")
    site.install("tiny", "1.0", {"tiny.py": RETURNS.format(value=1)})
    project.record()
    site.install("tiny", "1.1", {"tiny.py": RETURNS.format(value=2)})
    ran = project.run()
    assert ran.executed == USER
    assert "changed: tiny (package);" in ran.header
    site.install("tiny", "1.0", {"tiny.py": RETURNS.format(value=1)})
    assert project.run().executed == set()


def test_used_through_a_module_of_the_project(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny.py": RETURNS.format(value=1)})
    project.write("m.py", "import tiny\ndef g(): return tiny.f()\n")
    user_of(project, "import m\ndef test_user(): assert m.g() == 1\n")
    project.record()
    site.install("tiny", "1.1", {"tiny.py": RETURNS.format(value=2)})
    assert project.run().ended("failed") == USER


def test_a_constant_taken_by_name(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny/__init__.py": "", "tiny/deep.py": "X = 1\n"})
    user_of(project, "from tiny.deep import X\ndef test_user(): assert X == 1\n")
    project.record()
    site.install("tiny", "1.1", {"tiny/__init__.py": "", "tiny/deep.py": "X = 2\n"})
    ran = project.run()
    assert ran.executed == USER
    assert ran.ended("failed") == USER


def test_a_requirement_of_a_requirement(project: Project, site: Site) -> None:
    site.install("top", "1", {"top.py": "import middle\n"}, requires=("Middle>=1",))
    site.install(
        "middle", "1", {"middle.py": "import bottom\n"}, requires=("bottom; extra == 'x'",)
    )
    site.install("bottom", "1", {"bottom.py": "X = 1\n"}, requires=("top",))
    user_of(project, "def test_user():\n    import top\n    assert top.middle.bottom.X == 1\n")
    project.record()
    site.install("bottom", "2", {"bottom.py": "X = 2\n"}, requires=("top",))
    assert project.run().ended("failed") == USER


def test_what_only_developers_need_is_not_required(project: Project, site: Site) -> None:
    site.install(
        "top",
        "1",
        {"top.py": "X = 1\n"},
        requires=("linter; extra == 'dev'", "pytest; extra=='test'"),
    )
    site.install("linter", "1", {"linter.py": ""})
    user_of(project, "def test_user():\n    import top\n    assert top.X == 1\n")
    project.record()
    site.install("linter", "2", {"linter.py": ""})
    assert project.run().executed == set()


def test_an_optional_package_comes_and_goes(project: Project, site: Site) -> None:
    user_of(
        project,
        """
        try:
            import tiny
        except ImportError:
            tiny = None

        def test_user():
            assert tiny is None
        """,
    )
    project.record()
    site.install("tiny", "1.0", {"tiny.py": ""})
    ran = project.run()
    assert ran.ended("failed") == USER
    assert ran.executed == USER
    site.uninstall("tiny")
    assert project.run().executed == set(), "as it was when the test passed"


def test_uninstalled(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny.py": ""})
    user_of(
        project,
        """
        try:
            import tiny
        except ImportError:
            tiny = None

        def test_user():
            assert tiny
        """,
    )
    project.record()
    site.uninstall("tiny")
    ran = project.run()
    assert ran.ended("failed") == USER
    assert ran.executed == USER


def test_unrelated_packages(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny.py": ""})
    user_of(project, "import tiny\ndef test_user(): pass\n")
    project.record()
    site.install("unrelated", "1.0", {"unrelated.py": ""})
    assert project.run().executed == set()
    site.install("unrelated", "2.0", {"unrelated.py": ""}, requires=("tiny",))
    ran = project.run()
    assert ran.executed == set()
    assert "nothing changed" in ran.header


@pytest.mark.parametrize(
    "statement",
    ["import tiny", "import importlib; tiny = importlib.import_module('tiny')"],
    ids=["statement", "import_module"],
)
def test_imported_in_one_function(project: Project, site: Site, statement: str) -> None:
    site.install("tiny", "1.0", {"tiny.py": RETURNS.format(value=1)})
    project.write(
        "m.py",
        f"""
        def lazy():
            {statement}
            return tiny.f()

        def idle():
            return 1
        """,
    )
    user_of(
        project,
        """
        import m
        def test_user(): assert m.lazy() == 1
        def test_second(): assert m.lazy() == 1
        def test_idle(): assert m.idle() == 1
        """,
    )
    project.record()
    site.install("tiny", "1.1", {"tiny.py": RETURNS.format(value=2)})
    assert project.run().executed == nodes("test_user.py", "test_user", "test_second")


def test_metadata(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny.py": ""})
    user_of(
        project,
        """
        from importlib.metadata import version

        def test_user():
            assert version("tiny") == "1.0"
        """,
    )
    project.record()
    site.install("another", "1.0", {"another.py": ""})
    assert project.run().executed == set()
    site.install("tiny", "1.1", {"tiny.py": ""})
    assert project.run().ended("failed") == USER


def test_entry_points_are_those_of_all(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny.py": ""}, entry_points="[group]\nx = tiny\n")
    user_of(
        project,
        """
        from importlib.metadata import entry_points

        def test_user():
            assert len(entry_points(group="group")) == 1
        """,
    )
    project.record()
    site.install("another", "1.0", {"another.py": ""}, entry_points="[group]\ny = another\n")
    ran = project.run()
    assert ran.ended("failed") == USER
    assert ran.executed == USER
    assert "changed: installed packages;" in ran.header


def test_a_namespace_that_several_share(project: Project, site: Site) -> None:
    site.install("ns-one", "1", {"ns/one.py": "X = 1\n"})
    site.install("ns-two", "1", {"ns/two.py": "X = 1\n"})
    user_of(project, "from ns import two\ndef test_user(): assert two.X == 1\n")
    project.record()
    site.install("ns-two", "2", {"ns/two.py": "X = 2\n"})
    assert project.run().ended("failed") == USER


def test_the_same_version_with_other_code(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny.py": RETURNS.format(value=1)})
    user_of(project, "import tiny\ndef test_user(): assert tiny.f() == 1\n")
    project.record()
    edited = site.path / "tiny.py"
    edited.write_text(RETURNS.format(value=2))
    os.utime(edited, (4_000_000_000, 4_000_000_000))
    assert project.run().ended("failed") == USER


def test_an_editable_install_counts_by_its_sources(project: Project, site: Site) -> None:
    sources = project.path.parent / f"{project.path.name}-lib" / "src"
    sources.mkdir(parents=True)
    (sources / "tiny.py").write_text("def f(): return 1\n\ndef g(): return 1\n")
    site.install("tiny", "1.0", {"__editable__.tiny.pth": f"{sources}\n"})
    user_of(
        project,
        """
        import tiny
        def test_user(): assert tiny.f() == 1
        def test_second(): assert tiny.g() == 1
        """,
    )
    project.record()
    (sources / "tiny.py").write_text("def f(): return 2\n\ndef g(): return 1\n")
    project.stamp(sources / "tiny.py")
    assert project.run().executed == USER


def test_a_plugin_is_part_of_the_environment(project: Project, site: Site) -> None:
    points = "[pytest11]\ntiny = tiny_plugin\n"
    site.install("helper", "1", {"helper.py": ""})
    site.install(
        "tiny-plugin", "1", {"tiny_plugin.py": ""}, entry_points=points, requires=("helper",)
    )
    user_of(project, "def test_user(): pass\n")
    project.record()
    site.install(
        "tiny-plugin", "2", {"tiny_plugin.py": ""}, entry_points=points, requires=("helper",)
    )
    ran = project.run()
    assert ran.executed == BOTH
    assert "new environment (plugin tiny-plugin: 1 → 2)" in ran.header
    site.install("helper", "2", {"helper.py": ""})
    ran = project.run()
    assert ran.executed == BOTH
    assert "new environment (package helper: 1 → 2)" in ran.header


def test_ignored_packages(project: Project, site: Site) -> None:
    project.write("pytest.ini", project.read("pytest.ini") + "testmon_ignore_dependencies = Tiny\n")
    site.install("tiny", "1.0", {"tiny.py": ""})
    user_of(project, "import tiny\ndef test_user(): pass\n")
    project.record()
    site.install("tiny", "1.1", {"tiny.py": ""})
    assert project.run().executed == set()


def test_status_knows_what_is_installed(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny.py": ""})
    user_of(project, "import tiny\ndef test_user(): pass\n")
    project.record()
    assert _status(project, site) == ["0 of 2 known tests would run; environment: default"]
    site.install("tiny", "1.1", {"tiny.py": ""})
    assert _status(project, site)[:2] == [
        "test_user.py: 1 of 1",
        "    1 \N{MULTIPLICATION SIGN} package `tiny` or one that it requires changed",
    ]
    site.uninstall("tiny")
    assert "    1 \N{MULTIPLICATION SIGN} package `tiny` is gone" in _status(project, site)


def _status(project: Project, site: Site) -> list[str]:
    script = "from testmonx.cli import main; raise SystemExit(main())"
    command = [site.python, "-c", script, "status"]
    done = subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_store_that_moves_to_another_place(project: Project, site: Site) -> None:
    site.install("tiny", "1.0", {"tiny.py": ""})
    user_of(project, "import tiny\ndef test_user(): pass\n")
    project.record()
    other = Path(f"{site.python.parent.parent}-moved")
    site.python.parent.parent.rename(other)
    project.python = other / "bin" / "python"
    assert project.run().executed == set()


@pytest.mark.parametrize(
    ("library", "reads"),
    [
        pytest.param("def call(f): return f(1)\n", False, id="does_not"),
        pytest.param(
            "import typing\ndef call(f): return typing.get_type_hints(f)['x'](1)\n",
            True,
            id="reads",
        ),
    ],
)
def test_annotations_count_if_a_library_can_read_them(
    single: Project, library: str, reads: bool
) -> None:
    site = Site(single)
    single.python = site.python
    site.install("tiny", "1.0", {"tiny.py": library})
    single.write_files(
        {
            "m.py": "def f(x: int): return isinstance(x, int)\n",
            "test_user.py": """
                import m
                import tiny


                def test_user():
                    assert m.f(1)
                    assert tiny.call(m.f) == 1
                """,
            "test_other.py": "def test_other(): pass\n",
        }
    )
    single.record()
    single.replace("m.py", "x: int", "x: str")
    assert single.run().executed == (USER if reads else set())
