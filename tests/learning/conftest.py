"""A pretraining run small enough for any test: a dozen little images, a recipe, an encoder of a few hundred weights."""

import pytest
from tiny_run import write_recipe


@pytest.fixture
def recipe_file(tmp_path):
    """A recipe of six steps and the images it names, in a folder of their own."""
    return write_recipe(tmp_path)


@pytest.fixture(scope="session")
def two_processes(tmp_path_factory):
    """What each of two real processes found: see tests/support/whole_and_parts.py. Has the ``recipe`` they trained."""
    torch = pytest.importorskip("torch")
    import processes

    from contrique.learning.recipe import read_recipe

    class Findings(list):
        recipe = None

    folder = tmp_path_factory.mktemp("two")
    path = write_recipe(folder)
    for done in processes.run_processes("import whole_and_parts; whole_and_parts.main()", str(path), f"{folder}/out"):
        assert done.returncode == 0, done.stderr
    findings = Findings(torch.load(f"{folder}/out.{rank}", weights_only=True) for rank in range(2))
    findings.recipe = read_recipe(path)
    return findings


@pytest.fixture
def tiny_encoder():
    """Makes the same small encoder at every call, with a frozen part that stays in eval mode, like the real ones."""
    pytest.importorskip("torch")
    from tiny_encoder import Tiny

    return Tiny
