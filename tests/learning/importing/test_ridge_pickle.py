"""Pickled Ridges: real ones of scikit-learn and joblib are read to the last bit, and nothing that acts is."""

import io
import pickle
import pickletools
import struct
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from contrique.errors import ModelError
from contrique.learning.importing.pickle_machine import MAX_BYTES
from contrique.learning.importing.ridge_pickle import read_ridge

DIM = 4096
PUBLISHED = {"CLIVE": 53.48948669, "Koniq": 37.20687103, "LIVE": 50.48667908, "CSIQ": 0.48646504}


def fitted(intercept: Any = 50.48667908, coef_shape: tuple[int, ...] = (1, DIM), **more: Any) -> Ridge:
    """A Ridge as the authors' are: weights float32, one target."""
    model = Ridge(alpha=0.1, **more).fit(np.eye(3, dtype=np.float32), np.arange(3, dtype=np.float32))
    model.coef_ = np.random.default_rng(0).standard_normal(coef_shape).astype(np.float32)
    model.n_features_in_ = DIM
    model.intercept_ = intercept
    return model


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "LIVE.save"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_protocol_gives_the_same_numbers(tmp_path: Path, protocol: int, name: str) -> None:
    model = fitted(np.array([PUBLISHED[name]], np.float32))
    regressor, made = read_ridge(written(tmp_path, pickle.dumps(model, protocol=protocol)))
    assert np.array_equal(regressor.coef_D, model.coef_[0].astype(np.float64))
    assert regressor.intercept == np.float32(PUBLISHED[name])
    assert made["alpha"] == 0.1
    x_ND = np.random.default_rng(1).random((3, DIM), dtype=np.float32)
    np.testing.assert_allclose(regressor.predict(x_ND), model.predict(x_ND).reshape(-1), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(
    ("intercept", "shape"),
    [
        (0.5, (DIM,)),
        (np.float64(0.5), (1, DIM)),
        (np.float32(0.5), (DIM,)),
        (np.array([0.5]), (1, DIM)),
        (np.array(0.5), (DIM,)),
        (np.array([0.5], ">f8"), (1, DIM)),
    ],
    ids=["python", "float64", "float32", "array", "array without axes", "big end first"],
)
def test_every_kind_of_intercept(tmp_path: Path, protocol: int, intercept: Any, shape: tuple[int, ...]) -> None:
    model = fitted(intercept, shape)
    regressor, _ = read_ridge(written(tmp_path, pickle.dumps(model, protocol=protocol)))
    assert regressor.intercept == 0.5
    assert regressor.coef_D.shape == (DIM,)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_names_of_other_versions_of_numpy_and_scikit_learn(tmp_path: Path, protocol: int) -> None:
    model = fitted()
    data = pickle.dumps(model, protocol=protocol)
    assert b"numpy._core" in data
    if protocol < 4:  # names are text that ends with a line feed
        old = data.replace(b"numpy._core", b"numpy.core").replace(b"linear_model._ridge", b"linear_model.ridge")
    else:
        old = data.replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
        old = old.replace(b"\x8c\x1bsklearn.linear_model._ridge", b"\x8c\x1asklearn.linear_model.ridge")
    assert old != data
    assert np.array_equal(read_ridge(written(tmp_path, old))[0].coef_D, model.coef_[0])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compress", [0, 3], ids=["plain", "zlib"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_joblib(tmp_path: Path, order: str, compress: int, protocol: int) -> None:
    model = fitted(np.array([0.5], np.float32))
    model.coef_ = np.asarray(model.coef_, order=order)
    path = tmp_path / "LIVE.save"
    joblib.dump(model, path, compress=compress, protocol=protocol)
    regressor, _ = read_ridge(path)
    assert np.array_equal(regressor.coef_D, model.coef_[0])
    assert regressor.intercept == 0.5


def test_settings_that_are_numpy_numbers_are_read_over(tmp_path: Path) -> None:
    model = fitted(solver="sag", random_state=0, max_iter=50)
    model.alpha = np.float64(0.1)
    regressor, made = read_ridge(written(tmp_path, pickle.dumps(model)))
    assert regressor.coef_D.size == DIM
    assert made["alpha"] == pytest.approx(0.1)


class Touches:
    """Calls something when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def inside(thing: Any) -> Ridge:
    model = fitted()
    model.alpha = thing
    return model


def evil(target: Path) -> dict[str, bytes]:
    """Files that would make ``target`` if any part of them were carried out, and the like."""
    import builtins
    import os
    import subprocess

    command = f"touch {target}"
    text = str(target).encode()
    ridge = pickle.dumps(fitted(), protocol=2)
    return {
        "os.system": pickle.dumps(Touches(os.system, command)),
        "in a setting": pickle.dumps(inside(Touches(os.system, command))),
        "subprocess": pickle.dumps(inside(Touches(subprocess.Popen, ["touch", str(target)]))),
        "eval": pickle.dumps(Touches(builtins.eval, f"open({str(target)!r}, 'w')"), protocol=2),
        "getattr": pickle.dumps(Touches(getattr, "x", "upper")),
        "protocol 0": b"cos\nsystem\n(S'touch " + text + b"'\ntR.",
        "instance": b"(X" + struct.pack("<I", len(command)) + command.encode() + b"ios\nsystem\n.",
        "object": b"\x80\x02(cos\nsystem\nX\x06\x00\x00\x00touch o.",
        "extension": b"\x80\x02\x82\x01)R.",
        "persistent": b"\x80\x02Pname\n.",
        "persistent object": b"\x80\x02K\x01Q.",
        "state setter": b"\x80\x02csklearn.linear_model._ridge\nRidge\n)\x81}"
        b"X\x0c\x00\x00\x00__setstate__cos\nsystem\nsb.",
        "keyword arguments": b"\x80\x04csklearn.linear_model._ridge\nRidge\n)}\x92.",
        "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.",
        "called class": b"\x80\x02csklearn.linear_model._ridge\nRidge\n)R.",
        "numpy reaches out": b"\x80\x02cnumpy\nfromfile\nX\x01\x00\x00\x00x\x85R.",
        "other object": pickle.dumps(LinearRegression().fit(np.eye(3), [1, 2, 3])),
        "a list": pickle.dumps([1.0]),
        "an array of objects": pickle.dumps(inside(np.array([Touches(os.system, command)], dtype=object))),
        "two in one": ridge + ridge,
        "nothing": b"",
        "text": b"GIF89a, or so",
        "cut off": ridge[:-200],
    }


@pytest.mark.parametrize("kind", evil(Path("x")))
def test_what_acts_is_refused_in_one_line_and_does_nothing(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "touched"
    path = written(tmp_path, evil(target)[kind])
    with pytest.raises(ModelError) as caught:
        read_ridge(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert list(tmp_path.iterdir()) == [path]


def test_the_files_above_would_act() -> None:
    """The test before this one could not fail if its pickles were broken: real unpickling does call."""
    assert pickle.loads(pickle.dumps(inside(Touches(getattr, 7j, "imag")))).alpha == 7.0


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("in a setting", "posix.system"),
        ("eval", "__builtin__.eval"),
        ("protocol 0", "os.system"),
        ("instance", "os system"),
        ("dotted name", "numpy.ndarray.tofile"),
        ("other object", "LinearRegression"),
        ("extension", "EXT1"),
        ("persistent object", "BINPERSID"),
    ],
)
def test_what_was_refused_is_named(tmp_path: Path, kind: str, named: str) -> None:
    with pytest.raises(ModelError, match="refused") as caught:
        read_ridge(written(tmp_path, evil(tmp_path / "touched")[kind]))
    assert named in str(caught.value)


def bomb(kind: str) -> bytes:
    ridge = pickle.dumps(fitted(), protocol=4)
    return {
        "zlib": zlib.compress(bytes(20 * MAX_BYTES), 1) if kind == "zlib" else b"",
        "large": ridge + bytes(MAX_BYTES),
        "many": b"\x80\x04" + b"(" * 200_000 + b".",
        "long text": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x.",
        "long integer": b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b"x.",
        "wide shape": ridge.replace(struct.pack("<H", DIM), struct.pack("<H", 65535)),
        "doubling": b"\x80\x04)" + b"2\x86" * 3000 + b".",
    }[kind]


@pytest.mark.parametrize("kind", ["zlib", "large", "many", "long text", "long integer", "wide shape", "doubling"])
def test_bombs_take_no_memory(tmp_path: Path, kind: str) -> None:
    import tracemalloc

    path = written(tmp_path, bomb(kind))
    tracemalloc.start()
    with pytest.raises(ModelError):
        read_ridge(path)
    assert tracemalloc.get_traced_memory()[1] < 6 * MAX_BYTES
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda model: delattr(model, "coef_"), "not fitted"),
        (lambda model: setattr(model, "coef_", np.zeros((2, DIM))), "2 targets"),
        (lambda model: setattr(model, "coef_", np.full((1, DIM), np.nan)), "not finite"),
        (lambda model: setattr(model, "coef_", np.zeros((1, 2, 2))), "no usual shape"),
        (lambda model: setattr(model, "coef_", np.zeros(4, dtype=complex)), "not of numbers"),
        (lambda model: setattr(model, "intercept_", "much"), "not finite"),
        (lambda model: setattr(model, "intercept_", np.zeros(2)), "one intercept"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, edit: Any, said: str) -> None:
    model = fitted()
    edit(model)
    with pytest.raises(ModelError, match=said):
        read_ridge(written(tmp_path, pickle.dumps(model)))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.save"):
        read_ridge(tmp_path / "absent.save")


def test_damaged_bytes_raise_nothing_else(tmp_path: Path) -> None:
    data = pickle.dumps(fitted(), protocol=4)
    head = next(at for code, _, at in pickletools.genops(io.BytesIO(data)) if code.name.startswith("BINBYTES")) or 0
    rng = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(data)
        for at in (*rng.integers(0, head, 2), *rng.integers(len(data) - 200, len(data), 1)):
            broken[at] = rng.integers(256)
        try:
            read_ridge(written(tmp_path, bytes(broken)))
        except ModelError:
            continue
