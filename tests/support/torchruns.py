"""Starts real torchruns on this machine, for tests that kill parts of them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SUPPORT = Path(__file__).parent


class Torchrun:
    """A running torchrun: ``pid``; after :meth:`end` its ``status``.

    Args:
        folder: for what its processes say.
        words: the program and its words.
        world: how many processes it starts.
        restarts: how often it may start them again.
    """

    def __init__(self, folder: Path, *words: str, world: int = 2, restarts: int = 0) -> None:
        self._told = folder
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH")])),
        }
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={world}"]
        torchrun += [f"--max-restarts={restarts}", "--redirects=3", f"--log-dir={folder}"]
        self._process = subprocess.Popen(
            torchrun + list(words), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.pid = self._process.pid
        self.status: int | None = None

    def process(self, rank: int) -> int:
        """The process id of a rank that runs now."""
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            if f"\0RANK={rank}\0" in Path(f"/proc/{child}/environ").read_text():
                return int(child)
        raise LookupError(f"no process of rank {rank}")

    def wait_for_lines(self, log: Path, count: int, seconds: float = 600) -> None:
        """Wait until a file has so many lines."""
        deadline = time.monotonic() + seconds
        while not log.exists() or log.read_text().count("\n") < count:
            assert self._process.poll() is None, self.all_told()
            assert time.monotonic() < deadline, f"{log} has no {count} lines"
            time.sleep(0.02)

    def end(self, seconds: float = 600) -> int:
        """Wait for it to end."""
        self.status = self._process.wait(seconds)
        return self.status

    def told(self, rank: int, attempt: int = 0, stream: str = "stderr") -> str:
        """What a rank's process wrote."""
        (path,) = self._told.glob(f"*/attempt_{attempt}/{rank}/{stream}.log")
        return path.read_text()

    def all_told(self) -> str:
        """What all of them wrote."""
        return "\n".join(f"{path}: {path.read_text()}" for path in sorted(self._told.rglob("*.log")))

    def __enter__(self) -> "Torchrun":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
