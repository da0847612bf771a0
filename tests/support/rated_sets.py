"""Tiny copies of published sets, laid out as their authors ship them: few images of one grey, or empty files."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat
from workbooks import write_xlsx


def touch(folder: Path, names: Iterable[str]) -> Path:
    """Make empty files: reading a set looks at names only."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def paint(folder: Path, names: Iterable[str], size: tuple[int, int] = (40, 32)) -> Path:
    """Make images of noise, each another, of growing contrast."""
    for index, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(index)
        pixels_HWC = 128 + 8 * (1 + index % 12) * rng.uniform(-1, 1, (size[1], size[0], 3))
        Image.fromarray(pixels_HWC.astype(np.uint8)).save(folder / name)
    return folder


def koniq10k(root: Path, count: int = 10) -> list[str]:
    """KonIQ-10k with empty images in both sizes, and the CSV that has the split: 6 : 2 : 2 of every ten."""
    names = [f"{10004473376 + index}.jpg" for index in range(count)]
    for size in ("1024x768", "512x384"):
        touch(root / size, names)
    sets = ["training"] * 6 + ["validation"] * 2 + ["test"] * 2
    lines = ["image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set"]
    lines += [f"{name},0,2,5,90,8,105,{40.5 + i},0.5,{sets[i % 10]}" for i, name in enumerate(names)]
    (root / "koniq10k_distributions_sets.csv").write_text("\n".join(lines) + "\n")
    return names


def kadid10k(root: Path, make: Callable[[Path, list[str]], Path] = touch, references: int = 5) -> list[str]:
    """KADID-10k with 2 distortions at 3 levels of each reference; its "dmos" falls as the level rises."""
    originals = [f"I{reference:02}.png" for reference in range(1, references + 1)]
    names = [f"{name[:3]}_{kind:02}_{level:02}.png" for name in originals for kind in (1, 11) for level in (1, 3, 5)]
    make(root / "images", originals + names)
    lines = ["dist_img,ref_img,dmos,var"]
    lines += [f"{name},{name[:3]}.png,{5 - int(name[8]) * 0.7:.2f},0.4" for name in names]
    (root / "dmos.csv").write_text("\n".join(lines) + "\n")
    return names


def clive(root: Path) -> list[str]:
    """The LIVE Challenge with its 7 training images and 5 others."""
    training, names = [f"t{i}.bmp" for i in range(1, 8)], ["3.bmp", "4.bmp", "5.JPG", "6.bmp", "1168.bmp"]
    touch(root / "Images" / "trainingImages", training)
    touch(root / "Images", names)
    (root / "Data").mkdir()
    cells = np.array([[name] for name in training + names], dtype=object)
    savemat(root / "Data" / "AllImages_release.mat", {"AllImages_release": cells})
    scores = np.arange(len(cells), dtype=np.float64)[None] + 40.25
    savemat(root / "Data" / "AllMOS_release.mat", {"AllMOS_release": scores})
    savemat(root / "Data" / "AllStdDev_release.mat", {"AllStdDev_release": scores})
    return names


LIVE_COUNTS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}


def live(root: Path, counts: dict[str, int] | None = None) -> np.ndarray:
    """LIVE release 2: every fifth image an undistorted original; returns which are (N,)."""
    counts = LIVE_COUNTS if counts is None else counts
    for folder, count in counts.items():
        touch(root / folder, [f"img{number}.bmp" for number in range(1, count + 1)] + ["info.txt"])
    references = ["bikes.bmp", "Buildings.bmp", "caps.bmp"]
    touch(root / "refimgs", references)
    total = sum(counts.values())
    original_N = np.arange(total) % 5 == 4
    dmos = np.where(original_N, 0, np.arange(total) / 10)[None]
    savemat(
        root / "dmos_realigned.mat", {"dmos_new": dmos, "dmos_std": dmos, "orgs": original_N[None].astype(np.uint8)}
    )
    savemat(root / "dmos.mat", {"dmos": dmos + 1, "orgs": original_N[None].astype(np.float64)})
    cells = np.empty((1, total), dtype=object)
    cells[0] = [references[index % 3].lower() for index in range(total)]
    savemat(root / "refnames_all.mat", {"refnames_all": cells})
    return original_N


CSIQ_TYPES = {
    "noise": "awgn/{}.AWGN.{}.png",
    "blur": "blur/{}.BLUR.{}.png",
    "contrast": "contrast/{}.contrast.{}.png",
    "fnoise": "fnoise/{}.fnoise.{}.png",
    "jpeg": "jpeg/{}.JPEG.{}.png",
    "jpeg 2000": "jpeg2000/{}.jpeg2000.{}.png",
}


