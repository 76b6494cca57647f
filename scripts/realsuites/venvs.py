"""The venv that a suite runs in: its requirements, pytest, pytest-xdist, and testmonx from its wheel.

One venv for each suite and interpreter, below ``.build/``, made when first asked for. It is made anew when its
requirements change; a new wheel is only installed over the old one.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from realsuites.catalogue import BUILD, ROOT, Suite
from realsuites.lock import held

_ALWAYS = ("pytest", "pytest-xdist", "execnet", "iniconfig", "packaging", "pluggy", "Pygments")


class VenvError(Exception):
    """A suite's venv cannot be made."""


def python_of(suite: Suite, base: Path, *, extra: tuple[str, ...] = ()) -> Path:
    """The interpreter of the suite's venv, made from the interpreter `base`.

    With `extra` requirements the venv is another one, and has those in place of testmonx.
    """
    version = _version(base)
    name = f"{suite.name}-{version}" + ("-" + "-".join(extra) if extra else "")
    venv = BUILD / "venvs" / name.replace("=", "")
    python = venv / "bin" / "python"
    with held(venv):
        requirements = [*_pinned(suite), f"{suite.name}=={suite.version}", *suite.requires, *extra]
        if _changed(venv / ".requirements", "\n".join(requirements)):
            _run([str(base), "-m", "venv", "--clear", "--without-pip", str(venv)])
            _pip(python, ["--no-deps", *requirements] if not extra else requirements)
            (venv / ".requirements").write_text("\n".join(requirements))
        if not extra:
            wheel = _wheel(version)
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            if _changed(venv / ".wheel", digest):
                _pip(python, ["--no-deps", "--force-reinstall", str(wheel)])
                (venv / ".wheel").write_text(digest)
    return python


def _changed(stamp: Path, wanted: str) -> bool:
    return not stamp.exists() or stamp.read_text() != wanted


def _pinned(suite: Suite) -> list[str]:
    """The lines of requirements-dev.txt for pytest and what it needs, less what the suite pins otherwise."""
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    wanted = set(_ALWAYS) - {requirement.partition("==")[0] for requirement in suite.requires}
    return [line for line in lines if line.partition("==")[0] in wanted]


def _version(python: Path) -> str:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    return _run([str(python), "-c", program]).strip()


def _wheel(version: str) -> Path:
    """testmonx's wheel for this Python, as `make wheel` leaves it in dist/."""
    wheels = list((ROOT / "dist").glob(f"testmonx-*-cp{version.replace('.', '')}-*.whl"))
    if len(wheels) != 1:
        raise VenvError(
            f"dist/ has {len(wheels)} wheels of testmonx for Python {version} "
            f"(run `make wheel PYTHON=python{version}`)"
        )
    return wheels[0]


def _pip(python: Path, arguments: list[str]) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    _run([*pip, "install", "--quiet", "--disable-pip-version-check", *arguments])


def _run(command: list[str]) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise VenvError(f"`{' '.join(command)}` failed\n{finished.stderr}")
    return finished.stdout
