"""How fast are the table's methods, and others' beside them? Milliseconds of processor time for one image, one thread.

    OMP_NUM_THREADS=1 python benchmarks/baselines.py IMAGE [--parameters DIR] [--resnet50 MODEL_FOLDER]

The image is decoded beforehand; the time is that of one score from its pixels, the least of RUNS: on a machine that has
other things to do, processor time and its least say more than the clock. With --parameters (the official files) all
that can take them use them, so that the numbers agree. Peers are measured where they are installed, best in an
environment of their own beside contrique; there is none for CORNIA and HOSA that pip could install:

    pip install brisque opencv-python-headless            PyPI's brisque (0.2.0 needs numpy < 2.4)
    pip install --no-deps pyiqa; pip install requests     IQA-PyTorch, by the functions in its files: the whole package
                                                          wants torchvision and more, its BRISQUE and NIQE only torch
"""

import argparse
import importlib.util
import os
import platform
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import contrique
from contrique.baselines.baseline import Baseline
from contrique.images import read_image

RUNS = 9
Peer = tuple[str, Callable[[], float]]


def measure(score: Callable[[], float]) -> tuple[float, float]:
    """Least processor milliseconds of a call, and what it gave."""
    number = score()
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        score()
        times.append(time.process_time() - start)
    return 1000 * min(times), float(number)


def pypi_brisque(image_HWC: np.ndarray, _ours: Baseline) -> Peer:
    """PyPI's brisque, with its own parameters."""
    import scipy.ndimage

    sys.modules.setdefault("scipy.ndimage.filters", scipy.ndimage)  # its old name, which the package imports
    from brisque import BRISQUE

    peer = BRISQUE(url=False)
    return f"brisque {version('brisque')}", lambda: float(np.ravel(peer.score(image_HWC))[0])


def bare(package: str, *parts: str) -> None:
    """Let single files of a package be imported without the package's own beginning."""
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(package)
    (root,) = spec.submodule_search_locations
    for name in ("", *parts):
        module = types.ModuleType(f"{package}.{name}".rstrip("."))
        module.__path__ = [os.path.join(root, name)]
        sys.modules[module.__name__] = module
    for name, words in {
        "torchvision": (),
        "torchvision.transforms": (),
        "huggingface_hub": ("hf_hub_url",),
        "pyiqa.utils.misc": ("sizeof_fmt",),
    }.items():
        module = types.ModuleType(name)
        for word in words:
            setattr(module, word, lambda *args, **options: "")
        sys.modules.setdefault(name, module)


def as_tensor(image_HWC: np.ndarray):
    """(1, 3, H, W) float32 from 0 to 1."""
    import torch

    torch.set_num_threads(1)
    return torch.from_numpy(image_HWC.copy()).permute(2, 0, 1)[None].float() / 255


def pyiqa_brisque(image_HWC: np.ndarray, ours: Baseline) -> Peer:
    """IQA-PyTorch's BRISQUE."""
    bare("pyiqa", "archs", "utils")
    import torch
    from pyiqa.archs.brisque_arch import brisque

    x = as_tensor(image_HWC)
    options = {"sv_coef": torch.tensor(ours._svr.coef_S)[:, None], "sv": torch.tensor(ours._svr.support_SD)}
    return f"pyiqa {version('pyiqa')} (torch {torch.__version__})", lambda: float(brisque(x, **options))


def pyiqa_niqe(image_HWC: np.ndarray, ours: Baseline) -> Peer:
    """IQA-PyTorch's NIQE."""
    bare("pyiqa", "archs", "utils")
    import torch
    from pyiqa.archs.niqe_arch import calculate_niqe

    x = as_tensor(image_HWC)
    mean, covariance = torch.tensor(ours._mean_D)[None], torch.tensor(ours._covariance_DD)
    return f"pyiqa {version('pyiqa')} (torch {torch.__version__})", lambda: float(
        calculate_niqe(x, mu_pris_param=mean, cov_pris_param=covariance)
    )


PEERS = {"brisque": (pypi_brisque, pyiqa_brisque), "niqe": (pyiqa_niqe,), "cornia": (), "hosa": ()}
HAVE_OFFICIAL = ("brisque", "niqe", "hosa")


def networks(image_HWC: np.ndarray, trunk: Path | None) -> Iterator[Peer]:
    """The table's methods that are networks; untrained heads cost what trained ones do."""
    model = contrique.load()
    yield f"contrique   {model.name}, features and ridge", lambda: model.score(image_HWC).value
    if trunk is None:
        return
    import torch

    from contrique.baselines.hyperiqa.contender import network_from
    from contrique.baselines.hyperiqa.crops import cut, fixed_places, sized
    from contrique.baselines.hyperiqa.training import numbers_of

    torch.set_num_threads(1)
    encoder = contrique.load(str(trunk))
    yield f"resnet50    {encoder.name}, features", lambda: float(encoder.features(image_HWC)[0])
    network = network_from(trunk)().eval()

    def hyperiqa() -> float:
        small_HWC = sized(image_HWC)
        crops = np.stack([cut(small_HWC, top, left) for top, left in fixed_places(25, 0)])
        return float(numbers_of(network, crops).mean())

    yield "hyperiqa    25 crops", hyperiqa


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--parameters", type=Path, help="the folder of official files")
    parser.add_argument("--resnet50", type=Path, help="an ImageNet ResNet-50, for the rows resnet50 and hyperiqa")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    image_HWC = read_image(args.image)
    height, width = image_HWC.shape[:2]
    packages = ", ".join(f"{name} {version(name)}" for name in ("contrique", "numpy", "scipy") if has(name))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}")
    print(f"{args.image.name}, {width}×{height}; processor milliseconds, least of {RUNS}\n")
    for name, peers in PEERS.items():
        ours = contrique.load(method=name, parameters=args.parameters if name in HAVE_OFFICIAL else None)
        least, number = measure(lambda ours=ours: ours.score(image_HWC).raw)
        print(f"{name:<8}{'contrique':<44}{least:9.1f} ms          {number:10.4f}")
        for peer in peers:
            try:
                title, score = peer(image_HWC, ours)
                took, number = measure(score)
                print(f"{'':<8}{title:<44}{took:9.1f} ms {took / least:7.1f} ×{number:10.4f}")
            except Exception as error:  # a peer that cannot be measured must not keep the others from it
                print(f"{'':<8}{peer.__name__:<44}not measured: {type(error).__name__}: {error}")
    for title, score in networks(image_HWC, args.resnet50):
        least, _ = measure(score)
        print(f"{title:<52}{least:9.1f} ms")


def has(name: str) -> bool:
    """Whether a package is installed."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
