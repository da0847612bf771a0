"""HyperIQA's training and testing, as in the authors' solver, but for the epoch that counts: validation chooses it.

    loss = mean |q − z|,      z = (rating − mean) / deviation, of the training images' ratings
    Adam, begun anew every epoch, weight decay 5·10⁻⁴ in the gradient; learning rates in epoch e = 0, 1, …
        trunk and local features   2·10⁻⁵
        hyper network              2·10⁻⁴ / 10^⌊(e−1)/6⌋ up to epoch 9, 2·10⁻⁵ / 10^⌊(e−1)/6⌋ after it

(``HyerIQASolver.py``; e = 0 as e = 1.) After each epoch the network's state is kept, so that an interrupted training
goes on with the next one; since Adam begins anew there, with the same bits as if it had never stopped.

Shapes: N images, M crops.
"""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from contrique.baselines.hyperiqa.crops import Pictures, Place, fixed_places, training_places
from contrique.baselines.hyperiqa.network import HyperIqaNet
from contrique.baselines.hyperiqa.settings import Settings
from contrique.baselines.hyperiqa.state import FINISHED, UNDER_WAY, read_state, write_state
from contrique.errors import ContriqueError
from contrique.evaluation.correlation import srocc

RATE = 2e-5
HYPER_RATIO = 10
WEIGHT_DECAY = 5e-4
SMALLER_EVERY = 6
"""Epochs until the hyper network's rate is a tenth."""

RATIO_UNTIL = 9
"""Last epoch in which the hyper network is ``HYPER_RATIO`` times as fast."""

TEST_BATCH = 25
"""Crops that go through the network at once when it is tested: half a gigabyte."""

State = dict[str, Tensor]


@dataclasses.dataclass
class Trained:
    """What a training gave.

    Attributes:
        network: of the best epoch, in eval mode.
        mean: of the training images' ratings.
        deviation: of them; 1 where they are all the same.
        epoch: the best one, from 0.
        agreement: SROCC on validation after each epoch, nan where it has no answer.
    """

    network: HyperIqaNet
    mean: float
    deviation: float
    epoch: int
    agreement: list[float]

    def ratings(self, numbers_N: np.ndarray) -> np.ndarray:
        """The network's numbers in the ratings' units and direction."""
        return numbers_N * self.deviation + self.mean


def rates(epoch: int) -> tuple[float, float]:
    """Learning rates of the hyper network and of the rest, epochs from 0."""
    before = max(epoch - 1, 0)
    return RATE * (HYPER_RATIO if epoch <= RATIO_UNTIL else 1) / 10 ** (before // SMALLER_EVERY), RATE


def optimizer(network: HyperIqaNet, epoch: int) -> torch.optim.Adam:
    """Adam for one epoch: the hyper network first, then all the rest."""
    hyper = list(network.hyper.parameters())
    own = {id(parameter) for parameter in hyper}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in own]
    fast, slow = rates(epoch)
    groups = [{"params": hyper, "lr": fast}, {"params": rest, "lr": slow}]
    return torch.optim.Adam(groups, weight_decay=WEIGHT_DECAY, fused=True)  # four times as fast as without


