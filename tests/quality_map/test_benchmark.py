"""The benchmark of maps: its regions, its sums, and that it runs."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def maps() -> ModuleType:
    pytest.importorskip("cv2")
    spec = importlib.util.spec_from_file_location("maps", ROOT / "benchmarks" / "maps.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("soft", [False, True])
def test_a_region_is_a_ninth_to_a_quarter(soft: bool, maps: ModuleType) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask_HW, inside_HW = maps.region(321, 481, rng, soft=soft)
        assert 0.1 < inside_HW.mean() < 0.26
        assert mask_HW.min() >= 0
        assert mask_HW.max() <= 1
        assert mask_HW[inside_HW].mean() > 0.7
        assert mask_HW[~inside_HW].mean() < 0.1
        assert soft or np.array_equal(mask_HW, inside_HW)


def test_the_table_has_medians_and_hits(maps: ModuleType) -> None:
    rows = [("jpeg", 3, 0.2, 0.6, 1.0, 0.1, 0.0), ("jpeg", 5, 0.1, 0.4, 0.0, 0.3, 1.0)]
    lines = maps.table([*rows, *((name, 3, 0.2, 0.2, 0.0, 0.2, 0.0) for name in maps.NAMES if name != "jpeg")])
    assert "| jpeg | 2 | 0.50 | 0.15 | 0.20 | 3.5 | 50% | 50% |" in lines.splitlines()
    assert lines.splitlines()[2].startswith("| jpeg |")  # what is found best comes first
    assert "| all, level 5 | 1 | 0.40 | 0.10 | 0.30 | 4.0 | 0% | 100% |" in lines.splitlines()


@pytest.mark.slow
def test_it_runs() -> None:
    words = [sys.executable, ROOT / "benchmarks" / "maps.py", ROOT / "demo" / "photographs" / "launch.jpg"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "time of a map, in plain scores" in done.stdout
    assert sum(line.startswith("| ") for line in done.stdout.splitlines()) % 29 == 0
