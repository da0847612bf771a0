"""A recipe is read whole or refused by the name of the file and key."""

import dataclasses
import json

import pytest

from contrique.errors import ContriqueError
from contrique.learning.recipe import public_part, read_recipe, result_part, versions
from contrique.learning.sources import Source


def test_everything_is_read(recipe_file, tmp_path):
    more = 'manifest = "l.csv"\nlicences = ["a", "b"]\nscale = 0.5\nmin_side = 7\nabout = "ours"'
    text = recipe_file.read_text().replace('folder = "clean"', f'folder = "clean"\n{more}')
    recipe_file.write_text(text)
    recipe = read_recipe(recipe_file)
    assert recipe.name == "tiny"
    assert recipe.data == str(tmp_path / "images")
    assert recipe.encoder.name == "efficientnet-lite0-side"
    assert recipe.batch.distortions_per_image == 2
    assert recipe.optimizer.weight_decay == 1e-4
    assert recipe.run.steps == 6
    assert recipe.pristine == (Source("clean", "l.csv", ("a", "b"), scale=0.5, min_side=7, about="ours"),)
    assert recipe.authentic == (Source("found"),)
    json.dumps(recipe.to_dict())


def test_words_replace_keys(recipe_file, tmp_path):
    recipe = read_recipe(recipe_file, data=tmp_path / "elsewhere", steps=2, workers=5)
    assert (recipe.data, recipe.run.steps, recipe.run.workers) == (str(tmp_path / "elsewhere"), 2, 5)


def test_a_start_file_lies_beside_the_recipe(recipe_file, tmp_path):
    recipe_file.write_text(recipe_file.read_text().replace('"random"', '"weights/a.safetensors"'))
    recipe = read_recipe(recipe_file)
    assert recipe.encoder.start == str(tmp_path / "weights" / "a.safetensors")
    assert str(tmp_path) not in json.dumps(public_part(recipe.to_dict()))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "tiny"', "", "name is missing"),
        ("lr = 0.05", "", "optimizer.lr is missing"),
        ("lr = 0.05", "lr = 0.05\nlearning_rate = 1", "optimizer.learning_rate is not a key"),
        ('folder = "clean"', 'folder = "clean"\nlicense = "x"', r"pristine\[0\].license is not a key"),
        ('folder = "clean"', "", r"pristine\[0\] needs one of folder"),
        ("[optimizer]", "[optimiser]", "optimiser is not a key"),
        ("steps = 6", 'steps = "6"', "run.steps must be int, got '6'"),
        ("steps = 6", "steps = 6.5", "run.steps must be int"),
        ("steps = 6", "steps = true", "run.steps must be int"),
        ("steps = 6", "steps = 0", "run.steps must be at least 1"),
        ('"fp32"', '"fp16"', "run.precision must be one of auto, fp32, bf16"),
        ('"sgd"', '"lion"', "optimizer.name must be one of sgd, adamw"),
        ("images = 8", "images = 7", "batch.images must be even"),
        ("images = 8", "images = 6", "whole groups"),
        ("images_per_class = 2", "images_per_class = 0", "images_per_class"),
        ("temperature = 0.1", "temperature = 0", "temperature must be above 0"),
        ("warmup = 0.1", "warmup = 1.0", "optimizer.warmup"),
        ("warmup = 0.1", "warmup = inf", "optimizer.warmup must be a finite number"),
        ("distortions_per_image = 2", "distortions_per_image = 127", "distortions_per_image must be from 1 to 126"),
        ("seed = ", "seed = 99999999999999999999", "run.seed must be from 0"),
        ('folder = "clean"', 'folder = "clean"\nscale = 2', r"pristine\[0\].scale"),
        ('folder = "clean"', 'folder = "clean"\nlicences = ["x"]', "needs a manifest"),
        ('folder = "clean"', 'folder = "clean"\nlicences = "x"', "licences must be a list"),
        ("[[pristine]]", "[[pristine", "cannot read"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(recipe_file, old, new, message):
    text = recipe_file.read_text()
    assert old in text
    recipe_file.write_text(text.replace(old, new))
    with pytest.raises(ContriqueError, match=message) as caught:
        read_recipe(recipe_file)
    assert str(recipe_file) in str(caught.value)


def test_a_recipe_without_sources_and_a_missing_file(recipe_file, tmp_path):
    recipe_file.write_text(recipe_file.read_text().split("[[pristine]]")[0])
    with pytest.raises(ContriqueError, match="at least one source"):
        read_recipe(recipe_file)
    with pytest.raises(ContriqueError, match=r"nowhere\.toml: cannot read"):
        read_recipe(tmp_path / "nowhere.toml")


def test_only_what_changes_the_result_must_agree_to_resume(recipe_file, tmp_path):
    recipe = read_recipe(recipe_file)
    run = dataclasses.replace(recipe.run, workers=4, checkpoint_every=99, cache_gb=0.0)
    moved = dataclasses.replace(recipe, run=run, data=str(tmp_path / "moved"))
    assert result_part(recipe.to_dict()) == result_part(moved.to_dict())
    longer = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, steps=7))
    assert result_part(recipe.to_dict()) != result_part(longer.to_dict())


def test_versions_name_what_a_result_depends_on():
    import numpy

    found = versions()
    assert found["numpy"] == numpy.__version__
    assert {"python", "contrique", "torch", "opencv-python-headless", "pillow"} <= found.keys()


def test_shipped_recipes_are_good(request):
    folder = request.config.rootpath / "recipes"
    recipes = sorted(folder.glob("*.toml"))
    assert recipes
    for path in recipes:
        read_recipe(path)
