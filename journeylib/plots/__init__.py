"""Pictures: one function a result, each returning its Axes; numbers under every curve."""

from journeylib.plots.curves import plot_curve, plot_incidence, plot_mean_count
from journeylib.plots.effects import plot_effects, plot_rmst, plot_scan
from journeylib.plots.journey import plot_flows, plot_occupancy, plot_times
from journeylib.plots.log import plot_activity, plot_counts

__all__ = [
    "plot_activity",
    "plot_counts",
    "plot_curve",
    "plot_effects",
    "plot_flows",
    "plot_incidence",
    "plot_mean_count",
    "plot_occupancy",
    "plot_rmst",
    "plot_scan",
    "plot_times",
]
