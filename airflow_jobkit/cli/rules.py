"""The kinds of mistakes, as SARIF tells code hosts of them: by code, what it is and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RULES: Final[Mapping[str, tuple[str, str]]] = {
    "argument-type": (
        "a job's argument has a value that its parameter does not take",
        "Write a value of the type that the message names; templates are not checked.",
    ),
    "bad-index": (
        "the index of releases cannot be read",
        "Let `jobkit release publish` write dags/.jobkit/releases.json anew.",
    ),
    "bad-value": ("a value that this key does not take", "Write it as the message shows."),
    "build": (
        "Airflow does not take the DAG, or an operator its arguments",
        "Correct what Airflow's own message names.",
    ),
    "build-ended": (
        "a DAG that ended the process which built it",
        "Correct what its operators do when they are imported or made.",
    ),
    "build-timeout": (
        "a DAG that takes too long to build",
        "Correct what its operators wait for when they are imported or made, or raise --timeout.",
    ),
    "code-version": (
        "a version where the place of the code is expected",
        "Write `code_version` beside `code`.",
    ),
    "contradiction": ("two keys that exclude each other", "Keep one of them."),
    "cycle": ("tasks or groups that wait for, or hold, each other", "Take one of the edges out."),
    "duplicate-dag": ("two DAGs of one id", "Rename one of them."),
    "duplicate-id": ("two tasks or groups of one id", "Rename one of them."),
    "duplicate-key": ("a key that stands twice; YAML would take the second", "Rename or remove one of them."),
    "duplicate-mwaa": ("an MWAA environment that two environments list", "Remove it from one of them."),
    "elsewhere": (
        "a key of another tool, which is called differently here",
        "Write what the message names instead.",
    ),
    "empty": ("an empty file", "Write a DAG, or remove the file."),
    "encoding": ("a file that is not UTF-8", "Save it as UTF-8."),
    "environment-variable": (
        "an environment variable that only a shell would fill in",
        "Write `${env:NAME}`, and allow the name in jobkit.yaml.",
    ),
    "exact-version": (
        "a channel for code that has none",
        "Write the exact version: channels are pointers to releases at a code root.",
    ),
    "missing-argument": ("an argument that a job, an operator or a function cannot do without", "Add it."),
    "missing-key": ("a key that is needed", "Add it."),
    "more": ("more mistakes than are shown", "Correct those that are shown first."),
    "no-callback": ("a callback that does not exist", "Correct its import path."),
    "no-dags": (
        "a file to convert that makes no DAG",
        "Name a file with `DAG(...)` or `@dag`, or one of YAML with DAGs.",
    ),
    "no-file": ("a file that does not exist", "Correct its path, which starts with the DAGs folder."),
    "no-function": ("a function that does not exist", "Correct its import path, or its name in its file."),
    "no-executor": ("an executor that this Airflow does not have", "Name one of `[core] executor`, or none."),
    "no-operator": ("an operator that does not exist", "Correct its import path, or install its provider."),
    "no-project": ("no project file", "Write jobkit.yaml into the DAGs folder."),
    "no-python": ("a Python file that cannot be read as one", "Correct its syntax."),
    "no-tasks": ("a DAG without tasks", "Add a task."),
    "no-type": ("a type that does not exist", "Correct its import path."),
    "no-version": (
        "code whose place is the same for every version",
        "Write {code_version} where the version stands.",
    ),
    "not-allowed": (
        "an import from a package that the project does not allow",
        "Allow its prefix below `operators: {allow: [...]}` in jobkit.yaml.",
    ),
    "not-carried": (
        "something of a file that cannot be converted",
        "Do what the message says; the YAML has all the rest.",
    ),
    "outside": ("a file outside of the DAGs folder, or a link to one", "Put a file into the folder."),
    "python-syntax": ("a file to convert that is no Python", "Correct it where the message says."),
    "reserved-name": ("a name that jobkit or the platform sets itself", "Take it out, or rename yours."),
    "too-large": ("more than is taken", "Split it, or put large values into a file."),
    "type": ("a value of another type than this key has", "Write the type that the message names."),
    "unknown-argument": (
        "an argument that the job, the operator or the function does not take",
        "Correct its name, or take it out.",
    ),
    "unknown-channel": (
        "a channel that does not exist",
        "Make it with `jobkit release promote`, or write a channel or a version that there is.",
    ),
    "unknown-dataset": ("a dataset that its file does not list", "Correct its name, or add it to the file."),
    "unknown-dependency": ("a dependency on a task that does not exist", "Correct its name."),
    "unknown-engine": ("an engine that does not exist", "Choose one that the message names."),
    "unknown-environment": ("an environment that jobkit.yaml does not have", "Correct its name, or add it."),
    "unknown-group": ("a group that does not exist", "Correct its name, or add it."),
    "unknown-job": (
        "a job that the code version does not have",
        "Correct its name, or publish a version that has it.",
    ),
    "unknown-key": ("a key that does not exist here", "Correct its name, or take it out."),
    "unknown-notifier": (
        "a notifier that is neither built in nor configured",
        "Correct its name, or add it.",
    ),
    "unknown-placeholder": ("a placeholder that does not exist", "Write {engine} or {code_version}."),
    "unknown-template": ("a task template that does not exist", "Correct its name, or add it."),
    "unknown-variable": ("a variable that does not exist", "Correct its name, or allow it in jobkit.yaml."),
    "unknown-version": (
        "a code version that is not published",
        "Publish it with `jobkit release publish`, or write one that is.",
    ),
    "unforeseen": (
        "a file that jobkit itself fails at",
        "Report it to those who maintain airflow-jobkit, with the file.",
    ),
    "unreadable": ("a file that cannot be read", "Correct what the system names."),
    "unsafe-type": (
        "a type that is not on the list of safe ones",
        "Write one of the types that the message names.",
    ),
    "unset-variable": ("an environment variable that is not set", "Set it, or write a value."),
    "unused-default": (
        "a default that no task takes",
        "Correct its name, or take it out; Airflow drops it without a word.",
    ),
    "version-in-quotes": ("a version that YAML reads as a number", "Put it in quotes."),
    "yaml-syntax": ("a text that is not YAML", "Check indentation, colons and quotes."),
    "yaml-trap": ("a word that YAML turns into another value", "Put it in quotes."),
}
"""By code: a short description in lower case, and one sentence of help."""


def description_of(code: str) -> tuple[str, str]:
    """What a kind of mistake is and what helps; of one without an entry, what its code says."""
    return RULES.get(code, (code.replace("-", " "), "Do what the message says."))
