"""A training's state on disk after each epoch: one safetensors file, and at its end the best network alone.

While it is under way the file holds the network as it is (``now.``) and at its best (``best.``, left out where that is
the same); at the end only the best is kept, which is what predicts for any test images: 110 MB.
"""

import hashlib
import json
import warnings
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from contrique.learning.run.durable import write_atomically

UNDER_WAY = "training.safetensors"
FINISHED = "trained.safetensors"

State = dict[str, Tensor]


def write_state(folder: Path, name: str, agreement: list[float], now: State, best: State) -> None:
    """Keep a state; a disk that cannot be written to is warned of, and training goes on.

    Args:
        folder: made if needed.
        name: ``UNDER_WAY`` or ``FINISHED``; the latter takes the former's place.
        agreement: SROCC on validation after each epoch so far.
        now: the network's state dict.
        best: that of the best epoch.
    """
    tensors = {f"now.{key}": value.contiguous() for key, value in now.items()}
    if best is not now:
        tensors |= {f"best.{key}": value.contiguous() for key, value in best.items()}
    note = {"agreement": json.dumps(agreement), "sha256": _digest(tensors)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / name, save(tensors, note))
        if name == FINISHED:
            (folder / UNDER_WAY).unlink(missing_ok=True)
    except OSError as error:
        warnings.warn(f"hyperiqa's training is not kept, {folder}: {error.strerror or error}", stacklevel=2)


def read_state(folder: Path, like: State) -> tuple[list[float], State, State] | None:
    """The state that was kept: agreement so far, the network as it is and at its best; None if there is none.

    A damaged file is as good as none, and warned of.

    Args:
        folder: as given to ``write_state``.
        like: a state dict of the same network.
    """
    for path in (folder / FINISHED, folder / UNDER_WAY):
        if not path.exists():
            continue
        try:
            with safe_open(path, "pt") as file:
                note = file.metadata()
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            agreement = [float(value) for value in json.loads(note["agreement"])]
            now, best = ({key: tensors.get(f"{part}.{key}") for key in like} for part in ("now", "best"))
            if note["sha256"] == _digest(tensors) and all(
                value is not None and value.shape == like[key].shape for key, value in now.items()
            ):
                whole = all(value is not None for value in best.values())
                return agreement, now, best if whole else now  # type: ignore[return-value]
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            pass
        warnings.warn(f"{path}: damaged; hyperiqa trains anew", stacklevel=2)
    return None


def _digest(tensors: State) -> str:
    sha = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()
