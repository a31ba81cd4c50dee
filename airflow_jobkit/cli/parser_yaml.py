"""The commands about YAML: they read files, and run nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow_jobkit.cli.options import add_dags, add_environment, command, seconds


def add_validate(commands: Any) -> None:
    """`jobkit validate`."""
    parser = command(
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
        type=seconds,
        metavar="S",
        default=60.0,
        help="with --build: how many seconds one DAG may take (default: 60)",
    )
    add_environment(parser, default="every one")


def add_render(commands: Any) -> None:
    """`jobkit render`."""
    parser = command(
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
    add_environment(parser)


def add_diff(commands: Any) -> None:
    """`jobkit diff`."""
    parser = command(
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
    add_dags(parser)
    add_environment(parser, default="every one")


def add_schema(commands: Any) -> None:
    """`jobkit schema`."""
    parser = command(
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


def add_convert(commands: Any) -> None:
    """`jobkit convert`."""
    parser = command(
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
