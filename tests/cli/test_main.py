"""The installed entry point: help, version, exit statuses, and errors as one line."""

import importlib.metadata
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from contrique.cli.main import COMMANDS, main
from contrique.errors import ContriqueError, ImageError, MissingExtra

CONTRIQUE = str(Path(sys.executable).parent / "contrique")


def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CONTRIQUE, *words], capture_output=True, text=True, timeout=240, **more)  # type: ignore[call-overload]


def test_help_lists_every_command() -> None:
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for name in COMMANDS:
        assert f"\n    {name}" in result.stdout


def test_help_takes_less_than_three_tenths_of_a_second() -> None:
    def seconds() -> float:  # of processor time, which a busy machine does not stretch
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert statistics.median(seconds() for _ in range(5)) < 0.3


def test_reading_the_words_imports_nothing_heavy() -> None:
    heavy = ("numpy", "PIL", "onnxruntime", "safetensors", "torch", "scipy", "cv2", "pyarrow", "tqdm")
    code = f"import sys, contrique.cli.main as m; m.build_parser(); print(set({heavy}) & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert result.stdout == "set()\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    assert COMMANDS[name].SUMMARY in text
    assert "example" in text
    assert f"contrique {name}" in text


def test_version_is_the_installed_one() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"contrique {importlib.metadata.version('contrique')}\n")


def test_python_dash_m_is_the_same_program() -> None:
    result = subprocess.run([sys.executable, "-m", "contrique", "--help"], capture_output=True, text=True, timeout=240)
    assert (result.returncode, result.stdout) == (0, run("--help").stdout)


@pytest.mark.parametrize("words", [[], ["paint"], ["score"], ["score", "a.jpg", "--paint"], ["info", "a", "b"]])
def test_wrong_usage_is_status_2_and_says_so_on_stderr(words: list[str]) -> None:
    result = run(*words)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "usage: contrique" in result.stderr


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ContriqueError("expected this,\ngot that"), 1, "contrique: error: expected this, got that\n"),
        (ImageError("a.jpg", "not an image"), 1, "contrique: error: a.jpg: not an image\n"),
        (MissingExtra("x needs y: pip install 'z'"), 1, "contrique: error: x needs y: pip install 'z'\n"),
        (PermissionError(13, "Permission denied", "out.csv"), 1, "contrique: error: out.csv: Permission denied\n"),
        (OSError("the disk is gone"), 1, "contrique: error: the disk is gone\n"),
        (KeyboardInterrupt(), 130, "contrique: error: interrupted\n"),
    ],
)
def test_an_error_is_one_line_and_a_status(
    error: BaseException, status: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: object) -> int:
        raise error

    monkeypatch.setattr("contrique.cli.info.run", fail)
    assert main(["info"]) == status
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", line)


def test_a_folder_called_like_a_shipped_model_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("default", "mine"):
        (tmp_path / name).mkdir()
    for command in ("info", "evaluate"):
        monkeypatch.setattr(f"contrique.cli.{command}.run", lambda args: 0)
    told = "contrique: warning: default is the model that ships; the folder of that name here is ./default\n"
    evaluate = ["evaluate", "a.csv", "--images", "."]
    for words, lines in (
        (["info", "default"], told),
        ([*evaluate, "-m", "accurate", "-m", "default"], told),
        (["info", "./default"], ""),
        (["info", "accurate"], ""),
        (["info", "mine"], ""),
        (["info"], ""),
        (evaluate, ""),
    ):
        assert main(words) == 0
        assert capsys.readouterr().err == lines


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrique.cli.info.run", lambda args: [][0])
    with pytest.raises(IndexError):
        main(["info"])


def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    command = f"'{CONTRIQUE}' info --json | true; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=240)
    assert result.stderr == ""
    assert result.stdout in ("141\n", "0\n")  # 0: all was written before the reader left
