"""The Envelope: what the operator tells the job beside its readable arguments. Version 1, read side.

It travels in `--jobkit_envelope`, either as base64url (no padding) of zlib of JSON, or as `@` and the path
or url of a file that holds the JSON or that same text. Fields that are not known here are ignored.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from types import MappingProxyType
from typing import TypeVar, cast

from jobkit_runtime import storage
from jobkit_runtime.errors import EnvelopeError
from jobkit_runtime.runinfo import RunInfo

VERSIONS = (1,)

T = TypeVar("T")


@dataclass(frozen=True)
class DatasetBinding:
    """Where a dataset is and how it is read: `schema` is Spark DDL, `options` are those of Spark's reader.

    Both belong to the binding's format; files of another one are read and written without them.
    """

    path: str
    format: str = "parquet"
    schema: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def schema_for(self, file_format: str) -> str | None:
        """The schema of files of that format."""
        return self.schema if file_format.lower() == self.format.lower() else None

    def options_for(self, file_format: str) -> Mapping[str, str]:
        """The options for files of that format."""
        return self.options if file_format.lower() == self.format.lower() else {}


@dataclass(frozen=True)
class NotifierSettings:
    """`class_path` is `package.module:Class`, None for a built-in one; settings go to the constructor."""

    class_path: str | None = None
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@dataclass(frozen=True)
class Envelope:
    """One run's identity, its argument names, its datasets, and where its Result goes (None: to stdout)."""

    run: RunInfo
    arguments: frozenset[str] = frozenset()
    data_root: str | None = None
    datasets: Mapping[str, DatasetBinding] = field(default_factory=lambda: MappingProxyType({}))
    result: str | None = None
    notifier: NotifierSettings = field(default_factory=NotifierSettings)


def decode(value: str) -> Envelope:
    """The Envelope in the value of `--jobkit_envelope`.

    Raises:
        EnvelopeError: it is malformed, of a newer version, or its pointer leads nowhere.
        StorageError: the place that its pointer names cannot be read.
    """
    text = _pointed_at(value[1:]) if value.startswith("@") else value
    raw = text.encode() if text.lstrip().startswith("{") else _unpacked(text)
    try:
        document = json.loads(raw)
    except ValueError as exc:
        raise EnvelopeError(f"the Envelope is not JSON: {exc}") from None
    if not isinstance(document, dict):
        raise EnvelopeError(f"the Envelope is a JSON {type(document).__name__}, not an object")
    return _envelope(_Fields(document, "the Envelope"))


def _pointed_at(url: str) -> str:
    text = storage.read_text(url)
    if text is None:
        raise EnvelopeError(f"the Envelope should be at {url}, and nothing is there")
    return text


def _unpacked(text: str) -> bytes:
    try:
        packed = base64.b64decode(
            text.strip() + "=" * (-len(text.strip()) % 4), altchars=b"-_", validate=True
        )
        return zlib.decompress(packed)
    except (binascii.Error, zlib.error, ValueError) as exc:
        raise EnvelopeError(
            f"the Envelope is not base64url of zlib ({exc}); was --jobkit_envelope cut on its way?"
        ) from None


class _Fields:
    """Typed access to one JSON object, with errors that name the field."""

    def __init__(self, document: Mapping[str, object], where: str) -> None:
        self._document = document
        self._where = where

    def required(self, name: str, kind: type[T]) -> T:
        value = self.optional(name, kind)
        if value is None:
            raise EnvelopeError(f"{self._where} lacks the field {name!r}")
        return value

    def optional(self, name: str, kind: type[T]) -> T | None:
        value = self._document.get(name)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise EnvelopeError(
                f"{self._where}: {name!r} must be {kind.__name__}, and is {type(value).__name__}"
            )
        return value

    def moment(self, name: str) -> datetime | None:
        text = self.optional(name, str)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            raise EnvelopeError(f"{self._where}: {name!r} is not an ISO date and time: {text!r}") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

    def mapping(self, name: str) -> dict[str, object]:
        return cast("dict[str, object]", self.optional(name, dict) or {})

    def inside(self, name: str) -> _Fields:
        return _Fields(self.mapping(name), f"{self._where}: {name}")


def _envelope(fields: _Fields) -> Envelope:
    schema = fields.required("schema", int)
    if schema > max(VERSIONS):
        raise EnvelopeError(
            f"the Envelope is of version {schema}, and this runtime reads up to {max(VERSIONS)}: "
            "publish the release again with a newer jobkit-runtime"
        )
    datasets = fields.inside("datasets")
    notifier = fields.inside("notifier")
    arguments = cast("list[object]", fields.optional("arguments", list) or [])
    return Envelope(
        run=_run(fields),
        arguments=frozenset(str(name).replace("-", "_") for name in arguments),
        data_root=fields.optional("data_root", str),
        datasets={name: _binding(datasets.inside(name)) for name in fields.mapping("datasets")},
        result=fields.optional("result", str),
        notifier=NotifierSettings(notifier.optional("class", str), notifier.mapping("settings")),
    )


def _run(fields: _Fields) -> RunInfo:
    map_index, try_number = fields.optional("map_index", int), fields.optional("try_number", int)
    return RunInfo(
        run_key=fields.required("run_key", str),
        engine=fields.required("engine", str),
        dag_id=fields.optional("dag_id", str),
        run_id=fields.optional("run_id", str),
        task_id=fields.optional("task_id", str),
        map_index=-1 if map_index is None else map_index,
        try_number=1 if try_number is None else try_number,
        generation=fields.optional("generation", int) or 0,
        logical_date=fields.moment("logical_date"),
        data_interval_start=fields.moment("data_interval_start"),
        data_interval_end=fields.moment("data_interval_end"),
        environment=fields.optional("environment", str),
        code_version=fields.optional("code_version", str),
        code_digest=fields.optional("code_digest", str),
    )


def _binding(fields: _Fields) -> DatasetBinding:
    return DatasetBinding(
        path=fields.required("path", str),
        format=fields.optional("format", str) or "parquet",
        schema=fields.optional("schema", str),
        options={name: str(value) for name, value in fields.mapping("options").items()},
    )
