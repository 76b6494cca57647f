"""The native engine. Private: the plugin and the command are the only users."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, final

class UsageError(Exception):
    """Options or ini values that cannot be satisfied; the text carries the remedy."""

@final
class Recording:
    """Observation of this process, from before the first conftest file to the end of the session.

    Only one can be on at a time. One that could not start is kept all the same; the session that it
    is given to says why nothing is recorded.
    """

    def __new__(
        cls, *, root: str, installation: Mapping[str, Any], own_dirs: Sequence[str]
    ) -> Recording:
        """Starts to observe the project at ``root``, less what is installed and ``own_dirs``.

        Raises only what is not for testmonx to keep: a Ctrl-C that arrives meanwhile.
        """

@final
class Session:
    """This process's part in one run of pytest.

    No method raises but the constructor; trouble becomes one of the :meth:`warnings`. In a forked
    child all methods do nothing.
    """

    def __new__(
        cls,
        recording: Recording,
        *,
        place: Mapping[str, Any],
        switches: Mapping[str, Any],
        environment: Mapping[str, Any],
        installation: Mapping[str, Any],
    ) -> Session:
        """Starts the session that the options ask for, with what ``recording`` observed so far.

        The mappings are those of :mod:`testmonx._invocation` and :mod:`testmonx._interpreter`.
        Raises :class:`UsageError` if the options cannot be satisfied.
        """

    @property
    def is_active(self) -> bool:
        """Whether there is anything to do."""

    @property
    def role(self) -> Literal["single", "controller", "worker"]:
        """Which part this process plays under xdist."""

    @property
    def is_recording(self) -> bool:
        """Whether this process observes what its tests do."""

    def header(self) -> str:
        """The line for pytest's header."""

    def publish(self, workers: Sequence[tuple[str, bool]]) -> None:
        """Publishes a controller's state before the first worker starts.

        Each worker is its id and whether it runs on this host, with this interpreter, in this directory.
        """

    def worker_input(self, worker: str) -> tuple[bytes, tuple[int, int]] | None:
        """What a controller tells a worker; ``None`` if there is nothing to tell."""

    def worker_ended(self, worker: str, has_crashed: bool) -> None:
        """A worker of this controller has ended."""

    def skips_file(self, path: str) -> bool:
        """Whether the file at the absolute ``path`` need not be collected."""

    def arrange(self, nodeids: Iterable[str]) -> tuple[list[int], list[int]] | None:
        """The indices of the items that run, in their order, and of those that are left out.

        ``None`` if all run as they are.
        """

    def open_collection(self, file: str, is_doctest: bool) -> int | None:
        """Opens the span of a test file's collection; ``None`` if nothing is recorded."""

    def collection_failed(self, file: str) -> None:
        """Notes that a test file's collection ended with an error."""

    def collected(self, nodeids: Iterable[str]) -> None:
        """Notes that these tests were found."""

    def collection_finished(self, path: list[str]) -> None:
        """Notes that everything that could be found was."""

    def open_fixture(self) -> int | None:
        """Opens the span of one set-up of a fixture; ``None`` if nothing is recorded."""

    def open_teardown(self, fixture: int) -> None:
        """The teardown of the fixture whose set-up had this span starts."""

    def close_teardown(self, fixture: int) -> None:
        """The teardown of that fixture ended."""

    def use_spans(self, spans: Sequence[int]) -> None:
        """Notes that the open span uses what these spans observed."""

    def use_fixtures(self, names: Sequence[str]) -> None:
        """Notes the names of the fixtures that the running test requested."""

    def close_span(self, span: int | None) -> None:
        """Closes a span that one of the ``open_`` methods opened."""

    def open_test(self, nodeid: str) -> None:
        """A run of a test starts."""

    def docstrings_read(self, nodeid: str) -> None:
        """The test is a doctest: its file's docstrings are what it runs."""

    def close_test(self) -> None:
        """The run ended; it counts if its teardown was reported."""

    def abandon_test(self) -> None:
        """The run was broken off: it says nothing."""

    def report(self, nodeid: str, when: str, outcome: str, was_xfail: bool, seconds: float) -> None:
        """Takes the report of one phase of a test, in pytest's words."""

    def due_observations(self) -> bytes | None:
        """The observations that a worker is to send now, if it is time and there are any."""

    def last_observations(self) -> bytes | None:
        """All observations that a worker has not sent, if there are any."""

    def take_observations(self, sent: bytes | None) -> None:
        """Takes what a worker sent, if it sent something."""

    def take_warnings(self, sent: Sequence[str], trouble: str | None) -> None:
        """Takes the warnings of a worker, and why it was not recorded, if it was not."""

    def trouble(self) -> str | None:
        """Why this worker's tests are not recorded, if they ought to be."""

    def debug_lines(self) -> list[str]:
        """What ``TESTMON_XDIST_DEBUG`` is to show, since the last call."""

    def finish(self, exit_status: int) -> bool:
        """Ends the session; returns whether pytest's exit status should be 0 instead."""

    def uncollected(self) -> list[str]:
        """The node IDs of tests that were left out without being collected in this process."""

    def warnings(self) -> list[str]:
        """What went wrong with testmonx itself, each with its remedy."""

    def summary(self) -> str:
        """The line for the end of the run."""

    def close(self) -> None:
        """Gives the interpreter back what the recording took. Safe to call twice."""

def observe_child(directory: str, is_spawned: bool) -> None:
    """Observes this process for the session that made ``directory``, if that is still on."""

def run_command(arguments: Sequence[str], installation: Mapping[str, Any]) -> int:
    """Runs the ``testmonx`` command, the program's name first; returns the exit status."""

@final
class _TracerProbe:
    """A tracer on its own, for the tests of the tracer."""

    def __new__(cls) -> _TracerProbe: ...
    def start(self, root: str) -> None:
        """Starts the tracer for all ``.py`` files below ``root``."""

    def switch(self) -> list[tuple[str, str, int, int]]:
        """Hands over: file relative to the root, qualified name, first line, line of the import."""

    def tick(self) -> None:
        """Hands over, and returns nothing."""

    def imports(self) -> list[str]:
        """What was told of imports, as text, since the last call."""

    def import_line(self) -> int:
        """The line that the innermost open import has reached, 0 if none is open."""

    def panic_next(self) -> None:
        """Makes the observer panic at its next call."""

    def call_locked(self, function: Callable[[], object]) -> None:
        """Calls ``function`` while the observer is locked."""

    def fault(self) -> str | None:
        """What made the record incomplete, if anything did."""

    def stop(self) -> None:
        """Stops the tracer."""
