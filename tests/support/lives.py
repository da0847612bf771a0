"""Runs the real command again and again for tests that kill it: what it imports is imported once, each life is a
fork. Only the network is smaller than any that can be asked for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

WOMB = """
import json, os, sys
import torch._dynamo, scipy.ndimage  # what a run imports on its way, seconds of it
import contrique.learning.pretrain
from contrique.cli.main import main
from contrique.learning import encoders
from tiny_encoder import Tiny

encoders.build = lambda name, start: Tiny(ballast=2**21)

for line in sys.stdin:
    words, told, limits = json.loads(line)
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (1, 2):
            os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        if limits:
            import resource
            for name, value in limits.items():
                resource.setrlimit(getattr(resource, name), (value, value))
        sys.exit(main(words))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Life:
    """One running command: ``pid``, and after :meth:`end` its ``status`` and what it ``told`` (stdout and stderr)."""

    def __init__(self, womb: subprocess.Popen, words: list[str], told: Path, limits: dict[str, int]) -> None:
        self._womb, self._told = womb, told
        told.unlink(missing_ok=True)
        womb.stdin.write(json.dumps([words, str(told), limits]) + "\n")
        womb.stdin.flush()
        self.pid = int(womb.stdout.readline())
        self.status: int | None = None

    def workers(self) -> list[int]:
        """Its child processes."""
        return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def running(self) -> bool:
        """Whether it has not ended by itself (a process that ended stays visible until :meth:`end`, as a zombie)."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def until(self, condition: Callable[[], object], pause: float = 0.0, patience: float = 120) -> bool:
        """Wait until something holds; False if the process ended before."""
        deadline = time.monotonic() + patience
        while not condition():
            if not self.running():
                return False
            assert time.monotonic() < deadline, self._told.read_text()
            time.sleep(pause)
        return True

    def kill(self) -> None:
        """``kill -9``, if it is still there."""
        if self.running():
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> "Life":
        """Wait for its end."""
        self.status = int(self._womb.stdout.readline())
        self.told = self._told.read_text()
        return self


class Lives:
    """Starts commands; a context manager. One at a time."""

    def __init__(self, told: Path) -> None:
        self._told = told
        self._last: Life | None = None

    def __enter__(self) -> "Lives":
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", WOMB]
        self._womb = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        return self

    def __exit__(self, *_: object) -> None:
        if self._last and self._last.status is None:
            self._last.kill()
        self._womb.stdin.close()
        self._womb.stdout.close()
        self._womb.kill()
        self._womb.wait()

    def start(self, *words: object, limits: dict[str, int] | None = None) -> Life:
        """Start ``contrique`` with these words, under limits by their name in the module resource."""
        if self._last and self._last.status is None:  # its test failed
            self._last.kill()
            self._last.end()
        self._last = Life(self._womb, [str(word) for word in words], self._told, limits or {})
        return self._last
