"""Event files, read by TensorBoard itself."""

import pytest

from contrique.learning.run.event_file import EventFile, masked


@pytest.fixture
def read():
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def scalars(folder):
        """Tag → (step, value, wall time) of every event, without TensorBoard's own removal of repeated steps."""
        events = accumulators.EventAccumulator(str(folder), size_guidance={"scalars": 0}, purge_orphaned_data=False)
        events.Reload()
        return {tag: [(e.step, e.value, e.wall_time) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}

    return scalars


def test_the_checksum_is_crc_32c():
    """Vectors of RFC 3720, B.4, unmasked."""

    def unmasked(data):
        rotated = (masked(data) - 0xA282EAD8) & 0xFFFFFFFF
        return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF

    assert unmasked(bytes(32)) == 0x8A9136AA
    assert unmasked(b"\xff" * 32) == 0x62A8AB43
    assert unmasked(bytes(range(32))) == 0x46DD794E
    assert unmasked(b"123456789") == 0xE3069283


def test_tensorboard_reads_what_was_written(tmp_path, read):
    """Steps and tags of every length of varint, values to float32, also infinite and NaN ones."""
    steps = [0, 1, 127, 128, 300, 2**21, 2**40]
    values = [0.5, -1e-30, 3e38, float("inf"), 0.0, 1 / 3, 2.0]
    tag = "a/" + "long" * 50 + "é"
    with EventFile(tmp_path / "new" / "folder") as file:
        for step, value in zip(steps, values, strict=True):
            file.scalars(step, {"a/b": value, tag: -value}, 1e9 + step / 8)
        file.scalars(5, {"nan": float("nan")}, 1.0)
    got = read(tmp_path / "new" / "folder")
    assert got.keys() == {"a/b", tag, "nan"}
    assert [(step, wall) for step, _, wall in got["a/b"]] == [(step, 1e9 + step / 8) for step in steps]
    assert [value for _, value, _ in got["a/b"]] == pytest.approx(values, rel=1e-6)
    assert [value for _, value, _ in got[tag]] == pytest.approx([-v for v in values], rel=1e-6)
    assert got["nan"][0][1] != got["nan"][0][1]


def test_tensorboards_own_reader_agrees_on_every_record(tmp_path):
    """Its record reader checks both checksums; its parser every field."""
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    with EventFile(tmp_path) as file:
        file.scalars(3, {"x": 1.0}, 2.0)
    version, start, event = loader.LegacyEventFileLoader(str(next(tmp_path.iterdir()))).Load()
    assert version.file_version == "brain.Event:2"
    assert (start.session_log.status, start.step) == (start.session_log.START, 0)
    assert (event.step, event.summary.value[0].tag, event.summary.value[0].simple_value) == (3, "x", 1.0)


def test_a_new_file_takes_the_place_of_the_old_but_of_nobody_elses(tmp_path, read):
    with EventFile(tmp_path) as file:
        file.scalars(1, {"x": 1.0}, 1.0)
    other = tmp_path / "events.out.tfevents.1.somebody"
    other.write_bytes(b"")
    for value in (2.0, 3.0):
        with EventFile(tmp_path) as file:
            file.scalars(1, {"x": value}, 2.0)
        assert [value for _, value, _ in read(tmp_path)["x"]] == [value]
    assert other.exists()
    assert len(list(tmp_path.iterdir())) == 3  # that, the emptied one, and the new one


def test_tensorboard_that_watches_forgets_the_old_file(tmp_path):
    """As the running server does it: one accumulator, reloaded after the file was replaced."""
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with EventFile(tmp_path) as file:
        for step in range(1, 6):
            file.scalars(step, {"x": 0.0}, 1.0)
    watching = accumulators.EventAccumulator(str(tmp_path))
    watching.Reload()
    assert len(watching.Scalars("x")) == 5
    with EventFile(tmp_path) as file:
        for step in range(1, 4):
            file.scalars(step, {"x": 1.0}, 1.0)
        file.flush()
        watching.Reload()
        assert [(e.step, e.value) for e in watching.Scalars("x")] == [(1, 1.0), (2, 1.0), (3, 1.0)]


def test_what_was_flushed_is_there_though_the_process_was_killed(tmp_path, read):
    file = EventFile(tmp_path)
    file.scalars(1, {"x": 1.0}, 1.0)
    file.flush()
    assert [step for step, _, _ in read(tmp_path)["x"]] == [1]
    file.__exit__(None, None, None)


def test_a_full_disk_is_an_error_where_it_happens():
    """/dev/full takes nothing; a writer behind a queue would go on and hang later."""
    file = object.__new__(EventFile)
    try:
        file._file = open("/dev/full", "wb")  # noqa: SIM115
    except OSError:
        pytest.skip("no /dev/full here")
    file.scalars(1, {"x": 1.0}, 1.0)
    with pytest.raises(OSError, match="No space left"):
        file.flush()
