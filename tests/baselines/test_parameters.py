"""Parameter files: read back as written, refused where damaged, and never executed."""

import json
import pickle
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from contrique.baselines.parameters import read_matlab, read_shipped, write_shipped
from contrique.errors import MissingExtra, ModelError

WANTED = {"mu_prisparam": (1, 36), "cov_prisparam": (36, 36)}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_shipped(tmp_path / "new", {"name": "x"}, {"a": np.arange(3.0)})
    card, arrays = read_shipped(tmp_path / "new")
    assert card["name"] == "x"
    np.testing.assert_array_equal(arrays["a"], [0, 1, 2])


@pytest.mark.parametrize("file", ["card.json", "parameters.safetensors"])
@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "empty", "folder"])
def test_damage_is_noticed(tmp_path: Path, file: str, damage: str) -> None:
    write_shipped(tmp_path, {"name": "x"}, {"a": np.arange(3.0)})
    path = tmp_path / file
    data = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "gone":
        flipped = b"\x00" + data[1:]
        path.write_bytes({"cut": data[: len(data) // 2], "flipped": flipped, "empty": b""}[damage])
    with pytest.raises(ModelError, match=str(tmp_path)):
        read_shipped(tmp_path)


@pytest.mark.parametrize("card", ["[]", "[" * 100_000, '{"format": 2}', '{"format": 1}', '{"format": 1, "files": []}'])
def test_odd_cards_are_refused(tmp_path: Path, card: str) -> None:
    write_shipped(tmp_path, {}, {"a": np.arange(3.0)})
    (tmp_path / "card.json").write_text(card)
    with pytest.raises(ModelError):
        read_shipped(tmp_path)


def test_the_official_matlab_file_is_read(shared_reference: Path) -> None:
    mean_1D, covariance_DD = read_matlab(shared_reference / "models" / "niqe_modelparameters.mat", WANTED)
    assert (mean_1D.shape, covariance_DD.shape) == ((1, 36), (36, 36))
    np.testing.assert_array_equal(covariance_DD, covariance_DD.T)
    assert (np.linalg.eigvalsh(covariance_DD) > 0).all()


def test_damaged_matlab_files_are_refused(shared_reference: Path, tmp_path: Path) -> None:
    data = (shared_reference / "models" / "niqe_modelparameters.mat").read_bytes()
    rng = random.Random(0)
    path = tmp_path / "niqe.mat"
    damaged = [data[: rng.randrange(len(data))] for _ in range(30)] + [b"", b"hello", rng.randbytes(500)]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ModelError, match=str(path)):
            read_matlab(path, WANTED)


class Trap:
    """Unpickling it would be noticed."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (sys.exit, ("it was executed",))


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "niqe.mat"
    path.write_bytes(pickle.dumps({"mu_prisparam": Trap()}))
    with pytest.raises(ModelError, match="not a MATLAB file"):
        read_matlab(path, WANTED)


@pytest.mark.parametrize(
    "matrices",
    [
        {"mu_prisparam": np.zeros((1, 36))},
        {"mu_prisparam": np.zeros((1, 35)), "cov_prisparam": np.zeros((36, 36))},
        {"mu_prisparam": np.full((1, 36), np.inf), "cov_prisparam": np.zeros((36, 36))},
        {"mu_prisparam": "x" * 36, "cov_prisparam": np.zeros((36, 36))},
    ],
)
def test_other_matlab_files_are_refused(tmp_path: Path, matrices: dict[str, object]) -> None:
    io = pytest.importorskip("scipy.io")
    io.savemat(tmp_path / "niqe.mat", matrices)
    with pytest.raises(ModelError, match=r"mu_prisparam|cov_prisparam"):
        read_matlab(tmp_path / "niqe.mat", WANTED)


def test_missing_things_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"niqe\.mat: missing"):
        read_matlab(tmp_path / "niqe.mat", WANTED)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(MissingExtra, match=r"contrique\[evaluate\]"):
        read_matlab(tmp_path / "niqe.mat", WANTED)


def test_a_card_is_plain_json(tmp_path: Path) -> None:
    write_shipped(tmp_path, {"name": "x"}, {"a": np.arange(3.0)})
    assert set(json.loads((tmp_path / "card.json").read_text())) == {"format", "name", "files"}
