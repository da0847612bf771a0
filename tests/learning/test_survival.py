"""Real runs that are really killed, starved and robbed: each stops clearly with its last checkpoint intact, and
resumed ends with the bits of a run that nothing happened to."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ends import STEPS, assert_clear, assert_same, ending, logged, newest, recipe_in, writing
from lives import Lives
from safetensors.torch import load_file

from contrique.errors import ContriqueError
from contrique.learning.pretrain import pretrain
from contrique.learning.recipe import read_recipe
from contrique.learning.run.checkpoints import all_checkpoints, step_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
slow = pytest.mark.slow  # test_pretrain, test_checkpoints and others ask much of it without real processes, quickly


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    with Lives(tmp_path_factory.mktemp("lives") / "told.txt") as lives:
        yield lives


@pytest.fixture(scope="module")
def whole(lives, tmp_path_factory):
    """How the tiny recipe ends when nothing happens."""
    folder = tmp_path_factory.mktemp("whole")
    life = lives.start("pretrain", recipe_in(folder), "-o", folder / "run").end()
    assert life.status == 0, life.told
    found = ending(folder / "run")
    assert [line[0] for line in found[1]] == list(range(1, STEPS + 1))
    assert found[2][1] == {"pristine": 5, "authentic": 8, "unusable": 1}
    assert len(found[3]) == 2
    return found


@slow
def test_killed_anywhere_it_ends_with_the_same_bits(lives, whole, tmp_path):
    """In training, in the log, and in the middle of a checkpoint; every life is started with --resume."""
    recipe, out = recipe_in(tmp_path), tmp_path / "run"
    half_written = 0
    moments = [
        ("log", 2),
        *[("checkpoint", step) for step in (3, 4, 5, 6)],
        ("a moment later", 7),
    ]
    for moment, step in moments:
        if moment == "checkpoint" and half_written:  # on a busy machine the first tries can come too late
            continue
        life = lives.start("pretrain", recipe, "-o", out, "--resume")
        if moment == "checkpoint":
            assert life.until(lambda step=step: writing(out, step) or newest(out) > step), life.end().told
        else:
            assert life.until(lambda step=step: logged(out, step)), life.end().told
        if moment == "a moment later":
            time.sleep(random.uniform(0, 0.05))
        life.kill()
        if life.end().status == 0:  # it was quicker
            break
        assert life.status == -signal.SIGKILL, life.told
        half_written += bool(writing(out, 1))
    assert half_written  # else this tested less than it says
    life = lives.start("pretrain", recipe, "-o", out, "--resume").end()
    assert life.status == 0, life.told
    assert_same(out, whole)


@slow
def test_killed_at_random_again_and_again(lives, whole, tmp_path):
    recipe, out = recipe_in(tmp_path), tmp_path / "run"
    started = time.monotonic()
    life = lives.start("pretrain", recipe, "-o", tmp_path / "timed").end()
    length = time.monotonic() - started
    killed = 0
    for _ in range(60):
        life = lives.start("pretrain", recipe, "-o", out, "--resume")
        deadline = time.monotonic() + random.uniform(0, length if killed else length / 4)
        life.until(lambda deadline=deadline: time.monotonic() > deadline, pause=0.001)
        life.kill()
        killed += life.end().status == -signal.SIGKILL
        assert life.status in (0, -signal.SIGKILL), life.told
        if life.status == 0 and killed:
            break
        if life.status == 0:  # quicker than the first: it was never killed
            shutil.rmtree(out)
    life = lives.start("pretrain", recipe, "-o", out, "--resume").end()
    assert life.status == 0, life.told
    assert killed >= 1
    assert_same(out, whole)


@slow
def test_the_installed_command_with_a_real_encoder(tmp_path):
    recipe = recipe_in(tmp_path, steps=5, workers=2)
    command = [str(Path(sys.executable).with_name("contrique")), "pretrain", str(recipe), "-o"]
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "env": os.environ | {"OMP_NUM_THREADS": "1"}}
    subprocess.run([*command, str(tmp_path / "whole")], check=True, timeout=300, **options)
    out = tmp_path / "run"
    for step in (1, 3):
        with subprocess.Popen([*command, str(out), "--resume"], **options) as running:
            while not logged(out, step):
                assert running.poll() is None, running.stderr.read()
                time.sleep(0.001)
            running.kill()
    subprocess.run([*command, str(out), "--resume"], check=True, timeout=300, **options)
    assert_same(out, ending(tmp_path / "whole"))


@slow
def test_workers_go_with_the_process_that_is_killed(lives, tmp_path):
    life = lives.start("pretrain", recipe_in(tmp_path, steps=1000, workers=2), "-o", tmp_path / "run")
    assert life.until(lambda: logged(tmp_path / "run", 1)), life.end().told
    workers = life.workers()
    assert len(workers) == 2
    life.kill()
    life.end()
    deadline = time.monotonic() + 3  # they would notice by themselves after five
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@slow
def test_a_lost_worker_and_a_second_run_in_the_same_folder(lives, whole, tmp_path):
    recipe, out = recipe_in(tmp_path), tmp_path / "run"
    life = lives.start("pretrain", recipe, "-o", out)
    assert life.until(lambda: logged(out, 2)), life.end().told
    os.kill(life.pid, signal.SIGSTOP)  # so that it is still there when another looks
    with pytest.raises(ContriqueError, match=rf"another process \(number {life.pid}\) is carrying out this run"):
        pretrain(read_recipe(recipe), out, resume=True)
    os.kill(life.workers()[0], signal.SIGKILL)  # as the kernel does when memory runs out
    os.kill(life.pid, signal.SIGCONT)
    assert_clear(life.end(), "process that makes views was lost (out of memory?)")
    assert newest(out) >= 1
    life = lives.start("pretrain", recipe, "-o", out, "--resume").end()
    assert life.status == 0, life.told
    assert_same(out, whole)


@slow
def test_a_damaged_checkpoint_is_done_without(lives, whole, tmp_path):
    recipe, out = recipe_in(tmp_path), tmp_path / "run"
    life = lives.start("pretrain", recipe, "-o", out)
    assert life.until(lambda: newest(out) >= 4), life.end().told
    life.kill()
    life.end()
    *_, before, last = all_checkpoints(out / "checkpoints")
    with last.open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(b"\xff" * 8)
    life = lives.start("pretrain", recipe, "-o", out, "--resume").end()
    assert life.status == 0, life.told
    assert f"warning: {last}: damaged" in life.told
    assert last.with_name(f"{last.name}.damaged").exists()
    assert (out / "log.jsonl").read_text().count('"step"') == STEPS
    assert step_of(before) == step_of(last) - 1
    assert_same(out, whole)


def pack(folder, tar):
    subprocess.run(["tar", "-cf", tar, "-C", folder, "."], check=True)


@slow
@pytest.mark.parametrize("kind", ["folder", "manifest", "shards"])
def test_a_source_that_vanishes_stops_it_until_it_is_back(lives, whole, tmp_path, kind):
    """The other source is still there: it does not stand in."""
    recipe, out = recipe_in(tmp_path), tmp_path / "run"
    source = tmp_path / "images" / "found"
    if kind == "manifest":  # which lies elsewhere, and stays
        names = "".join(f"found/{path.name}\n" for path in source.iterdir())
        (tmp_path / "images" / "list.csv").write_text(f"path\n{names}")
        recipe.write_text(recipe.read_text().replace('folder = "found"', 'manifest = "list.csv"'))
    if kind == "shards":
        pack(source, tmp_path / "images" / "found.tar")
        recipe.write_text(recipe.read_text().replace('folder = "found"', 'shards = "found.tar"'))
        source = tmp_path / "images" / "found.tar"
    life = lives.start("pretrain", recipe, "-o", out)
    assert life.until(lambda: logged(out, 2)), life.end().told
    source.rename(tmp_path / "elsewhere")
    assert_clear(life.end(), source)
    assert 1 <= newest(out) < STEPS
    (tmp_path / "elsewhere").rename(source)
    life = lives.start("pretrain", recipe, "-o", out, "--resume").end()
    assert life.status == 0, life.told
    if kind == "folder":
        assert_same(out, whole)


@slow
def test_nan_stops_it(lives, tmp_path):
    recipe = recipe_in(tmp_path)
    recipe.write_text(recipe.read_text().replace("lr = 0.05", "lr = 1e30"))
    life = lives.start("pretrain", recipe, "-o", tmp_path / "run").end()
    assert_clear(life, "not finite" if "not finite" in life.told else "the loss is")
    for path in all_checkpoints(tmp_path / "run" / "checkpoints"):
        assert all(value.isfinite().all() for value in load_file(path).values() if value.is_floating_point())


@pytest.fixture
def small_disk(tmp_path):
    """Makes a real disk of so many bytes, and grows it."""
    path = tmp_path / "disk"
    path.mkdir()
    made = []

    def resize(size):
        options = f"size={int(size)}" + (",remount" if made else "")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, check=False)
        if done.returncode:
            assert b"permi" in done.stderr or b"superuser" in done.stderr, done.stderr
            pytest.skip("needs the right to mount a small disk")
        made.append(path)
        return path

    yield resize
    if made:
        subprocess.run(["umount", "--lazy", path], check=True)


def fill(path):
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@slow
@pytest.mark.parametrize("full_at", ["checkpoint", "encoder"])
def test_a_full_disk_stops_it_until_there_is_room(lives, whole, tmp_path, small_disk, full_at):
    every, rooms, named, reached = {
        "checkpoint": (1, 2.5, "step_00000003.safetensors", 2),
        "encoder": (STEPS, 1.01, "encoder", STEPS),
    }[full_at]
    size = 10**5 + sum(value.nbytes for value in whole[0].values())  # of a checkpoint and the little files
    recipe, out = recipe_in(tmp_path, checkpoint_every=every), small_disk(rooms * size) / "run"
    assert_clear(lives.start("pretrain", recipe, "-o", out).end(), out, named, "No space left on device")
    assert newest(out) == reached
    assert not list(out.rglob(".*.partial"))
    small_disk(20 * size)
    life = lives.start("pretrain", recipe, "-o", out, "--resume").end()
    assert life.status == 0, life.told
    assert_same(out, whole)


@slow
def test_a_log_on_a_full_disk_is_named(lives, tmp_path, small_disk):
    recipe, out = recipe_in(tmp_path, steps=1000, checkpoint_every=1000), small_disk(2**20) / "run"
    (out.parent / "more").touch()
    life = lives.start("pretrain", recipe, "-o", out)
    assert life.until(lambda: logged(out, 1)), life.end().told
    fill(out.parent / "more")
    assert_clear(life.end(), out / "log.jsonl", "cannot record step", "No space left on device")


def test_a_log_cut_anywhere_is_mended(tmp_path):
    """A power cut can leave any part of the last lines."""
    from contrique.learning.run.journal import Journal

    lines = [json.dumps({"step": step, "loss": 1.5, "lr": 0.1}) + "\n" for step in (1, 2, 3, 4)]
    text = "".join(lines)
    for cut in range(len(text) + 1):
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "log.jsonl").write_text(text[:cut])
        with Journal(tmp_path / "run", 3, 5, progress=False) as journal:
            journal.step({"step": 4, "loss": 1.0}, 8)
        whole_before = sum(cut >= len("".join(lines[:n])) - 1 for n in (1, 2, 3))
        found = [json.loads(line)["step"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
        assert found == [*range(1, whole_before + 1), 4]
