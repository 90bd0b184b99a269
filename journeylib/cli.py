"""The command ``journey``: parses, calls, prints.

Exit codes: 0 all well, 1 some report failed, 2 the command line is wrong, 3 to 9
one for each class of error, 70 a fault of this package, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from journeylib import __version__, errors
from journeylib.errors import JourneyError, PlanError, RunError

FAULT, INTERRUPTED = 70, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        The exit code.
    """
    args = _parser().parse_args(argv)
    action: Callable[[argparse.Namespace], int] = args.action
    try:
        return action(args)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if args.debug:
            traceback.print_exc()
        elif isinstance(error, JourneyError):
            print(f"error: {error}", file=sys.stderr)
        else:
            line = (str(error).strip().splitlines() or [""])[0]
            name = type(error).__name__
            print(f"error: {name}: {line}\n  (--debug shows where)", file=sys.stderr)
        return error.exit_code if isinstance(error, JourneyError) else FAULT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="journey", description="Reports on the customer journey, from notebooks."
    )
    parser.add_argument("--version", action="version", version=f"journey {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    # also after the command; SUPPRESS keeps what stood before it
    common.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )

    batch = commands.add_parser(
        "batch", parents=[common], help="run the reports of a plan that have something new to say"
    )
    batch.add_argument("plan", nargs="?", type=Path, help="default: the nearest reports.toml")
    batch.add_argument("--force", action="store_true", help="run unchanged reports, too")
    batch.add_argument(
        "--only", action="append", default=[], metavar="ID", help="this report only; repeatable"
    )
    batch.add_argument(
        "--only-failed", action="store_true", help="only reports whose last run is not ok"
    )
    batch.add_argument(
        "--resume", action="store_true", help="finish the last batch, which was stopped"
    )
    batch.add_argument("--dask", metavar="ADDRESS", help="run on this Dask cluster")
    batch.add_argument("--workers", type=_positive, metavar="N", help="default: one per core")
    batch.add_argument("--dry-run", action="store_true", help="say what would run, and why")
    batch.add_argument("--json", action="store_true", help="print the outcome as JSON")
    batch.set_defaults(action=_batch)

    run = commands.add_parser("run", parents=[common], help="run one notebook as a report")
    run.add_argument("notebook", type=Path)
    run.add_argument(
        "-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE", type=_pair
    )
    run.add_argument("--out", type=Path, metavar="DIR", help="folder of reports to write into")
    run.add_argument("--title", default="", help="default: the notebook's own")
    run.add_argument("--timeout", type=_positive, default=3600, metavar="SECONDS")
    run.set_defaults(action=_run)

    diff = commands.add_parser(
        "diff", parents=[common], help="what moved between two runs, and what changed between them"
    )
    diff.add_argument(
        "old", metavar="RUN_A", help="a run, by id or folder; or a report, for its last two runs"
    )
    diff.add_argument("new", metavar="RUN_B", nargs="?", help="the later run")
    diff.add_argument("--out", type=Path, metavar="DIR", help="folder of reports to look into")
    diff.add_argument("--json", action="store_true", help="print the comparison as JSON")
    diff.add_argument("--html", type=Path, metavar="FILE", help="write it as a page, too")
    diff.set_defaults(action=_diff)

    check = commands.add_parser(
        "check", parents=[common], help="read a journey file, open its data, print who was counted"
    )
    check.add_argument("journey", help="path of a journey.toml, or the name of a data set")
    check.set_defaults(action=_check)

    init = commands.add_parser(
        "init", parents=[common], help="write a journey file for data of your own"
    )
    init.add_argument("data", help="a file, folder or pattern; or env:NAME of a database")
    init.add_argument("--table", help="of the database, or of a DuckDB file")
    init.add_argument("--out", type=Path, metavar="DIR", help="folder to write into")
    init.add_argument("--preset", metavar="NAME", help="a known export; recognised unless given")
    init.add_argument("--force", action="store_true", help="write over a journey file")
    init.set_defaults(action=_init)

    sample = commands.add_parser("sample", parents=[common], help="put sample data in place")
    sample.add_argument("name", help="complete_journey, cdnow or simulated")
    sample.set_defaults(action=_sample)
    return parser


