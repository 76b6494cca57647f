"""testmonx runs only the pytest tests that a change can affect, also under pytest-xdist.

The package is a pytest plugin (:mod:`testmonx.plugin`) over a native engine; there is nothing to
import from it in tests or applications.

PYTEST_DONT_REWRITE: a child process imports it before pytest, which would warn of that.
"""
