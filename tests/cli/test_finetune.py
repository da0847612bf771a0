"""``contrique finetune`` on real files: a tuned model comes out, and a run that was stopped goes on."""

import json
import signal
from pathlib import Path

import pytest

from contrique.cli.main import main

pytest.importorskip("torch")

QUICK = ("--epochs", "1", "--batch", "40", "--crop", "64", "--lr", "2e-2", "--frozen", "0", "--no-cache")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    from planted import Shallow

    from contrique.learning import encoders

    monkeypatch.setitem(encoders.ENCODERS, "tiny", Shallow)


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """The words of a quick run, and all it needs."""
    from planted import planted, tiny_model

    planted(tmp_path / "set", 80)
    tiny_model(tmp_path / "start", graph=True)
    paths = [str(tmp_path / "set" / "scores.csv"), "--images", str(tmp_path / "set" / "images")]
    return ["finetune", *paths, "-m", str(tmp_path / "start"), "-o", str(tmp_path / "tuned"), *QUICK]


def test_a_model_comes_out_and_says_what_tuning_gave(words, tmp_path, capsys) -> None:
    (tmp_path / "set" / "images" / "7.png").write_bytes(b"not an image")
    assert main([*words, "--about", "made up"]) == 1
    out, err = capsys.readouterr()
    assert "7.png" in err
    assert "1 of 80 images could not be read" in err
    card = json.loads((tmp_path / "tuned" / "card.json").read_text())
    assert f"of the encoder as it was           SROCC {card['training']['frozen_srocc']:.3f}" in out
    assert f"SROCC {card['agreement']['srocc']:.3f}" in out
    helped = card["agreement"]["srocc"] > card["training"]["frozen_srocc"]
    assert helped != ("did not help" in out)
    assert sorted(path.name for path in (tmp_path / "tuned.run").iterdir()) == [".lock", "log.jsonl"]
    assert main(["score", str(tmp_path / "set" / "images" / "3.png"), "--model", str(tmp_path / "tuned")]) == 0
    assert main(["info", str(tmp_path / "tuned")]) == 0
    assert "fine-tuned on ratings" in capsys.readouterr().out


def test_a_stopped_run_goes_on_only_when_asked(words, tmp_path, capsys, monkeypatch) -> None:
    from contrique.learning.tuning import tune as module

    loss_of = module.batch_loss

    def ctrl_c(*args: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return loss_of(*args)

    monkeypatch.setattr(module, "batch_loss", ctrl_c)
    assert main(words) == 128 + signal.SIGINT
    assert "stopped after step 1; go on with --resume" in capsys.readouterr().err
    assert not (tmp_path / "tuned").exists()
    monkeypatch.setattr(module, "batch_loss", loss_of)
    assert main(words) == 1
    assert "holds a run already; go on with it (--resume)" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0
    assert (tmp_path / "tuned" / "card.json").is_file()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--epochs", "0"], "epochs: expected a whole number of at least 1"),
        (["--crop", "16"], "crop: expected a whole number of at least 64"),
    ],
)
def test_settings_that_cannot_be_are_one_line(tmp_path, capsys, more, said) -> None:
    assert main(["finetune", "x.csv", "--images", ".", "-o", str(tmp_path / "tuned"), *more]) == 1
    assert said in capsys.readouterr().err


def test_references_are_refused(tmp_path, capsys) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["finetune", "x.csv", "--images", ".", "-o", str(tmp_path / "tuned"), "--references", "."])
    assert "without references" in capsys.readouterr().err
