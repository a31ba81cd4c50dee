"""What building a DAG shows: the error, and the imports that it makes."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airflow_jobkit._compat import BaseNotifier, Param, asset_class
from airflow_jobkit.factory.moved import new_path
from airflow_jobkit.fields import ARGUMENTS, TYPE
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.callables import AIRFLOWS_OWN, CallableRef
from airflow_jobkit.spec.schedule import AliasSpec, AssetSpec
from airflow_jobkit.spec.typed import ALL, ANY, is_asset, is_param, type_issue


class BuildError(Exception):
    """Something that only building a DAG shows; `issue` says it, its path starts at the DAG."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(f"{issue.message}; {issue.remedy}")


@contextmanager
def told(path: Path, what: str, remedy: str) -> Iterator[None]:
    """Let what Airflow, or an operator, raises become a mistake at a place.

    Args:
        path: The place, in the DAG.
        what: What cannot be done.
        remedy: What to do about it.

    Raises:
        BuildError: Something was raised.
    """
    try:
        yield
    except BuildError:
        raise
    except Exception as error:
        message = f"{what}: {type(error).__name__}: {error}"
        raise BuildError(Issue(path, message, remedy, "build", at="key")) from error


def imported(class_path: str, path: Path, code: str) -> Any:
    """What stands at an import path.

    Args:
        class_path: `package.module.Name`.
        path: Where the file names it, in its DAG.
        code: The kind of mistake if there is nothing.

    Raises:
        BuildError: There is nothing, or its module cannot be imported.
    """
    module_name, _, name = class_path.rpartition(".")
    try:
        return getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        now = new_path(class_path)
        remedy = f"write {now}" if now else "correct the path, or install the provider it comes from"
        raise BuildError(Issue(path, f"no {class_path}: {error}", remedy, code)) from error
    except Exception as error:
        message = f"{module_name} cannot be imported: {type(error).__name__}: {error}"
        raise BuildError(Issue(path, message, "correct that module", code)) from error


def function(class_path: str, path: Path) -> Any:
    """The function at an import path; it is not called here.

    Raises:
        BuildError: There is none, or it is one of Airflow's own, which could run anything.
    """
    found = imported(class_path, path, "no-function")
    if class_path.startswith(AIRFLOWS_OWN) or not callable(found) or isinstance(found, type):
        remedy = "name a function of your own package"
        raise BuildError(Issue(path, f"{class_path} is no function to call here", remedy, "no-function"))
    return found


def callback(ref: CallableRef, path: Path) -> Any:
    """The callback that a YAML names: a function, or a notifier with its arguments.

    Raises:
        BuildError: There is none, or it does not take the arguments.
    """
    found = imported(ref.path, path, "no-callback")
    arguments = {name: value_of(value, path) for name, value in ref.arguments.items()}
    if isinstance(found, type) and issubclass(found, BaseNotifier):
        with told(path, f"{found.__name__} cannot be made", "correct its arguments"):
            return found(**arguments)
    found = function(ref.path, path)
    return _Called(found, arguments) if arguments else found


class _Called:
    """A callback with arguments of its own beside Airflow's context."""

    def __init__(self, called: Any, arguments: Mapping[str, Any]) -> None:
        self._called = called
        self._arguments = dict(arguments)
        self.__name__ = getattr(called, "__name__", type(called).__name__)
        self.__module__ = called.__module__

    def __call__(self, *context: Any) -> Any:
        return self._called(*context, **self._arguments)


def asset_of(spec: AssetSpec) -> Any:
    """Airflow's asset, or its alias of assets."""
    if isinstance(spec, AliasSpec):
        return asset_class("AssetAlias")(spec.name)
    fields = {"uri": spec.uri, "name": spec.name, "group": spec.group, "extra": dict(spec.extra) or None}
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    made = asset_class("Asset")
    # Airflow 2 knows a dataset by its URI alone.
    if made.__name__ == "Dataset":
        given = {"uri": spec.uri or spec.name, **({"extra": given["extra"]} if "extra" in given else {})}
    return made(**given)


def value_of(value: Any, path: Path) -> Any:
    """A value with every `{__type__: ...}` in it made.

    Raises:
        BuildError: A type is none of the safe ones, does not exist on this Airflow, or does not take its
            arguments.
    """
    if isinstance(value, Mapping):
        if TYPE in value:
            return _made(value, path)
        for key, name, mark in ((ALL, "AssetAll", " & "), (ANY, "AssetAny", " | ")):
            if isinstance(value.get(key), list) and len(value) == 1:
                items = [value_of(item, path) for item in value[key]]
                # Only assets have conditions; of texts, dag-factory makes the text of one.
                if all(isinstance(item, str) for item in items):
                    return f"({mark.join(items)})"
                with told(path, f"`{key}` cannot be made", "write a list of assets, or of texts"):
                    return asset_class(name)(*items)
        return {key: value_of(item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [value_of(item, (*path, position)) for position, item in enumerate(value)]
    return value


def _made(value: Mapping[str, Any], path: Path) -> Any:
    class_path = value[TYPE]
    # Said when the file is read; whatever way led here, nothing else is ever called.
    unsafe = type_issue(class_path)
    if unsafe is not None:
        raise BuildError(unsafe.below(*path))
    named = {str(k): value_of(v, (*path, str(k))) for k, v in value.items() if k not in (TYPE, ARGUMENTS)}
    positional = value_of(value.get(ARGUMENTS) or [], path)
    if class_path.startswith("builtins."):
        # As Python calls them, with one list of items; and with the items themselves.
        listed = positional[0] if len(positional) == 1 and isinstance(positional[0], list) else positional
        with told(path, f"{class_path} cannot be made", "write `items: [...]`"):
            return {"list": list, "set": set, "tuple": tuple}[class_path.rpartition(".")[2]](
                named.get("items", listed)
            )
    if is_asset(class_path):
        made = asset_class(class_path.rpartition(".")[2])
    elif is_param(class_path):
        made = Param
    else:
        made = imported(class_path, (*path, TYPE), "no-type")
    with told(path, f"{class_path} cannot be made", "correct its arguments"):
        return made(*positional, **named)
