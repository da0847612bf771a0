"""libsvm's text files: read as svm-predict would, and refused where they are damaged."""

from pathlib import Path

import numpy as np
import pytest

from contrique.baselines.libsvm import KernelSVR, read_model, read_range
from contrique.errors import ContriqueError, ModelError

MODEL = """\
svm_type epsilon_svr
kernel_type rbf
gamma 0.5
nr_class 2
total_sv 2
rho -1.5
probA 5.7
SV
-2 1:1 3:-1\x20
4 2:0.5\x20
"""
RANGE = "x\n-1 1\n1 0 10\n2 -0.5 0.5\n3 1e-05 2\n"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_model_predicts_by_its_formula(tmp_path: Path) -> None:
    svr = read_model(write(tmp_path, MODEL), 3)
    x_ND = np.array([[1.0, 0, -1], [0.3, 0.2, 0.1]])
    support = np.array([[1, 0, -1], [0, 0.5, 0]])
    expected = [
        sum(c * np.exp(-0.5 * ((x - s) ** 2).sum()) for c, s in zip((-2, 4), support, strict=True)) for x in x_ND
    ]
    np.testing.assert_allclose(svr.predict(x_ND), np.array(expected) + 1.5)


def test_the_official_model_is_read_whole(shared_reference: Path) -> None:
    svr = read_model(shared_reference / "models" / "brisque_allmodel.libsvm", 36)
    assert svr.support_SD.shape == (774, 36)
    assert (svr.gamma, svr.rho) == (0.05, -153.591)
    assert svr.coef_S.sum() == pytest.approx(0, abs=0.01)  # the constraint under which an SVR is trained
    low_D, high_D = read_range(shared_reference / "models" / "brisque_allrange.txt", 36)
    assert (low_D[0], high_D[0], low_D[-1], high_D[-1]) == (0.338, 10, 0.001118, 0.370399)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "middle of a line"),
        ("hello\n", "no line SV"),
        (MODEL.replace("epsilon_svr", "c_svc"), "svm_type is 'c_svc', expected epsilon_svr or nu_svr"),
        (MODEL.replace("kernel_type rbf\n", ""), "kernel_type is None"),
        (MODEL.replace("gamma 0.5", "gamma x"), "gamma: expected a number, got 'x'"),
        (MODEL.replace("rho -1.5", "rho nan"), "rho: expected a number"),
        (MODEL.replace("total_sv 2", "total_sv 3"), "2 support vectors, and total_sv says 3"),
        (MODEL[:-2], "middle of a line"),
        (MODEL.replace("2:0.5", "4:0.5"), "line 10: expected a feature from 1 to 3, got '4:0.5'"),
        (MODEL.replace("2:0.5", "-1:0.5"), "line 10: expected a feature"),
        (MODEL.replace("2:0.5", "2"), "line 10: expected a number"),
        (MODEL.replace("2:0.5", "2:inf"), "line 10: expected a number"),
        (MODEL.encode() + b"\xff\n", "cannot be read as text"),
    ],
)
def test_a_damaged_model_is_refused(tmp_path: Path, text: str | bytes, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ModelError, match=says) as caught:
        read_model(path, 3)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "middle of a line"),
        (RANGE.replace("-1 1", "0 1"), "not a range file"),
        (RANGE.replace("3 1e-05 2\n", ""), "2 features, expected 3"),
        (RANGE.replace("2 -0.5", "5 -0.5"), "line 4: expected '2 LEAST GREATEST'"),
        (RANGE.replace("0.5\n", "a\n"), "line 4: expected a number"),
        (RANGE.replace("0.5\n", "-0.5\n"), "feature 2: its range is empty"),
    ],
)
def test_a_damaged_range_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        read_range(write(tmp_path, text), 3)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"brisque\.txt: missing"):
        read_model(tmp_path / "brisque.txt", 3)
    with pytest.raises(ModelError, match="cannot be read"):
        read_range(tmp_path, 3)


def test_arrays_give_the_same_regressor() -> None:
    rng = np.random.default_rng(0)
    svr = KernelSVR(rng.normal(size=(5, 3)), rng.normal(size=5), 0.3, 0.1)
    again = KernelSVR.from_arrays(svr.to_arrays(), 3)
    np.testing.assert_allclose(again.predict(np.eye(3)), svr.predict(np.eye(3)), atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [{"support": None}, {"support": np.zeros((5, 4))}, {"coef": np.zeros(4)}, {"rho": np.array([np.nan])}],
)
def test_odd_arrays_are_refused(change: dict[str, np.ndarray | None]) -> None:
    arrays = KernelSVR(np.zeros((5, 3)), np.zeros(5), 0.3, 0.1).to_arrays()
    arrays = {name: array for name, array in {**arrays, **change}.items() if array is not None}
    with pytest.raises(ContriqueError):
        KernelSVR.from_arrays(arrays, 3)
