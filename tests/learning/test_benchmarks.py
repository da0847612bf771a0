"""The benchmarks: the authors' loop computes what ours does, and the scripts run."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from contrique.learning import encoders, views
from contrique.learning.loss import contrastive_loss

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def authors(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import authors_pipeline

    return authors_pipeline


def test_the_published_loss_is_ours(authors):
    torch.manual_seed(0)
    label_N = torch.tensor([0, 0, 3, 1, 1, 5])
    one_ND, two_ND = torch.randn(6, 16), torch.randn(6, 16)
    hot_NK = torch.nn.functional.one_hot(label_N).float()
    ours = contrastive_loss(torch.cat([one_ND, two_ND]), torch.cat([label_N, label_N]), 0.1)
    torch.testing.assert_close(authors.published_loss(one_ND, two_ND, hot_NK, 0.1), ours)


def test_the_published_local_mean_subtraction_is_ours(authors):
    image_HWC = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    theirs_HWC = np.asarray(authors.recoloured(Image.fromarray(image_HWC), 3)).astype(int)
    assert np.abs(theirs_HWC - views.local_mean_subtracted(image_HWC)).max() <= 1


def test_without_the_shortcut_the_network_is_the_same(authors):
    encoder = encoders.build("efficientnet-lite0-side").eval()
    x_BCHW = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.manual_seed(0)
        ours = encoder.patch_map(x_BCHW)
        theirs = authors.plain(encoder).patch_map(x_BCHW)
    torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-3)


def test_a_kind_of_content_for_each_class(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import bias

    kind_K = bias.kind_of_class()
    names = [*bias.KINDS, bias.OTHER]
    known = {0: "animals", 397: "animals", 398: bias.OTHER, 404: "vehicles", 497: "buildings and streets"}
    known |= {526: "interiors and furniture", 834: "clothing and people", 923: "food and drink", 963: "food and drink"}
    known |= {970: "landscape and water", 971: bias.OTHER, 985: "plants and fungi", 987: "food and drink"}
    assert {index: names[kind_K[index]] for index in known} == known  # tench, puffer, abacus, airliner, church, …
    counts = dict(zip(names, np.bincount(kind_K), strict=True))
    assert (counts["animals"], sum(counts.values())) == (398, 1000)
    assert min(counts.values()) >= 16


def test_errors_by_category_as_a_table(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import bias

    row = {"property": "colour", "category": "moderate", "images": 30, "rated": 51.2, "biased": True}
    row |= {"error": -2.04, "error_low": -3.0, "error_high": -1.0, "srocc": 0.8, "srocc_low": 0.7, "srocc_high": 0.9}
    small = dict.fromkeys(row) | {"property": "colour", "category": "nearly grey", "images": 2, "rated": 9.0}
    assert bias.table([row, small]).splitlines()[2:] == [
        "| colour | moderate | 30 | 51 | −2.0 [−3.0, −1.0]* | 0.80 [0.70, 0.90] |",
        "|  | nearly grey | 2 | 9 | – | – |",
    ]


def test_cards_side_by_side_in_a_page(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import cards

    from contrique.card import ENCODER_WEIGHTS, add_parts, new_card, write_card

    agreed = {"set": "a.csv", "how": "10 random splits", "images": 9}
    for name, srocc in (("one", 0.8), ("two", 0.9)):
        (tmp_path / name).mkdir()
        (tmp_path / name / ENCODER_WEIGHTS).write_bytes(b"weights")
        write_card(tmp_path / name, new_card(name, {"name": "e", "features": "statistics", "dim": 2}, {}, "free"))
        numbers = {f"{measure}{end}": srocc for measure in ("srocc", "plcc") for end in ("", "_low", "_high")}
        shift = {"change": "mirrored", "median": 1.0, "p95": 2.0, "bias": -0.5, "share": 0.1}
        worst = {kind: [{"name": "x.jpg", "rated": 0.1, "predicted": 0.9}] for kind in ("overrated", "underrated")}
        robustness = {"images": 3, "deviation": 9.0, "shifts": [shift]}
        add_parts(tmp_path / name, {"agreement": [agreed | numbers], "robustness": robustness, "failures": worst})
    page = tmp_path / "models.md"
    page.write_text(f"Before.\n{cards.MARKS[0]}\nold\n{cards.MARKS[1]}\nAfter.\n", encoding="utf-8")
    words = [str(tmp_path / "one"), str(tmp_path / "two")]
    for _ in range(2):  # a second time changes nothing
        monkeypatch.setattr(sys, "argv", ["cards.py", *words, "--into", str(page)])
        cards.main()
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.\n")
    assert text.endswith("\nAfter.\n")
    assert "old" not in text
    for line in (
        f"| set | how | images | {words[0]} | {words[1]} |",
        "| a.csv | 10 random splits | 9 | 0.800 [0.800, 0.800] | 0.900 [0.900, 0.900] |",
        "| mirrored | 1.0 / 2.0 / −0.5 (10%) | 1.0 / 2.0 / −0.5 (10%) |",
        f"| {words[0]} | overrated | x.jpg (0.10 → 0.90) |",
    ):
        assert text.count(line) == (2 if "0.800 [" in line or "set |" in line else 1)
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(SystemExit, match="expected the marks"):
        cards.main()


@pytest.mark.slow
def test_views_a_second_of_both_pipelines(recipe_file):
    words = [sys.executable, BENCHMARKS / "pretraining.py", recipe_file, "--steps", "1", "--rounds", "1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:4] for line in done.stdout.splitlines() if line.startswith(("| contrique", "| authors'"))]
    parts = {(pipeline.strip(), part.strip()): float(speed) for pipeline, part, speed in rows}
    assert len(parts) == 6
    assert min(parts.values()) > 0
    assert "times as fast as the authors'" in done.stdout


@pytest.mark.slow
def test_a_pipeline_that_dies_ends_the_other_one_too(recipe_file):
    words = [sys.executable, BENCHMARKS / "pretraining.py", recipe_file, "--steps", "1", "--authors-workers", "-1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "the process of authors' ended with status 1, before it was done" in done.stderr


@pytest.mark.slow
def test_the_tricks_of_a_step(recipe_file):
    words = [sys.executable, BENCHMARKS / "steps.py", recipe_file, "--steps", "1", "--rounds", "1"]
    done = subprocess.run([*words, "--without", "bf16,compiled"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert sum(line.startswith(("| as", "| +", "| contrique")) for line in done.stdout.splitlines()) == 6


@pytest.fixture
def rated(tmp_path):
    """Two sets of textures, each content at four degrees of blur: more blur, less of a rating."""
    from PIL import ImageFilter

    for number, name in enumerate(("first", "second")):
        rng, lines = np.random.default_rng(number), ["name,mos,content_group"]
        (tmp_path / name).mkdir()
        for group in range(12):
            coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
            sharp = coarse.resize((96, 72), Image.Resampling.NEAREST)
            for level in range(4):
                sharp.filter(ImageFilter.GaussianBlur(level)).save(tmp_path / name / f"{group}_{level}.png")
                lines.append(f"{group}_{level}.png,{4 - level + (group + number) / 100},{group}")
        (tmp_path / name / "scores.csv").write_text("\n".join(lines))
    return tmp_path


@pytest.mark.slow
def test_judging_a_model(rated, monkeypatch):
    """All parts but speed, which would time a ResNet-50, in development and at the end, and into the card."""
    import json

    from contrique.card import read_card
    from contrique.evaluation.fitting import fit_model
    from contrique.evaluation.ratings import read_ratings

    monkeypatch.setenv("CONTRIQUE_CACHE", str(rated / "cache"))
    first = read_ratings(rated / "first" / "scores.csv", images=rated / "first")
    model = fit_model(first, name="mine")[0].save(rated / "mine")
    words = [sys.executable, BENCHMARKS / "judge.py", model]
    for name in ("first", "second"):
        words += ["--ratings", rated / name / "scores.csv", "--images", rated / name]
    words += ["--splits", "2", "--sample", "3", "--aside", "1", "--write-card", "--json", rated / "j.json"]
    found = []
    for more in (["--parts", "agreement,robustness,failures,bias"], ["--parts", "agreement", "--final"]):
        done = subprocess.run([*words, *more], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        found.append(json.loads((rated / "j.json").read_text())["models"][0])
        assert found[-1]["model"] == "mine"
    rows = {(row["set"], row["how"]): row for one in found for row in one["agreement"]}
    assert {how: row["images"] for (name, how), row in rows.items() if name == "second/scores.csv"} == {
        "2 random splits": 40,
        "fitted to first/scores.csv, 2 draws": 40,
        "as it is": 40,
        "set aside; fitted to the rest": 8,
        "set aside; fitted to the rest of first/scores.csv": 8,
    }
    assert ("first/scores.csv", "as it is, fitted to them") in rows
    assert min(row["srocc"] for row in rows.values()) > 0.5
    assert found[0]["failures"]["images"] == 40
    assert {row["property"] for row in found[0]["bias"]["by"]} >= {"detail"}
    assert len(found[0]["robustness"]["shifts"]) == 7
    card = read_card(model)
    assert len(card["agreement"]["measured"]) == len(rows)
    assert card["bias"] == found[0]["bias"]
