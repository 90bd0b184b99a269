"""The journey file: what it may say, how it is read, and how one is begun.

``file`` reads it, ``feeds`` is its sources and columns, ``window`` when we watched,
``where`` its predicates; ``initialise`` writes a first one, with ``guess`` and ``presets``.
Reading a file (`file`, `feeds`, `window`, `where`) loads no pandas.
"""

from journeylib.journey.file import CANONICAL, FIRST_CONTACT, Journey, read_journey

__all__ = ["CANONICAL", "FIRST_CONTACT", "Journey", "read_journey"]
