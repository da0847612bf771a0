"""What a step sees: the right images with the right classes, whatever the worker, and never a broken one."""

import dataclasses

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.learning.corpora import Corpus
from contrique.learning.corpora import corpus as corpora
from contrique.learning.distortions import LEVELS, N_CLASSES, PRISTINE_CLASS, class_id, distort
from contrique.learning.recipe import ProbePart, read_recipe
from contrique.learning.sources import Source


@pytest.fixture
def recipe(recipe_file):
    return read_recipe(recipe_file)


def with_batch(recipe, **changes):
    return dataclasses.replace(recipe, batch=dataclasses.replace(recipe.batch, **changes))


def test_a_sample_depends_on_seed_step_and_place_alone(recipe):
    whole = Corpus(recipe).samples(4, 0, 8)
    fresh = Corpus(recipe)
    fresh.samples(1, 0, 8)
    fresh.pristine.warm(10**9)
    parts = [fresh.samples(4, 5, 8), fresh.samples(4, 0, 5)]
    np.testing.assert_array_equal(whole.view_N2SSC, np.concatenate([p.view_N2SSC for p in parts[::-1]]))
    np.testing.assert_array_equal(whole.class_N, np.concatenate([p.class_N for p in parts[::-1]]))
    reseeded = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, seed=4))
    assert (Corpus(reseeded).samples(4, 0, 8).view_N2SSC != whole.view_N2SSC).any()
    assert (Corpus(recipe).samples(5, 0, 8).view_N2SSC != whole.view_N2SSC).any()


def test_half_of_a_batch_is_synthetic_and_half_authentic(recipe):
    samples = Corpus(recipe).samples(0, 0, 8)
    assert samples.view_N2SSC.shape == (8, 2, 32, 32, 3)
    assert (samples.class_N[:4] < N_CLASSES).all()
    assert (samples.class_N[4:] >= N_CLASSES).all()
    alone = dataclasses.replace(recipe, authentic=())
    assert (Corpus(alone).samples(0, 0, 8).class_N < N_CLASSES).all()
    alone = dataclasses.replace(recipe, pristine=())
    assert (Corpus(alone).samples(0, 0, 8).class_N >= N_CLASSES).all()


def test_authentic_images_are_classes_of_their_own_and_seen_equally_often(recipe):
    corpus = Corpus(recipe)
    seen = np.concatenate([corpus.samples(step, 4, 8).class_N for step in range(7)])  # 28 draws: 4 epochs of 7
    np.testing.assert_array_equal(np.bincount(seen - N_CLASSES), [4] * 7)
    epochs = seen.reshape(4, 7)
    assert all(len(set(epoch)) == 7 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1  # a new order each time


def record_draws(monkeypatch):
    """Replace distort and two_views by recorders of (which image, class or None)."""
    drawn = []
    monkeypatch.setattr(
        corpora, "distort", lambda image, name, level, seed: (drawn.append(class_id(name, level)), image)[1]
    )
    monkeypatch.setattr(corpora, "two_views", lambda image, rng, size: np.zeros((2, size, size, 3), np.uint8))
    return drawn


@pytest.mark.parametrize(("per_image", "per_class"), [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4)])
def test_blocks_put_every_image_into_every_class(recipe, monkeypatch, per_image, per_class):
    recipe = with_batch(recipe, images=16, distortions_per_image=per_image, images_per_class=per_class)
    corpus, used = Corpus(recipe), []
    load = corpus.pristine.load
    monkeypatch.setattr(corpus.pristine, "load", lambda index: (used.append(index), load(index))[1])
    for step in range(5):
        used.clear()
        classes = corpus.samples(step, 0, 8).class_N
        size = per_image * per_class
        for start in range(0, 8, size):
            block = slice(start, start + size)
            pairs = set(zip(used[block], classes[block].tolist(), strict=True))
            images, kinds = {i for i, _ in pairs}, {k for _, k in pairs}
            assert len(kinds) == per_image
            assert pairs == {(i, k) for i in images for k in kinds}


def test_pristine_images_are_seen_equally_often(recipe, monkeypatch):
    corpus, used = Corpus(recipe), []
    load = corpus.pristine.load
    monkeypatch.setattr(corpus.pristine, "load", lambda index: (used.append(index), load(index))[1])
    for step in range(5):  # 4 draws a step, each image twice: 10 positions, two epochs of 5
        corpus.samples(step, 0, 4)
    assert np.bincount(used).tolist() == [4] * 5


def test_classes_are_uniform_and_names_match_ids(recipe, monkeypatch):
    record_draws(monkeypatch)
    recipe = with_batch(recipe, images=252, distortions_per_image=1, images_per_class=1)
    corpus = Corpus(recipe)
    corpus.pristine.warm(10**9)
    classes = np.concatenate([corpus.samples(step, 0, 126).class_N for step in range(40)])
    counts = np.bincount(classes, minlength=N_CLASSES)
    assert len(counts) == N_CLASSES
    assert abs(counts - 40).max() < 5 * np.sqrt(40)


def test_the_distortion_is_the_classes(recipe, monkeypatch):
    drawn = record_draws(monkeypatch)
    recipe = with_batch(recipe, images=64, distortions_per_image=1, images_per_class=1)
    corpus = Corpus(recipe)
    classes = np.concatenate([corpus.samples(step, 0, 32).class_N for step in range(8)])
    assert drawn == [c for c in classes if c != PRISTINE_CLASS]
    assert (classes == PRISTINE_CLASS).any()


