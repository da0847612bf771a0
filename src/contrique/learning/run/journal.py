"""What a run tells while it goes: a line a step in log.jsonl, probes in probe.jsonl, both as TensorBoard scalars, and a
live line on stderr.

The two JSON Lines files are the record. On resuming, lines of steps that will be done again are dropped from them, and
the event file is written anew from what is left: each step is there once, whatever came in between.
"""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any, TextIO

from contrique.learning.run.durable import partial
from contrique.learning.run.event_file import EventFile
from contrique.learning.run.live import LiveLine

LOG, PROBES, EVENTS = "log.jsonl", "probe.jsonl", "tensorboard"
_SCALARS = {
    "loss": "train/loss",
    "lr": "train/learning_rate",
    "views_per_second": "speed/views_per_second",
    "data_wait": "speed/data_wait",
    "type": "probe/type",
    "level": "probe/level",
    "class": "probe/class",
}


class Journal:
    """The record of a run and its live line; a context manager.

    Args:
        folder: of the run.
        first: steps done before; lines of later steps, which will be done again, are dropped.
        steps: length of the whole run.
        progress: show the live line on stderr.

    Raises:
        OSError: the disk is full or cannot be written; of every method.
    """

    def __init__(self, folder: Path, first: int, steps: int, *, progress: bool = True) -> None:
        with contextlib.ExitStack() as stack:
            self._events = stack.enter_context(EventFile(folder / EVENTS))
            self._log = stack.enter_context(self._reopened(folder / LOG, first))
            self._probes = stack.enter_context(self._reopened(folder / PROBES, first))
            self._events.flush()
            self._live, self._progress = LiveLine(first, steps, show=progress), progress
            self._closing = stack.pop_all()

    def step(self, line: dict[str, Any], views: int) -> None:
        """Record a step.

        Args:
            line: JSON types; ``step`` counts the steps done, ``loss`` is the loss before the last of them.
            views: how many views the step looked at.
        """
        self._record(self._log, line)
        self._live.update(line["step"], line["loss"], views)

    def probe(self, step: int, accuracies: dict[str, float]) -> None:
        """Record a probe after so many steps; ``accuracies`` has the ``seconds`` that it took, too."""
        self._record(self._probes, {"step": step} | accuracies)
        self._live.pause(accuracies["seconds"])
        told = ", ".join(f"{what} {100 * accuracies[what]:.1f} %" for what in ("type", "level", "class"))
        if self._progress:
            self._live.above(f"probe after step {step}: {told}")

    def warn(self, text: str) -> None:
        """Print a warning above the live line."""
        self._live.above(f"warning: {text}")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._live.close()
        with contextlib.suppress(OSError) if error else contextlib.nullcontext():  # what failed first is what matters
            self._closing.close()

    def _record(self, file: TextIO, line: dict[str, Any]) -> None:
        line = line | {"time": round(time.time(), 3)}
        try:
            file.write(json.dumps(line) + "\n")
            file.flush()
            self._show(line)
            self._events.flush()
        except OSError as error:
            raise OSError(f"{file.name}: cannot record step {line['step']}: {error.strerror}") from error

    def _show(self, line: dict[str, Any]) -> None:
        values = {tag: line[key] for key, tag in _SCALARS.items() if key in line}
        self._events.scalars(line["step"], values, line.get("time", 0.0))

    def _reopened(self, path: Path, first: int) -> TextIO:
        """Open a record for more lines, without those of steps that will be done again; show the others."""
        with contextlib.suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as old:
            with partial(path).open("w", encoding="utf-8") as new:
                for text in old:
                    with contextlib.suppress(json.JSONDecodeError):  # a last line cut short by a crash
                        line = json.loads(text)
                        if line["step"] <= first and first:
                            new.write(text.rstrip("\n") + "\n")
                            self._show(line)
                new.flush()
                os.fsync(new.fileno())
            partial(path).replace(path)
        return path.open("a", encoding="utf-8")
