"""The model: everything ``load().score`` takes, folders on disk, and what is refused."""

import io
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

import contrique
from contrique.card import read_card, write_card
from contrique.errors import ImageError, ModelError
from contrique.evaluation.regressor import Regressor
from contrique.model import MODELS, SHIPPED, QualityModel, Score
from contrique.probe import Probe

PHOTOGRAPHS = Path(__file__).parents[1] / "demo" / "photographs"


@pytest.fixture(scope="module")
def model() -> QualityModel:
    return contrique.load()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.open(PHOTOGRAPHS / "coffee.jpg").convert("RGB").resize((160, 120)).save(path)
    return path


def test_every_kind_of_source_gives_the_same_score(model: QualityModel, photo: Path) -> None:
    array = np.array(Image.open(photo))
    expected = model.score(photo)
    assert isinstance(expected, Score)
    assert expected.path == str(photo)
    assert 0 < expected.low < expected.value < expected.high < 100
    assert expected.interval == (expected.low, expected.high)
    assert float(expected) == expected.value
    with photo.open("rb") as file:
        sources = [str(photo), photo.read_bytes(), io.BytesIO(photo.read_bytes()), file, Image.open(photo), array]
        for source in sources:
            assert model.score(source).value == expected.value
    assert model.score(array).path == "<array>"
    assert contrique.score(photo) == expected


def test_lists_and_folders_give_lists_in_order(model: QualityModel, photo: Path) -> None:
    shutil.copy(photo, photo.with_name("a.png"))
    (photo.parent / "deeper").mkdir()
    shutil.copy(photo, photo.parent / "deeper" / "z.png")
    (photo.parent / "broken.jpg").write_bytes(b"no image")
    scores = model.score(photo.parent)
    assert {Path(s.path).name for s in scores} == {"photo.png", "a.png", "z.png", "broken.jpg"}
    listed = model.score([photo, photo.parent / "broken.jpg", np.array(Image.open(photo))])
    assert [s.error is None for s in listed] == [True, False, True]
    assert math.isnan(listed[1].value)
    assert "broken.jpg" in listed[1].path
    assert listed[0].value == pytest.approx(listed[2].value, abs=1e-6)
    assert [s.value for s in model.score(iter([photo]))] == [listed[0].value]
    assert model.score([]) == []


def test_a_single_bad_image_raises(model: QualityModel, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"absent\.jpg"):
        model.score(tmp_path / "absent.jpg")
    with pytest.raises(ImageError):
        model.score(np.zeros((4, 4, 3), np.float32))


def test_features_are_those_of_the_scaled_image(model: QualityModel, photo: Path) -> None:
    features = model.features(photo)
    assert features.shape == (model.dim,)
    assert features.dtype == np.float32
    assert model.features([photo, photo]).shape == (2, model.dim)
    assert model.features([]).shape == (0, model.dim)


