"""A recipe: one TOML file that says everything about a pretraining run."""

import dataclasses
import math
import platform
import tomllib
import types
import typing
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from contrique.errors import ContriqueError
from contrique.learning.distortions import N_CLASSES
from contrique.learning.sources import Source, source_rules

PRECISIONS = ("auto", "fp32", "bf16")
OPTIMIZERS = ("sgd", "adamw")
STARTS = ("random", "imagenet")


@dataclasses.dataclass(frozen=True)
class EncoderPart:
    """What is trained, and from where.

    Attributes:
        name: an encoder that ``contrique.learning.encoders.build`` knows. Which of its parts train is the encoder's own
            matter: a side network trains beside its frozen trunk, a plain network trains whole.
        start: where its weights start: ``"random"``, ``"imagenet"``, or a checkpoint's path relative to the recipe
            file.
    """

    name: str
    start: str


@dataclasses.dataclass(frozen=True)
class BatchPart:
    """What one step looks at.

    Attributes:
        images: images a step, each giving two views; half synthetic, half authentic if the recipe has both sources.
        view_size: side of a view, pixels.
        distortions_per_image: how many synthetic classes each pristine image of a batch is put through.
        images_per_class: how many pristine images of a batch share a synthetic class (the paper's 256 synthetic images
            over 126 classes give 2 on average; a small batch has to ask for it).
    """

    images: int
    view_size: int
    distortions_per_image: int
    images_per_class: int


@dataclasses.dataclass(frozen=True)
class OptimizerPart:
    """How weights move.

    Attributes:
        name: ``"sgd"`` or ``"adamw"``.
        lr: peak learning rate, used as given.
        momentum: of SGD; β₁ of AdamW.
        weight_decay: on weights; norms and biases get none.
        warmup: share of the steps spent rising to ``lr``.
        clip: largest gradient norm; 0 for no clipping.
    """

    name: str
    lr: float
    momentum: float
    weight_decay: float
    warmup: float
    clip: float


@dataclasses.dataclass(frozen=True)
class RunPart:
    """How the run is carried out. Of these, ``workers``, ``checkpoint_every`` and ``cache_gb`` do not change its
    result.

    Attributes:
        steps: optimizer steps in all.
        seed: of everything random.
        precision: ``"bf16"``, ``"fp32"``, or ``"auto"``: bf16 where the hardware multiplies it, else fp32.
        workers: processes that make views; -1 for one per two CPU cores, or, beside GPUs, one for each core but one; 0
            to make them in the training process.
        checkpoint_every: steps between checkpoints.
        cache_gb: decoded images kept in memory, GB.
    """

    steps: int
    seed: int
    precision: str
    workers: int
    checkpoint_every: int
    cache_gb: float


