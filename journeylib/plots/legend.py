"""A legend in a line above its picture, at the left."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes


def legend_above(ax: Axes, columns: int, **more: Any) -> None:
    """Write the legend above the axes, in so many columns; ``more`` as for ``Axes.legend``."""
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "ncols": columns}
    ax.legend(**place, fontsize=9.5, frameon=False, **more)
