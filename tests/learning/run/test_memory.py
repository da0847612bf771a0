"""Memory as /proc tells it, against allocations of known size."""

import mmap
import multiprocessing
import sys
import time

import numpy as np
import pytest

from contrique.learning.run import memory

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
MB = 1_000_000


def test_the_peak_is_seen_though_it_is_over(tmp_path):
    with memory.Peak() as peak:
        before = memory.used()
        # pages of its own: malloc would hand out again what earlier tests gave back
        held = mmap.mmap(-1, 200 * MB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for _ in range(200):
            held.write(b"1" * MB)
        time.sleep(3 * memory.INTERVAL)
        held.close()
    assert 195 * MB < peak.value - before < 230 * MB


def test_workers_count_and_what_is_shared_counts_once():
    held = np.ones(100 * MB, np.uint8)
    context = multiprocessing.get_context("fork")
    ready, leave = context.Event(), context.Event()

    def work():
        own = np.ones(50 * MB, np.uint8)
        ready.set()
        leave.wait(60)
        assert own.any()
        assert held.any()

    before = memory.used()
    worker = context.Process(target=work)
    worker.start()
    try:
        assert ready.wait(60)
        assert 48 * MB < memory.used() - before < 80 * MB
    finally:
        leave.set()
        worker.join()


def test_no_more_is_available_than_the_machine_has():
    found = memory.available()
    total = next(line for line in open("/proc/meminfo") if line.startswith("MemTotal"))  # noqa: SIM115
    assert 0 < found <= 1024 * int(total.split()[1])


@pytest.mark.parametrize("version", [1, 2])
def test_a_groups_limit_counts(tmp_path, monkeypatch, version):
    """A job limited to 1 GB that uses 600 MB, 100 MB of it file cache, in a group of groups without limits."""
    kinds, names, top = (
        ("memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"), str(2**63 - 4096))
        if version == 1
        else ("", ("memory.max", "memory.current", "inactive_file"), "max")
    )
    root = tmp_path / "sys/fs/cgroup" / kinds
    job = root / "user" / "job"
    job.mkdir(parents=True)
    for folder, limit in ((job, str(1000 * MB)), (job.parent, top)):
        (folder / names[0]).write_text(limit + "\n")
        (folder / names[1]).write_text(f"{600 * MB}\n")
        (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {100 * MB}\n")
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"9:cpu:/elsewhere\n4:{kinds}:/user/job\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable:    8000000 kB\n")
    real = memory.Path
    monkeypatch.setattr(memory, "Path", lambda first, *rest: real(tmp_path, first.lstrip("/"), *rest))
    assert memory.available() == 500 * MB
    (job / names[0]).write_text(top)
    assert memory.available() == 8_192_000_000


def test_where_nothing_is_told_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "Path", lambda *parts: tmp_path / "nowhere")
    assert memory.available() is None