@dataclasses.dataclass(frozen=True)
class ProbePart:
    """How a run is watched, see ``contrique.learning.probe``. ``every`` does not change the run's result.

    Attributes:
        every: steps between probes; there is one before the first step and one after the last, too.
        contents: pristine images kept out of training for it. A probe is a forward pass over 125 views of each.
    """

    every: int
    contents: int


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A whole recipe. ``data``: folder that the sources lie in, relative to the recipe file. ``temperature``: the
    loss's τ."""

    name: str
    data: str
    temperature: float
    encoder: EncoderPart
    batch: BatchPart
    optimizer: OptimizerPart
    run: RunPart
    probe: ProbePart | None = None
    pristine: tuple[Source, ...] = ()
    authentic: tuple[Source, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain JSON types."""
        return dataclasses.asdict(self)


def public_part(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe dictionary without where things lie on this machine."""
    kept = {key: value for key, value in recipe.items() if key != "data"}
    return kept | {"encoder": recipe["encoder"] | {"start": Path(recipe["encoder"]["start"]).name}}


def result_part(recipe: dict[str, Any]) -> dict[str, Any]:
    """The public part of a recipe dictionary less what does not change a run's result: resuming, that may differ."""
    free = ("workers", "checkpoint_every", "cache_gb")
    sources = {
        kind: [{key: value for key, value in source.items() if key != "about"} for source in recipe[kind]]
        for kind in ("pristine", "authentic")
    }
    run = {key: value for key, value in recipe["run"].items() if key not in free}
    probe = recipe.get("probe") and {"contents": recipe["probe"]["contents"]}
    return public_part(recipe) | sources | {"run": run, "probe": probe}


def read_recipe(path: str | Path, *, data: str | Path | None = None, **run: int) -> Recipe:
    """Read and check a recipe.

    Args:
        path: the TOML file.
        data: folder to take the sources from, instead of the recipe's own ``data``.
        run: values that replace those in ``[run]`` (``steps=100``).

    Raises:
        ContriqueError: the file cannot be read, or a key is missing, unknown, or has a value it cannot have; the
            message names file and key.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ContriqueError(f"{path}: cannot read this recipe: {error}") from error
    if isinstance(table.get("run"), dict):
        table["run"] |= run
    recipe = _build(Recipe, table, f"{path}: ")
    folder = Path(data) if data is not None else path.parent / recipe.data
    start = recipe.encoder.start
    if start not in STARTS:
        start = str((path.parent / start).resolve())
    encoder = dataclasses.replace(recipe.encoder, start=start)
    recipe = dataclasses.replace(recipe, data=str(folder.resolve()), encoder=encoder)
    _check(recipe, str(path))
    return recipe


def versions() -> dict[str, str]:
    """Versions of what a run's result depends on."""
    names = ("contrique", "torch", "numpy", "opencv-python-headless", "pillow", "scipy")
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def _build(kind: Any, table: Any, where: str) -> Any:
    """Make a value of a type from a TOML value; errors name the key by its dotted path."""
    key = where.rpartition(": ")[2]
    if dataclasses.is_dataclass(kind):
        if not isinstance(table, dict):
            raise ContriqueError(f"{where} must be a table")
        dot = where + "." if key else where
        fields = {field.name: field for field in dataclasses.fields(kind)}
        if unknown := sorted(table.keys() - fields.keys()):
            raise ContriqueError(f"{dot}{unknown[0]} is not a key of a recipe; here are known: {', '.join(fields)}")
        for name, field in fields.items():
            if name not in table and field.default is dataclasses.MISSING:
                raise ContriqueError(f"{dot}{name} is missing")
        hints = typing.get_type_hints(kind)
        return cast(Any, kind)(**{name: _build(hints[name], value, f"{dot}{name}") for name, value in table.items()})
    if isinstance(kind, types.UnionType):  # X | None: TOML has no null, so a given value is an X
        return _build(next(k for k in typing.get_args(kind) if k is not type(None)), table, where)
    if typing.get_origin(kind) is tuple:
        if not isinstance(table, list):
            raise ContriqueError(f"{where} must be a list, got {table!r}")
        return tuple(_build(typing.get_args(kind)[0], value, f"{where}[{i}]") for i, value in enumerate(table))
    allowed = (int, float) if kind is float else kind
    if not isinstance(table, allowed) or isinstance(table, bool):
        raise ContriqueError(f"{where} must be {kind.__name__}, got {table!r}")
    if kind is float and not math.isfinite(table):
        raise ContriqueError(f"{where} must be a finite number, got {table!r}")
    return kind(table)


def _check(recipe: Recipe, path: str) -> None:
    """Refuse values that no run can have."""
    batch, optimizer, run = recipe.batch, recipe.optimizer, recipe.run
    group = batch.distortions_per_image * batch.images_per_class
    synthetic = batch.images // 2 if recipe.authentic else batch.images
    rules = [
        (recipe.pristine or recipe.authentic, "[[pristine]] or [[authentic]]: at least one source is needed"),
        (recipe.temperature > 0, "temperature must be above 0"),
        (batch.images >= 2 and batch.images % 2 == 0, "batch.images must be even and at least 2"),
        (batch.view_size >= 32, "batch.view_size must be at least 32"),
        (1 <= batch.distortions_per_image <= N_CLASSES, f"batch.distortions_per_image must be from 1 to {N_CLASSES}"),
        (batch.images_per_class >= 1, "batch.images_per_class must be at least 1"),
        (
            not recipe.pristine or (group >= 1 and synthetic % group == 0),
            f"batch: its {synthetic} synthetic images must divide into whole groups of "
            f"distortions_per_image × images_per_class = {group}",
        ),
        (optimizer.name in OPTIMIZERS, f"optimizer.name must be one of {', '.join(OPTIMIZERS)}"),
        (optimizer.lr > 0, "optimizer.lr must be above 0"),
        (0 <= optimizer.momentum < 1, "optimizer.momentum must be in [0, 1)"),
        (optimizer.weight_decay >= 0, "optimizer.weight_decay must not be negative"),
        (0 <= optimizer.warmup < 1, "optimizer.warmup must be in [0, 1)"),
        (optimizer.clip >= 0, "optimizer.clip must not be negative"),
        (run.steps >= 1, "run.steps must be at least 1"),
        (0 <= run.seed < 2**62, "run.seed must be from 0 to 2⁶² − 1"),
        (run.precision in PRECISIONS, f"run.precision must be one of {', '.join(PRECISIONS)}"),
        (run.workers >= -1, "run.workers must be -1 or more"),
        (run.checkpoint_every >= 1, "run.checkpoint_every must be at least 1"),
        (run.cache_gb >= 0, "run.cache_gb must not be negative"),
    ]
    if recipe.probe:
        rules += [
            (recipe.probe.every >= 1, "probe.every must be at least 1"),
            (recipe.probe.contents >= 2, "probe.contents must be at least 2: some to learn from, others to test on"),
            (recipe.pristine, "[probe] needs a [[pristine]] source to take its contents from"),
        ]
    rules += source_rules("pristine", recipe.pristine) + source_rules("authentic", recipe.authentic)
    for holds, message in rules:
        if not holds:
            raise ContriqueError(f"{path}: {message}")
