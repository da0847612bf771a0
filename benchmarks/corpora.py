"""Does a corpus of a million images take more memory, or more time a draw, than one of ten thousand?

    python benchmarks/corpora.py [--rows 10000 100000 1000000] [--kinds csv parquet folder shards]

For each number of rows and kind of source, in a fresh process: a source of that many images is written to the
temporary folder; opened, which is timed; and 20,000 draws of an index with the image's name are timed, which is what a
sample costs before any decoding. Times are processor time, which other work on the machine does not stretch. Memory is
resident memory (RSS) of the process: what opening and drawing add to what it had with everything imported, at the end
and at the most. The 20,000 draws are checked to be of different images.

csv and parquet: a manifest with path, source and licence, filtered by licence. folder: empty files, 1000 to a folder.
shards: tars of 1000 members of no bytes each.
"""

import argparse
import io
import multiprocessing
import os
import platform
import tarfile
import tempfile
import threading
import time
from pathlib import Path

DRAWS = 20_000


def rows(count: int) -> list[tuple[str, str, str]]:
    return [(f"photographs/{i % 997:03d}/{i:09d}.jpg", f"person {i % 50}", "CC0") for i in range(count)]


def write(kind: str, folder: Path, count: int) -> dict[str, object]:
    """Write a source; returns its keys in a recipe."""
    if kind == "csv":
        import csv

        with (folder / "m.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("path", "source", "licence"), *rows(count)])
        return {"manifest": "m.csv", "licences": ("CC0",)}
    if kind == "parquet":
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.table(dict(zip(("path", "source", "licence"), zip(*rows(count), strict=True), strict=True)))
        pyarrow.parquet.write_table(table, folder / "m.parquet")
        return {"manifest": "m.parquet", "licences": ("CC0",)}
    for first in range(0, count, 1000):
        numbers = range(first, min(first + 1000, count))
        if kind == "folder":
            inside = folder / "f" / f"{first:09d}"
            inside.mkdir(parents=True)
            for i in numbers:
                (inside / f"{i:09d}.jpg").touch()
        else:
            with tarfile.open(folder / f"s-{first:09d}.tar", "w") as tar:
                for i in numbers:
                    tar.addfile(tarfile.TarInfo(f"{i:09d}.jpg"), io.BytesIO())
    return {"folder": "f"} if kind == "folder" else {"shards": "s-*.tar"}


def resident() -> int:
    """RSS of this process, bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """The most RSS while entered, looked at every 5 ms."""

    def __enter__(self) -> "Peak":
        self.most, self._done = resident(), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.most = max(self.most, resident())

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def measure(
    keys: dict[str, object], folder: str, count: int, answer: "multiprocessing.Queue[tuple[float, ...]]"
) -> None:
    """Open, draw, and put seconds, draws a second, and MB more at the end and at the most."""
    from contrique.learning.corpora.images import Images
    from contrique.learning.sources import Source

    if "manifest" in keys:
        import pyarrow.parquet  # noqa: F401 (its 60 MB are there for any number of rows)
    before = resident()
    with Peak() as peak:
        started = time.process_time()
        images = Images([Source(**keys)], folder)  # type: ignore[arg-type]
        opened = time.process_time()
        indices = [images._at(0, position, None) for position in range(DRAWS)]
        names = [images.name(index) for index in indices]
        ended = time.process_time()
    after = resident()
    assert len(images) == count
    assert len(set(names[:count])) == min(count, DRAWS)
    answer.put((opened - started, DRAWS / (ended - opened), (after - before) / 1e6, (peak.most - before) / 1e6))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument(
        "--kinds", nargs="+", default=["csv", "parquet"], choices=["csv", "parquet", "folder", "shards"]
    )
    args = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    print(f"machine: {platform.machine()}, {os.cpu_count()} CPU cores, Python {platform.python_version()}")
    print(f"{'source':9}{'rows':>10}{'opening, CPU s':>16}{'draws/CPU s':>13}{'RSS more, MB':>14}{'at most, MB':>13}")
    for kind in args.kinds:
        for count in args.rows:
            with tempfile.TemporaryDirectory() as folder:
                keys = write(kind, Path(folder), count)
                answer = spawn.Queue()
                process = spawn.Process(target=measure, args=(keys, folder, count, answer))
                process.start()
                seconds, draws, after, most = answer.get(timeout=3600)
                process.join()
            print(f"{kind:9}{count:10,}{seconds:16.2f}{draws:13,.0f}{after:14.1f}{most:13.1f}", flush=True)


if __name__ == "__main__":
    main()
