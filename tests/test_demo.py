"""The demo as a newcomer runs it, and the photographs it ships."""

import csv
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

DEMO = Path(__file__).resolve().parents[1] / "demo"
ROWS = list(csv.DictReader((DEMO / "photographs" / "photographs.csv").open(newline="", encoding="utf-8")))
FILES = sorted(row["file"] for row in ROWS)


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DEMO / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo run from a copy with an odd name, and what it printed."""
    folder = tmp_path_factory.mktemp("a demo") / "über demo"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("output", "__pycache__"))
    words = [sys.executable, str(folder / "run.py")]
    result = subprocess.run(words, capture_output=True, text=True, timeout=600, env={**os.environ, "PYTHONUTF8": "1"})
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def table_of(text: str) -> list[tuple[str, float, float, float]]:
    """(file, score, low, high) of each row of the printed table."""
    found = re.findall(r"^ *\d+\. +([\d.]+) +([\d.]+) to +([\d.]+) +(\S+\.jpg) ", text, re.MULTILINE)
    return [(file, float(value), float(low), float(high)) for value, low, high, file in found]


def test_table_has_every_photograph_best_first(run: tuple[Path, str]) -> None:
    table = table_of(run[1])
    assert sorted(file for file, *_ in table) == FILES
    values = [value for _, value, _, _ in table]
    assert values == sorted(values, reverse=True)
    assert all(0 <= low <= value <= high <= 100 for _, value, low, high in table)


def test_the_model_puts_what_was_degraded_below_what_it_was_made_from(run: tuple[Path, str]) -> None:
    scores = {Path(file).stem: value for file, value, _, _ in table_of(run[1])}
    for worse, better in (
        ("pagoda-blurred", "pagoda"),
        ("pagoda-jpeg", "pagoda"),
        ("pagoda-noisy", "pagoda"),
        ("raccoon-out-of-focus", "raccoon"),
        ("coffee-old-phone", "coffee"),
    ):
        assert scores[worse] < scores[better]


def test_the_printed_text_says_what_the_numbers_mean(run: tuple[Path, str]) -> None:
    words = " ".join(run[1].split())
    assert "Score: 0 to 100, higher is better" in words
    assert re.search(r"Interval: made to hold people's mean opinion for \d\d% of photographs", words)


def test_the_picture_is_written_and_named(run: tuple[Path, str]) -> None:
    folder, text = run
    picture = folder / "output" / "ranking.png"
    assert text.endswith(f"Picture: {picture}\n")
    with Image.open(picture) as image:
        assert image.format == "PNG"
        assert image.width == 1872
        assert image.height > 1200


def test_cards_stand_in_the_order_given(tmp_path: Path) -> None:
    picture = load("picture")
    colours = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff"]
    entries = []
    for place, colour in enumerate(colours):
        file = tmp_path / f"{place}.png"
        Image.new("RGB", (300, 200), colour).save(file)
        entries.append(picture.Entry(file, "a name", "what was done", 90.0 - place, 80.0 - place, 100.0 - place))
    page = picture.draw(entries, "title", "subtitle")
    for place, colour in enumerate(colours):
        row, column = divmod(place, picture.COLUMNS)
        x = picture.MARGIN + column * (picture.CARD_WIDTH + picture.GAP) + picture.CARD_WIDTH // 2
        y = picture.MARGIN + picture.HEAD_HEIGHT + row * (picture.CARD_HEIGHT + picture.GAP) + picture.PHOTO_HEIGHT // 2
        assert page.getpixel((x, y)) == Image.new("RGB", (1, 1), colour).getpixel((0, 0))


def test_bar_shows_score_and_interval_where_they_are(tmp_path: Path) -> None:
    picture = load("picture")
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    left, right = picture.MARGIN + 20 + 18, picture.MARGIN + picture.CARD_WIDTH - 20 - 34
    y = picture.MARGIN + picture.HEAD_HEIGHT + picture.CARD_HEIGHT - 46
    page = picture.draw([picture.Entry(tmp_path / "a.png", "a", "b", 60.0, 30.0, 80.0)], "title", "subtitle")

    def colour_at(score: float) -> tuple[int, ...]:
        return page.getpixel((round(left + score / 100 * (right - left)), y))

    assert colour_at(60) == picture.colour_of(60)
    assert colour_at(10) == colour_at(28) == colour_at(83) == colour_at(95)
    assert colour_at(33) == colour_at(50) == colour_at(77)
    assert len({colour_at(10), colour_at(33), colour_at(60)}) == 3


def test_colours_go_from_red_to_green() -> None:
    colour_of = load("picture").colour_of
    red, green, _ = colour_of(0)
    assert red > 2 * green
    red, green, _ = colour_of(100)
    assert green > 2 * red
    assert colour_of(-5) == colour_of(0)
    assert colour_of(105) == colour_of(100)


def test_photographs_are_small_and_all_listed() -> None:
    assert sorted(file.name for file in (DEMO / "photographs").glob("*.jpg")) == FILES
    assert len(FILES) >= 6
    for name in FILES:
        file = DEMO / "photographs" / name
        assert file.stat().st_size < 1_000_000
        with Image.open(file) as image:
            image.load()
            assert image.mode == "RGB"
            assert min(image.size) >= 300


def test_every_photograph_is_credited_as_it_was_made() -> None:
    credit = (DEMO / "photographs" / "CREDITS.md").read_text(encoding="utf-8")
    for row in ROWS:
        assert f"`{row['file']}`" in credit
        assert f"| {row['distortions'] or 'nothing'} |" in credit
    for source in load("make_photographs").SOURCES:
        assert f"\n| {source}" in credit


def test_the_list_is_the_one_that_the_script_makes() -> None:
    made = load("make_photographs").MADE
    expected = [
        {"file": f"{name}.jpg", "done": done, "distortions": ", ".join(f"{d} {level}" for d, level in steps)}
        for name, _, done, steps in made
    ]
    assert expected == ROWS
