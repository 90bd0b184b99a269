"""Credit of touchpoints: by the hazard that they add, and by the rules in common use."""

from journeylib.estimate.attribution.model import Attribution, attribution
from journeylib.estimate.attribution.placebo import Placebo, placebo
from journeylib.estimate.attribution.rules import TouchRules, touch_rules

__all__ = ["Attribution", "Placebo", "TouchRules", "attribution", "placebo", "touch_rules"]
