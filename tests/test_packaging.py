"""What is installed: lock files, quick imports, the demo's environment, and a wheel used where there is no torch."""

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import contrique

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
HEAVY = ("torch", "scipy", "cv2", "onnxruntime", "onnx", "PIL", "tqdm", "pyarrow", "safetensors", "matplotlib")
BASE_MEGABYTES = 250
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


def source(name: str) -> list[str]:
    """The requirements of one .in file and of those it includes."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    found = []
    for line in lines:
        if line.startswith("-r "):
            found += source(line[3:].removesuffix(".in"))
        elif line and not line.startswith("#"):
            found.append(line)
    return found


def lock(name: str) -> dict[str, str]:
    """Versions by name of one lock file, which may hold nothing else."""
    lines = (ROOT / "requirements" / f"{name}.lock").read_text().splitlines()
    pins = [re.fullmatch(r"([a-z0-9-]+)==([0-9][0-9a-z.]*)", line) for line in lines if not line.startswith("#")]
    assert all(pins), lines
    return {pin[1]: pin[2] for pin in pins if pin}


def project_of(requirement: str) -> str:
    return re.split(r"[<>=!~; \[]", requirement)[0]


def test_requirements_are_those_of_the_project() -> None:
    assert source("base") == PROJECT["project"]["dependencies"]
    assert source("build") == PROJECT["build-system"]["requires"]
    extras = PROJECT["project"]["optional-dependencies"]
    assert extras["all"] == [f"contrique[{','.join(name for name in extras if name != 'all')}]"]
    wanted = {requirement for name, extra in extras.items() if name != "all" for requirement in extra}
    assert wanted <= set(source("dev"))


@pytest.mark.parametrize("name", ["base", "build", "dev"])
def test_locks_are_exact_and_hold_what_is_wanted(name: str) -> None:
    pins = lock(name)
    assert {project_of(requirement) for requirement in source(name)} <= set(pins)
    everything = lock("dev")
    assert pins.items() <= everything.items()  # what is tested is what the demo installs


def test_the_base_lock_holds_nothing_heavy() -> None:
    assert not {"torch", "scipy", "opencv-python-headless", "onnx", "pyarrow", "matplotlib"} & set(lock("base"))


def test_version_is_one() -> None:
    assert metadata.version("contrique") == contrique.__version__


def test_import_is_light() -> None:
    report = f"import contrique, sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True).stdout == "\n"

    def cpu_seconds() -> float:
        """Of one fresh interpreter: processor time, which a busy machine does not stretch."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", "import contrique"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert statistics.median(cpu_seconds() for _ in range(5)) < 0.3


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, as fresh as a clone, in a folder with an awkward name."""
    folder = tmp_path_factory.mktemp("clone") / "it's a café"
    built = (
        ".git",
        ".venv*",
        "build",
        "dist",
        "*.egg-info",
        "output",
        "__pycache__",
        ".*_cache",
        ".hypothesis",
        "runs",
    )
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*built))
    return folder


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings under which pip installs from a folder of wheels, fetched once by the lock files, and nothing else."""
    wheels = tmp_path_factory.mktemp("wheels")
    locks = [word for name in ("base", "build") for word in ("-r", ROOT / "requirements" / f"{name}.lock")]
    run([sys.executable, *PIP, "download", "--only-binary", ":all:", "-d", wheels, *locks], wheels)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_EXTRA_INDEX_URL": ""}


def run(words: list[str | Path], folder: Path, **environment: str) -> str:
    """What a command prints; the test fails with all it printed if it fails."""
    variables = {**os.environ, "PYTHONPATH": "", "PYTHONUTF8": "1", **environment}
    result = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=variables, timeout=1200)
    assert result.returncode == 0, f"{words}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def megabytes(folder: Path) -> float:
    """What a folder takes on disk, in blocks of 512 bytes as the file system counts them."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1e6


@pytest.mark.slow
def test_demo_twice_the_second_time_with_nothing_to_install_from(checkout: Path, offline: dict[str, str]) -> None:
    make: list[str | Path] = ["make", "demo", f"PYTHON={sys.executable}"]
    first = run(make, checkout, **offline)
    assert "setting up .venv-demo" in first
    assert megabytes(checkout / ".venv-demo") < BASE_MEGABYTES
    again = run(make, checkout, **(offline | {"PIP_FIND_LINKS": ""}))
    assert "setting up" not in again
    scores = [[line for line in text.splitlines() if re.match(r" *\d+\. ", line)] for text in (first, again)]
    assert len(scores[0]) >= 6
    assert scores[0] == scores[1]


@pytest.mark.slow
def test_make_lists_its_targets(checkout: Path) -> None:
    listed = run(["make"], checkout)
    for target in ("demo", "test", "test-slow", "lint", "types", "ci", "lock", "wheel", "clean", "help"):
        assert re.search(rf"^  {target} +\w", listed, re.MULTILINE), target


@pytest.mark.slow
def test_wheel_is_used_in_an_environment_without_torch(checkout: Path, offline: dict[str, str], tmp_path: Path) -> None:
    run([sys.executable, *PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, "."], checkout)
    (wheel,) = tmp_path.glob("contrique-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("contrique/py.typed", "contrique/weights/default/card.json", "LICENSE", "NOTICE"):
        assert any(name.endswith(wanted) for name in names), wanted
    assert not [name for name in names if name.startswith(("tests", "demo")) or name.endswith((".pyc", ".pt", ".pkl"))]

    environment = tmp_path / "empty"
    run([sys.executable, "-m", "venv", environment], tmp_path)
    python, command = environment / "bin" / "python", environment / "bin" / "contrique"
    run([python, *PIP, "install", "-r", checkout / "requirements" / "base.lock"], tmp_path, **offline)
    run([python, *PIP, "install", "--no-deps", wheel], tmp_path, **offline)
    assert run([python, *PIP, "check"], tmp_path) in ("", "No broken requirements found.\n")
    assert megabytes(environment) < BASE_MEGABYTES

    photographs = checkout / "demo" / "photographs"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    rows = run(
        [command, "score", photographs / "pagoda.jpg", photographs / "pagoda-blurred.jpg"], elsewhere
    ).splitlines()
    assert rows[0] == "path,score,low,high,error,model"
    assert float(rows[1].split(",")[1]) > float(rows[2].split(",")[1])
    assert "licence" in run([command, "info"], elsewhere).lower()
    api = (
        "import contrique, sys; score = contrique.load().score(sys.argv[1]); "
        "assert score.low <= score.value <= score.high; assert 'torch' not in sys.modules; "
        "assert 'empty' in contrique.__file__; print(round(score.value, 6))"
    )
    value = run([python, "-c", api, photographs / "pagoda.jpg"], elsewhere)
    assert float(value) == pytest.approx(float(rows[1].split(",")[1]), abs=1e-5)
