"""What a factory makes of YAML files, as plain data: `python -m dialects.observe <factory> <folder>`.

Runs in the environment of either factory and imports nothing of a test; prints one line of JSON, which has
for each file its DAGs, or why there are none.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import inspect
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Seen = dict[str, Any]

_DAG_FIELDS = (
    *("description", "dag_display_name", "start_date", "end_date", "catchup", "tags", "params"),
    *("max_active_runs", "max_active_tasks", "dagrun_timeout", "is_paused_upon_creation"),
    *("render_template_as_native_obj", "template_searchpath", "access_control", "user_defined_macros"),
    *("on_success_callback", "on_failure_callback"),
)
# What is observed elsewhere, or is the same only by accident.
_NO_ARGUMENTS = frozenset({"self", "task_id", "dag", "task_group", "default_args", "kwargs", "args"})
_DAG_FACTORYS_TAG = "dagfactory"
# Each factory shows the YAML below the documentation.
_OWN_DOCUMENTATION_ENDS = ("## YML DAG", "#### From ")


def with_dag_factory(folder: Path) -> dict[str, Seen]:
    """The DAGs of each file, or the error that takes the file down."""
    from dagfactory import load_yaml_dags

    seen = {}
    for file in files(folder):
        namespace: dict[str, Any] = {}
        try:
            load_yaml_dags(namespace, config_filepath=str(file), defaults_config_path=str(folder))
            dags = [dag for dag in namespace.values() if hasattr(dag, "dag_id")]
            seen[str(file.relative_to(folder))] = {"dags": {dag.dag_id: of_dag(dag) for dag in dags}}
        except Exception as error:  # noqa: BLE001 - it raises whatever its libraries raise
            said = " ".join(str(error).split())
            seen[str(file.relative_to(folder))] = {"error": f"{type(error).__name__}: {said}"}
    return seen


def with_jobkit(folder: Path) -> dict[str, Seen]:
    """The DAGs of each file, and the Problems of those that are bad."""
    from airflow_jobkit.factory.load import build_dags
    from airflow_jobkit.loading.dags import DagLoader
    from airflow_jobkit.loading.folder import load_project

    project = load_project(folder, "local")
    assert project.settings is not None, project.problems
    seen = {}
    for file in files(folder):
        loader = DagLoader(project.settings, folder)
        loaded = loader.load([file])
        dags, problems = build_dags(loaded.dags, project.settings, ())
        said = [problem.headline() for problem in sorted((*loaded.problems, *problems))]
        name = str(file.relative_to(folder))
        seen[name] = {
            "dags": {dag.dag_id: of_dag(dag) for dag in dags},
            "problems": [headline[headline.index(name) :] for headline in said],
        }
    return seen


FACTORIES: Mapping[str, Callable[[Path], dict[str, Seen]]] = {
    "dag-factory": with_dag_factory,
    "jobkit": with_jobkit,
}


def files(folder: Path) -> list[Path]:
    """The DAG files of a folder; those whose names begin with `_` are read by others."""
    left_out = ("jobkit.yaml", "defaults.yml", "defaults.yaml")
    found = [*folder.rglob("*.yaml"), *folder.rglob("*.yml")]
    return sorted(one for one in found if one.name not in left_out and not one.name.startswith("_"))


def of_dag(dag: Any) -> Seen:
    """A DAG, with its tasks and groups."""
    found = {name: plain(getattr(dag, name, None)) for name in _DAG_FIELDS}
    # What dag-factory leaves to `default_args` alone, Airflow looks for there, too.
    for name in ("start_date", "end_date"):
        found[name] = found[name] or plain(dag.default_args.get(name))
    found["schedule"] = _schedule(dag.timetable)
    found["doc_md"] = _own_documentation(dag.doc_md)
    found["tags"] = [tag for tag in found["tags"] if tag != _DAG_FACTORYS_TAG]
    found["tasks"] = {task.task_id: of_task(task) for task in dag.tasks}
    groups = dag.task_group.get_task_group_dict()
    found["groups"] = {name: _of_group(group) for name, group in groups.items() if name is not None}
    return found


def _schedule(timetable: Any) -> Any:
    """A timetable; of the two of cron what both have, since each factory makes another of a bare text."""
    if type(timetable).__name__ in ("CronTriggerTimetable", "CronDataIntervalTimetable"):
        fields = _fields(timetable)
        return {name: fields[name] for name in ("expression", "timezone")}
    return plain(timetable)


def _own_documentation(text: str | None) -> str | None:
    for end in _OWN_DOCUMENTATION_ENDS:
        text = text.partition(end)[0] if text is not None else None
    return (text or "").strip() or None


def _of_group(group: Any) -> Seen:
    names = ("tooltip", "prefix_group_id", "ui_color", "ui_fgcolor", "group_display_name")
    return {name: plain(getattr(group, name, None)) for name in names} | {
        "parent": group.parent_group.group_id if group.parent_group is not None else None,
        "mapped": type(group).__name__ == "MappedTaskGroup",
    }


def of_task(task: Any) -> Seen:
    """A task: its class, its edges, its template fields, and every argument that it keeps."""
    mapped = not inspect.isclass(getattr(task, "operator_class", type(task))) or hasattr(task, "expand_input")
    operator = task.operator_class if mapped else type(task)
    found: Seen = {
        "class": f"{operator.__module__}.{operator.__qualname__}",
        "upstream": sorted(task.upstream_task_ids),
        "group": task.task_group.group_id if task.task_group is not None else None,
        "mapped": mapped,
        "template_fields": sorted(task.template_fields),
    }
    if mapped:
        partial = {k: v for k, v in task.partial_kwargs.items() if k not in _NO_ARGUMENTS}
        return found | {"partial": plain(partial), "expand": plain(_expanded(task))}
    names = {*_arguments(operator), *task.template_fields} - _NO_ARGUMENTS
    return found | {"arguments": {n: plain(getattr(task, n)) for n in sorted(names) if hasattr(task, n)}}


def _expanded(task: Any) -> Any:
    """What a task is mapped over: an operator's arguments, or a function's."""
    own = task.expand_input.value
    return own or getattr(task, "op_kwargs_expand_input", task.expand_input).value


def _arguments(operator: type) -> Iterator[str]:
    for made in operator.__mro__:
        init = made.__dict__.get("__init__")
        if init is not None and made is not object:
            yield from inspect.signature(init).parameters


def plain(value: Any) -> Any:
    """A value as data that JSON can write and that two processes can compare."""
    match value:
        case enum.Enum():
            return plain(value.value)
        case None | bool() | int() | float():
            return value
        case str():
            return str(value)
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            return f"{value.total_seconds():g} s"
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted(map(plain, value), key=str)
        case list() | tuple():
            return [plain(item) for item in value]
    return _object(value)


def _object(value: Any) -> Any:
    kind = type(value)
    if isinstance(value, functools.partial):
        return {"function": _named(value.func), "arguments": plain(value.keywords)}
    if kind.__name__ == "_Called":  # ours of the same meaning
        return {"function": _named(vars(value)["_called"]), "arguments": plain(vars(value)["_arguments"])}
    if "ParamsDict" in kind.__name__:
        return {name: plain(value.get_param(name)) for name in value}
    if inspect.isfunction(value) and value.__name__ == "<lambda>" and value.__module__ == "dagfactory.utils":
        return value()  # the JSON of an HTTP request
    if kind.__name__ in ("Timezone", "ZoneInfo", "FixedTimezone"):
        return str(getattr(value, "name", None) or value)
    if inspect.isroutine(value) or inspect.isclass(value):
        return {"function": _named(value)}
    if hasattr(value, "operator") and hasattr(value, "key") and "XCom" in kind.__name__:
        return f"result of {value.operator.task_id}, {value.key}"
    if "Timetable" in kind.__name__ or kind.__name__.endswith("Schedule"):
        return {"class": kind.__name__} | _fields(value)
    return {"object": f"{kind.__module__}.{kind.__qualname__}"} | _fields(value)


def _named(function: Any) -> str:
    """A function by its import path, or by its file where it has none."""
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    module = function.__module__
    place = f"{Path(file).name}:" if file and Path(file).stem == "from_file" else f"{module}."
    return f"{place}{function.__qualname__}"


def _fields(value: Any) -> Seen:
    names: list[str] = [*getattr(value, "__dict__", {})]
    for made in type(value).__mro__:
        slots = made.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    kept = [n for n in dict.fromkeys(names) if not n.startswith("__") and n not in ("log", "_log", "hook")]
    return {n.lstrip("_"): plain(getattr(value, n)) for n in kept if hasattr(value, n)}


def main() -> None:
    """Print what a factory makes of a folder."""
    factory, folder = sys.argv[1:]
    logging.disable(logging.ERROR)
    os.chdir(folder)
    found = json.dumps(FACTORIES[factory](Path(folder)))
    print(found.replace(folder, "<folder>"))  # noqa: T201 - for whoever started it


if __name__ == "__main__":
    main()
