"""A Databricks workspace that answers what a test tells it to: for errors that an emulator never makes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

RUN_ID = 987654321012345
TASK_RUN_ID = 55
TOKEN = "dapi-not-for-logs"  # noqa: S105 - no token of any workspace

RUNNING = {"life_cycle_state": "RUNNING", "state_message": ""}
SUCCEEDED = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": ""}
FAILED = {
    "life_cycle_state": "TERMINATED",
    "result_state": "FAILED",
    "state_message": "Task job failed with message: Workload failed.",
}
TERMINATING = {"life_cycle_state": "TERMINATING", "state_message": ""}
CANCELED = {"life_cycle_state": "TERMINATED", "result_state": "CANCELED", "state_message": "Run cancelled."}


@dataclass(frozen=True)
class Failure:
    """An answer that is no good: a status and a body, or a connection that ends before the answer (None)."""

    status: int | None
    body: str = ""

    @classmethod
    def said(cls, status: int, code: str, message: str) -> Failure:
        """An error as the Jobs API words it."""
        return cls(status, json.dumps({"error_code": code, "message": message}))


@dataclass
class FakeWorkspace:
    """What it answers, and what it was asked.

    Attributes:
        states: What runs/get says of a run, one after the other; the last one until the run is cancelled.
        states_of: What it says of single runs instead.
        cancelled: What it says of a run once that is cancelled, one after the other.
        output: What runs/get-output says.
        failures: What is answered instead, by call, one after the other; the request counts all the same.
        requests: The calls and what came with them.
        tokens: The runs that were started, by idempotency token.
        unlisted: How many calls of runs/list find no run, since the list lags behind.
        held: Calls whose answers wait until the test sets the event.
        host: Where it listens, once it does.
        port: Where it listens, once it does.
    """

    states: Sequence[Mapping[str, Any]] = (SUCCEEDED,)
    states_of: dict[int, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    cancelled: Sequence[Mapping[str, Any]] = (CANCELED,)
    output: Mapping[str, Any] = field(default_factory=dict)
    failures: dict[str, list[Failure]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    unlisted: int = 0
    held: dict[str, threading.Event] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def connection(self) -> str:
        """The connection to it, as a value of an `AIRFLOW_CONN_...` variable."""
        return json.dumps(
            {
                "conn_type": "databricks",
                "host": self.host,
                "port": self.port,
                "schema": "http",
                "password": TOKEN,
            }
        )

    def calls(self, name: str) -> list[dict[str, Any]]:
        """What came with each call of a name, such as `submit`."""
        return [data for call, data in self.requests if call == name]

    @contextmanager
    def serving(self) -> Iterator[FakeWorkspace]:
        """Listen on a free port until the end of the block."""
        server = ThreadingHTTPServer((self.host, 0), _handler(self))
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            for event in self.held.values():
                event.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, call: str, data: dict[str, Any]) -> Failure:
        """The answer to a call, and a note of it."""
        self.requests.append((call, data))
        good = Failure(200, json.dumps(self._document(call, data)))
        failures = self.failures.get(call)
        return failures.pop(0) if failures else good

    def _document(self, call: str, data: dict[str, Any]) -> Mapping[str, Any]:
        match call:
            case "submit":
                return {
                    "run_id": self.tokens.setdefault(data["idempotency_token"], RUN_ID + len(self.tokens))
                }
            case "get":
                return {
                    "run_id": data["run_id"],
                    "run_page_url": f"http://{self.host}/#job/1/run/{data['run_id']}",
                    "state": self._state(data["run_id"]),
                    "tasks": [{"task_key": "job", "run_id": TASK_RUN_ID, "attempt_number": 0}],
                }
            case "list":
                return self._page(int(data.get("page_token", 0)), data["limit"])
            case "get-output":
                return self.output
            case _:
                return {}

    def _state(self, run_id: int) -> Mapping[str, Any]:
        looked_at = [
            call for call, data in self.requests if call in ("get", "cancel") and data == {"run_id": run_id}
        ]
        if "cancel" in looked_at:
            states, looks = self.cancelled, len(looked_at) - looked_at.index("cancel") - 1
        else:
            states, looks = self.states_of.get(run_id, self.states), len(looked_at)
        return states[min(looks, len(states)) - 1]

    def _page(self, start: int, limit: int) -> Mapping[str, Any]:
        """Some of the runs, newest first."""
        if len(self.calls("list")) <= self.unlisted:
            return {}
        requests = {request["idempotency_token"]: request for request in self.calls("submit")}
        runs = [
            {"run_id": run_id, "tasks": requests[token]["tasks"]}
            for token, run_id in reversed(self.tokens.items())
        ]
        following = {"next_page_token": str(start + limit)} if start + limit < len(runs) else {}
        return {"runs": runs[start : start + limit], **following}


def _handler(workspace: FakeWorkspace) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            self._answer({name: int(value) if value.isdigit() else value for name, value in query.items()})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, data: dict[str, Any]) -> None:
            call = urlsplit(self.path).path.rpartition("/")[2]
            answer = workspace.answer(call, data)
            if call in workspace.held:
                workspace.held[call].wait()
            if answer.status is None:
                self.close_connection = True
                return
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's
            """Say nothing: the test's output is the task's."""

    return Handler
