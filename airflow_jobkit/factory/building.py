"""What building a DAG imports and calls: functions, callbacks, assets and listed types."""

from __future__ import annotations

import importlib
import json
import marshal
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_jobkit._compat import BaseNotifier, Param, asset_class
from airflow_jobkit.factory.findings import RAISED, BuildError, Findings, made_each, said_by, told
from airflow_jobkit.factory.moved import new_path
from airflow_jobkit.factory.signatures import (
    Given,
    argument_issues,
    signature_of_class,
    signature_of_function,
)
from airflow_jobkit.fields import ARGUMENTS, TYPE
from airflow_jobkit.problems import Issue, Path, did_you_mean
from airflow_jobkit.spec.callables import NOT_OF_TEAMS, CallableRef
from airflow_jobkit.spec.schedule import AliasSpec, AssetSpec
from airflow_jobkit.spec.typed import ALL, ANY, is_asset, is_param, type_issue

_WITHOUT_SHARING = 2
_MARK = b"__"  # of `__type__`, `__and__` and `__or__`


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
    module = None
    try:
        module = sys.modules.get(module_name) or importlib.import_module(module_name)
        return getattr(module, name)
    except (ImportError, AttributeError) as error:
        meant = did_you_mean(name, (one for one in dir(module) if one[0] != "_")) if module else None
        now = new_path(class_path)
        remedy = "correct the path, or install the provider it comes from"
        if now is not None:
            remedy = f"write {now}"
        elif meant is not None:
            remedy = f"did you mean {module_name}.{meant}?"
        raise BuildError(Issue(path, f"no {class_path}: {error}", remedy, code)) from error
    except RAISED as error:
        message = f"{module_name} cannot be imported: {said_by(error)}"
        raise BuildError(Issue(path, message, "correct that module", code)) from error


def function(class_path: str, path: Path) -> Any:
    """The function at an import path; it is not called here.

    Raises:
        BuildError: There is none, or it is one of Airflow's own or of ours, which could run anything.
    """
    found = imported(class_path, path, "no-function")
    if class_path.startswith(NOT_OF_TEAMS) or not callable(found) or isinstance(found, type):
        remedy = "name a function of your own package"
        raise BuildError(Issue(path, f"{class_path} is no function to call here", remedy, "no-function"))
    return found


def callback(ref: CallableRef, path: Path) -> Any:
    """The callback that a YAML names: a function, or a notifier with its arguments.

    Raises:
        BuildError: There is none, or it does not take the arguments.
    """
    found = imported(ref.path, path, "no-callback")
    is_notifier = isinstance(found, type) and issubclass(found, BaseNotifier)
    if not is_notifier:
        found = function(ref.path, path)
        if not ref.arguments:
            return found
    arguments = made_each(ref.arguments, lambda name, value: value_of(value, (*path, name)))
    # Airflow's context is given by position, under any name.
    signature = (
        signature_of_class(found, BaseNotifier)
        if is_notifier
        else replace(signature_of_function(found), required=frozenset())
    )
    findings = Findings()
    findings.add(argument_issues(signature, [Given(path, ref.arguments)], (), path))
    findings.refuse()
    if not is_notifier:
        return _Called(found, arguments)
    with told(path, f"{found.__name__} cannot be made", "correct its arguments"):
        return found(**arguments)


class _Called:
    """A callback with arguments of its own beside Airflow's context."""

    def __init__(self, called: Any, arguments: Mapping[str, Any]) -> None:
        self._called = called
        self._arguments = dict(arguments)
        self.__name__ = getattr(called, "__name__", type(called).__name__)
        self.__module__ = called.__module__

    def __call__(self, *context: Any) -> Any:
        return self._called(*context, **self._arguments)


def asset_of(spec: AssetSpec, path: Path) -> Any:
    """Airflow's asset, or its alias of assets; `path` is where it stands in the DAG.

    Raises:
        BuildError: Airflow, or the provider of the URI's scheme, does not take it.
    """
    if isinstance(spec, AliasSpec):
        return asset_class("AssetAlias")(spec.name)
    fields = {"uri": spec.uri, "name": spec.name, "group": spec.group, "extra": dict(spec.extra) or None}
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    made = asset_class("Asset")
    # Airflow 2 knows a dataset by its URI alone.
    if made.__name__ == "Dataset":
        given = {"uri": spec.uri or spec.name, **({"extra": given["extra"]} if "extra" in given else {})}
    with told(path, f"no asset {spec.uri or spec.name!r}", "correct it"):
        json.dumps(given.get("extra"))  # as Airflow stores it
        return made(**given)


def plain_copy(value: Any) -> Any:
    """A copy of plain data; None for what may have a type or a condition in it, or a date.

    The interpreter's own serialisation does in one step what walking through it takes ten times as long for.
    A copy it must be: an operator may change what it is given, and aliases in a file share their values.
    """
    stored = _stored(value)
    return marshal.loads(stored) if stored is not None else None  # noqa: S302 - stored in the line above


def is_plain_data(value: Any) -> bool:
    """Whether `plain_copy` makes a copy of a value."""
    return _stored(value) is not None


def _stored(value: Any) -> bytes | None:
    try:
        stored = marshal.dumps(value, _WITHOUT_SHARING)
    except ValueError:  # not of the interpreter's own types
        return None
    return None if _MARK in stored else stored


def value_of(value: Any, path: Path) -> Any:
    """A value with every `{__type__: ...}` in it made.

    Raises:
        BuildError: A type is none of the safe ones, does not exist on this Airflow, or does not take its
            arguments.
    """
    if isinstance(value, dict):
        if TYPE in value:
            return _made(value, path)
        for key, name, mark in ((ALL, "AssetAll", " & "), (ANY, "AssetAny", " | ")):
            if isinstance(value.get(key), list) and len(value) == 1:
                items = value_of(value[key], (*path, key))
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
    positional = value_of(value.get(ARGUMENTS) or [], (*path, ARGUMENTS))
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
