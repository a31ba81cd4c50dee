"""The reference of all keys, in Markdown, from the JSON Schemas that editors use."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.cli.reference_examples import EXAMPLES
from airflow_jobkit.cli.reference_words import WRITTEN, Words, anchor
from airflow_jobkit.engines import engine_names
from airflow_jobkit.spec.common import AirflowKeys, TaskKeys
from airflow_jobkit.spec.json_models import references
from airflow_jobkit.spec.json_schema import all_definitions
from airflow_jobkit.spec.task import KINDS
from airflow_jobkit.spec.task_keys import DecoratorTaskKeys, OperatorTaskKeys, SparkTaskKeys

_HEAD = """\
# Reference: every key

For whoever wants to look a key up. Made from the program by `jobkit schema reference`; `jobkit schema` prints
the same as a JSON Schema for editors ([editor.md](editor.md)). Every example is validated by the tests;
[writing-dags.md](writing-dags.md) shows how the parts go together.
"""
_KINDS = """\
## Kinds of values

| kind | written |
|---|---|
"""
_FILL = """
In DAG files and `defaults.yaml`, `${env:NAME}`, `${jobkit:name}` and, below a `for_each`, `${item}` and
`${key}` may stand in every text; in `jobkit.yaml` nothing is filled in
([environments.md](environments.md#variables)).
"""


@dataclass(frozen=True)
class _Section:
    """A part of the page.

    Attributes:
        title: Its heading; its example has the same.
        definition: The definition whose keys it lists.
        keys: Those of them that it lists; None: all.
        text: What it is; default: what the definition says.
    """

    title: str
    definition: str
    keys: tuple[str, ...] | None = None
    text: str | None = None


def _engine_sections() -> Iterator[_Section]:
    """For each Engine its options, and below them those that hold keys of their own."""
    definitions = all_definitions()
    for engine in engine_names():
        options = f"{engine.capitalize()}Options"
        yield _Section(f"`{engine}`", options)
        for key, schema in definitions[options]["properties"].items():
            inner = [name for name in references(schema) if "properties" in definitions[name]]
            yield from (_Section(f"`{key}` of `{engine}`", name) for name in inner)


def _own(model: Any, base: Any) -> tuple[str, ...]:
    """The keys that a kind of task has beside those of every task."""
    return tuple(name for name in model.model_fields if name not in base.model_fields)


_TASK_STRUCTURE = ("task_id", "task_group_name", "for_each", "extends")
_DAGS = (
    _Section(
        "A DAG",
        "Dag",
        text="A file has DAGs by their ids, and below `default:` what holds for all of them. "
        "`defaults.yaml` has the same keys, for the DAGs of a folder.",
    ),
    _Section(
        "Every task",
        "SparkTask",
        (*_own(TaskKeys, AirflowKeys), *_TASK_STRUCTURE),
        "What every task can set beside what it runs; what it runs is one of the three kinds below.",
    ),
    _Section(
        "Every task, and `default_args`",
        "DefaultArgs",
        text="What Airflow lets every task have, under Airflow's names but for `timeout`. In `default_args` "
        "of a DAG, a group or a layer above they hold for every task, and other keys there are arguments of "
        "operators.",
    ),
    _Section(
        "A task that runs a job",
        "SparkTask",
        (*_own(SparkTaskKeys, TaskKeys), *engine_names()),
        "A task with `spark_job` starts it on an engine, at a version of the code.",
    ),
    _Section("A task of an operator", "OperatorTask", _own(OperatorTaskKeys, TaskKeys)),
    _Section("A task that calls a function", "DecoratorTask", _own(DecoratorTaskKeys, TaskKeys)),
    _Section(
        "A group of tasks", "ListedGroup", text="Tasks that stand together; in a list it says its name."
    ),
    _Section("`code` of a DAG or a task", "OwnCodeSpec", ("root", "entry_point", "wheels")),
)
_PROJECT_KEYS = (
    *(
        "project",
        "environments",
        "code",
        "engine",
        *engine_names(),
        "data",
        "datasets",
        "runs",
        "aws_conn_id",
    ),
    *("notification", "sweeper", "operators", "variables", "defaults"),
)
_PROJECT = (
    _Section(
        "The project file",
        "Project",
        _PROJECT_KEYS,
        "`dags/jobkit.yaml`: what holds for all DAGs, and the environments.",
    ),
    _Section("An environment", "Environment", ("mwaa",)),
    _Section("`code` of the project or an environment", "CodeSpec"),
    _Section("`data`", "DataSpec"),
    _Section("A dataset of `datasets`", "DatasetSpec"),
    _Section("`notification`", "NotificationSpec"),
    _Section("`operators`", "OperatorsSpec"),
    _Section("`variables`", "VariablesSpec"),
    _Section("`sweeper`", "SweeperSpec"),
)

_SECTIONS = (*_DAGS, *_engine_sections(), *_PROJECT)
_LINKS: Mapping[str, tuple[str, str]] = {
    **{section.definition: ("keys", section.title) for section in reversed(_SECTIONS)},
    "DagDefaults": ("keys of a DAG", "A DAG"),
    "DefaultArgs": ("keys of a task", "Every task, and `default_args`"),
    **dict.fromkeys(("TaskById", "ListedTask", "TaskTemplate"), ("tasks", "Every task")),
    **dict.fromkeys(("Group", "ListedGroup"), ("groups", "A group of tasks")),
    "DatasetSpec": ("datasets", "A dataset of `datasets`"),
    "Environment": ("environments", "An environment"),
}
"""For each definition that a section lists: the word for it, and the section."""


def reference() -> str:
    """The whole page."""
    definitions = all_definitions()
    words = Words(definitions, _LINKS)
    contents = "\n".join(f"- [{section.title}](#{anchor(section.title)})" for section in _SECTIONS)
    kinds = "".join(f"| {kind} | {text} |\n" for kind, text in WRITTEN.items())
    sections = [_rendered(section, definitions, words) for section in _SECTIONS]
    return "\n".join([_HEAD, f"{contents}\n", f"{_KINDS}{kinds}{_FILL}", *sections])


def _rendered(section: _Section, definitions: Mapping[str, Any], words: Words) -> str:
    definition = definitions[section.definition]
    properties = {**definition["properties"]}
    if "task_id" in properties:
        properties["task_id"] = definitions["ListedTask"]["properties"]["task_id"]
    listed = {key: properties[key] for key in section.keys or properties}
    rows = "".join(f"| {' | '.join(row)} |\n" for row in _rows(listed, definition.get("required", ()), words))
    text = section.text or definition["description"]
    if section.definition == "Environment":
        text = f"{text} {_of_environments(definitions)}"
    table = f"| key | type, choices | default | meaning |\n|---|---|---|---|\n{rows}"
    return f"## {section.title}\n\n{_wrapped(text)}\n\n{table}\n{EXAMPLES.get(section.title, '')}"


def _rows(properties: Mapping[str, Any], required: Iterable[str], words: Words) -> Iterator[tuple[str, ...]]:
    needed = {*required, *KINDS, "python_callable"}
    for key, schema in properties.items():
        default = "required" if key in needed else _default(schema)
        cells = (words.of(schema), default, schema["description"])
        yield f"`{key}`", *(cell.replace("|", "\\|") for cell in cells)


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 110, break_long_words=False, break_on_hyphens=False)


def _of_environments(definitions: Mapping[str, Any]) -> str:
    """What an Environment can set of what the project can."""
    project, environment = (definitions[name]["properties"] for name in ("Project", "Environment"))
    *but, last = (f"`{key}`" for key in project if key not in environment)
    link = f"[the project file](#{anchor('The project file')})"
    return (
        f"It takes every key of {link} but {', '.join(but)} and {last}, "
        "and goes over what that says: mappings merge, all else is replaced. Besides:"
    )
