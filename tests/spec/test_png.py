"""Pictures as compact PNGs: small, and of the colours that were drawn."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from journeylib.plots.style import palette, png


def drawn() -> Figure:
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for k, colour in enumerate(palette(6)):
        axes.plot([0, 1, 2], [k, k + 1, k], color=colour, linewidth=3, label=f"group {k}")
        axes.fill_between([0, 1], [k, k], [k + 1, k], color=colour, alpha=0.2)
    axes.legend()
    return figure


def plain(figure: Figure) -> bytes:
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=160, bbox_inches="tight", pad_inches=0.08)
    return raw.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int)


def test_a_picture_is_small_and_looks_as_it_was_drawn() -> None:
    figure = drawn()
    ours, theirs = png(figure), plain(figure)
    assert len(ours) < 0.6 * len(theirs)
    difference = np.abs(pixels(ours) - pixels(theirs)).max(axis=-1)
    assert np.mean(difference == 0) > 0.96  # areas and lines exactly
    assert np.mean(difference > 16) < 0.002  # a few shades on the edges of letters
    assert png(figure) == ours


def test_a_picture_of_very_many_colours_stays_near() -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    rows = np.indices((300, 300)) / 300
    figure.add_axes((0, 0, 1, 1)).imshow(np.dstack([*rows, 1 - rows[0]]))
    ours, theirs = pixels(png(figure)), pixels(plain(figure))
    assert len(np.unique(theirs.reshape(-1, 3), axis=0)) > 20_000
    assert np.abs(ours - theirs).mean() < 8
