"""Problems as SARIF 2.1.0, which code hosts show beside the lines of a change.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from airflow_jobkit import __version__
from airflow_jobkit.cli.rules import description_of
from airflow_jobkit.problems import Problem

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(
    problems: Sequence[Problem], notes: Sequence[str] = (), warnings: Sequence[Problem] = ()
) -> dict[str, Any]:
    """One run of jobkit: a rule for each kind of mistake, a result for each Problem.

    Args:
        problems: The Problems.
        notes: What was left out, in sentences.
        warnings: What costs no DAG, and is hardly meant.
    """
    told_of = [("error", one) for one in problems] + [("warning", one) for one in warnings]
    levels = {problem.code: level for level, problem in told_of}
    codes = sorted(levels)
    rules = [_rule(code, levels[code]) for code in codes]
    driver = {"name": "jobkit", "semanticVersion": __version__, "rules": rules}
    told = [{"level": "note", "message": {"text": note}} for note in notes]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": told}],
        "results": [_result(problem, codes.index(problem.code), level) for level, problem in told_of],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, level: str) -> dict[str, Any]:
    description, help_text = description_of(code)
    return {
        "id": code,
        "shortDescription": {"text": f"{description[:1].upper()}{description[1:]}."},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": level},
    }


def _result(problem: Problem, rule: int, level: str) -> dict[str, Any]:
    where = f"{problem.where}: " if problem.where else ""
    remedy = f"; {problem.remedy}" if problem.remedy else ""
    region: dict[str, Any] = {"startLine": problem.line, "startColumn": problem.column}
    if problem.source:
        region["snippet"] = {"text": problem.source}
    place = {"artifactLocation": _location(problem.file), "region": region}
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": f"{where}{problem.message}{remedy}"},
        "locations": [{"physicalLocation": place}],
    }


def _location(file: str) -> dict[str, str]:
    """A file below the working directory by its relative URI, which code hosts need; any other by its own."""
    if Path(file).is_absolute():
        return {"uri": Path(file).as_uri()}
    return {"uri": quote(os.fsencode(Path(file).as_posix())), "uriBaseId": "%SRCROOT%"}
