"""Fetches a suite's sdist from PyPI, once, and unpacks it.

pip does the fetching, so that its settings (index, proxy, certificates) hold; what counts is the digest.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from realsuites.catalogue import BUILD, Suite
from realsuites.lock import held

_CACHE = BUILD / "sdists"


class SdistError(Exception):
    """An sdist cannot be had, or is not the one that was pinned."""


def archive(suite: Suite) -> Path:
    """The verified sdist in the cache; downloads it if need be."""
    path = _CACHE / f"{suite.name}-{suite.version}.tar.gz"
    with held(path):
        if not path.exists():
            _download(suite, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != suite.sha256:
            path.unlink()
            raise SdistError(
                f"the sdist of {suite.name} {suite.version} has sha256 {digest}, "
                f"not {suite.sha256} (try again; if it stays, correct suites.toml)"
            )
    return path


def unpack(suite: Suite, parent: Path) -> Path:
    """Unpacks the sdist below `parent`, and returns the project's directory."""
    with tarfile.open(archive(suite)) as file:
        file.extractall(parent, filter="data")
    (tree,) = parent.glob("*/")
    return tree


def _download(suite: Suite, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", suite.name, "--dest", directory]
        command += [f"{suite.name}=={suite.version}"]
        pip = subprocess.run(command, capture_output=True, text=True, check=False)
        if pip.returncode != 0:
            raise SdistError(
                f"cannot download {suite.name} {suite.version} (is PyPI reachable?)\n{pip.stderr}"
            )
        (downloaded,) = Path(directory).iterdir()
        downloaded.replace(path)
