"""What a run's folder holds: whether a run may begin or go on there, and the encoder it ends with."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError
from tqdm import tqdm

from contrique.errors import ContriqueError
from contrique.learning import encoders
from contrique.learning.corpora import Corpus
from contrique.learning.export import save_encoder
from contrique.learning.projector import Contrast
from contrique.learning.recipe import Recipe, public_part, result_part, versions
from contrique.learning.run.checkpoints import all_checkpoints, newest_checkpoint, read_note
from contrique.learning.run.durable import partial, publish_folder, remove_leftovers

RECIPE, CHECKPOINTS, ENCODER, BROKEN = "recipe.json", "checkpoints", "encoder", "broken.csv"


def export(recipe: Recipe, model: Contrast, corpus: Corpus, unusable: int, folder: Path) -> None:
    """Write the trained encoder's folder, which is there whole or not at all."""
    training = {
        "method": "CONTRIQUE",
        "recipe": public_part(recipe.to_dict()),
        "versions": versions(),
        "images": {"pristine": len(corpus.pristine), "authentic": len(corpus.authentic), "unusable": unusable},
    }
    trained = cast(encoders.Encoder, model.encoder.cpu().eval())
    try:
        save_encoder(trained, partial(folder), name=recipe.name, training=training)
        publish_folder(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial(folder), ignore_errors=True)
        raise OSError(f"{folder}: cannot write the encoder: {error}; the last checkpoint is intact") from error


def find_start(out: Path, now: dict[str, Any], resume: bool) -> Path | None:
    """The checkpoint to go on from, None for the beginning; refuses to overwrite a run, or to resume what is not this
    run."""
    started = (out / RECIPE).exists()
    if not resume:
        if started or all_checkpoints(out / CHECKPOINTS):
            raise ContriqueError(f"{out}: holds a run already; go on with it (--resume) or choose another folder")
        return None
    for folder in (out, out / CHECKPOINTS):
        remove_leftovers(folder)
    saved = newest_checkpoint(out / CHECKPOINTS, warn)
    if saved is None:
        warn(f"{out}: no whole checkpoint to go on from: starting from the beginning")
    if saved or started:
        then = read_note(saved) if saved else json.loads((out / RECIPE).read_text(encoding="utf-8"))
        _check_same(out, then, now)
    return saved


def _check_same(out: Path, then: dict[str, Any], now: dict[str, Any]) -> None:
    before, after = result_part(then["recipe"]), result_part(json.loads(json.dumps(now["recipe"])))
    if changed := [key for key in after if before.get(key) != after[key]]:
        raise ContriqueError(
            f"{out}: was run with another recipe: {changed[0]} was {before.get(changed[0])}, is {after[changed[0]]}"
        )
    if then["corpus"] != now["corpus"]:
        raise ContriqueError(f"{out}: was run on other images than those in {now['recipe']['data']} now")


def warn(text: str) -> None:
    """Print a warning above any live line."""
    tqdm.write(f"warning: {text}", file=sys.stderr)
