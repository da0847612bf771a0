"""The probe: what it tells of vectors whose content is known, and that it leaves training as it was."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from contrique.learning import probe  # noqa: E402
from contrique.learning.distortions import LEVELS, NAMES, distort  # noqa: E402
from contrique.learning.probe import CLASSES, Probe, measure, render, vectors  # noqa: E402

KINDS, STEPS = np.divmod(np.arange(CLASSES), len(LEVELS))


def images(*sizes, seed=1):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


def noise(count, dim, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dim))


def unit(vector_ND):
    return vector_ND / np.linalg.norm(vector_ND, axis=1, keepdims=True)


def test_views_are_the_centres_of_distorted_images():
    large, small = images((150, 101), (40, 20))
    views = render([large, small], 32, seed=5).reshape(2, CLASSES, 32, 32, 3)
    part = np.ascontiguousarray(large[43:107, 18:82])  # the centre 64×64
    for name, level in (("jpeg", 3), ("pixelate", 5), ("color_shift", 1)):  # none of them draws
        number = NAMES.index(name) * 5 + level - 1
        np.testing.assert_array_equal(views[0, number], distort(part, name, level)[16:48, 16:48])
    blurred = distort(small, "gaussian_blur", 2)
    np.testing.assert_array_equal(views[1, 1, :, 6:26], blurred[4:36])
    assert not views[1, :, :, :6].any()
    assert not views[1, :, :, 26:].any()


def test_views_depend_on_the_seed_alone():
    pair = images((50, 50), (60, 50))
    np.testing.assert_array_equal(render(pair, 32, 1), render(pair, 32, 1))
    noisy = NAMES.index("white_noise") * 5 + 4
    assert (render(pair, 32, 1)[noisy] != render(pair, 32, 2)[noisy]).any()


def test_vectors_that_say_everything_get_everything_right():
    assert measure(np.tile(np.eye(CLASSES), (4, 1)), 4) == {"type": 1.0, "level": 1.0, "class": 1.0}


def test_vectors_that_say_the_type_alone_get_the_type_right():
    told = unit(np.tile(np.eye(len(NAMES))[KINDS], (4, 1)) + 0.01 * noise(4 * CLASSES, len(NAMES)))
    got = measure(told, 4)
    assert got["type"] == 1
    assert got["level"] == pytest.approx(0.2, abs=0.08)
    assert got["class"] == pytest.approx(0.2, abs=0.08)


def test_vectors_that_say_the_content_alone_are_at_chance():
    """What a network knows of a content does not help: learning and testing are on different ones."""
    told = unit(np.repeat(np.eye(6), CLASSES, axis=0) + 0.1 * noise(6 * CLASSES, 6))
    got = measure(told, 6)
    for what, chance in probe.CHANCE.items():
        assert got[what] == pytest.approx(chance, abs=4 * (chance / 750) ** 0.5), what


@pytest.mark.parametrize("contents", [2, 5])
def test_it_is_ridge_regression_and_nearest_neighbours(contents):
    """Against scikit-learn on noisy vectors; an odd number of contents is split unevenly."""
    linear, neighbors = pytest.importorskip("sklearn.linear_model"), pytest.importorskip("sklearn.neighbors")
    count = contents * CLASSES
    kinds, steps, owner = np.tile(KINDS, contents), np.tile(STEPS, contents), np.repeat(np.arange(contents), CLASSES)
    told = unit(np.eye(len(NAMES))[kinds] @ noise(25, 40, 1) + steps[:, None] * noise(1, 40, 2) + noise(count, 40, 3))

    def right(label, learn, test):
        mean, deviation = told[learn].mean(axis=0), told[learn].std(axis=0)
        x, asked = (told[learn] - mean) / deviation, (told[test] - mean) / deviation
        ridge = linear.Ridge(alpha=probe._RIDGE * (x**2).sum() / len(x))
        scores = ridge.fit(x, np.eye(label.max() + 1)[label[learn]]).predict(asked)
        return (scores.argmax(axis=1) == label[test]).sum()

    expected = {"type": 0, "level": 0, "class": 0}
    half = owner < contents // 2
    for learn, test in ((half, ~half), (~half, half)):
        expected["type"] += right(kinds, learn, test)
        expected["level"] += sum(right(steps, learn & (kinds == k), test & (kinds == k)) for k in range(25))
    for content in range(contents):
        near = neighbors.NearestNeighbors(n_neighbors=1).fit(told[owner != content])
        found = near.kneighbors(told[owner == content], return_distance=False)[:, 0]
        expected["class"] += (np.tile(np.arange(CLASSES), contents)[owner != content][found] == range(CLASSES)).sum()
    got = measure(told, contents)
    assert 0.05 < got["class"] < got["type"] < 0.99  # neither trivial nor hopeless
    assert {what: round(value * count) for what, value in got.items()} == expected


def test_vectors_are_the_pooled_last_map_in_eval_mode(tiny_encoder):
    encoder = tiny_encoder().train()
    with torch.no_grad():
        encoder.side[2].running_mean += 0.3
    views = render(images((70, 70)), 32, 1)
    got = vectors(encoder, views)
    with torch.no_grad():
        x_BCHW = torch.from_numpy(views).permute(0, 3, 1, 2).double() / 255
        expected = encoder.eval().double().patch_map(x_BCHW).mean((2, 3)).numpy()
    assert got.shape == (CLASSES, 8)
    np.testing.assert_allclose(got, unit(expected), atol=1e-5)


@pytest.mark.parametrize("fails", [False, True])
def test_training_is_left_as_it_was(tiny_encoder, monkeypatch, fails):
    encoder = tiny_encoder().train()
    encoder.side[0].eval()  # a mode that neither train() nor eval() would restore
    state = {name: value.clone() for name, value in encoder.state_dict().items()}
    modes = [module.training for module in encoder.modules()]
    torch.manual_seed(7)
    before = torch.get_rng_state()
    measured = Probe(images((40, 40), (50, 40)), 32, 1)
    if fails:
        monkeypatch.setattr(encoder, "patch_map", lambda x: torch.rand(3, 0))
        with pytest.raises(IndexError):
            measured(encoder)
    else:
        measured(encoder)
    assert torch.equal(torch.get_rng_state(), before)
    assert [module.training for module in encoder.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in encoder.state_dict().items())
    assert all(parameter.grad is None for parameter in encoder.parameters())


def test_it_measures_again_and_again_the_same(tiny_encoder):
    measured, encoder = Probe(images((40, 40), (50, 40)), 32, 1), tiny_encoder()
    first, second = measured(encoder), measured(encoder)
    assert first.keys() == {"type", "level", "class", "seconds"}
    assert {k: first[k] for k in probe.CHANCE} == {k: second[k] for k in probe.CHANCE}


def test_one_content_is_too_few():
    with pytest.raises(ValueError, match="at least two"):
        Probe(images((40, 40)), 32, 1)
