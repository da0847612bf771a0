"""One image file's bytes, or one Pillow image, to uint8 RGB pixels in sRGB: every rule about formats lives here.

Content decides the format, never the name. Only the formats in ``FORMATS`` are tried, so nothing that Pillow could do
with other formats (running Ghostscript on EPS, say) can be reached. Plugins are opened directly rather than through
``PIL.Image.open``: its decompression-bomb warning can only be silenced for the whole process, and our own limit is
checked before any pixel is decoded anyway.

Decisions:
    - Transparent pixels are laid over white, after conversion to sRGB.
    - 16-bit grey v becomes round(v / 257). Pillow reads 16-bit colour as 8-bit by its upper byte, which is at most one
      level away.
    - 32-bit integer and floating-point pixels have no defined white and are refused.
    - An embedded ICC profile is converted to sRGB by LittleCMS (perceptual intent) unless it names itself sRGB. One
      that is broken, or for another kind of pixels than the file holds, is ignored, as browsers do: pixels are then
      taken as sRGB, and CMYK is converted by the plain formula. PNG gamma and HDR signalling in AVIF are ignored.
    - EXIF orientation is applied; an impossible one counts as upright. XMP's copy of it is not looked at.
    - Of an animation or a multi-page file, the first picture; of a Pillow image, the frame it stands on.
    - A file that ends too early is an error, even where the pixels so far could be shown.

Shapes: image_HWC is height, width, 3 channels.
"""

import functools
import importlib
import io
import struct
from typing import TYPE_CHECKING

import numpy as np

from contrique.errors import ImageError

if TYPE_CHECKING:
    from PIL import ImageCms, ImageFile
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WebP", "AVIF", "TIFF", "BMP", "GIF")
HEAD_BYTES = 16  # enough of a file's beginning to name its format

_PLUGINS = {"JPEG": "Jpeg", "PNG": "Png", "WebP": "WebP", "AVIF": "Avif", "TIFF": "Tiff", "BMP": "Bmp", "GIF": "Gif"}
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AVIF_BRANDS = (b"avif", b"avis", b"mif1", b"msf1")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
_EXIF_ORIENTATION_TAG = 0x0112  # EXIF 2.32, 4.6.4
_SHORT, _LONG = 3, 4  # TIFF 6.0 field types


def sniff(head: bytes, name: str) -> str:
    """Tell a file's format from its first ``HEAD_BYTES`` bytes.

    Returns:
        One of ``FORMATS``.

    Raises:
        ImageError: there is nothing, or nothing that begins like one of the formats.
    """
    if not head:
        raise ImageError(name, "the file is empty")
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in _AVIF_BRANDS:
        return "AVIF"
    if head.startswith(_TIFF_MAGIC):
        return "TIFF"
    if head.startswith(b"BM"):
        return "BMP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        raise ImageError(name, "HEIC is not supported: save it as JPEG or PNG")
    raise ImageError(name, f"not an image in a supported format ({', '.join(FORMATS)})")


def decode_bytes(data: bytes, name: str, max_pixels: int) -> np.ndarray:
    """Decode one whole file.

    Args:
        data: the file's content.
        name: what errors call it.
        max_pixels: width × height above which nothing is decoded.

    Returns:
        image_HWC, uint8 RGB in sRGB, contiguous, writable.

    Raises:
        ImageError: for anything that keeps it from being an image; no other exception comes out.
    """
    kind = sniff(data[:HEAD_BYTES], name)
    try:
        return decode_pillow(_opener(kind)(io.BytesIO(data)), name, max_pixels)
    except ImageError:
        raise
    except Exception as error:  # on hostile bytes Pillow raises anything from struct.error to AttributeError
        raise ImageError(name, f"broken {kind}: {_words(error)}") from error


def decode_pillow(image: "Image", name: str, max_pixels: int) -> np.ndarray:
    """Turn a Pillow image, loaded or not, into uint8 RGB; a lazily opened one is loaded, and otherwise left as it is.

    Args, result and errors are those of ``decode_bytes``.
    """
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(name, f"the image is empty ({width} x {height} pixels)")
    # A TIFF's tiles may be larger than the picture they make up, and are decoded whole.
    tile_width, tile_height = getattr(image, "_tile_size", image.size)
    if max(width * height, tile_width * tile_height) > max_pixels:
        raise ImageError(name, f"{width} x {height} pixels is more than the limit of {max_pixels} pixels")
    try:
        image.load()
        colour, alpha = _split(image, name)
        rgb = _to_srgb(colour, image.info.get("icc_profile"))
        if alpha is not None:
            rgb = _over_white(rgb, alpha)
        return np.array(_upright(rgb, image.info.get("exif")))
    except ImageError:
        raise
    except Exception as error:
        raise ImageError(name, f"broken {image.format or 'Pillow image'}: {_words(error)}") from error


