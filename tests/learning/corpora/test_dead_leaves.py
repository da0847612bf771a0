"""Dead leaves: a function of their arguments, covered, with sizes, areas, colours and a spectrum like nature's."""

import numpy as np
import pytest

from contrique.errors import ContriqueError
from contrique.learning.corpora.dead_leaves import KINDS, image


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_a_function_of_its_arguments(kind):
    first = image(5, 7, 96, kind)
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    image(9, 1, 64, "textured")
    assert np.array_equal(first, image(5, 7, 96, kind))
    others = [image(5, 8, 96, kind), image(6, 7, 96, kind), image(7, 5, 96, kind)]
    assert all(np.mean(first != other) > 0.5 for other in others)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"kind": "striped"}, "plain, textured"),
        ({"size": 31}, "32 to 4096"),
        ({"size": 4097}, "32 to 4096"),
        ({"seed": -1}, "negative"),
        ({"index": -1}, "negative"),
    ],
)
def test_what_cannot_be_made_is_refused(words, message):
    with pytest.raises(ContriqueError, match=message):
        image(**({"seed": 0, "index": 0} | words))
