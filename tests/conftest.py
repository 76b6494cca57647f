"""Fixtures for all tests of testmonx."""

from __future__ import annotations

pytest_plugins = ["pytester"]
