"""Images in tars, on a disk and behind a real HTTP server: right pixels, damage counted and named."""

import io
import os
import tarfile

import numpy as np
import pytest
from PIL import Image
from range_server import serve

from contrique.errors import ContriqueError, ImageError
from contrique.learning.corpora import broken, remote
from contrique.learning.corpora.shards import Shards, is_image


def png(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return pixels, buffer.getvalue()


def pack(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


@pytest.fixture
def pixels(tmp_path):
    """Three tars of four images with texts between them, as WebDataset packs them; name → pixels."""
    expected = {}
    for shard in range(3):
        files = []
        for i in range(4):
            key = f"{shard:03d}{i:03d}"
            expected[f"s-{shard}.tar/{key}.png"], data = png(10 * shard + i)
            files += [(f"{key}.json", b'{"a": 1}'), (f"{key}.png", data), (f"{key}.cls", b"3")]
        pack(tmp_path / "tars" / f"s-{shard}.tar", files)
    return expected


def all_of(shards):
    return {shards.name(row).rpartition("tars/")[2]: shards.read(row) for row in range(len(shards))}


def same(found, expected):
    assert found.keys() == expected.keys()
    return all((found[name] == expected[name]).all() for name in expected)


@pytest.mark.parametrize("pattern", ["tars/s-*.tar", "tars/s-{0..2}.tar"])
def test_every_image_is_found_and_nothing_else(tmp_path, pixels, pattern):
    shards = Shards(str(tmp_path / pattern))
    assert len(shards) == 12
    assert same(all_of(shards), pixels)
    assert (shards.damaged.count, shards.notes) == (0, [])


def test_behind_a_url_they_are_the_same(tmp_path, pixels):
    pytest.importorskip("aiohttp")
    here = Shards(str(tmp_path / "tars" / "s-{0..2}.tar"))
    with serve(tmp_path) as server:
        there = Shards(f"{server.url}/tars/s-{{0..2}}.tar?token=abc")
        listed = len(server.asked)
        assert listed <= 2 * 3  # small tars: their first bytes, then all headers in one block
        assert same({name.replace("?token=abc", ""): image for name, image in all_of(there).items()}, pixels)
        assert len(server.asked) == listed + 12  # and one range for each image
    assert there.digest() == here.digest()  # the same images, wherever they lie


def test_a_forked_worker_reads_behind_a_url(tmp_path, pixels):
    pytest.importorskip("aiohttp")
    with serve(tmp_path) as server:
        shards = Shards(f"{server.url}/tars/s-0.tar")
        expected = shards.read(0)
        child = os.fork()
        if not child:
            os._exit(0 if (shards.read(0) == expected).all() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        np.testing.assert_array_equal(shards.read(0), expected)


def test_storage_that_goes_away_ends_the_run_instead_of_breaking_images(tmp_path, pixels, monkeypatch):
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(remote, "_WAITS", (0.01,))
    with serve(tmp_path) as server:
        shards = Shards(f"{server.url}/tars/s-0.tar")
        server.failures = 2
        with pytest.raises(ContriqueError, match=r"s-0\.tar: cannot be reached any more: .*503") as caught:
            shards.read(0)
        assert not isinstance(caught.value, ImageError)
        shards.read(0)


def test_damage_is_counted_named_and_passed_by(tmp_path, pixels):
    first, second, third = (tmp_path / "tars" / f"s-{i}.tar" for i in range(3))
    content = bytearray(first.read_bytes())
    with tarfile.open(first) as tar:
        place = tar.getmember("000001.png").offset_data
        header = tar.getmember("000002.png").offset
    content[place : place + 40] = bytes(40)  # an image's bytes
    content[header + 100] ^= 1  # a header
    first.write_bytes(content)
    with tarfile.open(second) as tar:
        place = tar.getmember("001003.png").offset_data
    second.write_bytes(second.read_bytes()[: place + 50])  # cut off inside the last image
    third.write_bytes(b"\xff" * 4000)  # no tar at all
    shards = Shards(str(tmp_path / "tars" / "*.tar"))
    assert shards.damaged.count == 3
    reasons = {name.rpartition("tars/")[2]: why for name, why in shards.damaged.named.items()}
    assert reasons == {
        f"s-0.tar at byte {header}": "damaged tar header",
        "s-1.tar/001003.png": "cut off: the tar ends before it",
        "s-2.tar at byte 0": "damaged tar header",
    }
    bad, good = [], {}
    for row in range(len(shards)):
        try:
            good[shards.name(row).rpartition("tars/")[2]] = shards.read(row)
        except ImageError as error:
            bad.append(error.path.rpartition("tars/")[2])
    assert bad == ["s-0.tar/000001.png"]
    wanted = [f"s-0.tar/{i}.png" for i in ("000000", "000003")] + [
        f"s-1.tar/{i}.png" for i in ("001000", "001001", "001002")
    ]
    assert same(good, {name: pixels[name] for name in wanted})


def test_endless_damage_is_named_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr(broken, "MOST_NAMES", 3)
    files = [(f"{i}.png", b"x") for i in range(8)]
    pack(tmp_path / "s.tar", files)
    content = bytearray((tmp_path / "s.tar").read_bytes())
    for i in range(0, 8, 2):  # headers and contents take a block each
        content[1024 * i] ^= 1
    (tmp_path / "s.tar").write_bytes(content)
    shards = Shards(str(tmp_path / "s.tar"))
    assert (len(shards), shards.damaged.count, len(shards.damaged.named)) == (4, 4, 3)
    assert shards.notes == [f"{tmp_path}/s.tar: 1 more damaged places, not named"]


def test_a_tar_that_vanishes_gives_image_errors(tmp_path, pixels):
    shards = Shards(str(tmp_path / "tars" / "s-0.tar"))
    (tmp_path / "tars" / "s-0.tar").unlink()
    with pytest.raises(ImageError, match="No such file") as caught:
        shards.read(0)
    assert caught.value.path == shards.name(0)


def test_bad_sources_are_named(tmp_path, pixels):
    with tarfile.open(tmp_path / "tars" / "c.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "tars" / "s-0.tar", "x.png")
    pack(tmp_path / "texts.tar", [("a.txt", b"1"), (".hidden.png", b"1"), ("d/._a.png", b"2")])
    (tmp_path / "empty.tar").touch()
    (tmp_path / "noise.tar").write_bytes(b"\xfe" * 2000)
    for pattern, message in [
        ("tars/s-{0..3}.tar", r"s-3\.tar: cannot open"),
        ("tars/c.tar.gz", r"is compressed \(gzip\)"),
        ("texts.tar", "no images in these tar files"),
        ("empty.tar", "no images in these tar files"),
        ("noise.tar", "no images in these tar files .*at byte 0: damaged tar header"),
        ("nothing-*.tar", "no such files"),
        ("tars", "cannot read: "),
    ]:
        with pytest.raises(ContriqueError, match=message):
            Shards(str(tmp_path / pattern))


def test_one_name_in_two_tars_is_two_images_and_in_one_tar_one(tmp_path):
    first, second = png(1)[1], png(2)[1]
    for folder, data in [("a", first), ("b", second)]:
        pack(tmp_path / folder / "0.tar", [("x.png", data), ("y.png", data), ("x.png", data)])
    shards = Shards(str(tmp_path / "*" / "0.tar"))
    assert len(shards) == 4
    assert shards.notes == [f"{tmp_path}/*/0.tar: left out 2 repeated names"]


def test_images_are_told_by_suffix():
    assert is_image("a/b.JPG")
    assert not is_image("a/.b.jpg")
    assert not is_image("jpg")
