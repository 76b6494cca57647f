"""The layers of the design: who may import whom, and who alone may know SQL, PyO3 and the tree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_USE = {
    "core": set[str](),
    "store": {"core"},
    "xdist": {"core"},
    "engine": {"core", "store", "xdist"},
    "cli": {"engine"},
    "python": {"engine", "cli"},
}
"""What each crate may depend on of the other crates."""

ALONE = {"rusqlite": "store", "pyo3": "python", "clap": "cli", "ruff_python_parser": "core"}
"""Dependencies that one crate alone may have."""


def dependencies(crate: str) -> set[str]:
    """The names in the crate's ``[dependencies]``."""
    manifest = tomllib.loads((ROOT / "crates" / crate / "Cargo.toml").read_text())
    return set(manifest["dependencies"])


def test_every_crate_has_its_place() -> None:
    assert {path.name for path in (ROOT / "crates").iterdir() if path.is_dir()} == set(MAY_USE)


@pytest.mark.parametrize("crate", MAY_USE)
def test_nothing_runs_upward(crate: str) -> None:
    used = {name.removeprefix("testmonx-") for name in dependencies(crate) if "testmonx" in name}
    assert used <= MAY_USE[crate]


@pytest.mark.parametrize("dependency", ALONE)
def test_each_outside_world_is_known_to_one_crate(dependency: str) -> None:
    users = {crate for crate in MAY_USE if dependency in dependencies(crate)}
    assert users == {ALONE[dependency]}


def test_core_reaches_the_tree_only_through_its_trait() -> None:
    sources = [
        path for path in (ROOT / "crates/core/src").rglob("*.rs") if "tests" not in path.parts
    ]
    assert sources
    found = [
        path for path in sources if re.search(r"\bstd::(fs|env|process|net)\b", path.read_text())
    ]
    assert found == []


def test_unsafe_code_is_in_the_python_crate_alone() -> None:
    lints = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["lints"]["rust"]
    assert lints["unsafe_code"] == "deny"
    for crate in set(MAY_USE) - {"python"}:
        manifest = tomllib.loads((ROOT / "crates" / crate / "Cargo.toml").read_text())
        assert manifest["lints"] == {"workspace": True}, crate
