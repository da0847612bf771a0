"""Files by row: one spelling for each, the same order however they are listed, and what came from whom."""

import pytest
from PIL import Image

from contrique.errors import ContriqueError, ImageError
from contrique.learning.corpora import photographs
from contrique.learning.corpora.photographs import Photographs
from contrique.learning.distortions import N_CLASSES, PRISTINE_CLASS, class_id

NOBODY = ("", "")


def listing(*paths, origin=NOBODY):
    return [((path, None), origin) for path in paths]


def names(found):
    return [found.name(row) for row in range(len(found))]


def test_spellings_of_one_file_are_one_image(tmp_path):
    spellings = ["a/b.jpg", "./a//b.jpg", f"{tmp_path}/a/b.jpg", "a/c/../b.jpg", "c.jpg"]
    found = Photographs(str(tmp_path), listing(*spellings))
    assert sorted(names(found)) == [f"{tmp_path}/a/b.jpg", f"{tmp_path}/c.jpg"]
    assert found.notes == [f"{tmp_path}: left out 3 repeated names"]
    for spelling in (f"{tmp_path}/a/b.jpg", "a/b.jpg"):
        assert [found.name(row) for row in found.rows_of(spelling)] == [f"{tmp_path}/a/b.jpg"]
    assert found.rows_of("/elsewhere/a/b.jpg") == []


def test_absolute_paths_stay_where_they_are(tmp_path):
    beside = str(tmp_path) + "2/x.jpg"  # begins like the folder, but lies outside
    found = Photographs(str(tmp_path), listing("/other/a.jpg", beside, "../up.jpg"))
    assert sorted(names(found)) == sorted(["/other/a.jpg", beside, f"{tmp_path}/../up.jpg"])


def test_the_order_is_that_of_the_names_not_of_the_list(tmp_path):
    paths = [f"{i}.jpg" for i in range(50)]
    one = Photographs(str(tmp_path), listing(*paths))
    two = Photographs(str(tmp_path / "moved"), listing(*reversed(paths)))
    assert [name.rpartition("/")[2] for name in names(one)] == [name.rpartition("/")[2] for name in names(two)]
    assert one.digest() == two.digest()
    assert Photographs(str(tmp_path), listing(*paths[1:])).digest() != one.digest()


def test_sources_and_licences_are_counted_without_repeats(tmp_path, monkeypatch):
    rows = listing("a", "b", "a", origin=("Ann", "free")) + listing("c", origin=("Bob", "mine")) + listing("d")
    assert Photographs(str(tmp_path), rows).origins == {("Ann", "free"): 2, ("Bob", "mine"): 1, NOBODY: 1}
    monkeypatch.setattr(photographs, "MOST_ORIGINS", 2)
    rows = [row for i in range(6) for row in listing(f"{i}", origin=(f"person {i}", ""))]
    assert Photographs(str(tmp_path), rows).origins == {("person 0", ""): 1, ("person 1", ""): 1, ("others", ""): 4}


def test_pixels_are_the_files(tmp_path):
    Image.new("RGB", (7, 5), (1, 2, 3)).save(tmp_path / "a.png")
    found = Photographs(str(tmp_path), listing("a.png", "none.png"))
    row, missing = (found.rows_of(name)[0] for name in ("a.png", "none.png"))
    assert found.read(row).tolist() == [[[1, 2, 3]] * 7] * 5
    with pytest.raises(ImageError, match="no such file") as caught:
        found.read(missing)
    assert caught.value.path == f"{tmp_path}/none.png"


def test_an_empty_listing_is_refused(tmp_path):
    with pytest.raises(ContriqueError, match="no images in this folder laid out as coco"):
        Photographs(str(tmp_path), [], "coco")


def test_an_image_in_two_years_of_coco_counts_once(tmp_path):
    same = ["train2017/000000000009.jpg", "train2014/COCO_train2014_000000000009.jpg", "val2017/000000000010.jpg"]
    assert len(Photographs(str(tmp_path), listing(*same), "coco")) == 2


def test_ready_made_samples_are_sorted_by_class(tmp_path):
    ready = {
        f"dist_imgs/{r}_{t:02d}_{lv:02d}.bmp": 5 * (t - 1) + lv - 1 for r in "abc" for t in (1, 25) for lv in (1, 5)
    }
    rows = ready | {f"ref_imgs/{r}.png": PRISTINE_CLASS for r in "abc"}
    found = Photographs(str(tmp_path), [(item, NOBODY) for item in rows.items()], "kadis700k-distorted")
    assert len(found.class_starts) == N_CLASSES + 1
    for c in range(N_CLASSES):
        inside = [found.name(row)[len(str(tmp_path)) + 1 :] for row in range(*found.class_starts[c : c + 2])]
        assert sorted(inside) == sorted(name for name, its in rows.items() if its == c)
    assert (
        found.class_starts[class_id("contrast_change", 5) + 1] - found.class_starts[class_id("contrast_change", 5)] == 3
    )
    made = {found.name(row)[len(str(tmp_path)) + 1 :] for row in found.rows_of(f"{tmp_path}/ref_imgs/b.png")}
    assert made == {name for name in rows if name.split("/")[1].startswith("b")}
    with pytest.raises(ContriqueError, match="no images in ref_imgs"):
        Photographs(str(tmp_path), [(item, NOBODY) for item in ready.items()])


def test_a_missing_image_is_told_from_a_missing_source(tmp_path):
    """A folder that images were found in, gone or emptied, is no broken image; a manifest's wrong row is one."""
    names = [f"{folder}/{i}.png" for folder in "ab" for i in range(3)]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (7, 5)).save(tmp_path / name)
    found = Photographs(str(tmp_path), listing(*names))
    named = Photographs(str(tmp_path), listing(*names, "nowhere/c.png"), seen=False)

    def gone(images, name):
        return images.gone(images.rows_of(name)[0])

    (tmp_path / "a" / "0.png").unlink()
    assert gone(found, "a/0.png") is gone(named, "a/0.png") is gone(named, "nowhere/c.png") is None
    (tmp_path / "a").rename(tmp_path / "elsewhere")
    why = "images were found here, but the folder is gone: No such file or directory"
    assert gone(found, "a/1.png") == f"{tmp_path}/a: {why}"
    assert gone(named, "a/1.png") is None  # others of it are there
    for path in (tmp_path / "b").iterdir():  # as a folder that a disk was mounted on is empty without it
        path.unlink()
    assert gone(found, "b/1.png").endswith("the folder is gone: is empty")
    assert gone(named, "b/1.png").startswith(f"{tmp_path}: none of 7 images looked for is there")
