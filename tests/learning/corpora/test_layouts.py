"""Tiny copies of data sets as published: the images they hold, and nothing of what lies beside them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contrique.errors import ContriqueError
from contrique.finding import find_images
from contrique.learning.corpora.layouts import distorted_versions, folder_images, identity, layout_images, walk
from contrique.learning.distortions import PRISTINE_CLASS, class_id
from contrique.learning.sources import LAYOUTS


def make(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(layout, folder, pristine=False):
    return sorted(path for path, _ in layout_images(layout, str(folder), pristine))


def test_coco(tmp_path):
    images = ["train2017/000000000009.jpg", "val2017/000000000139.jpg", "test2017/000000000001.jpg",
              "unlabeled2017/000000000008.jpg", "train2014/COCO_train2014_000000000009.jpg"]  # fmt: skip
    beside = ["annotations/instances_val2017.json", "annotations/panoptic_val2017/000000000139.png",
              "stuffthingmaps/train2017.zip", "annotations/stuff.png"]  # fmt: skip
    make(tmp_path / "coco", *images, *beside)
    assert found("coco", tmp_path / "coco") == sorted(images)
    make(tmp_path / "other", *("images/" + name for name in images), *beside)
    assert found("coco", tmp_path / "other") == sorted("images/" + name for name in images)
    assert found("coco", tmp_path) == sorted(
        [f"coco/{name}" for name in images] + [f"other/images/{name}" for name in images]
    )
    assert found("coco", tmp_path / "coco" / "val2017") == ["000000000139.jpg"]  # one of its folders
    assert identity("coco", images[0]) == identity("coco", images[4])  # one image in two years' folders
    assert identity("coco", images[0]) != identity("coco", images[1])


def test_voc(tmp_path):
    images = ["VOC2012/JPEGImages/2007_000027.jpg", "VOC2007/JPEGImages/000005.jpg"]
    beside = ["VOC2012/SegmentationClass/2007_000032.png", "VOC2012/SegmentationObject/2007_000032.png",
              "VOC2012/Annotations/2007_000027.xml", "VOC2012/ImageSets/Main/train.txt"]  # fmt: skip
    make(tmp_path / "VOCdevkit", *images, *beside)
    inside = ["VOCdevkit/" + name for name in images]
    assert found("voc", tmp_path) == sorted(inside)
    assert found("voc", tmp_path / "VOCdevkit") == sorted(images)
    assert found("voc", tmp_path / "VOCdevkit" / "VOC2012") == ["JPEGImages/2007_000027.jpg"]


def test_certh_blur(tmp_path):
    training = ["TrainingSet/Undistorted/a.jpg", "TrainingSet/Artificially-Blurred/b.JPG",
                "TrainingSet/Naturally-Blurred/c.jpg"]  # fmt: skip
    evaluation = ["EvaluationSet/NaturalBlurSet/d.jpg", "EvaluationSet/DigitalBlurSet/e.jpg"]
    beside = ["EvaluationSet/NaturalBlurSet.xlsx", "EvaluationSet/plot.png", "TrainingSet/.DS_Store"]
    make(tmp_path / "CERTH_ImageBlurDataset", *training, *evaluation, *beside)
    for top, prefix in [(tmp_path, "CERTH_ImageBlurDataset/"), (tmp_path / "CERTH_ImageBlurDataset", "")]:
        assert found("certh-blur", top) == sorted(prefix + name for name in training + evaluation)
        assert found("certh-blur", top, pristine=True) == [prefix + training[0]]


def test_ava(tmp_path):
    images = ["images/953619.jpg", "images/953958.jpg"]
    beside = ["AVA.txt", "tags.txt", "style_image_lists/train.jpgl", "style_image_lists/styles.txt", "logo.png",
              "aesthetics_image_lists/generic_ss_train.jpgl", "images/cover.jpg"]  # fmt: skip
    make(tmp_path / "AVA_dataset", *images, *beside)
    assert found("ava", tmp_path / "AVA_dataset") == images
    assert found("ava", tmp_path) == ["AVA_dataset/" + name for name in images]


REFERENCES = ["ref_imgs/0002.png", "ref_imgs/some_name.png"]
DISTORTED = {"dist_imgs/0002_01_01.bmp": ("gaussian_blur", 1), "dist_imgs/some_name_25_05.bmp": ("contrast_change", 5),
             "dist_imgs/0002_10_03.bmp": ("jpeg", 3)}  # fmt: skip


def test_kadis700k(tmp_path):
    make(tmp_path / "kadis700k", *REFERENCES, *DISTORTED, "kadis700k_ref_imgs.csv", "code_imdistort/readme.png")
    for top, prefix in [(tmp_path, "kadis700k/"), (tmp_path / "kadis700k", "")]:
        assert found("kadis700k", top, pristine=True) == [prefix + name for name in REFERENCES]
        ready = dict(layout_images("kadis700k-distorted", str(top), True))
        assert ready == {prefix + name: PRISTINE_CLASS for name in REFERENCES} | {
            prefix + name: class_id(*which) for name, which in DISTORTED.items()
        }


def test_versions_of_a_reference_are_in_the_order_of_classes():
    versions = list(distorted_versions("kadis700k/ref_imgs/0002.png"))
    assert len(versions) == 3 * PRISTINE_CLASS
    assert versions[0] == "kadis700k/dist_imgs/0002_01_01.bmp"
    assert versions[class_id("jpeg", 3)] == "kadis700k/dist_imgs/0002_10_03.bmp"
    assert versions[PRISTINE_CLASS + 124] == "kadis700k/dist_imgs/0002_25_05.png"


@pytest.mark.parametrize("name", ["0002.bmp", "0002_26_01.bmp", "0002_01_06.bmp", "0002_00_01.bmp", "0002_1_1.bmp"])
def test_a_distorted_image_without_type_and_level_is_named(tmp_path, name):
    make(tmp_path, *REFERENCES, "dist_imgs/" + name)
    with pytest.raises(ContriqueError, match=rf"dist_imgs/{name}: expected a name that ends in _<type>_<level>"):
        list(layout_images("kadis700k-distorted", str(tmp_path), True))


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"ava"}))
def test_another_folder_is_refused(tmp_path, layout):
    make(tmp_path, "pictures/a.jpg")
    with pytest.raises(ContriqueError, match=f"expected {layout} as published here, with "):
        list(layout_images(layout, str(tmp_path), False))


def test_folders_are_walked_as_find_images_walks_them(tmp_path):
    make(tmp_path, "b.jpg", "a/1.PNG", "a/b/c.webp", "notes.txt", ".hidden.jpg", ".cache/x.jpg", "odd\nname.tif")
    make(tmp_path / "elsewhere", "linked.jpg")
    (tmp_path / "top").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "top" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    with open(os.fsencode(tmp_path) + b"/\xff.jpg", "wb"):
        pass
    ours = {str(tmp_path / path) for path, _ in folder_images(str(tmp_path))}
    theirs = set(find_images([tmp_path]))
    assert {os.path.realpath(path) for path in ours} == {os.path.realpath(path) for path in theirs}
    assert len(ours) == len(theirs) == 7


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.sets(st.text("ab/.", min_size=1, max_size=6).map(lambda s: s.strip("./") + ".png"), max_size=8))
def test_any_tree(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("tree")
    for name in names:
        path = folder / Path(*[part for part in name.split("/") if part not in ("", ".", "..")])
        if not any((folder / parent).is_file() for parent in path.relative_to(folder).parents) and not path.exists():
            make(folder, str(path.relative_to(folder)))
    assert sorted(str(folder / path) for path in walk(str(folder))) == sorted(find_images([folder]))


def test_a_folder_that_cannot_be_listed_is_named(tmp_path):
    with pytest.raises(ContriqueError, match=r"none/?: cannot list this folder: No such file"):
        list(walk(str(tmp_path / "none")))
