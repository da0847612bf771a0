"""MATLAB files: the two ways of writing text, and files that cannot be read."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from contrique.errors import ContriqueError, MissingExtra
from contrique.evaluation.datasets.mat import numbers, read_mat, texts


def test_numbers_and_texts(tmp_path: Path) -> None:
    file = tmp_path / "a.mat"
    cells = np.array([["a.bmp"], ["bcd.bmp"]], dtype=object)
    matrix = np.array(["a.bmp  ", "bcd.bmp"])
    savemat(file, {"n": np.array([[1, 2.5]], dtype=np.float32), "cells": cells, "matrix": matrix, "more": 3})
    variables = read_mat(file, "n", "cells", "matrix", "absent")
    assert set(variables) == {"n", "cells", "matrix"}
    assert numbers(file, variables, "n").tolist() == [1, 2.5]
    assert texts(file, variables, "cells") == texts(file, variables, "matrix") == ["a.bmp", "bcd.bmp"]
    with pytest.raises(ContriqueError, match=r"a.mat: there is no variable absent"):
        numbers(file, variables, "absent")
    with pytest.raises(ContriqueError, match="n holds something else than text"):
        texts(file, variables, "n")
    with pytest.raises(ContriqueError, match="cells holds something else than numbers"):
        numbers(file, variables, "cells")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.mat"
    with pytest.raises(ContriqueError, match="No such file"):
        read_mat(file, "x")
    for data in (b"", b"name,mos\n" * 50):
        file.write_bytes(data)
        with pytest.raises(ContriqueError, match=r"a.mat: not a MATLAB file"):
            read_mat(file, "x")
    file.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF" + bytes(500))
    with pytest.raises(ContriqueError, match=r"MATLAB version 7.3; save it again"):
        read_mat(file, "x")


def test_without_scipy_it_says_which_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(MissingExtra, match=r"reading a.mat needs scipy: pip install 'contrique\[evaluate\]'"):
        read_mat(tmp_path / "a.mat", "x")
