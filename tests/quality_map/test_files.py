"""Where maps are written, and a stream of scores that writes them."""

import os
from pathlib import Path

import numpy as np
import pytest
from brightness import Brightness
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contrique.errors import ModelError
from contrique.quality_map.files import ENDING, map_files, map_stream

NAMES = st.text(st.sampled_from("ab.x"), min_size=1, max_size=3).filter(lambda name: set(name) != {"."})


@settings(max_examples=50, deadline=None)
@given(st.sets(st.lists(NAMES, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8))
def test_different_images_have_different_maps(names: set[str]) -> None:
    paths = sorted(names)
    files = map_files(paths, Path("maps"))
    assert len(set(files)) == len({os.path.abspath(path) for path in paths})
    assert all(file.parts[0] == "maps" and ".." not in file.parts and file.name.endswith(ENDING) for file in files)


def test_folders_stay_as_they_are_below_the_one_that_holds_all() -> None:
    paths = ["photos/a/x.jpg", "photos/b/x.jpg", "photos/b/x.png"]
    assert map_files(paths, Path("m")) == [Path(f"m/{name}.map.jpg") for name in ("a/x.jpg", "b/x.jpg", "b/x.png")]
    assert map_files(["../photos/a.jpg", "/tmp/b.jpg"], Path("m"))[1].parts[0] == "m"
    assert map_files(["photo.jpg"], Path("m")) == [Path("m/photo.jpg.map.jpg")]


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    for name, grey in (("a/x.png", 40), ("b/x.png", 90), ("b/x.bmp", 140)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (90, 70), (grey,) * 3).save(tmp_path / name)
    return tmp_path


def test_each_image_has_its_map_and_its_score(photographs: Path) -> None:
    paths = [str(photographs / name) for name in ("b/x.png", "a/x.png", "b/x.bmp", "b/x.png")]
    maps = photographs / "deep" / "maps"
    scores = list(map_stream(Brightness(), paths, maps))  # type: ignore[arg-type]
    assert [score.path for score in scores] == paths
    assert [round(score.value * 2.55) for score in scores] == [90, 40, 140, 90]
    drawn = sorted(path.relative_to(maps).as_posix() for path in maps.rglob("*") if path.is_file())
    assert drawn == ["a/x.png.map.jpg", "b/x.bmp.map.jpg", "b/x.png.map.jpg"]
    for name in drawn:
        with Image.open(maps / name) as picture:
            assert picture.size[1] > 70


def test_a_bad_image_is_a_row_and_has_no_map(photographs: Path) -> None:
    (photographs / "bad.jpg").write_text("no image")
    paths = [str(photographs / name) for name in ("bad.jpg", "none.png", "a/x.png")]
    bad, missing, good = map_stream(Brightness(), paths, photographs / "maps", max_pixels=6300)  # type: ignore[arg-type]
    assert (bad.error or "").startswith("not an image")
    assert missing.error == "no such file"
    assert good.error is None
    (large,) = map_stream(Brightness(), paths[2:], photographs / "maps", max_pixels=6299)  # type: ignore[arg-type]
    assert large.error == "90 x 70 pixels is more than the limit of 6299 pixels"


def test_a_map_that_cannot_be_written_is_that_rows_error(photographs: Path) -> None:
    maps = photographs / "maps"
    (maps / "a" / "x.png.map.jpg").mkdir(parents=True)
    (maps / "b").write_text("a file where a folder is needed")
    paths = [str(photographs / name) for name in ("a/x.png", "b/x.png")]
    scores = list(map_stream(Brightness(), paths, maps))  # type: ignore[arg-type]
    for score, name in zip(scores, ("a/x.png", "b/x.png"), strict=True):
        assert (score.error or "").startswith(f"its map cannot be written: {maps / name}.map.jpg: ")
        assert np.isnan(score.value)
    assert not [path for path in maps.rglob("*") if path.suffix == ".partial"]


def test_no_image_is_replaced_by_a_map(photographs: Path) -> None:
    other = photographs / "a" / "x.png.map.jpg"
    Image.new("RGB", (80, 80)).save(other)
    before = other.read_bytes()
    paths = [str(photographs / "a" / "x.png"), str(other)]
    refused, fine = map_stream(Brightness(), paths, photographs / "a")  # type: ignore[arg-type]
    assert "would take the place of" in (refused.error or "")
    assert fine.error is None
    assert other.read_bytes() == before


def test_a_model_without_maps_ends_the_run(photographs: Path) -> None:
    model = Brightness()
    model.full_reference = True
    with pytest.raises(ModelError, match="reference"):
        list(map_stream(model, [str(photographs / "a" / "x.png")], photographs / "maps"))  # type: ignore[arg-type]
