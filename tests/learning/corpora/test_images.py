"""Images by index and by draw: shares, epochs, what is held out, what is kept in memory, what is broken."""

import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from contrique.errors import ContriqueError, ImageError
from contrique.images import half_scale, read_image
from contrique.learning.corpora import Images
from contrique.learning.distortions import N_CLASSES, PRISTINE_CLASS, class_id
from contrique.learning.sources import Source


@pytest.fixture
def root(tmp_path):
    """Folders of 5, 3 and 1 images of 72 rows, each of a grey of its own."""
    for folder, count in (("a", 5), ("b", 3), ("c", 1)):
        (tmp_path / folder).mkdir()
        for i in range(count):
            Image.new("RGB", (80 + i, 72), (10 * i, 100, 50)).save(tmp_path / folder / f"{i}.png")
    return tmp_path


def draws(images, count, first=0, **words):
    return [images.draw(position, np.random.default_rng(0), **words)[0] for position in range(first, first + count)]


def folders(images, indices):
    return [images.name(index).split("/")[-2] for index in indices]


def test_without_weights_every_image_comes_once_an_epoch(root):
    images = Images([Source("a"), Source("b"), Source("c")], root)
    assert len(images) == 9
    epochs = [draws(images, 9, 9 * epoch) for epoch in range(5)]
    assert all(sorted(epoch) == list(range(9)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 5
    again = Images([Source("a"), Source("b"), Source("c")], root, seed=1)
    assert draws(again, 9) != epochs[0]


def test_weights_are_shares_of_the_draws(root):
    images = Images([Source("a", weight=0.5), Source("b", weight=0.3), Source("c", weight=0.2)], root)
    for block in range(4):
        assert Counter(folders(images, draws(images, 10, 10 * block))) == {"a": 5, "b": 3, "c": 2}
    counts = Counter(draws(images, 150))  # 75 draws of a, 45 of b: each source goes round by itself
    assert set(counts.values()) == {15, 30}


def test_authentic_and_pristine_images_come_in_orders_of_their_own(root):
    assert draws(Images([Source("a")], root), 30) != draws(Images([Source("a")], root, pristine=False), 30)


def test_held_out_images_are_never_drawn_and_the_others_evenly(root):
    for weight in (None, 1.0):
        images = Images([Source("a", weight=weight), Source("b", weight=weight)], root)
        images.hold_out([0, 3, 6, 3])
        drawn = Counter(draws(images, 600))
        assert drawn.keys() == {1, 2, 4, 5, 7}
        assert max(drawn.values()) - min(drawn.values()) <= (50 if weight else 0)
        with pytest.raises(ContriqueError, match="all 3 images of b would be held out"):
            Images([Source("a", weight=1.0), Source("b", weight=1.0)], root).hold_out([5, 6, 7])


def test_chosen_images_can_be_read_and_are_different_photographs(root):
    (root / "a" / "2.png").write_bytes(b"broken")
    (root / "both.csv").write_text("path\na/1.png\nb/1.png\n")
    sources = [Source("a"), Source("b"), Source(manifest="both.csv")]
    chosen = Images(sources, root).choose(7)
    paths = [Images(sources, root).name(index) for index in chosen]
    assert len({path for path in paths}) == 7
    assert not any(path.endswith("a/2.png") for path in paths)
    assert Images(sources, root).choose(7) == chosen
    assert Images(sources, root).choose(3) == chosen[:3]
    assert Images(sources, root, seed=1).choose(7) != chosen
    with pytest.raises(ContriqueError, match="8 images were to be held out, but only 7 can be used"):
        Images(sources, root).choose(8)


def test_the_same_file_is_found_in_every_source(root):
    (root / "list.csv").write_text(f"path\na/1.png\n{root}/b/2.png\n")
    images = Images([Source("a"), Source("b", scale=0.5), Source(manifest="list.csv")], root)
    for name in ("a/1.png", "b/2.png"):
        same = images.same_as(f"{root}/{name}")
        assert [images.name(index) for index in same] == [f"{root}/{name}"] * 2
    assert images.same_as("/nowhere.png") == []


def test_too_small_images_are_left_out(root):
    images = Images([Source("a", min_side=73)], root)
    with pytest.raises(ImageError, match="shorter side 72 is below 73"):
        images.load(0)
    assert list(images.broken.named.values()) == ["shorter side 72 is below 73"]


def test_scale_half_is_the_half_scale(root):
    images = Images([Source("a", scale=0.5, min_side=1)], root)
    np.testing.assert_array_equal(images.load(2), half_scale(read_image(images.name(2))))
    third = Images([Source("a", scale=1 / 3, min_side=1)], root)
    index = third.same_as(f"{root}/a/1.png")[0]
    assert third.load(index).shape == (24, 27, 3)


def test_memory_stops_at_its_budget_and_holds_the_same_pixels(root):
    images = Images([Source("a"), Source("b")], root)
    one = 72 * 84 * 3
    assert 0 < images.warm(int(2.5 * one)) <= 2.5 * one
    held = [i for i in range(8) if images.load(i) is images.load(i)]
    assert len(held) == 2
    for index in held:
        assert not images.load(index).flags.writeable
        np.testing.assert_array_equal(images.load(index), read_image(images.name(index)))


def test_what_is_drawn_most_is_kept_first_and_what_is_held_out_never(root):
    images = Images([Source("a", weight=1.0), Source("b", weight=9.0)], root)
    images.hold_out([5])
    images.warm(2 * 72 * 90 * 3)
    assert [i for i in range(8) if images.load(i) is images.load(i)] == [6, 7]


def test_a_broken_image_is_found_once_and_replaced_from_its_own_source(root):
    (root / "b" / "1.png").write_bytes(b"broken")
    images = Images([Source("a", weight=0.5), Source("b", weight=0.5)], root)
    drawn = Counter(folders(images, draws(images, 100)))
    assert drawn == {"a": 50, "b": 50}
    [(name, reason)] = images.newly_broken()
    assert name == f"{root}/b/1.png"
    assert images.newly_broken() == []
    assert images.broken.named == {name: reason}
    index = images.same_as(name)[0]
    with pytest.raises(ImageError, match=re.escape(reason)):
        images.load(index)
    assert images.broken.count == 1


def test_nothing_usable_ends_with_the_reason(root):
    (root / "c" / "0.png").unlink()
    (root / "c" / "x.png").write_bytes(b"?")
    with pytest.raises(ContriqueError, match=r"100 images in a row could not be used; the last: .*c/x\.png"):
        draws(Images([Source("c")], root), 1)


@pytest.fixture
def kadis(tmp_path):
    """Three references, ready-made samples of two classes for each."""
    for name, value in [("ref_imgs/{}.png", 0), ("dist_imgs/{}_01_01.bmp", 50), ("dist_imgs/{}_10_03.bmp", 100)]:
        for i, letter in enumerate("abc"):
            path = tmp_path / "kadis700k" / name.format(letter)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (70, 66), (i, value, 0)).save(path)
    return tmp_path


def test_ready_made_samples_are_drawn_by_class(kadis):
    images = Images([Source("kadis700k", layout="kadis700k-distorted")], kadis)
    assert len(images) == 9
    for name, level, green in [("gaussian_blur", 1, 50), ("jpeg", 3, 100)]:
        wanted = class_id(name, level)
        drawn = [images.draw(i, np.random.default_rng(0), wanted) for i in range(60)]
        assert {images.class_of(index) for index, _ in drawn} == {wanted}
        assert {int(image[0, 0, 1]) for _, image in drawn} == {green}
        assert Counter(int(image[0, 0, 0]) for _, image in drawn) == {0: 20, 1: 20, 2: 20}
    for wanted in (PRISTINE_CLASS, class_id("pixelate", 2)):  # no file has that class: a pristine one, to be distorted
        drawn = [images.draw(i, np.random.default_rng(0), wanted) for i in range(30)]
        assert {images.class_of(index) for index, _ in drawn} == {PRISTINE_CLASS}
    assert [images.class_of(i) for i in range(9)] == [0, 0, 0] + [class_id("jpeg", 3)] * 3 + [PRISTINE_CLASS] * 3
    assert N_CLASSES == PRISTINE_CLASS + 1


def test_what_is_made_from_a_held_out_photograph_is_held_out(kadis):
    sources = [
        Source("kadis700k", layout="kadis700k", weight=1.0),
        Source(".", layout="kadis700k-distorted", weight=1.0),
    ]
    images = Images(sources, kadis)
    [chosen] = images.choose(1)
    letter = images.name(chosen)[-5]
    images.hold_out([chosen, *images.same_as(images.name(chosen))])
    drawn = {images.name(i).rpartition("/")[2] for c in (0, 47, 60, 125) for i in draws(images, 200, class_id=c)}
    assert len(drawn) == 6
    assert not any(name.startswith(letter) for name in drawn)


def test_origins_and_notes(root):
    (root / "list.csv").write_text("path,source,licence\na/1.png,Ann,free\na/1.png,Ann,free\nb/1.png,Bob,mine\n")
    sources = [Source("c"), Source(manifest="list.csv")]
    images = Images(sources, root)
    assert list(images.origins()) == [
        (sources[0], 1, {("", ""): 1}),
        (sources[1], 2, {("Ann", "free"): 1, ("Bob", "mine"): 1}),
    ]
    assert images.notes() == [f"{root}: left out 1 repeated names"]


def test_no_sources_are_no_images(root):
    images = Images([], root)
    assert (len(images), images.notes(), images.warm(10**6)) == (0, [], 0)
