"""Files are there whole or not at all, leftovers go, and a run folder has one user at a time."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys

import pytest

from contrique.errors import ContriqueError
from contrique.learning.run.durable import partial, publish_folder, remove_leftovers, sole_user, write_atomically


def test_a_file_is_written_whole(tmp_path):
    write_atomically(tmp_path / "a.json", json.dumps([1]))
    write_atomically(tmp_path / "a.json", json.dumps(["zwölf"]))
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == ["zwölf"]


@pytest.mark.parametrize("failing", ["write", "fsync", "replace", "handler"])
def test_a_failure_anywhere_leaves_the_old_file_and_no_trace(tmp_path, monkeypatch, failing):
    path = tmp_path / "a.json"
    write_atomically(path, "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fail(*_):
        raise RuntimeError("a worker was lost") if failing == "handler" else OSError(28, "No space left on device")

    expected = {"write": "File too large", "handler": "a worker was lost"}.get(failing, "No space left")
    if failing == "write":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    else:
        monkeypatch.setattr(*((type(path), "replace") if failing == "replace" else (os, "fsync")), fail)
    try:
        with pytest.raises(RuntimeError if failing == "handler" else OSError, match=expected) as caught:
            write_atomically(path, "new and longer")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    monkeypatch.undo()
    assert failing == "handler" or caught.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"


def test_a_folder_gets_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "encoder"
    partial(path).mkdir()
    (partial(path) / "a").write_text("a")
    publish_folder(path)
    assert [p.name for p in tmp_path.iterdir()] == ["encoder"]
    assert (path / "a").read_text() == "a"


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    kept = [tmp_path / name for name in ("a.partial", ".hidden", "b")]
    for path in (*kept, tmp_path / ".log.jsonl.partial"):
        path.touch()
    partial(tmp_path / "encoder").mkdir()
    (partial(tmp_path / "encoder") / "x").touch()
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    remove_leftovers(tmp_path / "none")


def test_one_process_at_a_time_and_a_killed_one_lets_go(tmp_path):
    script = f"""
import os, time
from pathlib import Path
from contrique.learning.run.durable import sole_user
with sole_user(Path({str(tmp_path)!r})):
    child = os.fork()  # as a worker process is: it must not keep the lock
    if child:
        print(child, flush=True)
    time.sleep(100)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        child = int(process.stdout.readline())
        try:
            stopped = pytest.raises(ContriqueError, match=rf"another process \(number {process.pid}\)")
            with stopped, sole_user(tmp_path):
                pass
            process.send_signal(signal.SIGKILL)
            process.wait()
            os.kill(child, 0)  # is still there
            with sole_user(tmp_path):
                pass
            with sole_user(tmp_path):  # and again
                pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            process.kill()
