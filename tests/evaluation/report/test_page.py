"""The HTML report: one file, everything escaped, and what a reader sees of it in a real browser."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from browser import Browser, missing
from example_result import example_result

from contrique.evaluation.report.merge import merged
from contrique.evaluation.report.page import to_html

NASTY = "</style><script>window.bad = 1</script>\" onload='x' & /*BODY*/ \udcff\x00"


class Tags(HTMLParser):
    """Whether tags close in order, and what is in the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def nasty() -> dict:
    result = example_result({NASTY: 90.0, "flat": np.inf, "good": 1.0}, splits=8, images=80, ratings=NASTY)
    result["names"] = [NASTY] * 80
    result["left_out"] = [{"path": NASTY, "error": NASTY}]
    result["methods"][0]["about"] = {NASTY: {"deep": NASTY}}
    return result | {"grouped_by": NASTY, "protocol": NASTY, "versions": {NASTY: NASTY}}


def test_one_file_that_loads_nothing(nasty: dict) -> None:
    page = to_html([nasty])
    assert not re.search(r"https?://|@import|url\(|\bsrc=|<link", page)
    assert "<script" not in page
    assert page.count("/*BODY*/") == page.count("onload=")
    page.encode("utf-8")


def test_tags_close_and_nothing_gets_out_of_its_text(nasty: dict) -> None:
    tags = Tags(to_html([nasty]))
    assert tags.open == []
    assert not {"script", "b onload"} & {tag for tag, _ in tags.seen}
    assert not any(name.startswith("on") for _, attributes in tags.seen for name in attributes)
    shown = NASTY.replace("\udcff", r"\udcff").replace("\x00", r"\x00")
    assert tags.text.count(shown) > 8
    assert [tag for tag, _ in tags.seen].count("section") == 1


def test_table_plots_matrix_and_protocol(nasty: dict) -> None:
    result = example_result(dataset="koniq10k", left_out=[{"path": "a.jpg", "error": "broken"}])
    tags = Tags(to_html([result]))
    kinds = [attributes.get("class") for _, attributes in tags.seen]
    assert kinds.count("scatter") == 3
    assert kinds.count("fit") == 3
    assert kinds.count("strip") == 4  # and the axis
    assert kinds.count("matrix") == 1
    for words in ("0.665", result["protocol"][1:], "a.jpg: broken", "Madhusudana", "numpy", "split "):
        assert words in tags.text
    row = result["methods"][2]["srocc"]
    assert f"{row['median']:.3f}" in tags.text
    assert f"{row['low']:.3f} to {row['high']:.3f}" in tags.text
    labels = [attributes["aria-label"] for tag, attributes in tags.seen if attributes.get("class") == "scatter"]
    assert labels[0].startswith("Scatter plot of 12 images, brisque against ratings: SROCC ")


def test_matrix_is_what_the_tests_found(nasty: dict) -> None:
    (result,) = merged([example_result({"far": 90.0, "near": 1.0}, splits=8, images=80)])
    page = to_html([result])
    (pair,) = result["significance"]["pairs"]
    assert f'<td class="up">▲ +{-pair["difference"]:.3f}<small>' in page
    assert f'<td class="down">▼ −{-pair["difference"]:.3f}<small>' in page
    assert "matrix" not in to_html([example_result({"alone": 1.0})]).split("</style>")[1]


def test_one_split(nasty: dict) -> None:
    page = to_html([example_result(splits=1)])
    assert "Spread of" not in page
    assert "12 test images. The line" in page


def test_several_sets_are_linked(nasty: dict) -> None:
    tags = Tags(to_html([example_result(), example_result(seed=1)]))
    targets = {attributes.get("id") for _, attributes in tags.seen}
    links = [attributes["href"] for tag, attributes in tags.seen if tag == "a"]
    assert tags.text.count("set/scores.csv (2)") == 3  # column, link, section
    assert links == ["#set0", "#set1"]
    assert {link[1:] for link in links} <= targets


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason=f"{missing()} is not installed")
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (360, False), (360, True)])
def test_in_a_real_browser(nasty: dict, width: int, dark: bool, tmp_path: Path) -> None:
    long = {f"a_method_with_a_very_long_name_that_goes_on_and_on_{number}": 9.0 + number for number in range(7)}
    (tmp_path / "r.html").write_text(to_html([nasty, example_result(long)]), encoding="utf-8")
    with Browser(width, 800, dark=dark) as browser:
        browser.open((tmp_path / "r.html").as_uri())
        assert browser.errors() == []
        assert browser.run("return window.bad") is None
        assert browser.run("return document.documentElement.scrollWidth") <= width
        assert browser.run("return document.querySelectorAll('svg.scatter').length") == 10
        spots = browser.run(
            "return [...document.querySelectorAll('svg circle')].map(c => {"
            "const b = c.getBoundingClientRect(), s = c.ownerSVGElement.getBoundingClientRect();"
            "return b.left >= s.left - 1 && b.right <= s.right + 1 && b.top >= s.top - 1 && b.bottom <= s.bottom + 1})"
        )
        assert len(spots) > 100
        assert all(spots)
        small = browser.run(
            "return [...document.querySelectorAll('svg text')].filter(t => t.getBoundingClientRect().height < 9).length"
        )
        assert small == 0
        ratios = browser.run(CONTRAST)
        assert len(ratios) > 20
        assert min(ratios) >= 4.5  # WCAG AA


CONTRAST = """
const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
const back = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  if (!/, 0\\)$/.test(c)) return c } return 'rgb(255, 255, 255)' };
return [...document.querySelectorAll('h1, p, td, th, small, summary, a, svg text')].map(e => {
  const s = getComputedStyle(e), a = light(e.namespaceURI.endsWith('svg') ? s.fill : s.color), b = light(back(e));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
"""
