"""The document of what was validated, in plain words and tables."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import pandas as pd

import journeylib as jl
from validation.coverage import Coverage
from validation.ledger import Ledger
from validation.leftout import REASONS
from validation.published import NOT_COMPARED, Figure

PACKAGES = ("numpy", "scipy", "pandas", "lifelines", "statsmodels", "ibis-framework", "duckdb")
NAMES = {
    "telco": "Telco",
    "cdnow": "CDNOW",
    "completejourney": "Complete Journey",
    "online_retail": "Online Retail",
    "oulad": "OULAD",
    "bpic2012": "BPIC 2012",
    "bank": "Bank Marketing",
    "classic": "classic sets",
}


def table(head: Sequence[str], rows: Iterable[Sequence[object]], right: str = "") -> str:
    """A Markdown table; ``right`` names the columns, by number, that stand to the right."""
    marks = ["--:" if str(k) in right.split() else "---" for k in range(len(head))]
    lines = [head, marks, *rows]
    return "\n".join("| " + " | ".join(str(c).replace("|", "/") for c in r) + " |" for r in lines)


def amount(value: float) -> str:
    """A deviation to two digits."""
    return "0" if value == 0 else f"{value:.1e}"


def share(value: float) -> str:
    """A share in percent to one decimal, never rounded into the band."""
    return f"{100 * value:.2f}"


def summary(book: Ledger) -> pd.DataFrame:
    """Comparisons by estimator, in the order in which they were made."""
    frame = pd.DataFrame([vars(c) | {"passed": c.passed} for c in book.done])
    frame["data"] = frame["data"].map(NAMES)
    grouped = frame.groupby("estimator", sort=False)
    return grouped.agg(
        data=("data", _sets),
        entries=("entry", lambda e: e.str.split("/groups").str[0].nunique()),
        values=("values", "sum"),
        deviation=("deviation", "max"),
        tolerance=("tolerance", "max"),
        passed=("passed", "all"),
    ).reset_index()


def _sets(names: pd.Series) -> str:
    """Names of data sets; of many only those that are missing."""
    given = list(dict.fromkeys(names))
    missing = [name for name in NAMES.values() if name not in given]
    if len(missing) > 3:
        return ", ".join(given)
    return "all" + (f" but {', '.join(missing)}" if missing else "")


def gold_part(book: Ledger) -> str:
    """What R's results say."""
    rows = summary(book)
    lines = zip(
        rows["estimator"],
        rows["data"],
        rows["values"].map("{:,}".format),
        rows["deviation"].map(amount),
        rows["tolerance"].map(lambda t: amount(t) if t else "exact"),
        rows["passed"].map({True: "ok", False: "**NO**"}),
        strict=True,
    )
    left, unexplained = book.explained(REASONS)
    meta = book.gold["telco"]["meta"]
    body = table(
        ["estimator", "data sets", "values", "largest deviation", "tolerance", "verdict"],
        lines,
        "2 3 4",
    )
    spared: dict[str, int] = {}
    for _, n, why in book.spared:
        spared[why] = spared.get(why, 0) + n
    missing: list[tuple[object, ...]] = [(f"`{p}`", n, why) for p, (why, n) in left.items()]
    missing += [("values of compared entries", n, why) for why, n in spared.items()]
    missing += [(f"`{p}`", "", "**no reason is written**") for p in unexplained]
    total = sum(n for _, n in book.leaves())
    compared = int(rows["values"].sum())
    return "\n\n".join(
        [
            "## 1. R's results, value by value",
            f"{compared:,} of the {total:,} numbers that R computed from eight data sets are "
            "compared, through the public functions. The other "
            f"{total - compared:,} are listed below with the reason. R's side: {meta['R']}, "
            f"survival {meta['survival']}, cmprsk {meta['cmprsk']}. A deviation is relative to "
            "R's value unless stated; “exact” is for counts.",
            body,
            "### Not compared",
            table(["entries (`*` is anything)", "values", "reason"], missing, "1"),
        ]
    )


def published_part(figures: Sequence[Figure]) -> str:
    """What others have printed."""
    frame = pd.DataFrame([vars(f) | {"passed": f.passed} for f in figures])
    frame["place"] = frame["source"].str.partition(":")[0]
    rows = []
    for source, part in frame.groupby("place", sort=False):
        shown = part if len(part) < 5 else part.head(0)
        what = "; ".join(f"{w} {p:g} (ours {o:.6g})" for w, p, o in _triples(shown))
        what = what or f"{len(part)} coefficients, errors and fit statistics"
        equal = f"{int(part['passed'].sum())} of {len(part)}"
        rows.append((source, what, equal, "ok" if part["passed"].all() else "**NO**"))
    misses = frame[~frame["passed"]]
    lines = [
        f"- **{r.source}, {r.what}**: printed {r.printed}, ours {r.ours}"
        for r in misses.itertuples()
    ]
    left = table(["source", "reason"], NOT_COMPARED.items())
    return "\n\n".join(
        [
            "## 2. Figures printed by others",
            "Ours must round to what was printed.",
            table(["source", "figure", "equal", "verdict"], rows, "2"),
            *lines,
            "Not compared:",
            left,
        ]
    )


def _triples(frame: pd.DataFrame) -> Iterable[tuple[str, float, float]]:
    return zip(frame["what"], frame["printed"], frame["ours"], strict=True)


