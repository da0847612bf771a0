"""The authors' published training loop, rebuilt from its description, to measure ours against (pretraining.py).

What was published (Madhusudana et al., IEEE TIP 2022; train.py and its data set class) and is done here, in our words:

- Synthetic distortions were made beforehand: an image is read from its file at every use, with Pillow, twice a step's
  work from one decoding: the whole image resized to full or half size, then a random crop, or the zero-padded centre.
- Each view by itself: grey; LAB through ImageCms, its profiles and its transform built anew for each view; HSV by
  Pillow; local mean subtraction with scipy's correlate1d, channel by channel; or nothing. Then flip and float32 tensor.
- Two DataLoaders (synthetic, authentic), PyTorch's own collation, floats to the device.
- The encoder twice, once for each view of the pairs; the projector four times, also for whole-image vectors, which the
  loss does not use. Everything float32, in PyTorch's default layout; the optimizer is PyTorch's default one.
- The loss multiplies out the matrix of one-hot classes and masks the whole similarity matrix with it.

The published file says autocast and loss scaling besides, for a GPU; the comparison asked for is with float32.
Shape suffixes: B images, C H W of a view, N patches, K classes.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms
from scipy.ndimage import correlate1d
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, normalize
from torch.utils.data import DataLoader, Dataset, RandomSampler

from contrique.learning import encoders
from contrique.learning.corpora import Corpus
from contrique.learning.distortions import LEVELS, N_CLASSES, NAMES, distort
from contrique.learning.optimizer import learning_rate, set_learning_rate, trained_parameters
from contrique.learning.projector import Projector
from contrique.learning.recipe import Recipe

Rows = list[tuple[str, int]]  # path of an image file, class


class Pairs(Dataset[tuple[Tensor, Tensor, int]]):
    """Item i: two float32 views (3, S, S) of file i, and its class."""

    def __init__(self, rows: Rows, size: int) -> None:
        self.rows, self.size = rows, size

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        path, label = self.rows[index]
        image = Image.open(path).convert("RGB")
        first = int(np.random.choice([1, 2]))
        return self._view(image, first), self._view(image, 3 - first), label

    def _view(self, image: Image.Image, divisor: int) -> Tensor:
        width, height, size = image.width // divisor, image.height // divisor, self.size
        scaled = image.resize((width, height), Image.Resampling.BILINEAR)
        if min(width, height) < size:
            left, top = (width - size) // 2, (height - size) // 2
        else:
            left, top = np.random.randint(width - size + 1), np.random.randint(height - size + 1)
        view = recoloured(scaled.crop((left, top, left + size, top + size)), int(np.random.choice(5)))
        if np.random.rand() < 0.5:
            view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return torch.from_numpy(np.array(view)).permute(2, 0, 1).contiguous().float().div(255)


def recoloured(view: Image.Image, kind: int) -> Image.Image:
    """Grey, LAB, HSV, local-mean-subtracted, or as it is."""
    if kind == 0:
        return view.convert("L").convert("RGB")
    if kind == 1:
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        transform = ImageCms.buildTransformFromOpenProfiles(*profiles, "RGB", "LAB")
        return ImageCms.applyTransform(view, transform)
    if kind == 2:
        return view.convert("HSV")
    if kind == 3:
        return Image.fromarray(local_mean_subtracted(np.array(view).astype(np.float32)))
    return view


def local_mean_subtracted(view_HWC: np.ndarray) -> np.ndarray:
    """7 taps of σ 7/6 along each axis, mirrored borders; each channel stretched by its own range."""
    taps = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
    taps /= taps.sum()
    for channel in range(3):
        x_HW = view_HWC[..., channel]
        rest_HW = x_HW - correlate1d(correlate1d(x_HW, taps, 0, mode="reflect"), taps, 1, mode="reflect")
        view_HWC[..., channel] = (rest_HW - rest_HW.min()) / (np.ptp(rest_HW) + 1e-3)
    return (view_HWC * 255).astype(np.uint8)


def plain(encoder: nn.Module) -> nn.Module:
    """Without our shortcut for a frozen trunk: its modules one after the other."""
    trunk = getattr(encoder, "trunk", None)
    if trunk is not None:
        trunk.frozen_stages = torch.no_grad()(lambda x_BCHW: trunk.stages(x_BCHW, head=False))
    return encoder


class Published(nn.Module):
    """Encoder and projector, called with the two views of every image."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.projector = encoder, Projector(int(encoder.patch_dim))  # type: ignore[arg-type]

    def forward(self, one_BCHW: Tensor, two_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        maps = [self.encoder.patch_map(view_BCHW) for view_BCHW in (one_BCHW, two_BCHW)]  # type: ignore[operator]
        for map_BChw in maps:
            self.projector(normalize(adaptive_avg_pool2d(map_BChw, 1).flatten(1), dim=1))
        cells = [adaptive_avg_pool2d(m, 2).flatten(2).transpose(1, 2).reshape(-1, m.shape[1]) for m in maps]
        one, two = (self.projector(normalize(cell, dim=1)) for cell in cells)
        return one, two


def published_loss(one_ND: Tensor, two_ND: Tensor, hot_NK: Tensor, temperature: float) -> Tensor:
    """The loss over both views' patches through two dense masks."""
    z = normalize(torch.cat([one_ND, two_ND]), dim=1)
    hot = torch.cat([hot_NK, hot_NK])
    similarity = z @ z.T / temperature
    others = 1 - torch.eye(len(z), device=z.device)
    positive = (hot @ hot.T) * others
    denominator = (similarity.exp() * others).sum(dim=1)
    return (denominator.log() - (similarity * positive).sum(dim=1) / positive.sum(dim=1)).mean()


class AuthorsPipeline:
    """Data, network and loop for one recipe's batch, view size, encoder and optimizer.

    Args:
        recipe: what to train.
        synthetic: distorted images on disk and their classes.
        authentic: photographs on disk (their classes are not looked at).
        workers: processes of each of the two loaders.
    """

    def __init__(self, recipe: Recipe, synthetic: Rows, authentic: Rows, workers: int) -> None:
        self.recipe, self.workers = recipe, workers
        self.each = recipe.batch.images // 2
        self.rows = synthetic, authentic
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.run.seed)
        encoder = encoders.build(recipe.encoder.name, recipe.encoder.start)
        self.model = Published(plain(encoder)).train().to(self.device)  # type: ignore[arg-type]
        weights, part = list(trained_parameters(self.model).values()), recipe.optimizer
        self.optimizer: torch.optim.Optimizer = (
            torch.optim.SGD(weights, lr=part.lr, momentum=part.momentum, weight_decay=part.weight_decay)
            if part.name == "sgd"
            else torch.optim.AdamW(weights, lr=part.lr, weight_decay=part.weight_decay)
        )

    def batches(self, steps: int) -> Iterator[list[Tensor]]:
        """So many batches: views one, views two, classes of the synthetic half; the two views of the authentic half."""
        loaders = []
        for rows in self.rows:
            pairs = Pairs(rows, self.recipe.batch.view_size)
            sampler = RandomSampler(pairs, replacement=True, num_samples=steps * self.each)
            loaders.append(DataLoader(pairs, batch_size=self.each, sampler=sampler, num_workers=self.workers))
        for synthetic, authentic in zip(*loaders, strict=True):
            yield [*synthetic, *authentic[:2]]

    def step(self, step: int, batch: list[Tensor]) -> float:
        one, two, label, one_authentic, two_authentic = batch
        x_one = torch.cat([one.to(self.device), one_authentic.to(self.device)])
        x_two = torch.cat([two.to(self.device), two_authentic.to(self.device)])
        hot = torch.zeros(2 * self.each, N_CLASSES + self.each)
        hot[range(self.each), label] = 1
        hot[self.each :, N_CLASSES:] = torch.eye(self.each)
        hot = hot.repeat_interleave(4, dim=0).to(self.device)
        loss = published_loss(*self.model(x_one, x_two), hot, self.recipe.temperature)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        set_learning_rate(
            self.optimizer, learning_rate(step, steps=self.recipe.run.steps, peak=self.recipe.optimizer.lr)
        )
        return loss.item()


def write_images(corpus: Corpus, folder: Path, count: int) -> tuple[Rows, Rows]:
    """Put so many images of each kind on disk, as the published training set lies there.

    Distorted ones as BMP, which is the quickest to read; photographs as JPEG.
    """
    synthetic, authentic = [], []
    for number in range(count):
        label = number * 37 % (N_CLASSES - 1)  # 37 shares no factor with 125: every class once in turn
        name, level = NAMES[label // len(LEVELS)], LEVELS[label % len(LEVELS)]
        pristine_HWC = corpus.pristine.load(number * 7 % len(corpus.pristine))
        synthetic.append((str(folder / f"{number:05d}.bmp"), label))
        Image.fromarray(distort(pristine_HWC, name, level, number)).save(synthetic[-1][0])
        authentic.append((str(folder / f"{number:05d}.jpg"), 0))
        found_HWC = corpus.authentic.load(number * 7 % len(corpus.authentic))
        Image.fromarray(found_HWC).save(authentic[-1][0], quality=90)
    return synthetic, authentic
