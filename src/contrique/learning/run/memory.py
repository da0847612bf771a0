"""How much memory this process and its workers use, at most, and how much the machine has left. Bytes throughout.

On Linux from /proc and cgroups (proc(5), the kernel's cgroup-v1 and -v2 documentation); elsewhere the peak is this
process's alone, and what is left is not known.
"""

import contextlib
import multiprocessing
import re
import sys
import threading
from pathlib import Path

INTERVAL = 0.1  # seconds between looks; freed memory is kept for the next step, so that no peak is missed for long


def used() -> int:
    """Memory of this process and its workers now; pages that they share are counted once."""
    if not sys.platform.startswith("linux"):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
    total = 0
    for process in ("self", *(str(worker.pid) for worker in multiprocessing.active_children())):
        with contextlib.suppress(OSError, TypeError):  # ended just now
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
            found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
            total += 1024 * int(found[1]) if found else 0
    return total


class Peak:
    """The most memory used while entered; a context manager.

    Attributes:
        value: so far.
    """

    def __init__(self) -> None:
        self.value = used()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="contrique-memory", daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            self.value = max(self.value, used())

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.value = max(self.value, used())


def available() -> int | None:
    """Memory that can still be had: the machine's, or less if a container or job has a limit; None if not known."""
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return None
    if not found:
        return None
    return min([1024 * int(found[1]), *_left_in_groups()])


def _left_in_groups() -> list[int]:
    """What the limits of this process's cgroup, and of those around it, leave; a group's file cache can be freed."""
    left = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds and "memory" not in kinds.split(","):
                continue
            root = Path("/sys/fs/cgroup", "memory" if kinds else "")
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if kinds else ("memory.max", "memory.current")
            group = root / path.lstrip("/")
            for folder in (group, *group.parents):
                if not folder.is_relative_to(root):
                    break
                with contextlib.suppress(OSError, ValueError):  # the top group states no limit; "max" is none
                    limit, usage = (int((folder / name).read_text()) for name in names)
                    stat = (folder / "memory.stat").read_text()
                    cache = re.search(r"^(?:total_)?inactive_file (\d+)", stat, re.MULTILINE)
                    left.append(max(0, limit - usage + (int(cache[1]) if cache else 0)))
    return left
