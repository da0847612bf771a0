"""A model folder's card: what the model is, read and written with the digests of the files beside it.

A model folder holds ``card.json``, ``encoder.safetensors`` (weights), ``encoder.onnx`` (the graph that reads those
weights), ``regressor.safetensors`` (absent for an encoder that is not fitted) and ``probe.safetensors`` (absent where
nobody fitted a probe of distortions). Nothing in it is executable.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contrique.errors import ContriqueError, ModelError
from contrique.scale import check_mapping

if TYPE_CHECKING:
    from contrique.images import Preprocessing

CARD = "card.json"
ENCODER_WEIGHTS = "encoder.safetensors"
ENCODER_GRAPH = "encoder.onnx"
REGRESSOR = "regressor.safetensors"
PROBE = "probe.safetensors"
FILES = (ENCODER_WEIGHTS, ENCODER_GRAPH, REGRESSOR, PROBE)
JUDGED = ("robustness", "failures", "bias", "speed")
"""Parts that are measured on a finished model, and say nothing of the same encoder with another regressor."""

FORMAT = 1


def new_card(
    name: str,
    encoder: dict[str, Any],
    training: dict[str, Any],
    licence: str,
    preprocessing: "Preprocessing | None" = None,
) -> dict[str, Any]:
    """The card of an encoder that is not fitted yet; the default preprocessing if none is given."""
    from contrique import __version__
    from contrique.images import Preprocessing

    preprocessing = Preprocessing() if preprocessing is None else preprocessing
    return {
        "format": FORMAT,
        "name": name,
        "version": __version__,
        "licence": licence,
        "encoder": encoder,
        "preprocessing": preprocessing.to_dict(),
        "sizes": preprocessing.in_words(),
        "training": training,
    }


def read_card(folder: Path) -> dict[str, Any]:
    """Read a model folder's card.

    Raises:
        ModelError: no such folder, no card, not a card of this format, or a part is missing.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such model folder")
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{folder}: not a model folder, it has no {CARD}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{folder / CARD}: {error}") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ModelError(f"{folder / CARD}: expected a card of format {FORMAT}")
    for key in ("name", "version", "licence"):
        _need(folder, card, key, str)
    for key in ("encoder", "preprocessing", "files"):
        _need(folder, card, key, dict)
    for key in ("name", "features"):
        _need(folder, card["encoder"], key, str, "encoder.")
    _need(folder, card["encoder"], "dim", int, "encoder.")
    if REGRESSOR in card["files"]:
        _need(folder, card, "regressor", dict)
        _need(folder, card["regressor"], "mapping", dict, "regressor.")
        if card["regressor"].get("interval", "") is not None:  # None: nobody measured one
            _need(folder, card["regressor"], "interval", dict, "regressor.")
            _need(folder, card["regressor"]["interval"], "half_width", (int, float), "regressor.interval.")
        try:
            check_mapping(card["regressor"]["mapping"])
        except ContriqueError as error:
            raise ModelError(f"{folder / CARD}: regressor.mapping: {error}") from error
    if PROBE in card["files"]:
        _need(folder, card, "probe", dict)
        _need(folder, card["probe"], "classes", list, "probe.")
    return card


def _need(folder: Path, table: dict[str, Any], key: str, kind: Any, where: str = "") -> None:
    if not isinstance(table.get(key), kind):
        raise ModelError(f"{folder / CARD}: {where}{key} is missing or of the wrong kind")


def write_card(folder: Path, card: dict[str, Any]) -> dict[str, Any]:
    """Write a card with the digests of the files that are in the folder, and return it as written."""
    files = {name: digest(folder / name) for name in FILES if (folder / name).is_file()}
    card = {**{key: value for key, value in card.items() if key != "files"}, "files": files}
    temporary = folder / f"{CARD}.tmp"
    temporary.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(folder / CARD)
    return card


def add_parts(folder: Path, parts: dict[str, Any]) -> dict[str, Any]:
    """Put what was measured of a model into its card.

    Args:
        folder: the model's.
        parts: any of ``JUDGED``, each replacing the card's own; and ``agreement``, a list of mappings with ``set`` and
            ``how``: each replaces the one of the same set and how in the card's ``agreement``, under ``measured``, and
            the rest stays as it was.

    Returns:
        The card as written.

    Raises:
        ModelError: no model there, or a part that is none of these.
    """
    card = read_card(folder)
    unknown = set(parts) - {*JUDGED, "agreement"}
    if unknown:
        raise ModelError(f"{folder / CARD}: expected parts among agreement, {', '.join(JUDGED)}; got {min(unknown)}")
    if "agreement" in parts:
        known = dict(card.get("agreement") or {})
        new = {(row["set"], row["how"]) for row in parts["agreement"]}
        kept = [row for row in known.get("measured", []) if (row["set"], row["how"]) not in new]
        parts = {**parts, "agreement": {**known, "measured": kept + list(parts["agreement"])}}
    return write_card(folder, {**card, **parts})


def check_files(folder: Path, card: dict[str, Any]) -> None:
    """Compare the files with the card's digests.

    Raises:
        ModelError: a file is missing or is not the one the card was written for.
    """
    files = card["files"]
    present = {name for name in FILES if (folder / name).exists()}
    if ENCODER_WEIGHTS not in files or not set(files) <= set(FILES):
        raise ModelError(f"{folder / CARD}: files must name {ENCODER_WEIGHTS} and only {', '.join(FILES)}")
    if present - set(files):
        raise ModelError(f"{folder / min(present - set(files))}: lies in the folder, but {CARD} does not know it")
    for name, expected in files.items():
        if not (folder / name).is_file():
            raise ModelError(f"{folder / name}: missing")
        if digest(folder / name) != expected:
            raise ModelError(f"{folder / name}: damaged, its digest is not the one in {CARD}")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