def test_the_distorted_part_is_what_the_views_come_from(recipe, monkeypatch):
    """With recorders in between: the views are given distort() of some 64×64 part of a source image."""
    seen, parts = [], []

    def note_views(image, rng, size):
        seen.append(image)
        return np.zeros((2, size, size, 3), np.uint8)

    def note_distort(*given):
        parts.append(given)
        return distort(*given)

    monkeypatch.setattr(corpora, "two_views", note_views)
    monkeypatch.setattr(corpora, "distort", note_distort)
    corpus = Corpus(recipe)
    classes = corpus.samples(0, 0, 4).class_N
    sources = [corpus.pristine.load(i) for i in range(5)]
    distorted = [image for image, c in zip(seen, classes, strict=True) if c != PRISTINE_CLASS]
    for (part, name, level, seed), image in zip(parts, distorted, strict=True):
        assert part.shape == (64, 64, 3)
        windows = (np.lib.stride_tricks.sliding_window_view(s, (64, 64), axis=(0, 1)) for s in sources)
        assert any((np.moveaxis(w, 2, -1) == part).all(axis=(2, 3, 4)).any() for w in windows)
        np.testing.assert_array_equal(image, distort(part, name, level, seed))


def test_broken_images_are_named_and_replaced(recipe, tmp_path):
    whole = Corpus(recipe).samples(0, 4, 8)
    bad = ("00.png", "03.png", "05.png")
    for name in bad:
        (tmp_path / "images" / "found" / name).write_bytes(b"not an image")
    corpus = Corpus(recipe)
    good = {N_CLASSES + i for i in range(7) if not corpus.authentic.name(i).endswith(bad)}
    broken = {}
    for step in range(6):
        samples = corpus.samples(step, 4, 8)
        assert set(samples.class_N) <= good
        assert not broken.keys() & samples.broken.keys()  # each is told once
        broken |= samples.broken
    assert sorted(p[-6:] for p in broken) == list(bad)
    warm = Corpus(recipe)
    warm.authentic.warm(10**9)
    np.testing.assert_array_equal(warm.samples(3, 4, 8).view_N2SSC, Corpus(recipe).samples(3, 4, 8).view_N2SSC)
    again = Corpus(recipe).samples(0, 4, 8)
    same = np.array([c in good for c in whole.class_N])
    assert same.any()
    np.testing.assert_array_equal(again.view_N2SSC[same], whole.view_N2SSC[same])  # the others see what they saw


def test_what_is_held_out_for_the_probe_is_never_seen(recipe, tmp_path):
    """Not as a pristine image, not at half size from another source, not as an authentic image."""
    (tmp_path / "images" / "list.csv").write_text("path\n" + "".join(f"clean/{i:02d}.png\n" for i in range(5)))
    more = (*recipe.pristine, Source("clean", scale=0.5, min_side=1))
    authentic = (Source("found"), Source(manifest="list.csv"))
    recipe = dataclasses.replace(recipe, pristine=more, authentic=authentic, probe=ProbePart(every=1, contents=2))
    corpus = Corpus(recipe)
    assert len(corpus.held_out) == len({corpus.pristine.name(i) for i in corpus.held_out}) == 2
    secret = {corpus.pristine.name(i) for i in corpus.held_out}
    assert corpus.digest() == Corpus(dataclasses.replace(recipe, probe=None)).digest()
    seen = set()
    for images in (corpus.pristine, corpus.authentic):
        rng = np.random.default_rng(0)
        seen |= {images.name(images.draw(position, rng)[0]) for position in range(4 * len(images))}
    assert len(seen) == 5 + 7 - 2
    assert not seen & secret
    with pytest.raises(ContriqueError, match="6 images were to be held out, but only 5 can be used"):
        Corpus(dataclasses.replace(recipe, probe=ProbePart(every=1, contents=6)))
    with pytest.raises(ContriqueError, match="all 10 images of clean would be held out"):
        Corpus(dataclasses.replace(recipe, probe=ProbePart(every=1, contents=5)))


def test_ready_made_samples_are_taken_as_they_are(recipe, tmp_path, monkeypatch):
    folder = tmp_path / "images" / "kadis"
    (folder / "dist_imgs").mkdir(parents=True)
    (tmp_path / "images" / "clean").rename(folder / "ref_imgs")
    for path in (folder / "ref_imgs").iterdir():
        for number in (1, 2, 3):
            for level in LEVELS:
                (folder / "dist_imgs" / f"{path.stem}_{number:02d}_{level:02d}.png").write_bytes(path.read_bytes())
    drawn = record_draws(monkeypatch)
    recipe = dataclasses.replace(recipe, pristine=(Source("kadis", layout="kadis700k-distorted"),))
    recipe = with_batch(recipe, images=252, distortions_per_image=1, images_per_class=1)
    classes = np.concatenate([Corpus(recipe).samples(step, 0, 126).class_N for step in range(3)])
    assert sorted(drawn) == sorted(c for c in classes if 15 <= c < PRISTINE_CLASS)  # those without files
    assert (classes < 15).any()


def test_when_nothing_can_be_read_it_says_so(recipe, tmp_path):
    for path in (tmp_path / "images" / "clean").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ContriqueError, match="in a row"):
        Corpus(recipe).samples(0, 0, 1)


def test_the_digest_is_the_names(recipe, tmp_path):
    before = Corpus(recipe).digest()
    (tmp_path / "images").rename(tmp_path / "moved")
    moved = dataclasses.replace(recipe, data=str(tmp_path / "moved"))
    assert Corpus(moved).digest() == before
    (tmp_path / "moved" / "found" / "00.png").rename(tmp_path / "moved" / "found" / "zz.png")
    assert Corpus(moved).digest() != before
