"""Batches come in order, whole, and the same from any number of workers."""

import dataclasses
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from contrique.errors import ContriqueError
from contrique.learning import loader
from contrique.learning.corpora import Corpus
from contrique.learning.recipe import read_recipe


@pytest.fixture
def recipe(recipe_file):
    return read_recipe(recipe_file)


def test_batches_are_the_corpus_samples_in_order(recipe, monkeypatch):
    monkeypatch.setattr(loader, "PIECE", 3)  # 8 images: pieces of 3, 3 and 2
    corpus = Corpus(recipe)
    for workers in (0, 1, 2):
        changed = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, workers=workers))
        got = list(loader.batches(corpus, changed, first=2, last=5))
        assert len(got) == 3
        for step, (views, classes, broken) in enumerate(got, start=2):
            expected = Corpus(recipe).samples(step, 0, 8)
            assert torch.equal(views, torch.from_numpy(expected.view_N2SSC))
            assert torch.equal(classes, torch.from_numpy(expected.class_N))
            assert views.dtype == torch.uint8
            assert broken == {}


def test_nothing_left_is_no_batch(recipe):
    assert list(loader.batches(Corpus(recipe), recipe, first=6)) == []
    assert len(list(loader.batches(Corpus(recipe), recipe, first=4))) == 2


@pytest.mark.parametrize(
    ("asked", "cores", "gpu", "expected"),
    [(-1, 16, False, 8), (-1, 16, True, 15), (-1, 1, False, 1), (-1, 1, True, 1), (0, 16, True, 0), (3, 2, False, 3)],
)
def test_how_many_workers(recipe, monkeypatch, asked, cores, gpu, expected):
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    changed = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, workers=asked))
    assert loader.worker_count(changed) == expected


@pytest.mark.parametrize("ending", ["error", "left open"])
def test_workers_never_keep_the_process_from_ending(recipe_file, ending):
    script = f"""
import dataclasses
from contrique.errors import ContriqueError
from contrique.learning import loader
from contrique.learning.corpora import Corpus
from contrique.learning.recipe import read_recipe

recipe = read_recipe({str(recipe_file)!r}, workers=2)

class Broken(Corpus):
    def samples(self, *bounds):
        raise ContriqueError("nothing to read")

if {ending == "error"}:
    try:
        next(loader.batches(Broken(recipe), recipe))
    except ContriqueError as error:
        kept = error  # and with it the traceback, the frame, and all that is in it
        print(error)
else:
    left = loader.batches(Corpus(recipe), recipe)
    next(left)
    print("nothing to read")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "nothing to read\n"), done.stderr


def too_much_of(kind):
    """Really asks for more memory than there is, in one of the ways a run does."""
    if kind == "torch":
        return torch.empty(2**60, dtype=torch.uint8)
    if kind == "numpy":
        return np.empty(2**60, np.uint8)
    return cv2.copyMakeBorder(np.zeros((2, 2, 3), np.uint8), 2**30, 2**30 - 3, 2**30, 2**30 - 3, cv2.BORDER_REFLECT)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("kind", ["torch", "numpy", "opencv"])
def test_memory_that_is_refused_is_one_clear_error(recipe, monkeypatch, kind, workers):
    monkeypatch.setattr(Corpus, "samples", lambda *_: too_much_of(kind))
    changed = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, workers=workers))
    with pytest.raises(ContriqueError, match=r"out of memory \(.*smaller batch") as caught, loader.shortages_named():
        next(loader.batches(Corpus(changed), changed))
    assert "\n" not in str(caught.value)


def test_memory_that_a_gpu_refuses_is_one_clear_error_and_other_errors_stay():
    with pytest.raises(ContriqueError, match=r"out of memory \(CUDA out of memory"), loader.shortages_named():
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore")
    with pytest.raises(RuntimeError, match="shapes"), loader.shortages_named():
        raise RuntimeError("shapes do not match")
