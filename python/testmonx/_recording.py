"""The hooks that tell the session which span the interpreter is in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.doctest import DoctestItem, DoctestModule

from testmonx._interpreter import import_path
from testmonx._selection import node_id

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from testmonx._native import Session


class RecordingHooks:
    """Opens and closes spans around collection, fixtures and tests."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._instances: dict[object, int] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """The collection of a test file and of the classes in it."""
        files = [node for node in collector.listchain() if isinstance(node, pytest.File)]
        file = files[-1] if files else None
        if file is None:
            return (yield)
        span = self._session.open_collection(file.nodeid, isinstance(collector, DoctestModule))
        try:
            report = yield
        finally:
            self._session.close_span(span)
        if report.failed:
            self._session.collection_failed(file.nodeid)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """One set-up of a fixture that outlives a test; others belong to their test."""
        __tracebackhide__ = True
        if fixturedef.scope == "function":
            return (yield)
        span = self._session.open_fixture()
        if span is None:
            return (yield)
        # Finalizers run in reverse: between these two are the fixture's own.
        fixturedef.addfinalizer(partial(self._session.close_teardown, span))
        try:
            return (yield)
        finally:
            requested = _requested(request)
            if "request" not in fixturedef.argnames and requested is not None:
                requested = {name: requested.get(name) for name in fixturedef.argnames}
            self._session.use_spans(self._spans_of(requested))
            self._session.close_span(span)
            self._instances[fixturedef] = span
            fixturedef.addfinalizer(partial(self._session.open_teardown, span))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """One test, from the first set-up to the last teardown that it triggers."""
        __tracebackhide__ = True
        self._session.open_test(node_id(item))
        if isinstance(item, DoctestItem):
            self._session.docstrings_read(item.nodeid)
        try:
            result = yield
        except BaseException:
            self._session.abandon_test()
            raise
        self._session.close_test()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """What the test's fixtures are is known best just before they go."""
        __tracebackhide__ = True
        requested = _requested(getattr(item, "_request", None))
        self._session.use_spans(self._spans_of(requested))
        names: list[str] = list(getattr(item, "fixturenames", ()))
        self._session.use_fixtures([*names, *(requested or ())])
        return (yield)

    def _spans_of(self, requested: dict[str, Any] | None) -> list[int]:
        """The spans of the instances in use; of all that there are, where pytest does not say."""
        definitions: Iterable[object] = self._instances if requested is None else requested.values()
        return [self._instances[used] for used in definitions if used in self._instances]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Notes all that was found, before anything is left out."""
        self._session.collected(item.nodeid for item in items)
        return (yield)

    def pytest_collection_finish(self) -> None:
        """All that could be found has been."""
        self._session.collection_finished(import_path())


def _requested(request: object) -> dict[str, Any] | None:
    """The fixture definitions that a request has resolved so far, by name."""
    found = getattr(request, "_fixture_defs", None)
    return found if isinstance(found, dict) else None