def csiq(root: Path) -> list[tuple[str, float]]:
    """CSIQ with its workbook, two levels of each type of three references: returns file and DMOS."""
    rows, files = [], []
    for image in (1600, "aerial_city", "trolley"):
        for number, (kind, form) in enumerate(CSIQ_TYPES.items(), 1):
            for level in (1, 5):
                rows.append([None, None, None, image, number, kind, level, 0.05, round(0.1 * number + 0.02 * level, 3)])
                files.append((form.format(image, level), rows[-1][-1]))
    touch(root / "dst_imgs", [name for name, _ in files])
    touch(root / "src_imgs", ["1600.png", "aerial_city.png", "trolley.png"])
    header = [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"]
    sheets = {"Overview": [["CSIQ", "dmos"]], "all_by_image": [["CSIQ DMOS values"], [], [], header, *rows]}
    write_xlsx(root / "csiq.DMOS.xlsx", sheets)
    return files


def tid2013(root: Path) -> list[str]:
    """TID2013 with two references, the second written in small letters; some files in another case than in the list."""
    names = [
        f"{reference}_{kind:02}_{level}.bmp" for reference in ("I01", "i25") for kind in (1, 24) for level in (1, 5)
    ]
    on_disk = [name.upper() if index % 2 else name for index, name in enumerate(names)]
    touch(root / "distorted_images", on_disk)
    touch(root / "reference_images", ["I01.BMP", "i25.bmp"])
    lines = [f"{5.5 - index / 4:.5f} {name}" for index, name in enumerate(names)]
    (root / "mos_with_names.txt").write_text("\r\n".join(lines) + "\r\n")
    return names


def spaq(root: Path) -> list[str]:
    """SPAQ with its workbook of text and numbers."""
    names = [f"{number:05}.jpg" for number in range(1, 7)]
    touch(root / "TestImage", names)
    (root / "Annotations").mkdir()
    header = ["Image name", "MOS", "Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"]
    rows = [header, *([name, 35.07 + index, 47, 48.13, 48.38, 50, 40] for index, name in enumerate(names))]
    write_xlsx(root / "Annotations" / "MOS and Image attribute scores.xlsx", {"Sheet1": rows})
    write_xlsx(root / "Annotations" / "Scene category labels.xlsx", {"Sheet1": [["Image name", "Animal"]]})
    return names


def flive(root: Path) -> list[str]:
    """FLIVE as PaQ-2-PiQ's notebook leaves it, with the lists that split it: 2 of test, 1 of validation."""
    names = [
        *("voc_emotic_ava/JPEGImages__2009_001012.jpg", "voc_emotic_ava/VOC2012__2009_001012.jpg"),
        *("voc_emotic_ava/AVA__149.jpg", "voc_emotic_ava/EMOTIC__COCO_val2014_000000000192.jpg"),
        *("blur_dataset/motion0057.jpg", "EE371R/cj23478+019.jpg", "EE371R/rq59.jpg"),
    ]
    touch(root / "database", names)
    touch(root / "database" / "patches", [f"{Path(name).name}_patch_{i}.jpg" for name in names for i in (1, 2, 3)])
    lines = ["name,mos", *(f"{name},{70.5 + index}" for index, name in enumerate(names))]
    (root / "labels_image.csv").write_text("\n".join(lines))
    head = "name_image,top_image,mos_image,is_valid"
    (root / "labels>640.csv").write_text("\n".join([head, *(f"{name},0,70,False" for name in names[4:6])]))
    small = [f"{name},0,70,{index == 3}" for index, name in enumerate(names[:4])]
    (root / "labels<=640_padded.csv").write_text("\n".join([head, *small]))
    return names


def biq2021(root: Path) -> list[str]:
    """BIQ2021: a name in another case than its file, columns without names."""
    names = [f"ss01 ({number}).jpg" for number in (1, 10, 100)] + ["SS02 (7).JPG", "ss03 (2).jpg"]
    touch(root / "Images", [*names[:3], "ss02 (7).jpg", *names[4:]])
    for name, part, place in (("Train", names[:3], 0), ("Test", names[3:], 3)):
        lines = ["Image Name,MOS,SD,,", *(f"{one},{0.125 * (place + i)},0.2,," for i, one in enumerate(part)), ",,,,"]
        (root / f"{name} (Images and MOS).csv").write_text("\r\n".join(lines))
    return names
