"""Methods by name: every one can be loaded, says what it is, and costs nothing until it is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

import contrique
from contrique.baselines import METHODS, load_baseline, parameters_for
from contrique.baselines.baseline import Baseline
from contrique.baselines.parameters import CARD
from contrique.errors import ContriqueError, ModelError
from contrique.scale import check_mapping

WEIGHTS = Path(contrique.__file__).parent / "weights"
SHIPPED = [name for name in METHODS if name != "hyperiqa"]
"""Methods that score out of the box: there is no trained network of HyperIQA's."""


@pytest.mark.parametrize("name", SHIPPED)
def test_every_method_says_what_it_is(name: str) -> None:
    method = contrique.load(method=name)
    assert isinstance(method, Baseline)
    assert method.digest.startswith(name)
    about = method.card["raw"]
    check_mapping(about["mapping"])
    assert about["mapping"]["lower_is_better"] == about["lower_is_better"]
    assert about["range"]
    assert method.card["paper"]
    assert method.card["licence"] == "Apache-2.0"
    assert method.card["training"]["about"]


def test_shipped_parameters_are_small() -> None:
    sizes = {name: sum(file.stat().st_size for file in (WEIGHTS / name).iterdir()) for name in SHIPPED}
    assert max(sizes.values()) < 1_200_000


def test_unknown_methods_and_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContriqueError, match="unknown method 'psnr': expected contrique, brisque, niqe"):
        contrique.load(method="psnr")
    with pytest.raises(ContriqueError, match="brisque has no model folder"):
        contrique.load("folder", method="brisque")
    with pytest.raises(ContriqueError, match="niqe has no model folder and no engine"):
        contrique.load(method="niqe", engine="onnx")
    with pytest.raises(ContriqueError, match="parameters are for other methods"):
        contrique.load(parameters=str(tmp_path))
    with pytest.raises(ModelError, match="no such folder of parameters"):
        load_baseline("niqe", tmp_path / "nowhere")


def test_scoring_needs_no_optional_package() -> None:
    code = f"""
import sys
for name in ("torch", "scipy", "cv2", "sklearn", "onnxruntime"):
    sys.modules[name] = None
import numpy, contrique
image = numpy.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=numpy.uint8)
for name in {SHIPPED}:
    score = contrique.load(method=name).score(image)
    assert 0 < score.value < 100
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_parameters_of_several_methods_lie_in_one_folder(tmp_path: Path, shared_reference: Path) -> None:
    official = shared_reference / "models"
    found = {name: parameters_for(name, official) for name in METHODS}
    assert found == {name: official if name in ("brisque", "niqe", "hosa") else None for name in METHODS}
    assert {parameters_for(name, WEIGHTS) for name in SHIPPED} == {WEIGHTS / name for name in SHIPPED}
    assert load_baseline("hosa", WEIGHTS).digest == load_baseline("hosa").digest
    assert parameters_for("hosa", WEIGHTS / "hosa") == WEIGHTS / "hosa"
    assert parameters_for("cornia", WEIGHTS / "hosa") is None
    (tmp_path / CARD).write_text('{"method": "HOSA"}')
    assert parameters_for("niqe", tmp_path) is None
    (tmp_path / "niqe_modelparameters.mat").touch()  # one method's card hides no other's files
    assert parameters_for("niqe", tmp_path) == parameters_for("hosa", tmp_path) == tmp_path


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000])
def test_a_card_that_cannot_be_read_is_not_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / CARD).write_text(text)
    with pytest.raises(ModelError, match="not the card of a method, or damaged"):
        parameters_for("hosa", tmp_path)
