"""Checkpoints of a pretraining run: one safetensors file each, with a JSON note in its header. Nothing executable.

A checkpoint appears under its name only when it is whole: it is written to another name, flushed to disk, and renamed.
The newest ``KEEP`` stay.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from contrique.errors import ContriqueError
from contrique.learning.optimizer import trained_parameters

KEEP = 3
FORMAT = 1


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.partial")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def all_checkpoints(folder: Path) -> list[Path]:
    """Whole checkpoints in a folder, oldest first."""
    return sorted(folder.glob("step_*.safetensors"))


def save_checkpoint(
    folder: Path, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, note: dict[str, Any]
) -> Path:
    """Write the state after ``step`` steps, then drop all but the newest checkpoints.

    Args:
        folder: made if needed.
        step: steps done.
        model: parameters and buffers (running statistics) are stored under ``model.``.
        optimizer: its state by parameter name, under ``optimizer.``.
        note: JSON types to keep with it.

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
    header = {"format": FORMAT, "step": step} | note
    folder.mkdir(parents=True, exist_ok=True)
    path, temporary = folder / f"step_{step:08d}.safetensors", folder / ".partial"
    try:
        save_file(
            {k: v.detach().cpu().contiguous() for k, v in tensors.items()}, temporary, {"note": json.dumps(header)}
        )
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise OSError(f"{path}: cannot write this checkpoint: {error}") from error
    if os.name == "posix":  # so that the rename itself survives a power cut
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    for old in all_checkpoints(folder)[:-KEEP]:
        old.unlink()
    return path


def read_note(path: Path) -> dict[str, Any]:
    """The JSON note of a checkpoint: ``step`` and what was given to :func:`save_checkpoint`.

    Raises:
        ContriqueError: it is damaged or of another format.
    """
    try:
        with safe_open(path, "pt") as file:
            note: dict[str, Any] = json.loads(file.metadata()["note"])
    except (OSError, SafetensorError, TypeError, KeyError, json.JSONDecodeError) as error:
        raise ContriqueError(
            f"{path}: damaged, or not a checkpoint of contrique ({error}); delete it to go on from the one before it"
        ) from error
    if note.get("format") != FORMAT:
        raise ContriqueError(f"{path}: expected checkpoint format {FORMAT}, got {note.get('format')}")
    return note


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Put a checkpoint's state into a model and its optimizer.

    Returns:
        The note it was saved with, and ``step``.

    Raises:
        ContriqueError: it is damaged, or belongs to another model or optimizer.
    """
    note = read_note(path)
    weights: dict[str, Tensor] = {}
    states: dict[str, dict[str, Tensor]] = {}
    parameters = trained_parameters(model)
    with safe_open(path, "pt") as file:
        for key in file.keys():  # noqa: SIM118 (safe_open is no dict)
            part, _, rest = key.partition(".")
            if part == "model":
                weights[rest] = file.get_tensor(key)
            else:
                slot, _, name = rest.partition(".")
                states.setdefault(name, {})[slot] = file.get_tensor(key)
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
