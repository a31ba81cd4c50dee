"""What `code_version` may be: an exact version, or a channel, which names one that may change."""

from __future__ import annotations

import re
from typing import Annotated, Any

from packaging.version import InvalidVersion, Version
from pydantic import BeforeValidator, WithJsonSchema

from airflow_jobkit.fields import describe, mistake
from airflow_jobkit.spec.values import any_case

# No version begins with a letter other than a `v` before a digit, and `release list` marks the version of the
# settings by `default`. The hyphen is escaped because browsers refuse it bare in the patterns of a form.
_CHANNEL = r"(?!v[0-9]|default$)[a-z][a-z0-9_\-]{0,62}"
_PUBLIC = r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?(\.dev[0-9]+)?(\+[a-z0-9.]+)?"

VERSION_PATTERN = f"^{_PUBLIC}$"
"""PEP 440's public versions, in a form that a browser's trigger form can check too."""
CODE_VERSION_PATTERN = f"^({_CHANNEL}|{_PUBLIC})$"
"""The same, and the names of channels."""
CHANNEL_RULE = (
    "lower-case letters, digits, `-` and `_`, 63 at most, a letter first; not `v` with a digit, not `default`"
)
"""What the name of a channel is, in words."""

_CHANNEL_NAME = re.compile(_CHANNEL)


def is_channel(code_version: str) -> bool:
    """Whether a text names a channel, such as `stable`; no version in any spelling does."""
    return _CHANNEL_NAME.fullmatch(code_version) is not None


def parse_code_version(value: Any) -> str:
    """Read an exact PEP 440 version, such as `0.2.0`, in its normal form, or the name of a channel."""
    if isinstance(value, float | int):
        raise mistake(
            f"a version is text, got {describe(value)}",
            'put it in quotes, for example "1.10"',
            "version-in-quotes",
        )
    if isinstance(value, str) and is_channel(value):
        return value
    try:
        version = Version(value)
    except (InvalidVersion, TypeError):
        remedy = 'write an exact version, for example "0.2.0", or a channel, for example stable'
        if isinstance(value, str) and is_channel(value.strip().lower()):
            remedy = f"write {value.strip().lower()}, for channels are in lower case"
        raise mistake(f"neither a version nor a channel: {describe(value)}", remedy) from None
    if version.epoch:
        raise mistake(
            f"a version with an epoch cannot be run: {describe(value)}",
            f'release it without `{version.epoch}!`, for example as "{str(version).partition("!")[2]}"',
        )
    return str(version)


# All that PEP 440 lets one write, but for epochs other than none.
_SEPARATED = any_case(
    "([-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?[0-9]*)?"
    "(-[0-9]+|[-_.]?(post|rev|r)[-_.]?[0-9]*)?([-_.]?dev[-_.]?[0-9]*)?"
)
_WRITTEN = rf"\s*[vV]?(0+!)?[0-9]+(\.[0-9]+)*{_SEPARATED}(\+[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*)?\s*"
_VERSION = {
    "title": "version",
    "type": "string",
    "pattern": f"^({_CHANNEL}|{_WRITTEN})$",
    "patternErrorMessage": 'Neither a version, such as "0.2.0", nor a channel, such as stable.',
    "examples": ["0.2.0", "stable"],
}

CodeVersion = Annotated[str, BeforeValidator(parse_code_version), WithJsonSchema(_VERSION)]
