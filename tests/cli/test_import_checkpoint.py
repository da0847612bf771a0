"""import-checkpoint with files as users of the release have them: its pipeline in plain torch, the same numbers."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import Ridge
from torch import nn
from torch.nn import functional

import contrique
from contrique.cli.main import main
from contrique.learning.encoders.resnet import ResNet50

NUMBERS = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
PUBLISHED = {"LIVE": 50.48667908, "Koniq": 37.20687103, "CSIQ_FR": -0.04409191, "LIVE_FR": 1.85226059}


def published(folder: Path) -> nn.Sequential:
    """CONTRIQUE's release with random weights: the network, saved as its authors saved theirs, and the regressors."""
    torch.manual_seed(0)
    net = ResNet50()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    parts = [net.conv1, net.bn1, nn.ReLU(), nn.MaxPool2d(3, 2, 1), net.layer1, net.layer2, net.layer3, net.layer4]
    encoder = nn.Sequential(*parts).eval()  # the authors' cut of torchvision's network
    state = {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
    state |= {"projector.0.weight": torch.zeros(8, 8), "projector.1.bias": torch.zeros(8)}
    torch.save(state, folder / "CONTRIQUE_checkpoint25.tar")
    for name, intercept in PUBLISHED.items():
        rng = np.random.default_rng(len(name))
        regressor = Ridge(alpha=0.1).fit(rng.random((3, 4096), np.float32), np.arange(3, dtype=np.float32))
        regressor.coef_ = rng.standard_normal((1, 4096)).astype(np.float32)
        regressor.intercept_ = np.array([intercept], np.float32)
        (folder / f"{name}.save").write_bytes(pickle.dumps(regressor, protocol=3))
    return encoder


def authors_features(encoder: nn.Sequential, path: Path) -> np.ndarray:
    """demo_score.py: the image and Pillow's half of it, both in [0, 1], mean of the last map, unit length."""
    image = Image.open(path)
    half = image.resize((image.width // 2, image.height // 2))
    rows = []
    for one in (image, half):
        x_BCHW = torch.from_numpy(np.array(one)).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            rows.append(functional.normalize(encoder(x_BCHW).mean((2, 3)), dim=1).numpy())
    return np.hstack(rows)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nn.Sequential]:
    folder = tmp_path_factory.mktemp("release")
    rng = np.random.default_rng(0)
    for name, size in (("small", (131, 97)), ("other", (131, 97))):
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    return folder, published(folder)


def imported(folder: Path, *words: str) -> contrique.QualityModel:
    out = str(folder / "model")
    assert main(["import-checkpoint", str(folder / "CONTRIQUE_checkpoint25.tar"), *words, "-o", out]) == 0
    return contrique.load(out)


def test_scores_are_the_authors(
    release: tuple[Path, nn.Sequential], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder, encoder = release
    model = imported(folder, "--regressor", str(folder / "LIVE.save"))
    said = capsys.readouterr()
    assert said.out == f"{folder / 'model'}\n"
    assert "projector (2 tensors)" in said.err
    assert "lower is better" in said.err
    path = folder / "small.png"
    features_1D = authors_features(encoder, path)
    np.testing.assert_allclose(model.features(path), features_1D[0], atol=1e-6)
    expected = float(np.ravel(pickle.loads((folder / "LIVE.save").read_bytes()).predict(features_1D))[0])
    score = model.score(path)
    assert score.raw == pytest.approx(expected, abs=1e-3)
    assert score.value == pytest.approx(100 - score.raw, abs=1e-6)  # DMOS from 0 to 100, lower is better
    assert np.isnan([score.low, score.high]).all()
    assert model.card["encoder"] == {"name": "resnet50", "features": "last-mean", "dim": 2048}
    assert model.card["training"]["left_out"] == {"projector": 2}
    assert model.preprocessing.max_scored_pixels == 2**24
    assert main(["score", str(path), "--model", str(folder / "model")]) == 0
    assert f"{score.value:.6f}"[:6] in capsys.readouterr().out
    assert main(["info", str(folder / "model")]) == 0
    assert "lower is better" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["CSIQ_FR", "LIVE_FR"])
def test_identical_images_have_the_intercept(release: tuple[Path, nn.Sequential], name: str) -> None:
    folder, encoder = release
    model = imported(folder, "--regressor", str(folder / f"{name}.save"))
    path, other = folder / "small.png", folder / "other.png"
    assert model.full_reference
    assert model.score(path, reference=path).raw == pytest.approx(PUBLISHED[name], rel=1e-6)
    difference = np.abs(authors_features(encoder, other) - authors_features(encoder, path))
    expected = float(np.ravel(pickle.loads((folder / f"{name}.save").read_bytes()).predict(difference))[0])
    assert model.score(path, reference=other).raw == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
def test_torchvisions_names_mean_imagenets_normalisation(release: tuple[Path, nn.Sequential], tmp_path: Path) -> None:
    folder, encoder = release
    names = {number: name for name, number in NUMBERS.items()}
    state = {}
    for name, value in encoder.state_dict().items():
        first, _, rest = name.partition(".")
        state[f"module.{names[first]}.{rest}"] = value
    torch.save({"state_dict": state | {"module.fc.bias": torch.zeros(1000)}}, tmp_path / "resnet50.pth")
    out = tmp_path / "model"
    assert main(["import-checkpoint", str(tmp_path / "resnet50.pth"), "-o", str(out)]) == 0
    model = contrique.load(out)
    assert model.card["encoder"]["mean"] == [0.485, 0.456, 0.406]
    path = folder / "small.png"
    x_HWC = (np.array(Image.open(path)) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    with torch.no_grad():
        mean = encoder(torch.from_numpy(x_HWC).permute(2, 0, 1)[None].float()).mean((2, 3))
    np.testing.assert_allclose(model.features(path)[:2048], functional.normalize(mean, dim=1)[0].numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{folder}/absent.pth"], "absent.pth: no such file"),
        (["{folder}/unknown.pt"], "--normalise"),
        (["{folder}/CONTRIQUE_checkpoint25.tar", "--regressor", "{folder}/evil.save"], "refused: the name"),
        (["{folder}/CONTRIQUE_checkpoint25.tar", "--regressor", "{folder}/mine.save"], "--higher-is-better"),
        (
            ["{folder}/CONTRIQUE_checkpoint25.tar", "--features", "statistics", "--regressor", "{folder}/LIVE.save"],
            "15,616",
        ),
        (["{folder}/LIVE.save"], "cannot be read as a checkpoint"),
        (["{folder}/CONTRIQUE_checkpoint25.tar", "--features", "blocks"], "no features of the kind blocks"),
        (["imagenet"], "no free ImageNet weights"),
        (["x.pth", "--encoder", "vgg"], "vgg"),
    ],
)
def test_one_line_and_no_folder_where_it_cannot_be(
    release: tuple[Path, nn.Sequential], capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], said: str
) -> None:
    folder, encoder = release
    if "unknown" in words[0]:
        torch.save({f"features.{name}": value for name, value in encoder.state_dict().items()}, folder / "unknown.pt")
    (folder / "evil.save").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    (folder / "mine.save").write_bytes((folder / "LIVE.save").read_bytes())
    assert (
        main(["import-checkpoint", *(word.format(folder=folder) for word in words), "-o", str(tmp_path / "new")]) == 1
    )
    error = capsys.readouterr().err
    assert error.startswith("contrique: error: ")
    assert error.count("\n") == 1
    assert said in error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_model_is_left_as_it_was(
    release: tuple[Path, nn.Sequential], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["import-checkpoint", str(release[0] / "CONTRIQUE_checkpoint25.tar"), "-o", str(tmp_path)]) == 1
    assert "left as it was" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_words_about_a_regressor_need_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["import-checkpoint", "x.pth", "-o", str(tmp_path / "x"), "--scale-min", "0"])
    assert "--regressor" in capsys.readouterr().err


def test_imagenet_weights_with_the_features_of_every_block(tmp_path: Path) -> None:
    words = ["--encoder", "efficientnet-lite0", "--features", "blocks", "-o", str(tmp_path / "blocks")]
    assert main(["import-checkpoint", "imagenet", *words]) == 0
    model = contrique.load(tmp_path / "blocks")
    assert model.card["encoder"]["features"] == "blocks"
    assert model.features(Image.new("RGB", (96, 64))).shape == (2 * model.card["encoder"]["dim"],)
