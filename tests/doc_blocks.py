"""The examples of a Markdown page, and the files that they are, or are a part of.

A YAML block is a file, which its first line names (`# dags/flights.yaml`), or says in its info string what it
is a part of: `yaml in=task`. `yaml in=elsewhere` is another program's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from airflow_jobkit.loading.yaml_text import read_document

PROJECT = """\
project: dwh
code: {version: "0.1.0"}
operators: {allow: [dwh.]}
variables: {env: [TEAM]}
glue: {iam_role_name: glue-job-role}
databricks: {serverless: true}
environments: {local: {}}
"""
JOB = "spark_job: dwh.jobs.flights.clean_flights_factory"
PARTS = ("dags", "dag", "task", "project-file", "project", "environments", "defaults", "elsewhere")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        language: What it is written in.
        options: What else its info string says.
        text: What it holds.
        line: The line of the page at which it starts.
    """

    language: str
    options: tuple[str, ...]
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that it is, by its first line."""
        named = re.match(r"# (\S+\.ya?ml)\n", self.text)
        return named[1] if named else None

    @property
    def part(self) -> str | None:
        """What it is a part of."""
        return next((one.removeprefix("in=") for one in self.options if one.startswith("in=")), None)

    def files(self) -> dict[str, str]:
        """The files of a project that it makes, by their paths."""
        example = "dags/example.yaml"
        match self.part:
            case "dags":
                return {example: self.text}
            case "dag":
                engines = ("glue", "databricks")
                engine = next(
                    (one for one in engines if re.search(rf"^{one}:", self.text, re.MULTILINE)), "local"
                )
                tasks = f"tasks: {{a: {{{JOB}, engine: {engine}}}}}\n"
                return {example: f"example:\n{indent(self.text + tasks, '  ')}"}
            case "task":
                return {
                    example: f"example:\n  tasks:\n    a:\n{indent(f'{JOB}{chr(10)}{self.text}', ' ' * 6)}"
                }
            case "defaults":
                return {"dags/defaults.yaml": self.text, example: f"example: {{tasks: {{a: {{{JOB}}}}}}}\n"}
            case "project-file":
                return {"dags/jobkit.yaml": self.text}
            case "project":
                return {"dags/jobkit.yaml": _with(read(self.text))}
            case "environments":
                return {"dags/jobkit.yaml": _with({"environments": read(self.text)})}
        return {}


def _with(more: Mapping[str, Any]) -> str:
    return yaml.safe_dump({**read(PROJECT), **more})


def read(text: str) -> Any:
    """What a YAML text holds, which has no trap in it."""
    document = read_document("example.yaml", text)
    assert document.problems == ()
    return document.data


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [
        Block(one[1], tuple(one[2].split()), one[3], text.count("\n", 0, one.start()) + 1) for one in found
    ]


@dataclass(frozen=True)
class Command:
    """A call of jobkit that a page shows.

    Attributes:
        variables: The environment variables that it sets.
        words: Its arguments.
        shown: The lines that it prints, by the page.
    """

    variables: Mapping[str, str]
    words: tuple[str, ...]
    shown: tuple[str, ...]


_CALL = re.compile(r"(?P<set>(?:\w+=\S+ )*)jobkit (?P<words>[^>|&#]*)")


def commands(text: str) -> list[Command]:
    """The calls of jobkit in a console block, each with the lines below it."""
    found: list[Command] = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, *shown = part.splitlines()
        call = _CALL.match(first)
        if call is not None:
            variables = dict(one.split("=", 1) for one in call["set"].split())
            found.append(Command(variables, tuple(call["words"].split()), tuple(shown)))
    return found


def indented_commands(page: Path) -> list[Command]:
    """The calls of jobkit in blocks without a fence."""
    lines = re.findall(r"^ {4}((?:\w+=\S+ )*jobkit .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [command for line in lines for command in commands(f"$ {line}")]
