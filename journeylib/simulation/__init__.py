"""Event logs whose hazards are known, so that every estimator can be checked against the truth.

The model
---------
Given who a customer is, the journey is a Markov chain in continuous time with
constant intensities. Customer i has fixed marks x_i: the channel and the content
of the first contact, a segment, an experiment arm. At time t since the first
contact the customer is in state s(t): one of six stages (awareness,
consideration, decision, purchase, retention, advocacy) together with what has
happened on the way (an e-mail received, a promotion offered, the latest score
given, support contacted, onboarded, in the loyalty scheme). Each kind of event k
then comes with intensity ::

    rate_k * exp(beta_k' x_i + gamma_k' z(s))    where the state allows it, else 0

with z(s) the 0/1 flags of the state. This *is* a proportional-hazards model for
every k, with time-varying covariates z that change at an event and act strictly
after it. Cox regression on the right rows therefore estimates beta_k and gamma_k
without bias, and every probability is a matrix exponential of the generator:
the truth beside the log is computed so, never by simulation.

==================  =========================  =============================================
event               possible                   what it does
==================  =========================  =============================================
ad_view             before purchase            a touch without effect; the first is the first
                                               contact (store_visit, post or call offline)
email               before purchase            flag ``email`` from then on
product_view        in awareness               to consideration
basket              in consideration           to decision; a price is shown, and with
                                               probability ``promotion`` a promotion with it:
                                               flag ``promotion`` from then on
purchase            before purchase            to purchase; payment, and delivery some days later
lost                before purchase            competing exit
survey              after purchase             a score 0 to 10: flag ``detractor`` (0 to 6),
                                               ``passive`` (7, 8) or ``promoter`` (9, 10),
                                               until the next score
support_contact     after purchase             flag ``support_contact`` from then on
onboarding_done     after purchase, once       flag ``onboarding_done`` from then on
loyalty_joined      after purchase, once       flag ``loyalty_joined`` from then on
repeat_purchase     after purchase             to retention
referral_sent       in retention, advocacy     to advocacy: flag ``referral_sent`` from then on
cancelled           after purchase             the customer leaves (churn)
opted_out           always                     nothing is seen any more: censored
==================  =========================  =============================================

Purchase is possible from each stage before it and, unless an effect of
``consideration`` or ``decision`` is given, equally likely from each, so that
time to purchase is proportional in channel, content, segment and arm.

Departures, each off unless asked for, each a known trap
--------------------------------------------------------
cure
    A share of customers never purchases. Hazard ratios then hold among the others.
early
    A share of first contacts precedes the window by up to ``history`` days. Who
    purchased, left or opted out before the window opened is not in the log:
    delayed entry.
opting_out
    Effect of the business segment on opting out. The segment also changes
    purchase, so that censoring depends on a covariate.
confounding
    Log odds ratio of treatment for the business segment: no experiment any more.
contacts_per_account, account_spread
    Customers share accounts; all purchase intensities of an account are multiplied by
    1 + spread or 1 - spread, each with probability one half (Lindley and
    Singpurwalla's common environment, with two environments so that the truth stays exact).

What is drawn and has no effect on anything: the touchpoint, the session, values
paid, prices, how a customer pays, when the parcel comes and whether it is sent back.
The sentiment of what a customer writes beside a score follows the score, with noise,
and has no effect of its own.
"""

from journeylib.simulation.journey import SimulatedJourney, simulate
from journeylib.simulation.model import Model
from journeylib.simulation.truth import Truth

__all__ = ["Model", "SimulatedJourney", "Truth", "simulate"]
