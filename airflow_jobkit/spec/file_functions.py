"""Functions by file and name, as dag-factory writes them: `python_callable_file` and `python_callable_name`.

Such a file stands in the DAGs folder, where Airflow runs the team's Python files anyway. What is read here is
no more than how the file and the function are named; whether they are there, `loading.files` looks up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel

from airflow_jobkit.fields import describe
from airflow_jobkit.problems import Issue, Path

_NAME = re.compile(r"[A-Za-z_]\w*")
_ARGUMENTS = {
    "python_callable": "python_callable",
    "execution_date_fn": "execution_date_fn",
    "response_check": "response_check",
    "success": "success_check",
    "failure": "failure_check",
}


class FileKeys(dict[str, tuple[str, str]]):
    """The keys that may be given by file and name, with those that name the file and the function."""

    @cached_property
    def names(self) -> frozenset[str]:
        """All keys that name a file or a function in one."""
        return frozenset(key for pair in self.values() for key in pair)


OF_TASKS: Final = FileKeys(
    {argument: (f"{stem}_file", f"{stem}_name") for argument, stem in _ARGUMENTS.items()}
)
"""The arguments of operators that are functions."""

OF_CALLBACKS: Final = FileKeys(
    {
        f"on_{event}_callback": (f"on_{event}_callback_file", f"on_{event}_callback_name")
        for event in ("execute", "success", "failure", "retry", "skipped")
    }
)
"""The callbacks."""


@dataclass(frozen=True)
class FileFunction:
    """A function of a Python file in the DAGs folder.

    Attributes:
        file: The file as the YAML names it: absolute, or from the folder that holds the DAGs folder.
        name: The function's name in it.
    """

    file: str
    name: str


def with_file_functions(data: Mapping[Any, Any], known: FileKeys) -> tuple[Mapping[Any, Any], list[Issue]]:
    """The data with each pair of file and name as one FileFunction, and what is wrong with the pairs.

    Args:
        data: The keys of a task, a DAG, or `default_args`.
        known: The keys that may be given so.
    """
    if known.names.isdisjoint(data):
        return data, []
    whole = dict(data)
    issues: list[Issue] = []
    for key, (file_key, name_key) in known.items():
        if file_key not in data and name_key not in data:
            continue
        file, name = whole.pop(file_key, None), whole.pop(name_key, None)
        found = _pair_issue(key, (file_key, file), (name_key, name), data)
        if found is not None:
            issues.append(found)
        else:
            whole[key] = FileFunction(file, name)
    return whole, issues


def _pair_issue(
    key: str, file: tuple[str, Any], name: tuple[str, Any], data: Mapping[Any, Any]
) -> Issue | None:
    """What is wrong with a file and a name, each with its key, if anything is."""
    for (one, value), (other, _) in ((file, name), (name, file)):
        if value is None:
            return Issue((other,), f"`{other}` without `{one}`", f"add `{one}: ...`", "missing-key", at="key")
    if data.get(key) is not None:
        remedy = f"take one of them out; `{key}: package.module.function` names it by its import path"
        return Issue((file[0],), f"both `{key}` and `{file[0]}`", remedy, "contradiction", at="key")
    if not isinstance(name[1], str) or not _NAME.fullmatch(name[1]):
        return Issue(
            (name[0],), f"not a function's name: {describe(name[1])}", "write its name alone", "bad-value"
        )
    if not isinstance(file[1], str) or not file[1].endswith(".py"):
        return Issue(
            (file[0],), f"not a Python file: {describe(file[1])}", "name one that ends in .py", "bad-value"
        )
    return None


def file_functions(value: object, path: Path = ()) -> Iterator[tuple[Path, FileFunction]]:
    """Every FileFunction in Specs and data, with its path."""
    if isinstance(value, FileFunction):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield from file_functions(getattr(value, name), (*path, name))
    elif is_dataclass(value):
        for field in fields(value):
            yield from file_functions(getattr(value, field.name), path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from file_functions(item, (*path, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for item in value:
            yield from file_functions(item, path)
