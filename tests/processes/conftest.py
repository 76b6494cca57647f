"""The projects of the acceptance tests, here with tests that start processes."""

from __future__ import annotations

from acceptance.conftest import project, single

__all__ = ["project", "single"]
