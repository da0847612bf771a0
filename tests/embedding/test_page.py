"""The page: what it holds, and what a reader can do with it in a real browser."""

import base64
import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from browser import Browser, missing
from plain_model import plain_model

from contrique.embedding.embed import embed_distorted, embed_labelled
from contrique.embedding.labels import Labelled, labels_by_folder
from contrique.embedding.page import link, write_page
from contrique.embedding.points import Points
from contrique.learning.distortions import NAMES

NASTY = "</script><script>window.bad = 1</script> & $x_ 'é\".png"
ESCAPE, ENTER, RIGHT, LEFT, UP, DOWN = "\ue00c", "\ue007", "\ue014", "\ue012", "\ue013", "\ue015"


def page_data(file):
    return json.loads(re.search(r'id="data">(.*?)</script>', file.read_text(encoding="utf-8"), re.DOTALL)[1])


@pytest.fixture(scope="module")
def distorted(tmp_path_factory):
    """A drawn folder of two contents, one with a nasty name; PCA, whose places are quick."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("page")
    for number, name in enumerate([NASTY.replace("/", "-"), "second.png"]):
        small = np.random.default_rng(number).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((96, 72), Image.Resampling.BICUBIC).save(folder / name)
    paths = sorted(str(path) for path in folder.glob("*.png"))
    embed_distorted(plain_model(), paths, folder / "out", contents=2, side=64, method="pca")
    return folder / "out"


def test_one_file_holds_everything_and_asks_the_network_for_nothing(distorted):
    text = (distorted / "embedding.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|\bsrc=\"[^\"]", text)
    assert not re.search(r"\b(fetch|XMLHttpRequest|importScripts|WebSocket)\b", text)
    data = page_data(distorted / "embedding.html")
    assert len(data["x"]) == len(data["thumbnails"]) == 252
    assert base64.b64decode(data["thumbnails"][7])[8:12] == b"WEBP"
    assert max(map(abs, data["x"] + data["y"])) == 1


def test_points_are_traced_to_their_files(distorted):
    data = page_data(distorted / "embedding.html")
    for number, content in ((0, 0), (200, 1)):
        file = distorted / unquote(data["files"][data["file"][number]]["link"])
        assert file.is_file()
        assert (distorted / data["clean"][str(content)]).is_file()


@pytest.mark.parametrize("name", ["a b.png", "100%.png", "#1?.png", "é\udcff.png"])
def test_links_are_addresses(tmp_path, name):
    address = link(str(tmp_path / "x" / name), tmp_path / "y" / "z")
    assert urlsplit("file:///a/" + address).fragment == urlsplit("file:///a/" + address).query == ""
    assert unquote(address, errors="surrogateescape") == f"../../x/{name}"


def test_names_and_labels_cannot_end_the_script(tmp_path):
    points = Points(np.zeros((2, 1)), [NASTY, "b"], [NASTY, ""], np.array([np.nan, 1.0]), np.arange(2), [b"", b""])
    write_page(points, np.eye(2), tmp_path / "a.html", title=NASTY, caption="<b>", level_name=None)
    text = (tmp_path / "a.html").read_text()
    assert text.count("</script>") == 2
    assert "<script>window.bad" not in text
    assert page_data(tmp_path / "a.html")["title"] == NASTY


def browser_or_skip():
    if (lacking := missing()) is not None:
        pytest.skip(f"{lacking} is not installed: the page is tried in a real browser")


def opened(file, width=1200, height=800, **how):
    browser = Browser(width, height, **how)
    browser.open(Path(file).resolve().as_uri())
    return browser


def text_of(browser, name):
    return browser.run("return document.getElementById(arguments[0]).innerText", name)


def state(browser):
    return browser.run("return embedding.state()")


def place(browser, i):
    return browser.run("return embedding.place(arguments[0])", i)


def alone(file, count):
    """A point that no other lies near, so that pointing at it means it."""
    data = page_data(file)
    x = np.array([data["x"], data["y"]]).T
    gaps = np.linalg.norm(x[:, None] - x[None], axis=2) + 9 * np.eye(len(x))
    distorted = [i for i in np.argsort(-gaps.min(axis=1)) if data["level"][i] is not None]
    return [int(i) for i in distorted[:count]]


@pytest.mark.slow
def test_pointing_choosing_and_tracing_with_a_mouse(distorted):
    browser_or_skip()
    file = distorted / "embedding.html"
    data = page_data(file)
    (i,) = alone(file, 1)
    with opened(file) as browser:
        assert state(browser)["shown"] == 252
        x, y = place(browser, i)
        browser.mouse({"type": "pointerMove", "x": x, "y": y})
        assert state(browser)["pointed"] == i
        level = int(data["level"][i])
        words = f"{NAMES[data['type'][i]].replace('_', ' ')}, level {level}"
        assert words in text_of(browser, "tip")
        shown = "const i = document.getElementById('tip-image'); return i.complete && i.naturalWidth"
        assert browser.run(shown) == 64
        browser.click(x, y)
        assert state(browser)["pinned"] == i
        assert words in text_of(browser, "chosen-what")
        href = browser.run("return document.getElementById('chosen-link').href")
        assert Path(unquote(urlsplit(href).path)).is_file()
        command = text_of(browser, "chosen-command")
        assert f"--type {NAMES[data['type'][i]]} --level {level} --seed {data['seed'][i]}" in command
        assert (distorted / command.split()[2]).is_file()
        browser.run("document.querySelectorAll('#strip button')[0].click()")
        first = state(browser)["pinned"]
        assert (data["type"][first], data["content"][first], data["level"][first]) == (
            *(data["type"][i], data["content"][i]),
            1,
        )
        assert browser.run("return document.querySelectorAll('#pair img').length") == 2
        browser.open(href)
        assert browser.run("return document.images[0].naturalWidth") == 96
        assert browser.errors() == []


@pytest.mark.slow
def test_zoom_pan_legend_and_colours(distorted):
    browser_or_skip()
    file = distorted / "embedding.html"
    data = page_data(file)
    (i,) = alone(file, 1)
    with opened(file) as browser:
        x, y = place(browser, i)
        where = {"type": "mouseWheel", "x": round(x), "y": round(y), "deltaX": 0, "deltaY": -300}
        browser.command("Input.dispatchMouseEvent", where)
        assert state(browser)["scale"] > 1.3
        assert place(browser, i) == pytest.approx([x, y], abs=3)  # what is under the pointer stays there
        drag = [{"type": "pointerMove", "x": 400 + dx, "y": 400} for dx in (10, 50, 90)]
        start = {"type": "pointerMove", "x": 400, "y": 400}
        before = place(browser, i)
        browser.mouse(start, {"type": "pointerDown"}, *drag, {"type": "pointerUp"})
        assert place(browser, i) == pytest.approx([before[0] + 90, before[1]], abs=3)
        assert state(browser)["pinned"] == -1  # a drag is no click
        browser.run("document.getElementById('reset').click()")
        assert place(browser, i) == pytest.approx([x, y], abs=1)

        browser.run("document.querySelector('#types .mark').click()")
        assert state(browser)["shown"] == 252 - 10
        browser.run("document.getElementById('none').click()")
        assert state(browser)["shown"] == 0
        browser.mouse({"type": "pointerMove", "x": x, "y": y})
        assert state(browser)["pointed"] == -1
        browser.run("document.querySelector('#types .head').click()")
        assert state(browser)["shown"] == 30  # blur: three types, five levels, two contents
        browser.run("document.getElementById('all').click()")
        browser.run("document.querySelectorAll('#levels .level')[4].click()")
        assert state(browser)["shown"] == 252 - 50

        pixel = "return [...document.getElementById('map').getContext('2d').getImageData(%d, %d, 1, 1).data]"
        box = browser.run("const b = document.getElementById('map').getBoundingClientRect(); return [b.left, b.top]")
        browser.run("document.querySelectorAll('#levels .level')[4].click()")
        browser.mouse({"type": "pointerMove", "x": 2, "y": 2})
        frame = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        browser.run("window.scrollTo(0, 0)")
        browser.run(frame)
        seen = {}
        for by in ("type", "level"):
            browser.run(f"document.getElementById('by-{by}').click()")
            browser.run(frame)
            seen[by] = browser.run(pixel % (round(x - box[0]), round(y - box[1])))[:3]
        colour = data["types"][data["type"][i]]["colour"]
        ramp = data["ramps"]["light"][int(data["level"][i]) - 1]
        for by, wanted in (("type", colour), ("level", ramp)):
            assert seen[by] == pytest.approx([int(wanted[at : at + 2], 16) for at in (1, 3, 5)], abs=30)
        assert browser.errors() == []


@pytest.mark.slow
def test_the_keyboard_reaches_everything(distorted):
    browser_or_skip()
    with opened(distorted / "embedding.html") as browser:
        browser.run("document.getElementById('map').focus()")
        browser.keys(RIGHT)
        first = state(browser)["pointed"]
        assert first >= 0
        browser.keys(RIGHT)
        assert place(browser, state(browser)["pointed"])[0] > place(browser, first)[0]
        browser.keys(DOWN, LEFT, UP)
        chosen = state(browser)["pointed"]
        browser.keys(ENTER)
        assert state(browser)["pinned"] == chosen
        assert text_of(browser, "say").startswith("chosen: ")
        browser.keys("+", "+")
        assert state(browser)["scale"] == pytest.approx(1.96)
        browser.keys("0", ESCAPE)
        assert (state(browser)["scale"], state(browser)["pinned"]) == (1, -1)
        names = "return [...document.querySelectorAll('button')].map(b => b.innerText || b.ariaLabel || '')"
        assert "" not in browser.run(names)


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_narrow_windows_and_dark_ones(distorted, dark):
    browser_or_skip()
    file = distorted / "embedding.html"
    (i,) = alone(file, 1)
    with opened(file, 400, 800, dark=dark) as browser:
        assert browser.run("return [document.documentElement.scrollWidth, innerWidth]") == [400, 400]
        assert state(browser)["dark"] is dark
        back = browser.run("return getComputedStyle(document.body).backgroundColor")
        assert back == ("rgb(19, 20, 22)" if dark else "rgb(255, 255, 255)")
        x, y = place(browser, i)
        touch = {"touchPoints": [{"x": x, "y": y}]}
        browser.command("Emulation.setTouchEmulationEnabled", {"enabled": True})
        browser.command("Input.dispatchTouchEvent", {"type": "touchStart"} | touch)
        browser.command("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert state(browser)["pinned"] == i
        tip = browser.run(
            "const b = document.getElementById('tip').getBoundingClientRect(); return [b.left, b.right, b.bottom]"
        )
        assert tip[0] >= 0
        assert tip[1] <= 400
        spread = [
            {"touchPoints": [{"x": 150 - d, "y": 250, "id": 0}, {"x": 250 + d, "y": 250, "id": 1}]} for d in (0, 20, 60)
        ]
        for kind, points in zip(("touchStart", "touchMove", "touchMove"), spread, strict=True):
            browser.command("Input.dispatchTouchEvent", {"type": kind} | points)
        browser.command("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert state(browser)["scale"] > 1.8  # two fingers, 100 to 220 pixels apart
        browser.run("document.getElementById('theme').click()")
        assert state(browser)["dark"] is not dark
        assert browser.errors() == []


@pytest.mark.slow
def test_images_as_they_are_with_names_that_bite(tmp_path, photographs):
    browser_or_skip()
    nasty = tmp_path / NASTY.replace("/", "-")
    nasty.mkdir()
    for number in range(3):
        (photographs / f"{number}.png").rename(nasty / f"{number} #1 100%?.png")
    embed_labelled(plain_model(), labels_by_folder([tmp_path]), tmp_path / "out", method="pca")
    with opened(tmp_path / "out" / "embedding.html") as browser:
        assert browser.run("return window.bad") is None
        assert text_of(browser, "types").strip().endswith(nasty.name)
        browser.click(*place(browser, 1))
        assert state(browser)["pinned"] == 1
        browser.open(browser.run("return document.getElementById('chosen-link').href"))
        assert browser.run("return document.images[0].naturalWidth") == 64
        assert browser.errors() == []


@pytest.mark.slow
def test_ten_thousand_points_answer_at_once(tmp_path):
    browser_or_skip()
    rng = np.random.default_rng(0)
    count = 10_080
    places = rng.normal(size=(count, 2))
    types = [NAMES[k] for k in rng.integers(0, 25, count)]
    levels, contents = rng.integers(1, 6, count).astype(float), rng.integers(0, 80, count)
    points = Points(np.zeros((count, 1)), ["a.png"] * count, types, levels, contents, [b""] * count, [0] * count)
    write_page(points, places, tmp_path / "a.html", title="many", caption="", level_name="level")
    with opened(tmp_path / "a.html") as browser:
        taken = browser.run(
            "const from = performance.now();"
            "for (let k = 0; k < 5; k++) { zoom(1.1); draw(); nearest(300 + k, 300, 16); }"
            "return (performance.now() - from) / 5"
        )
        assert taken < 1000  # milliseconds; about 40 where nothing else runs
        assert state(browser)["shown"] == count


def test_as_they_are_without_levels_has_none(photographs, tmp_path):
    embed_labelled(plain_model(), [Labelled(str(photographs / "0.png"), "x")], tmp_path / "out")
    data = page_data(tmp_path / "out" / "embedding.html")
    assert data["level"] == [None]
    assert data["clean"] == {}
    assert not data["distorted"]
