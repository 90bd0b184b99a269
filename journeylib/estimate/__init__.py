"""Numbers: one estimator a module, each a pure function from spells to a frozen result."""
