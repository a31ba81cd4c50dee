"""Where code is: a code root with Releases, or a layout whose files are named one by one."""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.config import JsonDict

from airflow_jobkit.fields import mistake
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.model import Spec
from airflow_jobkit.spec.places import place
from airflow_jobkit.spec.versions import CodeVersion

DEFAULT_CODE_ROOT = ".jobkit/code"
VERSION_PLACEHOLDER = "{code_version}"
ENGINE_PLACEHOLDER = "{engine}"

_PLACEHOLDERS = (ENGINE_PLACEHOLDER, VERSION_PLACEHOLDER)
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")


def parse_pattern(value: str) -> str:
    """Read the place of a file, which may hold `{engine}` and `{code_version}`."""
    for found in _BRACES.findall(value):
        if found not in _PLACEHOLDERS:
            whole = len(found) > 1
            raise mistake(
                f"no placeholder {found}" if whole else "a brace that belongs to no placeholder",
                choices_remedy(found, _PLACEHOLDERS) if whole else f"write {' or '.join(_PLACEHOLDERS)}",
                "unknown-placeholder",
            )
    return value


def _refuse_version(value: Any) -> None:
    version = value if isinstance(value, str) else "0.2.0"
    raise mistake(
        "`code` says where the code is, not which version of it runs",
        f'write `code_version: "{version}"` beside it',
        "code-version",
    )


_PATTERN = {
    "title": "place",
    "type": "string",
    "pattern": rf"^([^{{}}]|{'|'.join(map(re.escape, _PLACEHOLDERS))})*$",
    "patternErrorMessage": f"No such placeholder: write {' or '.join(_PLACEHOLDERS)}.",
    "examples": ["s3://bucket/dwh-{code_version}-py3-none-any.whl"],
}
_VERSION_ELSEWHERE = "write `code_version` beside `code`"
_NO_VERSION = {"not": {}, "errorMessage": _VERSION_ELSEWHERE, "deprecationMessage": _VERSION_ELSEWHERE}

_TWO_SOURCES: JsonDict = {
    "required": ["root"],
    "properties": {"root": {"type": "string"}},
    "anyOf": [
        {"required": ["entry_point"], "properties": {"entry_point": {"type": "string"}}},
        {"required": ["wheels"], "properties": {"wheels": {"type": "array"}}},
    ],
}

Pattern = Annotated[str, AfterValidator(parse_pattern), WithJsonSchema(_PATTERN)]
Patterns = Annotated[tuple[Pattern, ...], Field(strict=False)]


class CodePlaceSpec(Spec):
    """Where the code of a DAG or a task is.

    Attributes:
        root: A folder or URL with Releases; a relative one starts at the folder that holds `dags/`. Default:
            `.jobkit/code`.
        entry_point: The entry script's place, in a layout without Releases; `{engine}` and `{code_version}`
            are filled in.
        wheels: The wheels' places in such a layout, with the same placeholders.
    """

    model_config = ConfigDict(json_schema_extra={"not": _TWO_SOURCES})

    root: str | None = None
    entry_point: Pattern | None = None
    wheels: Patterns | None = None

    @model_validator(mode="after")
    def _one_source(self) -> CodePlaceSpec:
        if self.root is not None and (self.entry_point is not None or self.wheels is not None):
            other = "entry_point" if self.entry_point is not None else "wheels"
            raise mistake(
                f"`root` and `{other}` exclude each other",
                "keep `root` for Releases, or `entry_point` and `wheels` for files of your own layout",
                "contradiction",
            )
        return self

    def overlaid_by(self, upper: CodePlaceSpec) -> CodePlaceSpec:
        """This place with a later layer on top: key by key, but one kind of source replaces the other."""
        if upper.root is not None:
            return CodePlaceSpec(root=upper.root)
        if upper.entry_point is None and upper.wheels is None:
            return self
        return CodePlaceSpec(
            entry_point=upper.entry_point if upper.entry_point is not None else self.entry_point,
            wheels=upper.wheels if upper.wheels is not None else self.wheels,
        )


class CodeSpec(CodePlaceSpec):
    """Where the code of an Environment is, and the version that runs where nobody says otherwise.

    Attributes:
        version: The version, or a channel, that runs where neither the DAG nor the trigger form names one.
    """

    version: CodeVersion | None = None


class OwnCodeSpec(CodePlaceSpec):
    """Where the code of one DAG or task is; its version stands beside it, as `code_version`.

    Attributes:
        version: Not here: it is `code_version`, beside `code`.
    """

    version: Annotated[None, BeforeValidator(_refuse_version), WithJsonSchema(_NO_VERSION)] = None


@dataclass(frozen=True)
class CodeRoot:
    """Releases with a manifest, below an absolute path or a URL."""

    root: str

    @property
    def spec(self) -> CodePlaceSpec:
        """The layer that says the same."""
        return CodePlaceSpec(root=self.root)


@dataclass(frozen=True)
class CodeLayout:
    """Files without a manifest: absolute paths or URLs in which `{engine}` and `{code_version}` may stand."""

    entry_point: str
    wheels: tuple[str, ...]

    @property
    def spec(self) -> CodePlaceSpec:
        """The layer that says the same."""
        return CodePlaceSpec(entry_point=self.entry_point, wheels=self.wheels)

    def of_engine(self, engine: str) -> CodeLayout:
        """This layout with the Engine filled in."""
        return self._filled(ENGINE_PLACEHOLDER, engine)

    def of_version(self, version: str) -> CodeLayout:
        """This layout with the version filled in."""
        return self._filled(VERSION_PLACEHOLDER, version)

    def _filled(self, placeholder: str, value: str) -> CodeLayout:
        wheels = tuple(wheel.replace(placeholder, value) for wheel in self.wheels)
        return CodeLayout(self.entry_point.replace(placeholder, value), wheels)


Code = CodeRoot | CodeLayout


def no_channel_issue(path: Path, where: str | None = None) -> Issue:
    """The Issue of a channel that is to run the files of a layout.

    Args:
        path: The channel; or the layout, where the channel is right for other code.
        where: What to write the exact version as, beside or in the layout; None at the channel.
    """
    message = "files that are named one by one have no channels"
    if where is None:
        return Issue(path, message, 'write the exact version, for example "0.2.0"', "exact-version")
    return Issue(path, message, f"write {where}, with the exact version", "exact-version", at="key")


def resolve_code(spec: CodePlaceSpec, base: pathlib.Path | str) -> Code | Issue:
    """The code that merged layers come to, or what is wrong with it; the Issue's path starts at `code`.

    Args:
        spec: All layers, merged.
        base: The folder that relative places start from.
    """
    if spec.entry_point is None and spec.wheels is None:
        return CodeRoot(place(spec.root or DEFAULT_CODE_ROOT, base))
    if spec.entry_point is None:
        remedy = "add `entry_point: ...`, the place of the entry script"
        return Issue(("code", "wheels"), "`entry_point` is missing", remedy, "missing-key", at="key")
    layout = CodeLayout(
        place(spec.entry_point, base), tuple(place(wheel, base) for wheel in spec.wheels or ())
    )
    if not any(VERSION_PLACEHOLDER in pattern for pattern in (layout.entry_point, *layout.wheels)):
        message = f"no {VERSION_PLACEHOLDER} in entry_point or wheels, so that every version is the same"
        remedy = (
            f'write it where the version stands, for example "dwh-{VERSION_PLACEHOLDER}-py3-none-any.whl"'
        )
        return Issue(("code",), message, remedy, "no-version")
    return layout
