"""The Envelope: the typed arguments that go from the operator to the entry script."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.errors import ContractError

SCHEMA = 1
"""The newest form of the Envelope that this side writes."""

LARGEST = 16 * 1024 * 1024
"""In bytes; no Envelope that was written here is larger."""


@dataclass(frozen=True)
class DatasetBinding:
    """Where a named dataset is and how it is read: a path or URL, a Spark format, a DDL schema, options."""

    path: str
    format: str
    schema: str | None
    options: Mapping[str, str]


@dataclass(frozen=True)
class NotifierBinding:
    """The notifier of a run: its class path (None for a built-in one) and its settings."""

    class_path: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Envelope:
    """Everything a job needs to know beside its own arguments.

    Attributes:
        identity: The submission that this is.
        try_number: Airflow's try, counted from 1.
        logical_date: ISO 8601, or None where the DAG run has none.
        data_interval_start: ISO 8601, or None.
        data_interval_end: ISO 8601, or None.
        engine: The Engine that runs the job.
        environment: The Environment's name.
        code_version: The Release's version.
        code_digest: The sha256 of its manifest.
        arguments: The names of the arguments in argv that are the job's own.
        data_root: The folder of the datasets that have no binding.
        datasets: The bound datasets by name.
        result: Where the job writes its Result.
        notifier: The notifier of the run.
    """

    identity: RunIdentity
    try_number: int
    logical_date: str | None
    data_interval_start: str | None
    data_interval_end: str | None
    engine: str
    environment: str
    code_version: str
    code_digest: str
    arguments: tuple[str, ...]
    data_root: str
    datasets: Mapping[str, DatasetBinding]
    result: str
    notifier: NotifierBinding

    def document(self) -> dict[str, Any]:
        """The Envelope as the JSON document of `tests/contracts/envelope-v1.json`."""
        return {
            "schema": SCHEMA,
            "run_key": self.identity.key,
            **asdict(self.identity),
            "try_number": self.try_number,
            "logical_date": self.logical_date,
            "data_interval_start": self.data_interval_start,
            "data_interval_end": self.data_interval_end,
            "engine": self.engine,
            "environment": self.environment,
            "code_version": self.code_version,
            "code_digest": self.code_digest,
            "arguments": list(self.arguments),
            "data_root": self.data_root,
            "datasets": {
                name: {"path": d.path, "format": d.format, "schema": d.schema, "options": dict(d.options)}
                for name, d in self.datasets.items()
            },
            "result": self.result,
            "notifier": {"class": self.notifier.class_path, "settings": dict(self.notifier.settings)},
        }

    def encode(self) -> str:
        """The Envelope as one argument: base64url without padding, of zlib, of JSON."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


_NESTED = ("identity", "datasets", "notifier")


def decode(text: str) -> Envelope:
    """Read what `encode` wrote; fields that are not known are ignored.

    Raises:
        ContractError: It is no Envelope, or one of a form that is not known.
    """
    try:
        unzip = zlib.decompressobj()
        data = unzip.decompress(
            base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), LARGEST
        )
        if not unzip.eof:
            raise ValueError("it is cut off, or too large")
        return _envelope(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, zlib.error) as error:
        raise ContractError(
            f"not an Envelope ({type(error).__name__}: {error}); if a newer airflow-jobkit wrote it, upgrade "
            "this one"
        ) from error


def _envelope(document: Any) -> Envelope:
    if document["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    plain = {field.name: document[field.name] for field in fields(Envelope) if field.name not in _NESTED}
    identity = RunIdentity(**{field.name: document[field.name] for field in fields(RunIdentity)})
    datasets = {
        name: DatasetBinding(d["path"], d["format"], d["schema"], d["options"])
        for name, d in document["datasets"].items()
    }
    notifier = NotifierBinding(document["notifier"]["class"], document["notifier"]["settings"])
    plain["arguments"] = tuple(plain["arguments"])
    return Envelope(identity=identity, datasets=datasets, notifier=notifier, **plain)
