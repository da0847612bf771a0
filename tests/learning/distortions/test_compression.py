"""The codecs against OpenCV's, which are called in another way, and against what a codec must do."""

import cv2
import numpy as np
import pytest
from PIL import features

from contrique.errors import ContriqueError
from contrique.learning.distortions.compression import jpeg, jpeg2000


@pytest.mark.parametrize("quality", [43, 24, 4])
def test_jpeg_is_libjpegs_with_halved_chroma(photo, quality):
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    _, data = cv2.imencode(".jpg", photo[..., ::-1], flags)
    expected = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(jpeg(photo, quality).astype(int) - expected).mean() < 0.5


def test_jpeg2000_keeps_more_the_more_room_it_has(photo):
    errors = [((jpeg2000(photo, ratio).astype(float) - photo) ** 2).mean() for ratio in (2, 16, 120, 400)]
    assert all(np.diff(errors) > 0)
    assert errors[0] < 10


def test_jpeg2000_has_no_blocks(photo):
    """JPEG at its strongest steps at every 8th column; JPEG 2000 does not."""
    for codec, amount, blocky in ((jpeg, 4, True), (jpeg2000, 120, False)):
        steps = np.abs(np.diff(codec(photo, amount).astype(int), axis=1)).mean(axis=(0, 2))
        at_blocks = steps[7::8].mean() / np.delete(steps, np.s_[7::8]).mean()
        assert (at_blocks > 2) == blocky, at_blocks


def test_a_pillow_without_jpeg2000_says_so(photo, monkeypatch):
    monkeypatch.setattr(features, "check", lambda feature: feature != "jpg_2000")
    with pytest.raises(ContriqueError, match="OpenJPEG"):
        jpeg2000(photo, 16)
