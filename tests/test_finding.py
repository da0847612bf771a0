"""Finding images: order, laziness, odd names, loops."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrique.finding import IMAGE_SUFFIXES, find_images


def make(folder: Path, *names: str) -> list[str]:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [str(folder / name) for name in names]


def test_folder_is_walked_in_the_order_of_sorted_paths(tmp_path: Path) -> None:
    names = ["a-b.jpg", "a.jpg", "a/z.png", "a/b/c.webp", "a b.tif", "b/1.bmp", "b.jpeg", "Z.GIF", "a0.avif"]
    expected = sorted(make(tmp_path, *names))
    make(tmp_path, "notes.txt", "a/readme", ".hidden.jpg", ".cache/x.jpg", "a/._z.png")
    assert list(find_images([tmp_path])) == expected
    assert list(find_images(str(tmp_path))) == expected  # one name, not a string of letters


@given(st.sets(st.text("aB-/ é.", min_size=1, max_size=6).map(lambda s: s.strip("./ ") + ".png"), max_size=8))
def test_any_tree_is_walked_in_sorted_order(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("tree")
    wanted = []
    for name in names:
        parts = [part for part in name.split("/") if part]
        if any(part.startswith(".") for part in parts) or any((folder / p).is_file() for p in Path(*parts).parents):
            continue
        path = folder.joinpath(*parts)
        if not path.exists():
            wanted += make(folder, str(path.relative_to(folder)))
    assert list(find_images([folder])) == sorted(wanted)


def test_files_come_as_they_are(tmp_path: Path) -> None:
    odd = make(tmp_path, "photo.dat", "x[1].jpg", "*.jpg")
    missing = str(tmp_path / "missing.jpg")
    paths = [*odd, missing, "", "a\0b"]
    assert list(find_images(paths)) == paths


def test_order_of_arguments_is_kept_and_repeats_are_too(tmp_path: Path) -> None:
    first, second = make(tmp_path, "b.png", "a.png")
    assert list(find_images([first, second, first, tmp_path])) == [first, second, first, second, first]


def test_globs(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b.jpg", "c.dat", "sub/d.jpg", "sub/deep/e.jpg")
    as_names = [str(Path(path).relative_to(tmp_path)) for path in find_images([str(tmp_path / "*.jpg")])]
    assert as_names == ["a.jpg", "b.jpg"]
    as_names = [str(Path(path).relative_to(tmp_path)) for path in find_images([str(tmp_path / "*")])]
    assert as_names == ["a.jpg", "b.jpg", "c.dat", "sub/d.jpg", "sub/deep/e.jpg"]
    as_names = [str(Path(path).relative_to(tmp_path)) for path in find_images([str(tmp_path / "**" / "*")])]
    assert as_names == ["a.jpg", "b.jpg", "c.dat", "sub/d.jpg", "sub/deep/e.jpg"]
    nothing = str(tmp_path / "*.png")
    assert list(find_images([nothing])) == [nothing]


def test_links(tmp_path: Path) -> None:
    real = make(tmp_path, "real/a.jpg")[0]
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    found = list(find_images([tmp_path]))
    again = str(tmp_path / "again")
    assert found == [os.path.join(again, "a.jpg"), os.path.join(again, "dangling.jpg")]  # 'real' is that same folder
    assert list(find_images([tmp_path / "real"]))[:1] == [real]


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"caf\xe9.jpg")
    with open(name, "wb") as file:
        file.write(b"x")
    (found,) = find_images([tmp_path])
    assert os.fsencode(found) == name
    with open(found, "rb") as file:
        assert file.read() == b"x"


def test_very_deep_folders_do_not_overflow(tmp_path: Path) -> None:
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(1200):
            os.mkdir("d")
            os.chdir("d")
        Path("deep.jpg").touch()
    finally:
        os.chdir(here)
    (found,) = find_images([tmp_path])
    assert found.endswith("d/deep.jpg")
    subprocess.run(
        ["rm", "-rf", str(tmp_path / "d")], check=True
    )  # too deep for Python's own rmtree, and so for pytest's


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.jpg", "shut/b.jpg", "z.jpg")
    shut = str(tmp_path / "shut")
    listdir = os.listdir

    def deny(path: str) -> list[str]:
        if path == shut:
            raise PermissionError(13, "Permission denied", path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", deny)  # the tests may run as root, whom no mode keeps out
    assert list(find_images([tmp_path])) == [str(tmp_path / "a.jpg"), shut, str(tmp_path / "z.jpg")]


def test_finding_is_lazy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/1.jpg", "b/2.jpg")
    listed: list[str] = []
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(os.path.basename(path)) or listdir(path))

    def forever():  # type: ignore[no-untyped-def]
        while True:
            yield tmp_path

    found = find_images(forever())
    assert next(found).endswith("1.jpg")
    assert listed == [tmp_path.name, "a"]


def test_suffixes_are_lower_case() -> None:
    assert {suffix.lower() for suffix in IMAGE_SUFFIXES} == IMAGE_SUFFIXES
