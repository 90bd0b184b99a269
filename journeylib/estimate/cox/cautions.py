"""What a reader has to know about a Cox fit before believing it, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylib.estimate.cox.fit import CoxFit

FEW_EVENTS = 10  # per term; Peduzzi et al. (1995), J Clin Epidemiol 48


def fit_warnings(fit: CoxFit, cluster: str | None) -> tuple[str, ...]:
    """Terms without a finite estimate, repeated events without clusters, too few events."""
    names = fit.design.names
    found = [_no_estimate(fit, int(j), names[j]) for j in np.flatnonzero(~fit.finite)]
    if cluster is None:
        found += _repeated(fit)
    terms, events = len(names), int(fit.design.event.sum())
    if events < FEW_EVENTS * terms:
        found.append(
            f"{events} events for {terms} term(s) is little: below {FEW_EVENTS} events a term, "
            "estimates and intervals are rough"
        )
    return tuple(found)


def _no_estimate(fit: CoxFit, j: int, name: str) -> str:
    return f"no finite estimate for {name}: {_why(fit, j, name)}"


def _why(fit: CoxFit, j: int, name: str) -> str:
    x = fit.data.x[j] * fit.scale[j] + fit.mean[j]
    events = x[fit.data.sets.deaths]
    low, high = x.min(), x.max()
    two_values = bool((np.isclose(x, low) | np.isclose(x, high)).all())
    if two_values and np.allclose(events, high):
        return "no event happened without it"
    if two_values and np.allclose(events, low):
        return "no event happened with it"
    if int((~fit.finite).sum()) == 1:
        end = "highest" if fit.beta[j] > 0 else "lowest"
        return f"at each event it is whoever is {end} in it to whom the event happens"
    return "together with the others it separates events from non-events perfectly"


def _repeated(fit: CoxFit) -> list[str]:
    ids = pd.Series(fit.design.id[fit.design.event])
    again = int(ids.duplicated().sum())
    if not again:
        return []
    return [
        f"{again:,} of the events are a customer's second or later one: "
        "without cluster='id' the errors take them for independent"
    ]