def new_network(fresh: Callable[[], HyperIqaNet], seed: int) -> HyperIqaNet:
    """A network to begin with: the same for the same seed, without touching PyTorch's own random state."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        return fresh()


def train(
    fresh: Callable[[], HyperIqaNet],
    pictures: Pictures,
    scores_N: np.ndarray,
    training: np.ndarray,
    validation: np.ndarray,
    settings: Settings,
    *,
    folder: Path | None = None,
    progress: bool = False,
) -> Trained:
    """Train a network, or go on, or find it trained.

    Args:
        fresh: makes the network to begin with.
        pictures: all rated images.
        scores_N: their ratings.
        training: positions to learn from.
        validation: positions that choose the epoch; if there are none, or SROCC has no answer, the last one counts.
        settings: epochs, crops, seed.
        folder: where the state is kept, for these very images, ratings and settings; None keeps nothing.
        progress: show a bar on standard error.

    Raises:
        ContriqueError: fewer than two images to train on, or the numbers overflow.
    """
    if len(training) < 2:
        raise ContriqueError(f"hyperiqa: expected two training images or more, got {len(training)}")
    mean, deviation = float(np.mean(scores_N[training])), float(np.std(scores_N[training])) or 1.0
    standard_N = (scores_N - mean) / deviation
    network = new_network(fresh, settings.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    agreement: list[float] = []
    best: State = {}
    found = None if folder is None else read_state(folder, network.state_dict())
    if found is not None:
        agreement, now, best = found
        network.load_state_dict(now)
    bar = tqdm(
        total=settings.epochs * len(training) * settings.patches,
        initial=len(agreement) * len(training) * settings.patches,
        desc="hyperiqa: training",
        unit="crop",
        disable=not progress or len(agreement) == settings.epochs,
        file=sys.stderr,
    )
    with bar:
        for epoch in range(len(agreement), settings.epochs):
            _one_epoch(network, pictures, standard_N, training, settings, epoch, bar)
            predicted_V = predict(network, pictures, validation, settings)
            agreement.append(srocc(predicted_V, standard_N[validation]))
            bar.set_postfix_str(f"epoch {epoch + 1} of {settings.epochs}, validation SROCC {agreement[-1]:.3f}")
            now = {name: value.cpu().clone() for name, value in network.state_dict().items()}
            best = now if best_epoch(agreement) == epoch else best
            if folder is not None:
                finished = epoch + 1 == settings.epochs
                write_state(folder, FINISHED if finished else UNDER_WAY, agreement, best if finished else now, best)
    network.load_state_dict(best)
    return Trained(network.eval(), mean, deviation, best_epoch(agreement), agreement)


def best_epoch(agreement: Sequence[float]) -> int:
    """The last of the greatest SROCC, since few images often tie; the last of all if none has an answer."""
    known = [(value, epoch) for epoch, value in enumerate(agreement) if not np.isnan(value)]
    return max(known)[1] if known else len(agreement) - 1


def predict(
    network: HyperIqaNet, pictures: Pictures, positions: np.ndarray, settings: Settings, *, progress: bool = False
) -> np.ndarray:
    """The network's number for each image, the mean over ``settings.test_patches`` crops: float64."""
    shares = fixed_places(settings.test_patches or settings.patches, settings.seed)
    places = [Place(int(i), top, left, False) for i in positions for top, left in shares]
    numbers = np.empty(len(places))
    network.eval()
    bar = tqdm(total=len(places), desc="hyperiqa: testing", unit="crop", disable=not progress, file=sys.stderr)
    with bar:
        for start in range(0, len(places), TEST_BATCH):
            batch = places[start : start + TEST_BATCH]
            numbers[start : start + len(batch)] = numbers_of(network, pictures.crops(batch))
            bar.update(len(batch))
    return numbers.reshape(len(positions), len(shares)).mean(axis=1)


def numbers_of(network: HyperIqaNet, crops_MHWC: np.ndarray) -> np.ndarray:
    """A network's number for each crop, (M,) float64; in eval mode a crop's number does not depend on the others."""
    with torch.inference_mode():
        parts = [crops_MHWC[start : start + TEST_BATCH] for start in range(0, len(crops_MHWC), TEST_BATCH)]
        return np.concatenate([network(to_network(network, part)).cpu().numpy() for part in parts]).astype(np.float64)


def to_network(network: HyperIqaNet, crops_MHWC: np.ndarray) -> Tensor:
    """uint8 crops to what the network takes, where it is: (M, 3, 224, 224) in [0, 1], channels last in memory."""
    return torch.from_numpy(crops_MHWC).to(network.mean.device).permute(0, 3, 1, 2).float() / 255


def _one_epoch(
    network: HyperIqaNet,
    pictures: Pictures,
    standard_N: np.ndarray,
    training: np.ndarray,
    settings: Settings,
    epoch: int,
    bar: "tqdm[None]",
) -> None:
    network.train()
    adam = optimizer(network, epoch)
    places = training_places(training, settings.patches, settings.seed, epoch)
    for start in range(0, len(places), settings.batch):
        batch = places[start : start + settings.batch]
        wanted = torch.tensor(standard_N[[place.image for place in batch]], dtype=torch.float32)
        predicted = network(to_network(network, pictures.crops(batch)))
        loss = (predicted - wanted.to(predicted.device)).abs().mean()
        if not torch.isfinite(loss):
            raise ContriqueError(f"hyperiqa: the loss is not finite in epoch {epoch + 1}")
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        bar.update(len(batch))
