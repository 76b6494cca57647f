"""What the drivers of this directory import: the tracer's probe in words that read well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from testmonx._native import _TracerProbe


class Probe:
    """The tracer for the files below `root`."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.native = _TracerProbe()

    def start(self) -> None:
        """Starts the tracer."""
        self.native.start(self.root)

    def stop(self) -> None:
        """Stops the tracer, and requires that it missed nothing."""
        self.native.stop()
        fault = self.fault()
        assert fault is None, fault

    def ran(self) -> list[str]:
        """The names of what ran since the last call, sorted; with `@line` what ran for an import."""
        names = (f"{name}@{line}" if line else name for _, name, _, line in self.native.switch())
        return sorted(names)

    def story(self) -> list[str]:
        """All that the observer was told since the last call, in order."""
        self.native.tick()
        self.native.switch()
        return self.native.imports()

    def objects(self) -> list[str]:
        """The objects of the calls that were followed since the last call, in order."""
        return [line.rsplit(" on ")[1] for line in self.story() if " started on " in line]

    def ran_during(self, action: Callable[[], Any]) -> list[str]:
        """The names of what runs in a call of `action`."""
        self.native.switch()
        action()
        return self.ran()

    def fault(self) -> str | None:
        """What made the record incomplete."""
        return self.native.fault()
