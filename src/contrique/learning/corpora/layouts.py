"""Data sets in the folders they are published in: which of their files are images to learn from, and which are not.

- ``ava``: AVA (Murray, Marchesotti & Perronnin, CVPR 2012). Photographs named ``<number>.jpg``, in ``images/`` or
  wherever they were unpacked to; ``AVA.txt`` and the lists in ``style_image_lists/`` and others are not read.
- ``certh-blur``: CERTH Image Blur Dataset (Mavridaki & Mezaris, ICIP 2014). ``TrainingSet/`` with ``Undistorted/``,
  ``Artificially-Blurred/`` and ``Naturally-Blurred/``; ``EvaluationSet/`` with ``NaturalBlurSet/`` and
  ``DigitalBlurSet/``. Under ``[[pristine]]``, ``Undistorted/`` alone.
- ``coco``: COCO (Lin et al., ECCV 2014). ``train2017/``, ``val2017/``, ``test2017/``, ``unlabeled2017/`` and those of
  2014 and 2015, also under ``images/``. An image in two of them (their numbers agree) counts once; masks in
  ``annotations/`` are no images.
- ``kadis700k``: the pristine images of KADIS-700k (Lin, Hosu & Saupe, "DeepFL-IQA", 2020), ``ref_imgs/``.
- ``kadis700k-distorted``: its ``dist_imgs/``, which the published MATLAB script fills with files named
  ``<reference>_<type>_<level>.bmp``, types 01 to 25 and levels 01 to 05, as ready-made samples of our classes, and
  ``ref_imgs/`` as samples of the undistorted class.
- ``voc``: PASCAL VOC (Everingham et al.). ``VOCdevkit/VOC2012/JPEGImages/`` and other years; masks in
  ``SegmentationClass/`` are no images.

The source's folder may be the data set's own or one around it.
"""

import os
import re
from collections.abc import Iterator

from contrique.errors import ContriqueError
from contrique.finding import IMAGE_SUFFIXES
from contrique.learning.distortions import LEVELS, NAMES, PRISTINE_CLASS, class_id

_COCO = re.compile(r"(train|val|test|unlabeled)20\d\d")
_COCO_NUMBER = re.compile(r"(\d{12})\.jpg", re.IGNORECASE)
_AVA = re.compile(r"\d+\.jpe?g", re.IGNORECASE)
_VOC = re.compile(r"VOC20\d\d|JPEGImages")
_DISTORTED = re.compile(r"(.+)_(\d\d)_(\d\d)")
_DEPTH = 3  # folders around a data set's own that are looked into


Found = tuple[str, int | None]
"""Path of an image relative to its source's folder, and its class if it is a ready-made sample."""


def walk(folder: str, inside: str = "") -> Iterator[str]:
    """Images under a folder to any depth, as paths relative to it, in no particular order.

    The same files as ``find_images`` gives: those with an image's suffix, no names that begin with a dot, folders
    behind links, none of them twice. One folder's names are not held in memory together.

    Raises:
        ContriqueError: a folder cannot be listed.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [inside]
    while waiting:
        here = waiting.pop()
        path, deeper = os.path.join(folder, here), []
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        deeper.append(os.path.join(here, entry.name))
                    elif os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES:
                        yield os.path.join(here, entry.name)
        except OSError as error:
            raise ContriqueError(f"{path}: cannot list this folder: {error.strerror}") from error
        waiting += sorted(deeper, reverse=True)  # of two links to one folder it is always the same that is entered


def folder_images(folder: str) -> Iterator[Found]:
    """All images of a folder."""
    for path in walk(folder):
        yield path, None


def layout_images(layout: str, folder: str, pristine: bool) -> Iterator[Found]:
    """The images of a data set.

    Args:
        layout: one of ``contrique.learning.sources.LAYOUTS``.
        folder: where it lies.
        pristine: only what can be taken as undistorted.

    Raises:
        ContriqueError: the folder does not hold the data set.
    """
    if layout == "coco":
        for path in _inside(folder, layout, _COCO, "train2017/, val2017/ or others"):
            yield path, None
    elif layout == "voc":
        for path in _inside(folder, layout, _VOC, "VOC2012/JPEGImages/ or other years"):
            if os.path.basename(os.path.dirname(path)) == "JPEGImages":
                yield path, None
    elif layout == "ava":
        for path in walk(folder):
            if _AVA.fullmatch(os.path.basename(path)):
                yield path, None
    elif layout == "certh-blur":
        names = "Undistorted" if pristine else "Undistorted|(Artificially|Naturally)-Blurred|(Natural|Digital)BlurSet"
        for path in _inside(folder, layout, re.compile(names), "TrainingSet/Undistorted/ and others"):
            yield path, None
    elif layout == "kadis700k":
        for path in _inside(folder, layout, re.compile("ref_imgs"), "ref_imgs/"):
            yield path, None
    elif layout == "kadis700k-distorted":
        yield from _distorted(folder, layout)
    else:
        raise ContriqueError(f"{layout!r} is no layout of a data set")


def identity(layout: str | None, path: str) -> str:
    """What tells an image from the others of its source, where that is not its path: the number of COCO's and AVA's."""
    name = os.path.basename(path)
    if layout == "coco" and (number := _COCO_NUMBER.search(name)):
        return number[1]
    return os.path.splitext(name)[0] if layout == "ava" else path


def distorted_versions(path: str) -> Iterator[str]:
    """Where the ready-made samples of a pristine image of KADIS-700k would lie."""
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    for suffix in (".bmp", ".png", ".jpg"):
        for number in range(1, len(NAMES) + 1):
            for level in LEVELS:
                yield os.path.join(os.path.dirname(folder), "dist_imgs", f"{stem}_{number:02d}_{level:02d}{suffix}")


def _distorted(folder: str, layout: str) -> Iterator[Found]:
    for path in _inside(folder, layout, re.compile("ref_imgs"), "ref_imgs/"):
        yield (path, PRISTINE_CLASS)
    for path in _inside(folder, layout, re.compile("dist_imgs"), "dist_imgs/"):
        parts = _DISTORTED.fullmatch(os.path.splitext(os.path.basename(path))[0])
        if not parts or not 1 <= int(parts[2]) <= len(NAMES) or int(parts[3]) not in LEVELS:
            raise ContriqueError(
                f"{os.path.join(folder, path)}: expected a name that ends in _<type>_<level>, 01_01 to 25_05"
            )
        yield path, class_id(NAMES[int(parts[2]) - 1], int(parts[3]))


def _inside(folder: str, layout: str, names: re.Pattern[str], expected: str) -> Iterator[str]:
    """Images in all folders of some names, in the given folder or a few levels below it."""
    tops = list(_named(folder, "", names, _DEPTH))
    if names.fullmatch(os.path.basename(os.path.abspath(folder))):
        tops = [""]
    if not tops:
        raise ContriqueError(f"{folder}: expected {layout} as published here, with {expected}")
    for top in tops:
        yield from walk(folder, top)


def _named(folder: str, inside: str, names: re.Pattern[str], depth: int) -> Iterator[str]:
    path = os.path.join(folder, inside)
    try:
        with os.scandir(path) as entries:
            below = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    except OSError as error:
        raise ContriqueError(f"{path}: cannot list this folder: {error.strerror}") from error
    for name in below:
        if names.fullmatch(name):
            yield os.path.join(inside, name)
        elif depth:
            yield from _named(folder, os.path.join(inside, name), names, depth - 1)
