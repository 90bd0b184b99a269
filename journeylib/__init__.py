"""Survival analysis on the customer journey: time to purchase and churn, from events to reports.

The public names live here and are fetched from their modules when first used,
so that ``journey --help`` and everything under ``journeylib.reporting`` answers
at once without loading pandas.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

from journeylib.arguments import held

__version__ = "0.1.0"

_HOME = {
    "journeylib.journey": ("read_journey", "Journey"),
    "journeylib.journey.window": ("Window",),
    "journeylib.events": ("open_log", "EventLog"),
    "journeylib.events.activity": ("activity", "counts_by"),
    "journeylib.events.moves": ("moves_between",),
    "journeylib.questions.reach": ("never_reached", "alone", "reached"),
    "journeylib.audit": ("Audit",),
    "journeylib.samples": ("write_sample",),
    "journeylib.exposures.known": ("with_exposure",),
    "journeylib.exposures.touches": ("Touches", "has_column", "touches"),
    "journeylib.exposures.channels": ("with_channels",),
    "journeylib.exposures.marks": (
        *("has_event", "lacking", "there", "with_amounts", "with_answers", "with_exposures"),
    ),
    "journeylib.events.gather": ("gather",),
    "journeylib.spells": (
        *("Spells", "Clock", "spells_from_frame"),
        *("time_to", "churn", "exits", "repeats", "silence", "stages"),
    ),
    "journeylib.estimate.cox": ("Effects", "cox"),
    "journeylib.estimate.cox.proportionality": ("Proportionality", "check_proportionality"),
    "journeylib.estimate.finegray": ("FineGray", "SideBySide", "fine_gray", "side_by_side"),
    "journeylib.estimate.assess": ("Assessment", "Calibration", "assess"),
    "journeylib.estimate.weights": ("Weighting", "weights"),
    "journeylib.estimate.recurrent_rows": ("event_number", "gap_time"),
    "journeylib.estimate.cox.concordance": ("Concordance", "concordance_index"),
    "journeylib.estimate.curves": (
        "Curve",
        "CumulativeHazard",
        "survival_curve",
        "cumulative_hazard",
    ),
    "journeylib.estimate.averaged": ("averaged",),
    "journeylib.estimate.compare": ("Comparison", "compare"),
    "journeylib.estimate.rmst": ("RestrictedMean", "rmst"),
    "journeylib.estimate.incidence": ("Incidence", "cumulative_incidence"),
    "journeylib.estimate.recurrent": ("MeanCount", "mean_cumulative_count"),
    "journeylib.estimate.rates": ("Rates", "event_rates"),
    "journeylib.estimate.promoters": ("PromoterScore", "promoter_score"),
    "journeylib.estimate.looks": ("looks_due", "next_look", "read_experiment", "with_start"),
    "journeylib.estimate.cohorts": ("CohortTrend", "cohort_trend", "cohorts_followed"),
    "journeylib.estimate.nexttest": ("next_test",),
    "journeylib.questions.brief": (
        *("Brief", "brief", "brief_provenance", "check_cutoffs", "check_judged"),
        *("check_reports", "states"),
    ),
    "journeylib.questions.headlines": (
        *("beside", "counts_again", "leaving_rates", "outcome_shares"),
        *("promoter_scores", "ratios_as", "ratios_of"),
        *("read_out", "smallest_ratios", "trends"),
    ),
    "journeylib.estimate.attribution": (
        *("Attribution", "Placebo", "TouchRules"),
        *("attribution", "placebo", "touch_rules"),
    ),
    "journeylib.estimate.bystage": ("StageEffects", "effects_by_stage"),
    "journeylib.personas": (
        *("Fifths", "History", "Personas", "Scores"),
        *("clusters", "fifths", "history", "hold_out", "landmark", "rfm", "write_scores"),
    ),
    "journeylib.questions.touchpoints": (
        *("check_placebo", "check_touched", "credit_shares", "naive_credit"),
        "stage_ratios",
    ),
    "journeylib.personas.told": (
        *("check_calibration", "check_clusters", "history_formula"),
        *("naive_personas", "prediction_quality"),
    ),
    "journeylib.plots.attribution": ("plot_by_stage", "plot_credit", "plot_placebo"),
    "journeylib.plots.personas": ("plot_fifths", "plot_personas"),
    "journeylib.estimate.segments": ("SegmentScan", "segment_scan"),
    "journeylib.estimate.risktable": ("RiskTable", "risk_table"),
    "journeylib.estimate.parametric": ("Aft", "aft"),
    "journeylib.estimate.shapes": ("AftChoice", "aft_choice"),
    "journeylib.estimate.occupancy": ("Occupancy", "occupancy"),
    "journeylib.estimate.lookplan": ("Looks", "plan_looks"),
    "journeylib.estimate.sequential": ("Sequential", "as_of", "sequential"),
    "journeylib.estimate.power": (
        *("Detectable", "detectable"),
        *("detectable_ratio", "events_needed", "power_of"),
    ),
    "journeylib.estimate.cure": ("Cure", "cure"),
    "journeylib.simulation": ("SimulatedJourney", "simulate"),
    "journeylib.estimate.silence": (
        "SilenceSurface",
        "churn_rules",
        "churn_surface",
        "leaving_rule",
    ),
    "journeylib.estimate.value": ("LifetimeValue", "lifetime_value"),
    "journeylib.questions.friction": (
        *("StepScan", "fact_names", "in_thirds", "reached_by", "step_scan", "with_known"),
    ),
    "journeylib.questions.stagewise": ("moving", "naive_funnel", "side_by_group", "without_small"),
    "journeylib.plots.choices": ("plot_moves", "plot_silence", "plot_steps"),
    "journeylib.estimate.flows": ("Flows", "flows"),
    "journeylib.results": ("Result", "Table", "show"),
    "journeylib.columns": ("comparable", "factors", "levels", "names", "needed", "terms"),
    "journeylib.words": ("say", "note"),
    "journeylib.findings": (
        *("Finding", "Findings", "finding", "findings"),
        *("counts", "shares", "medians", "ratios", "stage_shares", "stage_times"),
        *("cured", "excess_times", "mean_times", "values"),
    ),
    "journeylib.truth": ("beside_truth", "truth"),
    "journeylib.ledger": (
        *("Check", "Estimand", "Ledger", "bias_audit", "estimand", "ledger"),
        *("check_constant_ratio", "check_dropped"),
        *("check_entry", "check_episodes", "check_events", "check_finite"),
        *("check_follow_up", "check_gaps", "check_mapped", "check_rule"),
    ),
    "journeylib.ledger.afterwards": ("check_cohorts", "check_response", "check_split"),
    "journeylib.questions.contrast": ("Contrast", "Contrasts", "contrasts"),
    "journeylib.questions.naive": (
        *("naive_average", "naive_before_after", "naive_entry", "naive_exposure"),
        *("naive_incidence", "naive_treatment"),
    ),
    "journeylib.privacy": ("pool_small", "hide_small", "large_enough"),
    "journeylib.provenance": ("provenance",),
    "journeylib.plots.afterwards": (
        *("plot_cohorts", "plot_looks", "plot_promoters", "plot_rates"),
    ),
    "journeylib.plots.quality": ("plot_balance", "plot_calibration", "plot_quality"),
    "journeylib.plots": (
        *("plot_activity", "plot_counts", "plot_curve", "plot_effects"),
        *("plot_incidence", "plot_mean_count", "plot_rmst"),
        *("plot_flows", "plot_occupancy", "plot_scan", "plot_times"),
    ),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}
__all__ = [*_MODULE, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'journeylib' has no attribute {name!r}")
    found = getattr(import_module(_MODULE[name]), name)
    return held(found) if isinstance(found, FunctionType) else found


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps a public name when a module of that name is imported, as with ``findings``."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _MODULE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
