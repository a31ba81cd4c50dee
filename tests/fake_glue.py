"""A Glue that executes nothing, over HTTP: it keeps definitions and runs, and refuses what a test wants.

CloudWatch Logs is at the same place, and holds what a test writes there.

It needs no other package than what Airflow brings, so that the tests with it run on every Airflow version.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.timezone.utc)


class RefusedError(Exception):
    """An error of the service: its code and message, and its HTTP status if that is not 400."""


class LostAnswerError(Exception):
    """The request was carried out, and the connection broke before the answer."""


@dataclass
class FakeGlue:
    """What an account holds, and how it behaves.

    Attributes:
        url: Where it is served.
        jobs: The definitions by name, as CreateJob gave them.
        runs: The runs by id, as GetJobRun tells of them, oldest first.
        states: The states that every new run goes through, one for each look; it stays in the last one.
        states_of: Those of single runs, by id.
        stopped: Those that a run goes through once it is stopped.
        lag: How many more answers of GetJobRuns hold no run at all.
        error_message: What a run says about its end.
        calls: Every call of Glue: its action and request.
        log_calls: The requests to CloudWatch Logs.
        printed: The lines of the log streams, by log group; every run has the same.
        refusals: Errors to answer with, by action; each is used up.
        strange: Answers that are not Glue's own, such as a proxy's, by action; each is used up.
        losing: Actions whose answers are lost.
        held: Actions whose answers wait until the test sets the event.
        stop_errors: The error details that BatchStopJobRun answers with.
    """

    url: str
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: Sequence[str] = ("STARTING", "RUNNING", "SUCCEEDED")
    states_of: dict[str, Sequence[str]] = field(default_factory=dict)
    stopped: Sequence[str] = ("STOPPED",)
    lag: int = 0
    error_message: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    log_calls: list[dict[str, Any]] = field(default_factory=list)
    printed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refusals: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    strange: dict[str, list[bytes]] = field(default_factory=dict)
    losing: set[str] = field(default_factory=set)
    held: dict[str, threading.Event] = field(default_factory=dict)
    stop_errors: list[tuple[str, str]] = field(default_factory=list)
    _looks: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def requests(self, action: str) -> list[dict[str, Any]]:
        """The requests of an action, in order."""
        return [request for name, request in self.calls if name == action]

    def count(self) -> Counter[str]:
        """How often each action was called."""
        return Counter(action for action, _ in self.calls)

    def add_run(
        self, job: str, state: str, started_on: dt.datetime, arguments: dict[str, str] | None = None
    ) -> str:
        """A run of the past, or one that has not ended; its id."""
        run_id = f"jr_{len(self.runs) + 1}"
        self.runs[run_id] = {
            "Id": run_id,
            "JobName": job,
            "JobRunState": state,
            "StartedOn": started_on.timestamp(),
            "Arguments": arguments or {},
        }
        return run_id

    def answer(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry a request out."""
        with self._lock:
            if action == "GetLogEvents":
                self.log_calls.append(request)
            else:
                self.calls.append((action, request))
            if self.refusals.get(action):
                raise RefusedError(*self.refusals[action].pop(0))
            answer: dict[str, Any] = getattr(self, f"_{action}")(request)
            if action in self.losing:
                raise LostAnswerError
            return answer

    def _job(self, name: str) -> dict[str, Any]:
        if name not in self.jobs:
            raise RefusedError("EntityNotFoundException", f"Job {name} not found.")
        return self.jobs[name]

    def _GetJob(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the service's name for it
        return {"Job": self._job(request["JobName"])}

    def _CreateJob(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if request["Name"] in self.jobs:
            raise RefusedError("IdempotentParameterMismatchException", "A job of this name exists.")
        self.jobs[request["Name"]] = {"CreatedOn": NOW.timestamp(), **request}
        return {"Name": request["Name"]}

    def _DeleteJob(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.jobs.pop(request["JobName"], None)
        return {"JobName": request["JobName"]}

    def _ListJobs(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """One job per page, so that a caller who reads one page misses some."""
        wanted = request.get("Tags", {}).items()
        names = [name for name, job in self.jobs.items() if wanted <= job.get("Tags", {}).items()]
        position = int(request.get("NextToken", 0))
        page = {"JobNames": names[position : position + 1]}
        return {**page, "NextToken": str(position + 1)} if position + 1 < len(names) else page

    def _StartJobRun(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._job(request["JobName"])
        started_on = dt.datetime.fromtimestamp(time.time(), dt.timezone.utc)
        state = self._states(f"jr_{len(self.runs) + 1}")[0]
        return {"JobRunId": self.add_run(request["JobName"], state, started_on, request.get("Arguments"))}

    def _states(self, run_id: str) -> Sequence[str]:
        return self.states_of.get(run_id, self.states)

    def _GetJobRun(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if request["RunId"] not in self.runs:
            raise RefusedError("EntityNotFoundException", f"Job Run {request['RunId']} not found.")
        run, states = self.runs[request["RunId"]], self._states(request["RunId"])
        look = min(self._looks[request["RunId"]], len(states) - 1)
        self._looks[request["RunId"]] += 1
        run |= {"JobRunState": states[look], "ErrorMessage": self.error_message}
        return {"JobRun": run}

    def _GetJobRuns(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Two runs per page, so that a caller who reads one page misses some."""
        if self.lag:
            self.lag -= 1
            return {"JobRuns": []}
        own = [run for run in reversed(self.runs.values()) if run["JobName"] == request["JobName"]]
        own.sort(key=lambda run: -run["StartedOn"])
        position = int(request.get("NextToken", 0))
        page = {"JobRuns": own[position : position + 2]}
        return {**page, "NextToken": str(position + 2)} if position + 2 < len(own) else page

    def _BatchStopJobRun(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        (run_id,) = request["JobRunIds"]
        if self.stop_errors:
            code, message = self.stop_errors.pop(0)
            detail = {"ErrorCode": code, "ErrorMessage": message}
            return {"Errors": [{"JobRunId": run_id, "ErrorDetail": detail}]}
        self.states_of[run_id] = self.stopped
        self._looks[run_id] = 0
        self.runs[run_id]["JobRunState"] = self.stopped[0]
        return {"SuccessfulSubmissions": [{"JobName": request["JobName"], "JobRunId": run_id}]}

    def _GetLogEvents(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """What was printed since the token; a stream that nothing was printed to is not there."""
        lines = self.printed[request["logGroupName"]]
        if not lines:
            raise RefusedError("ResourceNotFoundException", "The specified log stream does not exist.")
        begin = int(request.get("nextToken", "f/0").removeprefix("f/"))
        page = lines[begin : begin + request["limit"]]
        events = [{"timestamp": 0, "ingestionTime": 0, "message": f"{line}\n"} for line in page]
        return {"events": events, "nextForwardToken": f"f/{begin + len(page)}", "nextBackwardToken": "b/0"}


@contextmanager
def running_fake_glue() -> Iterator[FakeGlue]:
    """Serve a new one on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            action = self.headers["X-Amz-Target"].partition(".")[2]
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer = 200, glue.answer(action, request)
            except RefusedError as refusal:
                code, message, status = (*refusal.args, 400)[:3]
                answer = {"__type": code, "Message": message}
            except LostAnswerError:
                self.close_connection = True
                return
            if action in glue.held:
                glue.held[action].wait()
            strange = glue.strange.get(action)
            body = strange.pop(0) if strange else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the test reads `calls`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    glue = FakeGlue(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield glue
    finally:
        for event in glue.held.values():
            event.set()
        server.shutdown()
        server.server_close()