@functools.cache
def _opener(kind: str) -> "type[ImageFile.ImageFile]":
    """The Pillow class that reads one of ``FORMATS``."""
    stem = _PLUGINS[kind]
    plugin = importlib.import_module(f"PIL.{stem}ImagePlugin")
    opener: type[ImageFile.ImageFile] = getattr(plugin, f"{stem}ImageFile")
    if kind != "JPEG":
        return opener

    class Jpeg(opener):  # type: ignore[valid-type,misc]
        """Pillow's reader without its look for a resolution in EXIF: time lost, and a warning where EXIF is corrupt."""

        def _read_dpi_from_exif(self) -> None:
            pass

    return Jpeg


def _split(image: "Image", name: str) -> "tuple[Image, Image | None]":
    """The colours (mode L, RGB, CMYK or another that converts to RGB) and the alpha channel, if there is one."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        values_HW = np.asarray(image).astype(np.uint32)
        grey = Image.fromarray(((values_HW + 128) // 257).astype(np.uint8))
        key = image.info.get("transparency")
        return grey, None if key is None else Image.fromarray(np.where(values_HW == key, 0, 255).astype(np.uint8))
    if image.mode in ("I", "F"):
        kind = "32-bit integers" if image.mode == "I" else "floating-point numbers"
        raise ImageError(name, f"its pixels are {kind}, with no defined white: save it with 8 or 16 bits")
    if image.has_transparency_data:
        base = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
        both = image.convert(base + "A")
        return both.convert(base), both.getchannel("A")
    if image.mode in ("1", "P"):
        return image.convert("L" if image.mode == "1" else "RGB"), None
    return image, None


def _to_srgb(colour: "Image", profile: object) -> "Image":
    """Convert to RGB, through the embedded profile where there is a usable one."""
    if isinstance(profile, bytes) and profile and colour.mode in ("L", "RGB", "CMYK"):
        from PIL import ImageCms

        try:
            transform = _profile_transform(profile, colour.mode)
            if transform is not None:
                converted = ImageCms.applyTransform(colour, transform)
                if converted is not None:
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # the stated policy: an unusable profile is ignored
    return colour if colour.mode == "RGB" else colour.convert("RGB")


@functools.lru_cache(maxsize=16)
def _profile_transform(profile: bytes, mode: str) -> "ImageCms.ImageCmsTransform | None":
    """The way from a profile to sRGB, or None if it is sRGB by its own name. One transform may serve many threads."""
    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if mode == "RGB" and (source.profile.profile_description or "").startswith("sRGB"):
        return None
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def _over_white(rgb: "Image", alpha: "Image") -> "Image":
    from PIL import Image

    white = Image.new("RGB", rgb.size, "white")
    white.paste(rgb, mask=alpha)
    return white


def _upright(rgb: "Image", exif: object) -> "Image":
    """Undo the camera's rotation; a TIFF's was undone by Pillow when it was loaded."""
    from PIL.Image import Transpose

    method = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(exif_orientation(exif) if isinstance(exif, bytes) else 1)
    return rgb if method is None else rgb.transpose(method)


def exif_orientation(exif: bytes) -> int:
    """Read the orientation, 1 to 8, from an EXIF block with or without its ``Exif`` prefix; 1 where there is none.

    Pillow reads it too, but reads every other tag first and warns about each that is corrupt.
    """
    block = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        (entries,) = struct.unpack_from(order + "H", block, start)
        for entry in range(start + 2, start + 2 + 12 * entries, 12):
            tag, field = struct.unpack_from(order + "HH", block, entry)
            if tag == _EXIF_ORIENTATION_TAG and field in (_SHORT, _LONG):
                (value,) = struct.unpack_from(order + ("H" if field == _SHORT else "I"), block, entry + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass  # the block ends early: no orientation
    return 1


def _words(error: Exception) -> str:
    """What an exception says, for people, on one line."""
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    if isinstance(error, struct.error) or "not identified by this driver" in str(error):
        return "it ends too early, or its header is damaged"
    return " ".join(str(error).split()) or type(error).__name__