def coverage_part(found: Sequence[Coverage], alike: dict[str, float], replications: int) -> str:
    """How often the intervals contain the truth."""
    rows: dict[tuple[str, str, str], list[Coverage]] = {}
    for c in found:
        rows.setdefault((c.truth.what, c.note, c.truth.interval), []).append(c)
    inside = sum(c.passed for c in found)
    excused = sum(not c.passed and c.excused for c in found)
    words = _coverage_words(len(found), inside, excused, replications)
    parts = [_COVERAGE, words]
    if alike:
        worst = max(alike.values())
        parts.append(
            "On the first samples of every design each limit was also computed by R from the same "
            f"rows: the largest relative deviation of a limit is {amount(worst)}. What an "
            "interval covers is thus a property of the method, not of this code."
        )
    head = ["interval", "design", "scale", "of", "samples", "covers %", "band %", "verdict"]
    lines = [_coverage_row(*key, several) for key, several in rows.items()]
    return "\n\n".join([*parts, table(head, lines, "4 6")])


def _coverage_words(total: int, inside: int, excused: int, replications: int) -> str:
    return (
        f"{total} nominal 95% intervals over {replications:,} simulated samples of 400 "
        "customers each, fewer where an estimate takes long and 1,000 customers for a share that "
        "never will (seeded; `validation/designs.py` and `validation/designs_of_models.py` say how "
        "they are drawn and what is true of them), 30 to 50% censored. A sample counts where at "
        "least 20 are at risk, in every group, and where the estimator gives a number at all. "
        "Where an interval that R does not have lies outside, as many new samples join in. "
        f"{inside} lie in the band; {excused} miss it together with R's own interval on "
        f"the same samples, printed beside; {total - inside - excused} miss it alone."
    )


def coverage_renewed(page: str, section: str, replications: int) -> str:
    """The page's section on coverage with the rows of a newer one in it, and counted anew.

    Parameters
    ----------
    page
        The whole page.
    section
        What :func:`coverage_part` says of a few studies.
    replications
        Samples of a study that does not take long.
    """
    old = section if _COVERAGE not in page else page[page.index(_COVERAGE) :].split("\n## ")[0]
    rows = {_key(line): line for text in (old, section) for line in _rows(text)}
    cells = [[c.strip() for c in line.strip("|").split(" | ")] for line in rows.values()]
    total = sum(len(c[5].split(", ")) for c in cells)
    missed = [(c[5].count("**") // 2, c[7]) for c in cells]
    excused = sum(n for n, verdict in missed if verdict == "as R's")
    inside = total - sum(n for n, _ in missed)
    alike = [
        p for text in (old, section) for p in text.split("\n\n") if p.startswith("On the first")
    ]
    worst = sorted(alike, key=lambda p: float(_WORST.search(p)[1]))[-1:]  # type: ignore[index]
    head = [line for line in old.splitlines() if line.startswith("| ")][:2]
    words = _coverage_words(total, inside, excused, replications)
    return "\n\n".join([_COVERAGE, words, *worst, "\n".join([*head, *rows.values()])])


_COVERAGE = "## 3. Coverage of the intervals"
_WORST = re.compile(r"limit is ([\d.e+-]*\d)")


def _rows(section: str) -> list[str]:
    return [line for line in section.splitlines() if line.startswith("| ")][2:]


def _key(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split(" | ")[:3])


def _coverage_row(
    what: str, design: str, scale: str, several: Sequence[Coverage]
) -> tuple[str, ...]:
    """One line for one kind of interval at several times, with R's share where ours misses."""
    shares = [
        share(c.share)
        if c.passed
        else f"**{share(c.share)}**" + ("" if c.peer is None else f" (R {share(c.peer)})")
        for c in several
    ]
    fewest, most = (f(c.replications for c in several) for f in (min, max))
    samples = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    bands = dict.fromkeys(f"{100 * c.band[0]:.1f} to {100 * c.band[1]:.1f}" for c in several)
    verdict = "ok" if all(c.passed for c in several) else "as R's"
    verdict = verdict if all(c.passed or c.excused for c in several) else "**NO**"
    places = [c.truth.at for c in several]
    for word in ("day ", "segment "):  # once is enough
        if all(p.startswith(word) for p in places):
            places[1:] = [p.removeprefix(word) for p in places[1:]]
    return (
        what,
        design,
        scale,
        ", ".join(places),
        samples,
        ", ".join(shares),
        ", ".join(bands),
        verdict,
    )


def versions() -> str:
    """What it was made with."""
    listed = ", ".join(f"{p} {version(p)}" for p in PACKAGES)
    python = ".".join(platform.python_version_tuple()[:2])
    return f"Made with journeylib {jl.__version__}, Python {python}, {listed}."


def document(parts: Sequence[str]) -> str:
    """The whole document."""
    head = (
        "# Validation\n\n"
        "Whether the numbers are right: against R's results on real data, against figures that "
        "others have printed, and against the truth of simulated data: how often intervals "
        "contain it, whether effects put into a journey are found again, and whether decisions "
        "are as seldom wrong as promised. "
        "`make validate` computes everything here and writes this page; it fails when a verdict "
        "does.\n\n" + versions()
    )
    return "\n\n".join([head, *parts]) + "\n"


def renewed(page: str, sections: Sequence[str]) -> str:
    """The page with some of its sections, told by their headings, replaced or added."""
    head, *old = page.split("\n## ")
    held = {text.splitlines()[0]: text.strip() for text in old}
    held |= {s.removeprefix("## ").splitlines()[0]: s.removeprefix("## ").strip() for s in sections}
    order = sorted(held, key=lambda name: name[:2] if name[0].isdigit() else "~")
    return "\n\n".join([head.strip(), *(f"## {held[name]}" for name in order)]) + "\n"
