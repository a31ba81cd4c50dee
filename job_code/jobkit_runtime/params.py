"""The parameters of a job: what it takes, described, and the text that was given turned into typed values."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass

from jobkit_runtime.convert import convert, type_text
from jobkit_runtime.errors import ArgumentError, JobDefinitionError
from jobkit_runtime.wording import did_you_mean, looks_secret


@dataclass(frozen=True)
class Parameter:
    """One argument of a job. `default` has a meaning only where the parameter is not required."""

    name: str
    annotation: object
    required: bool
    default: object = None

    def __str__(self) -> str:
        default = "***" if looks_secret(self.name) else repr(self.default)
        return f"{self.name} ({type_text(self.annotation)}{'' if self.required else f', default {default}'})"


@dataclass(frozen=True)
class Parameters:
    """Everything that one job takes; `accepts_others` where a `**kwargs` takes any other name as text."""

    owner: str
    items: tuple[Parameter, ...] = ()
    accepts_others: bool = False

    @classmethod
    def of_dataclass(cls, owner: str, params_type: type | None) -> Parameters:
        """The fields of a params dataclass; None has none.

        Raises:
            JobDefinitionError: it is not a dataclass, or its annotations do not resolve.
        """
        if params_type is None:
            return cls(owner)
        if not dataclasses.is_dataclass(params_type):
            raise JobDefinitionError(
                f"{owner}: the params are {type_text(params_type)}, and must be a frozen dataclass (or None)"
            )
        hints = _hints(params_type, owner)
        fields = [field for field in dataclasses.fields(params_type) if field.init]
        return cls(owner, tuple(_from_field(field, hints[field.name]) for field in fields))

    @classmethod
    def of_function(cls, owner: str, function: Callable[..., object]) -> Parameters:
        """The keyword arguments of a `main` function; one without an annotation is text."""
        hints = _hints(function, owner)
        found = inspect.signature(function).parameters.values()
        named = [item for item in found if item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY)]
        items = tuple(
            Parameter(
                item.name,
                hints.get(item.name, str),
                item.default is item.empty,
                None if item.default is item.empty else item.default,
            )
            for item in named
        )
        return cls(owner, items, any(item.kind is item.VAR_KEYWORD for item in found))

    def convert(self, given: Mapping[str, str | None]) -> dict[str, object]:
        """Typed values of what was given; what was not given and has a default is left out.

        Raises:
            ArgumentError: lists everything missing, unknown and not convertible at once.
        """
        known = {item.name: item for item in self.items}
        values: dict[str, object] = {}
        mistakes = [
            f"--{item.name} is required ({type_text(item.annotation)})"
            for item in self.items
            if item.required and item.name not in given
        ]
        for name, text in given.items():
            if name not in known and not self.accepts_others:
                mistakes.append(f"--{name} is unknown{did_you_mean(name, known)}")
                continue
            annotation = known[name].annotation if name in known else str
            try:
                values[name] = _typed(text, annotation)
            except ValueError:
                mistakes.append(_not_convertible(name, text, annotation))
        if mistakes:
            raise ArgumentError(self._complaint(mistakes))
        return values

    def _complaint(self, mistakes: list[str]) -> str:
        existing = ", ".join(str(item) for item in self.items) or "none"
        lines = [f"the arguments do not fit {self.owner}:", *(f"  {mistake}" for mistake in mistakes)]
        return "\n".join([*lines, f"its arguments: {existing}"])


def _typed(text: str | None, annotation: object) -> object:
    if text is not None:
        return convert(text, annotation)
    if annotation is bool or bool in typing.get_args(annotation):
        return True
    raise ValueError


def _not_convertible(name: str, text: str | None, annotation: object) -> str:
    if text is None:
        return f"--{name} needs a value ({type_text(annotation)})"
    return f"--{name}: what was given is not {type_text(annotation)}"  # a value is never shown


def _hints(subject: type | Callable[..., object], owner: str) -> dict[str, object]:
    try:
        return typing.get_type_hints(subject)
    except NameError as exc:
        raise JobDefinitionError(
            f"{owner}: an annotation does not resolve ({exc}); import it outside `if TYPE_CHECKING`"
        ) from exc


def _from_field(field: dataclasses.Field[object], annotation: object) -> Parameter:
    if field.default is not MISSING:
        return Parameter(field.name, annotation, required=False, default=field.default)
    if field.default_factory is not MISSING:
        return Parameter(field.name, annotation, required=False, default=field.default_factory())
    return Parameter(field.name, annotation, required=True)
