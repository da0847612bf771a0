"""The network begins as the frozen encoder with ridge, and trains what it is told to."""

import numpy as np
import pytest
import torch

from contrique.evaluation.ridge import fit_ridge
from contrique.images import half_scale, read_image
from contrique.learning.export import load_extractor
from contrique.learning.tuning.network import Rater, layers_of, set_trained
from contrique.learning.tuning.tune import batch_loss, cut_whole


def make(model, ratings, features) -> tuple[Rater, object]:
    regressor = fit_ridge(features, ratings.scores, ratings.groups).regressor
    return Rater(load_extractor(model.folder), regressor, features, ratings.scores), regressor


def test_its_first_predictions_are_those_of_ridge(model, ratings, features) -> None:
    features[:, 3] = 0.25  # a constant column, to which ridge gives no weight
    rater, regressor = make(model, ratings, features)
    with torch.inference_mode():
        got = rater.rate([cut_whole(model, path) for path in ratings.paths[:12]]).numpy() * rater.unit + rater.center
    features = model.features([str(path) for path in ratings.paths[:12]])
    np.testing.assert_allclose(got, regressor.predict(features), rtol=1e-4)
    np.testing.assert_allclose(rater.standard(ratings.scores).std(), 1)


def test_images_of_several_sizes_are_rated_each_as_alone(model, ratings, features) -> None:
    rater, _ = make(model, ratings, features)
    image = read_image(ratings.paths[0])
    pictures = image, image[:48], image[1:], image[:48, ::-1]
    images = [[np.ascontiguousarray(one), half_scale(one)] for one in pictures]
    with torch.inference_mode():
        together = rater.rate(images)
        alone = torch.cat([rater.rate([one]) for one in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_first_layers_stay_and_later_ones_are_faster(model, ratings, features) -> None:
    rater, _ = make(model, ratings, features)
    layers = layers_of(rater.extractor.encoder)
    assert len(layers) == 4  # conv, norm, conv, norm
    rates = set_trained(rater, 0.5)
    trained = {name for name, parameter in rater.named_parameters() if parameter.requires_grad}
    assert trained == set(rates)
    assert {name.rpartition(".")[0] for name in trained} == {
        *("", "extractor.encoder.side.1", "extractor.encoder.side.2")
    }
    assert rates["extractor.encoder.side.2.weight"] == 1 > rates["extractor.encoder.side.1.weight"] > 0.1
    assert rates["weight_D"] == rates["bias"] == 0.1
    everything = set_trained(rater, 0)
    assert len(everything) == len(list(rater.parameters()))
    assert everything["extractor.encoder.trunk.0.weight"] == pytest.approx(0.1)


def test_the_loss_is_squared_error_and_what_lacks_in_correlation() -> None:
    predicted, wanted = torch.tensor([0.3, -1.0, 0.8, 0.1]), torch.tensor([0.5, -0.2, 1.5, -1.0])
    loss, agreement = batch_loss(predicted, wanted, 0.5)
    expected = np.corrcoef(predicted.numpy(), wanted.numpy())[0, 1]
    assert agreement.item() == pytest.approx(expected, abs=1e-5)
    assert loss.item() == pytest.approx(np.mean((predicted - wanted).numpy() ** 2) + 0.5 * (1 - expected), abs=1e-5)


def test_a_batch_of_equal_predictions_has_a_gradient() -> None:
    predicted = torch.zeros(3, requires_grad=True)
    batch_loss(predicted, torch.tensor([1.0, 2.0, 3.0]), 0.5)[0].backward()
    assert predicted.grad.isfinite().all()
