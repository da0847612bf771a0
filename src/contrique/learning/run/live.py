"""The live line of a run on stderr: step, loss, views per second, time left."""

import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

WINDOW = 50  # steps that speed and time left are judged by: a shared machine's speed changes in a run


def duration(seconds: float) -> str:
    """A time span in words, to two units: ``42 s``, ``12 min 05 s``, ``3 h 12 min``, ``2 d 04 h``."""
    whole = round(seconds)
    for unit, small, size, ratio in (("d", "h", 86400, 24), ("h", "min", 3600, 60), ("min", "s", 60, 60)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size * ratio // size:02d} {small}"
    return f"{whole} s" if whole >= 10 or whole == seconds else f"{seconds:.1f} s"


class LiveLine:
    """One line that is written anew as the run goes on; on anything but a terminal, a new line every half minute.

    Args:
        first: steps done before.
        steps: length of the whole run.
        show: whether to write anything but warnings.
        stream: where to; stderr as it is now if not given.
        clock: seconds, for the speed.
    """

    def __init__(
        self,
        first: int,
        steps: int,
        *,
        show: bool = True,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._stream = stream or sys.stderr
        self._steps, self._show, self._clock = steps, show, clock
        self._terminal = self._stream.isatty()
        self._shown, self._text, self._on_screen = float("-inf"), "", ""
        self._first, self._pauses, self._shared_pauses = first, 0.0, 0.0
        self._recent: deque[tuple[float, int, int]] = deque(maxlen=WINDOW + 1)  # time less pauses, step, views so far
        self._recent.append((clock(), first, 0))

    def update(self, step: int, loss: float, views: int) -> None:
        """Tell of one more step.

        Args:
            step: steps done.
            loss: before the last of them.
            views: how many views it looked at.
        """
        if step == self._first + 2:
            del self._recent[0]  # the first step waits for workers to start: it tells nothing of the others
        now = self._clock()
        self._recent.append((now - self._pauses, step, self._recent[-1][2] + views))
        (then, step_then, views_then), (last, _, views_now) = self._recent[0], self._recent[-1]
        seconds = max(last - then, 1e-9)
        a_step = seconds / (step - step_then) + self._shared_pauses / (step - self._first)
        left = duration((self._steps - step) * a_step) + " left" if step < self._steps else "done"
        rate = (views_now - views_then) / seconds
        self._text = f"step {step} of {self._steps} · loss {loss:.3f} · {rate:.1f} views/s · {left}"
        if now - self._shown >= (0.2 if self._terminal else 30):
            self._shown = now
            self._draw()

    def pause(self, seconds: float) -> None:
        """Tell that so much time went into something else than steps: it counts for the time left, not for the speed;
        before the first step, for neither."""
        self._pauses += seconds
        if self._recent[-1][1] > self._first:
            self._shared_pauses += seconds

    def above(self, text: str) -> None:
        """Write a line that stays, above the live one."""
        self._clear()
        print(text, file=self._stream, flush=True)
        if self._terminal:
            self._draw()

    def close(self) -> None:
        """Leave the last state on the screen."""
        self._draw()
        if self._on_screen:
            self._stream.write("\n")
            self._stream.flush()
            self._on_screen = ""

    def _draw(self) -> None:
        if not self._show or not self._text:
            return
        if self._terminal:
            self._clear()
            self._on_screen = self._text[: shutil.get_terminal_size().columns - 1]  # a line that wraps stays for good
            self._stream.write(self._on_screen)
            self._stream.flush()
        else:
            print(self._text, file=self._stream, flush=True)
            self._text = ""

    def _clear(self) -> None:
        if self._on_screen:
            self._stream.write("\r" + " " * len(self._on_screen) + "\r")
            self._on_screen = ""
