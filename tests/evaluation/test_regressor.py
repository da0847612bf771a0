"""A regressor's arrays round trip, and what does not fit it is refused."""

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.regressor import Regressor


def test_arrays_round_trip():
    regressor = Regressor(np.array([1.5, -2.0]), 0.25)
    again = Regressor.from_arrays(regressor.to_arrays())
    np.testing.assert_array_equal(again.coef_D, regressor.coef_D)
    assert again.intercept == 0.25
    assert again.predict(np.array([2.0, 1.0])) == pytest.approx(1.25)


@pytest.mark.parametrize(
    "arrays",
    [
        {"coef": np.ones(3)},
        {"coef": np.ones((3, 1)), "intercept": np.zeros(1)},
        {"coef": np.ones(3), "intercept": np.zeros(2)},
        {"coef": np.array([1.0, np.nan]), "intercept": np.zeros(1)},
    ],
)
def test_broken_arrays_are_refused(arrays):
    with pytest.raises(ContriqueError):
        Regressor.from_arrays(arrays)


def test_features_of_another_width_are_refused():
    with pytest.raises(ContriqueError, match="expected 3 features"):
        Regressor(np.ones(3), 0.0).predict(np.ones((2, 4)))
