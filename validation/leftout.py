"""Why a number of R's is not compared: pattern of paths -> reason."""

from __future__ import annotations

REASONS = {
    "*/log_p": "the logarithm of p, which is compared (as is the statistic, where p is 0)",
    "*_adjusted/bonferroni": "p times the number of pairs: Holm's adjustment, which is offered, "
    "controls the same error and rejects more; Bonferroni's is not offered",
    "*/km_timevarying_population/*/n_records": "R counts rows, our table counts households: "
    "a row split by a campaign is not a new household",
    "*_gamma_frailty/*": "gamma frailty is not offered; several spells of one customer get "
    "cluster-robust errors, which are compared",
    "*/discrete_time_*": "binomial regressions of person-periods (glm): statsmodels' GLM fits "
    "them, this package adds nothing to it",
    "*/interval_censored_*": "spells say when a cause happened, not between which moments: "
    "interval-censored input is not offered",
    "*/finegray_*/[pl]*": "p and log pseudo-likelihood follow from the coefficients and errors, "
    "which are compared",
    "telco/holdout_brier_survfit_predictions/brier_G_at": "weights by the censoring survival at "
    "t instead of just before it: another package's convention, kept to show the difference",
}
