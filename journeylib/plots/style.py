"""One look for every picture, and how a picture says in words and numbers what it shows.

A plot returns its Axes. In a notebook an Axes made here displays itself as a
PNG or an SVG whose output metadata holds the alt text, the caption and the numbers
behind the picture, so that a rendered page and a screen reader get them from the
notebook itself.
"""

from __future__ import annotations

import base64
import io
import re
import textwrap
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from journeylib.errors import DataError, nearest
from journeylib.plots import vector
from journeylib.plots.crop import box
from journeylib.words import USUAL, named_intervals

WIDTH, HEIGHT = 8.0, 4.4
MOST_ROWS = 240  # behind a picture: more than a reader takes in, few enough for the page
_DPI = 160
_FEW = 1200  # corners; an SVG of more is larger than a PNG
_ATTRIBUTE = "_journey_picture"
_DOLLAR = re.compile(r"(?<!\\)\$")  # those that wrap has escaped are none

RC: dict[Any, Any] = {
    "font.size": 10.5,
    "axes.titlesize": 12,
    "axes.titleweight": "semibold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.labelsize": 10.5,
    "axes.edgecolor": "#8a8f98",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e6e8eb",
    "text.color": "#1f2430",
    "axes.labelcolor": "#1f2430",
    "xtick.color": "#4a505c",
    "ytick.color": "#4a505c",
    "legend.frameon": False,
    "figure.facecolor": "white",
}


@dataclass(frozen=True)
class Picture:
    """What a picture shows, in words and in numbers."""

    alt: str
    caption: str
    table: pd.DataFrame | None = None
    lines: bool = False


def palette(n: int) -> list[Any]:
    """``n`` colours that colour-blind readers can tell apart (seaborn's ``colorblind``)."""
    return list(sns.color_palette("colorblind", n_colors=max(n, 1)))


def new_axes(ax: Axes | None, height: float = HEIGHT, width: float = WIDTH) -> Axes:
    """The given axes, or new ones in the house style."""
    if ax is not None:
        return ax
    plt.draw_if_interactive()  # loads the backend, whose own settings the context would take back
    with sns.axes_style("whitegrid", rc=RC), mpl.rc_context(RC):
        return plt.subplots(figsize=(width, height))[1]


def stacked_axes(n: int, height: float = 1.5, width: float = WIDTH) -> list[Axes]:
    """``n`` axes in the house style, one above the other over one shared horizontal axis."""
    plt.draw_if_interactive()
    with sns.axes_style("whitegrid", rc=RC), mpl.rc_context(RC):
        figure, axes = plt.subplots(
            n, sharex=True, squeeze=False, figsize=(width, 0.6 + height * n), layout="constrained"
        )
    figure.align_ylabels()
    return list(axes[:, 0])


