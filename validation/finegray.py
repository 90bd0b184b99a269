"""How each Fine-Gray model of R's results (``cmprsk::crr``) is asked of this package."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import journeylib as jl
from validation.ledger import Ledger
from validation.models import Read, mgus
from validation.shared import read

Model = tuple[jl.Spells, str, int]
WEIGHTS = 1e-3  # crr counts whoever has an event as at risk of censoring at the same instant


def retail(cause: int) -> Callable[[Read], Model]:
    def make(read: Read) -> Model:
        d = read("online_retail_survival.csv.gz")
        s = jl.spells_from_frame(
            d, "time", "cause", id="CustomerID", causes=("repeat", "cancel"), unit="days"
        )
        return s, "uk + log_value", cause

    return make


def approved(read: Read) -> Model:
    d = read("bpic2012_survival.csv.gz")
    d["lamt"] = np.log1p(d["amount_req"])
    causes = ("approved", "declined", "cancelled")
    s = jl.spells_from_frame(d, "time", "cause", id="case_id", causes=causes, unit="days")
    return s, "lamt", 1


def malignancy(read: Read) -> Model:
    s = jl.spells_from_frame(mgus(read), "etime", "exit", id="id", causes=("pcm", "death"))
    return s, "age + male + mspike", 1


FINE_GRAY: dict[str, Callable[[Read], Model]] = {
    "online_retail/finegray_repeat": retail(1),
    "online_retail/finegray_cancel": retail(2),
    "bpic2012/finegray_approved": approved,
    "classic/mgus2_finegray_pcm": malignancy,
}


def compare_all(book: Ledger) -> None:
    """Every Fine-Gray model."""
    for path, make in FINE_GRAY.items():
        spells, formula, cause = make(read)
        table = jl.fine_gray(spells, formula, cause, ties="breslow").frame
        name = "Fine-Gray (crr, absolute): "
        book.compare(name + "coefficients", f"{path}/coef", table["coef"], WEIGHTS, absolute=True)
        book.compare(
            name + "robust errors", f"{path}/se", table["robust_std_err"], WEIGHTS, absolute=True
        )
        if "shr" in book.get(path):
            book.compare("Fine-Gray: ratios", f"{path}/shr", table["hazard_ratio"], WEIGHTS)
