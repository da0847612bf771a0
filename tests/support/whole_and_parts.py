"""The same computations done by one process on a whole batch, and by several on parts of it, for tests to compare.

``python -c "import whole_and_parts; whole_and_parts.main()" RECIPE OUT`` under several processes writes what each found
to ``OUT.RANK``; called with the group ALONE, the functions give what one process finds.
"""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from contrique.errors import ContriqueError
from contrique.learning.corpora import Corpus
from contrique.learning.loader import batches
from contrique.learning.processes.distributed import Group, joined
from contrique.learning.processes.synced_norm import synchronise_norms
from contrique.learning.recipe import Recipe, read_recipe
from contrique.learning.trainer import Trainer

CLASSES = torch.tensor([0, 0, 1, 2, 2, 2, 130, 4000, 1, 1, 5, 0])  # some have one member; shares hold unequal numbers
STEPS = 4


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    """Normal float64 numbers, the same everywhere."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def loss(group: Group) -> dict[str, torch.Tensor]:
    """The loss of given embeddings, summed over the processes, and the gradient at this process's rows."""
    z_ND = draw(12, 5).chunk(group.world)[group.rank].clone().requires_grad_()
    part = group.loss(z_ND, CLASSES.chunk(group.world)[group.rank], 0.1)
    part.backward()
    return {"loss": torch.tensor(group.sum(part)), "gradient": z_ND.grad}


def norm(group: Group, layer: nn.Module, shape: tuple[int, ...], cut: int) -> dict[str, torch.Tensor]:
    """Two rounds through a batch norm whose batch is cut in two at ``cut``; ends with its evaluation mode."""
    model = nn.Sequential(layer).double().train()
    if group.world > 1:
        synchronise_norms(model, torch.device("cpu"))
        assert type(model[0]).__name__ == "SyncedBatchNorm"
    own = slice(None) if group.world == 1 else (slice(cut), slice(cut, None))[group.rank]
    found = {}
    for turn in range(2):
        x = (draw(*shape, seed=turn) * 3 + 1000)[own].requires_grad_()  # far from zero: where naive sums fail
        y = model(x)
        (y * draw(*shape, seed=9)[own]).sum().backward()
        found |= {f"y{turn}": y.detach(), f"dx{turn}": x.grad}
    sums = {name: p.grad.clone() for name, p in model[0].named_parameters()}
    if group.world > 1:
        for value in sums.values():
            torch.distributed.all_reduce(value)
    found |= {f"sum {name}": value for name, value in sums.items()}
    found |= {name: value.clone() for name, value in model[0].named_buffers()}
    return found | {"evaluated": model.eval()(draw(*shape)[own]).detach()}


class Small(nn.Module):
    """An encoder with a frozen trunk, that stays in evaluation mode, and a part that trains; nothing random."""

    patch_dim = 8

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.trunk = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.BatchNorm2d(6)).requires_grad_(False)
        self.side = nn.Sequential(nn.ReLU(), nn.Conv2d(6, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())

    def train(self, mode: bool = True) -> "Small":
        """All but the trunk."""
        super().train(mode)
        self.trunk.eval()
        return self

    def patch_map(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """A map of a quarter of the size."""
        return self.side(self.trunk(x_BCHW.to(self.trunk[0].weight.dtype)))


def train(group: Group, recipe: Recipe, steps: int = STEPS) -> dict[str, torch.Tensor]:
    """Train a few steps; losses, the first step's gradients, and all weights and statistics at the end.

    In PyTorch's default type: float64 tells rounding from errors.
    """
    trainer = Trainer(recipe, torch.device("cpu"), Small(), group)
    found, losses = {}, []
    for step, (views, classes, _) in enumerate(batches(Corpus(recipe), recipe, 0, steps, group)):
        losses.append(trainer.step(step, views, classes)[0])
        if step == 0:
            named = trainer.model.named_parameters()
            found = {f"gradient {name}": p.grad.clone() for name, p in named if p.grad is not None}
    kinds = {type(module).__name__ for module in trainer.model.encoder.side.modules()}
    assert ("SyncedBatchNorm" in kinds) == (group.world > 1)
    assert type(trainer.model.encoder.trunk[1]).__name__ == "BatchNorm2d"
    return found | {"losses": torch.tensor(losses)} | trainer.model.state_dict()


def in_float64(work: Callable[[], dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Do something with float64 as PyTorch's default type."""
    torch.set_default_dtype(torch.float64)
    try:
        return work()
    finally:
        torch.set_default_dtype(torch.float32)


def agreement(group: Group) -> dict[str, object]:
    """What becomes of messages and errors."""
    found: dict[str, object] = {"quiet": group.heard(None)}
    found["heard"] = group.heard({"from": group.rank} if group.rank == 1 else None)
    found["from first"] = group.from_first(group.rank + 7)
    for name, failing in (("none fails", ()), ("one fails", (1,)), ("both fail", (0, 1))):
        try:
            with group.together():
                if group.rank in failing:
                    raise ContriqueError(f"no images for {group.rank}")
            found[name] = "passed"
        except ContriqueError as error:
            found[name] = f"{type(error).__name__}: {error}"
    for name, value in (("same", 5), ("other", group.rank)):
        try:
            group.same("the number", value)
            found[name] = "passed"
        except ContriqueError as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found


def shared(group: Group, recipe: Recipe) -> dict[str, torch.Tensor]:
    """State that only the first process has, once it was shared and one more step was done from it."""
    trainer = Trainer(recipe, torch.device("cpu"), Small(), group)
    if group.first:
        alone = Trainer(recipe, torch.device("cpu"), Small())
        alone.step(0, *next(batches(Corpus(recipe), recipe, 0, 1))[:2])
        trainer.model.load_state_dict(alone.model.state_dict())
        trainer.optimizer.load_state_dict(alone.optimizer.state_dict())
    group.share_state(trainer.model, trainer.optimizer)
    trainer.step(1, *next(batches(Corpus(recipe), recipe, 1, 2, group))[:2])
    return dict(trainer.model.state_dict())


def recipes(recipe: Recipe) -> dict[str, Recipe]:
    """Recipes whose runs are compared: both optimizers, with and without clipping."""
    adamw = dataclasses.replace(recipe.optimizer, name="adamw", lr=1e-3)
    clipped = dataclasses.replace(recipe.optimizer, clip=0.5)
    return {
        "sgd": recipe,
        "adamw": dataclasses.replace(recipe, optimizer=adamw),
        "clipped": dataclasses.replace(recipe, optimizer=clipped),
    }


NORMS = {
    "map": (lambda: nn.BatchNorm2d(3, momentum=0.01), (8, 3, 5, 4), 3),
    "vector": (lambda: nn.BatchNorm1d(4), (6, 4), 1),
    "average": (lambda: nn.BatchNorm2d(2, momentum=None), (4, 2, 3, 3), 2),
    "no weights": (lambda: nn.BatchNorm1d(3, affine=False), (6, 3), 3),
}


def main() -> None:
    """What every process does; its words are the recipe and where to write."""
    path, out = sys.argv[1:]
    recipe = read_recipe(path)
    with joined() as group:
        found = {
            "group": dataclasses.asdict(group),
            "loss": loss(group),
            "norm": {name: norm(group, make(), shape, cut) for name, (make, shape, cut) in NORMS.items()},
            "train": {name: train(group, changed) for name, changed in recipes(recipe).items()},
            "agreement": agreement(group),
            "train float64": in_float64(lambda: train(group, recipe)),
            "shared": {name: shared(group, changed) for name, changed in recipes(recipe).items()},
        }
        torch.save(found, Path(f"{out}.{group.rank}"))
