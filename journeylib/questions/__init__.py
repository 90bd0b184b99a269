"""What notebooks ask besides estimates: one small module a question.

Shortcuts beside the right number (``naive``),
how many get there (``reach``), where the journey stalls (``friction``), stages group by group
(``stagewise``), and what the later reports tell (``touchpoints``, ``headlines``, ``brief``).
"""
