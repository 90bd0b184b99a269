"""From a plan to pages: runs notebooks in batch and renders what stakeholders read.

Nothing here imports pandas or a plotting or modelling library; papermill and
nbconvert are imported when the first notebook runs.
"""

from journeylib.reporting.batch import Batch, Outcome, run_batch
from journeylib.reporting.jobs import ReportJob
from journeylib.reporting.plan import Plan, find_plan, read_plan
from journeylib.reporting.records import Failure, RunRecord
from journeylib.reporting.run import run

__all__ = [
    "Batch",
    "Failure",
    "Outcome",
    "Plan",
    "ReportJob",
    "RunRecord",
    "find_plan",
    "read_plan",
    "run",
    "run_batch",
]
