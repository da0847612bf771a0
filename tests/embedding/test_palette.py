"""Colours and marks: no two types alike, levels ordered by lightness, with and without full colour sight."""

import itertools

import numpy as np
import pytest

from contrique.embedding.palette import (
    FAMILIES,
    HUES,
    LEVELS_ON_DARK,
    LEVELS_ON_LIGHT,
    STYLES,
    level_colours,
    styles,
    tint,
)
from contrique.embedding.points import UNDISTORTED
from contrique.learning.distortions import NAMES


def linear(colour):
    value = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    """WCAG 2.1 contrast ratio."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


# G. M. Machado et al., "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 2009,
# severity 1.0, on linear RGB.
SIGHT = {
    "full": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def lab(rgb):
    """CIE L*a*b* of linear sRGB, D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x = np.clip(to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089], 0, None)
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_families_hold_every_type_once_in_order():
    assert [name for members in FAMILIES.values() for name in members] == list(NAMES)


def test_every_distortion_has_a_look_of_its_own():
    found = styles([*NAMES, UNDISTORTED])
    assert len(found) == 26
    assert len({(style.colour, style.mark) for style in found.values()}) == 26
    assert [found[name].number for name in NAMES] == [str(n) for n in range(1, 26)]
    for members in FAMILIES.values():  # within a family the mark alone tells
        assert len({found[name].mark for name in members}) == len(members)


@pytest.mark.parametrize("sight", SIGHT)
def test_hues_of_families_differ_for_every_sight(sight):
    seen = [lab(np.array(SIGHT[sight]) @ linear(hue)) for hue in HUES]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 10


def test_colours_stand_out_from_light_and_dark():
    for style in styles(list(NAMES)).values():
        assert contrast(style.colour, "#ffffff") > 1.6
        assert contrast(tint(style.colour, 0.3), "#131416") > 3


def test_levels_run_one_way_in_lightness_towards_contrast():
    light = [contrast(colour, "#ffffff") for colour in LEVELS_ON_LIGHT]
    dark = [contrast(colour, "#131416") for colour in LEVELS_ON_DARK]
    for steps, least in ((light, 1.5), (dark, 2.5)):
        assert steps == sorted(steps)
        assert steps[0] > least
        assert all(b / a > 1.2 for a, b in itertools.pairwise(steps))


def test_types_of_other_names_get_looks_and_the_rarest_share_one():
    few = styles(["b", "a", "a", ""])
    assert [style.title for style in few.values()] == ["no label", "a", "b"]
    many = styles([f"t{i:02d}" for i in range(50)] + ["t07"] * 3)
    own = [style for style in many.values() if style.title != "other"]
    assert len(many) == 50
    assert len(own) == STYLES - 1 == len({(style.colour, style.mark) for style in own})
    assert "t07" in {style.name for style in own}
    full = styles([f"t{i:02d}" for i in range(STYLES)])
    assert "other" not in {style.title for style in full.values()}


def test_colours_of_levels_lie_on_the_ramp():
    found = level_colours(np.array([1.0, 3, 5, np.nan, 1.5]), (1, 5))
    assert found[:3] == [LEVELS_ON_LIGHT[0], LEVELS_ON_LIGHT[2], LEVELS_ON_LIGHT[4]]
    assert found[3] not in LEVELS_ON_LIGHT
    assert luminance(LEVELS_ON_LIGHT[0]) > luminance(found[4]) > luminance(LEVELS_ON_LIGHT[1])
    assert level_colours(np.array([2.0, np.nan]), (2, 2))[0] == LEVELS_ON_LIGHT[-1]


def test_tints():
    assert tint("#804020", 0) == "#804020"
    assert tint("#804020", -0.5) == "#402010"
    assert tint("#000000", 1) == "#ffffff"
