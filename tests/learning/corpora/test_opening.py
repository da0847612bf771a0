"""Every kind of source opens from its keys in a recipe, and what is missing is named."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from contrique.errors import ContriqueError
from contrique.learning.corpora.opening import open_source
from contrique.learning.sources import Source


@pytest.fixture
def root(tmp_path):
    for name in ("pictures/a.png", "pictures/more/b.png", "pictures/c.png", "certh/TrainingSet/Undistorted/u.png",
                 "certh/TrainingSet/Naturally-Blurred/n.png"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 8), (1, 2, 3)).save(tmp_path / name)
    (tmp_path / "pictures" / "list.csv").write_text("name,source,licence\na.png,Ann,free\nmore/b.png,Bob,mine\n")
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        data = (tmp_path / "pictures" / "a.png").read_bytes()
        info = tarfile.TarInfo("t.png")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return tmp_path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Source("pictures"), ["pictures/a.png", "pictures/c.png", "pictures/more/b.png"]),
        (Source("pictures", manifest="list.csv"), ["pictures/a.png", "pictures/more/b.png"]),
        (Source("pictures", manifest="list.csv", licences=("mine",)), ["pictures/more/b.png"]),
        (Source(manifest="pictures/list.csv"), ["pictures/a.png", "pictures/more/b.png"]),
        (Source("pictures/more", manifest="../list.csv"), ["pictures/more/a.png", "pictures/more/more/b.png"]),
        (Source("certh", layout="certh-blur"), ["certh/TrainingSet/Naturally-Blurred/n.png",
                                                "certh/TrainingSet/Undistorted/u.png"]),
        (Source(shards="s.tar"), ["s.tar/t.png"]),
    ],
)  # fmt: skip
def test_each_kind_of_source(root, source, expected):
    opened = open_source(source, root, pristine=False)
    assert len(opened) == len(expected)
    assert sorted(opened.name(row) for row in range(len(opened))) == [f"{root}/{name}" for name in expected]
    assert sum(opened.origins.values()) == len(opened)


def test_an_absolute_folder_is_taken_as_it_is(root):
    assert len(open_source(Source(str(root / "pictures")), "/nowhere")) == 3


def test_pristine_images_of_a_layout_are_its_undistorted_ones(root):
    opened = open_source(Source("certh", layout="certh-blur"), root, pristine=True)
    assert [opened.name(row)[-5:] for row in range(len(opened))] == ["u.png"]


def test_origins_come_from_the_manifest(root):
    opened = open_source(Source("pictures", manifest="list.csv"), root)
    assert opened.origins == {("Ann", "free"): 1, ("Bob", "mine"): 1}


def test_dead_leaves(root):
    opened = open_source(Source(dead_leaves="plain", count=10**9, size=64), "/nowhere")
    assert len(opened) == 10**9
    assert opened.read(10**9 - 1).shape == (64, 64, 3)
    assert (opened.read(3) != opened.read(4)).any()
    np.testing.assert_array_equal(
        opened.read(3), open_source(Source(dead_leaves="plain", count=9, size=64), "/").read(3)
    )
    assert opened.name(3) == "dead-leaves-plain/3"
    assert opened.origins == {("dead leaves (plain)", ""): 10**9}
    kinds = [Source(dead_leaves=kind, count=9, size=64) for kind in ("plain", "textured")]
    assert len({open_source(kind, "/").digest() for kind in kinds}) == 2


def test_missing_sources_are_named(root):
    (root / "empty").mkdir()
    for source, message in [
        (Source("nowhere"), "nowhere: no such folder of images"),
        (Source("empty"), "empty: no images in this folder"),
        (Source("pictures", manifest="none.csv"), r"none\.csv: cannot read this manifest"),
        (Source("pictures", manifest="list.csv", licences=("x",)), "no row has the licence 'x'"),
        (Source("pictures", layout="voc"), "expected voc as published here"),
        (Source(shards="none-*.tar"), "no such files"),
    ]:
        with pytest.raises(ContriqueError, match=message):
            open_source(source, root)


def test_shared_pristine_images_are_filtered_by_licence(shared_data):
    source = Source("pristine", "images.csv", ("CC BY-SA 4.0", "Unsplash licence", "public domain"))
    opened = open_source(source, shared_data)
    assert len(opened) == 316
    assert {licence for _, licence in opened.origins} == set(source.licences)