def test_scales_follow_one_another(model: QualityModel, photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    shutil.copytree(model.folder, folder)
    for name in ("regressor.safetensors", "probe.safetensors"):
        (folder / name).unlink(missing_ok=True)
    card = read_card(folder)
    card = {key: value for key, value in card.items() if key not in ("regressor", "probe")}
    write_card(folder, card | {"preprocessing": {**card["preprocessing"], "scales": [1.0, 0.5]}})
    two = contrique.load(folder)
    large = Image.open(photo).resize((320, 240))
    half = large.resize((160, 120), Image.Resampling.BICUBIC)
    one = two.dim // 2
    np.testing.assert_allclose(two.features(large)[one:], two.features(half)[:one], rtol=1e-4, atol=1e-4)


def test_batches_do_not_change_scores(model: QualityModel) -> None:
    images = [np.array(Image.open(PHOTOGRAPHS / name).resize((192, 128))) for name in ("coffee.jpg", "pagoda.jpg")]
    alone = [model.score(image).value for image in images * 3]
    together = [score.value for score in model.score(images * 3)]
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_save_and_load_keep_every_number(model: QualityModel, photo: Path, tmp_path: Path) -> None:
    saved = model.save(tmp_path / "copy")
    assert sorted(p.name for p in saved.iterdir()) == sorted([*model.card["files"], "card.json"])
    again = contrique.load(saved)
    assert again.card == model.card
    assert again.digest == model.digest
    assert again.score(photo) == model.score(photo)
    assert contrique.load(again.save(saved)).score(photo) == model.score(photo)  # onto itself
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_save_never_replaces_what_is_not_a_model(model: QualityModel, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    with pytest.raises(ModelError, match="not a model folder"):
        model.save(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "years of work"


def test_an_encoder_without_regressor_gives_features_only(model: QualityModel, photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(model.folder, folder)
    (folder / "regressor.safetensors").unlink()
    card = read_card(folder)
    del card["files"]["regressor.safetensors"], card["regressor"]
    (folder / "card.json").write_text(json.dumps(card))
    encoder = contrique.load(folder)
    np.testing.assert_array_equal(encoder.features(photo), model.features(photo))
    with pytest.raises(ModelError, match="contrique fit"):
        encoder.score(photo)


def test_full_reference_compares_two_images(model: QualityModel, photo: Path) -> None:
    about = {**model.card["regressor"], "full_reference": True, "mapping": {"low": 0, "high": 1}}
    regressor = Regressor(np.full(model.dim, -1e-3), 0.8)
    pair = model.with_regressor(regressor, about, name="pair")
    same = pair.score(photo, reference=photo)
    assert same.value == pytest.approx(80)
    worse = Image.open(photo).resize((40, 30)).resize((160, 120))
    assert pair.score(worse, reference=photo).value < same.value
    for call in (lambda: pair.score(photo), lambda: model.score(photo, reference=photo)):
        with pytest.raises(ModelError, match="reference"):
            call()


def test_a_model_whose_interval_nobody_measured(model: QualityModel, photo: Path, tmp_path: Path) -> None:
    known = model.score(photo)
    about = {**model.card["regressor"], "interval": None}
    regressor = Regressor.from_arrays(model._regressor.to_arrays())
    score = contrique.load(model.with_regressor(regressor, about, name="bare").save(tmp_path / "bare")).score(photo)
    assert (score.value, score.raw) == (known.value, known.raw)
    assert math.isnan(score.low)
    assert math.isnan(score.high)


KINDS = ["blur", "noise", "none"]


def with_probe(model: QualityModel) -> QualityModel:
    """The model with a probe that was fitted to nothing: its numbers are random, and differ from image to image."""
    rng = np.random.default_rng(2)
    arrays = {"mean": np.ones(model.dim), "scale": np.ones(model.dim), "bias": rng.normal(size=6)}
    probe = Probe.from_arrays({**arrays, "weight": 0.1 * rng.normal(size=(6, model.dim)).astype(np.float16)}, KINDS)
    return model.with_probe(probe, {"classes": KINDS}, name="probed")


def test_a_probe_tells_distortions_wherever_scores_come_from(model: QualityModel, photo: Path, tmp_path: Path) -> None:
    probed = with_probe(model)
    score = probed.score(photo)
    assert probed.name == "probed"
    assert score == model.score(photo)  # the score itself is what it was
    probability, level = probed.probe.predict(probed.features(photo)[None])
    assert {one.name: one.probability for one in score.distortions} == pytest.approx(
        dict(zip(KINDS, probability[0], strict=True)), rel=1e-4
    )
    assert {one.name: one.level for one in score.distortions} == pytest.approx(
        dict(zip(KINDS, level[0], strict=True)), rel=1e-3
    )
    good, bad = probed.score([photo, tmp_path / "absent.jpg"])
    assert [one.name for one in good.distortions] == [one.name for one in score.distortions]
    assert bad.distortions == ()
    again = contrique.load(probed.save(tmp_path / "probed"))
    assert again.card["probe"] == {"classes": KINDS}
    assert again.score(photo).distortions == score.distortions
    assert contrique.load(again.save(tmp_path / "probed")).score(photo).distortions == score.distortions
    fitted = again.with_regressor(again._regressor, again.card["regressor"], name="fitted again")
    assert fitted.score(photo).distortions == score.distortions


def test_against_a_reference_it_is_the_images_own_distortions(model: QualityModel, photo: Path) -> None:
    probed = with_probe(model)
    about = {**model.card["regressor"], "full_reference": True, "mapping": {"low": 0, "high": 1}}
    pair = probed.with_regressor(Regressor(np.full(model.dim, -1e-3), 0.8), about, name="pair")
    assert pair.score(photo, reference=photo).distortions == probed.score(photo).distortions


def rewritten(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """A probe whose digest is in order, so that its content is looked at."""
    save_file(arrays, folder / "probe.safetensors")
    write_card(folder, read_card(folder))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder, arrays: (folder / "probe.safetensors").write_bytes(b"x"), "damaged"),
        (lambda folder, arrays: (folder / "probe.safetensors").unlink(), "missing"),
        (lambda folder, arrays: edited(folder, lambda card: card["files"].pop("probe.safetensors")), "not know it"),
        (lambda folder, arrays: edited(folder, lambda card: card.pop("probe")), "probe is missing"),
        (lambda folder, arrays: edited(folder, lambda card: card["probe"].update(classes="abc")), r"probe\.classes"),
        (lambda folder, arrays: edited(folder, lambda card: card["probe"]["classes"].pop()), "of 2 classes"),
        (lambda folder, arrays: edited(folder, lambda card: card["probe"].update(classes=[1, [], {}])), "names"),
        (lambda folder, arrays: rewritten(folder, {"coef": np.ones(3)}), "a probe has the arrays"),
        (lambda folder, arrays: rewritten(folder, {**arrays, "mean": arrays["mean"] * np.nan}), "not finite"),
        (
            lambda folder, arrays: rewritten(
                folder, {name: np.ascontiguousarray(array[..., :6]) for name, array in arrays.items()}
            ),
            "made for 6 features",
        ),
    ],
    ids=[
        *["damaged", "missing", "unknown", "no part in the card", "classes no list", "a class too few", "odd classes"],
        *["a regressor", "not finite", "another encoder"],
    ],
)
def test_probes_that_are_none_are_named(model: QualityModel, tmp_path: Path, change: Callable, said: str) -> None:
    probed = with_probe(model)
    folder = probed.save(tmp_path / "copy")
    change(folder, probed.probe.to_arrays())
    with pytest.raises(ModelError, match=said) as error:
        contrique.load(folder)
    assert str(folder) in str(error.value)


def edited(folder: Path, edit: Callable[[dict], object]) -> None:
    card = json.loads((folder / "card.json").read_text())
    edit(card)
    (folder / "card.json").write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "card.json").unlink(), "no card.json"),
        (lambda folder: (folder / "card.json").write_text("{"), "card.json"),
        (lambda folder: (folder / "card.json").write_text('{"format": 99}'), "format 1"),
        (lambda folder: (folder / "regressor.safetensors").write_bytes(b""), "damaged"),
        (lambda folder: (folder / "encoder.onnx").unlink(), "missing"),
        (lambda folder: edited(folder, lambda card: card["files"].pop("encoder.onnx")), "does not know it"),
        (lambda folder: edited(folder, lambda card: card["regressor"].pop("interval")), r"regressor\.interval"),
        (lambda folder: edited(folder, lambda card: card["regressor"]["mapping"].update(low=2)), "low < high"),
        (lambda folder: edited(folder, lambda card: card.update(encoder="x")), "encoder is missing"),
        (lambda folder: edited(folder, lambda card: card["encoder"].update(dim=5)), "features, not this"),
        (lambda folder: edited(folder, lambda card: card.update(preprocessing={"max": 1})), "preprocessing"),
    ],
    ids=[
        *["no card", "broken card", "other format", "empty regressor", "no graph", "graph unknown"],
        *["no interval", "mapping upside down", "encoder no table", "other encoder", "unknown preprocessing"],
    ],
)
def test_damaged_folders_are_named(model: QualityModel, tmp_path: Path, change: object, said: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(model.folder, folder)
    change(folder)  # type: ignore[operator]
    with pytest.raises(ModelError, match=said):
        contrique.load(folder)


def test_scales_too_small_for_the_encoder_are_named(model: QualityModel, tmp_path: Path) -> None:
    folder = model.save(tmp_path / "model")
    edited(folder, lambda card: card["preprocessing"].update(min_side=64, scales=[0.49]))
    with pytest.raises(ModelError, match=r"smallest scale, 0\.49, .* less than the 32 pixels"):
        contrique.load(str(folder))


def test_a_card_nested_without_end_is_named(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text('{"format": ' + "[" * 100_000)
    with pytest.raises(ModelError, match=r"card\.json"):
        contrique.load(str(tmp_path))


def test_absent_folders_and_engines_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        contrique.load(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="engine"):
        contrique.load(engine="tensorflow")


@pytest.mark.parametrize("name", MODELS)
def test_shipped_models_have_names(name: str) -> None:
    model = contrique.load(name)
    assert model.folder == SHIPPED.parent / name
    assert model.name == f"contrique-{name}"
    assert contrique.load().folder == SHIPPED


def test_the_card_says_what_the_model_is(model: QualityModel) -> None:
    assert model.folder == SHIPPED
    for key in ("encoder", "preprocessing", "training", "regressor", "agreement", "licence", "version"):
        assert model.card[key], key
    assert set(model.card["regressor"]) >= {"ratings", "images", "mapping", "interval", "strength"}
