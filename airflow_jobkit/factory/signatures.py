"""What a class or a function can be called with, and what is wrong with a call that was not made yet."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.problems import Issue, Path, did_you_mean

_NAMELESS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Signature:
    """The named arguments of a call.

    Attributes:
        owner: How a message names what is called.
        known: The names that it takes; None: any.
        required: Those that it cannot do without.
        suggested: Those that a misspelt one is compared with.
    """

    owner: str
    known: frozenset[str] | None
    required: frozenset[str]
    suggested: frozenset[str] = frozenset()

    def fits(self, names: Iterable[str]) -> bool:
        """Whether a call with these arguments, and no others, is right."""
        return (self.known is None or self.known.issuperset(names)) and self.required.issubset(names)


@dataclass(frozen=True)
class Given:
    """Named arguments in a file: the path of what holds them, and their names."""

    path: Path
    names: Collection[str]


def signature_of_class(made: type, root: type, filled: Collection[str] = ()) -> Signature:
    """The arguments of a class, with those of its bases that its constructor hands the rest on to.

    What a base requires, the class may give it by itself; so only its own constructor says what is required.

    Args:
        made: The class.
        root: The base whose rest is handed on to nothing.
        filled: The names that the caller gives by itself.
    """
    names: set[str] = set()
    for base in made.__mro__:
        init = base.__dict__.get("__init__")
        if init is None:
            continue
        parameters = inspect.signature(init).parameters.values()
        names |= {one.name for one in parameters if one.kind not in _NAMELESS}
        if base is root or not any(one.kind is one.VAR_KEYWORD for one in parameters):
            break
    own = frozenset(names - {"self", *filled})
    # Looked up on the class itself, since a base's constructor may be its own.
    required = _required(inspect.signature(made.__init__).parameters.values())  # type: ignore[misc]
    return Signature(made.__name__, frozenset(names - {"self"}) or None, required - {"self", *filled}, own)


def signature_of_function(called: Callable[..., Any], filled: Collection[str] = ()) -> Signature:
    """The arguments of a function; of one that does not tell them, any.

    Args:
        called: The function.
        filled: The names that are given by others where a call does not.
    """
    owner = getattr(called, "__name__", type(called).__name__)
    try:
        parameters = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):  # one that is not written in Python
        return Signature(owner, None, frozenset())
    names = frozenset(one.name for one in parameters if one.kind not in (*_NAMELESS, one.POSITIONAL_ONLY))
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters)
    return Signature(owner, None if takes_any else names, _required(parameters) - {*filled}, names)


def _required(parameters: Iterable[inspect.Parameter]) -> frozenset[str]:
    return frozenset(one.name for one in parameters if one.default is one.empty and one.kind not in _NAMELESS)


def argument_issues(
    signature: Signature, given: Collection[Given], elsewhere: Collection[Collection[str]], path: Path
) -> Iterator[Issue]:
    """An Issue for each argument that is not taken, and for each that is missing.

    Args:
        signature: What is called.
        given: The arguments that the file has for it.
        elsewhere: The names of those that it has from elsewhere, such as defaults.
        path: Where what is called stands.
    """
    meant = set()
    for part in given:
        for name in part.names:
            if signature.known is not None and name not in signature.known:
                likely = did_you_mean(name, sorted(signature.suggested))
                meant.add(likely)
                remedy = f"did you mean {likely}?" if likely else "correct its name, or take it out"
                message = f"{signature.owner} has no argument {name!r}"
                yield Issue((*part.path, name), message, remedy, "unknown-argument", at="key")
    held = [*(part.names for part in given), *elsewhere]
    for name in signature.required:
        if name not in meant and not any(name in names for names in held):
            message = f"{signature.owner} cannot do without {name!r}"
            yield Issue(path, message, f"add `{name}: ...`", "missing-argument", at="key")
