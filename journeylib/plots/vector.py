"""Pictures as static SVG: sharp at any size, and often smaller than as points of colour.

Text stays text: a picture of a few lines is then a fraction of its PNG, and names in any script
are shown in the reader's own fonts. matplotlib escapes what is markup in it; what no XML may
hold, and marks that turn lines around, are shown as unknown letters. The same figure gives the
same bytes, whenever it is drawn.
"""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from journeylib.plots.crop import box

_ALWAYS: dict[Any, Any] = {
    "svg.hashsalt": "journeylib",
    "svg.fonttype": "none",
    "svg.image_inline": True,
}
# what a browser does not need: the prologue, the names of letters, who drew it and when
_UNNEEDED = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_OUTLINE = re.compile(r'(?<= d=")[^"]*')
_LONG = re.compile(r"(\.\d\d)\d+")
_BLANK = re.compile(r">\s+<")
_FONTS = re.compile(r"'DejaVu Sans'(, [^;\"]*)?")
_NO_TEXT = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_WIDTH = re.compile(r'<svg [^>]*?width="([\d.]+)pt"', re.DOTALL)


def svg(figure: Figure) -> str:
    """The figure as a static SVG.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> _ = figure.subplots().set_title("<script>")
    >>> "<script" in svg(figure), svg(figure) == svg(figure)
    (False, True)
    """
    raw = io.StringIO()
    with mpl.rc_context(_ALWAYS):
        figure.savefig(raw, format="svg", bbox_inches=box(figure), metadata={"Date": None})
    short = _UNNEEDED.sub("", raw.getvalue()).strip()
    # hundredths of a point are finer than any screen
    short = _OUTLINE.sub(lambda line: _LONG.sub(r"\1", line[0]).replace("\n", ""), short)
    short = _FONTS.sub("'DejaVu Sans',Verdana,sans-serif", _BLANK.sub("><", short))
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", short)


def width(picture: str) -> int:
    """Width of an SVG in CSS pixels; points are a 72nd of an inch, pixels a 96th."""
    found = _WIDTH.search(picture)
    return round(float(found[1]) * 96 / 72) if found else 0


def points(figure: Figure) -> float:
    """How much there is to draw: corners of lines and areas. Infinite where there is an image.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> axes = figure.add_axes((0, 0, 1, 1)); axes.set_axis_off()
    >>> few = points(figure)
    >>> _ = axes.plot(range(500), range(500)); more = points(figure) - few
    >>> 500 <= more < 520, points(Figure()) < 10
    (True, True)
    """
    found = figure.findobj(lambda artist: artist.get_visible())
    return float(sum(_corners(artist) for artist in found))


def _corners(artist: Artist) -> float:
    if isinstance(artist, AxesImage):
        return float("inf")
    if isinstance(artist, Line2D):
        return float(np.size(artist.get_xdata()))
    if isinstance(artist, Collection):
        paths = artist.get_paths()
        times = max(np.shape(artist.get_offsets())[0], 1) if len(paths) == 1 else 1
        return float(times * sum(np.shape(path.vertices)[0] for path in paths))
    return float(np.shape(artist.get_path().vertices)[0]) if isinstance(artist, Patch) else 0.0
