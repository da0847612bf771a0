"""What moves the weights: SGD or AdamW, weight decay on weights only, linear warm-up then cosine."""

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

NAMES = ("sgd", "adamw")


def trained_parameters(model: nn.Module) -> dict[str, Tensor]:
    """The parameters that train, by full name, each once, in the model's order."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _decayed(model: nn.Module) -> Iterator[str]:
    """Names of the trained parameters that are weights: of two dimensions or more.

    Scales and shifts of every kind of norm layer and all biases have one dimension, however deep they are nested and
    whatever they are called. (The published code looks for "bn" in names and so decays the norms of a renamed network.)
    """
    return (name for name, parameter in trained_parameters(model).items() if parameter.ndim >= 2)


def build_optimizer(
    model: nn.Module,
    name: str,
    *,
    lr: float,
    weight_decay: float,
    momentum: float = 0.9,
    shares: Mapping[str, float] | None = None,
) -> torch.optim.Optimizer:
    """Make the optimizer over everything in the model that trains.

    Args:
        model: its parameters with ``requires_grad`` are trained.
        name: ``"sgd"`` (the paper's) or ``"adamw"``.
        lr: peak learning rate, used as given (the paper: 0.6 for 512 images with SGD).
        weight_decay: for weights; norms and biases get none (the paper: 1e-4).
        momentum: of SGD, or β₁ of AdamW (β₂ = 0.999).
        shares: learning rate of each parameter that trains as a share of ``lr``, by name; 1 for all if left out.

    Raises:
        ValueError: unknown name, or nothing trains.
    """
    parameters, decayed = trained_parameters(model), set(_decayed(model))
    if not parameters:
        raise ValueError("nothing to train: every parameter of the model is frozen")
    kinds: dict[tuple[bool, float], list[Tensor]] = {}
    for full, parameter in parameters.items():
        kinds.setdefault((full in decayed, 1.0 if shares is None else shares[full]), []).append(parameter)
    groups = [
        {"params": kinds[kind], "weight_decay": weight_decay if kind[0] else 0.0, "share": kind[1], "lr": lr * kind[1]}
        for kind in sorted(kinds, reverse=True)
    ]
    if name == "sgd":
        return torch.optim.SGD(groups, lr=lr, momentum=momentum, fused=True)
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=lr, betas=(momentum, 0.999), fused=True)
    raise ValueError(f"optimizer must be one of {', '.join(NAMES)}, got {name!r}")


def learning_rate(step: int, *, steps: int, peak: float, warmup: float = 0.1) -> float:
    """The learning rate of one step: linear warm-up to the peak, then half a cosine down towards zero.

    Args:
        step: 0 … steps − 1.
        steps: length of the whole run.
        peak: highest value, reached at step int(warmup · steps).
        warmup: share of the run spent rising (the paper: 0.1).
    """
    rising = int(warmup * steps)
    if step <= rising:
        return peak * (step + 1) / (rising + 1)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Give every group of parameters its share of a learning rate: the same for all, unless shares were given."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("share", 1.0)
