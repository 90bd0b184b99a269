"""Pictures as static SVG: no script, no link, text that is no markup, and the same bytes again."""

from __future__ import annotations

import base64
import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

import journeylib as jl
from journeylib.audit import Audit
from journeylib.plots import vector
from journeylib.plots.journey import apart
from journeylib.plots.style import _shown, describe, new_axes
from journeylib.reporting.figures import picture as on_page
from journeylib.reporting.sanitise import clean
from journeylib.spells import Clock, Spells

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img onerror=x>',
    "a\0b -- c\x1b",
    "evil\u202e",
    "</svg>",
    "]]>",
    "{{7}}",
)
ALLOWED = {"svg", "defs", "style", "g", "path", "use", "clipPath", "rect", "text", "line"}


def drawn(n: int = 20) -> object:
    ax = new_axes(None)
    ax.plot(np.arange(n), np.sin(np.arange(n)))
    for k, text in enumerate(HOSTILE):
        ax.text(k, 0, text)
    return describe(ax, f"A line of {HOSTILE[0]}.", "A line.")


def test_an_svg_holds_lines_and_text_and_nothing_else() -> None:
    text = vector.svg(drawn().figure)
    root = ElementTree.fromstring(text)
    names = {e.tag.split("}")[1] for e in root.iter()}
    assert names <= ALLOWED
    said = {e.text for e in root.iter() if e.tag.endswith("}text")}
    assert {"<script>alert(1)</script>", "a\ufffdb -- c\ufffd", "]]>", "evil\ufffd"} <= said
    for element in root.iter():
        assert not any(name.lower().startswith("on") for name in element.attrib)
        links = [v for name, v in element.attrib.items() if name.endswith("href")]
        assert all(link.startswith("#") for link in links)
    assert "<script" not in text and "<!" not in text and "<?" not in text
    addresses = set(re.findall(r"https?://[^\"' )]+", text))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert vector.svg(drawn().figure) == vector.svg(drawn().figure)


def test_little_to_draw_is_an_svg_and_much_a_png() -> None:
    data, about = _shown(drawn())
    assert set(data) == {"image/svg+xml", "text/html", "text/plain"}
    assert about["image/svg+xml"]["alt"] == data["text/plain"] == f"A line of {HOSTILE[0]}."
    assert 600 < about["image/svg+xml"]["width"] < 800
    # in a notebook that is not trusted JupyterLab shows the same picture as an image
    (coded,) = re.findall(r"base64,([A-Za-z0-9+/=]+)'", data["text/html"])
    assert base64.b64decode(coded).decode() == data["image/svg+xml"]
    assert "<script" not in data["text/html"]
    data, about = _shown(drawn(200_000))
    assert set(data) == {"image/png", "text/plain"}
    assert base64.b64decode(data["image/png"])[:4] == b"\x89PNG"
    assert about["image/png"]["width"] > 600


def test_the_way_customers_take_is_drawn_in_lines_however_much_it_is() -> None:
    wide = new_axes(None)
    wide.plot(np.arange(100_000), np.zeros(100_000))
    data, _ = _shown(describe(wide, "A line.", "A line.", lines=True))
    assert "image/svg+xml" in data


def test_an_svg_comes_to_the_page_as_an_image_with_its_words() -> None:
    data, about = _shown(drawn())
    html = on_page({"data": data, "metadata": about}, "image/svg+xml")
    assert "<svg" not in html and "src='data:image/svg+xml;base64," in html
    assert "alt='A line of &lt;script&gt;" in html and "<figcaption>A line.</figcaption>" in html
    kept = clean(data["text/html"])
    assert kept.startswith('<img src="data:image/svg+xml;base64,') and "&lt;script&gt;" in kept


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.2)), min_size=1, max_size=12))
def test_labels_never_overlap_and_stay_inside(layers: list[tuple[float, float]]) -> None:
    wanted = np.sort([place for place, _ in layers])
    room = np.array([size for _, size in layers])
    found = apart(wanted, room, 0, 1)
    room = room * min(1, 1 / room.sum())
    assert (np.diff(found) >= (room[1:] + room[:-1]) / 2 - 1e-9).all()
    assert found[0] - room[0] / 2 >= -1e-9 and found[-1] + room[-1] / 2 <= 1 + 1e-9
    if (np.diff(wanted) >= (room[1:] + room[:-1]) / 2).all() and len(layers) == 1:
        assert found[0] == pytest.approx(np.clip(wanted[0], room[0] / 2, 1 - room[0] / 2))


def test_labels_with_room_stay_where_they_belong() -> None:
    wanted = np.array([0.2, 0.5, 0.9])
    assert apart(wanted, np.full(3, 0.1), 0, 1) == pytest.approx(wanted)


def test_names_of_thin_stages_do_not_overlap() -> None:
    rng = np.random.default_rng(2)
    names = [f"stage number {k}" for k in range(7)]
    frame = pd.DataFrame({"id": np.arange(600), "start": 0.0, "stage": "here"})
    frame["stop"] = rng.exponential(20, 600).clip(0.1, 100)
    # nearly all go to one stage: the other layers are thin
    frame["cause"] = np.where(rng.random(600) < 0.97, 2, rng.integers(2, 9, 600))
    audit, clock = Audit("customers", 600, {"counted": 600}), Clock("then", "there", "later")
    stays = Spells(frame, "days", ("here", *names), audit, clock, single=False)
    ax = jl.plot_occupancy(jl.occupancy(stays), horizon=90)
    ax.figure.canvas.draw()
    beside = [t for t in ax.texts if isinstance(t, Text)]
    boxes = sorted((t.get_window_extent() for t in beside), key=lambda box: box.y0)
    assert len(boxes) >= 7
    for below, above in itertools.pairwise(boxes):
        assert below.y1 <= above.y0
    assert any("under 1%" in t.get_text() for t in beside)
