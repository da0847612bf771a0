"""Streams of images, with a model whose features can be computed by hand."""

import io
import itertools
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contrique.errors import ModelError
from contrique.images import Preprocessing, fit_size, half_scale, read_image
from contrique.model import Score
from contrique.scoring import feature_stream, score_stream


class FakeModel:
    """Features are the means of both scales; the score is the first of them. Remembers how it was called."""

    name = "fake"
    full_reference = False

    def __init__(self) -> None:
        self.preprocessing = Preprocessing(max_scored_pixels=4096, min_side=8)
        self.windows: list[int] = []

    def prepare(self, image_HWC: np.ndarray) -> np.ndarray:
        return fit_size(image_HWC, self.preprocessing)

    def features_of(self, images: list[np.ndarray]) -> np.ndarray:
        self.windows.append(len(images))
        full = [fit_size(image, self.preprocessing) for image in images]
        return np.array([[image.mean(), half_scale(image).mean()] for image in full], np.float32)

    def score_features(self, features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        value_N = features_ND[:, 0] / 2.55
        return value_N, value_N - 5, value_N + 5

    def to_score(self, path: str, features_D: np.ndarray) -> Score:
        (value,), (low,), (high,) = self.score_features(features_D[None])
        return Score(path, float(value), float(low), float(high))


def plain(level: int, height: int = 16, width: int = 16) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def scores(model: Any, sources: Any, **options: Any) -> list[Any]:
    return list(score_stream(model, sources, **options))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 255), st.sampled_from([(16, 16), (8, 40), (100, 90), (1, 1)])), max_size=40),
    st.integers(1, 9),
    st.integers(1, 4),
)
def test_order_is_kept_whatever_the_sizes(images: list[Any], batch: int, workers: int) -> None:
    model = FakeModel()
    got = scores(model, [plain(level, *size) for level, size in images], batch=batch, workers=workers)
    assert [round(score.value * 2.55) for score in got] == [level for level, _ in images]
    full, rest = divmod(len(images), batch)
    assert model.windows == [batch] * full + [rest] * (rest > 0)


def test_stream_equals_one_at_a_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    paths = []
    for i in range(20):
        size = [(40, 50), (200, 100), (5, 5)][i % 3]
        paths.append(tmp_path / f"{i:02}.png")
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(paths[-1])
    model = FakeModel()
    expected = [model.features_of([read_image(path)])[0] for path in paths]
    for (name, features, error), path, wanted in zip(
        feature_stream(FakeModel(), paths, batch=7), paths, expected, strict=True
    ):
        assert (name, error) == (str(path), None)
        np.testing.assert_array_equal(features, wanted)


def test_each_bad_image_is_one_row(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9), "white").save(tmp_path / "good.png")
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.png").touch()
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:45])
    names = ["text.jpg", "good.png", "empty.png", "missing.png", "good.png", "cut.png"]
    sources: list[Any] = [tmp_path / name for name in names]
    sources += [b"noise", plain(0), np.zeros(3), None, io.BytesIO(), Image.new("RGB", (9, 9))]
    got = scores(FakeModel(), sources, batch=4)
    assert [score.error is None for score in got] == [0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1]
    assert [score.path for score in got[:6]] == [str(tmp_path / name) for name in names]
    assert [score.path for score in got[6:]] == ["<bytes>", "<array>", "<array>", "<NoneType>", "<file>", "<image>"]
    assert got[3].error == "no such file"
    assert math.isnan(got[3].value)
    assert got[1].value == pytest.approx(100)
    assert got[1].interval == pytest.approx((95, 105))


def test_pixel_limit_is_passed_on(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    (score,) = scores(FakeModel(), [tmp_path / "a.png"], max_pixels=80)
    assert score.error == "9 x 9 pixels is more than the limit of 80 pixels"


def test_unforeseen_trouble_with_one_image_is_its_row() -> None:
    class Odd:
        name = "odd.png"

        def read(self, size: int) -> bytes:
            raise ZeroDivisionError("a file object of the caller's")

    class Picky(FakeModel):
        def features_of(self, images: list[np.ndarray]) -> np.ndarray:
            if any(image[0, 0, 0] == 7 for image in images):
                raise MemoryError
            return super().features_of(images)

    sources: list[Any] = [plain(1), Odd(), plain(7), plain(2)]
    got = scores(Picky(), sources)
    assert [score.error for score in got] == [
        None,
        "cannot be read: a file object of the caller's",
        "cannot be scored: MemoryError",
        None,
    ]


def test_the_model_s_own_faults_are_raised() -> None:
    class Unfitted(FakeModel):
        def score_features(self, features_ND: np.ndarray) -> Any:
            raise ModelError("no regressor")

    class Broken(FakeModel):
        def features_of(self, images: list[np.ndarray]) -> Any:
            raise ModelError("no graph")

    for model in (Unfitted(), Broken()):
        with pytest.raises(ModelError, match="no "):
            scores(model, [plain(1)])
    model = FakeModel()
    model.full_reference = True
    with pytest.raises(ModelError, match="against its reference"):
        scores(model, [plain(1)])


def test_look_ahead_is_bounded() -> None:
    taken = 0

    def endless() -> Iterator[np.ndarray]:
        nonlocal taken
        for level in itertools.cycle(range(256)):
            taken += 1
            yield plain(level)

    stream = score_stream(FakeModel(), endless(), batch=5)  # type: ignore[arg-type]
    for given_out, _ in enumerate(itertools.islice(stream, 23), start=1):
        assert taken - given_out < 10
    stream.close()  # type: ignore[attr-defined]
    assert taken < 40


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    stream = feature_stream(FakeModel(), [plain(1)] * 50)  # type: ignore[arg-type]
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_an_iterable_that_fails_gives_what_it_had_first() -> None:
    def failing() -> Iterator[np.ndarray]:
        yield plain(10)
        yield plain(20)
        raise RuntimeError("the list ended badly")

    stream = score_stream(FakeModel(), failing())  # type: ignore[arg-type]
    assert [round(next(stream).value * 2.55) for _ in range(2)] == [10, 20]
    with pytest.raises(RuntimeError, match="ended badly"):
        next(stream)


def test_images_are_read_in_other_threads_while_the_model_works() -> None:
    readers: set[int] = set()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            readers.add(threading.get_ident())
            time.sleep(0.02)
            return super().read(size)

    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "PNG")
    assert all(
        score.error is None for score in scores(FakeModel(), [Slow(buffer.getvalue()) for _ in range(16)], workers=4)
    )
    assert len(readers) > 1
    assert threading.get_ident() not in readers


@pytest.mark.parametrize("options", [{"batch": 0}, {"workers": 0}])
def test_nonsense_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        scores(FakeModel(), [plain(1)], **options)
    with pytest.raises(ValueError, match="put it in a list"):
        scores(FakeModel(), "photo.jpg")


def test_nothing_in_nothing_out() -> None:
    assert scores(FakeModel(), []) == []
