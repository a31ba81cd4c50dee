"""The commands of `jobkit` and their options; nothing here imports more than argparse."""

from __future__ import annotations

import argparse

from airflow_jobkit import __version__
from airflow_jobkit.cli.parser_running import add_emulate, add_glue, add_release, add_run, add_sample_data
from airflow_jobkit.cli.parser_yaml import add_convert, add_diff, add_render, add_schema, add_validate

_DESCRIPTION = "Run Spark jobs from ten lines of YAML in Airflow, at a pinned code version."
_EPILOG = """\
a first run:
  jobkit sample-data                      put the sample flights into the local data root
  jobkit release publish                  build the wheels and publish them as a release
  jobkit run dags/flights.yaml            run the DAG here, as Airflow would

`jobkit COMMAND --help` says more about each. Exit codes: 0 done, 1 failed, 2 wrong options;
of diff: 0 the same, 1 different, 2 not to be told.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="jobkit",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"airflow-jobkit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_run(commands)
    add_validate(commands)
    add_render(commands)
    add_diff(commands)
    add_schema(commands)
    add_convert(commands)
    add_release(commands)
    add_sample_data(commands)
    add_glue(commands)
    add_emulate(commands)
    return parser
