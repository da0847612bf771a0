"""The record of a run: JSON Lines and TensorBoard agree, also after being cut anywhere and resumed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrique.learning.run.journal import EVENTS, LOG, PROBES, Journal


def line(step):
    return {"step": step, "loss": 1 / step, "lr": 0.1, "views_per_second": 9.0, "data_wait": 0.0, "seconds": 1.0}


def probe(step):
    return {"type": 0.1, "level": 0.2, "class": step / 100, "seconds": 1.0}


def carry_out(folder, first, last, every=2):
    """What a run of these steps records, with a probe before the first and after every other step."""
    with Journal(folder, first, 10, progress=False) as journal:
        if first == 0:
            journal.probe(0, probe(0))
        for step in range(first + 1, last + 1):
            if step % every == 0:
                journal.probe(step, probe(step))
            journal.step(line(step), 8)


def recorded(folder, name):
    return [json.loads(text) for text in (folder / name).read_text().splitlines()]


def shown(folder, tag):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulators.EventAccumulator(str(folder / EVENTS), purge_orphaned_data=False)
    events.Reload()
    return {event.step: (event.value, event.wall_time) for event in events.Scalars(tag)}, len(events.Scalars(tag))


def test_tensorboard_shows_what_the_log_says(tmp_path):
    carry_out(tmp_path, 0, 5)
    log, probes = recorded(tmp_path, LOG), recorded(tmp_path, PROBES)
    assert [entry["step"] for entry in log] == [1, 2, 3, 4, 5]
    assert [entry["step"] for entry in probes] == [0, 2, 4]
    for entries, key, tag in [
        (log, "loss", "train/loss"),
        (log, "lr", "train/learning_rate"),
        (log, "views_per_second", "speed/views_per_second"),
        (log, "data_wait", "speed/data_wait"),
        (probes, "type", "probe/type"),
        (probes, "level", "probe/level"),
        (probes, "class", "probe/class"),
    ]:
        expected = {entry["step"]: pytest.approx((entry[key], entry["time"]), rel=1e-6) for entry in entries}
        assert shown(tmp_path, tag) == (expected, len(entries))


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), max_size=3), torn=st.integers(0, 40))
def test_however_it_was_cut_each_step_is_there_once(tmp_path_factory, cuts, torn):
    """A run reaches some step, is killed in the middle of a write, and goes on from an earlier checkpoint."""
    folder = tmp_path_factory.mktemp("run")
    reached = 6
    carry_out(folder, 0, reached)
    for back, on in cuts:
        for name in (LOG, PROBES):
            with (folder / name).open("a") as file:
                file.write(json.dumps(line(reached + 1))[:torn])
        first = max(0, reached - back)
        reached = first + on
        carry_out(folder, first, reached)
    assert [entry["step"] for entry in recorded(folder, LOG)] == list(range(1, reached + 1))
    assert [entry["step"] for entry in recorded(folder, PROBES)] == list(range(0, reached + 1, 2))


def test_the_event_file_is_whole_again_after_resuming(tmp_path):
    carry_out(tmp_path, 0, 7)
    before, _ = shown(tmp_path, "train/loss")
    carry_out(tmp_path, 4, 10)
    after, count = shown(tmp_path, "train/loss")
    assert count == 10
    assert after.keys() == set(range(1, 11))
    assert all(after[step] == before[step] for step in range(1, 5))  # wall time, too
    assert shown(tmp_path, "probe/class")[0].keys() == {0, 2, 4, 6, 8, 10}


def test_a_lost_event_file_comes_back_from_the_log(tmp_path):
    carry_out(tmp_path, 0, 3)
    for path in (tmp_path / EVENTS).iterdir():
        path.unlink()
    carry_out(tmp_path, 3, 3)
    assert shown(tmp_path, "train/loss")[0].keys() == {1, 2, 3}


def test_warnings_and_probes_are_told(tmp_path, capsys):
    with Journal(tmp_path, 0, 10, progress=True) as journal:
        journal.warn("a.png: broken")
        journal.probe(0, {"type": 0.04, "level": 0.2, "class": 0.008, "seconds": 1.0})
        journal.step(line(1), 8)
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == ["warning: a.png: broken", "probe after step 0: type 4.0 %, level 20.0 %, class 0.8 %"]
    assert told[2].startswith("step 1 of 10 · loss 1.000 · ")
