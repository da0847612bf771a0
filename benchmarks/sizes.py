"""How does the score of one photograph move with its size? From 256 pixels on the short side to 24 megapixels.

    python benchmarks/sizes.py IMAGE...

Each photograph is resized (Pillow, Lanczos) to sizes below its own and, since large public photographs are few, also
enlarged beyond it; a photograph enlarged has no more detail than before, so its score may rightly fall. What the model
does with sizes is in its card: more than ``max_scored_pixels`` are shrunk to so many first.
"""

import argparse

from PIL import Image

import contrique

SHORT_SIDES = (256, 384, 512, 768, 1024, 1536, 2048, 3072, 4000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+")
    args = parser.parse_args()
    model = contrique.load()
    print(f"model {model.name}, preprocessing {model.card['preprocessing']}\n")
    print(f"{'photograph':<32}{'own size':>12}" + "".join(f"{side:>7}" for side in SHORT_SIDES))
    for path in args.images:
        image = Image.open(path).convert("RGB")
        row = []
        for side in SHORT_SIDES:
            factor = side / min(image.size)
            size = round(image.width * factor), round(image.height * factor)
            row.append(model.score(image.resize(size, Image.Resampling.LANCZOS)).value)
        name = path.rsplit("/", 1)[-1]
        print(f"{name:<32}{f'{image.width}×{image.height}':>12}" + "".join(f"{value:7.1f}" for value in row))


if __name__ == "__main__":
    main()
