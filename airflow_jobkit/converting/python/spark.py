"""Stock tasks that run a job of ours: where the script's arguments name a module, `spark_job` says the same.

A stock task whose script is another one stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from airflow_jobkit.converting.python import to_yaml
from airflow_jobkit.converting.python.graph import Task
from airflow_jobkit.converting.python.spark_options import (
    DATABRICKS,
    DATABRICKS_SILENT,
    GLUE,
    GLUE_SILENT,
    SET_BY_ITSELF,
    databricks_run,
    glue_definition,
    is_glues_own,
)
from airflow_jobkit.converting.python.times import NotCarriedError
from airflow_jobkit.converting.python.values import Value
from airflow_jobkit.engines.arguments import plain_name
from airflow_jobkit.problems import Path
from airflow_jobkit.spec.common import TaskKeys
from airflow_jobkit.spec.task_keys import parse_module_name

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.emit import Emitter

_GLUE: Final = "airflow.providers.amazon.aws.operators.glue.GlueJobOperator"
_DATABRICKS: Final = "airflow.providers.databricks.operators.databricks.DatabricksSubmitRunOperator"
_MODULE, _NOTIFIER, _CONNECTION = "module_name", "notification_service_type", "databricks_connection_name"


def spark_task(task: Task, emitter: Emitter, path: Path, dag_keys: dict[str, Any]) -> dict[str, Any] | None:
    """The keys of a task that runs a job of ours; None where it runs anything else.

    Args:
        task: The task.
        emitter: Whom to tell what cannot be carried.
        path: Where the task stands in the YAML.
        dag_keys: The keys of its DAG; the notifier of its jobs is put there.
    """
    if task.path == _GLUE:
        given = script_arguments(task.arguments.get("script_args"))
        make: Callable[[_SparkTask], None] = _SparkTask.glue
    elif task.path == _DATABRICKS:
        given = script_arguments(databricks_run(task.arguments).get("parameters"))
        make = _SparkTask.databricks
    else:
        return None
    names = {plain_name(name): name for name in given}
    module = given.get(names.get(_MODULE, ""))
    if not isinstance(module, str) or not _is_module(module):
        return None
    made = _SparkTask(task, emitter, path, module, given)
    make(made)
    made.notifier(dag_keys)
    return made.keys()


def script_arguments(given: Value) -> dict[str, Value]:
    """The arguments of a script by name, `--` in front: from a mapping, or a list as in a command line."""
    if isinstance(given, dict):
        return {str(name): value for name, value in given.items()}
    found: dict[str, Value] = {}
    items = list(given) if isinstance(given, list | tuple) else []
    while items:
        name = items.pop(0)
        if not isinstance(name, str) or not name.startswith("--"):
            return {}
        word, equals, value = name.partition("=")
        if not equals and items and not (isinstance(items[0], str) and items[0].startswith("--")):
            value = items.pop(0)
        found[word] = value
    return found


def _is_module(text: str) -> bool:
    try:
        parse_module_name(text)
    except ValueError:
        return False
    return True


class _SparkTask:
    """The keys of one task, as they are found."""

    def __init__(
        self, task: Task, emitter: Emitter, path: Path, module: str, given: Mapping[str, Value]
    ) -> None:
        self._task, self._emitter, self._path = task, emitter, path
        self._module = module
        self._own: dict[str, Value] = {}
        self._reserved: dict[str, Value] = {}
        self._platforms: dict[str, Value] = {}
        for name, value in given.items():
            self._sort(name, value)
        self._engine = ""
        self._options: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}

    def _sort(self, name: str, value: Value) -> None:
        """An argument of the script: the entry script's, the platform's, or the job's own."""
        plain = plain_name(name)
        if plain in (_MODULE, _NOTIFIER, _CONNECTION):
            self._reserved[plain] = value
        elif self._task.path == _GLUE and is_glues_own(name):
            self._platforms[name] = value
        else:
            self._own[name.removeprefix("--")] = value

    def glue(self) -> None:
        """Take the options of AWS Glue."""
        self._engine = "glue"
        arguments = dict(self._task.arguments)
        arguments.pop("script_args")
        for name in ("create_job_kwargs", "run_job_kwargs"):
            given = arguments.pop(name, None)
            options, rest, platforms = glue_definition(given)
            place = self._task.place_of(name)
            self._options |= self._emitter.values(options, (*self._path, name), place)
            self._platforms = {**platforms, **self._platforms}
            self._tell_rest(rest, name)
        self._take(arguments, GLUE, GLUE_SILENT)
        own = {
            name: value for name, value in self._platforms.items() if plain_name(name) not in SET_BY_ITSELF
        }
        if own:
            where = (*self._path, "script_args")
            place = self._task.place_of("script_args")
            self._options["arguments"] = self._emitter.values(own, where, place, _text)
        self._connection()

    def databricks(self) -> None:
        """Take the options of Databricks."""
        self._engine = "databricks"
        run = databricks_run(self._task.arguments)
        for name in ("parameters", "python_file"):
            run.pop(name, None)
        libraries = run.pop("libraries", None) or []
        for library in libraries if isinstance(libraries, list | tuple) else [libraries]:
            if not (isinstance(library, dict) and set(library) == {"whl"}):
                self._tell("libraries", "a library that is no wheel", "put it into the wheels of the release")
        self._take(run, DATABRICKS, DATABRICKS_SILENT)
        self._connection()

    def _connection(self) -> None:
        """The name by which the job itself knows a Databricks connection."""
        name = self._reserved.get(_CONNECTION)
        if isinstance(name, str) and name:
            if self._engine == "databricks":
                self._options["connection_name"] = name
            else:
                message = f"--{_CONNECTION}, which only jobs on Databricks get"
                self._tell("script_args", message, "pass it as an argument of the job's own")

    def _take(self, given: Mapping[str, Value], options: Mapping[str, Any], silent: frozenset[str]) -> None:
        """Sort the arguments of the operator: keys of the task, options of the engine, or told."""
        for name, value in given.items():
            if name in silent:
                continue
            try:
                if name in options:
                    key, made = options[name](value)
                    if key:
                        self._options[key] = made
                elif name in TaskKeys.model_fields or name == "deferrable":
                    self._emitter.put(
                        self._keys, name, value, self._path, self._task.place_of(name), self._task.name
                    )
                else:
                    message = f"`{name}`, which a Spark job of ours has not"
                    raise NotCarriedError(message, "see its options in `jobkit schema reference`")
            except NotCarriedError as error:
                self._emitter.tell(error, (*self._path, name), self._task.place_of(name))

    def _tell(self, name: str, message: str, remedy: str) -> None:
        self._emitter.tell(NotCarriedError(message, remedy), (*self._path, name), self._task.place_of(name))

    def _tell_rest(self, rest: Sequence[str], where: str) -> None:
        for name in rest:
            message = f"`{name}` of `{where}`, which a Spark job of ours has not"
            self._tell(where, message, "see its options in `jobkit schema reference`")

    def notifier(self, dag_keys: dict[str, Any]) -> None:
        """The notifier is one for all jobs of a DAG, and a param of its runs."""
        value = self._reserved.get(_NOTIFIER)
        if not isinstance(value, str) or "{{" in value:
            return
        first = dag_keys.setdefault(_NOTIFIER, value)
        if first != value:
            message = f"the notifier {value}: another task of the DAG has {first}"
            self._tell(_NOTIFIER, message, "all jobs of a DAG have the same one")

    def keys(self) -> dict[str, Any]:
        """The keys of the task."""
        args = self._emitter.values(self._own, (*self._path, "args"), self._task.place)
        note = f"{self._module}: script and wheels are now those of `code:` in jobkit.yaml, at its version"
        self._emitter.reader.notes[note] = None
        return {
            "spark_job": self._module,
            **({"args": args} if args else {}),
            "engine": self._engine,
            **({self._engine: self._options} if self._options else {}),
            **self._keys,
        }


def _text(value: Value) -> str:
    made = to_yaml.value(value)
    return str(made).lower() if isinstance(made, bool) else str(made)
