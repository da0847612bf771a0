"""HyperIQA as a row of the table: measured by the protocol, blind to test ratings, and never trained twice."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_trunk import TinyTrunk

from contrique.baselines.hyperiqa import HyperIqa, training
from contrique.baselines.hyperiqa.contender import KEPT, network_from
from contrique.errors import ContriqueError, ModelError
from contrique.evaluation.cache import FeatureCache
from contrique.evaluation.contenders import contenders
from contrique.evaluation.kept import FORMAT
from contrique.evaluation.ratings import Ratings
from contrique.evaluation.table import measure
from contrique.learning.encoders import EfficientNetLite0
from contrique.learning.export import save_encoder

SHORT = {"epochs": 1, "patches": 1, "batch": 4}
SPLIT = np.arange(0, 12, 2), np.array([1, 5, 9]), np.array([3, 7, 11])
ALL = np.ones(12, bool)


def ready(trunk: Path, ratings: Ratings, cache: FeatureCache | None = None, **settings: int) -> HyperIqa:
    row = HyperIqa(trunk, **(SHORT | settings))
    assert row.look(ratings, cache, progress=False) == {}
    return row


def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(training, "_one_epoch", never)


def test_it_is_measured_as_every_row(trunk: Path, rated: Ratings, tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    with_broken = dataclasses.replace(
        rated,
        names=("broken.png", *rated.names),
        paths=(broken, *rated.paths),
        scores=np.concatenate([[3.0], rated.scores]),
        groups=np.arange(13),
    )
    rows = contenders(["hyperiqa"], resnet50=trunk, hyperiqa=SHORT)
    result = measure(with_broken, rows, splits=1)
    assert [row["path"] for row in result["left_out"]] == [str(broken)]
    row = result["methods"][0]
    assert row["method"] == "hyperiqa"
    assert [len(numbers) for numbers in row["predictions"]] == [2]
    assert row["about"]["settings"] == {"epochs": 1, "patches": 1, "test_patches": 1, "batch": 4, "seed": 0}
    assert row["about"]["reduced"].startswith("epochs 1 (published: 16)")
    json.dumps(row["about"])


def test_test_images_are_not_looked_at(trunk: Path, rated: Ratings) -> None:
    scores = rated.scores.copy()
    scores[SPLIT[2]] = -1000
    changed = dataclasses.replace(rated, scores=scores)
    one, other = (ready(trunk, r).method(r, ALL)(*SPLIT) for r in (rated, changed))
    np.testing.assert_array_equal(one, other)


def test_left_out_images_shift_no_place(trunk: Path, rated: Ratings) -> None:
    keep = ALL.copy()
    keep[0] = False
    fewer = rated.only(keep)
    moved = [part[part > 0] - 1 for part in SPLIT]
    row = ready(trunk, rated)
    with_hole = row.method(fewer, keep)(*moved)
    np.testing.assert_array_equal(with_hole, ready(trunk, fewer).method(fewer, keep[1:])(*moved))


def test_a_second_time_it_is_not_trained(
    trunk: Path, rated: Ratings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FeatureCache(tmp_path / "cache")
    train, validation, test = SPLIT
    first = ready(trunk, rated, cache).method(rated, ALL)(*SPLIT)
    assert len(list((tmp_path / "cache" / KEPT).iterdir())) == 1
    no_training(monkeypatch)
    np.testing.assert_array_equal(first, ready(trunk, rated, cache).method(rated, ALL)(*SPLIT))
    other_images = ready(trunk, rated, cache).method(rated, ALL)(train, validation, test[1:])
    np.testing.assert_allclose(other_images, first[1:], rtol=1e-6)
    for kept in (tmp_path / "cache" / FORMAT).iterdir():
        kept.unlink()
    np.testing.assert_array_equal(first, ready(trunk, rated, cache).method(rated, ALL)(*SPLIT))
    with pytest.raises(AssertionError, match="trained again"):
        ready(trunk, rated, cache, seed=1).method(rated, ALL)(*SPLIT)
    with pytest.raises(AssertionError, match="trained again"):
        ready(trunk, rated, cache).method(rated, ALL)(train[1:], validation, test)


def test_it_starts_from_the_folder_s_network_and_colours(trunk: Path, tmp_path: Path) -> None:
    started = network_from(trunk)()
    assert started.mean.flatten().tolist() == [0, 0, 0]
    tiny = TinyTrunk()
    colours = ((0.5, 0.4, 0.3), (0.2, 0.25, 0.5))
    folder = save_encoder(tiny, tmp_path / "other", name="tiny", training={}, normalise=colours, exact=True)
    started = network_from(folder)()
    np.testing.assert_allclose(started.mean.flatten(), colours[0])
    np.testing.assert_allclose(started.deviation.flatten(), colours[1])
    assert torch.equal(started.trunk.layers[0].weight, tiny.layers[0].weight)
    assert HyperIqa(trunk).about["digest"] != HyperIqa(folder).about["digest"]


def test_what_cannot_be_is_refused(trunk: Path, rated: Ratings, tmp_path: Path) -> None:
    with_references = dataclasses.replace(rated, references=rated.paths)
    with pytest.raises(ContriqueError, match="no full-reference variant"):
        HyperIqa(trunk).check(with_references)
    with pytest.raises(ModelError, match="no such model folder"):
        HyperIqa(tmp_path / "nowhere")
    lite = save_encoder(EfficientNetLite0(), tmp_path / "lite", name="lite", training={})
    with pytest.raises(ModelError, match="holds efficientnet-lite0; HyperIQA is made of a resnet50"):
        HyperIqa(lite)
    with pytest.raises(ContriqueError, match="epochs is a whole number of at least 1, not 0"):
        HyperIqa(trunk, epochs=0)


def test_without_torch_it_says_what_is_missing(trunk: Path) -> None:
    code = f"""
import sys
sys.modules["torch"] = None
from contrique.baselines.hyperiqa import HyperIqa
from contrique.errors import MissingExtra
try:
    HyperIqa({str(trunk)!r})
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "training HyperIQA needs torch: pip install 'contrique[learn]'\n"
