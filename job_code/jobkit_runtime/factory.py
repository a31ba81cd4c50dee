"""Job factories: from text arguments to a Job and its typed parameters."""

from __future__ import annotations

import abc
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from jobkit_runtime.context import JobContext
from jobkit_runtime.convert import type_text
from jobkit_runtime.errors import ArgumentError, JobDefinitionError
from jobkit_runtime.job import AbstractJob
from jobkit_runtime.params import Parameters

P = TypeVar("P")


class AbstractJobFactory(abc.ABC, Generic[P]):
    """Builds a Job from its parameters `P`, a frozen dataclass; `AbstractJobFactory[None]` has none."""

    @abc.abstractmethod
    def create(self, params: P) -> AbstractJob[P]:
        """The job for these parameters; `ctx.params` holds them too."""

    def params_type(self) -> type | None:
        """The dataclass of the parameters, from the generic argument; None when there are none."""
        return generic_argument(type(self), AbstractJobFactory)

    def owner(self) -> str:
        """What messages call the job."""
        return _full_name(type(self))

    def parameters(self) -> Parameters:
        """What the job takes."""
        return Parameters.of_dataclass(self.owner(), self.params_type())

    def params(self, given: Mapping[str, str | None]) -> P:
        """The typed parameters for what was given as text.

        Raises:
            ArgumentError: lists everything missing, unknown and not convertible, or is what the dataclass's
                own `__post_init__` rejects.
        """
        values = self.parameters().convert(given)
        return self._build(values)

    def _build(self, values: dict[str, object]) -> P:
        params_type = self.params_type()
        if params_type is None:
            return typing.cast("P", None)
        try:
            return typing.cast("P", params_type(**values))
        except ValueError as exc:
            raise ArgumentError(f"the arguments do not fit {self.owner()}: {exc}") from exc


class JobFactory(AbstractJobFactory[P]):
    """The default factory: the parameters are the job's generic argument.

    A constructor argument annotated with the type of the parameters gets them; any other needs a default.
    """

    def __init__(self, job_class: type[AbstractJob[P]]) -> None:
        self._job_class = job_class

    def create(self, params: P) -> AbstractJob[P]:
        """An instance of the class.

        Raises:
            JobDefinitionError: its constructor asks for more than the parameters.
        """
        return self._job_class(**self._constructor_arguments(params))

    def params_type(self) -> type | None:
        """The generic argument of the job class."""
        return generic_argument(self._job_class, AbstractJob)

    def owner(self) -> str:
        """The job class's name."""
        return _full_name(self._job_class)

    def _constructor_arguments(self, params: P) -> dict[str, Any]:
        constructor = typing.cast("Callable[..., object]", self._job_class.__init__)
        if constructor is object.__init__:
            return {}
        hints = typing.get_type_hints(constructor)
        arguments: dict[str, Any] = {}
        for item in list(inspect.signature(constructor).parameters.values())[1:]:
            if params is not None and hints.get(item.name) is self.params_type():
                arguments[item.name] = params
            elif item.default is item.empty and item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD):
                raise JobDefinitionError(
                    f"{self.owner()} needs {item.name!r} to be built: write an AbstractJobFactory for it"
                )
        return arguments


class _MainJob(AbstractJob[dict[str, object]]):
    """A module-level `main(**kwargs)` as a job: what it returns are the metrics."""

    def __init__(self, main: Callable[..., object]) -> None:
        self._main = main

    def execute(self, ctx: JobContext[dict[str, object]]) -> Mapping[str, object] | None:
        return typing.cast("Mapping[str, object] | None", self._main(**ctx.params))


class MainFactory(AbstractJobFactory[dict[str, object]]):
    """Wraps `main(**kwargs)`: the parameters are its keyword arguments, text where it has no annotation."""

    def __init__(self, main: Callable[..., object]) -> None:
        self._main = main

    def create(self, params: dict[str, object]) -> AbstractJob[dict[str, object]]:  # noqa: ARG002 -- in ctx
        """The job that calls `main`."""
        return _MainJob(self._main)

    def owner(self) -> str:
        """The module's name and `main`."""
        return f"{self._main.__module__}.main"

    def parameters(self) -> Parameters:
        """The signature of `main`."""
        return Parameters.of_function(self.owner(), self._main)

    def _build(self, values: dict[str, object]) -> dict[str, object]:
        return values


def generic_argument(cls: type, base: type) -> type | None:
    """The `Params` in `class X(base[Params])`, also where X inherits it; None for none.

    Raises:
        JobDefinitionError: the argument is written as text.
    """
    for ancestor in cls.__mro__:
        for generic in ancestor.__dict__.get("__orig_bases__", ()):
            origin = typing.get_origin(generic)
            if not (isinstance(origin, type) and issubclass(origin, base)):
                continue
            argument = typing.get_args(generic)[0]
            if isinstance(argument, (str, typing.ForwardRef)):
                raise JobDefinitionError(
                    f"{_full_name(ancestor)}: define {type_text(argument)} above it, and name it unquoted"
                )
            if not isinstance(argument, TypeVar):
                return None if argument in (None, type(None)) else typing.cast("type", argument)
    return None


def _full_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