def numbers_of(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """A frame that has the columns which a picture is made of.

    Raises
    ------
    DataError
        When it lacks one.

    Examples
    --------
    >>> from journeylib.errors import DataError
    >>> try:
    ...     numbers_of(pd.DataFrame({"time": [1]}), "events")
    ... except DataError as error:
    ...     print(error)
    this picture needs a column 'events', which the frame lacks
      fix:   allowed: time
    """
    for name in columns:
        if name not in frame:
            raise DataError(
                f"this picture needs a column {name!r}, which the frame lacks",
                fix=nearest(name, frame),
            )
    return frame


def describe(
    ax: Axes,
    alt: str,
    caption: str,
    table: pd.DataFrame | None = None,
    *,
    lines: bool = False,
    result: Any = None,
) -> Axes:
    """Attach what the picture shows and let notebooks display it so.

    Parameters
    ----------
    ax
        What was drawn on.
    alt
        What the picture shows, with the finding in words, for who does not see it.
    caption
        What stands below it.
    table
        The numbers behind it; by default those of the lines drawn with a label. Long ones
        are thinned by :func:`behind`.
    lines
        Draw it as SVG in any case; otherwise as SVG or as PNG, whichever is likely smaller.
    result
        What it shows: intervals are called by its level.

    Examples
    --------
    >>> ax = new_axes(None)
    >>> _ = ax.plot([0, 30], [0, 0.14], label="search")
    >>> picture(describe(ax, "A line that rises to 14%.", "Share by day.")).table
       series   x     y
    0  search   0  0.00
    1  search  30  0.14
    """
    _no_formulas(ax)
    if (level := getattr(result, "about", {}).get("level", USUAL)) != USUAL:
        caption = named_intervals(caption, level)
        ax.set_xlabel(named_intervals(ax.get_xlabel(), level))
    numbers = drawn(ax) if table is None else table.reset_index(drop=True)
    setattr(ax, _ATTRIBUTE, Picture(alt, caption, numbers, lines))
    _show_in_notebooks()
    return ax


def _no_formulas(ax: Axes) -> None:
    """Names from data are shown as they are: dollar signs in them begin no formula."""
    figure = ax.get_figure(root=True)
    for text in figure.findobj(Text) if figure is not None else ():
        assert isinstance(text, Text)
        if _DOLLAR.search(text.get_text()):
            text.set_parse_math(False)


def drawn(ax: Axes) -> pd.DataFrame | None:
    """The lines of an Axes as numbers: columns ``series, x, y``; None where none has a label."""
    lines = [line for line in ax.get_lines() if not str(line.get_label()).startswith("_")]
    parts = [
        pd.DataFrame(
            {"series": str(line.get_label()), "x": line.get_xdata(), "y": line.get_ydata()}
        )
        for line in lines
    ]
    return pd.concat(parts, ignore_index=True) if parts else None


def behind(table: pd.DataFrame, most: int = MOST_ROWS) -> dict[str, list[Any]]:
    """The numbers behind a picture as an output's metadata holds them.

    Parameters
    ----------
    table
        One row a drawn value; of consecutive rows that belong to one line, such as
        those of a group, every so many are kept, and the last always.
    most
        About how many rows are kept.

    Returns
    -------
    dict
        ``columns`` and ``rows``, in values that JSON knows: six significant digits, None
        for a number that does not exist.

    Examples
    --------
    >>> behind(pd.DataFrame({"day": [0, 30], "share": [np.nan, 1 / 3]}))
    {'columns': ['day', 'share'], 'rows': [[0, None], [30, 0.333333]]}
    >>> len(behind(pd.DataFrame({"group": "a", "day": range(5000)}), most=100)["rows"])
    100
    """
    if len(table) > most:
        lines = [c for c in ("group", "series", "outcome", "stage") if c in table]
        parts = table.groupby(lines, sort=False, observed=True) if lines else [("", table)]
        each = max(most // max(len(parts), 1), 4)
        table = pd.concat([_spread(part, each) for _, part in parts]).head(MOST_ROWS)
    rows = zip(*(map(_plain, table[c]) for c in table.columns), strict=True)
    return {"columns": [str(c) for c in table.columns], "rows": [list(row) for row in rows]}


def _spread(part: pd.DataFrame, most: int) -> pd.DataFrame:
    places = np.unique(np.linspace(0, len(part) - 1, min(most, len(part))).round().astype(int))
    return part.iloc[places]


def _plain(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    absent = value is None or value is pd.NaT or value is pd.NA
    return None if absent else str(value).removesuffix(" 00:00:00")


def picture(ax: Axes) -> Picture | None:
    """What was attached by :func:`describe`, if anything."""
    return getattr(ax, _ATTRIBUTE, None)


def since(result: Any) -> str:
    """What a time is counted from, for an axis: the result's unit and what starts its clock.

    Examples
    --------
    >>> from types import SimpleNamespace as Result
    >>> clock = Result(starts="at the customer's first ad")
    >>> since(Result(unit="days", about={"clock": clock}))
    "days since the customer's first ad"
    >>> since(Result(unit="days", about={}))
    'days since the clock started'
    """
    starts = str(getattr(result.about.get("clock"), "starts", ""))
    known = starts.startswith(("at the ", "at each ")) and len(starts) < 80
    return f"{result.unit} since {starts.removeprefix('at ') if known else 'the clock started'}"


def wrap(label: object, width: int = 28) -> str:
    """A long label on several lines; dollar signs stay dollar signs."""
    text = str(label).replace("$", r"\$")
    return "\n".join(textwrap.wrap(text, width, max_lines=3, placeholder=" …")) or text


def png(figure: Figure) -> bytes:
    """The figure as a compact PNG: drawn once, its colours put into one palette."""
    from PIL import Image

    figure.set_dpi(_DPI)
    around, raw = box(figure), io.BytesIO()
    figure.savefig(raw, format="rgba", dpi=_DPI, bbox_inches=around)
    size = int(around.width * _DPI), int(around.height * _DPI)
    image = Image.frombytes("RGBA", size, raw.getvalue()).convert("RGB")
    small = io.BytesIO()
    _in_palette(image).save(small, format="png", compress_level=8)
    return small.getvalue()


def _in_palette(image: Any) -> Any:
    """An image in 256 colours: those of areas and lines exactly, the shades of edges nearly.

    Only the colours that occur are cut into boxes, rather than the pixels, which is quicker; an
    image of very many colours, such as a photograph, is left to the boxes altogether.
    """
    from PIL import Image

    red, green, blue = np.moveaxis(np.asarray(image, dtype=np.uint32), -1, 0)
    pixels = red << 16 | green << 8 | blue
    colours, counts = np.unique(pixels, return_counts=True)
    if len(colours) > 20_000:
        return image.quantize(256, dither=Image.Dither.NONE)
    chosen = _chosen(colours, counts)
    places = np.zeros(1 << 24, dtype=np.uint8)
    places[colours] = np.square(_rgb(colours)[:, None] - chosen).sum(axis=-1).argmin(axis=1)
    indexed = Image.frombytes("P", image.size, places[pixels].tobytes())
    indexed.putpalette(chosen.astype(np.uint8).tobytes())
    return indexed


def _chosen(colours: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """At most 256 of the colours: the 64 commonest, then boxes of the rest."""
    from PIL import Image

    order = np.argsort(-counts, kind="stable")
    common, rest = order[:64], order[64:]
    if len(order) <= 256:
        return _rgb(colours)
    # a shade counts by the root of its pixels: many rare ones are seen, too
    rows = np.repeat(_rgb(colours[rest]), np.sqrt(counts[rest]).astype(int), axis=0)
    boxes = Image.fromarray(rows[None].astype(np.uint8)).quantize(192, dither=Image.Dither.NONE)
    shades = np.array(boxes.getpalette(), dtype=np.int32).reshape(-1, 3)[:192]
    return np.vstack([_rgb(colours[common]), shades])


def _rgb(colours: np.ndarray) -> np.ndarray:
    shifted = colours[:, None].astype(np.int32) >> np.array([16, 8, 0])
    return shifted & 255


def _shown(ax: Axes) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """What a notebook keeps of our Axes, drawn once: the picture, and what belongs to it."""
    shown = picture(ax)
    if shown is None:
        return None
    figure = ax.get_figure(root=True)
    assert figure is not None
    data: dict[str, Any]
    if shown.lines or vector.points(figure) < _FEW:
        drawn_as, text = "image/svg+xml", vector.svg(figure)
        width = vector.width(text)
        data = {drawn_as: text, "text/html": _as_html(text, shown.alt, width)}
    else:
        drawn_as, points = "image/png", png(figure)
        width = round(int.from_bytes(points[16:20], "big") * 96 / _DPI)  # the header's own width
        data = {drawn_as: base64.b64encode(points).decode()}
    plt.close(figure)  # or the inline backend shows it again
    about: dict[str, Any] = {"width": width, "alt": shown.alt, "caption": shown.caption}
    if shown.table is not None and not shown.table.empty:
        about["table"] = behind(shown.table)
    return {**data, "text/plain": shown.alt}, {drawn_as: about}


def _as_html(text: str, alt: str, width: int) -> str:
    """An SVG as an image: JupyterLab shows it so of notebooks that it does not trust, too."""
    coded = base64.b64encode(text.encode()).decode()
    source = f"data:image/svg+xml;base64,{coded}"
    return f"<img src='{source}' alt='{escape(alt, quote=True)}' width='{width}'>"


def _show_in_notebooks() -> None:
    """Teach IPython, where there is one, to show our Axes; other Axes keep their way."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is None or shell.display_formatter is None:
        return
    shell.display_formatter.mimebundle_formatter.for_type(Axes, _shown)
