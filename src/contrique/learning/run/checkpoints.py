"""Checkpoints of a pretraining run: one safetensors file each, with a JSON note in its header. Nothing executable.

A checkpoint appears under its name only when it is whole, and carries the digest of all that is in it, so that one that
was damaged later is noticed, set aside and done without. Which ones stay is :func:`prune`'s rule.
"""

import hashlib
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from contrique.errors import ContriqueError
from contrique.learning.optimizer import trained_parameters
from contrique.learning.run.durable import write_atomically

KEEP = 3
"""How many of the newest stay."""

MILESTONES = (0.25, 0.5, 0.75)
"""Shares of a run at which one more stays: to compare, or to go back to."""

FORMAT = 2


class DamagedCheckpoint(ContriqueError):
    """A file that is no whole checkpoint."""


def all_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints in a folder, oldest first."""
    return sorted((path for path in folder.glob("step_*.safetensors") if path.stem[5:].isdecimal()), key=step_of)


def step_of(path: Path) -> int:
    """How many steps were done when a checkpoint was written, by its name."""
    return int(path.stem.removeprefix("step_"))


def save_checkpoint(
    folder: Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    note: dict[str, Any],
    *,
    steps: int,
) -> Path:
    """Write the state after ``step`` steps, then :func:`prune`.

    Args:
        folder: made if needed.
        step: steps done.
        model: parameters and buffers (running statistics) are stored under ``model.``.
        optimizer: its state by parameter name, under ``optimizer.``.
        note: JSON types to keep with it.
        steps: length of the whole run.

    Raises:
        ContriqueError: a weight is not finite: the checkpoints before are left as they are.
        OSError: the disk is full or cannot be written; likewise.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    names = {id(parameter): name for name, parameter in trained_parameters(model).items()}
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            if value is not None:
                tensors[f"optimizer.{key}.{names[id(parameter)]}"] = torch.as_tensor(value)
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise ContriqueError(f"{name} is not finite after step {step}: no checkpoint written")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps({"format": FORMAT, "step": step} | note)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step_{step:08d}.safetensors"
    try:
        # Not safetensors' save_file: it writes to a name of its own choice, which a killed process leaves behind.
        write_atomically(path, save(tensors, {"note": text, "sha256": _digest(text, tensors)}))
    except OSError as error:
        raise OSError(f"{path}: cannot write this checkpoint: {error.strerror}; those before it are intact") from error
    prune(folder, steps)
    return path


def prune(folder: Path, steps: int) -> None:
    """Remove old checkpoints. What stays: the newest three, and at a quarter, half and three quarters of the run the
    first one from there on. So at most six, and a seventh while it is written.

    Args:
        folder: of the checkpoints.
        steps: length of the whole run.
    """
    found = all_checkpoints(folder)
    kept = set(found[-KEEP:])
    for share in MILESTONES:
        kept |= set([path for path in found if step_of(path) >= share * steps][:1])
    for path in found:
        if path not in kept:
            path.unlink()


def newest_checkpoint(folder: Path, warn: Callable[[str], object]) -> Path | None:
    """The newest whole checkpoint, all of it read and compared with its digest; None if there is none.

    Damaged ones that are newer get the ending ``.damaged`` and are done without from then on.

    Args:
        folder: of the checkpoints.
        warn: given one line for each damaged checkpoint.

    Raises:
        ContriqueError: the newest is of another format.
        OSError: one cannot be read for reasons of the disk: that is for a person to look at.
    """
    for path in reversed(all_checkpoints(folder)):
        try:
            _read(path)
            return path
        except DamagedCheckpoint as error:
            path.replace(path.with_name(f"{path.name}.damaged"))
            warn(f"{error}; renamed to end in .damaged, going on without it")
    return None


def read_note(path: Path) -> dict[str, Any]:
    """The JSON note of a checkpoint: ``step`` and what was given to :func:`save_checkpoint`.

    Raises:
        DamagedCheckpoint: it is damaged, or no checkpoint.
        ContriqueError: it is of another format.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        try:
            note: dict[str, Any] = json.loads(_metadata(file)["note"])
            found = note["format"]
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise DamagedCheckpoint(f"{path}: damaged, or not a checkpoint of contrique") from error
    if found != FORMAT:
        raise ContriqueError(f"{path}: expected checkpoint format {FORMAT}, got {found}")
    return note


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Put a checkpoint's state into a model and its optimizer.

    Returns:
        The note it was saved with, and ``step``.

    Raises:
        ContriqueError: it is damaged, or belongs to another model or optimizer.
    """
    note, tensors = _read(path)
    weights: dict[str, Tensor] = {}
    states: dict[str, dict[str, Tensor]] = {}
    parameters = trained_parameters(model)
    for key, tensor in tensors.items():
        part, _, rest = key.partition(".")
        if part == "model":
            weights[rest] = tensor
        else:
            slot, _, name = rest.partition(".")
            states.setdefault(name, {})[slot] = tensor
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ContriqueError(f"{path}: belongs to another model: {error}") from error
    if strange := sorted(states.keys() - parameters.keys()):
        raise ContriqueError(
            f"{path}: belongs to another optimizer: has state for {strange[0]}, which does not train here"
        )
    for name, state in states.items():
        for slot, tensor in state.items():
            if tensor.shape == parameters[name].shape:
                # In the parameter's memory layout: fused optimizers pair elements by their place in memory.
                state[slot] = torch.empty_like(parameters[name]).copy_(tensor)
    order = [id(p) for group in optimizer.param_groups for p in group["params"]]
    whole = optimizer.state_dict()
    whole["state"] = {order.index(id(parameters[name])): state for name, state in states.items()}
    optimizer.load_state_dict(whole)
    return note


def _metadata(file: BinaryIO) -> dict[str, str]:
    """The strings in a safetensors file's header: eight bytes of length, then JSON, as its format says."""
    length = int.from_bytes(file.read(8), "little")
    found: dict[str, str] = json.loads(file.read(min(length, 2**30)))["__metadata__"]
    return found


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Note and tensors, compared with their digest."""
    note = read_note(path)
    content = path.read_bytes()
    metadata = _metadata(BytesIO(content))
    try:
        tensors = load(content)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:  # what its reading of a torn header raises
        raise DamagedCheckpoint(f"{path}: damaged ({error})") from error
    if _digest(metadata["note"], tensors) != metadata.get("sha256"):
        raise DamagedCheckpoint(f"{path}: damaged, its content is not what was written")
    return note, tensors


def _digest(note: str, tensors: dict[str, Tensor]) -> str:
    """SHA-256 of the note and of every tensor's name, type, shape and bytes."""
    sha = hashlib.sha256(note.encode())
    for name, tensor in sorted(tensors.items()):
        sha.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()
