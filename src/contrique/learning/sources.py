"""A source of unrated images, as a recipe names it, and the rules its keys keep."""

from collections.abc import Sequence
from dataclasses import dataclass

LAYOUTS = ("ava", "certh-blur", "coco", "kadis700k", "kadis700k-distorted", "voc")
DEAD_LEAVES = ("plain", "textured")


@dataclass(frozen=True)
class Source:
    """Where unrated images come from. Exactly one of ``folder`` (alone, or with ``layout``), ``manifest`` (alone, or
    inside ``folder``), ``shards`` and ``dead_leaves`` says so.

    Attributes:
        folder: a folder, relative to the recipe's ``data``: all images in it to any depth.
        manifest: a CSV or Parquet file with a row for each image: its column ``path`` (or ``name``) is relative to
            ``folder`` or, without one, to the manifest's own folder.
        licences: with a manifest: only rows whose column ``licence`` is one of these.
        layout: the folder holds a data set as published; one of ``LAYOUTS``.
        shards: tar files of images: a path, pattern or brace list, relative to ``data``, or a URL.
        dead_leaves: images drawn from the seed, no photographs: ``"plain"`` or ``"textured"``.
        count: with dead leaves: how many different images there are.
        size: with dead leaves: their side, pixels.
        weight: share of the draws of its kind (pristine or authentic), relative to the other sources' weights; all
            sources of a kind have one, or none has: then every image is drawn equally often.
        scale: resize on reading; 0.5 makes pristine images of photographs that were saved as JPEG.
        min_side: images whose shorter side is less than this after scaling are left out, pixels.
        about: whose images they are and under which licence, for the model's card.
    """

    folder: str | None = None
    manifest: str | None = None
    licences: tuple[str, ...] | None = None
    layout: str | None = None
    shards: str | None = None
    dead_leaves: str | None = None
    count: int | None = None
    size: int | None = None
    weight: float | None = None
    scale: float = 1.0
    min_side: int = 64
    about: str | None = None


def source_rules(kind: str, sources: Sequence[Source]) -> list[tuple[bool, str]]:
    """What must hold of the sources of one kind: pairs of whether it does, and what to say if not.

    Args:
        kind: the recipe's key they stand under, ``"pristine"`` or ``"authentic"``.
        sources: all sources under that key.
    """
    rules: list[tuple[bool, str]] = []
    for i, source in enumerate(sources):
        at = f"{kind}[{i}]"
        photographs = source.folder is not None or source.manifest is not None
        ways = photographs + (source.shards is not None) + (source.dead_leaves is not None)
        rules += [
            (ways == 1, f"{at} needs one of folder (with or without manifest), manifest, shards and dead_leaves"),
            (
                source.layout is None or (source.folder is not None and source.manifest is None),
                f"{at}.layout goes with a folder, and without a manifest",
            ),
            (
                source.layout is None or source.layout in LAYOUTS,
                f"{at}.layout must be one of {', '.join(LAYOUTS)}, got {source.layout!r}",
            ),
            (
                source.layout != "kadis700k-distorted" or kind == "pristine",
                f"{at}.layout: kadis700k-distorted holds synthetic classes, which belong under [[pristine]]",
            ),
            (
                source.licences is None or source.manifest is not None,
                f"{at}.licences needs a manifest that states licences",
            ),
            (
                source.dead_leaves is None or source.dead_leaves in DEAD_LEAVES,
                f"{at}.dead_leaves must be one of {', '.join(DEAD_LEAVES)}, got {source.dead_leaves!r}",
            ),
            (
                (source.dead_leaves is None) == (source.count is None),
                f"{at}.count, how many different images there are, goes with dead_leaves",
            ),
            (source.size is None or source.dead_leaves is not None, f"{at}.size goes with dead_leaves"),
            (source.count is None or source.count >= 1, f"{at}.count must be at least 1"),
            (source.size is None or 32 <= source.size <= 4096, f"{at}.size must be from 32 to 4096"),
            (source.weight is None or source.weight > 0, f"{at}.weight must be above 0"),
            (0 < source.scale <= 1, f"{at}.scale must be in (0, 1]"),
            (source.min_side >= 1, f"{at}.min_side must be at least 1"),
        ]
    weighted = [source.weight is not None for source in sources]
    rules.append((all(weighted) or not any(weighted), f"{kind}: all of its sources have a weight, or none has"))
    return rules
