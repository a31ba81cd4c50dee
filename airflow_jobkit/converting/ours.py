"""What our loader says of a YAML text, before it stands anywhere.

What only `jobkit.yaml` can settle (packages to allow, variables, where the code is) is taken to be settled;
it comes back as what the project needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from airflow_jobkit.fields import TYPE
from airflow_jobkit.loading.dags import DagLoader, Loaded
from airflow_jobkit.loading.folder import load_project, project_environments
from airflow_jobkit.loading.listing import PROJECT_FILE
from airflow_jobkit.loading.yaml_text import Document, read_document
from airflow_jobkit.problems import Problem
from airflow_jobkit.spec.callables import CALLBACKS
from airflow_jobkit.spec.project import ALWAYS_ALLOWED_OPERATORS, parse_project
from airflow_jobkit.spec.settings import Settings, resolve_settings

# A project that lacks nothing: every notifier, and for each Engine what only a project knows.
_PROJECT: Final[Mapping[str, Any]] = {
    "project": "converted",
    "code": {"version": "0"},
    "notification": {"services": {"SNS": {"topic_arn": "arn:aws:sns:us-east-1:123456789012:jobs"}}},
    "glue": {"iam_role_name": "role"},
    "databricks": {"existing_cluster_id": "cluster"},
    "environments": {"local": {}},
}
_VARIABLE = re.compile(r"(?<!\$)\$\{env:(\w+)\}")  # one `$` more, and it is text
_NAMING = frozenset({"operator", "python_callable", "callback", *CALLBACKS})


@dataclass(frozen=True)
class Said:
    """What our loader makes of a text.

    Attributes:
        document: The text, read.
        loaded: Its DAGs, and what is wrong with it.
        packages: The packages of operators and functions that the project must allow.
        variables: The environment variables that the project must allow.
    """

    document: Document
    loaded: Loaded
    packages: tuple[str, ...]
    variables: tuple[str, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the text, whatever the project says."""
        return self.loaded.problems

    def project_notes(self) -> tuple[str, ...]:
        """What `jobkit.yaml` must say, for a person."""
        notes = []
        if self.packages:
            prefixes = ", ".join(f"{package}." for package in self.packages)
            notes.append(f"jobkit.yaml must allow its packages: `operators: {{allow: [{prefixes}]}}`")
        if self.variables:
            names = ", ".join(self.variables)
            notes.append(f"jobkit.yaml must allow its variables: `variables: {{env: [{names}]}}`")
        return tuple(notes)


def said_of(file: str, text: str, path: Path) -> Said:
    """Load a text as if it stood in a project that allows all that it names.

    Args:
        file: The file's name in Problems.
        text: The text of a DAG file.
        path: Where it stands, or would stand; defaults of the folders above it hold for it.
    """
    path = path.absolute()
    document = read_document(file, text)
    variables = tuple(sorted({name for one in _texts(document.data) for name in _VARIABLE.findall(one)}))
    top = _top(path)
    settings = replace(_settings(top), allowed_operators=("",), allowed_variables=variables)
    # A value that only a run knows stands for itself, as text.
    environment = {name: f"${{{name}}}" for name in variables}
    loaded = DagLoader(settings, top, environment).load_document(document, path)
    known = tuple(p for p in loaded.problems if not (p.code == "bad-value" and _VARIABLE.search(p.source)))
    packages = tuple(sorted(set(_packages(document.data))))
    return Said(document, replace(loaded, problems=known), packages, variables)


def _texts(value: Any) -> Iterator[str]:
    """Every text that is a value; in keys nothing is filled in."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _top(path: Path) -> Path:
    """The DAGs folder of a file: the nearest above it with a project file, else its own."""
    return next((one for one in path.parents if (one / PROJECT_FILE).is_file()), path.parent)


@cache
def _settings(top: Path) -> Settings:
    """The Settings of a DAGs folder in the first environment of its project; else those that lack nothing."""
    if (top / PROJECT_FILE).is_file():
        found = load_project(top, project_environments(top)[0]).settings
        if found is not None:
            return found
    project, issues = parse_project(_PROJECT)
    assert project is not None, issues  # noqa: S101 - it is written above
    return resolve_settings(project, "local", Path())


def _packages(data: Any) -> Iterator[str]:
    """The packages that the import paths in a document start with, beside Airflow's."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key in _NAMING and isinstance(value, str) and "." in value:
                if not value.startswith(ALWAYS_ALLOWED_OPERATORS):
                    yield value.partition(".")[0]
            elif key != TYPE:
                yield from _packages(value)
    elif isinstance(data, list):
        for item in data:
            yield from _packages(item)
