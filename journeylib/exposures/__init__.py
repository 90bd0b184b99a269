"""What became known of a customer on the way, and from when on it may count.

``known`` splits spells where an event becomes known, ``marks`` does so for several events,
amounts and the latest answer, ``touches`` and ``channels`` for touchpoints, over ``switches``.
"""
