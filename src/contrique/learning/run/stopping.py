"""Stopping on request: a signal is noted, and the run ends when it next can."""

import contextlib
import signal
from types import FrameType
from typing import Any


class StopFlag:
    """While entered, SIGINT and SIGTERM are noted instead of obeyed; a second one is obeyed."""

    signal: int | None = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        signal.signal(number, self._old[number])

    def __enter__(self) -> "StopFlag":
        self._old: dict[int, Any] = {}
        with contextlib.suppress(ValueError):  # signals are the main thread's: elsewhere there is nothing to catch
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
