"""Random crops: each image as often as it is named, anywhere, and the same again from the same generator."""

import numpy as np

from contrique.learning.places import random_places


def test_each_image_is_had_as_often_as_it_is_named_anywhere_in_it() -> None:
    images = [3, 5, 8, 13] * 500
    places = random_places(images, np.random.default_rng(0))
    order = [place.image for place in places]
    assert sorted(order) == sorted(images)
    assert order != images
    assert 0.45 < np.mean([place.mirrored for place in places]) < 0.55
    for shares in ([place.top for place in places], [place.left for place in places]):
        assert 0 <= min(shares) < 0.01
        assert 0.99 < max(shares) < 1
        assert abs(np.corrcoef(order, shares)[0, 1]) < 0.1
    assert random_places(images, np.random.default_rng(0)) == places
    assert random_places(images, np.random.default_rng(1)) != places