def _batch(args: argparse.Namespace) -> int:
    from journeylib.reporting import find_plan, read_plan, run_batch
    from journeylib.reporting.batch import as_json, table

    signal.signal(signal.SIGTERM, _interrupt)
    plan = read_plan(args.plan or find_plan())
    batch = run_batch(
        plan,
        force=args.force,
        only=tuple(args.only),
        only_failed=args.only_failed,
        resume=args.resume,
        dask=args.dask,
        workers=args.workers,
        dry_run=args.dry_run,
        progress=not args.json,
    )
    if args.json:
        print(json.dumps(as_json(batch), indent=1))
    else:
        print(table(batch))
        if not args.dry_run:
            print(f"index: {batch.index}")
    return batch.exit_code


def _run(args: argparse.Namespace) -> int:
    from journeylib.reporting import run
    from journeylib.reporting.run import parse_values

    signal.signal(signal.SIGTERM, _interrupt)
    values = parse_values(args.notebook, dict(args.parameters))
    record = run(
        args.notebook, values, output=args.out, title=args.title, timeout=float(args.timeout)
    )
    folder = args.out or args.notebook.resolve().parent.parent / "reports"
    print((folder / f"{record.report_id}.html").resolve())
    if record.error is not None:
        print(f"error: {record.error.message}", file=sys.stderr)
    if record.verdict == "invalid":
        return PlanError.exit_code
    return 0 if record.ok else _exit_code(record.error)


def _exit_code(failure: Any) -> int:
    """That of the error which ended a run where it is one of ours, else 1."""
    kind = getattr(errors, failure.name, None) if failure is not None else None
    ours = isinstance(kind, type) and issubclass(kind, JourneyError)
    return int(kind.exit_code) if ours and kind is not None else 1


def _diff(args: argparse.Namespace) -> int:
    from journeylib.reporting.diff import as_json, as_table, compare_runs, find_runs

    names = [name for name in (args.old, args.new) if name is not None]
    compared = compare_runs(*find_runs(names, args.out or _reports()))
    print(json.dumps(as_json(compared), indent=1) if args.json else as_table(compared))
    if args.html is not None:
        from journeylib.reporting.diffpage import page

        try:
            args.html.write_text(page(compared), encoding="utf-8")
        except OSError as error:
            raise RunError(
                f"the page cannot be written: {error.strerror}",
                where=str(args.html),
                fix="give a file in a folder that exists and can be written to",
            ) from error
    return 0


def _reports() -> Path:
    """The folder of the nearest plan's reports; without a plan, ``reports``."""
    from journeylib.reporting import find_plan, read_plan

    try:
        plan = find_plan()
    except PlanError:
        return Path("reports").resolve()
    return read_plan(plan).output


def _check(args: argparse.Namespace) -> int:
    from journeylib.events import open_log
    from journeylib.journey import read_journey

    journey = read_journey(args.journey)
    log = open_log(journey)
    print(f"{journey.name}: {journey.file}")
    print(f"watched from {log.window.start or 'the first event'} to {log.window.cutoff}")
    print(f"{log.audit.came_in:,} {log.audit.of} came in")
    for action, reason, rows in log.audit.frame.itertuples(index=False, name=None):
        print(f"  {rows:>12,}  {action:<7} {reason}")
    for reason, rows in log.audit.notes.items():
        print(f"  {rows:>12,}  of those kept: {reason}")
    return 0


def _init(args: argparse.Namespace) -> int:
    from journeylib.journey.initialise import initialise, words

    done = initialise(args.data, args.table, args.out, args.preset, args.force)
    print(words(done))
    return 0


def _sample(args: argparse.Namespace) -> int:
    from journeylib.samples import write_sample

    write_sample(args.name)
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
