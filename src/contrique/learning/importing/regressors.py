"""A published regressor as the ``regressor`` part of a model's card: which way it counts, and its way to 0–100.

A pickled Ridge has weights and no word on the ratings it was fitted to; its file's name has. The authors of CONTRIQUE
publish ``LIVE.save``, ``CSIQ.save``, ``CLIVE.save`` and ``Koniq.save``, and ``LIVE_FR.save`` and ``CSIQ_FR.save`` for
|features of the reference − features of the image| (``models/README.md`` of their release). No name known, nothing is
guessed: the user says direction and ends.
"""

from pathlib import Path
from typing import Any

from contrique.card import digest
from contrique.errors import ContriqueError
from contrique.evaluation.regressor import Regressor
from contrique.scale import check_mapping

SCALES = {
    "live": ("LIVE image quality database, release 2, DMOS", 0.0, 100.0, True),
    "csiq": ("CSIQ, DMOS", 0.0, 1.0, True),
    "clive": ("LIVE in the Wild Challenge, MOS", 0.0, 100.0, False),
    "koniq": ("KonIQ-10k, MOS", 0.0, 100.0, False),
    "spaq": ("SPAQ, MOS", 0.0, 100.0, False),
    "flive": ("FLIVE (LIVE-FB), MOS", 0.0, 100.0, False),
    "tid2013": ("TID2013, MOS", 0.0, 9.0, False),
    "kadid": ("KADID-10k, DMOS as its authors call it, from 1 (worst) to 5 (best)", 1.0, 5.0, False),
}
"""Ratings by the name of a regressor's file: what they are, the ends of their scale, whether lower is better.

The ends are those of the scale that the set's authors state, not the least and greatest rating: the regressor's file
does not have these."""

ALSO = {"livec": "clive", "koniq10k": "koniq", "kadid10k": "kadid"}


def describe(
    file: Path,
    made: dict[str, Any],
    *,
    lower_is_better: bool | None = None,
    scale_min: float | None = None,
    scale_max: float | None = None,
    full_reference: bool | None = None,
) -> dict[str, Any]:
    """The card's part ``regressor``.

    Args:
        file: the regressor; its name tells the ratings (any case), and ``_FR`` at its end the full-reference variant.
        made: what the file says of its making.
        lower_is_better: overrules the name's direction.
        scale_min: overrules the lower end of the ratings' scale.
        scale_max: overrules the upper end.
        full_reference: overrules the name's ``_FR``.

    Raises:
        ContriqueError: direction or ends are neither known by the name nor given, or the ends are in the wrong order.
    """
    name = file.stem.lower()
    by_name = name.endswith("_fr")
    name = name.removesuffix("_fr")
    ratings, low, high, lower = SCALES.get(ALSO.get(name, name), (file.stem, None, None, None))
    low, high = low if scale_min is None else scale_min, high if scale_max is None else scale_max
    lower = lower if lower_is_better is None else lower_is_better
    if low is None or high is None or lower is None:
        raise ContriqueError(
            f"{file.name}: the name tells no known ratings: say --lower-is-better or --higher-is-better, and the ends "
            "of their scale with --scale-min and --scale-max"
        )
    mapping = {"low": float(low), "high": float(high), "lower_is_better": lower}
    check_mapping(mapping)
    worst, best = (high, low) if lower else (low, high)
    return {
        "kind": "ridge, as published",
        "ratings": ratings,
        "file": file.name,
        "file_digest": digest(file),
        **made,
        "direction": "lower is better" if lower else "higher is better",
        "full_reference": by_name if full_reference is None else full_reference,
        "mapping": mapping,
        "scale": f"0 to 100, higher is better: ratings from {worst:g} (0) to {best:g} (100), bent to stay inside "
        "beyond 10 and 90",
        "interval": None,
    }


def check_width(regressor: Regressor, dim: int, file: Path) -> None:
    """Raise ContriqueError unless the regressor has a weight for each of an encoder's ``dim`` features."""
    if regressor.coef_D.size != dim:
        raise ContriqueError(f"{file}: made for {regressor.coef_D.size:,} features, and these are {dim:,}")
