"""`jobkit diff`: what would change in the DAGs between two folders or two git revisions."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from airflow_jobkit.cli.comparison import compare
from airflow_jobkit.cli.diff_view import show
from airflow_jobkit.cli.sides import side
from airflow_jobkit.errors import JobkitError

SAME, DIFFERENT, TROUBLE = 0, 1, 2


def run(arguments: argparse.Namespace) -> int:
    """Print what differs; 0 where nothing does, 1 where something does, 2 where it cannot be told."""
    after = str(arguments.dags) if arguments.after is None else arguments.after
    try:
        with side(arguments.before, arguments.dags) as first, side(after, arguments.dags) as second:
            compared = compare(first, second, arguments.env, arguments.dags.resolve().parent)
    except JobkitError as error:
        print(f"jobkit: {error}", file=sys.stderr)
        return TROUBLE
    if arguments.format == "json":
        print(json.dumps(asdict(compared), indent=2))
    else:
        show(compared)
    if compared.problems:
        return TROUBLE
    return DIFFERENT if compared.differences else SAME
