"""``contrique score --map``: a picture beside each row."""

import csv
import io
from pathlib import Path

import pytest
from PIL import Image

import contrique
from contrique.cli.main import main
from contrique.model import QualityModel


@pytest.fixture(scope="module")
def model() -> QualityModel:
    return contrique.load()


@pytest.fixture(autouse=True)
def _load_once(model: QualityModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QualityModel, "load", lambda folder=None, **more: model)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    for name in ("p/a/x.jpg", "p/b/x.jpg", "p/b/x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.linear_gradient("L").resize((90, 70)).save(tmp_path / name)
    return tmp_path / "p"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_image_has_a_map_and_the_row_it_has_without(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(photographs)]) == 0
    plain = rows_of(capsys.readouterr().out)
    assert main(["score", str(photographs), "--map", str(tmp_path / "new" / "maps")]) == 0
    mapped = rows_of(capsys.readouterr().out)
    for one, other in zip(plain, mapped, strict=True):
        assert float(one.pop("score")) == pytest.approx(float(other.pop("score")), abs=0.01)
        assert [one[key] for key in ("path", "error", "model")] == [other[key] for key in ("path", "error", "model")]
    drawn = sorted((tmp_path / "new" / "maps").rglob("*.map.jpg"))
    assert [path.relative_to(tmp_path / "new" / "maps").as_posix() for path in drawn] == [
        f"{name}.map.jpg" for name in ("a/x.jpg", "b/x.jpg", "b/x.png")
    ]
    with Image.open(drawn[0]) as picture:
        assert picture.format == "JPEG"


def test_bad_images_and_maps_are_rows_and_the_rest_goes_on(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photographs / "a" / "broken.jpg").write_text("no image")
    (tmp_path / "maps" / "b").mkdir(parents=True)
    (tmp_path / "maps" / "b" / "x.jpg.map.jpg").mkdir()
    assert main(["score", str(photographs), "--map", str(tmp_path / "maps")]) == 1
    captured = capsys.readouterr()
    errors = {Path(row["path"]).relative_to(photographs).as_posix(): row["error"] for row in rows_of(captured.out)}
    assert errors["a/broken.jpg"].startswith("not an image")
    assert errors["b/x.jpg"].startswith("its map cannot be written: ")
    assert errors["a/x.jpg"] == errors["b/x.png"] == ""
    assert captured.err == "contrique: 2 of 4 images could not be scored\n"


def test_a_folder_that_cannot_be_made_is_noticed_before_any_row(
    photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = photographs / "a" / "x.jpg"
    assert main(["score", str(photographs), "--map", str(file)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"contrique: error: {file}: File exists\n"


def test_other_methods_have_no_map(photographs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["score", str(photographs), "--method", "niqe", "--map", "maps"])
    assert stop.value.code == 2
    assert "--map is for contrique; niqe has no map" in capsys.readouterr().err
