"""Glue over HTTP, with every answer held against botocore's model of the service."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

_COMMON_ERRORS = {"ValidationException", "SerializationException"}
_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "double": (float, int),
    "integer": (int,),
    "list": (list,),
    "long": (int,),
    "map": (dict,),
    "string": (str,),
    "structure": (dict,),
    "timestamp": (float, int),
}
_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"}


class RefusedError(Exception):
    """An error answer: `code` and `message`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class GlueCaller:
    """Calls operations; an answer that botocore's model does not have fails the test."""

    url: str

    def __call__(self, operation: str, **request: Any) -> Any:
        """The answer of an operation.

        Raises:
            RefusedError: The answer is an error, one that the model has for this operation.
        """
        model = _model().operation_model(operation)
        status, answer = self.raw(operation, request)
        if status == 200:
            misfits = list(_misfits(model.output_shape, answer, operation))
            assert misfits == []
            return answer
        declared = {shape.name for shape in model.error_shapes} | _COMMON_ERRORS
        assert answer["__type"] in declared, f"{operation} has no {answer['__type']}"
        raise RefusedError(answer["__type"], answer["Message"])

    def raw(self, operation: str, request: Any) -> tuple[int, Any]:
        """Status and body of an answer, whatever it is."""
        headers = {"X-Amz-Target": f"AWSGlue.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        try:
            with urlopen(Request(self.url, body, headers)) as response:  # noqa: S310
                return response.status, json.load(response)
        except HTTPError as error:
            return error.code, json.load(error)

    def job(self, name: str, script: str = "s3://code/job.py", **settings: Any) -> str:
        """Make a job with what it must have; its name."""
        command = {"Name": "glueetl", "ScriptLocation": script}
        self("CreateJob", **{"Name": name, "Role": "role", "Command": command, **settings})
        return name

    def start(self, job: str, **request: Any) -> str:
        """Start a run; its id."""
        run_id: str = self("StartJobRun", JobName=job, **request)["JobRunId"]
        return run_id

    def run(self, job: str, run_id: str) -> dict[str, Any]:
        """A run as it is now."""
        record: dict[str, Any] = self("GetJobRun", JobName=job, RunId=run_id)["JobRun"]
        return record

    def await_state(self, job: str, run_id: str, *states: str, seconds: float = 60) -> dict[str, Any]:
        """A run once it is in one of these states; fails when it ends in another."""
        deadline = time.monotonic() + seconds
        while (record := self.run(job, run_id))["JobRunState"] not in states:
            assert record["JobRunState"] not in _ENDED, record
            assert time.monotonic() < deadline, record
            time.sleep(0.05)
        return record

    def ended(self, job: str, run_id: str, seconds: float = 120) -> dict[str, Any]:
        """A run once it has ended."""
        return self.await_state(job, run_id, *_ENDED, seconds=seconds)


@cache
def _model() -> Any:
    import botocore.session

    return botocore.session.Session().get_service_model("glue")


def _misfits(shape: Any, value: Any, path: str) -> Any:
    """Where a JSON answer is not what a shape says."""
    if not isinstance(value, _TYPES[shape.type_name]) or (
        isinstance(value, bool) and shape.type_name != "boolean"
    ):
        yield f"{path} is {value!r}, not a {shape.type_name}"
    elif shape.type_name == "structure":
        yield from (f"{path} has no member {name}" for name in value.keys() - shape.members.keys())
        yield from (f"{path} lacks {name}" for name in shape.required_members if name not in value)
        for name in value.keys() & shape.members.keys():
            yield from _misfits(shape.members[name], value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from _misfits(shape.member, item, f"{path}[]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _misfits(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from _text_misfits(shape, value, path)


def _text_misfits(shape: Any, value: str, path: str) -> Any:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{path} is {value!r}, none of {allowed}"
    pattern = shape.metadata.get("pattern", "")
    if pattern and r"\uD800" not in pattern and not re.fullmatch(pattern, value):
        yield f"{path} is {value!r}, which does not match {pattern}"
