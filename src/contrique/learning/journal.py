"""What a run tells while it goes: a line a step in log.jsonl, and a live line on stderr."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from contrique.learning.durable import write_atomically

LOG = "log.jsonl"


class Journal:
    """The log of a run and its live line; a context manager.

    Args:
        folder: of the run; the log is ``log.jsonl`` there.
        first: steps done before; lines of later steps, which will be done again, are dropped.
        steps: length of the whole run.
        progress: show the live line on stderr.
    """

    def __init__(self, folder: Path, first: int, steps: int, *, progress: bool = True) -> None:
        self._log = _open_log(folder / LOG, first)
        interval = 0.5 if sys.stderr.isatty() else 30
        self._bar: tqdm[Any] = tqdm(
            total=steps, initial=first, unit="step", disable=not progress, file=sys.stderr, mininterval=interval
        )

    def step(self, line: dict[str, Any], views_per_second: float) -> None:
        """Record a step.

        Args:
            line: JSON types; ``step`` counts the steps done, ``loss`` is the loss before the last of them.
            views_per_second: since the run (re)started, for the live line.
        """
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()
        self._bar.set_postfix(loss=f"{line['loss']:.3f}", views_s=f"{views_per_second:.1f}", refresh=False)
        self._bar.update()

    def warn(self, text: str) -> None:
        """Print a warning above the live line."""
        self._bar.write(f"warning: {text}", file=sys.stderr)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        self._log.close()


def _open_log(path: Path, first: int) -> TextIO:
    """Open the log for more lines, without those of steps that will be done again."""
    kept = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            with contextlib.suppress(json.JSONDecodeError):  # a last line cut short by a crash
                if json.loads(line)["step"] <= first:
                    kept.append(line)
    write_atomically(path, "".join(kept))
    return path.open("a", encoding="utf-8")
