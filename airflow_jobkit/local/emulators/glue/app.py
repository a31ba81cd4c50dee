"""Glue's HTTP interface, in front of moto's."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from airflow_jobkit.local.emulators.glue.definitions import Definitions
from airflow_jobkit.local.emulators.glue.errors import GlueError, invalid
from airflow_jobkit.local.emulators.glue.records import stored_run
from airflow_jobkit.local.emulators.glue.runs import Machine, Runs
from airflow_jobkit.local.emulators.glue.validation import check_request
from airflow_jobkit.local.emulators.wsgi import Application, Environ, StartResponse

_SERVICE = "AWSGlue"
_CALLS = "/_jobkit/calls"
_PAGE = 1000
_PAGE_OF_RUNS = 200

Answer = dict[str, Any]
Request = Mapping[str, Any]


class GlueApp:
    """WSGI middleware that answers what Glue knows of jobs, and hands on all else.

    `GET /_jobkit/calls` lists the calls of Glue so far, each with its job; `DELETE` forgets them.
    """

    def __init__(self, app: Application, machine: Machine, file: Path) -> None:
        self._app = app
        self._file = file
        self._lock = threading.RLock()
        self._calls: list[dict[str, Any]] = []
        stored = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self._jobs = Definitions(stored.get("jobs", {}), stored.get("tags", {}))
        self._runs = Runs(machine, self._lock, self._changed)
        for record in stored.get("runs", []):
            self._runs.by_id[record["Id"]] = stored_run(record)
        self._operations: dict[str, Callable[[Request], Answer]] = {
            "BatchGetJobs": self._batch_get_jobs,
            "BatchStopJobRun": self._batch_stop_job_run,
            "CreateJob": self._create_job,
            "DeleteJob": self._delete_job,
            "GetJob": lambda request: {"Job": self._jobs.get(request["JobName"])},
            "GetJobRun": self._get_job_run,
            "GetJobRuns": self._get_job_runs,
            "GetJobs": lambda request: _page(request, "Jobs", list(self._jobs.jobs.values()), _PAGE),
            "GetTags": lambda request: {"Tags": dict(self._jobs.tags_of(request["ResourceArn"]))},
            "ListJobs": self._list_jobs,
            "StartJobRun": self._start_job_run,
            "TagResource": self._tag_resource,
            "UntagResource": self._untag_resource,
            "UpdateJob": self._update_job,
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or hand it on."""
        if environ.get("PATH_INFO") == _CALLS:
            return _respond(start_response, "200 OK", self._calls_so_far(environ["REQUEST_METHOD"]))
        service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if service != _SERVICE or operation not in self._operations:
            return self._app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            request = _parsed(body)
            if not _names_a_job(request.get("ResourceArn")):
                environ["wsgi.input"] = io.BytesIO(body)
                return self._app(environ, start_response)
            return _respond(start_response, "200 OK", self._answer(operation, request))
        except GlueError as error:
            answer = {"__type": error.code, "Message": error.message}
            return _respond(start_response, "400 Bad Request", answer)

    def _answer(self, operation: str, request: Request) -> Answer:
        with self._lock:
            self._calls.append({"call": operation, "job": request.get("JobName") or request.get("Name")})
            check_request(operation, request)
            return self._operations[operation](request)

    def _calls_so_far(self, method: str) -> list[dict[str, Any]]:
        with self._lock:
            calls = list(self._calls)
            if method == "DELETE":
                self._calls.clear()
            return calls

    def _changed(self) -> None:
        """Start what waits for a place, and write down what there is."""
        for job in list(self._jobs.jobs.values()):
            self._runs.fill(job)
        self._store()

    def _store(self) -> None:
        records = [run.record for run in self._runs.by_id.values()]
        kept = {"jobs": self._jobs.jobs, "tags": self._jobs.tags, "runs": records}
        unfinished = self._file.with_suffix(".unfinished")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        unfinished.replace(self._file)

    def _create_job(self, request: Request) -> Answer:
        name = self._jobs.create(request)
        self._store()
        return {"Name": name}

    def _update_job(self, request: Request) -> Answer:
        self._jobs.update(request["JobName"], request["JobUpdate"])
        self._changed()
        return {"JobName": request["JobName"]}

    def _delete_job(self, request: Request) -> Answer:
        self._jobs.delete(request["JobName"])
        self._runs.end_waiting(request["JobName"])
        self._store()
        return {"JobName": request["JobName"]}

    def _list_jobs(self, request: Request) -> Answer:
        return _page(request, "JobNames", self._jobs.tagged(request.get("Tags", {})), _PAGE)

    def _batch_get_jobs(self, request: Request) -> Answer:
        there = [name for name in request["JobNames"] if name in self._jobs.jobs]
        missing = [name for name in request["JobNames"] if name not in self._jobs.jobs]
        return {"Jobs": [self._jobs.get(name) for name in there], "JobsNotFound": missing}

    def _start_job_run(self, request: Request) -> Answer:
        if request["JobName"] not in self._jobs.jobs:
            raise GlueError("EntityNotFoundException", "Failed to start job run due to missing metadata")
        return {"JobRunId": self._runs.start(self._jobs.get(request["JobName"]), request)}

    def _get_job_run(self, request: Request) -> Answer:
        return {"JobRun": self._runs.get(request["JobName"], request["RunId"])}

    def _get_job_runs(self, request: Request) -> Answer:
        self._jobs.get(request["JobName"])
        return _page(request, "JobRuns", self._runs.of_job(request["JobName"]), _PAGE_OF_RUNS)

    def _batch_stop_job_run(self, request: Request) -> Answer:
        name = request["JobName"]
        stopped: list[Answer] = []
        errors: list[Answer] = []
        for run_id in request["JobRunIds"]:
            which = {"JobName": name, "JobRunId": run_id}
            try:
                self._runs.stop(name, run_id)
                stopped.append(which)
            except GlueError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append({**which, "ErrorDetail": detail})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def _tag_resource(self, request: Request) -> Answer:
        self._jobs.tags_of(request["ResourceArn"]).update(request["TagsToAdd"])
        self._store()
        return {}

    def _untag_resource(self, request: Request) -> Answer:
        tags = self._jobs.tags_of(request["ResourceArn"])
        for name in request["TagsToRemove"]:
            tags.pop(name, None)
        self._store()
        return {}


def _parsed(body: bytes) -> Request:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise GlueError("SerializationException", "The request is not a JSON object.")
    return request


def _names_a_job(arn: object) -> bool:
    """Whether tags are those of a job; a request without an ARN is not about tags."""
    return not isinstance(arn, str) or ":job/" in arn


def _page(request: Request, key: str, items: list[Any], most: int) -> Answer:
    """A page of a list; its token is the position where the next one begins."""
    token = request.get("NextToken") or "0"
    if not token.isdecimal():
        raise invalid("NextToken is not valid.")
    start = int(token)
    end = start + int(request.get("MaxResults", most))
    answer: Answer = {key: items[start:end]}
    if end < len(items):
        answer["NextToken"] = str(end)
    return answer


def _respond(start_response: StartResponse, status: str, answer: Any) -> list[bytes]:
    body = json.dumps(answer).encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))]
    if status != "200 OK":
        headers.append(("x-amzn-ErrorType", answer["__type"]))
    start_response(status, headers)
    return [body]
