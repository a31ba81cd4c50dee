"""What the fields of Specs and options mean, taken from the `Attributes:` of their classes' docstrings."""

from __future__ import annotations

import inspect
import re
from functools import cache

from pydantic import BaseModel

_ENTRY = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


@cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """The meaning of each field by its name, those of the bases among them."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel):
            _, _, attributes = (inspect.getdoc(base) or "").partition("Attributes:\n")
            entries = _ENTRY.findall(attributes)
            found.update({name: " ".join(text.split()) for name, text in entries})
    return {name: found[name] for name in model.model_fields if name in found}


def summary(model: type[BaseModel]) -> str:
    """What a class of fields is, in its docstring's first paragraph."""
    return " ".join((inspect.getdoc(model) or "").partition("\n\n")[0].split())
